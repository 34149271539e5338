/* SPDX-License-Identifier: MIT */
/*
 * What belongs together is removed together or not at all: a picture, its RAW, its film, its
 * sidecars. All of them have to be superfluous, and the files that are kept for them have to
 * stand together as well.
 */
#include "organize/duplicates_act.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "organize/group_names.h"

typedef struct gathering {
    alice__acting *a;
    alice__unit *unit;
    alice_status st;
} gathering;

/* The index in the list of the file with this path; a->count: it is not superfluous. */
static alice_status find(alice__acting *a, uint64_t path, uint64_t *out)
{
    uint64_t low = 0, high = a->count;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        st = alice__act_read(a, middle);
        if (st == ALICE_OK && a->at.file.path < path)
            low = middle + 1;
        else
            high = middle;
    }
    *out = a->count;
    if (st != ALICE_OK || low == a->count)
        return st;
    st = alice__act_read(a, low);
    if (st == ALICE_OK && a->at.file.path == path)
        *out = low;
    return st;
}

static bool add(void *ctx, const alice__met *m, const char *name)
{
    gathering *g = ctx;
    alice__unit *u = g->unit;
    uint64_t i = 0;
    g->st = find(g->a, m->path, &i);
    if (g->st != ALICE_OK)
        return false;
    if (i == g->a->count) {
        alice__act_leave(g->a, name, " belongs to it, and stays (has-sidecar)");
        return false;
    }
    for (size_t k = 0; k < u->count; k++)
        if (u->all[k] == i)
            return true;
    if (u->count == ALICE__UNIT) {
        alice__act_leave(g->a, "too many files belong to it (has-sidecar)", "");
        return false;
    }
    u->all[u->count++] = i;
    return true;
}

/* Of the kept file of the i-th: the folder's length in `path`, and the name. */
static alice_status kept_at(alice__acting *a, uint64_t i, char path[ALICE__SAME_PATH],
                            size_t *folder)
{
    alice_status st = alice__act_read(a, i);
    int bad = st == ALICE_OK ? alice__same_path(a->f, &a->at.kept, path) : 0;
    if (bad)
        return alice__same_scratch_failed(a->f, bad);
    const char *slash = strrchr(path, '/');
    *folder = slash ? (size_t)(slash - path) + 1 : 0;
    return st;
}

/* Whether the kept one of the k-th belongs to that of another of the unit, in one folder. */
static alice_status is_kept_together(alice__acting *a, const alice__unit *u, size_t k,
                                     bool *together)
{
    char own[ALICE__SAME_PATH], other[ALICE__SAME_PATH], suffix[ALICE__GROUP_NAME];
    size_t n = 0, m = 0;
    *together = false;
    alice_status st = kept_at(a, u->all[k], own, &n);
    const uint16_t root = a->at.kept.root;
    for (size_t i = 0; st == ALICE_OK && i < u->count && !*together; i++) {
        if (i == k)
            continue;
        st = kept_at(a, u->all[i], other, &m);
        *together = st == ALICE_OK && a->at.kept.root == root && n == m &&
                    memcmp(own, other, n) == 0 &&
                    (alice__group_bond(own + n, other + m, suffix) != ALICE__BOND_NONE ||
                     alice__group_bond(other + m, own + n, suffix) != ALICE__BOND_NONE);
    }
    return st;
}

alice_status alice__act_unit(alice__acting *a, uint64_t i, alice__unit *out)
{
    gathering g = {.a = a, .unit = out};
    *out = (alice__unit){.all = {i}, .count = 1};
    a->why[0] = 0;
    for (size_t k = 0; k < out->count && g.st == ALICE_OK && !a->why[0]; k++) {
        g.st = alice__act_read(a, out->all[k]);
        alice_status st =
            g.st == ALICE_OK ? alice__same_partners(a->f, a->at.file.path, add, &g) : g.st;
        g.st = g.st == ALICE_OK ? st : g.st;
    }
    for (size_t k = 0; k < out->count && out->count > 1 && g.st == ALICE_OK && !a->why[0];
         k++) {
        bool together = false;
        g.st = is_kept_together(a, out, k, &together);
        if (g.st == ALICE_OK && !together)
            alice__act_leave(a,
                             "what belongs to it is kept elsewhere than the kept file "
                             "(has-sidecar)",
                             "");
    }
    for (size_t k = 1; k < out->count; k++) /* few: by insertion */
        for (size_t at = k; at > 0 && out->all[at - 1] > out->all[at]; at--) {
            uint64_t later = out->all[at - 1];
            out->all[at - 1] = out->all[at];
            out->all[at] = later;
        }
    return g.st == ALICE_OK ? alice__act_read(a, i) : g.st;
}
