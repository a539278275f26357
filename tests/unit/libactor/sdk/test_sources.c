/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Generated and documented things are what the sources say. */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_stream(FILE *stream)
{
    enum { MOST = 1 << 20 };
    char *content = malloc(MOST);
    cr_assert_not_null(stream);
    size_t size = fread(content, 1, MOST - 1, stream);
    cr_assert_lt(size, MOST - 1);
    content[size] = '\0';
    return content;
}

static char *read_source(const char *name)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", SOURCES, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *content = read_stream(file);
    fclose(file);
    return content;
}

Test(sources, each_h_is_what_its_generator_prints)
{
    char command[1000];
    snprintf(command, sizeof command, "sh '%s/libactor/domain/each.sh'", SOURCES);
    FILE *pipe = popen(command, "r");
    char *printed = read_stream(pipe), *header = read_source("libactor/include/fluvius/each.h");
    cr_expect_eq(pclose(pipe), 0);
    cr_expect_gt(strlen(header), 10000);
    cr_expect(strcmp(printed, header) == 0);
    free(printed);
    free(header);
}

Test(sources, every_code_of_a_fault_is_documented)
{
    static const char *const files[] = {
        "libactor/domain/check.c", "libactor/domain/decode.c", "libactor/domain/encode.c"};
    regex_t code;
    int found = 0;
    char *guide = read_source("docs/DOMAINS.md");
    cr_assert_eq(regcomp(&code, "(path|&inner|NULL|date \\?|:),? \"([a-z]+(_[a-z]+)*)\"", REG_EXTENDED), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *source = read_source(files[i]);
        regmatch_t match[4];
        for (const char *at = source; regexec(&code, at, 4, match, 0) == 0; at += match[0].rm_eo) {
            char quoted[100];
            snprintf(quoted, sizeof quoted, "`%.*s`", (int)(match[2].rm_eo - match[2].rm_so), at + match[2].rm_so);
            cr_expect(strcmp(quoted, "`bad_utf8`") == 0 || strstr(guide, quoted) != NULL, "%s: %s", files[i], quoted);
            found++;
        }
        free(source);
    }
    cr_expect_gt(found, 30, "%d", found);
    regfree(&code);
    free(guide);
}
