/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_FACTS_H
#define ALICE_MEDIA_FACTS_H

/*
 * Where facts go. The other end of every parser, where bytes come from, is input.h.
 *
 *     bytes ──▶ input ──▶ parser (formats/) ──────────────▶ facts ──▶ alice_media_info
 *                            │                                ▲
 *                            ├─▶ blocks/ ── dates, texts ─────┤
 *                            └─▶ evidence/ ── who, prompt ────┘
 *
 * Parsers say what they found in the order in which they find it; facts.c alone
 * decides: for dates the chain's order, for texts the first that is not empty
 * unless a better rank replaces it, for the generator the strongest evidence.
 *
 * No parser keeps anything of a file but through here, so the memory for one
 * file is that of one alice__facts, however big the file is.
 */

#include <alice/media.h>
#include "media/input.h"

/* How strong a proof of a generator is: the stronger replaces the weaker. */
typedef enum alice__proof {
    ALICE__PROOF_NONE = 0,
    ALICE__PROOF_NAME,     /* the file's name looks like it */
    ALICE__PROOF_DECLARED, /* "synthetic", by no one in particular */
    ALICE__PROOF_SOFTWARE, /* a software, make or credit field names it */
    ALICE__PROOF_MANIFEST, /* C2PA: a claim generator that makes pictures */
    ALICE__PROOF_TEXT,     /* its own parameters text */
    ALICE__PROOF_GRAPH     /* its own graph (ComfyUI) */
} alice__proof;

typedef struct alice__facts {
    alice_media_info *info; /* what is being filled; the caller's */
    char *arena;            /* the texts of it */
    size_t arena_size, arena_used;
    int64_t latest_day; /* days since 1970-01-01 of tomorrow: later dates are rejected */
    uint32_t film_s;    /* how long a film runs; 0: unknown. Some date it by its end */
    /* Minutes east of UTC, at a moment, of a clock of which nothing tells; NULL: UTC's. */
    int (*zone_at)(int64_t unix_s);
    /* The first bytes of the system's file of a zone; `*got` 0: it has none. NULL: no zone is
     * told by a position. */
    alice_status (*zone_file)(const char *zone, void *to, size_t n, size_t *got);
    bool placed; /* where it was taken is known, in units of ALICE__DEGREE: */
    int32_t latitude, longitude;
    const char *const *date_patterns; /* of names, the first that fits; NULL at the end; NULL */
    bool name_is_local; /* the name's date is of the clock on the wall where it was taken */
    alice__proof proof;
    uint8_t fact_rank[ALICE_FACT_COUNT];
    bool synthetic;    /* declared trainedAlgorithmicMedia */
    bool composite;    /* declared compositeWithTrainedAlgorithmicMedia */
    bool camera_claim; /* the content credentials are a camera's own */
    /*
     * Memory for a block was refused, or the file of a zone could not be read, so that a
     * better date may stand unread. Reading the file again may go better.
     */
    alice_status denied;
    bool damaged;                                /* alice__facts_damaged() was told */
    const char *synthetic_from, *composite_from; /* static text */

    /*
     * Memory that alice__evidence() works in while it reads one text, lent by
     * the analyzer; NULL: it makes do with a little of the stack, which holds
     * small graphs only.
     */
    void *workspace;
    size_t workspace_size;

    /* The video of a motion photo as XMP tells it: bytes before the end of the file; 0: none.
     */
    uint64_t motion_length, motion_padding;
    const char *motion_from;

    alice__work work; /* done for this file so far */
} alice__facts;

/* Start on a new file: clears info, forgets the texts and the workspace. `now_s`: wall time,
 * UTC. */
void alice__facts_begin(alice__facts *f, alice_media_info *info, char *arena, size_t arena_size,
                        int64_t now_s);

/*
 * The day (since 1970-01-01) of the best date that was refused because it lies in the
 * future, where it would have been the file's date; 0: no decision rested on the clock.
 */
