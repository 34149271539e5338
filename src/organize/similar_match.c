/* SPDX-License-Identifier: MIT */
/*
 * Which pictures lead a group, and which join one.
 *
 *   shots by rank ─▶ near a leader? ─ yes ─▶ it joins the first of these
 *                                   └ no ──▶ it leads, and goes into the index
 *
 * So two pictures of a group are alike to its leader and not only to each other's neighbours,
 * and n pictures that are all alike cost n looks, not n².
 *
 * The index: a hash is cut into 16 pieces of 16 bits, each a square of 4 × 4 waves of a word.
 * Two hashes that differ in few bits have a piece in common, so that a leader is found under
 * the pieces of the hash. The four pieces of coarse waves, which change least when a picture is
 * changed, are also looked up with each of their bits changed. A piece and its complement are
 * one key, since a mirror complements whole words; turned by a quarter, the hash is looked up a
 * second time. Nothing within 19 bits is missed, and of 1,666 pairs of changed pictures up to
 * 54 bits apart 7 were; looking up all pieces in that way finds 6 of these and takes three
 * times as long.
 *
 * Where the leaders are more than fit, those that would not join are gone through again, with
 * an empty index: each still joins the first leader that it is alike to, whatever the memory.
 */
#include "organize/similar_int.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "port/fs.h"

enum {
    PIECES = 16,
    PIECE_BITS = 16,
    COARSE = 4, /* pieces of coarse waves, which come first */
    KEYS = 1 << (PIECE_BITS - 1),
    LEAST = 1024,             /* leaders in the index */
    LOOK_EACH = 256,          /* shots between two looks at should_stop */
    READ_AT_ONCE = 64 * 1024, /* bytes of a list of shots */
    NONE = -1
};

/* What is gone through: a shot's rank and hash. */
typedef struct item {
    uint64_t rank;
    alice__picture_hash hash;
} item;

typedef struct index {
    uint32_t room, count;
    alice__picture_hash *hash; /* of the leaders */
    uint64_t *rank;
    uint8_t *told;  /* has joined its own group */
    uint32_t *next; /* [piece · room + leader]: the one before with its key, from 1; 0: none */
    uint32_t *heads;   /* [piece · KEYS + key] */
    unsigned distance; /* that is looked for */
    unsigned wide;     /* pieces that are looked up with a bit changed */
} index;

static uint32_t piece_of(const alice__picture_hash *h, unsigned piece)
{
    /* The coarse ones of all words come first. */
    uint64_t w = h->word[piece % 4] >> (piece & 8 ? 32 : 0) >> (piece & 4 ? 4 : 0);
    return (uint32_t)((w & 0xf) | (w >> 4 & 0xf0) | (w >> 8 & 0xf00) | (w >> 12 & 0xf000));
}

static uint32_t key_of(uint32_t piece)
{
    return (piece & KEYS ? ~piece : piece) & (KEYS - 1);
}

static void add(index *x, const item *it)
{
    uint32_t i = x->count++;
    x->hash[i] = it->hash;
    x->rank[i] = it->rank;
    x->told[i] = 0;
    for (unsigned p = 0; p < PIECES; p++) {
        uint32_t *head = &x->heads[p * (size_t)KEYS + key_of(piece_of(&it->hash, p))];
        x->next[p * (size_t)x->room + i] = *head;
        *head = i + 1;
    }
}

typedef struct found {
    int64_t leader; /* in the index; NONE */
    unsigned distance;
} found;

/* Those of one key: the newest come first, and the first leader is what is looked for. */
static void look_at_key(const index *x, const alice__picture_hash *h, unsigned piece,
                        uint32_t key, found *best)
{
    const uint32_t *next = x->next + piece * (size_t)x->room;
    for (uint32_t i = x->heads[piece * (size_t)KEYS + key]; i; i = next[i - 1]) {
        const int64_t leader = (int64_t)i - 1;
        if (best->leader != NONE && best->leader < leader)
            continue;
        unsigned d = alice__picture_distance_mirrored(&x->hash[leader], h);
        if (d <= x->distance && (best->leader != leader || d < best->distance))
            *best = (found){.leader = leader, .distance = d};
    }
}

static found look_up(const index *x, const alice__picture_hash *h)
{
    const alice__picture_hash ways[] = {*h, alice__picture_hash_across(h)};
    found best = {.leader = NONE};
    for (unsigned way = 0; way < 2; way++) {
        for (unsigned p = 0; p < PIECES; p++) {
            uint32_t piece = piece_of(&ways[way], p);
            look_at_key(x, &ways[way], p, key_of(piece), &best);
            for (unsigned bit = 0; p < x->wide && bit < PIECE_BITS; bit++)
                look_at_key(x, &ways[way], p, key_of(piece ^ 1U << bit), &best);
        }
    }
    return best;
}

/* ---- memory ---- */

static size_t bytes_each(void)
{
    return sizeof(alice__picture_hash) + sizeof(uint64_t) + 1 + PIECES * sizeof(uint32_t);
}

static void close_index(alice__similar *s, index *x)
{
    if (x->hash)
        alice_env_free(&s->env, x->hash, x->room * sizeof *x->hash);
    if (x->rank)
        alice_env_free(&s->env, x->rank, x->room * sizeof *x->rank);
    if (x->told)
        alice_env_free(&s->env, x->told, x->room);
    if (x->next)
        alice_env_free(&s->env, x->next, (size_t)x->room * PIECES * sizeof *x->next);
    if (x->heads)
        alice_env_free(&s->env, x->heads, (size_t)KEYS * PIECES * sizeof *x->heads);
}

