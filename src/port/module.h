/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_MODULE_H
#define ALICE_PORT_MODULE_H

/* What the dynamic linker knows of an address. */

#include <stdbool.h>
#include <stdint.h>

typedef struct alice__module {
    const char *path;   /* valid while the module is loaded */
    const char *symbol; /* the nearest exported one below, or NULL */
    uint64_t offset;    /* of the address in the module, as its file counts */
} alice__module;

bool alice__module_of(uintptr_t address, alice__module *out);

#endif
