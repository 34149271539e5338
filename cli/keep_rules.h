/* SPDX-License-Identifier: MIT */
#ifndef CLI_KEEP_RULES_H
#define CLI_KEEP_RULES_H

/* Which file of a group is to be kept, as a person says it: "under:DIR,oldest". */

#include <limits.h>

#include <alice/duplicates.h>

enum { KEEP_RULES_MOST = 8 };

typedef struct keep_rules {
    alice_keep_rule rule[KEEP_RULES_MOST];
    size_t count;
    char text[4096]; /* which they point into */
    char under[KEEP_RULES_MOST][2 * PATH_MAX];
} keep_rules;

/* Read them; `pictures`: also those that look at pictures. A folder of "under:" has to be one
 * of `paths`, in one, or to hold one. The exit status, told where it is none of CLI_DONE. */
int keep_rules_read(keep_rules *k, const char *text, bool pictures, const char *const *paths,
                    size_t path_count);

#endif
