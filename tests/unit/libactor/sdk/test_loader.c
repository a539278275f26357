/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sound modules load, whichever compiler built them, and behave alike to the last byte; others are refused by name
 * before any of their code runs. */
#include "fluvius/loader.h"
#include "libactor/domain/elf.h"
#include "proto/json.h"
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct domain_fault fault;

static enum error load(const char *name)
{
    char path[1000];
    struct domain *domain = NULL;
    snprintf(path, sizeof path, "%s/%s.so", MODULES, name);
    enum error error = domain_load(&domain, path, &fault);
    cr_expect_eq(error == 0, domain != NULL);
    domain_free(&domain);
    return error;
}

static void expect_refused(const char *name, const char *reason)
{
    char file[200];
    snprintf(file, sizeof file, "/%s.so: ", name);
    cr_expect_eq(load(name), error_bad_module, "%s", name);
    cr_expect_not_null(strstr(fault.text, file), "%s: %s", name, fault.text);
    cr_expect_not_null(strstr(fault.text, reason), "%s: %s", name, fault.text);
}

static bool is_sanitized(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__ubsan_handle_out_of_bounds") != NULL;
}

Test(loader, a_sound_module_is_taken)
{
    cr_expect_eq(load("bad_none"), 0, "%s", fault.text);
}

Test(loader, imports_are_named)
{
    expect_refused("bad_malloc", "imports what a domain may not use: ");
    cr_expect_not_null(strstr(fault.text, "calloc"), "%s", fault.text);
    cr_expect_not_null(strstr(fault.text, "puts"), "%s", fault.text);
    expect_refused("bad_time", "imports what a domain may not use: time");
    expect_refused("bad_math", "imports what a domain may not use: sin");
}

Test(loader, variables_are_named)
{
    if (is_sanitized())
        return; /* a sanitizer's own tables are variables: hosts under one do not look */
    expect_refused("bad_static", "has the variable counter");
    expect_refused("bad_static_initialized", "has the variable visible_counter");
    expect_refused("bad_static_local", "completed");
    cr_expect_not_null(strstr(fault.text, "has the variable"), "%s", fault.text);
    expect_refused("bad_thread_local", "__tls_get_addr");
    expect_refused("bad_thread_local_near", "has the variable counter");
}

Test(loader, code_that_runs_by_itself_is_named)
{
    expect_refused("bad_constructor", "has run_early, which runs when the module is loaded");
    expect_refused("bad_destructor", "has run_late, which runs when the module is loaded or unloaded");
}

Test(loader, a_module_without_a_domain_is_refused)
{
    expect_refused("bad_no_domain", "does not export fluvius_module_1: is there a DOMAIN in it?");
}

Test(loader, a_bad_declaration_is_named_with_its_file)
{
    expect_refused("bad_descriptor", "contradict: field n: .min is above .max");
}

Test(loader, a_stripped_module_is_refused)
{
    if (is_sanitized())
        return;
    expect_refused("bad_stripped", "has no symbol table (was it stripped?)");
}

Test(loader, what_is_no_module_is_refused)
{
    struct domain *domain = NULL;
    char path[] = "/tmp/fluvius-module-XXXXXX";
    cr_expect_eq(domain_load(&domain, "/nonexistent/bank.so", &fault), error_not_found);
    cr_expect_str_eq(fault.text, "/nonexistent/bank.so: No such file or directory");
    cr_expect_eq(domain_load(&domain, "/etc", &fault), error_bad_module);
    cr_expect_eq(domain_load(&domain, "/etc/passwd", &fault), error_bad_module);
    cr_expect_str_eq(fault.text, "/etc/passwd: is no ELF file");
    cr_expect_eq(domain_load(&domain, "/proc/self/exe", &fault), error_bad_module);
    int file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_expect_eq(domain_load(&domain, path, &fault), error_bad_module, "an empty file");
    close(file);
    unlink(path);
}

/* ---- damaged files ---- */

