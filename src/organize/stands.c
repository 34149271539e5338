/* SPDX-License-Identifier: MIT */
/*
 * What is known is held against what stands. One stat a known file: a copy keeps the size and
 * the time of its source, so the row says how it has to be. Where only the time is another, the
 * bytes decide, when the file comes by (decide.c).
 */
#include "organize/run.h"

#include <errno.h>

#include "organize/plan.h"
#include "organize/stamp.h"
#include "port/fs.h"

alice_status alice__copy_look(alice__flow *x, const alice__known *known, alice__copy *copy,
                              int64_t *row, int *os_error)
{
    alice_organizer *o = x->o;
    char buf[ALICE__DEST_MAX];
    const char *dest = known->dest;
    alice__stamp stamp = known->stamp;
    alice__fs_stat s;
    *copy = ALICE__COPY_STANDS;
    *os_error = 0;
    *row = known->state == ALICE__DUPLICATE ? known->other : known->id;
    if (known->state == ALICE__NOT_MEDIA)
        return ALICE_OK;
    if (known->state == ALICE__DUPLICATE || !*dest) {
        alice_status st = alice__catalog_placed(o->catalog, *row, &stamp, buf, sizeof buf);
        if (st != ALICE_OK)
            return st;
        dest = buf;
    }
    *copy = ALICE__COPY_GONE;
    if (!*dest || o->organized_fd < 0)
        return ALICE_OK;
    int bad = alice__fs_stat_at(o->organized_fd, dest, &s);
    if (bad == -ENOENT || bad == -ENOTDIR)
        return ALICE_OK;
    *os_error = -bad;
    *copy = !bad && alice__as_placed(&s, &stamp) ? ALICE__COPY_STANDS : ALICE__COPY_CHANGED;
    return ALICE_OK;
}
