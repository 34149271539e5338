/* SPDX-License-Identifier: MIT */
/*
 * The last step of alice_duplicates(): the members of a group are compared byte for byte with
 * the one that is to be kept, and told.
 */
#include "organize/duplicates_int.h"

#include <string.h>

#include "base/error.h"
#include "port/fs.h"

/* Whether `a` is rather to be kept than `b`: below 0. */
static int rather(const alice_keep_rule *rule, const record *a, const char *a_path,
                  const record *b, const char *b_path)
{
    switch (rule->keep) {
    case ALICE_KEEP_OLDEST:
        return ALICE__ORDER(a->mtime_ns, b->mtime_ns);
    case ALICE_KEEP_NEWEST:
        return ALICE__ORDER(b->mtime_ns, a->mtime_ns);
    case ALICE_KEEP_SHORTEST:
        return ALICE__ORDER(strlen(a_path), strlen(b_path));
    case ALICE_KEEP_LONGEST:
        return ALICE__ORDER(strlen(b_path), strlen(a_path));
    case ALICE_KEEP_UNDER:
        return alice__path_is_under(b_path, rule->under) -
               alice__path_is_under(a_path, rule->under);
    case ALICE_KEEP_HAS_SIDECAR:
        break; /* the names beside it say that */
    case ALICE_KEEP_LARGEST:
    case ALICE_KEEP_FORMAT:
        break; /* of pictures: they were refused */
    }
    return 0;
}

static alice_status rather_with_sidecar(finder *f, const record *a, const record *b, int *d)
{
    bool of_a = false, of_b = false;
    alice_status st = alice__same_has_sidecar(f, a, &of_a);
    if (st == ALICE_OK)
        st = alice__same_has_sidecar(f, b, &of_b);
    *d = of_b - of_a;
    return st;
}

static alice_status whole_path(finder *f, const record *r, char *out, size_t size)
{
    char below[ALICE__SAME_PATH];
    int bad = alice__same_path(f, r, below);
    if (bad)
        return alice__same_scratch_failed(f, bad);
    alice__same_shown(f, r->root, below, out, size);
    return ALICE_OK;
}

/* Of the members, the one that is to be kept. */
static alice_status choose(finder *f, record *best, uint64_t *which)
{
    static const alice_keep_rule oldest = {.keep = ALICE_KEEP_OLDEST};
    const alice_keep_rule *rules = f->o->keep ? f->o->keep : &oldest;
    size_t count = f->o->keep ? f->o->keep_count : 1;
    char path[ALICE__SAME_PATH + 4096], best_path[ALICE__SAME_PATH + 4096];
    record r;
    alice_status st = alice__same_member(f, 0, best, false);
    *which = 0;
    if (st == ALICE_OK)
        st = whole_path(f, best, best_path, sizeof best_path);
    for (uint64_t i = 1; st == ALICE_OK && i < f->member_count; i++) {
        int d = 0;
        st = alice__same_member(f, i, &r, false);
        if (st == ALICE_OK)
            d = r.spare - best->spare; /* nobody keeps that */
        if (st == ALICE_OK)
            st = whole_path(f, &r, path, sizeof path);
        for (size_t k = 0; st == ALICE_OK && k < count && d == 0; k++)
            if (rules[k].keep == ALICE_KEEP_HAS_SIDECAR)
                st = rather_with_sidecar(f, &r, best, &d);
            else
                d = rather(&rules[k], &r, path, best, best_path);
        if (st == ALICE_OK && (d < 0 || (d == 0 && r.path < best->path))) {
            *best = r;
            *which = i;
            memcpy(best_path, path, sizeof best_path);
        }
    }
    return st;
}

static alice_status report(finder *f, const record *r, bool first, bool link)
{
    char path[ALICE__SAME_PATH + 4096];
    alice_status st = whole_path(f, r, path, sizeof path);
    if (st != ALICE_OK)
        return st;
    f->out->links += link;
    if (!first && !link) {
        f->out->duplicates++;
        f->out->duplicate_bytes += r->size;
    }
    const alice_same_file s = {.group = f->out->groups,
                               .path = path,
                               .bytes = r->size,
                               .mtime_ns = r->mtime_ns,
                               .first = first,
                               .link = link};
    if (f->o->on_file)
        f->o->on_file(f->o->ctx, &s);
    return ALICE_OK;
}

/* Whether a member has the bytes of the leader, which is open. What cannot be read is told, and
   is no member any more. */
static alice_status is_same(finder *f, int leader, const record *r, bool *same, bool *gone)
{
    int fd = -1, os_error = 0;
    int bad = alice__same_open(f, r, &fd);
    alice_status st = bad ? alice__status_of_errno(-bad) : ALICE_OK;
    *same = *gone = false;
    if (!bad && !alice__same_as_seen(fd, r, &os_error))
        st = ALICE_E_CHANGED;
    if (st == ALICE_OK)
        st = alice__same_bytes(&f->whole, leader, fd, r->size, same);
    alice__fs_close(fd);
    f->out->bytes_read += 2 * r->size;
    if (st == ALICE_OK || st == ALICE_E_CANCELLED || st == ALICE_E_NOMEM)
        return st;
    alice__same_unread(f, r, st, bad ? -bad : os_error);
    *gone = true;
    return ALICE_OK;
}

