/* SPDX-License-Identifier: MIT */
#include "catalog/tree_mark.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "port/fs.h"

static const char name[] = "generation", new_name[] = "generation.new";

alice_status alice__tree_mark_read(const char *folder, alice__tree_mark *out)
{
    char text[128];
    size_t got = 0;
    int dir = -1, fd = -1, end = 0;
    unsigned long long id = 0;
    long long generation = 0;
    *out = (alice__tree_mark){.catalog = 0};
    int r = alice__fs_open_dir_path(folder, &dir);
    if (!r)
        r = alice__fs_open_read(dir, name, &fd);
    if (!r)
        r = alice__fs_read_at(fd, 0, text, sizeof text - 1, &got);
    alice__fs_close(fd);
    alice__fs_close(dir);
    if (r == -ENOENT)
        return ALICE_OK;
    if (r)
        return alice__status_of_errno(-r);
    text[got] = 0;
    if (sscanf(text, "catalog %16llx generation %18lld\n%n", &id, &generation, &end) != 2 ||
        (size_t)end != got || id == 0 || generation < 0)
        return ALICE_E_DAMAGED;
    out->catalog = (int64_t)id;
    out->generation = generation;
    return ALICE_OK;
}

alice_status alice__tree_mark_write(const char *folder, const alice__tree_mark *mark)
{
    char text[128];
    int dir = -1, fd = -1;
    int n = snprintf(text, sizeof text, "catalog %016llx generation %lld\n",
                     (unsigned long long)mark->catalog, (long long)mark->generation);
    int r = alice__fs_open_dir_path(folder, &dir);
    if (!r)
        r = alice__fs_open_write(dir, new_name, true, 0644, &fd);
    if (!r)
        r = alice__fs_truncate(fd, 0);
    if (!r)
        r = alice__fs_write_at(fd, 0, text, (size_t)n);
    if (!r)
        r = alice__fs_sync(fd);
    alice__fs_close(fd);
    if (!r)
        r = alice__fs_rename_over(dir, new_name, dir, name);
    /* A file system that cannot flush folders is not an error. */
    int flushed = r ? r : alice__fs_sync(dir);
    if (!r && flushed != -EINVAL && flushed != -ENOTSUP)
        r = flushed;
    alice__fs_close(dir);
    return alice__status_of_errno(-r);
}
