/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes the cases of the query language as files for fuzz_query to begin with: query_seeds DIRECTORY makes
 * DIRECTORY/query. */
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

static const char *const requests[] = {
#define CASE(REQUEST, ANSWER) REQUEST,
#include "tests/unit/readmodel/cases.def"
#undef CASE
};

static bool write_seed(const char *directory, size_t number)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/query/%zu", directory, number);
    FILE *file = fopen(path, "wb");
    for (const char *at = requests[number]; file != NULL && *at != '\0'; at++) {
        fputc(*at == '\'' ? '"' : *at, file);
    }
    return file != NULL && fclose(file) == 0;
}

int main(int count, char **arguments)
{
    char path[4096];
    bool done = count == 2;
    if (done) {
        snprintf(path, sizeof path, "%s/query", arguments[1]);
        mkdir(arguments[1], 0755); /* they may be there; a seed that cannot be written is the error */
        mkdir(path, 0755);
    }
    for (size_t i = 0; done && i < sizeof requests / sizeof *requests; i++) {
        done = write_seed(arguments[1], i);
    }
    return done ? 0 : 1;
}
