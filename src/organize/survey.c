/* SPDX-License-Identifier: MIT */
/*
 * alice_survey_folder(): a collection by its names and a sample of its sizes.
 *
 * It goes the walk's way, so that it counts what a run would meet. A name costs next
 * to nothing, a size is a request to the disk: so of a big collection only a part of
 * the sizes is asked.
 */
#include <alice/organize.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "media/types.h"
#include "organize/walk.h"
#include "port/fs.h"

enum {
    NAMES_BYTES = 256 * 1024,
    ALL_SIZES = 20000,
    EACH = 16, /* of those beyond, each 16th size is asked */
    MOST_MS = 10000,
    LOOK_EACH = 64 /* files between two looks at the clock */
};

typedef struct survey {
    const alice_survey_options *o;
    alice_survey *out;
    uint64_t began_ns, all_sizes;
    uint64_t folder_serial, folder_files; /* of the folder at hand */
    uint64_t leader;                      /* serial of the one with the most files */
} survey;

/* "folder/name", of which the end stays where it is too long. */
static void set_path(char *to, size_t size, const char *folder, const char *name)
{
    size_t n = strlen(folder), m = strlen(name), all = n + (n && m) + m, at = 0;
    const char *parts[] = {folder, n && m ? "/" : "", name};
    size_t skip = all < size ? 0 : all - (size - 1);
    for (size_t i = 0; i < 3; i++) {
        for (const char *p = parts[i]; *p; p++) {
            if (skip)
                skip--;
            else
                to[at++] = *p;
        }
    }
    to[at] = 0;
}

static alice_size_class class_of(uint64_t bytes)
{
    return bytes < 1 * ALICE_MB     ? ALICE_SIZE_SMALL
           : bytes <= 10 * ALICE_MB ? ALICE_SIZE_MEDIUM
                                    : ALICE_SIZE_LARGE;
}

static void add_size(survey *s, const alice__entry *e)
{
    alice__fs_stat st;
    if (alice__fs_stat_at(alice__folder_fd(e->folder), e->name, &st) != 0)
        return;
    s->out->sized++;
    s->out->bytes += st.size;
    s->out->by_size[class_of(st.size)]++;
    if (st.size > s->out->largest_bytes) {
        s->out->largest_bytes = st.size;
        set_path(s->out->largest, sizeof s->out->largest, alice__folder_path(e->folder),
                 e->name);
    }
}

static void add_entry(survey *s, const alice__entry *e)
{
    alice_survey *out = s->out;
    if (e->kind == ALICE__ENTRY_ERROR) {
        out->unreadable++;
        return;
    }
    if (alice__folder_serial(e->folder) != s->folder_serial) {
        s->folder_serial = alice__folder_serial(e->folder);
        s->folder_files = 0;
    }
    out->files++;
    if (++s->folder_files > out->biggest_folder_files) {
        if (s->leader != s->folder_serial)
            set_path(out->biggest_folder, sizeof out->biggest_folder,
                     alice__folder_path(e->folder), "");
        s->leader = s->folder_serial;
        out->biggest_folder_files = s->folder_files;
    }
    alice_media_type type =
        e->kind == ALICE__ENTRY_FILE ? alice__name_type(e->name) : ALICE_MEDIA_NONE;
    out->by_type[type]++;
    if (type == ALICE_MEDIA_NONE)
        return;
    if (out->media++ < s->all_sizes || out->media % EACH == 0)
        add_size(s, e);
}

static bool is_over(survey *s)
{
    uint64_t most = (s->o->most_ms ? s->o->most_ms : MOST_MS) * UINT64_C(1000000);
    if (s->o->should_stop && s->o->should_stop(s->o->ctx))
        return true;
    return alice_env_now_ns(&s->o->env) - s->began_ns >= most;
}

static alice_status look_through(survey *s, alice__walk *walk)
{
    alice__entry e;
    for (uint64_t n = 1;; n++) {
        alice_status st = alice__walk_next(walk, &e);
        if (st == ALICE_E_END) {
            s->out->complete = true;
            return ALICE_OK;
        }
        if (st != ALICE_OK)
            return st;
        add_entry(s, &e);
        if (n % LOOK_EACH == 0 && is_over(s))
            return ALICE_OK;
    }
}

alice_status alice_survey_folder(const char *path, const alice_survey_options *options,
                                 alice_survey *out, alice_error *error)
{
    alice_survey_options own;
    const alice_survey_options *o = &own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    alice__walk *walk = NULL;
    alice__walk_stats stats;
    int fd = -1;
    if (!path || !out)
        return alice__fail(error, ALICE_E_INVAL, 0, "a survey needs a folder");
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    int bad = alice__fs_open_dir_path(path, &fd);
    if (bad)
        return alice__fail(error, alice__status_of_errno(-bad), -bad, "%s: %s", path,
                           strerror(-bad));
    memset(out, 0, sizeof *out);
    survey s = {.o = o,
                .out = out,
                .began_ns = alice_env_now_ns(&o->env),
                .all_sizes = o->all_sizes ? o->all_sizes : ALL_SIZES};
    alice__walk_options w = {.env = o->env, .root_fd = fd, .names_bytes = NAMES_BYTES};
    st = alice__walk_open(&walk, &w, error);
    if (st == ALICE_OK) {
        st = look_through(&s, walk);
        alice__walk_stats_get(walk, &stats);
        out->folders = stats.folders;
        out->passed_over = stats.passed_over;
        out->seconds = (double)(alice_env_now_ns(&o->env) - s.began_ns) / 1e9;
        if (st != ALICE_OK)
            alice__fail(error, st, 0, "%s: %s", path, alice_status_text(st));
    }
    alice__walk_close(&walk);
    alice__fs_close(fd);
    return st;
}
