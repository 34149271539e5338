/* SPDX-License-Identifier: MIT */
/*
 * The mount with the longest path above ours names the file system and its source
 * (/proc/self/mountinfo); the source's device says whether it turns (/sys/dev/block).
 * Device numbers of files alone would not do: btrfs and overlayfs have made-up ones.
 */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "disk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* "\040" for a blank, and the like, in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p;) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
            *to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    *to = 0;
}

static bool lies_below(const char *path, const char *mount)
{
    size_t n = strlen(mount);
    if (n == 1)
        return true;
    return strncmp(path, mount, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static void find_mount(const char *path, cli_disk *out)
{
    static char line[2 * PATH_MAX];
    size_t longest = 0;
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    while (mounts && fgets(line, sizeof line, mounts)) {
        static char mount[PATH_MAX];
        char type[32], source[128];
        const char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1 ||
            sscanf(rest, " - %31s %127s", type, source) != 2)
            continue;
        unescape(mount);
        /* Of two mounts at one place the later lies on top. */
        if (lies_below(path, mount) && strlen(mount) >= longest) {
            longest = strlen(mount);
            unescape(source);
            strcpy(out->file_system, type);
            strcpy(out->source, source);
        }
    }
    if (mounts)
        fclose(mounts);
}

/* 1, 0, or -1 where nothing is said of this device. */
static int is_rotating(dev_t device)
{
    static const char *const forms[] = {"/sys/dev/block/%u:%u/queue/rotational",
                                        "/sys/dev/block/%u:%u/../queue/rotational"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char path[96];
        int answer = -1;
        snprintf(path, sizeof path, i ? forms[1] : forms[0], major(device), minor(device));
        FILE *f = fopen(path, "re");
        if (f && fscanf(f, "%d", &answer) != 1)
            answer = -1;
        if (f)
            fclose(f);
        if (answer >= 0)
            return answer;
    }
    return -1;
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

void disk_look(const char *path, cli_disk *out)
{
    static const char *const network[] = {"nfs",        "nfs4",        "cifs", "smb3", "9p",
                                          "fuse.sshfs", "fuse.rclone", "ceph", "afs",  NULL};
    static const char *const memory[] = {"tmpfs", "ramfs", NULL};
    static char real[PATH_MAX];
    struct stat st;
    *out = (cli_disk){.kind = DISK_UNKNOWN};
    if (!realpath(path, real) || stat(real, &st) != 0)
        return;
    find_mount(real, out);
    if (is_one_of(out->file_system, network)) {
        out->kind = DISK_NETWORK;
        return;
    }
    if (is_one_of(out->file_system, memory)) {
        out->kind = DISK_MEMORY;
        return;
    }
    dev_t device = st.st_dev;
    if (out->source[0] == '/' && stat(out->source, &st) == 0 && S_ISBLK(st.st_mode))
        device = st.st_rdev;
    int rotating = is_rotating(device);
    out->kind = rotating < 0 ? DISK_UNKNOWN : rotating ? DISK_ROTATING : DISK_SOLID;
}

const char *disk_kind_name(cli_disk_kind kind)
{
    switch (kind) {
    case DISK_ROTATING:
        return "rotating disk";
    case DISK_SOLID:
        return "solid state disk";
    case DISK_NETWORK:
        return "over the network";
    case DISK_MEMORY:
        return "memory";
    case DISK_UNKNOWN:
        break;
    }
    return "of unknown kind";
}
