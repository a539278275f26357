/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Inspection of modules. What makes a module refused: imports outside a list, libraries outside a list, variables that
 * can be written (a state outside the aggregate), code that runs by itself when it is loaded. */
#include "libactor/domain/elf.h"
#include "libactor/domain/print.h"
#include <elf.h>
#include <link.h>

#if __ELF_NATIVE_CLASS != 64
#error "modules are 64-bit"
#endif

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#else
#define NATIVE_MACHINE EM_NONE /* unknown here: dlopen will tell */
#endif

struct elf {
    struct slice file;
    const struct elf_rules *rules;
    struct domain_fault *fault;
    const Elf64_Ehdr *header;
    const Elf64_Shdr *sections;
    uint32_t section_count;
};

static enum error refuse(struct elf *elf, const char *format, ...) __attribute__((format(printf, 2, 3)));
static enum error refuse(struct elf *elf, const char *format, ...)
{
    size_t used = strlen(elf->fault->text);
    va_list arguments;
    va_start(arguments, format);
    print_list(elf->fault->text + used, sizeof elf->fault->text - used, format, arguments);
    va_end(arguments);
    return error_bad_module;
}

/* count things of size bytes at offset, or NULL when they do not lie in the file or are not aligned. */
static const void *place(const struct elf *elf, uint64_t offset, uint64_t count, uint64_t size)
{
    uint64_t total;
    if (__builtin_mul_overflow(count, size, &total) || offset > elf->file.size || total > elf->file.size - offset ||
        (size > 1 && offset % 8 != 0))
        return NULL;
    return elf->file.data + offset;
}

/* A name in a string section; "" where there is none. */
static const char *name_at(const struct elf *elf, uint32_t section, uint32_t offset)
{
    if (section >= elf->section_count || elf->sections[section].sh_type != SHT_STRTAB)
        return "";
    const Elf64_Shdr *names = &elf->sections[section];
    const char *start = place(elf, names->sh_offset, names->sh_size, 1);
    if (start == NULL || offset >= names->sh_size || memchr(start + offset, 0, names->sh_size - offset) == NULL)
        return "";
    return start + offset;
}

static const char *section_name(const struct elf *elf, const Elf64_Shdr *section)
{
    return name_at(elf, elf->header->e_shstrndx, section->sh_name);
}

static const Elf64_Shdr *section_of_type(const struct elf *elf, uint32_t type)
{
    for (uint32_t i = 0; i < elf->section_count; i++)
        if (elf->sections[i].sh_type == type)
            return &elf->sections[i];
    return NULL;
}

struct symbols {
    const Elf64_Sym *items;
    uint64_t count;
    uint32_t names; /* section */
};

static struct symbols symbols_of(const struct elf *elf, uint32_t type)
{
    const Elf64_Shdr *section = section_of_type(elf, type);
    struct symbols none = {0};
    if (section == NULL || section->sh_entsize != sizeof(Elf64_Sym))
        return none;
    uint64_t count = section->sh_size / sizeof(Elf64_Sym);
    const Elf64_Sym *items = place(elf, section->sh_offset, count, sizeof(Elf64_Sym));
    return items == NULL ? none : (struct symbols){.items = items, .count = count, .names = section->sh_link};
}

/* ---- the file ---- */

static enum error header_check(struct elf *elf)
{
    const Elf64_Ehdr *header = place(elf, 0, 1, sizeof *header);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(elf, "is no ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_DYN ||
        (NATIVE_MACHINE != EM_NONE && header->e_machine != NATIVE_MACHINE))
        return refuse(elf, "is no shared object for this machine");
    elf->header = header;
    elf->section_count = header->e_shnum;
    elf->sections = place(elf, header->e_shoff, header->e_shnum, sizeof *elf->sections);
    if (header->e_shoff == 0 || header->e_shentsize != sizeof *elf->sections || elf->sections == NULL)
        return refuse(elf, "has no table of sections");
    return 0;
}

/* ---- imports ---- */

