/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_ANALYZE_H
#define ALICE_MEDIA_ANALYZE_H

/*
 * The analyzer: everything one file needs while it is read, made once and used
 * again for the next. One per thread; organize pools them.
 */

#include "media/facts.h"
#include "media/sidecar.h"

typedef struct alice__analyzer alice__analyzer;

/* Raised whenever more files are told as media: what an older reader took for none is looked
   at again. */
enum { ALICE__READER = 1 };

/* What the file system knows of the file. */
typedef struct alice__file_facts {
    const char *name;    /* last path component */
    const char *folders; /* path below the inbox without the name, "" at its top; may be NULL */
    int64_t mtime_s;
    int mtime_zone_minutes;
    int64_t now_s;
    int (*zone_at)(int64_t unix_s); /* see alice__facts */
    alice_status (*zone_file)(const char *zone, void *to, size_t n, size_t *got); /* too */
    const char *const *date_patterns;                                             /* the same */
    const alice__sidecars *sidecars; /* NULL: they are not asked */
    bool all_dates; /* sidecars are read also where the file itself has a better date */
} alice__file_facts;

/* What a file is by its first bytes; ALICE_MEDIA_NONE: no medium. */
alice_media_type alice__sniff(alice_bytes head, uint64_t file_size);

/* Takes about 200 KB from env, and up to 128 KB more while it reads. `text_bytes`: room for the
 * texts of one file. */
alice_status alice__analyzer_open(alice__analyzer **out, const alice_env *env,
                                  size_t text_bytes);
void alice__analyzer_close(alice__analyzer **a);

/*
 * Asked while a file is read, some thousand times a second, by whichever thread
 * reads: then ALICE_E_CANCELLED. NULL: never.
 */
void alice__analyzer_stop(alice__analyzer *a, bool (*should_stop)(void *ctx), void *ctx);

/*
 * Read one file. Always fills `info`; info->type is ALICE_MEDIA_NONE for what
 * is not media. ALICE_OK also for damaged media (info->status says so); else
 * what kept it from being read at all: ALICE_E_IO from fetch, ALICE_E_BUDGET,
 * ALICE_E_CANCELLED.
 */
alice_status alice__analyzer_read(alice__analyzer *a, const alice__input *in,
                                  const alice__file_facts *file, alice_media_info *info);

#endif