static alice_status open_index(alice__similar *s, index *x)
{
    const size_t heads = (size_t)KEYS * PIECES * sizeof(uint32_t);
    size_t bytes = s->work / 2 > heads ? s->work / 2 - heads : 0;
    uint64_t room = bytes / bytes_each();
    room = room > s->count ? s->count : room;
    room = room < LEAST ? LEAST : room > INT32_MAX ? INT32_MAX : room;
    *x = (index){.room = (uint32_t)room, .distance = s->distance};
    /* Sixteen pieces cover 15 bits, each wide one a bit more. */
    x->wide = s->distance < PIECES ? 0 : s->distance - PIECES + 1;
    x->wide = x->wide > COARSE ? COARSE : x->wide;
    alice_status st =
        alice_env_alloc(&s->env, room * sizeof *x->hash, ALICE_HERE, (void **)&x->hash);
    if (st == ALICE_OK)
        st = alice_env_alloc(&s->env, room * sizeof *x->rank, ALICE_HERE, (void **)&x->rank);
    if (st == ALICE_OK)
        st = alice_env_alloc(&s->env, room, ALICE_HERE, (void **)&x->told);
    if (st == ALICE_OK)
        st = alice_env_alloc(&s->env, room * PIECES * sizeof *x->next, ALICE_HERE,
                             (void **)&x->next);
    if (st == ALICE_OK)
        st = alice_env_alloc(&s->env, heads, ALICE_HERE, (void **)&x->heads);
    if (st != ALICE_OK)
        close_index(s, x);
    return st == ALICE_OK ? st
                          : alice__fail(s->error, st, 0, "there is no memory to compare in");
}

/* ---- going through ---- */

/* A list of items in a scratch file, read or written through a part of it. */
typedef struct list {
    int file;
    uint64_t count, at; /* items; of those the next */
    item *part;
    size_t held, pos; /* items in the part; the next */
} list;

enum { PART = READ_AT_ONCE / sizeof(item) };

static alice_status flush(alice__similar *s, list *l)
{
    int bad = l->file < 0 ? alice__fs_scratch(s->scratch_dir, &l->file) : 0;
    if (!bad)
        bad = alice__fs_write_at(l->file, (l->count - l->held) * sizeof *l->part, l->part,
                                 l->held * sizeof *l->part);
    l->held = 0;
    return bad ? alice__similar_scratch_failed(s, bad) : ALICE_OK;
}

static alice_status put(alice__similar *s, list *l, const item *it)
{
    l->part[l->held++] = *it;
    l->count++;
    return l->held == PART ? flush(s, l) : ALICE_OK;
}

/* The next of a list, or of all shots where it is none. */
static alice_status get(alice__similar *s, list *l, bool all, item *it)
{
    if (l->at == l->count)
        return ALICE_E_END;
    if (all) {
        alice__shot shot;
        alice_status st = alice__similar_shot(s, l->at, &shot);
        *it = (item){.rank = l->at++, .hash = shot.hash};
        return st;
    }
    if (l->pos == l->held) {
        size_t n = l->count - l->at < PART ? (size_t)(l->count - l->at) : PART, got = 0;
        int bad = alice__fs_read_at(l->file, l->at * sizeof *it, l->part, n * sizeof *it, &got);
        if (bad || got != n * sizeof *it)
            return alice__similar_scratch_failed(s, bad ? bad : -EIO);
        l->held = n;
        l->pos = 0;
    }
    *it = l->part[l->pos++];
    l->at++;
    return ALICE_OK;
}

static alice_status join(alice__similar *s, index *x, found f, const item *it)
{
    alice_status st = ALICE_OK;
    const uint64_t leader = x->rank[f.leader];
    if (!x->told[f.leader])
        st = alice__similar_join(s, leader, leader, 0);
    x->told[f.leader] = 1;
    return st == ALICE_OK ? alice__similar_join(s, leader, it->rank, f.distance) : st;
}

/* Once through `from`; those that could only lead, and do not fit, go to `left`. */
static alice_status go_through(alice__similar *s, index *x, list *from, bool all, list *left)
{
    alice_status st;
    item it;
    x->count = 0;
    memset(x->heads, 0, (size_t)KEYS * PIECES * sizeof *x->heads);
    while ((st = get(s, from, all, &it)) == ALICE_OK) {
        found f = look_up(x, &it.hash);
        if (f.leader != NONE)
            st = join(s, x, f, &it);
        else if (x->count < x->room)
            add(x, &it);
        else
            st = put(s, left, &it);
        if (st == ALICE_OK && ++s->looks % LOOK_EACH == 0 && alice__similar_should_stop(s))
            st = ALICE_E_CANCELLED;
        if (st != ALICE_OK)
            return st;
    }
    if (st == ALICE_E_END)
        st = flush(s, left);
    return st;
}

alice_status alice__similar_match(alice__similar *s)
{
    index x;
    list lists[2] = {{.file = -1, .count = s->count}, {.file = -1}};
    bool all = true;
    alice_status st = open_index(s, &x);
    if (st != ALICE_OK)
        return st;
    for (unsigned i = 0; st == ALICE_OK && i < 2; i++)
        st = alice_env_alloc(&s->env, PART * sizeof(item), ALICE_HERE, (void **)&lists[i].part);
    while (st == ALICE_OK && lists[0].count > 0) {
        st = go_through(s, &x, &lists[0], all, &lists[1]);
        all = false;
        list done = lists[0];
        lists[0] = lists[1];
        lists[0].at = lists[0].pos = lists[0].held = 0;
        lists[1] = done;
        lists[1].count = lists[1].at = lists[1].pos = lists[1].held = 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        alice__fs_close(lists[i].file);
        if (lists[i].part)
            alice_env_free(&s->env, lists[i].part, PART * sizeof(item));
    }
    close_index(s, &x);
    return st;
}
