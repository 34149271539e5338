/* SPDX-License-Identifier: MIT */
/*
 * The screen, from above: who and how long; the table, and beside it the ledger
 * where there is room; the run; the caches; the chart, which takes what is left;
 * the keys. What does not fit is left out from the bottom of that list of needs:
 * table, run, chart, caches, ledger.
 */
#include "monitor_view.h"

#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "table.h"

enum {
    CHART_LEAST = 4,
    CHART_LABELS = 11, /* columns for its values, in front */
    CHART_NAMES = 9,   /* columns for its levels, behind */
    LEDGER_NAME = 11,
    LEDGER_LEAST = 34, /* columns of the ledger beside the table */
    CACHE_NAME = 16,
    TABLE_LINES = 11,
    PATH_WIDTH = 110 /* columns of a terminal that has room for paths beside all else */
};

static const char *const separator[] = {" - ", " · "};

void view_remember(monitor_view *v, const cli_look *look)
{
    v->history[v->history_count++ % VIEW_HISTORY] = look->current;
}

/* ---- tables ---- */

void view_table(FILE *to, const cli_look *look, int width)
{
    static const cli_column columns[] = {{.head = "Metric"}, {.head = "Value"}};
    char text[32];
    cli_table t;
    table_begin(&t, "Memory Usage", columns, 2);
    table_cell(&t, "Current");
    table_cell(&t, "%s", memory_text((double)look->current, false, text, sizeof text));
    table_cell(&t, "Peak");
    table_cell(&t, "%s", memory_text((double)look->peak, false, text, sizeof text));
    table_cell(&t, "Available");
    table_cell(&t, "%s", memory_text((double)look->available, false, text, sizeof text));
    table_cell(&t, "System %%");
    table_cell(&t, "%.1f%%", look->system_percent);
    table_cell(&t, "Limit");
    if (look->limit)
        table_cell(&t, "%s", memory_text((double)look->limit, true, text, sizeof text));
    else
        table_cell(&t, "none known");
    table_cell(&t, "Usage Ratio");
    if (look->ratio >= 0)
        table_cell(&t, "%.1f%%", 100 * look->ratio);
    else
        table_cell(&t, "-");
    table_end(&t, to, width);
}

static const char *phase_of(const cli_look *look)
{
    return look->stuck ? "no answer" : look->phase;
}

void view_table_all(FILE *to, const cli_look *looks, size_t count, int width)
{
    static const cli_column columns[] = {{.head = "Process", .right = true},
                                         {.head = "Command"},
                                         {.head = "Phase"},
                                         {.head = "Current", .right = true},
                                         {.head = "Peak", .right = true},
                                         {.head = "Limit", .right = true},
                                         {.head = "Ratio", .right = true},
                                         {.head = "Level"},
                                         {.head = "Batch", .right = true},
                                         {.head = "Files", .right = true},
                                         {.head = "At", .shrink = SHRINK_FRONT}};
    char text[24];
    cli_table t;
    bool with_path = width == 0 || width >= PATH_WIDTH;
    table_begin(&t, "Memory Usage", columns, sizeof columns / sizeof *columns - !with_path);
    for (const cli_look *l = looks; l < looks + count; l++) {
        table_cell(&t, "%ld", l->pid);
        table_cell(&t, "%s", l->command);
        table_cell(&t, "%s", phase_of(l));
        table_cell(&t, "%s", bytes_text(l->current, text, sizeof text));
        table_cell(&t, "%s", bytes_text(l->peak, text, sizeof text));
        table_cell(&t, "%s", l->limit ? bytes_text(l->limit, text, sizeof text) : "-");
        if (l->ratio >= 0)
            table_cell(&t, "%.1f%%", 100 * l->ratio);
        else
            table_cell(&t, "-");
        table_cell(&t, "%s", l->level);
        table_cell(&t, "%llu", (unsigned long long)l->batch);
        table_cell(&t, "%llu", (unsigned long long)l->files);
        if (with_path)
            table_cell(&t, "%s", l->path);
    }
    table_end(&t, to, width);
}

