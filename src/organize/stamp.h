/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_STAMP_H
#define ALICE_ORGANIZE_STAMP_H

/* Between what the file system says of a file and the stamp that is kept of it. */

#include "base/fingerprint.h"
#include "port/fs.h"

static inline alice__stamp alice__stamp_of(const alice__fs_stat *s)
{
    return (alice__stamp){
        .size = s->size, .mtime_ns = s->mtime_ns, .ctime_ns = s->ctime_ns, .inode = s->inode};
}

/* Whether a file is what was probed. The inode is a hint: network file systems change it. */
static inline bool alice__is_stamped(const alice__fs_stat *s, const alice__stamp *stamp)
{
    return s->kind == ALICE__FS_FILE && s->size == stamp->size &&
           s->mtime_ns == stamp->mtime_ns && s->ctime_ns == stamp->ctime_ns;
}

/* Whether a file of organized is as it was placed: a copy keeps the size and the time of its
 * source. File systems that round times do it to two seconds at most. */
static inline bool alice__as_placed(const alice__fs_stat *s, const alice__stamp *source)
{
    const int64_t slack_ns = INT64_C(2) * 1000000000, off = s->mtime_ns - source->mtime_ns;
    return s->kind == ALICE__FS_FILE && s->size == source->size && off >= -slack_ns &&
           off <= slack_ns;
}

#endif