int64_t alice__refused_day(const alice_media_info *info);

/*
 * A date as text: EXIF "YYYY:MM:DD HH:MM:SS" (also with a fraction, a zone, any
 * separators), ISO 8601, RFC 1123, IPTC "YYYYMMDD", IDIT "Mon Mar 10 15:04:43
 * 2008". What is no real date between 1900 and tomorrow is kept as rejected with
 * its reason; the first real one of a source stays.
 */
void alice__facts_date_text(alice__facts *f, alice_date_source source, const char *text,
                            size_t n);

/* A zone that stands in a field of its own ("+02:00") for a date already told that has none. */
void alice__facts_zone_text(alice__facts *f, alice_date_source source, const char *text,
                            size_t n);

/* Seconds since 1970-01-01 UTC; `raw` is how it stood (for info), or NULL. The date is UTC's
 * unless another one tells the zone. */
void alice__facts_date_unix(alice__facts *f, alice_date_source source, int64_t seconds,
                            const char *raw);

/*
 * A text of any encoding-damage: trimmed of blanks, ended by a NUL, made valid
 * UTF-8 (Latin-1 where it is not), controls blanked, cut at its share of the
 * arena (a prompt a half, a negative prompt a quarter, others a 32nd). The first
 * stays unless `rank` is higher. `from` is static text, such as "exif:Make".
 * `text` may not lie in the arena.
 */
typedef enum alice__rank {
    ALICE__RANK_TEXT = 1,  /* a comment or text chunk */
    ALICE__RANK_XMP,       /* XMP or IPTC: often written by the last program */
    ALICE__RANK_CONTAINER, /* the container's own field (QuickTime, Matroska, RIFF) */
    ALICE__RANK_EXIF       /* EXIF */
} alice__rank;
void alice__facts_text(alice__facts *f, alice_fact which, unsigned rank, const char *from,
                       const char *text, size_t n);

/* Ranks of AI facts: where several places tell of one picture, the better one counts. */
typedef enum alice__ai_rank {
    ALICE__AI_LOOSE = 1,  /* a description that is a prompt only if the generator is known */
    ALICE__AI_FIELD,      /* a field of its own */
    ALICE__AI_PARAMETERS, /* a parameters text */
    ALICE__AI_WORKFLOW,   /* the graph as it was drawn */
    ALICE__AI_GRAPH       /* the graph as it was run */
} alice__ai_rank;

/* Of the main picture, as it is stored. The first stays; 0 tells nothing. */
void alice__facts_size(alice__facts *f, uint64_t width, uint64_t height);

/* Evidence of a generator. `from` is static text. Of equal proof the first stays. */
void alice__facts_generator(alice__facts *f, alice_generator g, alice__proof proof,
                            const char *from);

/* XMP/IPTC/C2PA digitalSourceType, the last path segment of its URI decides. */
void alice__facts_source_type(alice__facts *f, const char *uri, size_t n, const char *from);

/* Seconds since 1970 of the clock on the wall: no zone is known. */
void alice__facts_date_clock(alice__facts *f, alice_date_source source, int64_t seconds);

/* Where it was taken, in units of ALICE__DEGREE north and east. The first stays; 0,0 is what
 * writers leave that know none. */
void alice__facts_position(alice__facts *f, int32_t latitude, int32_t longitude);

/* Damage that does not stop the reading: the first is kept in info->reason. */
void alice__facts_warn(alice__facts *f, const char *format, ...) ALICE_PRINTF(2, 3);

/*
 * Damage in words: the file is cut short, or its structure points outside. What was read
 * stands, and the reading goes on; its outcome is ALICE_E_DAMAGED. The first damage is kept
 * in info->reason, before any warning.
 */
void alice__facts_damaged(alice__facts *f, const char *format, ...) ALICE_PRINTF(2, 3);

/* The end: find zones, choose the date, settle generator against camera. */
void alice__facts_end(alice__facts *f);

#endif
