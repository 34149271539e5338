/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
/*
 * Reads the kernel's text files: small ones whole, longer ones line by line
 * through a buffer on the stack. A line longer than the buffer is cut; a number
 * that is none, or too big, is taken as "no limit".
 */
#include "port/meminfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- files -------------------------------------------------------------- */

static int open_read(const char *path)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static ssize_t read_some(int fd, char *buf, size_t size)
{
    ssize_t n;
    do
        n = read(fd, buf, size);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* false: the path does not fit. */
static bool join(char *out, size_t size, const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na + nb >= size)
        return false;
    memmove(out, a, na);
    memcpy(out + na, b, nb + 1);
    return true;
}

/* A small file, whole, terminated; its length or -errno. */
static int read_file(const char *path, char *buf, size_t size)
{
    int fd = open_read(path);
    if (fd < 0)
        return fd;
    size_t n = 0;
    ssize_t got = 0;
    while (n + 1 < size && (got = read_some(fd, buf + n, size - 1 - n)) > 0)
        n += (size_t)got;
    buf[n] = 0;
    close(fd);
    return got < 0 ? (int)got : (int)n;
}

/* Lines of a file of any length. */
typedef struct lines {
    int fd;
    size_t at, end;
    char buf[4096];
} lines;

static int lines_open(lines *l, const char *path)
{
    l->at = l->end = 0;
    l->fd = open_read(path);
    return l->fd < 0 ? l->fd : 0;
}

/* One byte, or -1 at the end. */
static int lines_byte(lines *l)
{
    if (l->at == l->end) {
        ssize_t n = read_some(l->fd, l->buf, sizeof l->buf);
        if (n <= 0)
            return -1;
        l->at = 0;
        l->end = (size_t)n;
    }
    return (unsigned char)l->buf[l->at++];
}

static bool lines_next(lines *l, char *line, size_t size)
{
    int c = lines_byte(l);
    if (c < 0)
        return false;
    size_t n = 0;
    for (; c >= 0 && c != '\n'; c = lines_byte(l))
        if (n + 1 < size)
            line[n++] = (char)c;
    line[n] = 0;
    return true;
}

static void lines_close(lines *l)
{
    close(l->fd);
}

/* Digits after blanks; false where there are none. Too many are UINT64_MAX. */
static bool number_at(const char *text, uint64_t *out)
{
    while (*text == ' ' || *text == '\t')
        text++;
    if (*text < '0' || *text > '9')
        return false;
    uint64_t n = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        n = n > (UINT64_MAX - 9) / 10 ? UINT64_MAX : n * 10 + (uint64_t)(*text - '0');
    *out = n;
    return true;
}

/* The number after `key` at a line's start, such as "VmRSS:"; false: another line. */
static bool number_of_key(const char *line, const char *key, uint64_t *out)
{
    size_t n = strlen(key);
    return strncmp(line, key, n) == 0 && number_at(line + n, out);
}

/* KB as the kernel writes them, in bytes. */
static bool kb_of_key(const char *line, const char *key, uint64_t *out)
{
    uint64_t kb;
    if (!number_of_key(line, key, &kb) || kb > UINT64_MAX / 1024)
        return false;
    *out = kb * 1024;
    return true;
}

/* ---- machine and process ------------------------------------------------ */

int alice__meminfo_machine(const char *root, uint64_t *total, uint64_t *available)
{
    char path[ALICE__MEMINFO_PATH], line[128];
    lines l;
    if (!join(path, sizeof path, root, "/proc/meminfo"))
        return -ENAMETOOLONG;
    int bad = lines_open(&l, path);
    if (bad)
        return bad;
    uint64_t all = 0, left = 0, unused = 0, cached = 0;
    bool told = false;
    while (lines_next(&l, line, sizeof line)) {
        kb_of_key(line, "MemTotal:", &all);
        kb_of_key(line, "MemFree:", &unused);
        kb_of_key(line, "Cached:", &cached);
        told = kb_of_key(line, "MemAvailable:", &left) || told;
    }
    lines_close(&l);
    if (all == 0)
        return -EIO;
    *total = all;
    *available = told ? left : unused + cached; /* kernels before 3.14 */
    return 0;
}

int alice__meminfo_process(const char *root, long pid, alice__proc_memory *out)
{
    char path[ALICE__MEMINFO_PATH], tail[48], line[256];
    lines l;
    if (pid == 0)
        snprintf(tail, sizeof tail, "/proc/self/status");
    else
        snprintf(tail, sizeof tail, "/proc/%ld/status", pid);
    if (pid < 0 || !join(path, sizeof path, root, tail))
        return -EINVAL;
    int bad = lines_open(&l, path);
    if (bad)
        return bad;
    alice__proc_memory m = {0};
    uint64_t threads = 0;
    while (lines_next(&l, line, sizeof line)) {
        kb_of_key(line, "VmRSS:", &m.resident);
        kb_of_key(line, "VmHWM:", &m.peak);
        kb_of_key(line, "VmData:", &m.data);
        kb_of_key(line, "VmSwap:", &m.swapped);
        number_of_key(line, "Threads:", &threads);
    }
    lines_close(&l);
    if (threads == 0)
        return -EIO; /* not a status file, or the process went meanwhile */
    m.threads = (unsigned)threads;
    *out = m;
    return 0;
}

