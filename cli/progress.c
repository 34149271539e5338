/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "table.h"

/* The time that is left is told after this long. */
#define SETTLES_NS UINT64_C(3000000000)

enum { LEAST_PATH = 12 }; /* columns of a path that are worth showing */

const char *bytes_text(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 1024 && u + 1 < sizeof units / sizeof *units) {
        v /= 1024;
        u++;
    }
    snprintf(buf, size, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
    return buf;
}

const char *memory_text(double bytes, bool whole, char *buf, size_t size)
{
    double mb = bytes / (double)ALICE_MB;
    if (mb >= 4096)
        snprintf(buf, size, "%.1f GB", mb / 1024);
    else
        snprintf(buf, size, "%.*f MB", whole && mb == (double)(uint64_t)mb ? 0 : 1, mb);
    return buf;
}

static int terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return 80;
}

void progress_begin(cli_progress *p, bool quiet)
{
    *p = (cli_progress){.on = !quiet && isatty(STDERR_FILENO)};
}

void progress_clear(cli_progress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    p->shown = false;
}

void progress_say(cli_progress *p, const char *format, ...)
{
    char line[256];
    va_list args;
    if (!p->on)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "\r\033[K%.*s", terminal_width() - 1, line);
    fflush(stderr);
    p->shown = true;
}

const char *duration_text(double seconds, char *buf, size_t size)
{
    unsigned long minutes = (unsigned long)(seconds / 60 + 0.5);
    if (seconds < 90)
        snprintf(buf, size, "%.0f s", seconds);
    else if (minutes < 90)
        snprintf(buf, size, "%lu min", minutes);
    else
        snprintf(buf, size, "%lu h %02lu min", minutes / 60, minutes % 60);
    return buf;
}

/* "1,200 of 4,000 files · 30 % · 2 min left", as far as that is known. */
static void done_text(const cli_progress *p, const alice_progress *now, double rate, char *out,
                      size_t size)
{
    char left[32];
    unsigned long long files = now->tally.files, total = p->total;
    if (total < files || total == 0) {
        snprintf(out, size, "%llu files", files);
        return;
    }
    int n =
        snprintf(out, size, "%llu of %llu files · %llu %%", files, total, files * 100 / total);
    /* Before that it would jump about. */
    if (n > 0 && (size_t)n < size && now->elapsed_ns >= SETTLES_NS && rate > 0)
        snprintf(out + n, size - (size_t)n, " · %s left",
                 duration_text((double)(total - files) / rate, left, sizeof left));
}

/* Print one more part where it fits; answers how many columns are taken then. */
static int put_part(const char *part, int taken, int width)
{
    int columns = text_columns(part) + (taken ? 3 : 0);
    if (taken + columns > width)
        return taken;
    fprintf(stderr, "%s%s", taken ? " · " : "", part);
    return taken + columns;
}

void progress_show(cli_progress *p, const alice_progress *now)
{
    char done[128], speed[32], memory[64], moved[64], mem[24], limit[24], bytes[24];
    if (!p->on)
        return;
    double seconds = (double)now->elapsed_ns / 1e9;
    double rate = seconds > 0 ? (double)now->tally.files / seconds : 0;
    int width = terminal_width() - 1;
    done_text(p, now, rate, done, sizeof done);
    if (text_columns(done) > width)
        snprintf(done, sizeof done, "%llu files", (unsigned long long)now->tally.files);
    snprintf(speed, sizeof speed, "%.0f files/s", rate);
    snprintf(memory, sizeof memory, "%s of %s", bytes_text(now->resident, mem, sizeof mem),
             bytes_text(now->limit, limit, sizeof limit));
    snprintf(moved, sizeof moved, "%llu organized (%s)",
             (unsigned long long)now->tally.organized,
             bytes_text(now->tally.bytes, bytes, sizeof bytes));
    /* What matters most comes first: a narrow terminal shows no more. */
    const char *const parts[] = {done, speed, memory, moved};
    int taken = 0;
    fputs("\r\033[K", stderr);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        taken = put_part(parts[i], taken, width);
    /* The end of a path says more than its beginning. Only plain bytes: it must not steer the
     * terminal. */
    const char *path = now->path ? now->path : "";
    size_t len = strlen(path), room = width - taken > 3 ? (size_t)(width - taken - 3) : 0;
    if (len && room >= LEAST_PATH)
        fputs(" · ", stderr);
    for (const char *c = len > room ? path + (len - room) : path; room >= LEAST_PATH && *c; c++)
        fputc((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7F ? *c : '?', stderr);
    fflush(stderr);
    p->shown = true;
}
