/* SPDX-License-Identifier: MIT */
/*
 * alice_similar(): which pictures look alike.
 *
 *   walk ─▶ in the order of the disk: decoders, hash ─▶ by pixels ─▶ lead or join ─▶ groups
 *
 * Between the steps a picture is a record of 96 bytes in a sort on disk, and its path stands in
 * a list of paths. This process parses nothing that a stranger made: that is the decoders',
 * which have nothing to lose.
 */
#include "organize/similar_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "media/types.h"
#include "organize/pictures.h"
#include "organize/own_limit.h"
#include "port/fs.h"

enum {
    NAMES = 256 * 1024,
    LEAST_WORK = 5 * 1024 * 1024 + ALICE__DECODER_BASE + ALICE__DECODER_LEAST,
    ALLOWANCE_MOST = 256 * 1024 * 1024,
    BLOCK_MOST = 16 * 1024 * 1024,
    STOP_EACH = 256,
    LEAST_QUALITY = 20 /* below that a picture shows next to nothing */
};

typedef struct sorts {
    alice__disk_sort *disk, *pixels;
} sorts;

bool alice__similar_should_stop(void *ctx)
{
    const alice__similar *s = ctx;
    return s->o->should_stop && s->o->should_stop(s->o->ctx);
}

alice_status alice__similar_scratch_failed(const alice__similar *s, int r)
{
    return alice__fail(s->error, alice__status_of_errno(-r), -r,
                       "lists are kept in %s, which cannot take them: %s", s->scratch_dir,
                       strerror(-r));
}

alice_status alice__similar_open_sort(alice__similar *s, alice__disk_sort **out, size_t bytes,
                                      int (*order)(const void *, const void *))
{
    const alice__disk_sort_options o = {.env = s->env,
                                        .scratch_dir = s->scratch_dir,
                                        .record_bytes = bytes,
                                        .block_bytes = s->block,
                                        .order = order};
    return alice__disk_sort_open(out, &o, s->error);
}

alice_status alice__similar_path(const alice__similar *s, const alice__shot *shot, char *out,
                                 size_t size)
{
    char below[ALICE__LISTED_PATH];
    int bad = alice__path_list_get(&s->paths, shot->path, shot->length, below);
    if (bad)
        return alice__similar_scratch_failed(s, bad);
    alice__path_shown(s->o->paths[shot->root], below, out, size);
    return ALICE_OK;
}

alice_status alice__similar_shot(const alice__similar *s, uint64_t rank, alice__shot *out)
{
    size_t got = 0;
    int bad = alice__fs_read_at(s->ranked, rank * sizeof *out, out, sizeof *out, &got);
    if (bad || got != sizeof *out)
        return alice__similar_scratch_failed(s, bad ? bad : -EIO);
    return ALICE_OK;
}

static void report_unread(alice__similar *s, uint16_t root, const char *below,
                          alice_status status, const char *why)
{
    char path[ALICE__LISTED_PATH + 4096];
    s->out->unread++;
    if (!s->o->on_unread)
        return;
    alice__path_shown(s->o->paths[root], below, path, sizeof path);
    const alice_unread_file u = {
        .path = path, .status = status, .why = why ? why : alice_status_text(status)};
    s->o->on_unread(s->o->ctx, &u);
}

static void shot_unread(alice__similar *s, const alice__shot *shot, alice_status status,
                        const char *why)
{
    char below[ALICE__LISTED_PATH] = "";
    (void)alice__path_list_get(&s->paths, shot->path, shot->length, below);
    report_unread(s, shot->root, below, status, why);
}

/* ---- the walk ---- */

static int by_disk(const void *a, const void *b)
{
    const alice__shot *x = a, *y = b;
    int d = ALICE__ORDER(x->dev, y->dev);
    d = d ? d : ALICE__ORDER(x->inode, y->inode);
    return d ? d : ALICE__ORDER(x->path, y->path);
}

static int by_pixels(const void *a, const void *b)
{
    const alice__shot *x = a, *y = b;
    uint64_t m = (uint64_t)x->width * x->height, n = (uint64_t)y->width * y->height;
    int d = ALICE__ORDER(n, m);
    d = d ? d : ALICE__ORDER(y->size, x->size);
    return d ? d : ALICE__ORDER(x->path, y->path);
}

