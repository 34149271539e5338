/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_H
#define ALICE_MEDIA_H

/**
 * @file media.h
 * What a media file says about itself: type, size, capture date with its
 * provenance, camera, generator and prompt. Read with constant memory whatever
 * the file claims.
 */

#include <alice/env.h>
#include <alice/generators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** X(enumerator, name as shown, usual extension, class). The order is pinned: the catalog
 * stores the name. */
#define ALICE_MEDIA_LIST(X)                                \
    X(ALICE_MEDIA_NONE, "none", "", ALICE_CLASS_NONE)      \
    X(ALICE_MEDIA_JPEG, "jpeg", "jpg", ALICE_CLASS_IMAGE)  \
    X(ALICE_MEDIA_PNG, "png", "png", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_APNG, "apng", "png", ALICE_CLASS_IMAGE)  \
    X(ALICE_MEDIA_WEBP, "webp", "webp", ALICE_CLASS_IMAGE) \
    X(ALICE_MEDIA_GIF, "gif", "gif", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_TIFF, "tiff", "tif", ALICE_CLASS_IMAGE)  \
    X(ALICE_MEDIA_DNG, "dng", "dng", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_CR2, "cr2", "cr2", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_NEF, "nef", "nef", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_ARW, "arw", "arw", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_ORF, "orf", "orf", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_RW2, "rw2", "rw2", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_PEF, "pef", "pef", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_SRW, "srw", "srw", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_CR3, "cr3", "cr3", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_RAF, "raf", "raf", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_HEIC, "heic", "heic", ALICE_CLASS_IMAGE) \
    X(ALICE_MEDIA_HEIF, "heif", "heif", ALICE_CLASS_IMAGE) \
    X(ALICE_MEDIA_AVIF, "avif", "avif", ALICE_CLASS_IMAGE) \
    X(ALICE_MEDIA_JXL, "jxl", "jxl", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_MP4, "mp4", "mp4", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_MOV, "mov", "mov", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_M4V, "m4v", "m4v", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_3GP, "3gp", "3gp", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_AVI, "avi", "avi", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_MKV, "mkv", "mkv", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_WEBM, "webm", "webm", ALICE_CLASS_VIDEO) \
    X(ALICE_MEDIA_BMP, "bmp", "bmp", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_PSD, "psd", "psd", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_JP2, "jp2", "jp2", ALICE_CLASS_IMAGE)    \
    X(ALICE_MEDIA_CRW, "crw", "crw", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_MRW, "mrw", "mrw", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_RAW, "raw", "raw", ALICE_CLASS_RAW)      \
    X(ALICE_MEDIA_MTS, "mts", "mts", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_MPG, "mpg", "mpg", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_WMV, "wmv", "wmv", ALICE_CLASS_VIDEO)    \
    X(ALICE_MEDIA_FLV, "flv", "flv", ALICE_CLASS_VIDEO)

/** Kinds of media. */
typedef enum alice_media_class {
    ALICE_CLASS_NONE,
    ALICE_CLASS_IMAGE,
    ALICE_CLASS_RAW,
    ALICE_CLASS_VIDEO
} alice_media_class;

/** Types of files, as ALICE_MEDIA_LIST names them. */
typedef enum alice_media_type {
#define ALICE_MEDIA_ENUM(id, name, ext, cls) id,
    ALICE_MEDIA_LIST(ALICE_MEDIA_ENUM)
#undef ALICE_MEDIA_ENUM
        ALICE_MEDIA_COUNT
} alice_media_type;

/** Its name: "jpeg", … Static text. */
ALICE_API const char *alice_media_name(alice_media_type type);

/** The extension that it usually has: "jpg", … Static text. */
ALICE_API const char *alice_media_extension(alice_media_type type);

/** What kind of media a type is. */
ALICE_API alice_media_class alice_media_class_of(alice_media_type type);

/** Where a date can come from, best first: the order is the chain of precedence. X(enumerator,
 * name). */
