/* SPDX-License-Identifier: MIT */
/*
 * Tables in a box. Cells are kept in one block until the end, since the width of
 * a column is that of its widest cell; tables here have tens of rows.
 */
#define _XOPEN_SOURCE 700 /* wcwidth() */
#include "table.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { MOST_COLUMNS = 16, LEAST_WIDTH = 4 };

bool text_is_utf8(void)
{
    const char *codeset = nl_langinfo(CODESET);
    return strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "utf8") == 0;
}

int table_width(FILE *to)
{
    struct winsize w;
    int fd = fileno(to);
    if (fd < 0 || !isatty(fd))
        return 0;
    if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return 80;
}

/* ---- text and its width ---- */

/* The next character: how many bytes it has, how many columns it takes, and whether it can be
 * printed as it is. */
static size_t next_char(const char *p, int *columns, bool *printable)
{
    mbstate_t state = {0};
    wchar_t c = 0;
    size_t n = mbrtowc(&c, p, strlen(p), &state);
    *columns = 1;
    *printable = false;
    if (n == 0 || n == (size_t)-1 || n == (size_t)-2)
        return 1;
    int width = wcwidth(c);
    if (width >= 0) {
        *columns = width;
        *printable = true;
    }
    return n;
}

int text_columns(const char *text)
{
    int sum = 0, columns;
    bool printable;
    while (*text) {
        text += next_char(text, &columns, &printable);
        sum += columns;
    }
    return sum;
}

/* As many characters as fit into `room` columns; answers the columns that are left. */
static int put_front(FILE *to, const char *text, int room)
{
    int columns;
    bool printable;
    while (*text) {
        size_t n = next_char(text, &columns, &printable);
        if (columns > room)
            break;
        if (printable)
            fwrite(text, 1, n, to);
        else
            fputc('?', to);
        room -= columns;
        text += n;
    }
    return room;
}

static void put_spaces(FILE *to, int n)
{
    if (n > 0)
        fprintf(to, "%*s", n, "");
}

void text_put(FILE *to, const char *text, int room, bool right, cli_shrink shrink)
{
    int has = text_columns(text), columns;
    bool printable, utf8 = text_is_utf8();
    const char *dots = utf8 ? "…" : "~";
    if (has <= room) {
        if (right)
            put_spaces(to, room - has);
        put_front(to, text, has);
        if (!right)
            put_spaces(to, room - has);
        return;
    }
    if (room <= 0)
        return;
    if (shrink == SHRINK_FRONT) {
        while (has > room - 1) {
            text += next_char(text, &columns, &printable);
            has -= columns;
        }
        fputs(dots, to);
        put_spaces(to, put_front(to, text, room - 1));
    } else {
        int left = put_front(to, text, room - 1);
        fputs(dots, to);
        put_spaces(to, left);
    }
}

/* ---- cells ---- */

void table_begin(cli_table *t, const char *title, const cli_column *columns, size_t count)
{
    *t = (cli_table){.title = title,
                     .columns = columns,
                     .column_count = count < MOST_COLUMNS ? count : MOST_COLUMNS};
}

void table_cell(cli_table *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || t->short_of_memory)
        return;
    size_t need = t->used + (size_t)n + 1;
    if (need > t->room) {
        size_t room = need + need / 2 + 256;
        char *text = realloc(t->text, room);
        if (!text) {
            t->short_of_memory = true;
            return;
        }
        t->text = text;
        t->room = room;
    }
    va_start(args, format);
    vsnprintf(t->text + t->used, (size_t)n + 1, format, args);
    va_end(args);
    t->used = need;
    t->cell_count++;
}

/* ---- the box ---- */

typedef struct box_line {
    const char *left, *across, *middle, *right;
} box_line;

typedef struct box {
    box_line top, below_head, bottom;
    const char *head_side, *side;
} box;

