/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings: which source wins, what is refused and how it is named, and that secrets stay secret. */
#include "services/common/settings.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct values {
    char *bus, *token;
    int64_t in_flight;
    bool dry;
    enum setting_choice count;
    struct setting_list domains;
    int64_t version;
};

static const struct setting entries[] = {
    {"bus", SETTING_TEXT, offsetof(struct values, bus), "tcp://127.0.0.1:7410", 0, 0, "where clients connect"},
    {"token", SETTING_SECRET, offsetof(struct values, token), NULL, 0, 0, "who we are"},
    {"max-in-flight", SETTING_INTEGER, offsetof(struct values, in_flight), "64", 1, 1024, "requests in flight"},
    {"dry", SETTING_BOOL, offsetof(struct values, dry), NULL, 0, 0, "change nothing"},
    {"count", SETTING_CHOICE, offsetof(struct values, count), NULL, 0, 0, "count all"},
    {"domain", SETTING_LIST, offsetof(struct values, domains), "a.so, b.so", 0, 0, "modules"},
    {"at-version", SETTING_INTEGER, offsetof(struct values, version), "-1", 0, 0, "of this call"},
    {0},
};
static const struct settings_table table = {"fluvius-test", "[options]", "Tests settings.", entries, "x at-version y"};

static struct values values;
static struct setting_list rest;
static char said[8192];

/* Loads with the arguments (ended by NULL); what it prints, on both streams, is in said. */
static enum settings_outcome load_with(struct setting_list *take, char **argv)
{
    int argc = 0, saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    enum settings_outcome outcome;

    while (argv[argc] != NULL) {
        argc++;
    }
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    settings_free(&table, &values);
    outcome = settings_load(&table, argc, argv, &values, take);
    fflush(stdout);
    dup2(saved_out, STDOUT_FILENO);
    dup2(saved_err, STDERR_FILENO);
    close(saved_out);
    close(saved_err);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    return outcome;
}

#define LOAD(...) load_with(NULL, (char *[]){"fluvius-test" __VA_OPT__(, ) __VA_ARGS__, NULL})
#define LOAD_REST(...) load_with(&rest, (char *[]){"fluvius-test" __VA_OPT__(, ) __VA_ARGS__, NULL})

static void file_with(const char *text)
{
    static char path[] = "/tmp/fluvius-settings-XXXXXX";
    int file = mkstemp(path);

    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    setenv("FLUVIUS_CONFIG", path, 1);
}

static void forget(void)
{
    const char *path = getenv("FLUVIUS_CONFIG");

    if (path != NULL) {
        unlink(path);
    }
    settings_free(&table, &values);
    free(rest.items);
}

TestSuite(settings, .fini = forget);

static void says(const char *text)
{
    cr_assert_not_null(strstr(said, text), "expected \"%s\" in: %s", text, said);
}

static void refused(const char *text, enum settings_outcome outcome)
{
    cr_assert_eq(outcome, SETTINGS_BAD);
    says(text);
    cr_assert_eq(strchr(said, '\n'), said + strlen(said) - 1, "more than one line: %s", said);
}

Test(settings, defaults_are_used_when_nothing_is_said)
{
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_str_eq(values.bus, "tcp://127.0.0.1:7410");
    cr_assert_null(values.token);
    cr_assert_eq(values.in_flight, 64);
    cr_assert_not(values.dry);
    cr_assert_eq(values.domains.count, 2);
    cr_assert_str_eq(values.domains.items[1], "b.so");
}

Test(settings, file_beats_default)
{
    file_with("# the bus\n\n  bus = tcp://file:1 \nmax-in-flight=7\ndry = yes\ndomain = x.so ,y.so,\ndomain = z.so\n");
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_str_eq(values.bus, "tcp://file:1");
    cr_assert_eq(values.in_flight, 7);
    cr_assert(values.dry);
    cr_assert_eq(values.domains.count, 3);
    cr_assert_str_eq(values.domains.items[0], "x.so");
    cr_assert_str_eq(values.domains.items[2], "z.so");
}

Test(settings, environment_beats_file)
{
    file_with("bus = tcp://file:1\nmax-in-flight = 7\n");
    setenv("FLUVIUS_MAX_IN_FLIGHT", "8", 1);
    setenv("FLUVIUS_BUS", "", 1);
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_eq(values.in_flight, 8);
    cr_assert_str_eq(values.bus, "tcp://file:1", "an empty variable counts as unset");
}