#define ALICE_DATE_SOURCE_LIST(X)                          \
    X(ALICE_DATE_EXIF_ORIGINAL, "exif:DateTimeOriginal")   \
    X(ALICE_DATE_EXIF_DIGITIZED, "exif:DateTimeDigitized") \
    X(ALICE_DATE_XMP_ORIGINAL, "xmp:DateTimeOriginal")     \
    X(ALICE_DATE_XMP_CREATED, "xmp:DateCreated")           \
    X(ALICE_DATE_XMP_CREATE, "xmp:CreateDate")             \
    X(ALICE_DATE_IPTC_CREATED, "iptc:DateCreated")         \
    X(ALICE_DATE_QUICKTIME, "quicktime:creationdate")      \
    X(ALICE_DATE_MVHD, "quicktime:mvhd")                   \
    X(ALICE_DATE_MATROSKA, "matroska:DateUTC")             \
    X(ALICE_DATE_RIFF, "riff:IDIT")                        \
    X(ALICE_DATE_MDPM, "h264:MDPM")                        \
    X(ALICE_DATE_CIFF, "ciff:TimeStamp")                   \
    X(ALICE_DATE_X3F, "x3f:TIME")                          \
    X(ALICE_DATE_KYOCERA, "kyocera:DateTimeOriginal")      \
    X(ALICE_DATE_ASF, "asf:CreationDate")                  \
    X(ALICE_DATE_FLV, "flv:creationdate")                  \
    X(ALICE_DATE_PNG, "png:CreationTime")                  \
    X(ALICE_DATE_SIDECAR, "sidecar")                       \
    X(ALICE_DATE_GPS, "exif:GPSDateTime")                  \
    X(ALICE_DATE_EXIF_MODIFIED, "exif:DateTime")           \
    X(ALICE_DATE_NAME, "name")                             \
    X(ALICE_DATE_FOLDER, "folder")                         \
    X(ALICE_DATE_MTIME, "mtime")

/** Where a date came from, as ALICE_DATE_SOURCE_LIST names it. */
typedef enum alice_date_source {
#define ALICE_DATE_SOURCE_ENUM(id, name) id,
    ALICE_DATE_SOURCE_LIST(ALICE_DATE_SOURCE_ENUM)
#undef ALICE_DATE_SOURCE_ENUM
        ALICE_DATE_SOURCE_COUNT,
    ALICE_DATE_NOWHERE = ALICE_DATE_SOURCE_COUNT
} alice_date_source;

/**
 * Whether a pattern of names that say a date can be used. It is a whole name without its
 * extension, whatever its case, in which %Y (four digits), %y (two), %m, %b (Jan, Feb, …), %d,
 * %H, %M and %S stand for the date, "*" for any text, "?" for one character and "%%" for "%":
 * "Scan_%d.%m.%Y_*". ALICE_E_INVAL: what is wrong with it stands in `error`.
 */
ALICE_API alice_status alice_date_pattern_check(const char *pattern, alice_error *error);

/** Its name: "exif:DateTimeOriginal", … Static text. */
ALICE_API const char *alice_date_source_name(alice_date_source source);

/** A calendar date, as far as it is known, with the time and zone where they are. `year` 0: no
 * date. */
typedef struct alice_date {
    int16_t year;         /**< 1900 on; 0: no date */
    uint8_t month;        /**< 1 to 12; 0: only the year is known */
    uint8_t day;          /**< 1 to 31; 0: only the year and the month are known */
    uint8_t hour;         /**< 0 to 23 */
    uint8_t minute;       /**< 0 to 59 */
    uint8_t second;       /**< 0 to 59 */
    bool has_time;        /**< the time of day is known */
    bool has_zone;        /**< its distance from UTC is known */
    int16_t zone_minutes; /**< east of UTC */
    bool zone_assumed;    /**< a moment in UTC: where it was taken, the day may be another */
    bool zone_borrowed;   /**< and its zone is that of a near picture of its folder */
} alice_date;

/** What is known of its day, into `buf`: "2024-03-15", "2024-03" or "2024"; 16 bytes suffice.
 */
ALICE_API void alice_date_text(const alice_date *date, char *buf, size_t size);

/** How much of a date is known: "year", "month", "day" or "second". Static text. */
ALICE_API const char *alice_date_precision(const alice_date *date);

/** What became of one place where a date can stand. */
typedef enum alice_date_verdict {
    ALICE_DATE_ABSENT = 0,
    ALICE_DATE_USED,
    ALICE_DATE_OUTRANKED, /**< good, but a better place had one */
    ALICE_DATE_REJECTED   /**< not a real date; `reason` says why */
} alice_date_verdict;

