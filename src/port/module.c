/* SPDX-License-Identifier: MIT */
/* What the dynamic linker knows of an address. */
#define _GNU_SOURCE
#include "port/module.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

bool alice__module_of(uintptr_t address, alice__module *out)
{
    Dl_info info;
    if (!dladdr((void *)address, &info) || !info.dli_fname)
        return false;
    /* A program that is not to be moved has its addresses in its file as they are. */
    const ElfW(Ehdr) *head = info.dli_fbase;
    bool fixed = memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_type == ET_EXEC;
    *out = (alice__module){.path = info.dli_fname,
                           .symbol = info.dli_sname,
                           .offset = fixed ? address : address - (uintptr_t)info.dli_fbase};
    return true;
}