static bool in_list(const char *const *list, const char *name)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool is_sanitizers(const struct elf *elf, const char *name)
{
    return elf->rules->sanitized && (has_prefix(name, "__asan_") || has_prefix(name, "__ubsan_") ||
                                     has_prefix(name, "__tsan_") || has_prefix(name, "__sanitizer_"));
}

/* All of them, so that an author sees the whole list at once. */
static enum error imports_check(struct elf *elf)
{
    struct symbols symbols = symbols_of(elf, SHT_DYNSYM);
    enum error error = 0;
    bool exported = false;
    for (uint64_t i = 1; i < symbols.count; i++) {
        const Elf64_Sym *symbol = &symbols.items[i];
        const char *name = name_at(elf, symbols.names, symbol->st_name);
        if (symbol->st_shndx != SHN_UNDEF)
            exported = exported || strcmp(name, elf->rules->symbol) == 0;
        else if (name[0] != '\0' && !in_list(elf->rules->imports, name) && !is_sanitizers(elf, name))
            error = refuse(elf, error == 0 ? "imports what a domain may not use: %s" : ", %s", name);
    }
    if (error == 0 && !exported)
        return refuse(elf, "does not export %s: is there a DOMAIN in it?", elf->rules->symbol);
    return error;
}

static enum error needed_check(struct elf *elf)
{
    const Elf64_Shdr *section = section_of_type(elf, SHT_DYNAMIC);
    const Elf64_Dyn *items = NULL;
    uint64_t count = section == NULL ? 0 : section->sh_size / sizeof *items;
    items = section == NULL ? NULL : place(elf, section->sh_offset, count, sizeof *items);
    for (uint64_t i = 0; items != NULL && i < count && items[i].d_tag != DT_NULL; i++) {
        bool allowed = items[i].d_tag != DT_NEEDED || elf->rules->sanitized;
        const char *name = allowed ? "" : name_at(elf, section->sh_link, (uint32_t)items[i].d_un.d_val);
        for (const char *const *at = elf->rules->needed; *at != NULL; at++)
            allowed = allowed || has_prefix(name, *at);
        if (!allowed)
            return refuse(elf, "needs the library %s, which a domain may not use", name);
    }
    return items == NULL ? refuse(elf, "has no dynamic section") : 0;
}

/* ---- variables ---- */

/* Sections that the loader writes once and nobody after it: tables of addresses. */
static bool is_constant_section(const struct elf *elf, const Elf64_Shdr *section)
{
    static const char *const starts[] = {
        ".data.rel.ro", ".got", ".dynamic", ".init_array", ".fini_array", "fluvius_entries", NULL};
    const char *name = section_name(elf, section);
    for (const char *const *at = starts; *at != NULL; at++)
        if (has_prefix(name, *at))
            return true;
    return false;
}

static bool is_writable(const struct elf *elf, const Elf64_Sym *symbol)
{
    if (symbol->st_shndx == SHN_COMMON)
        return true;
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= elf->section_count)
        return false;
    const Elf64_Shdr *section = &elf->sections[symbol->st_shndx];
    return (section->sh_flags & SHF_WRITE) != 0 && (section->sh_flags & SHF_ALLOC) != 0 &&
           !is_constant_section(elf, section);
}

static bool is_variable(const struct elf *elf, const Elf64_Sym *symbol, const char *name)
{
    int type = ELF64_ST_TYPE(symbol->st_info);
    if (type == STT_TLS)
        return true;
    return (type == STT_OBJECT || type == STT_COMMON) && symbol->st_size > 0 && is_writable(elf, symbol) &&
           strcmp(name, "__dso_handle") != 0;
}

/* Local symbols follow the name of their source; the toolchain's own are of crtstuff.c. */
static enum error variables_check(struct elf *elf)
{
    struct symbols symbols = symbols_of(elf, SHT_SYMTAB);
    bool toolchain = false;
    if (symbols.count == 0)
        return refuse(elf, "has no symbol table (was it stripped?), so that its variables cannot be looked at");
    for (uint64_t i = 1; i < symbols.count; i++) {
        const Elf64_Sym *symbol = &symbols.items[i];
        const char *name = name_at(elf, symbols.names, symbol->st_name);
        if (ELF64_ST_TYPE(symbol->st_info) == STT_FILE)
            toolchain = strcmp(name, "crtstuff.c") == 0;
        else if (!toolchain && is_variable(elf, symbol, name))
            return refuse(
                elf, "has the variable %s: a domain keeps nothing outside its aggregates; make it const", name);
    }
    return 0;
}

