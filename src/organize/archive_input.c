/* SPDX-License-Identifier: MIT */
#include "organize/archive_input.h"

#include <string.h>

static const char cut_off[] = "it is cut off";

static size_t read_raw(alice__archive_input *in)
{
    size_t got = 0;
    in->bad = in->fs->read_at(in->fs, in->fd, in->at, in->raw, ALICE__ARCHIVE_CHUNK, &got);
    if (in->bad) {
        in->why = strerror(-in->bad);
        return 0;
    }
    in->at += got;
    return got;
}

alice_status alice__archive_input_open(alice__archive_input *in, const alice__fs_ops *fs,
                                       alice_env *env, const char *path)
{
    static const uint8_t gzip[] = {0x1f, 0x8b};
    alice__fs_stat s = {.kind = ALICE__FS_UNKNOWN};
    void *raw = NULL, *out = NULL;
    *in = (alice__archive_input){.fs = fs, .env = env, .fd = -1};
    alice_status st = alice_env_alloc(env, ALICE__ARCHIVE_CHUNK, ALICE_HERE, &raw);
    in->raw = raw;
    if (st != ALICE_OK)
        return st;
    in->bad = fs->open_read(fs, ALICE__FS_CWD, path, &in->fd);
    if (!in->bad)
        in->bad = fs->stat_fd(fs, in->fd, &s);
    if (in->bad) {
        in->why = strerror(-in->bad);
        return ALICE_OK;
    }
    in->size = s.size;
    size_t n = read_raw(in);
    in->packed = n >= sizeof gzip && memcmp(raw, gzip, sizeof gzip) == 0;
    in->at = 0;
    if (!in->packed)
        return ALICE_OK;
    st = alice_env_alloc(env, ALICE__ARCHIVE_CHUNK, ALICE_HERE, &out);
    if (st == ALICE_OK)
        st = alice__inflate_begin(&in->z, env, ALICE__INFLATE_GZIP);
    if (st != ALICE_OK)
        alice_env_free(env, out, out ? ALICE__ARCHIVE_CHUNK : 0);
    else
        in->out = out;
    return st;
}

void alice__archive_input_close(alice__archive_input *in)
{
    if (in->out) {
        inflateEnd(&in->z);
        alice_env_free(in->env, in->out, ALICE__ARCHIVE_CHUNK);
    }
    alice_env_free(in->env, in->raw, in->raw ? ALICE__ARCHIVE_CHUNK : 0);
    if (in->fs)
        alice__fs_close(in->fd);
    *in = (alice__archive_input){.fd = -1};
}

/* Blocks of a tape, filled up with zeros, are no damage; other bytes are. */
static bool only_zeros_follow(alice__archive_input *in)
{
    for (size_t n = in->z.avail_in; !in->why; n = read_raw(in)) {
        const uint8_t *p = in->z.avail_in ? in->z.next_in : in->raw;
        in->z.avail_in = 0;
        if (n == 0)
            return true;
        for (size_t i = 0; i < n; i++)
            if (p[i])
                return false;
    }
    return true;
}

/* A member of the file ended: the next begins, or the file ends. False: it does. */
static bool next_member(alice__archive_input *in)
{
    if (in->z.avail_in == 0) {
        in->z.avail_in = (uInt)read_raw(in);
        in->z.next_in = in->raw;
    }
    if (in->z.avail_in == 0)
        return false;
    if (*in->z.next_in == 0x1f) {
        inflateReset(&in->z);
        in->member_ends = false;
        return true;
    }
    if (!only_zeros_follow(in))
        in->why = "there are bytes behind its end that are no archive";
    return false;
}

/* Unpack until the block is full or there is no more. */
static size_t inflate_next(alice__archive_input *in)
{
    in->z.next_out = in->out;
    in->z.avail_out = ALICE__ARCHIVE_CHUNK;
    while (in->z.avail_out > 0 && !in->why) {
        if (in->member_ends && !next_member(in))
            break;
        if (in->z.avail_in == 0) {
            in->z.avail_in = (uInt)read_raw(in);
            in->z.next_in = in->raw;
            if (in->z.avail_in == 0) {
                in->why = in->why ? in->why : cut_off;
                break;
            }
        }
        int z = inflate(&in->z, Z_NO_FLUSH);
        if (z == Z_STREAM_END)
            in->member_ends = true;
        else if (z == Z_MEM_ERROR)
            in->why = "there is no memory left to unpack it";
        else if (z != Z_OK)
            in->why = "it is damaged";
    }
    return ALICE__ARCHIVE_CHUNK - in->z.avail_out;
}

void alice__archive_input_next(alice__archive_input *in, const void **block, size_t *n)
{
    const uint8_t *p = in->packed ? in->out : in->raw;
    size_t got = 0, back = 0;
    if (!in->why)
        got = in->packed ? inflate_next(in) : read_raw(in);
    while (back < got && p[got - 1 - back] == 0)
        back++;
    in->zeros = back == got ? in->zeros + back : back;
    *block = p;
    *n = got;
}
