/* SPDX-License-Identifier: MIT */
/*
 * alice_check_source(): whether a folder may be emptied. It is a dry run that is told file by
 * file: safe is what a run would leave alone because it stands in organized already. So what is
 * a medium, a partner, a duplicate, is decided once, and memory is bounded as that of a run is.
 */
#include "organize/check_source.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/options.h"
#include "media/types.h"
#include "organize/run.h"
#include "port/fs.h"

typedef struct checking {
    const alice_organizer_options *o; /* the caller's */
    const alice_organizer *organizer;
    alice__checker to;
} checking;

static bool asked_to_stop(void *ctx)
{
    const checking *c = ctx;
    return c->o->should_stop && c->o->should_stop(c->o->ctx);
}

static void pass_progress(void *ctx, const alice_progress *now)
{
    const checking *c = ctx;
    c->o->on_progress(c->o->ctx, now);
}

/* A duplicate of a file of organized, not of one of this source that is not organized either.
 */
static bool stands(const alice_organizer *o, const alice_file_report *f)
{
    const size_t top = strlen(o->organized);
    alice__fs_stat s;
    return f->destination && strncmp(f->destination, o->organized, top) == 0 &&
           f->destination[top] == '/' &&
           alice__fs_stat_at(o->organized_fd, f->destination + top + 1, &s) == 0 &&
           s.kind == ALICE__FS_FILE && s.size == f->bytes;
}

/* ".z01", ".r00": parts of one that is split; ".001" is one behind the name of an archive. */
static bool is_part(const char *dot)
{
    const size_t letter = strchr("zZrR", dot[1]) && dot[1] ? 1 : 0;
    const size_t n = strspn(dot + 1 + letter, "0123456789");
    return n >= 2 && n <= 3 && dot[1 + letter + n] == 0 && (letter || n == 3);
}

static bool is_kind(const char *dot, size_t n)
{
    static const char *const kinds[] = {".zip",  ".tar", ".tgz", ".gz",  ".7z",  ".rar", ".bz2",
                                        ".tbz2", ".xz",  ".txz", ".zst", ".iso", ".dmg"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]) == n && strncasecmp(dot, kinds[i], n) == 0)
            return true;
    return false;
}

const char *alice__check_why_unopened(const char *name)
{
    const char *dot = strrchr(name, '.'), *before = dot;
    if (!dot)
        return NULL;
    bool is = is_kind(dot, strlen(dot));
    if (!is && is_part(dot)) {
        while (before > name && *--before != '.')
            ;
        is = strspn(dot + 1, "0123456789") == 0 || is_kind(before, (size_t)(dot - before));
    }
    return is ? "it is an archive, in which may be pictures: check it, or what is in it, by "
                "itself"
              : NULL;
}

static const char *leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void judge(const alice_organizer *o, const alice_file_report *f, alice_checked_file *out)
{
    *out = (alice_checked_file){.source_path = f->source_path,
                                .destination = f->destination,
                                .safety = ALICE_NOT_SAFE,
                                .reason = f->reason,
                                .status = f->status,
                                .bytes = f->bytes};
    switch (f->outcome) {
    case ALICE_ORGANIZED:
        out->destination = NULL;
        if (!f->again)
            out->reason = "it is not organized";
        else if (f->reason && strstr(f->reason, ": "))
            out->reason = strstr(f->reason, ": ") + 2; /* why it would be organized again */
        break;
    case ALICE_DUPLICATE:
        if (stands(o, f)) {
            out->safety = ALICE_SAFE;
        } else {
            out->destination = NULL;
            out->reason = "it is not organized, nor is the file here with the same bytes";
        }
        break;
    case ALICE_SKIPPED:
        if (f->forgotten)
            break;
        if (f->known && !f->not_media)
            out->safety = ALICE_SAFE;
        else if (f->bytes > 0 && f->not_media &&
                 alice__name_class(leaf_of(f->source_path)) != ALICE_CLASS_NONE)
            out->reason = ALICE__NOT_READ_AS_MEDIA;
        else if (f->bytes > 0 && alice__check_why_unopened(leaf_of(f->source_path)))
            out->reason = alice__check_why_unopened(leaf_of(f->source_path));
        else
            out->safety = ALICE_NO_MEDIA;
        break;
    case ALICE_FAILED:
        if (!f->reason)
            out->reason = alice_status_text(f->status);
        break;
    }
}