/* What has no symbol: more than the toolchain's own few bytes of data. */
static enum error data_check(struct elf *elf)
{
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *section = &elf->sections[i];
        if ((section->sh_flags & SHF_TLS) != 0)
            return refuse(elf, "has thread-local variables: a domain keeps nothing outside its aggregates");
        if ((section->sh_flags & SHF_WRITE) != 0 && (section->sh_flags & SHF_ALLOC) != 0 && section->sh_size > 16 &&
            !is_constant_section(elf, section))
            return refuse(elf,
                          "has %lu bytes of variables in %s: a domain keeps nothing outside its aggregates",
                          (unsigned long)section->sh_size,
                          section_name(elf, section));
    }
    return 0;
}

/* ---- code that runs by itself ---- */

/* The address that the loader will put at place: from its relocation, or what is there already. */
static uint64_t address_at(const struct elf *elf, const Elf64_Shdr *array, uint64_t index)
{
    uint64_t where = array->sh_addr + index * 8;
    const uint64_t *now = place(elf, array->sh_offset, array->sh_size / 8, 8);
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *section = &elf->sections[i];
        uint64_t count = section->sh_type == SHT_RELA ? section->sh_size / sizeof(Elf64_Rela) : 0;
        const Elf64_Rela *items = place(elf, section->sh_offset, count, sizeof *items);
        for (uint64_t j = 0; items != NULL && j < count; j++)
            if (items[j].r_offset == where)
                return (uint64_t)items[j].r_addend;
    }
    return now == NULL ? 0 : now[index];
}

static const char *function_at(const struct elf *elf, uint64_t address)
{
    struct symbols symbols = symbols_of(elf, SHT_SYMTAB);
    for (uint64_t i = 1; i < symbols.count; i++)
        if (ELF64_ST_TYPE(symbols.items[i].st_info) == STT_FUNC && symbols.items[i].st_value == address)
            return name_at(elf, symbols.names, symbols.items[i].st_name);
    return "a function";
}

static bool is_toolchains(const struct elf *elf, const char *function)
{
    if (strcmp(function, "frame_dummy") == 0 || strcmp(function, "__do_global_dtors_aux") == 0)
        return true;
    return elf->rules->sanitized && (has_prefix(function, "asan.module_") || has_prefix(function, "_sub_D_00099_") ||
                                     has_prefix(function, "_sub_I_00099_") || has_prefix(function, "tsan.module_"));
}

static enum error constructors_check(struct elf *elf)
{
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const Elf64_Shdr *section = &elf->sections[i];
        if (section->sh_type != SHT_INIT_ARRAY && section->sh_type != SHT_FINI_ARRAY &&
            section->sh_type != SHT_PREINIT_ARRAY)
            continue;
        for (uint64_t j = 0; j < section->sh_size / 8 && j < 1024; j++) {
            const char *function = function_at(elf, address_at(elf, section, j));
            if (!is_toolchains(elf, function))
                return refuse(elf, "has %s, which runs when the module is loaded or unloaded", function);
        }
    }
    return 0;
}

enum error elf_inspect(struct slice file, const struct elf_rules *rules, struct domain_fault *fault)
{
    struct elf elf = {.file = file, .rules = rules, .fault = fault};
    enum error error = header_check(&elf);
    if (error == 0)
        error = imports_check(&elf);
    if (error == 0)
        error = needed_check(&elf);
    if (error == 0 && !rules->sanitized)
        error = variables_check(&elf);
    if (error == 0 && !rules->sanitized)
        error = data_check(&elf);
    if (error == 0)
        error = constructors_check(&elf);
    return error;
}
