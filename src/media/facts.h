/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_FACTS_H
#define ALICE_MEDIA_FACTS_H

/*
 * The two ends every parser has: where bytes come from (alice__input) and where
 * facts go (alice__facts).
 *
 *     bytes ──▶ input ──▶ parser (jpeg, png, bmff, …) ──▶ facts ──▶ alice_media_info
 *                            │                              ▲
 *                            ├─▶ exif, iptc, xmp, c2pa ─────┤ dates, texts
 *                            └─▶ evidence texts ─▶ source ──┘ generator, prompt
 *
 * Parsers say what they found in the order in which they find it; facts.c alone
 * decides: for dates the chain's order, for texts the first that is not empty
 * unless a better rank replaces it, for the generator the strongest evidence.
 *
 * No parser keeps anything of a file but through here, so the memory for one
 * file is that of one alice__facts, however big the file is.
 */

#include <alice/media.h>

#include "base/cursor.h"
#include "media/work.h"

/* ---- where bytes come from ---- */

typedef struct alice__input {
    uint64_t size;    /* of the whole file */
    alice_bytes head; /* its first bytes, already read (64 KB, or all of it) */

    /* Read up to `n` bytes at `offset`; `*got` is less only at the end of the file. */
    alice_status (*fetch)(void *ctx, uint64_t offset, void *to, size_t n, size_t *got);
    void *ctx;
    bool ahead;        /* fetch() is served from what was read ahead (near.h) */
    alice__work *work; /* counts what is fetched; NULL: nobody does */
} alice__input;

/*
 * Borrow `n` bytes at `offset`: out of the head where they lie in it, else
 * fetched into `scratch` (at least `n` bytes). NULL: they are not all there
 * (or reading failed, which `*status` then says; it is left alone otherwise).
 */
const uint8_t *alice__input_at(const alice__input *in, uint64_t offset, size_t n, void *scratch,
                               alice_status *status);

/*
 * A pull stream of text: the next window of bytes, borrowed until the next
 * call; empty at the end. For texts that may be longer than memory is wide:
 * inflated chunks, tag values of a video.
 */
typedef struct alice__text_stream {
    alice_status (*next)(struct alice__text_stream *s, alice_bytes *window);
    void *ctx;
} alice__text_stream;

/* A stream over bytes that are in memory. `state` holds its position. */
typedef struct alice__text_memory {
    alice__text_stream stream;
    alice_bytes rest;
} alice__text_memory;
alice__text_stream *alice__text_of(alice__text_memory *m, alice_bytes all);

/*
 * A stream over bytes `[offset, offset + n)` of the input, or what is there of
 * them. Fetched pieces go through `window` (of `room` bytes, 1 KB or more),
 * which belongs to the stream until it ends. `status` says what stopped it.
 */
typedef struct alice__text_range {
    alice__text_stream stream;
    const alice__input *in;
    uint64_t at, end;
    void *window;
    size_t room;
    alice_status status;
} alice__text_range;
alice__text_stream *alice__text_in(alice__text_range *r, const alice__input *in,
                                   uint64_t offset, uint64_t n, void *window, size_t room);

/* An input over bytes that are in memory: all of it is head. Lives as long as they. */
alice__input alice__input_of(alice_bytes all);

/* ---- where facts go ---- */

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
    alice__proof proof;
    uint8_t fact_rank[ALICE_FACT_COUNT];
    bool synthetic;    /* declared trainedAlgorithmicMedia */
    bool composite;    /* declared compositeWithTrainedAlgorithmicMedia */
    bool camera_claim; /* the content credentials are a camera's own */
    /*
     * ALICE_E_NOMEM or ALICE_E_BUDGET: memory for a block was refused, so that a
     * better date may stand unread. Reading the file again may go better.
     */
    alice_status denied;
    const char *synthetic_from, *composite_from; /* static text */

    /*
     * Memory that alice__evidence() works in while it reads one text, lent by
     * the analyzer; NULL: it makes do with a little of the stack, which holds
     * small graphs only.
     */
    void *desk;
    size_t desk_size;

    /* The video of a motion photo as XMP tells it: bytes before the end of the file; 0: none.
     */
    uint64_t motion_length, motion_padding;
    const char *motion_from;

    alice__work work; /* done for this file so far */
} alice__facts;

/* Start on a new file: clears info, forgets the texts and the desk. `now_s`: wall time, UTC. */
void alice__facts_begin(alice__facts *f, alice_media_info *info, char *arena, size_t arena_size,
                        int64_t now_s);

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

/* Seconds since 1970-01-01 UTC; `raw` is how it stood (for info), or NULL. The date is UTC's.
 */
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

/* Of the main picture, as it is stored. The first stays; 0 tells nothing. */
void alice__facts_size(alice__facts *f, uint64_t width, uint64_t height);

/* Evidence of a generator. `from` is static text. Of equal proof the first stays. */
void alice__facts_generator(alice__facts *f, alice_generator g, alice__proof proof,
                            const char *from);

/* XMP/IPTC/C2PA digitalSourceType, the last path segment of its URI decides. */
void alice__facts_source_type(alice__facts *f, const char *uri, size_t n, const char *from);

/* Damage that does not stop the reading: the first is kept in info->reason. */
void alice__facts_warn(alice__facts *f, const char *format, ...) ALICE_PRINTF(2, 3);

/* The end: choose the date, settle generator against camera. */
void alice__facts_end(alice__facts *f);

/* ---- evidence texts (source.c) ---- */