static const box utf8_box = {.top = {"┏", "━", "┳", "┓"},
                             .below_head = {"┡", "━", "╇", "┩"},
                             .bottom = {"└", "─", "┴", "┘"},
                             .head_side = "┃",
                             .side = "│"};
static const box ascii_box = {.top = {"+", "-", "+", "+"},
                              .below_head = {"+", "=", "+", "+"},
                              .bottom = {"+", "-", "+", "+"},
                              .head_side = "|",
                              .side = "|"};

static void put_line(FILE *to, const box_line *l, const int *widths, size_t count)
{
    fputs(l->left, to);
    for (size_t c = 0; c < count; c++) {
        if (c)
            fputs(l->middle, to);
        for (int i = 0; i < widths[c] + 2; i++)
            fputs(l->across, to);
    }
    fputs(l->right, to);
    fputc('\n', to);
}

static int total_width(const int *widths, size_t count)
{
    int sum = 1;
    for (size_t c = 0; c < count; c++)
        sum += widths[c] + 3;
    return sum;
}

/* The widest column that may still give a column of the screen; `count` where none may. Numbers
 * are never cut: half of one is a wrong one. */
static size_t widest(const cli_table *t, const int *widths, bool any)
{
    size_t found = t->column_count;
    for (size_t c = 0; c < t->column_count; c++)
        if ((t->columns[c].shrink != SHRINK_NO || (any && !t->columns[c].right)) &&
            widths[c] > LEAST_WIDTH && (found == t->column_count || widths[c] > widths[found]))
            found = c;
    return found;
}

static void fit(const cli_table *t, int *widths, int width)
{
    for (size_t c = 0; c < t->column_count; c++)
        widths[c] = text_columns(t->columns[c].head);
    const char *cell = t->text;
    for (size_t i = 0; i < t->cell_count; i++, cell += strlen(cell) + 1) {
        int n = text_columns(cell);
        if (n > widths[i % t->column_count])
            widths[i % t->column_count] = n;
    }
    /* Those that may shrink go first; on a very narrow terminal, all of them. */
    for (int any = 0; any < 2 && width > 0; any++) {
        size_t c;
        while (total_width(widths, t->column_count) > width &&
               (c = widest(t, widths, any)) < t->column_count)
            widths[c]--;
    }
}

static void put_row(const cli_table *t, FILE *to, const char *side, const int *widths,
                    const char **cell, size_t cells)
{
    for (size_t c = 0; c < t->column_count; c++) {
        const cli_column *column = &t->columns[c];
        const char *text = !cell ? column->head : c < cells ? *cell : "";
        fputs(side, to);
        fputc(' ', to);
        text_put(to, text, widths[c], column->right, column->shrink);
        fputc(' ', to);
        if (cell && c < cells)
            *cell += strlen(*cell) + 1;
    }
    fputs(side, to);
    fputc('\n', to);
}

static void print(const cli_table *t, FILE *to, int width)
{
    const box *b = text_is_utf8() ? &utf8_box : &ascii_box;
    int widths[MOST_COLUMNS] = {0};
    const char *cell = t->text;
    fit(t, widths, width);
    if (t->title) {
        int room = text_columns(t->title);
        text_put(to, t->title, width > 0 && width < room ? width : room, false, SHRINK_END);
        fputc('\n', to);
    }
    put_line(to, &b->top, widths, t->column_count);
    put_row(t, to, b->head_side, widths, NULL, 0);
    put_line(to, &b->below_head, widths, t->column_count);
    for (size_t done = 0; done < t->cell_count; done += t->column_count)
        put_row(t, to, b->side, widths, &cell, t->cell_count - done);
    put_line(to, &b->bottom, widths, t->column_count);
    if (t->short_of_memory)
        fputs("(not all of it: the system is out of memory)\n", to);
}

void table_end(cli_table *t, FILE *to, int width)
{
    if (to && t->column_count)
        print(t, to, width);
    free(t->text);
    *t = (cli_table){0};
}
