/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_EVIDENCE_H
#define ALICE_MEDIA_EVIDENCE_H

/* Texts that may prove a generator or carry its prompt (fields.c). */

#include "media/facts.h"

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

#endif