/* Where an evidence text stood; names the `generator_source` prefix. */
typedef enum alice__where {
    ALICE__IN_PNG,
    ALICE__IN_EXIF,
    ALICE__IN_XMP,
    ALICE__IN_IPTC,
    ALICE__IN_C2PA,
    ALICE__IN_MP4,
    ALICE__IN_MATROSKA,
    ALICE__IN_JPEG,
    ALICE__IN_WEBP,
    ALICE__IN_GIF,
    ALICE__IN_RIFF
} alice__where;

/*
 * A keyed text that may prove a generator or carry its prompt: PNG
 * `parameters`, `prompt`, `workflow`, `Description`, `Software`, `Comment`,
 * `Dream`, `sd-metadata`, `invokeai_metadata`, `fooocus_scheme`,
 * `sui_image_params`; EXIF UserComment, ImageDescription, Make, Model,
 * Software, Artist; XMP CreatorTool, Credit, …; MP4 comment, ©too; Matroska
 * COMMENT, PROMPT, WORKFLOW; C2PA claim_generator. Any key may be told: the
 * unknown ones cost nothing. Reads `text` at most to its end, in constant memory.
 * `info->make` and the like are not set here, only generator and AI facts.
 */
void alice__evidence(alice__facts *f, alice__where where, const char *key,
                     alice__text_stream *text);

/* The same for a text in memory. */
void alice__evidence_text(alice__facts *f, alice__where where, const char *key,
                          const char *text, size_t n);

/* Whether a key is one that alice__evidence() looks at: spares inflating others. */
bool alice__evidence_wanted(alice__where where, const char *key);

/* ---- what the name, the folder and the file system say (names.c) ---- */

/* `name` is the file's name, `folders` its path below the inbox, `mtime_s` its modification
 * time. */
void alice__facts_from_name(alice__facts *f, const char *name);
void alice__facts_from_folders(alice__facts *f, const char *folders);
/* `zone_minutes`: of the local zone at that time. */
void alice__facts_from_mtime(alice__facts *f, int64_t mtime_s, int zone_minutes);

/* ---- metadata blocks, used by several containers ---- */

/* A whole TIFF/EXIF block in memory (after "Exif\0\0"). */
void alice__exif_block(alice__facts *f, alice_bytes block);
/*
 * The same where it lies in the input, with offsets from its own start (HEIF, CR3,
 * RAF, …): for blocks of any size. Values are fetched into the lab's scratch.
 */
typedef struct alice__lab alice__lab;
alice_status alice__exif_range(alice__lab *lab, uint64_t offset, uint64_t size);
/* A whole IPTC-IIM block (the content of Photoshop resource 0x0404). */
void alice__iptc_block(alice__facts *f, alice_bytes block);
/* Photoshop image resources (APP13, TIFF 34377): finds the IPTC block. */
void alice__photoshop_block(alice__facts *f, alice_bytes block);
/* An XMP packet of any length and encoding, streamed. `env` pays the XML parser. */
void alice__xmp(alice__facts *f, const alice_env *env, alice__text_stream *packet);
/* A JUMBF superbox stream (C2PA manifest store), of `in`'s bytes [offset, offset + size). */
typedef struct alice__span_reader {
    alice_status (*read)(void *ctx, uint64_t offset, void *to, size_t n, size_t *got);
    void *ctx;
    uint64_t size;
} alice__span_reader;
/* A reader of bytes [offset, offset + n) of an input, where they lie in one piece. */
typedef struct alice__span_range {
    alice__span_reader reader;
    const alice__input *in;
    uint64_t offset;
} alice__span_range;
const alice__span_reader *alice__span_in(alice__span_range *r, const alice__input *in,
                                         uint64_t offset, uint64_t n);
void alice__c2pa(alice__facts *f, const alice_env *env, const alice__span_reader *jumbf);

/* ---- the formats ---- */

/* What a format reader works with besides: memory of the analyzer, lent for one file. */
struct alice__lab {
    alice_env env;    /* pays for inflate, XML and brotli state */
    uint8_t *scratch; /* ALICE__SCRATCH bytes for fetched ranges */
    const alice__input *in;
    alice__facts *facts;
};
enum { ALICE__SCRATCH = 65536 };

typedef struct alice__format {
    const char *name;
    /* The type of what `head` begins, or ALICE_MEDIA_NONE. May refine later in read(). */
    alice_media_type (*sniff)(alice_bytes head, uint64_t file_size);
    /* Fill the facts; ALICE_OK, or what stopped it (facts so far stay). May set info->type. */
    alice_status (*read)(alice__lab *lab);
} alice__format;

/* Where the video of a motion photo stands, once the file was read (motion.c). */
void alice__motion(alice__lab *lab);

extern const alice__format alice__format_jpeg; /* jpeg.c */
extern const alice__format alice__format_png;  /* png.c */
extern const alice__format alice__format_gif;  /* gif.c */
extern const alice__format alice__format_webp; /* webp.c */
extern const alice__format alice__format_tiff; /* tiff.c: TIFF and the RAWs made of it */
extern const alice__format alice__format_raf;  /* raf.c */
extern const alice__format alice__format_bmff; /* bmff.c: HEIF, AVIF, CR3, MP4, MOV, M4V, 3GP */
extern const alice__format alice__format_jxl;  /* jxl.c: codestream and container */
extern const alice__format alice__format_avi;  /* avi.c */
extern const alice__format alice__format_matroska; /* matroska.c: MKV, WebM */

#endif
