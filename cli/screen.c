/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* wcwidth(), SIGWINCH */
#define _DEFAULT_SOURCE
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "table.h"

enum { MOST_ROWS = 500, MOST_COLUMNS = 1000 };

/* What signal handlers touch: the terminal as it was, and what happened. */
static struct termios before;
static volatile sig_atomic_t raw, taken, resized, stopped;

static const char to_ours[] = "\033[?1049h\033[?25l",
                  to_theirs[] = "\033[0m\033[?25h\033[?1049l";

static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(STDOUT_FILENO, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return;
        p += w;
        n -= (size_t)w;
    }
}

static void take_terminal(void)
{
    if (tcgetattr(STDIN_FILENO, &before) == 0) {
        struct termios t = before;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        t.c_cc[VMIN] = 0;
        t.c_cc[VTIME] = 0;
        /* In the background, setting it would stop us: then there are no keys. */
        if (tcgetpgrp(STDIN_FILENO) == getpgrp())
            raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    }
    write_all(to_ours, sizeof to_ours - 1);
    taken = 1;
}

static void give_terminal(void)
{
    if (!taken)
        return;
    taken = 0;
    write_all(to_theirs, sizeof to_theirs - 1);
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    raw = 0;
}

static void on_resize(int number)
{
    (void)number;
    resized = 1;
}

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

/* Ctrl-Z: the shell gets its terminal back; and we ours, on coming back. */
static void on_suspend(int number)
{
    int kept = errno;
    struct sigaction by_default = {.sa_handler = SIG_DFL}, again = {.sa_handler = on_suspend};
    sigset_t only, old;
    (void)number;
    give_terminal();
    sigemptyset(&by_default.sa_mask);
    sigemptyset(&again.sa_mask);
    sigaction(SIGTSTP, &by_default, NULL);
    sigemptyset(&only);
    sigaddset(&only, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &only, &old); /* it stops here */
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGTSTP, &again, NULL);
    take_terminal();
    resized = 1;
    errno = kept;
}

static void catch (int number, void (*handler)(int))
{
    struct sigaction a = {.sa_handler = handler};
    sigemptyset(&a.sa_mask);
    sigaction(number, &a, NULL);
}

bool screen_possible(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

bool screen_open(cli_screen *s)
{
    const char *no_color = getenv("NO_COLOR");
    *s = (cli_screen){.colors = !no_color || !*no_color, .utf8 = text_is_utf8(), .open = true};
    catch (SIGWINCH, on_resize);
    catch (SIGINT, on_stop);
    catch (SIGTERM, on_stop);
    catch (SIGHUP, on_stop);
    catch (SIGPIPE, SIG_IGN);
    catch (SIGTSTP, on_suspend);
    fflush(stdout);
    take_terminal();
    return true;
}

void screen_close(cli_screen *s)
{
    if (s->open)
        give_terminal();
    free(s->cells);
    s->cells = NULL;
    s->open = false;
}

bool screen_begin(cli_screen *s)
{
    struct winsize w = {0};
    int rows = 24, columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0) {
        rows = w.ws_row < MOST_ROWS ? w.ws_row : MOST_ROWS;
        columns = w.ws_col < MOST_COLUMNS ? w.ws_col : MOST_COLUMNS;
    }
    if (!s->cells || rows != s->rows || columns != s->columns) {
        free(s->cells);
        s->cells = malloc((size_t)rows * (size_t)columns * sizeof *s->cells);
        if (!s->cells)
            return false;
        s->rows = rows;
        s->columns = columns;
    }
    for (int i = 0; i < rows * columns; i++)
        s->cells[i] = (screen_cell){.text = " "};
    return true;
}

int screen_put(cli_screen *s, int row, int column, screen_style style, const char *text)
{
    mbstate_t state = {0};
    size_t left = strlen(text);
    while (left > 0 && column < s->columns) {
        wchar_t c = 0;
        size_t n = mbrtowc(&c, text, left, &state);
        int width = 1;
        screen_cell cell = {.text = "?", .style = (unsigned char)style};
        if (n == (size_t)-1 || n == (size_t)-2) {
            memset(&state, 0, sizeof state);
            n = 1;
        } else if ((width = wcwidth(c)) >= 0 && n < sizeof cell.text) {
            memcpy(cell.text, text, n);
            cell.text[n] = 0;
        } else {
            width = 1;
        }
        text += n;
        left -= n;
        /* What combines with the character before it is left out. */
        if (width == 0 || column + width > s->columns) {
            column += width;
            continue;
        }
        if (row >= 0 && row < s->rows && column >= 0) {
            s->cells[row * s->columns + column] = cell;
            if (width == 2)
                s->cells[row * s->columns + column + 1] = (screen_cell){.text = ""};
        }
        column += width;
    }
    return column;
}

int screen_print(cli_screen *s, int row, int column, screen_style style, const char *format,
                 ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return screen_put(s, row, column, style, text);
}

static void put_style(FILE *to, const cli_screen *s, unsigned char style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "0",    [STYLE_BOLD] = "0;1",    [STYLE_DIM] = "0;2",
        [STYLE_GREEN] = "0;32", [STYLE_YELLOW] = "0;33", [STYLE_RED] = "0;1;31",
        [STYLE_CYAN] = "0;36",  [STYLE_REVERSE] = "0;7"};
    bool color = style >= STYLE_GREEN && style <= STYLE_CYAN;
    fprintf(to, "\033[%sm",
            color && !s->colors ? style == STYLE_RED ? "0;1" : "0" : codes[style]);
}

bool screen_show(cli_screen *s)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return false;
    fputs("\033[H", to);
    for (int row = 0; row < s->rows; row++) {
        unsigned char style = STYLE_PLAIN;
        int end = s->columns;
        while (end > 0 && strcmp(s->cells[row * s->columns + end - 1].text, " ") == 0 &&
               s->cells[row * s->columns + end - 1].style != STYLE_REVERSE)
            end--;
        for (int column = 0; column < end; column++) {
            const screen_cell *c = &s->cells[row * s->columns + column];
            if (c->style != style && c->text[0]) {
                style = c->style;
                put_style(to, s, style);
            }
            fputs(c->text, to);
        }
        if (style != STYLE_PLAIN)
            fputs("\033[0m", to);
        fputs(end < s->columns ? "\033[K" : "", to);
        if (row + 1 < s->rows)
            fputs("\r\n", to);
    }
    bool ok = fclose(to) == 0;
    if (ok)
        write_all(text, n);
    free(text);
    return ok;
}

int screen_wait(int timeout_ms)
{
    struct pollfd keys = {.fd = raw ? STDIN_FILENO : -1, .events = POLLIN};
    unsigned char key;
    if (!stopped && !resized)
        poll(&keys, 1, timeout_ms);
    if (stopped)
        return SCREEN_STOP;
    if (resized) {
        resized = 0;
        return SCREEN_RESIZED;
    }
    if (keys.revents & POLLIN && read(STDIN_FILENO, &key, 1) == 1)
        return key;
    return keys.revents & (POLLERR | POLLHUP | POLLNVAL) ? SCREEN_STOP : SCREEN_NOTHING;
}
