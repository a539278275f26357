/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See secret_file.h. */
#include "services/common/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_PREFIX "file:"
#define FILE_MAX ((size_t)16 << 20)

static enum error fail(const char **why, const char *text)
{
    *why = text;
    return error_bad_settings;
}

char *secret_pages(size_t size)
{
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        return NULL;
    }
    madvise(pages, size, MADV_DONTDUMP);
    return pages;
}

void secret_pages_free(char *pages, size_t size)
{
    if (pages != NULL) {
        explicit_bzero(pages, size);
        munmap(pages, size);
    }
}

/* What nobody but us may do. Root's own file is shared with us by its group. */
static mode_t others(const struct stat *status)
{
    return status->st_uid == 0 && geteuid() != 0 ? 037 : 077;
}

static enum error file_check(int file, size_t *size, const char **why)
{
    struct stat status;

    if (fstat(file, &status) != 0) {
        return fail(why, strerror(errno));
    }
    if (!S_ISREG(status.st_mode) || (size_t)status.st_size > FILE_MAX) {
        return fail(why, "is not a regular file of at most 16 MiB");
    }
    if ((status.st_mode & others(&status)) != 0) {
        return fail(why, "others may read it; run chmod 600 on it");
    }
    *size = (size_t)status.st_size;
    return error_none;
}

static enum error text_read(int file, char *out, size_t size, const char **why)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = read(file, out + used, size - used);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return fail(why, strerror(errno));
        }
        used += got < 0 ? 0 : (size_t)got;
    }
    return memchr(out, '\0', used) == NULL ? error_none : fail(why, "has a NUL character");
}

static enum error pages_read(int file, size_t extra, char **out, size_t *out_size, const char **why)
{
    size_t size = 0;
    enum error error = file_check(file, &size, why);
    char *pages;

    if (error != error_none) {
        return error;
    }
    pages = secret_pages(size + 1 + extra);
    if (pages == NULL) {
        return error_no_memory;
    }
    error = text_read(file, pages, size, why);
    if (error != error_none) {
        secret_pages_free(pages, size + 1 + extra);
        return error;
    }
    *out = pages;
    *out_size = size + 1 + extra;
    return error_none;
}

enum error secret_file_read(const char *path, size_t extra, char **pages, size_t *size, const char **why)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum error error;

    if (file < 0) {
        return fail(why, strerror(errno));
    }
    error = pages_read(file, extra, pages, size, why);
    close(file);
    return error;
}

static enum error line_copy(const char *text, char **out, const char **why)
{
    size_t size;

    text += strspn(text, " \t");
    size = strcspn(text, "\r\n");
    while (size > 0 && strchr(" \t", text[size - 1]) != NULL) {
        size--;
    }
    if (size == 0) {
        return fail(why, "its file has no text in the first line");
    }
    *out = strndup(text, size);
    return *out == NULL ? error_no_memory : error_none;
}

enum error secret_take(const char *text, char **out, const char **why)
{
    size_t prefix = strlen(FILE_PREFIX), size;
    enum error error;
    char *pages;

    *why = error_text(error_no_memory);
    if (strncmp(text, FILE_PREFIX, prefix) != 0) {
        *out = strdup(text);
        return *out == NULL ? error_no_memory : error_none;
    }
    error = secret_file_read(text + prefix, 0, &pages, &size, why);
    if (error == error_none) {
        error = line_copy(pages, out, why);
        secret_pages_free(pages, size);
    }
    return error;
}
