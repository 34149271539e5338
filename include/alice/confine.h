/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CONFINE_H
#define ALICE_CONFINE_H

/**
 * @file confine.h
 * Giving up what a program does not need, before it parses bytes that somebody
 * else chose: whoever finds a fault in a parser then holds a process that can
 * read and write a few folders, and start nothing. Nobody does it unless asked to.
 */

#include <alice/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file or folder that stays in reach, with all below it. */
typedef struct alice_confine_path {
    const char *path; /**< links are followed; what does not stand is passed over */
    bool write;       /**< also make, change, rename and remove; else reading only */
} alice_confine_path;

/** What is in force. */
typedef struct alice_confinement {
    int landlock_abi; /**< the kernel's version of Landlock; 0: it has none */
    bool files;       /**< only the named paths can be reached */
    bool calls;       /**< no program can be started, no network reached */
} alice_confinement;

/**
 * Confine the calling thread and every thread it makes from now on, for good:
 * call it before the first of them. Beside `paths` the kernel's figures of
 * memory, the zones of the clock and the null device stay readable; what is open
 * already stays open. Renames between two writable paths stay renames.
 *
 * What the kernel does not know is left out: `in_force` (may be NULL) says what
 * holds. Under sanitizers, which start programs of their own, nothing is done.
 * ALICE_E_INVAL: more than 32 paths; ALICE_E_SYSTEM: the kernel knows it but
 * refused; what was taken until then stays.
 */
ALICE_API alice_status alice_confine(const alice_confine_path *paths, size_t count,
                                     alice_confinement *in_force);

/** What alice_confine() could put in force here; changes nothing. */
ALICE_API void alice_confine_available(alice_confinement *out);

/** One of the things that libalice stands on: a library, or what the kernel offers. */
typedef struct alice_part {
    const char *name; /**< such as "SQLite" or "Landlock" */
    bool kernel;      /**< else a library */
    bool there;       /**< loaded, or to be had; `version` is empty else */
    char version[64]; /**< of the library as it is loaded now; of a kernel's feature maybe "" */
    const char *without; /**< what is done where it is not there; NULL: it always is */
} alice_part;

/**
 * The `index`-th part, libraries first. False: there are no more. A library that is
 * loaded where it is used is loaded to be asked. Any thread.
 */
ALICE_API bool alice_part_at(size_t index, alice_part *out);

#ifdef __cplusplus
}
#endif

#endif
