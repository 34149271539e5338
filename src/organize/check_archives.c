/* SPDX-License-Identifier: MIT */
/*
 * Whether all of an archive stands safely in organized. Nothing is unpacked: each file goes by
 * once, its head and its whole content are hashed, and what the catalog lists under the head
 * and the size is held against that. Of a file of organized the hash is the catalog's, where it
 * has one and the file is as it was then; else, and with `full`, the file is read.
 */
#include "organize/archive_entries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "media/analyze.h"
#include "media/types.h"
#include "organize/archive_doubts.h"
#include "organize/check_source.h"
#include "organize/compare.h"
#include "organize/stamp.h"

#if ALICE_ARCHIVES

typedef struct looking {
    alice_organizer *o;
    bool full;
    alice__checker *to;
    char path[2 * ALICE__PATH_MAX]; /* of the file at hand, for people */
    char dest[2 * ALICE__PATH_MAX];
    uint8_t head[ALICE__HEAD_BYTES];
    alice__doubts doubts;
    alice__archive_entries in;
} looking;

static const char not_organized[] = "it is not organized";
static const char no_partner[] = "it belongs to a picture or film, and is not organized";

static void tell(looking *l, alice_safety safety, const char *dest, const char *reason,
                 alice_status status, uint64_t bytes)
{
    snprintf(l->path, sizeof l->path, "%s%s%s", l->in.path, *l->in.name ? "/" : "", l->in.name);
    alice__check_told(l->to, &(alice_checked_file){.source_path = l->path,
                                                   .destination = dest,
                                                   .safety = safety,
                                                   .reason = reason,
                                                   .status = status,
                                                   .bytes = bytes});
}

static void refuse(void *ctx, const char *name, alice_status status, const char *why)
{
    looking *l = ctx;
    snprintf(l->in.name, sizeof l->in.name, "%s", name);
    tell(l, ALICE_NOT_SAFE, NULL, why, status, 0);
}

/* Whether the candidate's file stands, and has this content. */
static alice_status is_same(looking *l, const alice__candidate *c, alice__hash content,
                            bool *same)
{
    alice_organizer *o = l->o;
    const alice__reading_whole how = alice__organizer_reading(o);
    char buf[ALICE__DEST_MAX];
    alice__stamp placed;
    alice__fs_stat s;
    alice__hash has = c->content;
    int fd = -1;
    *same = false;
    alice_status st = alice__catalog_placed(o->catalog, c->id, &placed, buf, sizeof buf);
    if (st != ALICE_OK)
        return st;
    int bad = alice__fs_open_read(o->organized_fd, c->dest, &fd);
    if (!bad)
        bad = alice__fs_stat_fd(fd, &s);
    if (!bad && s.kind == ALICE__FS_FILE && s.size == c->size) {
        if (l->full || !c->has_content || !alice__as_placed(&s, &placed))
            st = alice__content_hash(&how, fd, c->size, &has);
        *same = st == ALICE_OK && alice__same_hash(has, content);
        o->streamed++;
    }
    alice__fs_close(fd);
    /* A candidate that cannot be read makes nothing safe; another one may. */
    return st == ALICE_E_CANCELLED || st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ? st
                                                                                  : ALICE_OK;
}

