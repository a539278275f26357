/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loading domains from shared objects. */
#include "fluvius/loader.h"
#include "libactor/domain/elf.h"
#include "libactor/domain/print.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What compilers call by themselves, and functions on memory and text that depend on nothing but their arguments. */
static const char *const imports[] = {"memcpy",
                                      "memmove",
                                      "memset",
                                      "memcmp",
                                      "memchr",
                                      "strlen",
                                      "strcmp",
                                      "strncmp",
                                      "strchr",
                                      "strnlen",
                                      "__memcpy_chk",
                                      "__memmove_chk",
                                      "__memset_chk",
                                      "__stack_chk_fail",
                                      /* the toolchain's start and end of every shared object */
                                      "__cxa_finalize",
                                      "__gmon_start__",
                                      "_ITM_deregisterTMCloneTable",
                                      "_ITM_registerTMCloneTable",
                                      NULL};
static const char *const needed[] = {"libc.so.", "libgcc_s.so.", "ld-linux", NULL};

/* Modules built with a sanitizer carry its calls and tables; they are taken by hosts that run under one. */
static bool is_sanitized(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL ||
           dlsym(RTLD_DEFAULT, "__ubsan_handle_out_of_bounds") != NULL;
}

static enum error refuse(struct domain_fault *fault, enum error error, const char *path, const char *reason)
{
    print_into(fault->text, sizeof fault->text, "%s: %s", path, reason);
    return error;
}

/* ---- the file ---- */

static enum error file_map(const char *path, struct slice *out, struct domain_fault *fault)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0)
        return refuse(fault, errno == ENOENT ? error_not_found : error_bad_module, path, strerror(errno));
    void *memory = MAP_FAILED;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
        memory = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (memory == MAP_FAILED)
        return refuse(fault, error_bad_module, path, "is no file that can be read");
    *out = slice_of(memory, (size_t)about.st_size);
    return 0;
}

static enum error file_inspect(const char *path, struct domain_fault *fault)
{
    const struct elf_rules rules = {
        .imports = imports, .needed = needed, .symbol = FLUVIUS_MODULE_SYMBOL, .sanitized = is_sanitized()};
    struct slice file;
    enum error error = file_map(path, &file, fault);
    if (error != 0)
        return error;
    print_into(fault->text, sizeof fault->text, "%s: ", path);
    error = elf_inspect(file, &rules, fault);
    munmap((void *)(uintptr_t)file.data, file.size);
    return error;
}

/* ---- the module ---- */

/* A name without a slash would be looked up among the system's libraries. */
static void *module_open(const char *path)
{
    char here[4096];
    if (strchr(path, '/') == NULL && print_into(here, sizeof here, "./%s", path) > 0)
        path = here;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static enum error module_get(const char *path, const fluvius_module **out, struct domain_fault *fault)
{
    const fluvius_module *(*get)(void);
    void *handle = module_open(path);
    if (handle == NULL)
        return refuse(fault, error_bad_module, path, dlerror());
    *(void **)(&get) = dlsym(handle, FLUVIUS_MODULE_SYMBOL);
    if (get == NULL)
        return refuse(fault, error_bad_module, path, "does not export " FLUVIUS_MODULE_SYMBOL);
    *out = get();
    return 0;
}

enum error domain_load(struct domain **out, const char *path, struct domain_fault *fault)
{
    const fluvius_module *module;
    struct domain_fault inner;
    enum error error = file_inspect(path, fault);
    if (error == 0)
        error = module_get(path, &module, fault);
    if (error != 0)
        return error;
    error = domain_new(out, module, &inner);
    return error == 0 ? 0 : refuse(fault, error, path, inner.text);
}
