/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The token file: who is let in, what is refused, and that no fault shows a token. */
#include "services/common/tokens.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct tokens *tokens;
static char fault[TOKENS_FAULT_SIZE], path[64];

static void clear(void)
{
    unsetenv("FLUVIUS_SERVICE_TOKEN");
}

static void forget(void)
{
    tokens_free(&tokens);
    unlink(path);
}

TestSuite(tokens, .init = clear, .fini = forget);

static enum error load(const char *text)
{
    int file;

    snprintf(path, sizeof path, "/tmp/fluvius-tokens-XXXXXX");
    file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    return tokens_load(&tokens, path, fault);
}

static struct principal of(const char *token)
{
    struct principal principal = {0};

    cr_assert_eq(tokens_check(tokens, slice_text(token), &principal), error_none, "%s", token);
    return principal;
}

static bool refused(const char *token)
{
    struct principal principal;

    return tokens_check(tokens, slice_text(token), &principal) == error_bad_token;
}

static const uint8_t no_roles[] = {0x90};

Test(tokens, without_a_file_everybody_is_anonymous)
{
    struct principal principal;

    cr_assert_eq(tokens_load(&tokens, NULL, fault), error_none);
    cr_assert_not(tokens_required(tokens));
    principal = of("");
    cr_assert_str_eq(principal.user, "anonymous");
    cr_assert_str_eq(principal.realm, "default");
    cr_assert(principal.service);
    cr_assert(slice_equal(principal.roles, slice_of("\x91\xa7service", 9)), "may read the log of all realms");
    cr_assert(refused("guess"));
}

Test(tokens, a_token_tells_user_realm_and_roles)
{
    static const uint8_t roles[] = {0xdc, 0, 2, 0xa5, 'a', 'd', 'm', 'i', 'n', 0xa7, 's', 'e', 'r', 'v', 'i', 'c', 'e'};
    struct principal principal;

    cr_assert_eq(
        load("# who\n\nAlpha-1 alice acme\n\tBeta-2\tshard  acme\tadmin,service\r\n"), error_none, "%s", fault);
    cr_assert(tokens_required(tokens));
    principal = of("Alpha-1");
    cr_assert_str_eq(principal.user, "alice");
    cr_assert_str_eq(principal.realm, "acme");
    cr_assert(slice_equal(principal.roles, slice_of(no_roles, 1)));
    cr_assert_not(principal.service);
    principal = of("Beta-2");
    cr_assert_str_eq(principal.user, "shard");
    cr_assert(principal.service);
    cr_assert_eq(principal.roles.size, sizeof roles);
    cr_assert(slice_equal(principal.roles, slice_of(roles, sizeof roles)));
}

Test(tokens, with_a_file_what_is_not_in_it_is_refused)
{
    cr_assert_eq(load("Alpha-1 alice acme\n"), error_none);
    cr_assert(refused(""));
    cr_assert(refused("alpha-1"));
    cr_assert(refused("Alpha-"));
    cr_assert(refused("Alpha-12"));
    cr_assert(refused("#"));
    cr_assert_eq(of("Alpha-1").roles.size, 1);
}

Test(tokens, an_empty_file_lets_nobody_in)
{
    cr_assert_eq(load(""), error_none);
    cr_assert(tokens_required(tokens));
    cr_assert(refused(""));
    cr_assert(refused("x"));
}

Test(tokens, many_are_all_found)
{
    static char text[200 * 64];
    char token[32];

    for (int i = 0; i < 200; i++) {
        snprintf(text + strlen(text), 64, "token-%d user-%d r\n", i, i);
    }
    cr_assert_eq(load(text), error_none);
    for (int i = 0; i < 200; i++) {
        snprintf(token, sizeof token, "token-%d", i);
        cr_assert_eq(atoi(of(token).user + 5), i);
    }
    cr_assert(refused("token-200"));
}

Test(tokens, the_service_token_of_the_supervisor_is_one_more)
{
    setenv("FLUVIUS_SERVICE_TOKEN", "from-up", 1);
    cr_assert_eq(load("Alpha-1 alice acme"), error_none);
    cr_assert(of("from-up").service);
    cr_assert_str_eq(of("from-up").user, "service");
    cr_assert_str_eq(of("Alpha-1").user, "alice");
    cr_assert(refused(""));
}

