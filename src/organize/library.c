/* SPDX-License-Identifier: MIT */
/* The organized files, as the catalog knows them: read, nothing is changed. */
#include <alice/library.h>

#include <string.h>

#include "base/error.h"
#include "base/fingerprint.h"
#include "base/options.h"
#include "organize/organizer.h"
#include "organize/plan.h"
#include "port/fs.h"

/* What is asked of the catalog of a folder, opened to be read. */
typedef alice_status (*ask_fn)(alice_organizer *o, void *ctx);

static alice_status ask(const alice_organizer_options *options, ask_fn what, void *ctx,
                        alice_error *error)
{
    alice_organizer *o = NULL;
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    own.dry_run = true;
    st = alice__organizer_open_on(&o, &own, NULL, error);
    if (st == ALICE_OK)
        st = what(o, ctx);
    if (st == ALICE_E_NOENT)
        alice__fail(error, st, 0, "nothing is known of %s: it has no catalog",
                    options->organized);
    else if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice__catalog_why(o->catalog));
    alice_organizer_close(&o);
    return st;
}

typedef struct all_files {
    bool by_date;
    bool (*each)(void *ctx, const alice_library_file *file);
    void *ctx;
} all_files;

static alice_status tell_all(alice_organizer *o, void *ctx)
{
    const all_files *a = ctx;
    return alice__catalog_library(o->catalog, a->by_date, a->each, a->ctx);
}

alice_status alice_library(const alice_organizer_options *options, bool by_date,
                           bool (*each)(void *ctx, const alice_library_file *file), void *ctx,
                           alice_error *error)
{
    alice_error unheard = {.text = ""};
    all_files a = {.by_date = by_date, .each = each, .ctx = ctx};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !each)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    return ask(options, tell_all, &a, error);
}

/* ---- some of them ---- */

typedef struct some_files {
    const char *const *paths;
    size_t count, which;
    void (*each)(void *ctx, size_t which, const alice_library_file *file);
    void *ctx;
} some_files;

static alice_status tell_one(void *ctx, const alice__organized *file)
{
    const some_files *f = ctx;
    f->each(f->ctx, f->which, &file->file);
    return ALICE_OK;
}

/* The row of what stands at `path`, by its head, as the catalog is no index by paths. */
static alice_status find_row(alice_organizer *o, const char *path, int64_t *row)
{
    alice_env env = alice__organizer_env(o, o->acc_batch);
    char dest[ALICE__DEST_MAX];
    alice__candidate c = {.id = 0};
    alice__fs_stat s;
    void *head = NULL;
    size_t got = 0;
    int64_t after = 0;
    int fd = -1;
    *row = 0;
    alice_status st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    if (st != ALICE_OK)
        return st;
    const bool read = alice__fs_open_read(o->organized_fd, path, &fd) == 0 &&
                      alice__fs_stat_fd(fd, &s) == 0 && s.kind == ALICE__FS_FILE &&
                      alice__fs_read_at(fd, 0, head, ALICE__HEAD_BYTES, &got) == 0;
    alice__fs_close(fd);
    const alice__hash hash = alice__hash_of_bytes(head, got);
    alice_env_free(&env, head, ALICE__HEAD_BYTES);
    while (read && st == ALICE_OK && !*row) {
        st = alice__catalog_same(o->catalog, s.size, hash, &after, dest, sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            break;
        if (strcmp(dest, path) == 0)
            *row = c.id;
    }
    return st;
}

static alice_status tell_some(alice_organizer *o, void *ctx)
{
    some_files *f = ctx;
    alice__catalog_point point;
    alice_status st = alice__catalog_point_get(o->catalog, &point);
    for (f->which = 0; st == ALICE_OK && f->which < f->count; f->which++) {
        int64_t row = 0;
        st = find_row(o, f->paths[f->which], &row);
        const alice__organized_part part = {.from = row, .to = row + 1};
        if (st == ALICE_OK && row)
            st = alice__catalog_organized(o->catalog, &part, tell_one, f);
    }
    return st;
}

alice_status alice_library_files(const alice_organizer_options *options,
                                 const char *const *paths, size_t count,
                                 void (*each)(void *ctx, size_t which,
                                              const alice_library_file *file),
                                 void *ctx, alice_error *error)
{
    alice_error unheard = {.text = ""};
    some_files f = {.paths = paths, .count = count, .each = each, .ctx = ctx};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !each || (count && !paths))
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    return ask(options, tell_some, &f, error);
}
