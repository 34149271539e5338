/* SPDX-License-Identifier: MIT */
/* Fuzz target: an archive, read to its end as a run reads it. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "organize/archive_entries.h"

#if ALICE_ARCHIVES

typedef struct reading {
    alice__fs_ops fs;
    alice_bytes file;
    alice__archive_entries in;
    uint64_t sum;
    uint64_t left; /* bytes that may still be asked for */
} reading;

static int open_read(const alice__fs_ops *fs, int dir, const char *name, int *fd)
{
    (void)fs, (void)dir, (void)name;
    *fd = -1;
    return 0;
}

static int stat_fd(const alice__fs_ops *fs, int fd, alice__fs_stat *out)
{
    const reading *r = fs->ctx;
    (void)fd;
    *out = (alice__fs_stat){.kind = ALICE__FS_FILE, .size = r->file.n};
    return 0;
}

static int read_at(const alice__fs_ops *fs, int fd, uint64_t offset, void *buf, size_t n,
                   size_t *got)
{
    const reading *r = fs->ctx;
    (void)fd;
    *got = offset < r->file.n ? r->file.n - (size_t)offset : 0;
    if (*got > n)
        *got = n;
    if (*got)
        memcpy(buf, r->file.p + offset, *got);
    return 0;
}

/* Below the folder it is unpacked into, whatever the archive called it. */
static void check_name(const char *name)
{
    FUZZ_CHECK(*name && *name != '/' && name[strlen(name) - 1] != '/');
    for (const char *p = name; *p;) {
        const size_t n = strcspn(p, "/");
        FUZZ_CHECK(n > 0 && n < 256 && !(n == 1 && *p == '.') && strncmp(p, "../", 3) != 0 &&
                   strcmp(p, "..") != 0);
        p += n + (p[n] == '/');
    }
}

static alice_status take(void *ctx, struct archive_entry *e, bool *fatal)
{
    reading *r = ctx;
    alice__archive_data d = {.end = 0};
    uint64_t sum = 0;
    uint64_t end = 0;
    check_name(r->in.name);
    while (alice__archive_block(&r->in, e, &d)) {
        FUZZ_CHECK(d.at >= end && d.at - d.hole == end);
        end = d.at + d.n;
        FUZZ_CHECK((uint64_t)d.end == end);
        if (d.n > r->left)
            return ALICE_E_CANCELLED;
        r->left -= d.n;
        sum ^= alice__hash64(d.block, d.n, sum); /* all of it can be read */
    }
    FUZZ_CHECK((d.why == NULL) == (d.status == ALICE_OK));
    r->sum ^= sum;
    *fatal |= d.fatal;
    return ALICE_OK;
}

static void refuse(void *ctx, const char *name, alice_status status, const char *why)
{
    (void)ctx;
    FUZZ_CHECK(name && why && *why && status != ALICE_OK);
}

static void read_all(const alice__archive_lib *lib, alice_bytes file, size_t limit)
{
    static reading r;
    fuzz_memory memory;
    r = (reading){.fs = alice__fs_real, .file = file, .left = 64 << 20};
    r.fs.ctx = &r;
    r.fs.open_read = open_read;
    r.fs.stat_fd = stat_fd;
    r.fs.read_at = read_at;
    r.in.lib = lib;
    r.in.fs = &r.fs;
    r.in.env = fuzz_env(&memory, limit);
    r.in.take = take;
    r.in.refuse = refuse;
    r.in.ctx = &r;
    const alice_status st = alice__archive_entries_read(&r.in, "/");
    FUZZ_CHECK(st == ALICE_OK || st == ALICE_E_CANCELLED || limit < 1 << 20);
    fuzz_env_end(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static alice__archive_lib lib;
    if (!lib.module)
        FUZZ_CHECK(alice__archive_lib_open(&lib) == 0);
    read_all(&lib, (alice_bytes){data, n}, 4 << 20);
    read_all(&lib, (alice_bytes){data, n}, 130 << 10);
    return 0;
}

#else

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    (void)data, (void)n;
    return 0;
}

#endif