int alice__meminfo_open_resident(const char *root)
{
    char path[ALICE__MEMINFO_PATH];
    if (!join(path, sizeof path, root, "/proc/self/statm"))
        return -ENAMETOOLONG;
    return open_read(path);
}

static ssize_t read_again(int fd, char *buf, size_t size)
{
    ssize_t n;
    do
        n = pread(fd, buf, size - 1, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    buf[n] = 0;
    return n;
}

int alice__meminfo_resident(int fd, size_t *bytes)
{
    char buf[128];
    ssize_t n = read_again(fd, buf, sizeof buf);
    if (n < 0)
        return (int)n;
    const char *second = strchr(buf, ' ');
    uint64_t pages;
    if (!second || !number_at(second, &pages))
        return -EIO;
    *bytes = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
    return 0;
}

int alice__meminfo_open_number(const char *path)
{
    return open_read(path);
}

int alice__meminfo_number(int fd, uint64_t *number)
{
    char buf[32];
    ssize_t n = read_again(fd, buf, sizeof buf);
    if (n < 0)
        return (int)n;
    return number_at(buf, number) ? 0 : -EIO;
}

void alice__meminfo_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- control groups ----------------------------------------------------- */

/* Beyond this a v1 limit means "none": the kernel writes the largest number of whole pages. */
#define UNLIMITED ((uint64_t)1 << 60)

/* What differs between the versions. */
typedef struct hierarchy {
    int version;
    const char *limits[2];
    const char *current;
    const char *inactive; /* key in memory.stat */
} hierarchy;

static const hierarchy HIERARCHIES[] = {
    {2, {"/memory.max", "/memory.high"}, "/memory.current", "inactive_file"},
    {1, {"/memory.limit_in_bytes", NULL}, "/memory.usage_in_bytes", "total_inactive_file"},
};

/* Whether `word` is one of the words of a list with commas. */
static bool in_list(const char *list, const char *word)
{
    size_t n = strlen(word);
    while (*list) {
        size_t len = strcspn(list, ",");
        if (len == n && strncmp(list, word, n) == 0)
            return true;
        list += len + (list[len] == ',');
    }
    return false;
}

/* This process's group in a hierarchy, from lines such as "4:memory:/a/b" and "0::/a/b". */
static bool own_group(const char *root, int version, char *group, size_t size)
{
    char path[ALICE__MEMINFO_PATH], line[ALICE__MEMINFO_PATH];
    lines l;
    if (!join(path, sizeof path, root, "/proc/self/cgroup") || lines_open(&l, path))
        return false;
    bool found = false;
    while (!found && lines_next(&l, line, sizeof line)) {
        char *controllers = strchr(line, ':');
        char *name = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!name)
            continue;
        *controllers++ = 0;
        *name++ = 0;
        bool ours = version == 2 ? strcmp(line, "0") == 0 && *controllers == 0
                                 : in_list(controllers, "memory");
        found = ours && join(group, size, name, "");
    }
    lines_close(&l);
    return found;
}

/* mountinfo writes blanks and backslashes as \040: undo it in place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
}

/* Cut the next word, by blanks, off a line. */
static char *next_word(char **rest)
{
    char *word = *rest;
    size_t n = strcspn(word, " ");
    *rest = word + n + (word[n] == ' ');
    word[n] = 0;
    return word;
}

/*
 * Where a hierarchy is mounted, and which of its groups the mount shows:
 * "36 25 0:28 /docker/x /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory".
 */
static bool mount_of_line(char *line, int version, char **shown, char **point)
{
    char *dash = strstr(line, " - ");
    if (!dash)
        return false;
    *dash = 0;
    char *rest = line;
    next_word(&rest);
    next_word(&rest);
    next_word(&rest);
    *shown = next_word(&rest);
    *point = next_word(&rest);
    rest = dash + 3;
    const char *type = next_word(&rest);
    next_word(&rest);
    const char *options = next_word(&rest);
    unescape(*shown);
    unescape(*point);
    return version == 2 ? strcmp(type, "cgroup2") == 0
                        : strcmp(type, "cgroup") == 0 && in_list(options, "memory");
}

/* The part of `group` below what the mount shows; "" where it does not show it (another
 * namespace). */
