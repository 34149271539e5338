/* SPDX-License-Identifier: MIT */
#include "organize/compare.h"

#include <string.h>

#include <alice/reader.h>

#include "base/error.h"

enum {
    PART = 64 * 1024, /* read and hashed at once: it stays in the processor's second cache, and
                         asking for it costs no fresh pages of the kernel's each time */
    MAPPED = 16 * 1024 * 1024, /* below that setting up a mapping costs more than it saves */
    STRETCH = 8 * 1024 * 1024, /* between two looks at should_stop */
    SAMPLE = 16 * 1024
};

static bool asked_to_stop(const alice__reading_whole *how, uint64_t at, size_t n)
{
    return at % STRETCH + n >= STRETCH && how->should_stop && how->should_stop(how->stop_ctx);
}

typedef struct hashing {
    alice__hasher hasher;
    const alice__reading_whole *how;
    uint64_t seen;
} hashing;

static alice_status hash_chunk(void *ctx, alice_bytes chunk, uint64_t offset)
{
    hashing *h = ctx;
    (void)offset;
    alice__hasher_update(&h->hasher, chunk.p, chunk.n);
    bool stop = asked_to_stop(h->how, h->seen, chunk.n);
    h->seen += chunk.n;
    return stop ? ALICE_E_CANCELLED : ALICE_OK;
}

alice_status alice__content_hash(const alice__reading_whole *how, int fd, uint64_t size,
                                 alice__hash *out)
{
    alice_reader *reader = NULL;
    hashing h = {.how = how};
    alice_reader_options o = {.env = how->env,
                              .chunk_bytes = how->chunk_bytes < PART ? how->chunk_bytes : PART,
                              .use_mmap = how->use_mmap && size >= MAPPED,
                              .fail_if_grown = true};
    alice__hasher_init(&h.hasher);
    alice_status st = alice_reader_open_fd(&reader, fd, &o, NULL);
    if (st == ALICE_OK)
        st = alice_reader_seek(reader, 0, NULL);
    if (st == ALICE_OK)
        st = alice_reader_read_chunks(reader, hash_chunk, &h, NULL);
    alice_reader_close(&reader);
    if (st == ALICE_OK && h.seen != size)
        st = ALICE_E_CHANGED;
    if (st == ALICE_OK)
        *out = alice__hash_words(alice__hasher_final(&h.hasher));
    return st;
}

alice_status alice__sample_hash(const alice__reading_whole *how, int fd, uint64_t size,
                                alice__hash *out)
{
    const alice__fs_ops *fs = how->fs ? how->fs : &alice__fs_real;
    const uint64_t rest = size - ALICE__HEAD_BYTES;
    const size_t n = rest < SAMPLE ? (size_t)rest : SAMPLE;
    const uint64_t at[2] = {ALICE__HEAD_BYTES + (rest - n) / 2, size - n};
    void *buf = NULL;
    alice_status st = alice_env_alloc(&how->env, 2 * SAMPLE, ALICE_HERE, &buf);
    if (st != ALICE_OK)
        return st;
    for (size_t i = 0; i < 2 && st == ALICE_OK; i++) {
        size_t got = 0;
        int r = fs->read_at(fs, fd, at[i], (uint8_t *)buf + i * n, n, &got);
        st = r ? alice__status_of_errno(-r) : got != n ? ALICE_E_CHANGED : ALICE_OK;
    }
    if (st == ALICE_OK)
        *out = alice__hash_of_bytes(buf, 2 * n);
    alice_env_free(&how->env, buf, 2 * SAMPLE);
    return st;
}

alice_status alice__same_bytes(const alice__reading_whole *how, int a, int b, uint64_t size,
                               bool *same)
{
    const alice__fs_ops *fs = how->fs ? how->fs : &alice__fs_real;
    alice__fs_stat one, other;
    void *buf = NULL;
    /* Two names of one file, as twins of one archive have them. */
    if (fs->stat_fd(fs, a, &one) == 0 && fs->stat_fd(fs, b, &other) == 0 &&
        one.inode == other.inode && one.dev == other.dev && one.inode && one.size == size) {
        *same = true;
        return ALICE_OK;
    }
    size_t half = how->chunk_bytes <= size ? how->chunk_bytes : (size_t)size + 1;
    alice_status st = alice_env_alloc(&how->env, 2 * half, ALICE_HERE, &buf);
    if (st != ALICE_OK)
        return st;
    uint8_t *left = buf, *right = left + half;
    *same = true;
    /* Ask for one byte past the end as well: a file that grew is not the same. */
    for (uint64_t at = 0; *same && at <= size; at += half) {
        size_t want = size + 1 - at < half ? (size_t)(size + 1 - at) : half;
        size_t got_a = 0, got_b = 0;
        int bad = fs->read_at(fs, a, at, left, want, &got_a);
        if (!bad)
            bad = fs->read_at(fs, b, at, right, want, &got_b);
        if (bad || asked_to_stop(how, at, want)) {
            st = bad ? alice__status_of_errno(-bad) : ALICE_E_CANCELLED;
            break;
        }
        uint64_t expected = size - at < want ? size - at : want;
        *same = got_a == expected && got_b == expected && memcmp(left, right, got_a) == 0;
    }
    if (size > ALICE__HEAD_BYTES) {
        alice__fs_drop_cache(a, ALICE__HEAD_BYTES, 0);
        alice__fs_drop_cache(b, ALICE__HEAD_BYTES, 0);
    }
    alice_env_free(&how->env, buf, 2 * half);
    return st;
}
