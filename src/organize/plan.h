/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_PLAN_H
#define ALICE_ORGANIZE_PLAN_H

/*
 * The plan: from what is known of a file to the path it gets. Pure: no system
 * call, no clock, no memory beyond the caller's buffers. The same facts give
 * the same path.
 */

#include <alice/media.h>

enum {
    ALICE__PROJECT_MAX = 120, /* bytes of a project's folder name, with its NUL */
    ALICE__SOURCE_MAX = 80,   /* of a source's */
    ALICE__DEST_MAX = 640     /* of a path below organized */
};

/*
 * Make one path component out of `text`: separators, control characters (also
 * Unicode's), bytes that are no UTF-8 and the characters that FAT and SMB refuse
 * become '_'; leading dots and blanks and trailing ones go; Unicode stays; cut
 * between characters to fit `size`. Empty results are "_". Answers its length.
 */
size_t alice__safe_component(const char *text, size_t n, char *out, size_t size);

/* The project of a file: the first folder of its path below the inbox, made safe, or
 * "uncategorized", where a device or a program named it so, or `more` (or NULL; NULL at its
 * end) does. */
void alice__plan_project(const char *folders, const char *const *more, char *out, size_t size);

/* Whether an export calls the folder of its albums so, in one of its languages. */
bool alice__is_google_photos(const char *folder);

/* The extension of a name, without its dot, or NULL: what follows the last dot, up to 10
 * letters and digits. */
const char *alice__plan_extension(const char *name);

typedef struct alice__plan {
    alice_date date;
    const char *undated; /* the folder of what has none; NULL: "undated" */
    const char *project; /* safe */
    const char *source;  /* safe */
    uint64_t number;
    const char *name; /* the file's own name: its extension, and its stem for keep_names */
    alice_media_type type;
    bool keep_name;
    /* For layouts other than the usual one; NULL or "": absent. */
    const char *camera, *model, *seed, *album, *hash;
} alice__plan;

/*
 * "<YYYY-MM-DD, YYYY-MM, YYYY or undated>/<project>/<source>/<project>-<NNNNN>.<ext>", and with
 * keep_name
 * "<project>-<NNNNN>-<stem>.<ext>". The extension is the file's own; a file
 * without one gets its type's usual one. ALICE_E_TOOBIG where `size` is too small.
 */
alice_status alice__plan_path(const alice__plan *plan, char *out, size_t size);

#endif