Test(tokens, with_a_service_token_anonymous_is_no_service)
{
    setenv("FLUVIUS_SERVICE_TOKEN", "from-up", 1);
    cr_assert_eq(tokens_load(&tokens, "", fault), error_none);
    cr_assert_not(tokens_required(tokens));
    cr_assert_not(of("").service);
    cr_assert(of("from-up").service);
    cr_assert(refused("from-down"));
}

Test(tokens, the_service_token_may_lie_in_a_file)
{
    cr_assert_eq(load("  from-a-file \r\nrest"), error_bad_settings); /* no token file, but it is there now */
    char value[300];
    snprintf(value, sizeof value, "file:%s", path);
    setenv("FLUVIUS_SERVICE_TOKEN", value, 1);
    cr_assert_eq(tokens_load(&tokens, "", fault), error_none, "%s", fault);
    cr_assert(of("from-a-file").service);
    cr_assert(refused(value));
}

Test(tokens, a_service_token_whose_file_cannot_be_read_is_refused)
{
    setenv("FLUVIUS_SERVICE_TOKEN", "file:/nowhere/token", 1);
    cr_assert_eq(tokens_load(&tokens, "", fault), error_bad_settings);
    cr_assert_str_eq(fault, "FLUVIUS_SERVICE_TOKEN: No such file or directory");
}

Test(tokens, the_service_token_may_also_stand_in_the_file)
{
    setenv("FLUVIUS_SERVICE_TOKEN", "both", 1);
    cr_assert_eq(load("both gateway acme service\n"), error_none, "%s", fault);
    cr_assert_str_eq(of("both").user, "gateway");
    cr_assert(of("both").service);
}

static void refused_with(const char *text, const char *expected)
{
    cr_assert_eq(load(text), error_bad_settings);
    cr_assert_null(tokens);
    cr_assert_not_null(strstr(fault, path), "%s", fault);
    cr_assert_not_null(strstr(fault, expected), "%s", fault);
    cr_assert_null(strstr(fault, "hush"), "%s", fault);
    unlink(path);
}

Test(tokens, bad_lines_are_named_without_their_token)
{
    refused_with("a b c\nhush alice\n", ":2: is not a line TOKEN USER REALM");
    refused_with("hush alice acme a b\n", ":1: is not a line");
    refused_with("hush ali\x01"
                 "ce acme\n",
                 ":1: has a control character");
    refused_with("hush alice acme\nhush bob acme\n", "the same token stands there twice");
}

Test(tokens, a_file_that_others_may_read_is_refused)
{
    cr_assert_eq(load("Alpha-1 alice acme\n"), error_none);
    tokens_free(&tokens);
    chmod(path, 0640);
    cr_assert_eq(tokens_load(&tokens, path, fault), error_bad_settings);
    cr_assert_not_null(strstr(fault, path), "%s", fault);
    cr_assert_not_null(strstr(fault, "chmod 600"), "%s", fault);
}

/* What loading gives to a user who is neither root nor the file's owner, but of its group. */
static enum error load_as_group(mode_t mode)
{
    int status;
    pid_t child;

    cr_assert_eq(chown(path, 0, 65534), 0);
    chmod(path, mode);
    child = fork();
    if (child == 0) {
        bool other = setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0;
        _exit(other ? tokens_load(&tokens, path, fault) : 255);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

Test(tokens, a_file_that_root_put_there_may_be_read_by_our_group)
{
    cr_assert_eq(load("Alpha-1 alice acme\n"), error_none);
    tokens_free(&tokens);
    chmod(path, 0440);
    cr_assert_eq(tokens_load(&tokens, path, fault), error_bad_settings, "its owner is who we are");
    if (geteuid() == 0) {
        cr_assert_eq(load_as_group(0440), error_none);
        cr_assert_eq(load_as_group(0460), error_bad_settings);
        cr_assert_eq(load_as_group(0444), error_bad_settings);
    }
}

Test(tokens, a_file_that_is_not_there_is_refused)
{
    cr_assert_eq(tokens_load(&tokens, "/nowhere/tokens", fault), error_bad_settings);
    cr_assert_str_eq(fault, "/nowhere/tokens: No such file or directory");
    cr_assert_eq(tokens_load(&tokens, "/tmp", fault), error_bad_settings);
}

Test(tokens, free_of_null_is_safe)
{
    tokens_free(&tokens);
}