static const char *below_shown(const char *group, const char *shown)
{
    size_t n = strcmp(shown, "/") == 0 ? 0 : strlen(shown);
    if (strncmp(group, shown, n) != 0 || (group[n] != '/' && group[n] != 0))
        return "";
    return strstr(group, "/..") || strcmp(group + n, "/") == 0 ? "" : group + n;
}

/* `dir` is this process's group as it is seen; `top` is how much of it is the mount point. */
static bool find_group(const char *root, int version, char *dir, size_t size, size_t *top)
{
    char group[ALICE__MEMINFO_PATH], line[1024];
    lines l;
    if (!own_group(root, version, group, sizeof group) ||
        !join(dir, size, root, "/proc/self/mountinfo") || lines_open(&l, dir))
        return false;
    bool found = false;
    while (!found && lines_next(&l, line, sizeof line)) {
        char *shown, *point;
        if (!mount_of_line(line, version, &shown, &point) || !join(dir, size, root, point))
            continue;
        *top = strlen(dir);
        found = join(dir, size, dir, below_shown(group, shown));
    }
    lines_close(&l);
    return found;
}

/* The limit that one file of one group says, if it is the tightest so far. */
static void see_limit(alice__cgroup *out, const hierarchy *h, const char *dir, const char *name)
{
    char path[ALICE__MEMINFO_PATH], text[32];
    uint64_t limit;
    if (!name || !join(path, sizeof path, dir, name) ||
        read_file(path, text, sizeof text) <= 0 || !number_at(text, &limit) || limit == 0 ||
        limit >= UNLIMITED)
        return; /* "max" is no number */
    if (out->limit != 0 && limit >= out->limit)
        return;
    if (!join(out->current_file, sizeof out->current_file, dir, h->current))
        return;
    out->version = h->version;
    out->limit = limit;
    memcpy(out->limit_file, path, sizeof path);
    join(out->dir, sizeof out->dir, dir, "");
}

/* Read `current` and `inactive_file` of a group. */
static void read_usage(alice__cgroup *group)
{
    char path[ALICE__MEMINFO_PATH], line[128];
    lines l;
    if (group->version == 0)
        return;
    if (read_file(group->current_file, line, sizeof line) > 0)
        number_at(line, &group->current);
    const char *key = HIERARCHIES[group->version == 2 ? 0 : 1].inactive;
    if (!join(path, sizeof path, group->dir, "/memory.stat") || lines_open(&l, path))
        return;
    while (lines_next(&l, line, sizeof line))
        number_of_key(line, key, &group->inactive_file);
    lines_close(&l);
}

void alice__meminfo_cgroup(const char *root, alice__cgroup *out)
{
    *out = (alice__cgroup){0};
    for (size_t i = 0; i < sizeof HIERARCHIES / sizeof *HIERARCHIES; i++) {
        const hierarchy *h = &HIERARCHIES[i];
        char dir[ALICE__MEMINFO_PATH];
        size_t top;
        if (!find_group(root, h->version, dir, sizeof dir, &top))
            continue;
        for (;;) {
            see_limit(out, h, dir, h->limits[0]);
            see_limit(out, h, dir, h->limits[1]);
            char *slash = strrchr(dir, '/');
            if (strlen(dir) <= top || !slash)
                break;
            *slash = 0;
        }
    }
    read_usage(out);
}

/* "avg10=1.25" of the line that begins with `word`, without regard to the locale. */
static bool average_of(const char *text, const char *word, double *out)
{
    const char *at = strstr(text, word);
    at = at ? strstr(at, "avg10=") : NULL;
    uint64_t whole, hundredths = 0;
    if (!at || !number_at(at + 6, &whole))
        return false;
    at = strchr(at, '.');
    if (at)
        number_at(at + 1, &hundredths);
    *out = (double)whole + (double)hundredths / 100;
    return true;
}

int alice__meminfo_pressure(const char *root, const alice__cgroup *group, double *some,
                            double *full)
{
    char path[ALICE__MEMINFO_PATH], text[256];
    int n = -ENOENT;
    if (group && group->version == 2 && join(path, sizeof path, group->dir, "/memory.pressure"))
        n = read_file(path, text, sizeof text);
    if (n <= 0 && join(path, sizeof path, root, "/proc/pressure/memory"))
        n = read_file(path, text, sizeof text);
    if (n < 0)
        return n;
    return average_of(text, "some", some) && average_of(text, "full", full) ? 0 : -EIO;
}

uint64_t alice__meminfo_ram(const char *root)
{
    uint64_t total = 0, available;
    alice__cgroup group;
    if (alice__meminfo_machine(root, &total, &available))
        total = 0;
    alice__meminfo_cgroup(root, &group);
    if (group.limit != 0 && (total == 0 || group.limit < total))
        total = group.limit;
    return total;
}
