/* SPDX-License-Identifier: MIT */
/*
 * What belongs together among the files that were met. The walk tells the files of a folder one
 * behind the other, by name, so that a list of all of them on disk is an index: the names that
 * can belong to one are ranges of it.
 */
#include "organize/duplicates_int.h"

#include <errno.h>
#include <string.h>

#include "organize/group_names.h"
#include "port/fs.h"

static alice_status write_waiting(finder *f)
{
    size_t n = f->met_waiting;
    int bad = f->met < 0 ? alice__fs_scratch(f->scratch_dir, &f->met) : 0;
    if (!bad)
        bad = alice__fs_write_at(f->met, (f->met_count - n) * sizeof *f->waiting, f->waiting,
                                 n * sizeof *f->waiting);
    f->met_waiting = 0;
    return bad ? alice__same_scratch_failed(f, bad) : ALICE_OK;
}

alice_status alice__same_met(finder *f, uint16_t root, uint64_t folder, uint64_t path,
                             uint32_t length)
{
    if (f->met_count == 0 || root != f->met_root || folder != f->met_folder)
        f->met_first = f->met_count;
    f->met_root = root;
    f->met_folder = folder;
    f->waiting[f->met_waiting++] =
        (alice__met){.path = path, .first = f->met_first, .length = length, .root = root};
    f->met_count++;
    return f->met_waiting == ALICE__SAME_WAITING ? write_waiting(f) : ALICE_OK;
}

alice_status alice__same_met_all(finder *f)
{
    return f->met_waiting ? write_waiting(f) : ALICE_OK;
}

static alice_status read_met(finder *f, uint64_t i, alice__met *m)
{
    size_t got = 0;
    int bad = alice__fs_read_at(f->met, i * sizeof *m, m, sizeof *m, &got);
    return bad || got != sizeof *m ? alice__same_scratch_failed(f, bad ? bad : -EIO) : ALICE_OK;
}

/* The first index in [low, high) that is not before what is asked for. */
typedef struct asked {
    bool by_folder; /* else by path */
    uint64_t at;
} asked;

static alice_status find(finder *f, const asked *a, uint64_t low, uint64_t high, uint64_t *out)
{
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        alice__met m;
        st = read_met(f, middle, &m);
        if (st == ALICE_OK && (a->by_folder ? m.first : m.path) < a->at)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return st;
}

/* Its name in its folder, in `path`. */
static alice_status name_of(finder *f, const alice__met *m, char path[ALICE__SAME_PATH],
                            const char **name)
{
    const record r = {.path = m->path, .length = m->length};
    int bad = alice__same_path(f, &r, path);
    if (bad)
        return alice__same_scratch_failed(f, bad);
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    return ALICE_OK;
}

/* The first of [low, high), files of one folder, whose name is not before `name`. */
static alice_status find_name(finder *f, const char *name, uint64_t low, uint64_t high,
                              uint64_t *out)
{
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && low < high) {
        uint64_t middle = low + (high - low) / 2;
        char path[ALICE__SAME_PATH];
        const char *there = "";
        alice__met m;
        st = read_met(f, middle, &m);
        if (st == ALICE_OK)
            st = name_of(f, &m, path, &there);
        if (st == ALICE_OK && strcmp(there, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return st;
}

typedef struct search {
    const char *name;    /* whose partners are looked for */
    uint64_t at;         /* its index */
    uint64_t first, end; /* of its folder */
    alice__partner_fn each;
    void *ctx;
    bool enough;
} search;

static alice_status look_in(finder *f, search *s, const char *from, const char *to)
{
    char suffix[ALICE__GROUP_NAME], path[ALICE__SAME_PATH];
    const char *name = "";
    uint64_t i = 0;
    alice_status st = find_name(f, from, s->first, s->end, &i);
    for (; st == ALICE_OK && i < s->end && !s->enough; i++) {
        alice__met m;
        if (i == s->at)
            continue;
        st = read_met(f, i, &m);
        if (st == ALICE_OK)
            st = name_of(f, &m, path, &name);
        if (st != ALICE_OK || strcmp(name, to) >= 0)
            break;
        if (alice__group_bond(name, s->name, suffix) != ALICE__BOND_NONE ||
            alice__group_bond(s->name, name, suffix) != ALICE__BOND_NONE)
            s->enough = !s->each(s->ctx, &m, name);
    }
    return st;
}

alice_status alice__same_partners(finder *f, uint64_t path, alice__partner_fn each, void *ctx)
{
    char own[ALICE__SAME_PATH], from[ALICE__GROUP_NAME], to[ALICE__GROUP_NAME];
    search s = {.each = each, .ctx = ctx};
    alice__met m;
    alice_status st = find(f, &(asked){.by_folder = false, .at = path}, 0, f->met_count, &s.at);
    if (st == ALICE_OK)
        st = read_met(f, s.at, &m);
    if (st == ALICE_OK)
        st = name_of(f, &m, own, &s.name);
    if (st != ALICE_OK)
        return st;
    s.first = m.first;
    st = find(f, &(asked){.by_folder = true, .at = m.first + 1}, s.at, f->met_count, &s.end);
    for (unsigned i = 0; st == ALICE_OK && !s.enough && alice__group_range(s.name, i, from, to);
         i++)
        st = look_in(f, &s, from, to);
    for (unsigned i = 0;
         st == ALICE_OK && !s.enough && alice__group_followers(s.name, i, from, to); i++)
        st = look_in(f, &s, from, to);
    return st;
}

static bool is_sidecar(void *ctx, const alice__met *m, const char *name)
{
    (void)m;
    bool *has = ctx;
    *has = alice__group_follows(name) == 2;
    return !*has;
}

alice_status alice__same_has_sidecar(finder *f, const record *r, bool *has)
{
    *has = false;
    return alice__same_partners(f, r->path, is_sidecar, has);
}
