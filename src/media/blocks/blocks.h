/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BLOCKS_H
#define ALICE_MEDIA_BLOCKS_H

/* Blocks of metadata that several containers carry; they know nothing of those. */

#include "media/parse.h"

/* A whole TIFF/EXIF block in memory (after "Exif\0\0"). */
void alice__exif_block(alice__facts *f, alice_bytes block);
/*
 * The same where it lies in the input, with offsets from its own start (HEIF, CR3,
 * RAF, …): for blocks of any size. Values are fetched into the parse's scratch.
 */
alice_status alice__exif_range(alice__parse *parse, uint64_t offset, uint64_t size);
/* A whole IPTC-IIM block (the content of Photoshop resource 0x0404). */
void alice__iptc_block(alice__facts *f, alice_bytes block);
/* Photoshop image resources (APP13, TIFF 34377): finds the IPTC block. */
void alice__photoshop_block(alice__facts *f, alice_bytes block);
/* Whether four bytes begin a Photoshop resource. */
bool alice__photoshop_signs(const uint8_t *p);
/* An XMP packet of any length and encoding, streamed. `env` pays the XML parser. */
void alice__xmp(alice__facts *f, const alice_env *env, alice__text_stream *packet);
/* A JUMBF superbox stream (C2PA manifest store). */
void alice__c2pa(alice__facts *f, const alice_env *env, const alice__span_reader *jumbf);

#endif
