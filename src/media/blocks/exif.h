/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_EXIF_H
#define ALICE_MEDIA_EXIF_H

/*
 * The EXIF tags of a TIFF structure, entry by entry: for exif.c itself and for
 * tiff.c, which looks at the same entries for more.
 */

#include "media/blocks/ifd.h"

typedef struct alice__exif {
    alice__facts *facts;
    /* Zones, which may stand before their dates: told at the end. */
    char zone[3][8];
    uint8_t zone_n[3];
    /* GPS: its day as text, its time in seconds of the day, UTC. */
    char gps_day[11];
    uint8_t gps_day_n;
    bool gps_timed;
    int64_t gps_time;
    /* Its position: latitude, longitude, in units of ALICE__DEGREE; -1 west and south, 1 the
     * others, 0 untold. */
    int32_t gps_degrees[2];
    int8_t gps_side[2];
    bool gps_placed[2];
} alice__exif;

/* One entry; a callback of alice__ifd_walk with an alice__exif as its context. */
void alice__exif_seen(alice__ifd *t, const alice__ifd_entry *e, void *exif);
/* After the walk. */
void alice__exif_end(alice__exif *x);

#endif
