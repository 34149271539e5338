/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* __typeof__ in the table */
#include "port/archive_lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#if ALICE_ARCHIVES
int alice__archive_lib_open(alice__archive_lib *lib)
{
    /* The one whose declarations the table is made of. It stays: what the libraries below it
       keep for good would be lost with them. */
    lib->module = dlopen("libarchive.so.13", RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!lib->module)
        return -ENOENT;
    int r = 0;
    /* POSIX has dlsym() answer functions as well, and this is how it says to take them. */
#define ALICE__ARCHIVE_FIND(name)                             \
    *(void **)(void *)&lib->name = dlsym(lib->module, #name); \
    if (!lib->name)                                           \
        r = -ENOENT;
    ALICE__ARCHIVE_CALLS(ALICE__ARCHIVE_FIND)
#undef ALICE__ARCHIVE_FIND
    if (r)
        alice__archive_lib_close(lib);
    return r;
}
#else
int alice__archive_lib_open(alice__archive_lib *lib)
{
    lib->module = NULL;
    return -ENOSYS;
}
#endif

void alice__archive_lib_close(alice__archive_lib *lib)
{
    if (lib->module)
        dlclose(lib->module);
    lib->module = NULL;
}
