/* SPDX-License-Identifier: MIT */
/*
 * A moment in UTC of which nothing says where it was: before the zone of this machine is taken
 * for it, that of the nearest picture is, in time and in its folder, which wrote its own.
 *
 * Who took a film of an evening in Tokyo took pictures there, too. That is no proof, so it
 * comes last and is marked. The pictures are those that the catalog knows by then: in the order
 * of the walk, whatever the batches are. What was lent is noted there, so that planning anew
 * gives the same day also where the pictures are gone; a nearer picture, a position or a
 * sidecar with a zone is a better reason.
 */
#include "organize/run.h"

#include <stdlib.h>

#include "media/date.h"

enum { NEAR_S = 12 * 3600 };

typedef struct nearest {
    int64_t moment, apart; /* in seconds */
    int zone;
    bool found;
} nearest;

static void look(void *ctx, const alice_date *picture)
{
    nearest *n = ctx;
    int64_t apart = llabs(alice__date_unix(picture) - n->moment);
    if (apart > NEAR_S || (n->found && apart >= n->apart))
        return;
    n->apart = apart;
    n->zone = picture->zone_minutes;
    n->found = true;
}

alice_status alice__borrow_zone(alice_organizer *o, int64_t dir, const char *name, int64_t row,
                                alice_media_info *info)
{
    alice_date *d = &info->date;
    if (!d->zone_assumed || !d->has_time || info->zone_place)
        return ALICE_OK;
    nearest n = {.moment = alice__date_unix(d)};
    alice_status st = dir ? alice__catalog_near(o->catalog, dir, name, look, &n) : ALICE_OK;
    if (st == ALICE_OK && !n.found && row)
        st = alice__catalog_lent(o->catalog, row, &n.zone, &n.found);
    if (st == ALICE_OK && n.found && alice__date_of_unix(n.moment, n.zone, d))
        d->zone_assumed = d->zone_borrowed = true;
    return st;
}
