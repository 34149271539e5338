/* SPDX-License-Identifier: MIT */
#include "media/work.h"

#include <stdio.h>

static const struct {
    const char *what;
    uint32_t most;
    uint32_t unit; /* of the number that is shown */
} kinds[ALICE__WORK_KINDS] = {
    [ALICE__WORK_EVIDENCE] = {"texts beyond %u MB are not read", 12u << 20, 1u << 20},
    [ALICE__WORK_XMP] = {"XMP beyond %u MB is not read", 8u << 20, 1u << 20},
    [ALICE__WORK_IPTC] = {"IPTC beyond %u MB is not read", 2u << 20, 1u << 20},
    [ALICE__WORK_ENTRIES] = {"entries beyond %u are not read", 100000, 1},
    [ALICE__WORK_EXTENTS] = {"extents beyond %u are not read", 100000, 1},
    [ALICE__WORK_READ] = {"it points here and there: beyond %u MB nothing is read", 64u << 20,
                          1u << 20},
};

uint64_t alice__work_most(alice__work_kind kind)
{
    return kinds[kind].most;
}

bool alice__work_on(alice__work *w, alice__work_kind kind, uint64_t n)
{
    if (!w)
        return true;
    if (w->stopped || w->cut[kind])
        return false;
    if (w->should_stop && w->should_stop(w->ctx)) {
        w->stopped = true;
        return false;
    }
    if (n > kinds[kind].most - w->done[kind]) {
        w->cut[kind] = true;
        return false;
    }
    w->done[kind] += n;
    return true;
}

bool alice__work_text(const alice__work *w, char *to, size_t size)
{
    for (unsigned k = 0; k < ALICE__WORK_KINDS; k++)
        if (w->cut[k]) {
            snprintf(to, size, kinds[k].what, (unsigned)(kinds[k].most / kinds[k].unit));
            return true;
        }
    return false;
}