static alice_status look_for(looking *l, uint64_t size, alice__hash head, alice__hash content,
                             bool *found)
{
    alice_organizer *o = l->o;
    char dest[ALICE__DEST_MAX];
    alice__candidate c = {.id = 0};
    int64_t after = 0;
    *found = false;
    for (;;) {
        alice_status st =
            alice__catalog_same(o->catalog, size, head, &after, dest, sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        st = is_same(l, &c, content, found);
        if (st != ALICE_OK || *found) {
            snprintf(l->dest, sizeof l->dest, "%s/%s", o->organized, c.dest);
            return st;
        }
    }
}

/* Bytes of the file at hand, of which `at` came before. */
static void add(looking *l, alice__hasher *h, uint64_t at, const uint8_t *p, size_t n)
{
    if (n == 0) /* of the end of a file that ends in a hole */
        return;
    if (at < sizeof l->head) {
        size_t part = sizeof l->head - (size_t)at < n ? sizeof l->head - (size_t)at : n;
        memcpy(l->head + at, p, part);
    }
    alice__hasher_update(h, p, n);
}

static void add_block(looking *l, alice__hasher *h, const alice__archive_data *d)
{
    static const uint8_t zeros[4096];
    uint64_t at = d->at - d->hole;
    for (uint64_t left = d->hole; left > 0;) {
        size_t n = left < sizeof zeros ? (size_t)left : sizeof zeros;
        add(l, h, at, zeros, n);
        at += n;
        left -= n;
    }
    add(l, h, d->at, d->block, d->n);
}

static bool has_word(alice_bytes in, const char *word)
{
    const size_t n = strlen(word);
    const uint8_t *p = in.p, *end = in.p + in.n;
    while (n <= (size_t)(end - p) && (p = memchr(p, *word, (size_t)(end - p) - n + 1))) {
        if (memcmp(p, word, n) == 0)
            return true;
        p++;
    }
    return false;
}

/* A file that organized has not. */
static void judge(looking *l, alice_bytes head, uint64_t size, bool media)
{
    const char *slash = strrchr(l->in.name, '/'), *leaf = slash ? slash + 1 : l->in.name;
    const char *why = NULL;
    if (media)
        why = not_organized;
    else if (size > 0 && alice__name_class(leaf) != ALICE_CLASS_NONE)
        why = ALICE__NOT_READ_AS_MEDIA;
    else if (size > 0)
        why = alice__check_why_unopened(leaf);
    if (!why && size > 0 && alice__partner_is_sidecar(alice__name_kind_of(leaf)->partner)) {
        /* Google's is named after its picture, but cut: what is in it tells. */
        if (!has_word(head, "\"photoTakenTime\"") &&
            alice__doubts_note(&l->doubts, l->in.path, l->in.name))
            return;
        why = no_partner;
    }
    tell(l, why ? ALICE_NOT_SAFE : ALICE_NO_MEDIA, NULL, why, ALICE_OK, size);
}

static alice_status take(void *ctx, struct archive_entry *e, bool *fatal)
{
    looking *l = ctx;
    alice__archive_data d = {.end = 0};
    alice__hasher h;
    bool found = false;
    if (l->in.name[0] == '.' || strstr(l->in.name, "/.")) { /* hidden: no run takes it */
        l->to->result->passed_over++;
        return ALICE_OK;
    }
    alice__hasher_init(&h);
    while (alice__archive_block(&l->in, e, &d))
        add_block(l, &h, &d);
    *fatal |= d.fatal;
    if (d.status == ALICE_E_CANCELLED)
        return ALICE_E_CANCELLED;
    const uint64_t size = (uint64_t)d.end;
    if (d.why) {
        tell(l, ALICE_NOT_SAFE, NULL, d.why, d.status, size);
        return ALICE_OK;
    }
    const alice_bytes head = {l->head, size < sizeof l->head ? (size_t)size : sizeof l->head};
    alice_status st = ALICE_OK;
    if (size > 0)
        st = look_for(l, size, alice__hash_of_bytes(head.p, head.n),
                      alice__hash_words(alice__hasher_final(&h)), &found);
    if (st != ALICE_OK)
        return st;
    if (found)
        tell(l, ALICE_SAFE, l->dest, NULL, ALICE_OK, size);
    const bool media = size > 0 && alice__sniff(head, size) != ALICE_MEDIA_NONE;
    if (media)
        alice__doubts_medium(&l->doubts, l->in.name);
    if (!found)
        judge(l, head, size, media);
    return ALICE_OK;
}

/* What was left open until all media were known. */
static void settle_doubts(looking *l)
{
    const char *name = NULL;
    bool belongs = false;
    for (size_t at = 0; alice__doubts_next(&l->doubts, &at, &l->in.path, &name, &belongs);) {
        snprintf(l->in.name, sizeof l->in.name, "%s", name);
        if (belongs)
            tell(l, ALICE_NOT_SAFE, NULL, no_partner, ALICE_OK, 0);
        else
            tell(l, ALICE_NO_MEDIA, NULL, NULL, ALICE_OK, 0);
    }
}

alice_status alice__check_archives(alice_organizer *o, bool full, alice__checker *to)
{
    const alice_organizer_options *p = &o->options;
    alice_env env = alice__organizer_env(o, o->acc_stream);
    void *room = NULL;
    alice_status st = alice_account_charge(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    if (st != ALICE_OK)
        return st;
    st = alice_env_calloc(&env, 1, sizeof(looking), ALICE_HERE, &room);
    looking *l = room;
    if (st == ALICE_OK) {
        l->o = o;
        l->full = full;
        l->to = to;
        l->in = (alice__archive_entries){.lib = alice__archives_lib(o),
                                         .fs = o->fs,
                                         .env = env,
                                         .take = take,
                                         .refuse = refuse,
                                         .ctx = l,
                                         .should_stop = p->should_stop,
                                         .stop_ctx = p->ctx};
    }
    for (size_t i = 0; i < p->archive_count && st == ALICE_OK; i++)
        st = alice__archive_entries_read(&l->in, p->archives[i]);
    if (st == ALICE_OK)
        settle_doubts(l);
    alice_env_free(&env, room, room ? sizeof(looking) : 0);
    alice_account_release(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    return st;
}

#else

alice_status alice__check_archives(alice_organizer *o, bool full, alice__checker *to)
{
    (void)o, (void)full, (void)to;
    return ALICE_E_UNSUPPORTED; /* the organizer over archives was not opened */
}

#endif
