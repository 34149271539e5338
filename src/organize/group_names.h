/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_GROUP_NAMES_H
#define ALICE_ORGANIZE_GROUP_NAMES_H

/*
 * Files of one folder that belong together, as far as their names tell. Pure.
 *
 * A file *follows* another: a sidecar its picture ("a.jpg.xmp", "a.xmp", "a.AAE",
 * "a.jpg.supplemental-metadata.json" and what is left of that where it was cut), an
 * edited copy the original ("a-edited.jpg", "IMG_E1234.JPG"). A *pair* has one stem and
 * two sorts: RAW and JPEG, picture and film.
 */

#include <stdbool.h>
#include <stddef.h>

enum { ALICE__GROUP_NAME = 256 }; /* longest name that is looked at, with its NUL */

/*
 * Whether a file of this name has its place only beside another: those are decided after
 * the other files of their folder, media (1) before sidecars (2), which may be theirs. 0: no.
 */
unsigned alice__group_follows(const char *name);
/* The same, and 1 for the film "a(2).MOV", which may be that of "a.HEIC". */
unsigned alice__group_comes_later(const char *name);
/* Who leads among files of one stem, whatever the case of their extensions: 0 the picture, 1
 * its RAW, 2 its film. */
unsigned alice__group_rank(const char *name);

typedef enum alice__bond {
    ALICE__BOND_NONE,
    ALICE__BOND_NAME,  /* the name alone says it */
    ALICE__BOND_SHOTS, /* picture and film: only where their content agrees as well */
} alice__bond;

/*
 * Whether `name` belongs to `leader`, another name of its folder; then `suffix` (of
 * ALICE__GROUP_NAME bytes) is what it has behind the stem of the leader: "a-edited.jpg" has
 * "-edited.jpg" behind that of "a.jpg".
 */
alice__bond alice__group_bond(const char *name, const char *leader, char *suffix);

/*
 * The i-th name that a sidecar with a date may have, beside the medium `name`: XMP, and
 * Takeout's JSON, also that of the original of an edited copy. `out` (of ALICE__GROUP_NAME
 * bytes) is empty where the i-th form says nothing new. False: there are no more.
 */
bool alice__group_sidecar(const char *name, unsigned i, char *out);

/*
 * Where the names of leaders and partners of `name` stand in byte order: the i-th range
 * [from, to), both of ALICE__GROUP_NAME bytes. False: no more ranges.
 */
bool alice__group_range(const char *name, unsigned i, char *from, char *to);

/* As alice__group_range(): where names stand that follow `name` and are in none of its ranges.
 */
bool alice__group_followers(const char *name, unsigned i, char *from, char *to);

#endif
