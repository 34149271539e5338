/* SPDX-License-Identifier: MIT */
/* Which file system a file is on, how much room it has, and what the kernel tells of it. */
#define _GNU_SOURCE
#include "port/fs.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

/* The kernel's numbers: its headers are not there for every C library. */
#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6
#define EXT4_SUPER_MAGIC 0xEF53
#define XFS_SUPER_MAGIC 0x58465342
#define BTRFS_SUPER_MAGIC 0x9123683E
#define NFS_MAGIC 0x6969
#define OVERLAY_MAGIC 0x794c7630
#define ZFS_MAGIC 0x2fc12fc1
#define BCACHEFS_MAGIC 0xca451a4e
#define FUSE_MAGIC 0x65735546
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define V9FS_MAGIC 0x01021997
#define CEPH_MAGIC 0x00c36400
#ifndef F2FS_SUPER_MAGIC
#define F2FS_SUPER_MAGIC 0xF2F52010
#endif

int alice__fs_space_of(int fd, alice__fs_space *out)
{
    struct statvfs v;
    struct statfs f;
    if (fstatvfs(fd, &v) || fstatfs(fd, &f))
        return -errno;
    unsigned long type = (unsigned long)f.f_type & 0xffffffffUL;
    bool memory = type == TMPFS_MAGIC || type == RAMFS_MAGIC;
    bool local = memory || type == EXT4_SUPER_MAGIC || type == XFS_SUPER_MAGIC ||
                 type == BTRFS_SUPER_MAGIC || type == F2FS_SUPER_MAGIC;
    *out = (alice__fs_space){
        .free = (uint64_t)v.f_bavail * v.f_frsize,
        .total = (uint64_t)v.f_blocks * v.f_frsize,
        .used = v.f_bfree < v.f_blocks ? (uint64_t)(v.f_blocks - v.f_bfree) * v.f_frsize : 0,
        .local = local,
        .inodes = local || type == NFS_MAGIC || type == OVERLAY_MAGIC || type == ZFS_MAGIC ||
                  type == BCACHEFS_MAGIC,
        .memory = memory,
        .remote = type == NFS_MAGIC || type == FUSE_MAGIC || type == CIFS_MAGIC ||
                  type == SMB2_MAGIC || type == V9FS_MAGIC || type == CEPH_MAGIC,
    };
    return 0;
}

bool alice__fs_sync_all_tells(void)
{
    struct utsname u;
    unsigned major = 0, minor = 0;
    if (uname(&u) || sscanf(u.release, "%5u.%5u", &major, &minor) != 2)
        return false;
    return major > 5 || (major == 5 && minor >= 8);
}
