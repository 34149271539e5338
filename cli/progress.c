/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
    double minutes = seconds / 60;
    if (seconds < 90)
        snprintf(buf, size, "%.0f s", seconds);
    else if (minutes < 90)
        snprintf(buf, size, "%.0f min", minutes);
    else
        snprintf(buf, size, "%.0f h %02.0f min", (double)((long)minutes / 60),
                 (double)((long)minutes % 60));
    return buf;
}

void progress_show(cli_progress *p, const alice_progress *now)
{
    char line[256], mem[24], limit[24], bytes[24];
    if (!p->on)
        return;
    double seconds = (double)now->elapsed_ns / 1e9;
    int n = snprintf(
        line, sizeof line, "%llu files · %llu organized (%s) · %.0f files/s · %s of %s · ",
        (unsigned long long)now->tally.files, (unsigned long long)now->tally.organized,
        bytes_text(now->tally.bytes, bytes, sizeof bytes),
        seconds > 0 ? (double)now->tally.files / seconds : 0.0,
        bytes_text(now->resident, mem, sizeof mem),
        bytes_text(now->limit, limit, sizeof limit));
    /* The separators are two bytes and one column each. */
    int columns = n - 4, width = terminal_width() - 1;
    fputs("\r\033[K", stderr);
    if (n > 0 && columns <= width) {
        fputs(line, stderr);
        /* The end of a path says more than its beginning. Only plain bytes: it must not steer
         * the terminal. */
        const char *path = now->path ? now->path : "";
        size_t len = strlen(path), room = (size_t)(width - columns);
        const char *tail = len > room ? path + (len - room) : path;
        for (; *tail; tail++)
            fputc((unsigned char)*tail >= 0x20 && (unsigned char)*tail < 0x7F ? *tail : '?',
                  stderr);
    } else {
        fprintf(stderr, "%.*s", width, "");
        fprintf(stderr, "%llu files", (unsigned long long)now->tally.files);
    }
    fflush(stderr);
    p->shown = true;
}