void view_line(FILE *to, const monitor_view *v, const cli_look *look)
{
    fprintf(to, "%.1f s  pid %ld  ", v->elapsed, look->pid);
    text_put(to, look->command, text_columns(look->command), false, SHRINK_NO);
    if (*phase_of(look))
        fprintf(to, "  %s", phase_of(look));
    char current[32], peak[32], available[32], limit[32];
    fprintf(to, "  current %s  peak %s  available %s  system %.1f %%",
            memory_text((double)look->current, false, current, sizeof current),
            memory_text((double)look->peak, false, peak, sizeof peak),
            memory_text((double)look->available, false, available, sizeof available),
            look->system_percent);
    if (look->limit)
        fprintf(to, "  limit %s", memory_text((double)look->limit, true, limit, sizeof limit));
    if (look->ratio >= 0)
        fprintf(to, "  ratio %.1f %%", 100 * look->ratio);
    if (*look->level)
        fprintf(to, "  level %s", look->level);
    if (look->has_run)
        fprintf(to, "  files %llu  batch %llu", (unsigned long long)look->files,
                (unsigned long long)look->batch);
    fputc('\n', to);
    fflush(to);
}

/* Print what `write` prints, onto the screen; answers the rows it took, `*columns` is the
 * widest. */
static int put_table(cli_screen *s, int row, int rows_most, bool title,
                     void (*write)(FILE *to, const void *arg, int width), const void *arg,
                     int *columns)
{
    char *text = NULL;
    size_t n = 0;
    int rows = 0;
    FILE *to = open_memstream(&text, &n);
    *columns = 0;
    if (!to)
        return 0;
    write(to, arg, s->columns);
    if (fclose(to) == 0) {
        char *line = text, *end;
        while ((end = strchr(line, '\n')) != NULL && rows < rows_most) {
            *end = 0;
            if (line != text || title) {
                int last =
                    screen_put(s, row + rows, 0, line == text ? STYLE_BOLD : STYLE_PLAIN, line);
                *columns = last > *columns ? last : *columns;
                rows++;
            }
            line = end + 1;
        }
    }
    free(text);
    return rows;
}

/* ---- parts of the screen ---- */