void alice__check_told(alice__checker *c, const alice_checked_file *file)
{
    alice_check_result *r = c->result;
    r->files++;
    switch (file->safety) {
    case ALICE_SAFE:
        r->safe++;
        r->bytes += file->bytes;
        break;
    case ALICE_NOT_SAFE:
        r->not_safe++;
        break;
    case ALICE_NO_MEDIA:
        r->no_media++;
        break;
    }
    if (c->on_file)
        c->on_file(c->ctx, file);
}

static void take(void *ctx, const alice_file_report *f)
{
    checking *c = ctx;
    alice_checked_file file;
    judge(c->organizer, f, &file);
    alice__check_told(&c->to, &file);
}

alice_status alice__check_copy(alice__flow *x, const alice__probe *p, bool *same)
{
    alice_organizer *o = x->o;
    const alice__reading_whole how = alice__organizer_reading(o);
    char dest[ALICE__DEST_MAX];
    int own = -1, copy = -1;
    *same = false;
    alice_status st = alice__catalog_dest(o->catalog, p->copy_row, dest, sizeof dest);
    if (st != ALICE_OK || !*dest)
        return st;
    int bad = alice__fs_open_read(alice__folder_fd(p->folder), p->file.name, &own);
    if (!bad)
        bad = alice__fs_open_read(o->organized_fd, dest, &copy);
    if (!bad)
        st = alice__same_bytes(&how, own, copy, p->file.stamp.size, same);
    alice__fs_close(own);
    alice__fs_close(copy);
    o->streamed++;
    if (st != ALICE_OK)
        *same = false;
    /* What cannot be read is not safe, and the check goes on. */
    return st == ALICE_E_CANCELLED || st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ? st
                                                                                  : ALICE_OK;
}

/* A folder, by a run that changes nothing. */
static alice_status check_folder(alice_organizer *o, bool full, alice_check_result *result,
                                 alice_error *error)
{
    alice_organize_result run;
    o->compare_known = full;
    alice_status st = alice_organizer_organize(o, &run, error);
    result->passed_over = run.passed_over;
    return st;
}

alice_status alice_check_source(const alice_organizer_options *options, bool full,
                                void (*on_file)(void *ctx, const alice_checked_file *file),
                                void *ctx, alice_check_result *result, alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || (!options->inbox && !options->archive_count) || !options->organized ||
        !result)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "a folder to check and an organized folder are needed");
    memset(result, 0, sizeof *result);
    checking c = {.o = options, .to = {on_file, ctx, result}};
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    const uint64_t began_ns = alice_env_now_ns(&own.env);
    own.dry_run = true;
    own.move = own.fresh = own.remove_duplicates = false;
    own.settle_seconds = 0;
    own.leave = NULL;
    own.on_file = take;
    own.on_progress = options->on_progress ? pass_progress : NULL;
    own.should_stop = asked_to_stop;
    own.ctx = &c;
    st = alice_organizer_open(&o, &own, error);
    c.organizer = o;
    if (st == ALICE_OK && o->organized_fd < 0)
        st = alice__fail(error, ALICE_E_NOENT, 0, "the organized folder %s does not exist",
                         o->organized);
    if (st == ALICE_OK)
        st = own.archive_count ? alice__check_archives(o, full, &c.to)
                               : check_folder(o, full, result, error);
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    result->seconds = (double)(alice_env_now_ns(&own.env) - began_ns) / 1e9;
    alice_organizer_close(&o);
    return st;
}
