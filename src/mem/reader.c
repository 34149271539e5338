/* SPDX-License-Identifier: MIT */
/*
 * The reader: one buffer that slides over the file.
 *
 *     file    ……………………┃ taken │ not taken yet │ free ┃……… not read yet
 *     buffer            0     begin           end    cap
 *                       at = the file's offset of buffer[begin]
 *
 * Chunks, lines and peeks take from the same buffer, so they may be mixed. What
 * ended the reading (the end, a failure, a change) is kept in `over` and handed
 * out when the buffer is empty. The buffer holds a chunk; only a line that is
 * longer makes it grow, and it shrinks again after that line.
 *
 * With use_mmap a large regular file has a second source: windows of an alice_map. A
 * whole chunk is lent out of its window, without a copy, while nothing is held; all
 * else is copied from there into the buffer. Where a window cannot be had, or was cut
 * off, the file is read from there on, which also finds out what is the matter.
 */
#include "mem/reader_int.h"

#include <alice/budget.h>
#include <alice/config.h>

#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "base/options.h"
#include "mem/map_window.h"
#include "mem/profile_hook.h"

enum {
    CHUNK = 1024 * 1024,
    /* One read into the buffer: what the kernel copies stays in the processor's cache
       until it is looked at. */
    READ = 128 * 1024,
    LEAST_CHUNK = 512,
    LEAST_LINE = 2
};

/* What the kernel takes as an offset. */
#define LAST_OFFSET ((uint64_t)INT64_MAX)

/* ---- the buffer ---- */

/* The file's offset of the next byte that is read. */
static uint64_t next_offset(const alice_reader *r)
{
    return r->at + held(r);
}

static void reading_failed(alice_reader *r, int e)
{
    r->over = alice__status_of_errno(-e);
    if (r->over == ALICE_E_SYSTEM || r->over == ALICE_OK)
        r->over = ALICE_E_IO;
    alice__fail(&r->why, r->over, -e, "reading failed at byte %" PRIu64 ": %s", next_offset(r),
                e == -EIO ? "the device or file system reports an error" : strerror(-e));
}

static void shrank(alice_reader *r, uint64_t to)
{
    r->over =
        alice__fail(&r->why, ALICE_E_CHANGED, 0,
                    "the file shrank from %" PRIu64 " to %" PRIu64 " bytes while it was read",
                    r->about.size, to);
}

/* Nothing more came: the end, or a file that is not what it was. */
static void reading_ended(alice_reader *r)
{
    alice__file_about now = {0};
    uint64_t at = next_offset(r);
    r->over = ALICE_E_END;
    if (!r->about.regular || alice__file_look(r->fd, &now) != 0)
        return;
    if (at < r->about.size)
        shrank(r, now.size < at ? now.size : at);
    else if (r->o.fail_if_grown && now.size > r->about.size)
        r->over =
            alice__fail(&r->why, ALICE_E_CHANGED, 0,
                        "the file grew from %" PRIu64 " to %" PRIu64 " bytes while it was read",
                        r->about.size, now.size);
}

/* How much may be read: a file that must not grow is not read past its old end. */
static size_t allowed(const alice_reader *r, size_t n)
{
    uint64_t at = next_offset(r);
    if (r->about.seekable && n > LAST_OFFSET - at)
        n = (size_t)(LAST_OFFSET - at);
    if (!r->o.fail_if_grown || !r->about.regular || r->about.size == 0)
        return n;
    uint64_t left = at < r->about.size ? r->about.size - at : 0;
    return left < n ? (size_t)left : n;
}

/* ---- the map ---- */

static void end_map(alice_reader *r)
{
    if (!r->map)
        return;
    r->windows += alice__map_windows(r->map);
    alice_map_close(&r->map);
}

/* Whether the file still holds what was seen of it, up to `end`. The rest of a page that was
 * cut reads as zeros without a signal, so the size is asked for too. */
static bool still_there(alice_reader *r, uint64_t end, uint64_t *size)
{
    alice__file_about now = {0};
    int e = alice__file_look(r->fd, &now);
    *size = now.size;
    return alice_map_check(r->map, &r->why) == ALICE_OK && e == 0 && now.size >= end;
}