/** One place where a date can stand, and what stood there. */
typedef struct alice_date_candidate {
    alice_date date;            /**< as it was read */
    alice_date_verdict verdict; /**< what became of it */
    char raw[40];               /**< as it stood, printable, cut */
    const char *reason;         /**< static text, of a rejected one */
} alice_date_candidate;

/** Generators, as ALICE_GENERATOR_LIST names them. */
typedef enum alice_generator {
#define ALICE_GENERATOR_ENUM(id, name, ...) id,
    ALICE_GENERATOR_LIST(ALICE_GENERATOR_ENUM)
#undef ALICE_GENERATOR_ENUM
        ALICE_GEN_COUNT
} alice_generator;

/** Its name: "comfyui", … Static text. */
ALICE_API const char *alice_generator_name(alice_generator generator);

/** The texts of a file that are kept. X(enumerator, key in JSON). */
#define ALICE_FACT_LIST(X)                           \
    X(ALICE_FACT_MAKE, "make")                       \
    X(ALICE_FACT_MODEL, "model")                     \
    X(ALICE_FACT_SOFTWARE, "software")               \
    X(ALICE_FACT_PROMPT, "prompt")                   \
    X(ALICE_FACT_NEGATIVE_PROMPT, "negative_prompt") \
    X(ALICE_FACT_AI_MODEL, "ai_model")               \
    X(ALICE_FACT_SEED, "seed")                       \
    X(ALICE_FACT_SAMPLER, "sampler")                 \
    X(ALICE_FACT_CONTENT_ID, "content_id")

/** Texts of a file, as ALICE_FACT_LIST names them. */
typedef enum alice_fact {
#define ALICE_FACT_ENUM(id, name) id,
    ALICE_FACT_LIST(ALICE_FACT_ENUM)
#undef ALICE_FACT_ENUM
        ALICE_FACT_COUNT
} alice_fact;

/** Its key: "make", … Static text. */
ALICE_API const char *alice_fact_name(alice_fact fact);

/**
 * All that is known about one file. Texts are UTF-8, borrowed from the
 * analyzer that filled it, and valid until it reads its next file or is closed.
 */
typedef struct alice_media_info {
    alice_media_type type; /**< by its content */
    uint32_t width;        /**< in pixels; 0: unknown */
    uint32_t height;       /**< in pixels; 0: unknown */

    alice_date date;                                     /**< when it was taken */
    alice_date_source date_source;                       /**< ALICE_DATE_NOWHERE: none */
    alice_date_candidate dates[ALICE_DATE_SOURCE_COUNT]; /**< every place, by source */

    alice_text fact[ALICE_FACT_COUNT]; /**< n 0: absent */
    const char
        *fact_from[ALICE_FACT_COUNT]; /**< where it stood, such as "exif:Make"; static text */
    bool fact_cut[ALICE_FACT_COUNT];  /**< longer in the file than what is kept */

    alice_generator generator;    /**< who made it, if it says so */
    const char *generator_source; /**< the evidence, such as "png:parameters"; static text;
                                     NULL: none */
    bool ai_edited;               /**< a camera's picture, edited with AI */
    bool screenshot;              /**< it calls itself one (EXIF UserComment) */
    const char *ai_edited_source; /**< the evidence; static text; NULL: none */

    uint64_t motion_at; /**< where the video of a motion photo begins in it; 0: it has none */
    uint64_t motion_bytes;     /**< and how long it is */
    const char *motion_source; /**< the evidence, such as "xmp:MotionPhoto"; static text */

    const char *zone_place; /**< the zone of the nearest place that is known, of dates with
                               `zone_assumed`, such as "Europe/Madrid"; static text; NULL:
                               theirs was not told by a position */

    bool placed;      /**< where it was taken is known: */
    double latitude;  /**< degrees north */
    double longitude; /**< degrees east */

    const char
        *extension_note; /**< static text where name and content disagree; NULL: they agree */

    alice_status
        status; /**< ALICE_OK, or what stopped the reading; what stands above is still true */
    char reason[160]; /**< in words, when status is not ALICE_OK or there is a warning */
} alice_media_info;

#ifdef __cplusplus
}
#endif
#endif
