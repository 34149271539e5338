/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_SEARCH_TEXT_H
#define ALICE_CATALOG_SEARCH_TEXT_H

/*
 * What of a file goes to the index of words, and what of a query is asked there.
 *
 * A text goes there as every three bytes of it that follow each other, with its letters folded,
 * so that any part of a word is found and no word is an operator. A fact that is asked as a
 * whole goes there as a whole, and a place as the cells of four grids. The index may say yes
 * too often, never no where it is yes: what it names is held against the file itself, see
 * search_match.h.
 */

#include <sqlite3.h>

#include <alice/search.h>

#include "catalog/organized.h"

/* Bytes that grow; charged. Zeroed but for `env` is an empty one. */
typedef struct alice__room {
    alice_env env;
    char *p;
    size_t n, size;
} alice__room;

/* So many bytes more can be written. ALICE_E_BUDGET, ALICE_E_NOMEM. */
alice_status alice__room_more(alice__room *r, size_t n);
void alice__room_free(alice__room *r);

/* Teach a connection to cut them: false where it has no FTS5. */
bool alice__search_tokens_known(sqlite3 *db);

/* All that the index is to know of a file, in `to` instead of what was there. */
alice_status alice__search_document(alice__room *to, const alice__organized *file);

/* What to ask for, terminated; empty where nothing of the query can be asked there. */
alice_status alice__search_expression(alice__room *to, const alice_search_query *query);

/* The second folder of a path, which is the project; *n 0: it has none. */
const char *alice__project_of(const char *path, size_t *n);

#endif