/* The `n` bytes at `offset`, seen through the map. False: it is at its end, or of no more use.
 */
static bool seen(alice_reader *r, uint64_t offset, size_t n, alice_bytes *b)
{
    if (!r->map || offset > r->about.size || n > r->about.size - offset)
        return false;
    if (alice_map_at(r->map, offset, n, b, NULL) != ALICE_OK) {
        end_map(r);
        return false;
    }
    alice__drop_behind_reading(&r->drop, offset, n);
    return true;
}

/* Lend the next chunk, if it is a whole one. */
static bool lend(alice_reader *r, alice_bytes *chunk)
{
    if (held(r) > 0 || r->over != ALICE_OK || !seen(r, r->at, r->o.chunk_bytes, chunk))
        return false;
    r->at += chunk->n;
    r->read += chunk->n;
    r->lent_end = r->at;
    return true;
}

void alice__reader_end_loan(alice_reader *r)
{
    uint64_t end = r->lent_end, size = 0;
    r->lent_end = 0;
    if (still_there(r, end, &size))
        return;
    if (size < end)
        shrank(r, size);
    else
        r->over = r->why.status;
    end_map(r);
}

/* Copy `n` bytes behind what is held. */
static bool copy_seen(alice_reader *r, size_t n)
{
    alice_bytes b;
    uint64_t size, at = next_offset(r);
    if (!seen(r, at, n, &b))
        return false;
    memcpy(r->buffer + r->end, b.p, n);
    if (still_there(r, at + n, &size))
        return true;
    end_map(r);
    return false;
}

void alice__reader_read_more(alice_reader *r)
{
    size_t room = r->cap - r->end;
    size_t n = allowed(r, room < READ ? room : READ);
    size_t got = 0;
    int e = 0;
    if (n > 0 && copy_seen(r, n)) {
        got = n;
    } else if (n > 0 && r->about.seekable) {
        if (r->map) /* at its end: what it shows may be dropped */
            alice__map_leave(r->map);
        alice__drop_behind_reading(&r->drop, next_offset(r), n);
        e = alice__file_read_at(r->fd, next_offset(r), r->buffer + r->end, n, &got);
    } else if (n > 0) {
        e = alice__file_read(r->fd, r->buffer + r->end, n, &got);
    }
    r->end += got;
    r->read += got;
    if (e != 0)
        reading_failed(r, e);
    else if (got == 0)
        reading_ended(r);
}

/* Hold at least `n` bytes (at most cap), unless the file ends before. */
static void fill(alice_reader *r, size_t n)
{
    if (held(r) < n && r->cap - r->begin < n)
        compact(r);
    while (held(r) < n && r->over == ALICE_OK)
        alice__reader_read_more(r);
}

alice_status alice__reader_over(const alice_reader *r, alice_error *error)
{
    if (error && r->over != ALICE_E_END)
        *error = r->why;
    return r->over;
}

void alice__reader_shrink(alice_reader *r)
{
    if (r->cap <= r->o.chunk_bytes || held(r) > r->o.chunk_bytes)
        return;
    compact(r);
    void *p = r->buffer;
    if (alice_env_resize(&r->o.env, &p, r->cap, r->o.chunk_bytes, ALICE_HERE) == ALICE_OK) {
        r->buffer = p;
        r->cap = r->o.chunk_bytes;
    }
}

/* ---- chunks ---- */

alice_status alice_reader_next_chunk(alice_reader *r, alice_bytes *chunk, alice_error *error)
{
    if (!r || !chunk)
        return ALICE_E_INVAL;
    take_back(r);
    alice__reader_shrink(r);
    if (lend(r, chunk)) {
        r->chunks++;
        return ALICE_OK;
    }
    fill(r, r->o.chunk_bytes);
    size_t n = held(r) < r->o.chunk_bytes ? held(r) : r->o.chunk_bytes;
    if (n == 0)
        return alice__reader_over(r, error);
    *chunk = (alice_bytes){.p = r->buffer + r->begin, .n = n};
    take(r, n);
    r->chunks++;
    return ALICE_OK;
}

