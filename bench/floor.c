/* SPDX-License-Identifier: MIT */
/*
 * The floor: what any organizer has to do at least. Walk a tree; open, fstat,
 * read 16 KB of each file, close it, and move it (or copy it) into a dated
 * folder by its modification time. No decision, no catalog, no durability.
 *
 *   floor [--copy] INBOX OUT
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int out_fd;
static int copying;
static unsigned long count;

static int copy_to(int from, int dir, const char *name)
{
    static char buf[256 * 1024];
    int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (to < 0)
        return -1;
    ssize_t n;
    lseek(from, 0, SEEK_SET);
    while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
        ;
    if (n < 0)
        while ((n = read(from, buf, sizeof buf)) > 0)
            if (write(to, buf, (size_t)n) != n)
                break;
    return close(to);
}

static void one(int dir, const char *name)
{
    static char head[16384];
    static char last_day[16];
    static int day_fd = -1;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    struct stat st;
    struct tm tm;
    char day[16], dest[64];
    if (fstat(fd, &st) == 0 && read(fd, head, sizeof head) >= 0) {
        gmtime_r(&st.st_mtime, &tm);
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
        if (strcmp(day, last_day) != 0) {
            if (day_fd >= 0)
                close(day_fd);
            mkdirat(out_fd, day, 0755);
            day_fd = openat(out_fd, day, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            strcpy(last_day, day);
        }
        snprintf(dest, sizeof dest, "%08lu", count++);
        if (copying)
            copy_to(fd, day_fd, dest);
        else
            renameat2(dir, name, day_fd, dest, RENAME_NOREPLACE);
    }
    close(fd);
}

static void walk(int fd)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    if (!d)
        return;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        if (e->d_type == DT_DIR) {
            int sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (sub >= 0)
                walk(sub);
        } else if (e->d_type == DT_REG) {
            one(fd, e->d_name);
        }
    }
    closedir(d);
}

int main(int argc, char **argv)
{
    int at = 1;
    if (argc > 1 && strcmp(argv[1], "--copy") == 0) {
        copying = 1;
        at = 2;
    }
    if (argc - at != 2) {
        fprintf(stderr, "usage: floor [--copy] INBOX OUT\n");
        return 2;
    }
    mkdir(argv[at + 1], 0755);
    out_fd = open(argv[at + 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int in = open(argv[at], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out_fd < 0 || in < 0) {
        perror("floor");
        return 3;
    }
    walk(in);
    printf("%lu\n", count);
    return 0;
}