/* Mark each member as the leader, another name of it, the same, or another. `*others` are the
   distinct files that are the same; `*spare` says whether a killed run left some. */
static alice_status compare_all(finder *f, const record *leader, int fd, uint64_t *others,
                                bool *spare)
{
    record r, last = *leader;
    bool same = false, gone = false;
    alice_status st = ALICE_OK;
    uint64_t kept = 0, count = f->member_count;
    *others = 0;
    *spare = false;
    for (uint64_t i = 0; st == ALICE_OK && i < count; i++) {
        st = alice__same_member(f, i, &r, false);
        if (st == ALICE_OK && same_file(&r, leader)) {
            r.state = LEADER;
        } else if (st == ALICE_OK) {
            if (i == 0 || !same_file(&r, &last)) {
                st = is_same(f, fd, &r, &same, &gone);
                *others += same && !r.spare;
            }
            r.state = same ? SAME : OTHER;
        }
        if (st == ALICE_OK && (r.state == LEADER || !gone))
            st = alice__same_member(f, kept++, &r, true);
        *spare |= r.spare && r.state != OTHER;
        last = r;
    }
    f->member_count = kept;
    return st;
}

static alice_status note_superfluous(finder *f, const record *leader, const record *r)
{
    const alice__superfluous s = {.file = *r, .kept = *leader};
    return f->acts && r->state == SAME && !leader->spare
               ? alice__disk_sort_add(f->todo, &s, f->error)
               : ALICE_OK;
}

/* What a killed run left is superfluous, whichever of the files it leads to. */
static alice_status note_spares(finder *f, const record *leader)
{
    record r;
    alice_status st = ALICE_OK;
    for (uint64_t i = 0; st == ALICE_OK && i < f->member_count; i++) {
        st = alice__same_member(f, i, &r, false);
        if (st != ALICE_OK || !r.spare || r.state == OTHER)
            continue;
        r.state = SAME;
        st = note_superfluous(f, leader, &r);
    }
    return st;
}

static alice_status report_group(finder *f, const record *leader)
{
    record r, last = *leader;
    alice_status st;
    f->out->groups++;
    st = report(f, leader, true, false);
    for (unsigned state = LEADER; st == ALICE_OK && state >= SAME; state--) {
        for (uint64_t i = 0; st == ALICE_OK && i < f->member_count; i++) {
            st = alice__same_member(f, i, &r, false);
            if (st != ALICE_OK || r.state != state || r.path == leader->path || r.spare)
                continue;
            st = report(f, &r, false, same_file(&r, &last));
            if (st == ALICE_OK)
                st = note_superfluous(f, leader, &r);
            last = r;
        }
    }
    return st;
}

/* Those that are neither the leader nor the same stay. */
static alice_status keep_others(finder *f)
{
    uint64_t kept = 0, count = f->member_count;
    alice_status st = ALICE_OK;
    record r;
    for (uint64_t i = 0; st == ALICE_OK && i < count; i++) {
        st = alice__same_member(f, i, &r, false);
        if (st == ALICE_OK && r.state == OTHER)
            st = alice__same_member(f, kept++, &r, true);
    }
    f->member_count = kept;
    return st;
}

/* Members whose hashes are one: compare each with the one that is to be kept. Those that differ
   all the same, which has to be made on purpose, are a group of their own. */
alice_status alice__same_settle(finder *f)
{
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && f->member_count > 1) {
        record leader;
        uint64_t which, others = 0;
        bool spare = false;
        int fd = -1, os_error = 0;
        st = choose(f, &leader, &which);
        if (st != ALICE_OK)
            break;
        int bad = alice__same_open(f, &leader, &fd);
        if (bad || !alice__same_as_seen(fd, &leader, &os_error)) {
            alice__fs_close(fd);
            alice__same_unread(f, &leader, bad ? alice__status_of_errno(-bad) : ALICE_E_CHANGED,
                               bad ? -bad : os_error);
            record last;
            st = alice__same_member(f, --f->member_count, &last, false);
            if (st == ALICE_OK && which < f->member_count)
                st = alice__same_member(f, which, &last, true);
            continue;
        }
        st = compare_all(f, &leader, fd, &others, &spare);
        alice__fs_close(fd);
        if (st == ALICE_OK && others)
            st = report_group(f, &leader);
        if (st == ALICE_OK && spare)
            st = note_spares(f, &leader);
        if (st == ALICE_OK)
            st = keep_others(f);
    }
    return st;
}
