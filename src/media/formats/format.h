/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_FORMAT_H
#define ALICE_MEDIA_FORMAT_H

/*
 * A format is one file here and one line in ../meson.build, which puts
 * alice__format_<name> into the table.
 */

#include "media/format_list.h"
#include "media/parse.h"

typedef struct alice__format {
    const char *name;
    /* The type of what `head` begins, or ALICE_MEDIA_NONE. May refine later in read(). */
    alice_media_type (*sniff)(alice_bytes head, uint64_t file_size);
    /* Fill the facts; ALICE_OK, or what stopped it (facts so far stay). May set info->type. */
    alice_status (*read)(alice__parse *parse);
} alice__format;

#define ALICE__FORMAT_EXTERN(name) extern const alice__format alice__format_##name;
ALICE__FORMATS(ALICE__FORMAT_EXTERN)
#undef ALICE__FORMAT_EXTERN

#endif
