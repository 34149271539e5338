/* SPDX-License-Identifier: MIT */
/*
 * Whether all of an archive stands safely in organized: what the catalog lists under the head
 * and the size of each of its files is held against that.
 */
#include "organize/archive_content.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "media/analyze.h"
#include "media/types.h"
#include "organize/archive_doubts.h"
#include "organize/check_source.h"

#if ALICE_ARCHIVES

typedef struct looking {
    alice_organizer *o;
    bool full;
    alice__checker *to;
    char path[2 * ALICE__PATH_MAX]; /* of the file at hand, for people */
    char dest[2 * ALICE__PATH_MAX];
    alice__packed_file file;
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
    alice__archive_data d;
    alice__candidate c;
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    if (l->in.name[0] == '.' || strstr(l->in.name, "/.")) { /* hidden: no run takes it */
        l->to->result->passed_over++;
        return ALICE_OK;
    }
    alice__packed_read(&l->in, e, &l->file, &d);
    *fatal |= d.fatal;
    if (d.status == ALICE_E_CANCELLED)
        return ALICE_E_CANCELLED;
    const uint64_t size = l->file.size;
    if (d.why) {
        tell(l, ALICE_NOT_SAFE, NULL, d.why, d.status, size);
        return ALICE_OK;
    }
    alice_status st =
        alice__packed_find(l->o, &l->file, l->full, &after, &c, dest, sizeof dest);
    if (st != ALICE_OK)
        return st;
    const alice_bytes head = {
        l->file.bytes, size < sizeof l->file.bytes ? (size_t)size : sizeof l->file.bytes};
    const bool media = size > 0 && alice__sniff(head, size) != ALICE_MEDIA_NONE;
    if (media)
        alice__doubts_medium(&l->doubts, l->in.name);
    if (c.id) {
        snprintf(l->dest, sizeof l->dest, "%s/%s", l->o->organized, c.dest);
        tell(l, ALICE_SAFE, l->dest, NULL, ALICE_OK, size);
    } else {
        judge(l, head, size, media);
    }
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