Test(settings, command_line_beats_environment)
{
    setenv("FLUVIUS_MAX_IN_FLIGHT", "8", 1);
    setenv("FLUVIUS_DOMAIN", "e.so,f.so,g.so", 1);
    cr_assert_eq(LOAD("--max-in-flight", "9", "--bus=tcp://x:1", "--dry", "--domain", "k.so"), SETTINGS_OK);
    cr_assert_eq(values.in_flight, 9);
    cr_assert_str_eq(values.bus, "tcp://x:1");
    cr_assert(values.dry);
    cr_assert_eq(values.domains.count, 1);
}

Test(settings, what_one_call_is_about_comes_from_the_command_line_alone)
{
    file_with("at-version = 1\n");
    setenv("FLUVIUS_AT_VERSION", "2", 1);
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_eq(values.version, -1);
    cr_assert_eq(LOAD("--at-version=3"), SETTINGS_OK);
    cr_assert_eq(values.version, 3);
}

Test(settings, a_choice_tells_whether_it_was_made)
{
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_eq(values.count, CHOICE_NONE);
    cr_assert_eq(LOAD("--count"), SETTINGS_OK);
    cr_assert_eq(values.count, CHOICE_TRUE);
    cr_assert_eq(LOAD("--count=no"), SETTINGS_OK);
    cr_assert_eq(values.count, CHOICE_FALSE);
    refused("count: \"perhaps\" is neither true nor false", LOAD("--count=perhaps"));
}

Test(settings, a_list_takes_what_follows_and_repeats)
{
    cr_assert_eq(LOAD("--domain", "a,1.so", "b.so", "--dry", "--domain", "c.so"), SETTINGS_OK);
    cr_assert_eq(values.domains.count, 3);
    cr_assert_str_eq(values.domains.items[0], "a,1.so");
    cr_assert_str_eq(values.domains.items[2], "c.so");
}

Test(settings, other_arguments_are_left_in_rest)
{
    cr_assert_eq(LOAD_REST("send", "-", "--dry", "-5", "--", "--bus"), SETTINGS_OK);
    cr_assert_eq(rest.count, 4);
    cr_assert_str_eq(rest.items[0], "send");
    cr_assert_str_eq(rest.items[1], "-");
    cr_assert_str_eq(rest.items[2], "-5");
    cr_assert_str_eq(rest.items[3], "--bus");
}

Test(settings, an_option_that_does_not_exist_is_named_without_its_value)
{
    refused("fluvius-test: --tokn: is not an option", LOAD("--tokn=hush"));
    cr_assert_null(strstr(said, "hush"));
    refused("-x: is not an option", LOAD("-x"));
    refused("extra: is one argument too many", LOAD("extra"));
}

Test(settings, a_missing_value_is_named)
{
    refused("--bus: needs a value", LOAD("--bus"));
    refused("--domain: needs a value", LOAD("--domain", "--dry"));
    refused("--config: needs a value", LOAD("--config"));
}

Test(settings, a_bad_value_names_setting_and_source)
{
    refused("command line: max-in-flight: 0 is not between 1 and 1024", LOAD("--max-in-flight", "0"));
    refused("command line: max-in-flight: \"12x\" is not a whole number", LOAD("--max-in-flight=12x"));
    refused("is not a whole number", LOAD("--max-in-flight=99999999999999999999"));
    refused("command line: dry: \"perhaps\" is neither true nor false", LOAD("--dry=perhaps"));
    setenv("FLUVIUS_MAX_IN_FLIGHT", "many", 1);
    refused("FLUVIUS_MAX_IN_FLIGHT: max-in-flight: \"many\" is not a whole number", LOAD());
}

Test(settings, a_bad_line_of_the_file_is_named)
{
    file_with("\nmax-in-flight = 5000\n");
    refused(":2: max-in-flight: 5000 is not between 1 and 1024", LOAD());
    unlink(getenv("FLUVIUS_CONFIG"));
    refused("No such file or directory", LOAD());
}

Test(settings, a_line_that_is_no_setting_is_refused)
{
    file_with("bus tcp://x:1\n");
    refused(":1: bus tcp://x:1: is not a line \"name = value\"", LOAD());
}

