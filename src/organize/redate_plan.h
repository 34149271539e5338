/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_REDATE_PLAN_H
#define ALICE_ORGANIZE_REDATE_PLAN_H

/* Where a file that is organized already goes by the layout that is given now; and who goes
 * with it. Nothing is moved here. */

#include "organize/run.h"

/* Bytes of a path below organized that a group of the usual layout shares:
 * "<day>/<project>/<source>/<project>-<n>". 0: it has another form, that of another layout or
 * of somebody's own. */
size_t alice__redate_shared(const char *dest);

/* Bytes of the path without its extension: what those that follow this one begin with. */
size_t alice__redate_stem(const char *dest);

/*
 * What the placed file `id` of another layout shares with those that belong to it: of all of
 * them the same, and another's never. ALICE_OK; fails as the catalog does.
 */
alice_status alice__redate_group(alice_organizer *o, int64_t id, const char *dest,
                                 alice__hash *key);

/* A placed file that leads its group, as far as it was read. */
typedef struct alice__replan {
    alice_organizer *o;
    const alice_media_info *info; /* its date is the one that counts */
    const char *dest;             /* where it stands */
    const char *folders, *name;   /* where it came from */
    const char *album;            /* that it was noted for; empty: none */
    const char *stems;            /* the counters in which the stems of this run are */
} alice__replan;

/* Counters of a run that takes files to a layout begin so; they go when it is over. */
#define ALICE__REDATE_STEMS "//"

/* A placed file of another layout stands at `dest`: none that leads gets its stem. */
alice_status alice__redate_stands(alice_organizer *o, const char *stems, const char *dest);

/* Its path by the organizer's layout, which is `dest` where it stands right. A number that its
 * name shows stays its number. */
alice_status alice__redate_path(const alice__replan *p, char to[ALICE__DEST_MAX]);

#endif
