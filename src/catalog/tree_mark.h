/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_TREE_MARK_H
#define ALICE_CATALOG_TREE_MARK_H

/*
 * A small file beside the organized files, "<organized>/.alice/generation", that
 * says which catalog wrote the tree last, and how often it had by then. A catalog
 * that knows of less is older than the tree.
 */

#include <stdint.h>

#include <alice/base.h>

typedef struct alice__tree_mark {
    int64_t catalog; /* its id; 0: there is no mark */
    int64_t generation;
} alice__tree_mark;

/* ALICE_E_DAMAGED: it stands, and is none. */
alice_status alice__tree_mark_read(const char *folder, alice__tree_mark *out);
/* Written durably and never in part: a new file replaces the old one. */
alice_status alice__tree_mark_write(const char *folder, const alice__tree_mark *mark);

#endif