Test(settings, sections_belong_to_one_service)
{
    file_with("for-others = 1\n[fluvius-other]\nmax-in-flight = many\nnonsense\n[fluvius-test]\nmax-in-flight = 3\n");
    cr_assert_eq(LOAD(), SETTINGS_OK);
    cr_assert_eq(values.in_flight, 3);
}

Test(settings, an_unknown_name_in_the_own_section_is_refused)
{
    file_with("[fluvius-test]\nmax-in-fligt = 3\n");
    refused(":2: max-in-fligt: is not a setting", LOAD());
}

Test(settings, the_file_is_also_named_by_an_option)
{
    char *path;

    file_with("max-in-flight = 3\n");
    path = strdup(getenv("FLUVIUS_CONFIG"));
    setenv("FLUVIUS_CONFIG", "/nowhere", 1);
    cr_assert_eq(LOAD("--config", path), SETTINGS_OK);
    cr_assert_eq(values.in_flight, 3);
    unlink(path);
    free(path);
}

/* Makes one space of several. */
static void squeeze(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] != ' ' || at[1] != ' ') {
            *to++ = *at;
        }
    }
    *to = '\0';
}

Test(settings, print_config_tells_where_each_value_came_from_and_hides_secrets)
{
    setenv("FLUVIUS_TOKEN", "hush-hush", 1);
    setenv("FLUVIUS_MAX_IN_FLIGHT", "8", 1);
    cr_assert_eq(LOAD("--print-config", "--domain", "k.so", "l.so"), SETTINGS_HELP);
    squeeze(said);
    says("fluvius-test bus tcp://127.0.0.1:7410 default\n");
    says("fluvius-test token *** FLUVIUS_TOKEN\n");
    says("fluvius-test max-in-flight 8 FLUVIUS_MAX_IN_FLIGHT\n");
    says("fluvius-test dry false default\n");
    says("fluvius-test count default\n");
    says("fluvius-test domain k.so,l.so command line\n");
    cr_assert_null(strstr(said, "hush"));
}

Test(settings, passwords_of_urls_are_not_shown)
{
    cr_assert_eq(LOAD("--print-config", "--bus", "postgresql://ada:hush@a:1/x?y=u:v@w postgresql://b:hush@b tcp://c:2"),
                 SETTINGS_HELP);
    squeeze(said);
    says(" bus postgresql://ada:***@a:1/x?y=u:v@w postgresql://b:***@b tcp://c:2 command line\n");
}

Test(settings, a_secret_may_lie_in_a_file)
{
    file_with("hush from a file\nsecond");
    static char argument[300];
    snprintf(argument, sizeof argument, "file:%s", getenv("FLUVIUS_CONFIG"));
    unsetenv("FLUVIUS_CONFIG");
    cr_assert_eq(LOAD("--token", argument), SETTINGS_OK, "%s", said);
    cr_assert_str_eq(values.token, "hush from a file");
    unlink(argument + 5);
    cr_assert_eq(LOAD("--token", argument), SETTINGS_BAD);
    cr_assert_not_null(strstr(said, "token: No such file or directory"), "%s", said);
}

Test(settings, help_shows_usage_options_and_defaults)
{
    cr_assert_eq(LOAD("--bad", "--help"), SETTINGS_HELP);
    says("Usage: fluvius-test [options]\n");
    says("--max-in-flight N");
    says("(default 64)");
    says("FLUVIUS_");
    cr_assert_eq(LOAD("-h"), SETTINGS_HELP);
    cr_assert_eq(LOAD("--version"), SETTINGS_HELP);
    says("fluvius-test ");
}

Test(settings, a_setting_may_be_called_version)
{
    static const struct setting own[] = {
        {"version", SETTING_INTEGER, offsetof(struct values, version), NULL, 0, 0, "of what"}, {0}};
    static const struct settings_table own_table = {"fluvius-test", "", "", own, NULL};
    struct values out = {0};

    cr_assert_eq(settings_load(&own_table, 3, (char *[]){"x", "--version", "5", NULL}, &out, NULL), SETTINGS_OK);
    cr_assert_eq(out.version, 5);
}

Test(settings, free_is_safe_on_zeroed_memory_and_twice)
{
    struct values zero = {0};

    settings_free(&table, &zero);
    settings_free(&table, &zero);
}
