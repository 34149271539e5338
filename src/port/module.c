/* SPDX-License-Identifier: MIT */
/* What the dynamic linker knows of an address. */
#define _GNU_SOURCE
#include "port/module.h"

#include <dlfcn.h>

bool alice__module_of(uintptr_t address, alice__module *out)
{
    Dl_info info;
    if (!dladdr((void *)address, &info) || !info.dli_fname)
        return false;
    *out = (alice__module){.path = info.dli_fname,
                           .symbol = info.dli_sname,
                           .offset = address - (uintptr_t)info.dli_fbase};
    return true;
}