/* Names of films and sidecars are believed: so that not each of them is opened. */
static bool may_be_picture(const char *name)
{
    const alice__name_kind *kind = alice__name_kind_of(name);
    return kind->kind != ALICE_CLASS_VIDEO && !alice__partner_is_sidecar(kind->partner);
}

static alice_status add_file(alice__similar *s, uint16_t root, const alice__entry *e,
                             alice__disk_sort *to)
{
    alice__fs_stat st;
    const char *folder = alice__folder_path(e->folder);
    int bad = 0;
    if (e->kind == ALICE__ENTRY_FILE)
        bad = alice__fs_stat_at(alice__folder_fd(e->folder), e->name, &st);
    if (bad == -ENOENT || (e->kind != ALICE__ENTRY_FILE && e->kind != ALICE__ENTRY_ERROR))
        return ALICE_OK;
    if (bad || e->kind == ALICE__ENTRY_ERROR) {
        char below[ALICE__LISTED_PATH];
        snprintf(below, sizeof below, "%s%s%s", folder, *folder ? "/" : "", e->name);
        report_unread(s, root, below, bad ? alice__status_of_errno(-bad) : e->status,
                      bad ? strerror(-bad) : e->why);
        return ALICE_OK;
    }
    if (st.kind != ALICE__FS_FILE || st.size == 0)
        return ALICE_OK;
    s->out->files++;
    if (!may_be_picture(e->name))
        return ALICE_OK;
    const alice_media_type named = alice__name_type(e->name);
    alice__shot shot = {.size = st.size,
                        .dev = st.dev,
                        .inode = st.inode,
                        .mtime_ns = st.mtime_ns,
                        .ctime_ns = st.ctime_ns,
                        .root = root,
                        .type = (uint8_t)named};
    bad = alice__path_list_add(&s->paths, folder, e->name, &shot.path, &shot.length);
    return bad ? alice__similar_scratch_failed(s, bad)
               : alice__disk_sort_add(to, &shot, s->error);
}

