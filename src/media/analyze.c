/* SPDX-License-Identifier: MIT */
/*
 * One file, read once:
 *
 *     head ──▶ sniff (formats[], first that knows it) ──▶ its read() ──▶ facts
 *                                                                         ▲
 *                        name, folders, modification time ────────────────┘
 *
 * The content decides the type, never the name; where they disagree a note
 * says so. A file that is no media costs one pass over the table.
 *
 * The memory is one block of three parts, taken at open and lent to one file
 * after the other: scratch for fetched ranges, a workspace for evidence texts, the
 * arena of texts, which info borrows.
 */
#include "media/analyze.h"

#include <stdio.h>
#include <string.h>

#include "media/types.h"
#include "media/formats/format.h"
#include "media/formats/motion.h"
#include "media/names.h"

static const alice__format *const formats[] = {
#define FORMAT(name) &alice__format_##name,
    ALICE__FORMATS(FORMAT)
#undef FORMAT
};

enum { WORKSPACE = 72 * 1024, LEAST_TEXT = 4096 };

struct alice__analyzer {
    alice_env env;
    size_t text_bytes;
    uint8_t *memory; /* scratch, workspace, arena */
    bool (*should_stop)(void *ctx);
    void *stop_ctx;
    alice__facts facts;
};

static size_t memory_size(const alice__analyzer *a)
{
    return ALICE__SCRATCH + WORKSPACE + a->text_bytes;
}

alice_status alice__analyzer_open(alice__analyzer **out, const alice_env *env,
                                  size_t text_bytes)
{
    void *p;
    alice_status st = alice_env_calloc(env, 1, sizeof(alice__analyzer), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice__analyzer *a = p;
    if (env)
        a->env = *env;
    a->text_bytes = text_bytes < LEAST_TEXT ? LEAST_TEXT : text_bytes;
    st = alice_env_alloc(env, memory_size(a), ALICE_HERE, &p);
    if (st != ALICE_OK) {
        alice_env_free(env, a, sizeof *a);
        return st;
    }
    a->memory = p;
    *out = a;
    return ALICE_OK;
}

void alice__analyzer_close(alice__analyzer **a)
{
    if (!a || !*a)
        return;
    alice_env env = (*a)->env;
    alice_env_free(&env, (*a)->memory, memory_size(*a));
    alice_env_free(&env, *a, sizeof **a);
    *a = NULL;
}

void alice__analyzer_stop(alice__analyzer *a, bool (*should_stop)(void *ctx), void *ctx)
{
    a->should_stop = should_stop;
    a->stop_ctx = ctx;
}

/* ---- what the name says of the type ---- */

static const char *note_on(alice_media_type named, alice_media_type content)
{
    static const char *const notes[] = {
#define NOTE(id, name, ext, cls) "the content is " name ", not what the name says",
        ALICE_MEDIA_LIST(NOTE)
#undef NOTE
    };
    if (content == ALICE_MEDIA_NONE)
        return named == ALICE_MEDIA_NONE ? NULL : "the content is not what the name says";
    return alice__types_share_names(named, content) ? NULL : notes[content];
}

/* ---- reading ---- */

static const alice__format *format_of(const alice__input *in, alice_media_type *type)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        *type = formats[i]->sniff(in->head, in->size);
        if (*type != ALICE_MEDIA_NONE)
            return formats[i];
    }
    return NULL;
}

alice_media_type alice__sniff(alice_bytes head, uint64_t file_size)
{
    alice_media_type type = ALICE_MEDIA_NONE;
    (void)format_of(&(alice__input){.size = file_size, .head = head}, &type);
    return type;
}

/* Not media; in words where the name promised some. */
static void say_not_media(alice__facts *f, const alice__input *in, alice_media_type named)
{
    if (in->size == 0)
        alice__facts_warn(f, "the file is empty");
    else if (named != ALICE_MEDIA_NONE && in->size < 12)
        alice__facts_warn(f, "%llu bytes are too few for %s", (unsigned long long)in->size,
                          alice_media_name(named));
    else if (named != ALICE_MEDIA_NONE)
        alice__facts_warn(f, "the name says %s, the content does not", alice_media_name(named));
}

/* What a failure of the machine, not of the file, is: the caller has to know. */
static bool is_outside(alice_status st)
{
    return st == ALICE_E_IO || st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ||
           st == ALICE_E_CHANGED || st == ALICE_E_ACCESS || st == ALICE_E_CANCELLED ||
           st == ALICE_E_SYSTEM;
}

/* A date that comes before that of a sidecar. */
static bool has_own_date(const alice_media_info *info)
{
    for (int i = 0; i < ALICE_DATE_SIDECAR; i++)
        if (info->dates[i].verdict == ALICE_DATE_OUTRANKED)
            return true;
    return false;
}

alice_status alice__analyzer_read(alice__analyzer *a, const alice__input *in,
                                  const alice__file_facts *file, alice_media_info *info)
{
    alice__facts *f = &a->facts;
    uint8_t *workspace = a->memory + ALICE__SCRATCH;
    alice__facts_begin(f, info, (char *)workspace + WORKSPACE, a->text_bytes, file->now_s);
    f->zone_at = file->zone_at;
    f->zone_file = file->zone_file;
    f->date_patterns = file->date_patterns;
    f->workspace = workspace;
    f->workspace_size = WORKSPACE;
    f->work.should_stop = a->should_stop;
    f->work.ctx = a->stop_ctx;
    alice__input counted = *in;
    counted.work = &f->work;

    alice_media_type named = alice__name_type(file->name), type = ALICE_MEDIA_NONE;
    const alice__format *format = format_of(in, &type);
    if (!format) {
        say_not_media(f, in, named);
        info->extension_note = in->size > 0 ? note_on(named, type) : NULL;
        return ALICE_OK;
    }
    info->type = type;
    alice__parse parse = {.env = a->env, .scratch = a->memory, .in = &counted, .facts = f};
    alice_status st = format->read(&parse);
    if (st == ALICE_OK)
        alice__motion(&parse);
    if (f->work.stopped)
        st = ALICE_E_CANCELLED;
    if (st == ALICE_OK)
        st = f->denied;
    if (st == ALICE_OK && f->damaged)
        st = ALICE_E_DAMAGED;
    if (st != ALICE_OK) {
        alice__facts_warn(f, "%s: %s", alice_media_name(info->type), alice_status_text(st));
        info->status = st;
    }
    if (info->type == ALICE_MEDIA_NONE)
        info->type = type;
    info->extension_note = named == ALICE_MEDIA_NONE ? NULL : note_on(named, info->type);

    alice__facts_from_name(f, file->name);
    if (file->folders)
        alice__facts_from_folders(f, file->folders);
    if (file->sidecars && !is_outside(st) && (file->all_dates || !has_own_date(info))) {
        alice_status read = alice__sidecar_date(&parse, file->sidecars);
        st = read == ALICE_OK ? st : read;
    }
    alice__facts_from_mtime(f, file->mtime_s, file->mtime_zone_minutes);
    alice__facts_end(f);
    if (!is_outside(st) && f->denied != ALICE_OK) /* a zone could not be read */
        st = f->denied;
    return is_outside(st) ? st : ALICE_OK;
}
