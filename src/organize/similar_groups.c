/* SPDX-License-Identifier: MIT */
/*
 * The last step of alice_similar(): the members of each group, sorted on disk by what is to be
 * kept, and told. What a rule looks at becomes a number, the smallest of which is kept.
 */
#include "organize/similar_int.h"

#include <string.h>

#include "base/error.h"

enum { SHOWN = ALICE__LISTED_PATH + 4096 };

typedef struct member {
    uint64_t leader, rank;
    uint64_t key[ALICE__SIMILAR_RULES];
    uint64_t distance;
} member;

static int by_group(const void *a, const void *b)
{
    const member *x = a, *y = b;
    int d = ALICE__ORDER(x->leader, y->leader);
    for (unsigned i = 0; d == 0 && i < ALICE__SIMILAR_RULES; i++)
        d = ALICE__ORDER(x->key[i], y->key[i]);
    return d ? d : ALICE__ORDER(x->rank, y->rank);
}

alice_status alice__similar_begin_groups(alice__similar *s)
{
    return alice__similar_open_sort(s, &s->members, sizeof(member), by_group);
}

/* The place of a type in "raw>heic>jpeg"; behind all where it is not in it. */
static uint64_t place_of_type(const char *list, alice_media_type type)
{
    const char *names[] = {alice_media_name(type), alice_media_class_of(type) == ALICE_CLASS_RAW
                                                       ? "raw"
                                                       : alice_media_name(type)};
    uint64_t at = 0;
    for (const char *p = list; *p; at++) {
        size_t n = strcspn(p, ">");
        for (unsigned i = 0; i < 2; i++)
            if (strlen(names[i]) == n && strncmp(names[i], p, n) == 0)
                return at;
        p += n + (p[n] != 0);
    }
    return at;
}

static uint64_t key_of(const alice_keep_rule *rule, const alice__shot *shot, const char *path)
{
    const uint64_t time = (uint64_t)shot->mtime_ns ^ (UINT64_C(1) << 63);
    switch (rule->keep) {
    case ALICE_KEEP_OLDEST:
        return time;
    case ALICE_KEEP_NEWEST:
        return ~time;
    case ALICE_KEEP_SHORTEST:
        return strlen(path);
    case ALICE_KEEP_LONGEST:
        return ~(uint64_t)strlen(path);
    case ALICE_KEEP_UNDER:
        return !alice__path_is_under(path, rule->under);
    case ALICE_KEEP_HAS_SIDECAR:
        break; /* it was refused */
    case ALICE_KEEP_LARGEST:
        return ~((uint64_t)shot->width * shot->height);
    case ALICE_KEEP_FORMAT:
        return place_of_type(rule->under, (alice_media_type)shot->type);
    }
    return 0;
}

alice_status alice__similar_join(alice__similar *s, uint64_t leader, uint64_t rank,
                                 unsigned distance)
{
    static const alice_keep_rule usual[] = {{.keep = ALICE_KEEP_LARGEST},
                                            {.keep = ALICE_KEEP_OLDEST}};
    const alice_keep_rule *rules = s->o->keep ? s->o->keep : usual;
    const size_t count = s->o->keep ? s->o->keep_count : 2;
    char path[SHOWN];
    alice__shot shot;
    member m = {.leader = leader, .rank = rank, .distance = distance};
    alice_status st = alice__similar_shot(s, rank, &shot);
    if (st == ALICE_OK)
        st = alice__similar_path(s, &shot, path, sizeof path);
    for (size_t i = 0; st == ALICE_OK && i < count; i++)
        m.key[i] = key_of(&rules[i], &shot, path);
    return st == ALICE_OK ? alice__disk_sort_add(s->members, &m, s->error) : st;
}

static alice_status tell(alice__similar *s, const member *m, bool first)
{
    char path[SHOWN];
    alice__shot shot;
    alice_status st = alice__similar_shot(s, m->rank, &shot);
    if (st == ALICE_OK)
        st = alice__similar_path(s, &shot, path, sizeof path);
    if (st != ALICE_OK)
        return st;
    s->out->groups += first;
    s->out->similar += !first;
    s->out->similar_bytes += first ? 0 : shot.size;
    const alice_similar_file f = {.group = s->out->groups,
                                  .path = path,
                                  .bytes = shot.size,
                                  .mtime_ns = shot.mtime_ns,
                                  .width = shot.width,
                                  .height = shot.height,
                                  .type = (alice_media_type)shot.type,
                                  .distance = (unsigned)m->distance,
                                  .first = first};
    if (s->o->on_file)
        s->o->on_file(s->o->ctx, &f);
    return alice__similar_should_stop(s) ? ALICE_E_CANCELLED : ALICE_OK;
}

alice_status alice__similar_tell(alice__similar *s)
{
    const void *next;
    uint64_t leader = UINT64_MAX;
    alice_status st = alice__disk_sort_start(s->members, s->error);
    while (st == ALICE_OK &&
           (st = alice__disk_sort_next(s->members, &next, s->error)) == ALICE_OK) {
        member m;
        memcpy(&m, next, sizeof m);
        st = tell(s, &m, m.leader != leader);
        leader = m.leader;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}
