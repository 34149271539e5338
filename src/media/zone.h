/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_ZONE_H
#define ALICE_MEDIA_ZONE_H

/*
 * From a position to what its clocks showed, without a network: the nearest of some
 * five hundred places tells the zone, the system's file of that zone its offset. The
 * nearest place may lie beyond a border: the answer is an estimate.
 */

#include <alice/base.h>

#include "base/place.h"

enum { ALICE__ZONE_FILE_MOST = 8192 }; /* bytes; the system's longest have 4 KB */

/*
 * The zone of the nearest place, such as "Europe/Madrid": static text. NULL: no place lies
 * within 1,500 km. Looks along a table of constants, which the kernel maps where it is used.
 */
const char *alice__zone_of_place(int32_t latitude, int32_t longitude);

/*
 * Minutes east of UTC at a moment, by the bytes of a zone's file (TZif, RFC 8536).
 * False: they tell none.
 */
bool alice__zone_minutes(const void *file, size_t n, int64_t unix_s, int *minutes);

/*
 * A position as ISO 6709 has it, as films do: "+48.8577+002.2950/", in degrees, degrees and
 * minutes or with seconds. False: it is none.
 */
bool alice__zone_parse_position(const char *text, size_t n, int32_t *latitude,
                                int32_t *longitude);

#endif