static const char *clock_text(double seconds, char *buf, size_t size)
{
    unsigned long s = (unsigned long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(buf, size, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(buf, size, "%lu:%02lu", s / 60, s % 60);
    return buf;
}

static void draw_head(cli_screen *s, const monitor_view *v, const char *who)
{
    char elapsed[32], left[32], time[96];
    int column = screen_put(s, 0, 0, STYLE_BOLD, "Memory Monitor");
    column = screen_put(s, 0, column + 2, STYLE_CYAN, who);
    clock_text(v->elapsed, elapsed, sizeof elapsed);
    if (v->duration > 0)
        snprintf(time, sizeof time, "elapsed %s  remaining %s", elapsed,
                 clock_text(v->duration > v->elapsed ? v->duration - v->elapsed : 0, left,
                            sizeof left));
    else
        snprintf(time, sizeof time, "elapsed %s", elapsed);
    int at = s->columns - text_columns(time);
    screen_put(s, 0, at > column + 2 ? at : column + 2, STYLE_PLAIN, time);
}

static void draw_foot(cli_screen *s, const monitor_view *v)
{
    int row = s->rows - 1;
    int column =
        screen_put(s, row, 0, STYLE_REVERSE,
                   v->paused ? " q quit  g collect  p go on " : " q quit  g collect  p pause ");
    if (v->paused)
        column = screen_put(s, row, column + 1, STYLE_YELLOW, "paused");
    screen_put(s, row, column + 1, STYLE_PLAIN, v->message);
}

static void draw_bar(cli_screen *s, int row, int column, int width, double part,
                     screen_style style)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    int full = (int)(part * width * 8 + 0.5);
    for (int i = 0; i < width; i++, full -= 8) {
        if (!s->utf8)
            screen_put(s, row, column + i, style, full >= 4 ? "#" : ".");
        else if (full > 0)
            screen_put(s, row, column + i, style, eighths[full < 8 ? full : 8]);
        else
            screen_put(s, row, column + i, STYLE_DIM, "·");
    }
}

static int ledger_rows(const cli_look *l)
{
    int n = 0;
    for (size_t i = 1; i < l->account_count; i++)
        n += l->accounts[i].peak > 0;
    return n > 0 ? n + 1 : 0;
}

static void draw_ledger(cli_screen *s, int row, int column, int width, int rows,
                        const cli_look *l)
{
    char text[24];
    uint64_t all = l->limit ? l->limit : l->account_count ? l->accounts[0].peak : 0;
    screen_put(s, row, column, STYLE_BOLD, "Ledger");
    if (l->account_count)
        screen_print(s, row, column + 7, STYLE_DIM, "%s charged",
                     bytes_text(l->accounts[0].current, text, sizeof text));
    int bar = width - LEDGER_NAME - 1 - 10;
    for (size_t i = 1; i < l->account_count && rows > 1; i++) {
        const look_account *a = &l->accounts[i];
        if (a->peak == 0)
            continue;
        row++;
        rows--;
        screen_print(s, row, column, STYLE_PLAIN, "%*s%.*s", (int)(a->depth - 1) % 8, "",
                     LEDGER_NAME, a->name);
        draw_bar(s, row, column + LEDGER_NAME + 1, bar,
                 all ? (double)a->current / (double)all : 0, STYLE_CYAN);
        screen_print(s, row, column + LEDGER_NAME + 1 + bar, STYLE_PLAIN, "%10s",
                     bytes_text(a->current, text, sizeof text));
    }
}

static int run_rows(const cli_look *l)
{
    return l->has_run ? 3 : 0;
}

static void draw_run(cli_screen *s, int row, const cli_look *l)
{
    const char *dot = separator[s->utf8];
    char text[24], given[24];
    screen_print(
        s, row, 0, STYLE_PLAIN,
        "Progress  %llu files (%.0f/s)%s%llu organized (%s)%s%llu errors%s%llu duplicates",
        (unsigned long long)l->files, l->files_per_second, dot,
        (unsigned long long)l->organized, bytes_text(l->bytes, text, sizeof text), dot,
        (unsigned long long)l->errors, dot, (unsigned long long)l->duplicates);
    screen_print(
        s, row + 1, 0, STYLE_PLAIN,
        "Batch     %llu files, %llu to %llu so far, %llu changes%s%llu collections (%s back)",
        (unsigned long long)l->batch, (unsigned long long)l->smallest_batch,
        (unsigned long long)l->largest_batch, (unsigned long long)l->batch_adjustments, dot,
        (unsigned long long)l->collections, bytes_text(l->given_back, given, sizeof given));
    int column = screen_put(s, row + 2, 0, STYLE_PLAIN, "At        ");
    /* The end of a path says more than its beginning. */
    const char *path = l->path;
    int over = text_columns(path) - (s->columns - column);
    while (over > 0 && *path) {
        do
            path++;
        while (((unsigned char)*path & 0xC0) == 0x80);
        over = text_columns(path) - (s->columns - column);
    }
    screen_put(s, row + 2, column, STYLE_DIM, path);
}

static void draw_caches(cli_screen *s, int row, const cli_look *l)
{
    char size[24], most[24];
    int bar = s->columns >= 100 ? 30 : s->columns >= 76 ? 16 : 6;
    for (size_t i = 0; i < l->cache_count; i++) {
        const look_cache *c = &l->caches[i];
        screen_print(s, row + (int)i, 0, STYLE_PLAIN, "%.*s", CACHE_NAME - 1, c->name);
        draw_bar(s, row + (int)i, CACHE_NAME, bar,
                 c->most ? (double)c->size / (double)c->most : 0, STYLE_CYAN);
        screen_print(s, row + (int)i, CACHE_NAME + bar + 1, STYLE_PLAIN,
                     "%s of %s%s%.1f %% hits%s%llu items",
                     bytes_text(c->size, size, sizeof size),
                     bytes_text(c->most, most, sizeof most), separator[s->utf8],
                     100 * c->hit_rate, separator[s->utf8], (unsigned long long)c->items);
    }
}

/* ---- the chart ---- */

typedef struct chart {
    cli_screen *s;
    const monitor_view *v;
    int row, rows, columns; /* of the plot, which begins at CHART_LABELS */
    double most;            /* the value at the top */
    screen_style style;
} chart;

static int height_of(const chart *c, double value, int steps)
{
    double part = c->most > 0 ? value / c->most : 0;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return (int)((1 - part) * (steps - 1) + 0.5);
}

static void draw_level(chart *c, double value, const char *name, screen_style style)
{
    char text[24];
    if (value > c->most)
        return;
    int row = c->row + height_of(c, value, c->rows);
    for (int i = 0; i < c->columns; i++)
        screen_put(c->s, row, CHART_LABELS + i, STYLE_DIM, c->s->utf8 ? "┈" : "-");
    screen_put(c->s, row, CHART_LABELS + c->columns, style, name);
    bytes_text((uint64_t)value, text, sizeof text);
    screen_print(c->s, row, 0, STYLE_DIM, "%*s", CHART_LABELS - 2, text);
}

/* The height of sample `i` counted back from the latest, in dots from above; -1: there is none.
 */
static int dot_of(const chart *c, size_t i, int dots)
{
    size_t kept = c->v->history_count < VIEW_HISTORY ? c->v->history_count : VIEW_HISTORY;
    if (i >= kept)
        return -1;
    return height_of(c, (double)c->v->history[(c->v->history_count - 1 - i) % VIEW_HISTORY],
                     dots);
}

/* One column of cells, two samples wide: each dot is joined with the one before. */
static void draw_braille(chart *c, int column, size_t older)
{
    static const unsigned char bits[2][4] = {{0x01, 0x02, 0x04, 0x40},
                                             {0x08, 0x10, 0x20, 0x80}};
    int dots = c->rows * 4, from[2], to[2];
    for (int side = 0; side < 2; side++) {
        int now = dot_of(c, older - (size_t)side, dots),
            was = dot_of(c, older - (size_t)side + 1, dots);
        from[side] = was >= 0 && was < now ? was + 1 : now;
        to[side] = was > now ? was - 1 : now;
    }
    for (int row = 0; row < c->rows; row++) {
        unsigned cell = 0;
        for (int side = 0; side < 2; side++)
            for (int d = 0; d < 4; d++)
                if (to[side] >= 0 && row * 4 + d >= from[side] && row * 4 + d <= to[side])
                    cell |= bits[side][d];
        if (cell) {
            char text[4] = {(char)0xE2, (char)(0xA0 | cell >> 6), (char)(0x80 | (cell & 0x3F)),
                            0};
            screen_put(c->s, c->row + row, column, c->style, text);
        }
    }
}

static screen_style style_of(const cli_look *l)
{
    return strcmp(l->level, "critical") == 0                                  ? STYLE_RED
           : strcmp(l->level, "high") == 0 || strcmp(l->level, "medium") == 0 ? STYLE_YELLOW
                                                                              : STYLE_GREEN;
}

static void draw_chart(cli_screen *s, int row, int rows, const monitor_view *v,
                       const cli_look *l)
{
    char top[24];
    chart c = {.s = s,
               .v = v,
               .row = row,
               .rows = rows,
               .columns = s->columns - CHART_LABELS - (l->limit ? CHART_NAMES : 0),
               .style = style_of(l)};
    if (c.columns < 10)
        return;
    for (size_t i = 0; i < v->history_count && i < VIEW_HISTORY; i++)
        if ((double)v->history[i] > c.most)
            c.most = (double)v->history[i];
    /* The limit is the top, unless it lies so far above that what is shown would be flat. */
    if (l->limit && c.most * 3 >= (double)l->limit)
        c.most = c.most > (double)l->limit ? c.most : (double)l->limit;
    else
        c.most *= 1.25;
    /* Levels are of what is above the floor: that is what steers. */
    if (l->limit && l->floor && l->floor < l->limit && rows >= CHART_LEAST) {
        double above = (double)(l->limit - l->floor), floor = (double)l->floor;
        draw_level(&c, floor + 0.4 * above, " medium", STYLE_DIM);
        draw_level(&c, floor + 0.6 * above, " high", STYLE_YELLOW);
        draw_level(&c, floor + 0.8 * above, " critical", STYLE_RED);
    }
    if (l->limit)
        draw_level(&c, (double)l->limit, " limit", STYLE_BOLD);
    if (!l->limit || (double)l->limit > c.most)
        screen_print(s, row, 0, STYLE_DIM, "%*s", CHART_LABELS - 2,
                     bytes_text((uint64_t)c.most, top, sizeof top));
    screen_print(s, row + rows - 1, 0, STYLE_DIM, "%*s", CHART_LABELS - 2, "0");
    for (int i = 0; i < rows; i++)
        screen_put(s, row + i, CHART_LABELS - 1, STYLE_DIM, s->utf8 ? "│" : "|");
    for (int i = 0; i < c.columns; i++) {
        size_t back = (size_t)(c.columns - 1 - i);
        if (s->utf8) {
            draw_braille(&c, CHART_LABELS + i, back * 2 + 1);
        } else if (dot_of(&c, back, rows) >= 0) {
            screen_put(s, row + dot_of(&c, back, rows), CHART_LABELS + i, c.style, "*");
        }
    }
}

/* ---- the whole ---- */

static void write_one(FILE *to, const void *arg, int width)
{
    view_table(to, arg, width);
}

void view_draw(cli_screen *s, const monitor_view *v, const cli_look *l)
{
    char who[160];
    const char *dot = separator[s->utf8];
    int wide = 0, left = s->rows - 2;
    snprintf(who, sizeof who, "process %ld%s%s%s%s", l->pid, dot, l->command,
             *phase_of(l) ? dot : "", phase_of(l));
    draw_head(s, v, who);
    int row = 1 + put_table(s, 1, left, left >= TABLE_LINES + CHART_LEAST, write_one, l, &wide);
    left -= row - 1;
    bool beside = s->columns - wide - 2 >= LEDGER_LEAST;
    if (beside && l->account_count)
        draw_ledger(s, 1, wide + 2, s->columns - wide - 2, row - 1, l);
    if (run_rows(l) <= left) {
        if (l->has_run)
            draw_run(s, row, l);
        row += run_rows(l);
        left -= run_rows(l);
    }
    if ((int)l->cache_count + CHART_LEAST <= left) {
        draw_caches(s, row, l);
        row += (int)l->cache_count;
        left -= (int)l->cache_count;
    }
    if (!beside && ledger_rows(l) + CHART_LEAST <= left) {
        draw_ledger(s, row, 0, s->columns, ledger_rows(l), l);
        row += ledger_rows(l);
        left -= ledger_rows(l);
    }
    if (left >= CHART_LEAST - 1)
        draw_chart(s, row, left, v, l);
    draw_foot(s, v);
}

typedef struct all_looks {
    const cli_look *looks;
    size_t count;
} all_looks;

static void write_all_looks(FILE *to, const void *arg, int width)
{
    const all_looks *a = arg;
    view_table_all(to, a->looks, a->count, width);
}

void view_draw_all(cli_screen *s, const monitor_view *v, const cli_look *looks, size_t count)
{
    char who[64];
    int wide;
    all_looks all = {looks, count};
    snprintf(who, sizeof who, "%zu running", count);
    draw_head(s, v, who);
    put_table(s, 1, s->rows - 2, false, write_all_looks, &all, &wide);
    draw_foot(s, v);
}