alice_status alice_reader_read_chunks(alice_reader *r, alice_chunk_fn fn, void *ctx,
                                      alice_error *error)
{
    alice_bytes chunk;
    alice_status st;
    if (!r || !fn)
        return ALICE_E_INVAL;
    while ((st = alice_reader_next_chunk(r, &chunk, error)) == ALICE_OK) {
        st = fn(ctx, chunk, r->at - chunk.n);
        if (st != ALICE_OK)
            return st;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* ---- results ---- */

static alice_status collect(alice_results *results, const alice_env *env, void *item)
{
    if (results->count == results->capacity) {
        size_t cap = results->capacity ? results->capacity * 2 : 64;
        void *p = results->items;
        alice_status st = alice_env_resize(env, &p, results->capacity * sizeof(void *),
                                           cap * sizeof(void *), ALICE_HERE);
        if (st != ALICE_OK)
            return st;
        results->items = p;
        results->capacity = cap;
    }
    results->items[results->count++] = item;
    return ALICE_OK;
}

alice_status alice_reader_process_large_file(const char *path,
                                             const alice_reader_options *options,
                                             alice_chunk_processor fn, void *ctx,
                                             alice_results *results, alice_error *error)
{
    alice_reader *r = NULL;
    alice_bytes chunk;
    if (!fn || !results)
        return ALICE_E_INVAL;
    *results = (alice_results){0};
    alice_status st = alice_reader_open(&r, path, options, error);
    if (st != ALICE_OK)
        return st;
    while ((st = alice_reader_next_chunk(r, &chunk, error)) == ALICE_OK) {
        void *result = NULL;
        /* Room first: an answer that could not be kept would be lost. */
        st = collect(results, &r->o.env, NULL);
        if (st != ALICE_OK) {
            alice__fail(error, st, 0, "no memory for result %zu", results->count + 1);
            break;
        }
        st = fn(ctx, chunk, r->at - chunk.n, &result);
        if (st != ALICE_OK) {
            results->count--;
            break;
        }
        results->items[results->count - 1] = result;
    }
    alice_reader_close(&r);
    return st == ALICE_E_END ? ALICE_OK : st;
}

void alice_results_free(alice_results *results, const alice_env *env)
{
    if (!results)
        return;
    alice_env_free(env, results->items, results->capacity * sizeof(void *));
    *results = (alice_results){0};
}

/* ---- looking and moving ---- */

alice_status alice_reader_peek(alice_reader *r, size_t n, alice_bytes *out, alice_error *error)
{
    if (!r || !out)
        return ALICE_E_INVAL;
    if (n > r->o.chunk_bytes)
        return alice__fail(error, ALICE_E_TOOBIG, 0, "cannot look %zu bytes ahead, only %zu", n,
                           r->o.chunk_bytes);
    take_back(r);
    fill(r, n);
    if (held(r) < n && r->over != ALICE_E_END)
        return alice__reader_over(r, error);
    *out = (alice_bytes){.p = r->buffer + r->begin, .n = held(r) < n ? held(r) : n};
    return ALICE_OK;
}

/* Start over at an offset of a seekable file. */
static void move_to(alice_reader *r, uint64_t offset)
{
    if (r->map)
        alice__map_leave(r->map);
    alice__drop_behind_end(&r->drop);
    r->begin = r->end = r->scanned = 0;
    r->at = offset;
    r->over = ALICE_OK;
}

alice_status alice_reader_skip(alice_reader *r, uint64_t n, alice_error *error)
{
    if (!r)
        return ALICE_E_INVAL;
    take_back(r);
    while (n > 0) {
        size_t now = held(r) < n ? held(r) : (size_t)n;
        take(r, now);
        n -= now;
        if (n == 0)
            break;
        if (r->over != ALICE_OK)
            return alice__reader_over(r, error);
        if (r->about.regular && r->at < r->about.size && n < r->about.size - r->at) {
            move_to(r, r->at + n);
            break;
        }
        alice__reader_read_more(r);
    }
    return ALICE_OK;
}

static alice_status no_such_offset(uint64_t offset, alice_error *error)
{
    return alice__fail(error, ALICE_E_INVAL, 0,
                       "%" PRIu64 " is beyond the offsets that a file can have", offset);
}

alice_status alice_reader_seek(alice_reader *r, uint64_t offset, alice_error *error)
{
    if (!r)
        return ALICE_E_INVAL;
    if (!r->about.seekable)
        return alice__fail(error, ALICE_E_UNSUPPORTED, 0,
                           "this input cannot be read from any "
                           "offset but the next");
    if (offset > LAST_OFFSET)
        return no_such_offset(offset, error);
    bool lent = r->lent_end != 0;
    take_back(r);
    alice_status st = lent && r->over != ALICE_OK ? alice__reader_over(r, error) : ALICE_OK;
    move_to(r, offset);
    r->in_line = r->skipping = false;
    r->line = 0;
    return st;
}

alice_status alice_reader_read_at(const alice_reader *r, uint64_t offset, void *to, size_t n,
                                  size_t *got, alice_error *error)
{
    size_t have = 0;
    if (!r || !got || (n && !to))
        return ALICE_E_INVAL;
    if (!r->about.seekable)
        return alice__fail(error, ALICE_E_UNSUPPORTED, 0,
                           "this input cannot be read from any "
                           "offset but the next");
    if (offset > LAST_OFFSET)
        return no_such_offset(offset, error);
    if (n > LAST_OFFSET - offset)
        n = (size_t)(LAST_OFFSET - offset);
    int e = alice__file_read_at(r->fd, offset, to, n, &have);
    if (e != 0) {
        alice_status st = alice__status_of_errno(-e);
        return alice__fail(error, st == ALICE_E_SYSTEM ? ALICE_E_IO : st, -e,
                           "reading failed at byte %" PRIu64 ": %s", offset + have,
                           strerror(-e));
    }
    *got = have;
    return ALICE_OK;
}

alice_status alice_reader_check_unchanged(const alice_reader *r, alice_error *error)
{
    alice__file_about now;
    if (!r)
        return ALICE_E_INVAL;
    int e = alice__file_look(r->fd, &now);
    if (e != 0)
        return alice__fail(error, alice__status_of_errno(-e), -e, "cannot look at the file: %s",
                           strerror(-e));
    if (now.size != r->about.size)
        return alice__fail(error, ALICE_E_CHANGED, 0,
                           "the file had %" PRIu64 " bytes and has %" PRIu64 " now",
                           r->about.size, now.size);
    if (now.mtime_ns != r->about.mtime_ns || now.ctime_ns != r->about.ctime_ns)
        return alice__fail(error, ALICE_E_CHANGED, 0, "the file was written to meanwhile");
    return ALICE_OK;
}

/* ---- life ---- */

static alice_reader_options usual(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return (alice_reader_options){.chunk_bytes = (size_t)c.chunk_size_kb * ALICE_KB,
                                  .use_mmap = !c.no_mmap};
}

void alice_reader_defaults_into(alice_reader_options *out, size_t size,
                                const alice_config *config)
{
    if (!out)
        return;
    alice_reader_options o = usual(config);
    o.size = size;
    alice__figures_give(out, size, &o, sizeof o);
}

/* Where there is no room for a window, no guard or no mapping, the file is read. */
static void try_map(alice_reader *r)
{
    alice_map_options o = {.env = r->o.env,
                           .window_bytes = r->o.chunk_bytes,
                           .use_mmap = true,
                           .sigbus_guard = true,
                           .keep_cached = true}; /* the reader drops behind itself */
    o.env.census = NULL;                         /* the reader is registered */
    if (!r->o.use_mmap || !r->about.regular || r->about.size <= r->o.chunk_bytes)
        return;
    if (alice_map_open_fd(&r->map, r->fd, &o, NULL) != ALICE_OK)
        r->map = NULL;
}

/* Open what is at `path`, or, where that is NULL, over `fd`, which stays the caller's. */
static alice_status open_reader(alice_reader **out, const char *path, int fd,
                                const alice_reader_options *options, void *caller,
                                alice_error *error)
{
    alice_reader *r = NULL;
    alice_reader_options o;
    alice_status st = alice__options_take(&o, sizeof o, options);
    alice__file_about about;

    if (!out || st != ALICE_OK)
        return out ? st : ALICE_E_INVAL;
    int e = path ? alice__file_open(path, &fd) : 0;
    if (e != 0)
        return alice__fail(error, alice__status_of_errno(-e), -e, "cannot open %s: %s", path,
                           strerror(-e));
    e = alice__file_look(fd, &about);
    if (e != 0) {
        st = alice__fail(error, alice__status_of_errno(-e), -e, "cannot look at the file: %s",
                         strerror(-e));
        goto fail;
    }
    if (about.directory) {
        st = alice__fail(error, ALICE_E_INVAL, EISDIR, "it is a directory");
        goto fail;
    }
    o.chunk_bytes = o.chunk_bytes ? o.chunk_bytes : CHUNK;
    if (o.chunk_bytes < LEAST_CHUNK)
        o.chunk_bytes = LEAST_CHUNK;
    if (o.max_line_bytes == 0 && o.long_lines == ALICE_LINE_PARTS)
        o.max_line_bytes = o.chunk_bytes - 2; /* the buffer need not grow for a part */
    if (o.max_line_bytes && o.max_line_bytes < LEAST_LINE)
        o.max_line_bytes = LEAST_LINE;
    st = alice_env_calloc(&o.env, 1, sizeof *r, ALICE_HERE, (void **)&r);
    if (st != ALICE_OK)
        goto no_memory;
    r->o = o;
    r->fd = fd;
    r->about = about;
    r->at = about.position;
    r->cap = o.chunk_bytes;
    r->drop = (alice__drop_behind){
        .fd = fd, .on = about.regular && about.size > 0 && !o.keep_cached, .size = about.size};
    st = alice_env_alloc(&o.env, r->cap, ALICE_HERE, (void **)&r->buffer);
    if (st != ALICE_OK)
        goto no_memory;
    if (about.regular)
        alice__drop_behind_begin(&r->drop);
    try_map(r);
    r->own_fd = path != NULL;
    *out = r;
    ALICE__CENSUS_ADD_FROM(&r->o.env, r, "alice_reader", caller);
    return ALICE_OK;

no_memory:
    alice__fail(error, st, 0, "no memory for a buffer of %zu bytes", o.chunk_bytes);
    alice_env_free(&o.env, r, sizeof *r);
fail:
    if (path)
        alice__file_close(fd);
    return st;
}

alice_status alice_reader_open(alice_reader **out, const char *path,
                               const alice_reader_options *options, alice_error *error)
{
    return path ? open_reader(out, path, -1, options, __builtin_return_address(0), error)
                : ALICE_E_INVAL;
}

alice_status alice_reader_open_fd(alice_reader **out, int fd,
                                  const alice_reader_options *options, alice_error *error)
{
    return fd >= 0 ? open_reader(out, NULL, fd, options, __builtin_return_address(0), error)
                   : ALICE_E_INVAL;
}

void alice_reader_close(alice_reader **reader)
{
    if (!reader || !*reader)
        return;
    alice_reader *r = *reader;
    alice_env env = r->o.env;
    *reader = NULL;
    ALICE__CENSUS_REMOVE(&env, r);
    end_map(r);
    if (r->about.regular)
        alice__drop_behind_close(&r->drop);
    if (r->own_fd)
        alice__file_close(r->fd);
    alice_env_free(&env, r->buffer, r->cap);
    alice_env_free(&env, r, sizeof *r);
}

static void take_stats(const alice_reader *r, alice_reader_stats *out)
{
    *out = (alice_reader_stats){
        .size = r->about.size,
        .offset = r->at,
        .read = r->read,
        .dropped = r->drop.dropped,
        .chunks = r->chunks,
        .lines = r->lines,
        .windows = r->windows + (r->map ? alice__map_windows(r->map) : 0),
        .bytes = sizeof *r + r->cap + (r->map ? alice__map_bytes(r->map) : 0),
        .chunk_bytes = r->o.chunk_bytes,
        .seekable = r->about.seekable};
    out->mb = (double)out->bytes / (double)ALICE_MB;
}

void alice_reader_stats_into(const alice_reader *r, alice_reader_stats *out, size_t size)
{
    alice_reader_stats s = {0};
    if (!out || !r)
        return;
    take_stats(r, &s);
    alice__figures_give(out, size, &s, sizeof s);
}