static alice_status walk_root(alice__similar *s, uint16_t root, alice__disk_sort *to)
{
    const alice__walk_options w = {.env = s->env,
                                   .root_fd = s->roots[root],
                                   .scratch_dir = s->scratch_dir,
                                   .names_bytes = NAMES};
    alice__walk *walk = NULL;
    alice__entry e;
    alice_status st = alice__walk_open(&walk, &w, s->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        st = add_file(s, root, &e, to);
        if (st == ALICE_OK && ++s->looks % STOP_EACH == 0 && alice__similar_should_stop(s))
            st = ALICE_E_CANCELLED;
    }
    alice__walk_close(&walk);
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* ---- reading ---- */

/* The type is what the content says, but that of a RAW, which is a TIFF inside. */
static uint8_t type_of(const alice__shot *shot, uint32_t told)
{
    const alice_media_type named = (alice_media_type)shot->type;
    bool raw = alice_media_class_of(named) == ALICE_CLASS_RAW &&
               (told == ALICE_MEDIA_TIFF || alice_media_class_of(told) == ALICE_CLASS_RAW);
    return raw || told >= ALICE_MEDIA_COUNT ? shot->type : (uint8_t)told;
}

static alice_status take_shot(alice__similar *s, alice__shot *shot, const alice__picture *p,
                              alice__disk_sort *to)
{
    unsigned quality;
    shot->type = type_of(shot, p->answer.format);
    if (p->status == ALICE_E_UNSUPPORTED) {
        s->out->no_decoder += p->answer.state == ALICE__PICTURE_NO_DECODER;
        return ALICE_OK;
    }
    if (p->status != ALICE_OK) {
        shot_unread(s, shot, p->status, p->why);
        return ALICE_OK;
    }
    alice__picture_hash_of(p->pixels, p->answer.out_width, p->answer.out_height, &shot->hash,
                           &quality);
    shot->width = p->answer.width;
    shot->height = p->answer.height;
    shot->quality = (uint8_t)quality;
    s->out->decoded++;
    s->out->pictures++;
    if (quality < LEAST_QUALITY) {
        s->out->flat++;
        return ALICE_OK;
    }
    return alice__disk_sort_add(to, shot, s->error);
}

/* Whether the open file is the one that was met; else why not. */
static alice_status check_open(int fd, const alice__shot *shot, const char **why)
{
    alice__fs_stat st;
    int bad = alice__fs_stat_fd(fd, &st);
    if (bad) {
        *why = strerror(-bad);
        return alice__status_of_errno(-bad);
    }
    *why = "it changed meanwhile";
    return st.size == shot->size && st.mtime_ns == shot->mtime_ns && st.inode == shot->inode
               ? ALICE_OK
               : ALICE_E_CHANGED;
}

static alice_status ask(alice__similar *s, alice__pictures *pictures, const alice__shot *shot,
                        uint64_t tag, bool *asked)
{
    static const alice__picture_ask luma = {
        .magic = ALICE__PICTURE_MAGIC, .channels = 1, .side = ALICE__PICTURE_LUMA_SIDE};
    char below[ALICE__LISTED_PATH];
    const char *why = NULL;
    int fd = -1, bad = alice__path_list_get(&s->paths, shot->path, shot->length, below);
    *asked = false;
    if (bad)
        return alice__similar_scratch_failed(s, bad);
    bad = alice__fs_open_read(s->roots[shot->root], below, &fd);
    alice_status st = bad ? alice__status_of_errno(-bad) : check_open(fd, shot, &why);
    if (st != ALICE_OK) {
        report_unread(s, shot->root, below, st, bad ? strerror(-bad) : why);
        st = ALICE_OK;
    } else {
        st = alice__pictures_ask(pictures, &luma, fd, tag, s->error);
        *asked = st == ALICE_OK;
    }
    alice__fs_close(fd);
    return st;
}

/* Those that are under way; the tag is the place here. */
typedef struct desk {
    alice__shot shots[ALICE__DECODERS_MOST];
    bool used[ALICE__DECODERS_MOST];
} desk;

static alice_status take_one(alice__similar *s, alice__pictures *pictures, desk *d,
                             alice__disk_sort *to)
{
    alice__picture p;
    alice_status st = alice__pictures_next(pictures, &p, s->error);
    if (st != ALICE_OK)
        return st;
    d->used[p.tag] = false;
    return take_shot(s, &d->shots[p.tag], &p, to);
}

static alice_status give_one(alice__similar *s, alice__pictures *pictures, desk *d,
                             const alice__shot *shot)
{
    uint64_t at = 0;
    while (d->used[at])
        at++;
    d->shots[at] = *shot;
    return ask(s, pictures, shot, at, &d->used[at]);
}

/* From the order of the disk to that of pixels. */
static alice_status read_all(alice__similar *s, alice__pictures *pictures, sorts *x)
{
    alice__shot last = {.inode = 0};
    desk d = {.used = {false}};
    const void *next;
    bool any = false;
    alice_status st = alice__disk_sort_start(x->disk, s->error);
    while (st == ALICE_OK &&
           (st = alice__disk_sort_next(x->disk, &next, s->error)) == ALICE_OK) {
        alice__shot shot;
        memcpy(&shot, next, sizeof shot);
        if (any && shot.dev == last.dev && shot.inode == last.inode) {
            s->out->links++;
            continue;
        }
        any = true;
        last = shot;
        while (st == ALICE_OK && !alice__pictures_has_idle(pictures))
            st = take_one(s, pictures, &d, x->pixels);
        if (st == ALICE_OK)
            st = give_one(s, pictures, &d, &shot);
        if (st == ALICE_OK && alice__similar_should_stop(s))
            st = ALICE_E_CANCELLED;
    }
    while (st == ALICE_E_END && (st = take_one(s, pictures, &d, x->pixels)) == ALICE_OK)
        st = ALICE_E_END;
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status decode_all(alice__similar *s, sorts *x)
{
    const alice__pictures_options o = {.env = s->env,
                                       .program = s->o->decoder,
                                       .count = s->decoders,
                                       .allowance = s->allowance,
                                       .file_ms = s->o->file_ms,
                                       .should_stop = alice__similar_should_stop,
                                       .stop_ctx = s};
    alice__pictures *pictures = NULL;
    if (alice__disk_sort_count(x->disk) == 0)
        return ALICE_OK;
    alice_status st = alice__pictures_open(&pictures, &o, s->error);
    if (st == ALICE_OK)
        st = read_all(s, pictures, x);
    alice__pictures_close(&pictures);
    return st;
}

/* ---- the whole ---- */

/* The sorted shots, as a file in which each has its place. */
static alice_status rank_all(alice__similar *s, alice__disk_sort *pixels)
{
    enum { AT_ONCE = 64 };
    alice__shot some[AT_ONCE];
    const void *next = NULL;
    size_t n = 0;
    int bad = alice__fs_scratch(s->scratch_dir, &s->ranked);
    alice_status st =
        bad ? alice__similar_scratch_failed(s, bad) : alice__disk_sort_start(pixels, s->error);
    while (st == ALICE_OK) {
        st = alice__disk_sort_next(pixels, &next, s->error);
        if (st == ALICE_OK)
            memcpy(&some[n++], next, sizeof *some);
        if (n == AT_ONCE || (st == ALICE_E_END && n)) {
            bad =
                alice__fs_write_at(s->ranked, s->count * sizeof *some, some, n * sizeof *some);
            s->count += n;
            n = 0;
            if (bad)
                return alice__similar_scratch_failed(s, bad);
        }
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status find(alice__similar *s)
{
    sorts x = {.disk = NULL};
    alice_status st = alice__similar_open_sort(s, &x.disk, sizeof(alice__shot), by_disk);
    for (size_t i = 0; st == ALICE_OK && i < s->o->path_count; i++)
        st = walk_root(s, (uint16_t)i, x.disk);
    int bad = st == ALICE_OK ? alice__path_list_end(&s->paths) : 0;
    if (bad)
        st = alice__similar_scratch_failed(s, bad);
    if (st == ALICE_OK)
        st = alice__similar_open_sort(s, &x.pixels, sizeof(alice__shot), by_pixels);
    if (st == ALICE_OK)
        st = decode_all(s, &x);
    alice__disk_sort_close(&x.disk);
    if (st == ALICE_OK)
        st = rank_all(s, x.pixels);
    alice__disk_sort_close(&x.pixels);
    if (st == ALICE_OK)
        st = alice__similar_begin_groups(s);
    if (st == ALICE_OK)
        st = alice__similar_match(s);
    if (st == ALICE_OK)
        st = alice__similar_tell(s);
    alice__disk_sort_close(&s->members);
    return st;
}

/* Half of the memory is the decoders' while they run, so many as it is enough for. */
static void divide(alice__similar *s, const alice_config *config)
{
    const size_t half = s->work / 2;
    size_t n = alice_config_workers(config);
    const size_t least = ALICE__DECODER_BASE + ALICE__DECODER_LEAST;
    n = n > ALICE__DECODERS_MOST ? ALICE__DECODERS_MOST : n;
    /* A progressive picture of 24 megapixels takes 72 MB: few decoders that can read it are
       better than many that cannot. */
    while (n > 1 && half / n < least + 72 * ALICE_MB)
        n--;
    size_t each = half / n > least ? half / n : least;
    s->decoders = (unsigned)n;
    s->allowance = each - ALICE__DECODER_BASE;
    if (s->allowance > ALLOWANCE_MOST)
        s->allowance = ALLOWANCE_MOST;
    size_t rest =
        s->work - n * (size_t)(s->allowance + ALICE__DECODER_BASE + ALICE__PICTURE_BYTES);
    s->block = (rest - rest / 4) / 2; /* two sorts at once, and the rest */
    s->block = s->block > BLOCK_MOST ? BLOCK_MOST : s->block;
}

static alice_status open_budget(alice__similar *s)
{
    alice_config config = s->o->config;
    alice__own_limit own;
    alice_config_resolve(&config);
    alice_status st =
        alice__own_limit_divide(&config, s->o->kernel_backstop, LEAST_WORK, &own, s->error);
    if (st != ALICE_OK)
        return st;
    s->work = own.work;
    divide(s, &config);
    const alice_budget_options b = {.env = s->o->env, .limit = own.limit};
    st = alice_budget_open(&s->budget, &b);
    if (st == ALICE_OK)
        st = alice_account_open(&s->account, alice_budget_root(s->budget), "similar", 0);
    if (st != ALICE_OK)
        return alice__fail(s->error, st, 0, "there is no memory to begin with");
    alice_account_observe(alice_budget_root(s->budget), own.floor + ALICE__OWN_GUARD);
    s->env = s->o->env;
    s->env.account = s->account;
    if (s->o->kernel_backstop) {
        /* The decoders have limits of their own. */
        const alice_limit_options l = {
            .env = s->env,
            .limit_bytes =
                own.limit - s->decoders * (size_t)(s->allowance + ALICE__DECODER_BASE) / 2};
        st = alice_limit_begin(&s->limit, &l);
        if (st != ALICE_OK)
            return alice__fail(s->error, st, 0, "the kernel does not hold the limit");
    }
    st = alice__path_list_open(&s->paths, &s->env, s->scratch_dir);
    return st == ALICE_OK ? st
                          : alice__fail(s->error, st, 0, "there is no memory to begin with");
}

static alice_status close_all(alice__similar *s)
{
    alice_status st = ALICE_OK;
    alice__path_list_close(&s->paths);
    alice_limit_end(&s->limit);
    for (size_t i = 0; i < s->o->path_count; i++)
        alice__fs_close(s->roots[i]);
    alice__fs_close(s->ranked);
    if (s->account) {
        s->out->peak_bytes = alice_account_peak(s->account);
        st = alice_account_close(&s->account);
    }
    if (s->budget) {
        alice_account_observe(alice_budget_root(s->budget), 0);
        alice_status closed = alice_budget_close(&s->budget, NULL);
        st = st == ALICE_OK ? closed : st;
    }
    return st;
}

static alice_status check(const alice_similar_options *o, alice_error *error)
{
    if (!o || !o->paths || o->path_count == 0 || o->path_count > ALICE__SIMILAR_PATHS)
        return alice__fail(error, ALICE_E_INVAL, 0, "1 to %d folders are looked through",
                           ALICE__SIMILAR_PATHS);
    if (o->distance > ALICE_SIMILAR_DISTANCE_MOST)
        return alice__fail(error, ALICE_E_INVAL, 0, "at most %d bits may differ",
                           ALICE_SIMILAR_DISTANCE_MOST);
    if (o->keep && o->keep_count > ALICE__SIMILAR_RULES)
        return alice__fail(error, ALICE_E_INVAL, 0, "at most %d rules say what to keep",
                           ALICE__SIMILAR_RULES);
    for (size_t i = 0; o->keep && i < o->keep_count; i++)
        if ((unsigned)o->keep[i].keep > ALICE_KEEP_FORMAT ||
            o->keep[i].keep == ALICE_KEEP_HAS_SIDECAR ||
            ((o->keep[i].keep == ALICE_KEEP_UNDER || o->keep[i].keep == ALICE_KEEP_FORMAT) &&
             !o->keep[i].under))
            return alice__fail(error, ALICE_E_INVAL, 0, "rule %zu of what to keep is none",
                               i + 1);
    return ALICE_OK;
}

static alice_status open_roots(alice__similar *s)
{
    for (size_t i = 0; i < s->o->path_count; i++) {
        int bad = alice__fs_open_dir_path(s->o->paths[i], &s->roots[i]);
        if (bad)
            return alice__fail(s->error, alice__status_of_errno(-bad), -bad, "%s: %s",
                               s->o->paths[i], strerror(-bad));
    }
    return ALICE_OK;
}

alice_status alice_similar(const alice_similar_options *options, alice_similar_result *out,
                           alice_error *error)
{
    alice_similar_result unwanted = {0};
    alice_similar_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    st = check(options ? &own : NULL, error);
    if (st != ALICE_OK)
        return st;
    alice__similar s = {.o = &own,
                        .out = out ? out : &unwanted,
                        .error = error,
                        .distance = own.distance ? own.distance : ALICE_SIMILAR_DISTANCE,
                        .scratch_dir = own.scratch_dir ? own.scratch_dir : "/var/tmp",
                        .ranked = -1};
    memset(s.out, 0, sizeof *s.out);
    for (size_t i = 0; i < own.path_count; i++)
        s.roots[i] = -1;
    st = open_roots(&s);
    if (st == ALICE_OK)
        st = open_budget(&s);
    if (st == ALICE_OK)
        st = find(&s);
    alice_status closed = close_all(&s);
    return st == ALICE_OK ? closed : st;
}
