/* SPDX-License-Identifier: MIT */
#include "http_lib.h"

#include <dlfcn.h>
#include <stddef.h>

#include "command.h"

bool http_lib_open(http_lib *lib)
{
    /* The one whose declarations the table is made of. What the libraries below it keep for
       good would be lost with them, so that it is never unloaded. */
    lib->module = dlopen("libmicrohttpd.so.12", RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    bool all = lib->module != NULL;
    /* POSIX has dlsym() answer functions as well, and this is how it says to take them. */
#define HTTP_LIB_FIND(name)                                                        \
    *(void **)(void *)&lib->name = lib->module ? dlsym(lib->module, #name) : NULL; \
    if (!lib->name)                                                                \
        all = false;
    HTTP_LIB_CALLS(HTTP_LIB_FIND)
#undef HTTP_LIB_FIND
    if (!all)
        cli_error("serve needs libmicrohttpd 0.9.72 or newer, which is not installed here: "
                  "install libmicrohttpd12 (Debian), libmicrohttpd (others)");
    return all;
}
