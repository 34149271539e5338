/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_SEARCH_UPDATE_H
#define ALICE_ORGANIZE_SEARCH_UPDATE_H

/* A search that is open, and bringing its index up to date: search.c opens and asks. */

#include <alice/search.h>

#include "catalog/search_index.h"
#include "organize/organizer.h"

struct alice_search {
    alice_search_options options;
    alice_organizer *o;  /* folders and memory; its catalog only while it is read */
    alice__index *index; /* NULL: the catalog is asked */
    alice_env index_env;
    char note[320];
    uint64_t reached; /* by the last question */
    char path[ALICE__PATH_MAX + 32], lock[ALICE__PATH_MAX + 32];
};

/* Open the index where it is not, and bring it up to date. ALICE_OK also where there can be
 * none, or not the latest: the note says why. */
alice_status alice__search_update(alice_search *s, alice_error *error);

/* Do without the index from here on. */
void alice__search_no_index(alice_search *s, const char *format, ...) ALICE_PRINTF(2, 3);

#endif
