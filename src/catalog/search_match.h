/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_SEARCH_MATCH_H
#define ALICE_CATALOG_SEARCH_MATCH_H

/* Whether a file is what a query asks for: the one place that decides it, whoever found the
 * file. */

#include "catalog/search_text.h"

enum { ALICE__SEARCH_WORDS = 64 };

typedef struct alice__match {
    const alice_search_query *query;
    alice__room words; /* folded, each terminated: the words of the query, then its facts */
    alice__room text;  /* what of a file is looked at, folded */
    const char *word[ALICE__SEARCH_WORDS];
    const char *camera, *generator, *model, *project, *type, *album;
    bool (*should_stop)(void *ctx); /* asked now and then; may be NULL */
    void *stop_ctx;
    unsigned asked;
    uint64_t reached; /* the id that was looked at last, in the order of the query; 0: none */
    double x, y, z;   /* of the place, on a sphere of radius 1 */
    double chord;     /* how far from there is near, the square of it */
} alice__match;

/* The query has to live as long. ALICE_E_INVAL: it cannot be meant (`error` says why). */
alice_status alice__match_open(alice__match *m, const alice_env *env,
                               const alice_search_query *query, alice_error *error);
void alice__match_close(alice__match *m);

/* Whether it comes behind what the query begins after. */
bool alice__match_is_behind(const alice__match *m, uint64_t id);

/* ALICE_E_CANCELLED: it was asked to stop. */
alice_status alice__match_file(alice__match *m, const alice_library_file *file, bool *out);

/* The file was told, or need not be. */
void alice__match_done(alice__match *m, uint64_t id);

/* Whether dates alone decide, from the first file on. */
bool alice__match_is_by_date(const alice__match *m);

#endif
