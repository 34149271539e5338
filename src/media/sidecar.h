/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_SIDECAR_H
#define ALICE_MEDIA_SIDECAR_H

/* The date that a sidecar has: XMP as RAW developers write it, JSON as Takeout does. */

#include "media/parse.h"

/* The sidecars of a file, one after the other. */
typedef struct alice__sidecars {
    /* ALICE_E_END: there are no more. What was opened is closed by the next call. */
    alice_status (*next)(void *ctx, alice__input *out);
    void *ctx;
} alice__sidecars;

/*
 * Take the date of the first of them that has a real one. Nothing else of them is believed: a
 * sidecar may be of another's. What kept one from being read, for want of memory or because
 * the run is to stop.
 */
alice_status alice__sidecar_date(const alice__parse *parse, const alice__sidecars *sidecars);

#endif
