/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_PATH_LIST_H
#define ALICE_ORGANIZE_PATH_LIST_H

/*
 * Any number of paths below some folders, in a file without a name: whoever goes through them
 * keeps a place and a length of each. All are added before one is read.
 */

#include <alice/env.h>

#include "organize/walk.h"

enum { ALICE__LISTED_PATH = 2 * ALICE__WALK_PATH + 2 /* a path below a root, with its NUL */ };

typedef struct alice__path_list {
    alice_env env; /* its account pays 64 KB */
    const char *scratch_dir;
    int file; /* -1: none yet */
    char *text;
    size_t used;
    uint64_t at; /* where `text` goes in the file */
} alice__path_list;

alice_status alice__path_list_open(alice__path_list *l, const alice_env *env,
                                   const char *scratch_dir);
/* Give its memory back; paths can still be read. */
void alice__path_list_shed(alice__path_list *l);
/* Of one that was opened, or whose `file` is -1. */
void alice__path_list_close(alice__path_list *l);

/* Add "folder/name", or "name" where the folder is "". 0 or -errno. */
int alice__path_list_add(alice__path_list *l, const char *folder, const char *name,
                         uint64_t *place, uint32_t *length);
/* All are added. 0 or -errno. */
int alice__path_list_end(alice__path_list *l);
/* Thread-safe once all are added. 0 or -errno. */
int alice__path_list_get(const alice__path_list *l, uint64_t place, uint32_t length,
                         char below[ALICE__LISTED_PATH]);

/* As a person knows it: the folder as it was given, and what is below it. */
void alice__path_shown(const char *top, const char *below, char *out, size_t size);
/* Whether a path is a folder's or of what is below it, by their texts. */
bool alice__path_is_under(const char *path, const char *folder);

#endif