static uint8_t *read_file(const char *name, size_t *size)
{
    char path[1000];
    struct stat about;
    snprintf(path, sizeof path, "%s/%s.so", MODULES, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fstat(fileno(file), &about), 0);
    *size = (size_t)about.st_size;
    uint8_t *bytes = malloc(*size);
    cr_assert_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

Test(loader, damaged_files_are_looked_at_without_harm)
{
    static const char *const imports[] = {"memcpy", NULL}, *const needed[] = {"libc.so", NULL};
    const struct elf_rules rules = {.imports = imports, .needed = needed, .symbol = "fluvius_module_1"};
    size_t size;
    uint8_t *sound = read_file("bad_none", &size);
    unsigned seed = 7;
    for (int round = 0; round < 3000; round++) {
        size_t length = round % 3 == 0 ? (size_t)rand_r(&seed) % size : size;
        uint8_t *damaged = malloc(length + 1); /* exact, so that a sanitizer sees a step beyond */
        memcpy(damaged, sound, length);
        for (int changes = rand_r(&seed) % 8; changes > 0 && length > 0; changes--) {
            size_t at = rand_r(&seed) % 4 == 0 ? (size_t)rand_r(&seed) % length : (size_t)rand_r(&seed) % 64 % length;
            if (rand_r(&seed) % 3 == 0) /* the tables of sections and symbols lie at the end */
                at = length - 1 - (size_t)rand_r(&seed) % (length < 4000 ? length : 4000);
            damaged[at] = (uint8_t)rand_r(&seed);
        }
        struct domain_fault said = {{0}};
        enum error error = elf_inspect(slice_of(damaged, length), &rules, &said);
        cr_assert(error == 0 || (error == error_bad_module && said.text[0] != '\0'));
        free(damaged);
    }
    free(sound);
}

/* ---- builds that must agree ---- */

struct run {
    struct buffer state, events;
    uint64_t fingerprint;
};

static void run_command(struct aggregate *aggregate,
                        const struct domain_resource *resource,
                        struct run *run,
                        const char *command,
                        const char *json)
{
    static struct decision_result result;
    struct buffer data = {0};
    cr_assert_eq(json_to_msgpack(slice_text(json), &data, NULL), 0);
    struct decision_input input = {.command = domain_command(resource, slice_text(command)),
                                   .data = buffer_slice(&data),
                                   .now_us = 1,
                                   .id = (const uint8_t *)"0123456789abcdef"};
    cr_assert_not_null(input.command);
    aggregate_decide(aggregate, &input, &result);
    buffer_append_text(&run->events, result.code);
    for (uint32_t i = 0; i < result.count; i++) {
        const struct decided_event *event = &result.events[i];
        cr_assert_eq(aggregate_apply(aggregate, slice_text(event->name), event->schema, event->data, &fault), 0);
        buffer_append(&run->events, event->data.data, event->data.size);
    }
    buffer_fini(&data);
}

static void run_bank(const char *name, struct run *run)
{
    char path[1000];
    struct domain *domain;
    snprintf(path, sizeof path, "%s/%s.so", MODULES, name);
    cr_assert_eq(domain_load(&domain, path, &fault), 0, "%s", fault.text);
    const struct domain_resource *resource = domain_resource(domain, slice_text("account"));
    struct aggregate *aggregate = aggregate_new(resource);
    run_command(aggregate, resource, run, "open", "{\"holder\":{\"given\":\"Ann\",\"family\":\"Lee\"}}");
    for (int i = 1; i < 200; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"amount\":%d,\"note\":\"number %d\"}", i * 37 % 101 + 1, i);
        run_command(aggregate, resource, run, i % 3 == 0 ? "withdraw" : "deposit", json);
    }
    cr_assert_eq(aggregate_encode(aggregate, &run->state), 0);
    run->fingerprint = domain_fingerprint(domain);
    aggregate_free(&aggregate);
    domain_free(&domain);
}

Test(loader, the_same_domain_from_every_compiler_gives_the_same_bytes)
{
    static const char *const builds[] = {BANK_BUILDS};
    struct run first = {0};
    run_bank(builds[0], &first);
    cr_assert_gt(first.events.size, 1000);
    for (size_t i = 1; i < sizeof builds / sizeof *builds; i++) {
        struct run other = {0};
        run_bank(builds[i], &other);
        cr_expect(slice_equal(buffer_slice(&first.state), buffer_slice(&other.state)), "%s", builds[i]);
        cr_expect(slice_equal(buffer_slice(&first.events), buffer_slice(&other.events)), "%s", builds[i]);
        cr_expect_eq(first.fingerprint, other.fingerprint, "%s", builds[i]);
        buffer_fini(&other.state);
        buffer_fini(&other.events);
    }
    buffer_fini(&first.state);
    buffer_fini(&first.events);
}
