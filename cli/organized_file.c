/* SPDX-License-Identifier: MIT */
#include "organized_file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Of all else a browser is told nothing but that these are bytes. */
static const browser_type shown[] = {
    {"jpeg", "image/jpeg", true},      {"png", "image/png", true},
    {"apng", "image/png", true},       {"webp", "image/webp", true},
    {"gif", "image/gif", true},        {"avif", "image/avif", true},
    {"bmp", "image/bmp", false},       {"mp4", "video/mp4", false},
    {"m4v", "video/mp4", false},       {"mov", "video/quicktime", false},
    {"3gp", "video/3gpp", false},      {"webm", "video/webm", false},
    {"mkv", "video/x-matroska", false}};

alice_media_type media_type_of(const char *name)
{
    for (int t = 0; t < ALICE_MEDIA_COUNT; t++)
        if (strcmp(alice_media_name((alice_media_type)t), name) == 0)
            return (alice_media_type)t;
    return ALICE_MEDIA_NONE;
}

const browser_type *browser_type_of(const char *type)
{
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (strcmp(shown[i].type, type) == 0)
            return &shown[i];
    return NULL;
}

/* The folder of each name in turn, and the file in the last; -1. */
static int open_below(int folder, const char *path)
{
    char part[NAME_MAX + 1];
    int at = folder;
    for (;;) {
        size_t n = strcspn(path, "/");
        bool last = path[n] == 0;
        if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
            (n == 2 && path[0] == '.' && path[1] == '.')) {
            if (at != folder)
                close(at);
            return -1;
        }
        memcpy(part, path, n);
        part[n] = 0;
        /* Opening a pipe would wait for its writer. */
        int fd = openat(at, part,
                        O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (last ? O_NONBLOCK : O_DIRECTORY));
        if (at != folder)
            close(at);
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += n + 1;
    }
}

int organized_open(int folder, const char *path, struct stat *st)
{
    int fd = open_below(folder, path);
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}
