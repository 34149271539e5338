/* SPDX-License-Identifier: MIT */
/*
 * The charts of a memory profile as SVG inside a page: plain shapes with titles that a
 * browser shows under the pointer; no script, no font, no picture from elsewhere.
 *
 * A chart is drawn in a field of 1000 units in width; the page scales it.
 */
#include "profile_run.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1000, LEFT = 62, RIGHT = 14, TOP = 12, BOTTOM = 26, COLORS = 12, TICKS = 5 };

typedef struct chart {
    FILE *to;
    double height; /* of the field */
    double end_ms; /* at the right edge */
    double top;    /* value at the upper edge */
} chart;

/* ---- text ---- */

void page_text(FILE *to, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t n = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : *p >= 0xC2 ? 2 : 0;
        bool good = n > 1;
        for (size_t i = 1; good && i < n; i++)
            good = (p[i] & 0xC0) == 0x80;
        if (n == 1 && *p == '<') {
            fputs("&lt;", to);
        } else if (n == 1 && *p == '>') {
            fputs("&gt;", to);
        } else if (n == 1 && *p == '&') {
            fputs("&amp;", to);
        } else if (n == 1 && *p == '"') {
            fputs("&quot;", to);
        } else if (n == 1 && *p >= 0x20 && *p != 0x7F) {
            fputc(*p, to);
        } else if (good) {
            fwrite(p, 1, n, to);
        } else {
            fputs("\xEF\xBF\xBD", to); /* the sign for a character that is none */
            n = 1;
        }
        p += n;
    }
}

void page_bytes(FILE *to, double bytes)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    size_t u = 0;
    while (bytes >= 1024 && u + 1 < sizeof units / sizeof *units) {
        bytes /= 1024;
        u++;
    }
    fprintf(to, u == 0 ? "%.0f %s" : "%.1f %s", bytes, units[u]);
}

/* ---- the field ---- */

static double chart_x(const chart *c, double ms)
{
    return LEFT + (c->end_ms > 0 ? ms / c->end_ms : 0) * (WIDTH - LEFT - RIGHT);
}

static double chart_y(const chart *c, double value)
{
    double share = c->top > 0 ? value / c->top : 0;
    return c->height - BOTTOM - (share > 1 ? 1 : share) * (c->height - BOTTOM - TOP);
}

/* A round number that is not below `v`: 1, 2, 2.5 or 5 times a power of ten. */
static double round_up(double v)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    double power = 1;
    while (power * 10 <= v)
        power *= 10;
    while (power > v && power > 1e-6)
        power /= 10;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] * power >= v)
            return steps[i] * power;
    return v;
}

static double first_ms(const profile_run *run)
{
    return run->samples.count ? run->samples.at[0].ms : 0;
}

static double last_ms(const profile_run *run)
{
    return run->samples.count ? run->samples.at[run->samples.count - 1].ms : 0;
}

/* How many decimals tell multiples of `step` apart. */
static int decimals(double step)
{
    int n = 0;
    while (n < 3 && step * 1.0001 < 1) {
        step *= 10;
        n++;
    }
    return n + (step > 2.4 && step < 2.6 && n < 3); /* 0.25 */
}

/* Grid, axes and their numbers; `unit` stands behind each value. */
static void begin(chart *c, const char *name, const char *what, const char *unit)
{
    double step = round_up(c->top / TICKS), seconds = c->end_ms / 1000;
    fprintf(c->to,
            "<div class=\"wide\"><svg id=\"%s\" viewBox=\"0 0 %d %.0f\" role=\"img\" "
            "aria-label=\"%s\">\n",
            name, WIDTH, c->height, what);
    for (int i = 0; i * step <= c->top * 1.0001; i++) {
        double y = chart_y(c, i * step);
        fprintf(c->to,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.*f%s</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, decimals(step), i * step, unit);
    }
    step = round_up(seconds / TICKS);
    for (int i = 0; i * step <= seconds * 1.0001; i++) {
        double x = chart_x(c, i * step * 1000);
        fprintf(c->to,
                "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%.*f s</text>\n",
                x, c->height - 6, x > WIDTH - RIGHT - 20 ? "end" : "middle", decimals(step),
                i * step);
        if (step <= 0)
            break;
    }
}

static void end(chart *c)
{
    fputs("</svg></div>\n", c->to);
}

static void level_line(const chart *c, double mb, const char *class, const char *label)
{
    if (mb > c->top)
        return;
    double y = chart_y(c, mb);
    fprintf(c->to,
            "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
            "<text class=\"mark\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
            class, LEFT, WIDTH - RIGHT, y, y, WIDTH - RIGHT - 4, y - 4, label);
}

/* Invisible columns, one a sample, that show a title under the pointer. */
static void put_titles(const chart *c, const profile_run *run)
{
    const cli_samples *s = &run->samples;
    for (size_t i = 0; i < s->count; i++) {
        double x = chart_x(c, s->at[i].ms);
        double next = i + 1 < s->count ? chart_x(c, s->at[i + 1].ms) : WIDTH - RIGHT;
        if (next - x < 0.5)
            continue;
        fprintf(c->to,
                "<rect class=\"touch\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%.0f\">"
                "<title>%.2f s: %.1f MB resident, batch %u, caches %.1f MB</title></rect>\n",
                x, TOP, next - x, c->height - TOP - BOTTOM, s->at[i].ms / 1000.0,
                s->at[i].resident_kb / 1024.0, s->at[i].batch, s->at[i].cache_kb / 1024.0);
    }
}

/* ---- resident memory ---- */

void page_resident(FILE *to, const profile_run *run)
{
    const cli_samples *s = &run->samples;
    const alice_monitor_usage *u = &run->at_peak.memory.usage;
    double limit = (double)run->result.memory.limit_bytes / (double)ALICE_MB;
    double floor = (double)u->floor / (double)ALICE_MB, highest = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].resident_kb / 1024.0 > highest)
            highest = s->at[i].resident_kb / 1024.0;
    /* A limit far above what was used would press the curve flat: then it is only said. */
    bool far = limit > 5 * highest;
    chart c = {.to = to,
               .height = 300,
               .end_ms = last_ms(run),
               .top = far || highest > limit ? round_up(highest * 1.15) : limit * 1.08};
    begin(&c, "resident", "resident memory over time", " MB");
    if (floor < limit) {
        level_line(&c, floor + 0.4 * (limit - floor), "level l1", "medium");
        level_line(&c, floor + 0.6 * (limit - floor), "level l2", "high");
        level_line(&c, floor + 0.8 * (limit - floor), "level l3", "critical");
    }
    level_line(&c, limit, "limit", "limit");
    level_line(&c, floor, "level floor", "the program itself");
    fprintf(to, "<path class=\"area\" d=\"M%.1f %.1f", chart_x(&c, first_ms(run)),
            chart_y(&c, 0));
    for (size_t i = 0; i < s->count; i++)
        fprintf(to, "L%.1f %.1f", chart_x(&c, s->at[i].ms),
                chart_y(&c, s->at[i].resident_kb / 1024.0));
    fprintf(to, "L%.1f %.1fZ\"/>\n<path class=\"line\" d=\"", chart_x(&c, c.end_ms),
            chart_y(&c, 0));
    for (size_t i = 0; i < s->count; i++)
        fprintf(to, "%c%.1f %.1f", i ? 'L' : 'M', chart_x(&c, s->at[i].ms),
                chart_y(&c, s->at[i].resident_kb / 1024.0));
    fprintf(to, "\"/>\n<circle class=\"peak\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n",
            chart_x(&c, run->peak_ms), chart_y(&c, (double)u->current / (double)ALICE_MB));
    put_titles(&c, run);
    end(&c);
    fputs("<p class=\"note\">The dot is the moment of the highest use, of which the live sites "
          "tell. ",
          to);
    if (far)
        fprintf(to, "The limit, %.0f MB, lies far above this chart. ", limit);
    fputs("Levels stand where they begin with empty caches.</p>\n", to);
}

/* ---- batches ---- */

void page_batches(FILE *to, const profile_run *run)
{
    const cli_samples *s = &run->samples;
    double most = 1;
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].batch > most)
            most = s->at[i].batch;
    chart c = {.to = to, .height = 180, .end_ms = last_ms(run), .top = round_up(most * 1.1)};
    begin(&c, "batches", "batch size over time", "");
    fputs("<path class=\"line second\" d=\"", to);
    bool begun = false;
    for (size_t i = 0; i < s->count; i++) {
        double x = chart_x(&c, s->at[i].ms), y = chart_y(&c, s->at[i].batch);
        if (s->at[i].batch == 0) /* before the first */
            continue;
        if (begun)
            fprintf(to, "H%.1fV%.1f", x, y);
        else
            fprintf(to, "M%.1f %.1f", chart_x(&c, first_ms(run)), y);
        begun = true;
    }
    fputs("\"/>\n", to);
    put_titles(&c, run);
    end(&c);
    fprintf(to, "<p class=\"note\">%llu batches of %u",
            (unsigned long long)run->end.run.batches, run->end.run.smallest_batch);
    if (run->end.run.largest_batch != run->end.run.smallest_batch)
        fprintf(to, " to %u", run->end.run.largest_batch);
    fprintf(to, " files; the size was changed %llu times.</p>\n",
            (unsigned long long)run->end.run.batch_size_adjustments);
}

/* ---- accounts ---- */

void page_accounts(FILE *to, const profile_run *run)
{
    const cli_samples *s = &run->samples;
    double most = 0;
    for (size_t i = 0; i < s->count; i++) {
        double sum = 0;
        for (size_t a = 0; a < s->account_count; a++)
            sum += s->at[i].account_kb[a] / 1024.0;
        if (sum > most)
            most = sum;
    }
    chart c = {.to = to, .height = 300, .end_ms = last_ms(run), .top = round_up(most * 1.08)};
    begin(&c, "accounts", "bytes charged to each account over time", " MB");
    for (size_t a = 0; a < s->account_count; a++) {
        double highest = 0;
        fprintf(to, "<path class=\"c%zu\" d=\"", a % COLORS);
        for (size_t way = 0; way < 2;
             way++) { /* along its upper edge, and back along the lower */
            for (size_t k = 0; k < s->count; k++) {
                size_t i = way ? s->count - 1 - k : k;
                double below = 0;
                for (size_t b = 0; b < a + 1 - way; b++)
                    below += s->at[i].account_kb[b] / 1024.0;
                if (s->at[i].account_kb[a] / 1024.0 > highest)
                    highest = s->at[i].account_kb[a] / 1024.0;
                fprintf(to, "%c%.1f %.1f", way || k ? 'L' : 'M', chart_x(&c, s->at[i].ms),
                        chart_y(&c, below));
            }
        }
        fputs("Z\"><title>", to);
        page_text(to, s->account[a]);
        fprintf(to, ": at most %.2f MB</title></path>\n", highest);
    }
    end(&c);
    fputs("<p class=\"legend\">", to);
    for (size_t a = 0; a < s->account_count; a++) {
        fprintf(to, "<span><i class=\"c%zu\"></i>", a % COLORS);
        page_text(to, s->account[a]);
        fputs("</span>\n", to);
    }
    fputs(
        "</p>\n<p class=\"note\">Charged is what was asked for: pages that were never touched "
        "are charged, but not resident.</p>\n",
        to);
}

/* ---- caches ---- */

static void put_bar(FILE *to, double share, const char *class)
{
    fprintf(to, "<span class=\"bar\"><b class=\"%s\" style=\"width:%.1f%%\"></b></span>", class,
            100 * (share < 0   ? 0
                   : share > 1 ? 1
                               : share));
}

void page_caches(FILE *to, const profile_run *run)
{
    const cli_samples *s = &run->samples;
    double most = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].cache_kb / 1024.0 > most)
            most = s->at[i].cache_kb / 1024.0;
    chart c = {.to = to,
               .height = 180,
               .end_ms = last_ms(run),
               .top = most > 0 ? round_up(most * 1.1) : 1};
    begin(&c, "caches", "bytes in the caches over time", " MB");
    fprintf(to, "<path class=\"area third\" d=\"M%.1f %.1f", chart_x(&c, first_ms(run)),
            chart_y(&c, 0));
    for (size_t i = 0; i < s->count; i++)
        fprintf(to, "L%.1f %.1f", chart_x(&c, s->at[i].ms),
                chart_y(&c, s->at[i].cache_kb / 1024.0));
    fprintf(to, "L%.1f %.1fZ\"/>\n", chart_x(&c, c.end_ms), chart_y(&c, 0));
    put_titles(&c, run);
    end(&c);
    fputs("<div class=\"wide\"><table><thead><tr><th>Cache</th><th "
          "class=\"n\">Used</th><th></th><th class=\"n\">Hit "
          "rate</th><th></th>"
          "<th class=\"n\">Items</th><th class=\"n\">Evictions</th></tr></thead><tbody>\n",
          to);
    for (size_t i = 0; i < run->end.memory.cache_count; i++) {
        const alice_cache_stats *n = &run->end.memory.caches[i].numbers;
        fputs("<tr><td>", to);
        page_text(to, run->end.memory.caches[i].name);
        fputs("</td><td class=\"n\">", to);
        page_bytes(to, (double)n->size_bytes);
        fputs(" of ", to);
        page_bytes(to, (double)n->max_size_bytes);
        fputs("</td><td>", to);
        put_bar(to, n->max_size_bytes ? (double)n->size_bytes / (double)n->max_size_bytes : 0,
                "c0");
        fprintf(to, "</td><td class=\"n\">%.1f %%</td><td>", 100 * n->hit_rate);
        put_bar(to, n->hit_rate, "c3");
        fprintf(to, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td></tr>\n",
                (unsigned long long)n->items, (unsigned long long)n->evictions);
    }
    fputs("</tbody></table></div>\n", to);
}

/* ---- sites: folder, file, function, each as wide as its bytes ---- */

typedef struct site {
    const alice_profile_row *row;
    char folder[24];
    const char *file;
    double bytes, folder_bytes, file_bytes;
} site;

static double bytes_of(const alice_profile_row *row, bool live)
{
    int64_t n = live ? row->live_bytes : row->total_bytes;
    return n > 0 ? (double)n : 0;
}

static int by_place(const void *a, const void *b)
{
    const site *x = a, *y = b;
    if (x->folder_bytes != y->folder_bytes)
        return x->folder_bytes < y->folder_bytes ? 1 : -1;
    int order = strcmp(x->folder, y->folder);
    if (order)
        return order;
    if (x->file_bytes != y->file_bytes)
        return x->file_bytes < y->file_bytes ? 1 : -1;
    order = strcmp(x->file, y->file);
    return order ? order : x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static void put_box(FILE *to, int level, double x, double width, size_t color, const char *name,
                    int line, double bytes, double sum)
{
    const double height = 30;
    size_t letters = (size_t)((width > 8 ? width - 8 : 0) / 7.2), n = strlen(name);
    fprintf(to,
            "<g><rect class=\"c%zu d%d\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
            "height=\"%.1f\"/><title>",
            color % COLORS, level, x, level * height, width > 1 ? width - 0.7 : width,
            height - 1);
    page_text(to, name);
    if (line)
        fprintf(to, ":%d", line);
    fputs(": ", to);
    page_bytes(to, bytes);
    fprintf(to, ", %.1f %%</title>", sum > 0 ? 100 * bytes / sum : 0);
    if (letters >= 3) {
        fprintf(to, "<text class=\"label\" x=\"%.1f\" y=\"%.1f\">", x + 5,
                level * height + 19.5);
        char cut[96];
        size_t keep = n <= letters ? n : letters - 1;
        if (keep > sizeof cut - 1)
            keep = sizeof cut - 1;
        memcpy(cut, name, keep);
        cut[keep] = 0;
        page_text(to, cut);
        fprintf(to, "%s</text>", keep < n ? "…" : "");
    }
    fputs("</g>\n", to);
}

/* A folder has the same color in every chart. */
static size_t color_of(const char *folder)
{
    static const char *const folders[] = {"organize", "catalog", "media",
                                          "mem",      "port",    "base"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strcmp(folder, folders[i]) == 0)
            return i;
    return COLORS - 1;
}

static void put_sites(FILE *to, const site *sites, size_t count, double sum)
{
    double x = 0;
    put_box(to, 0, 0, WIDTH, COLORS - 1, "all", 0, sum, sum);
    for (size_t i = 0; i < count; i++) {
        const site *s = &sites[i];
        double width = s->bytes / sum * WIDTH;
        size_t color = color_of(s->folder), skip = strlen(s->folder) + 1;
        bool new_folder = i == 0 || strcmp(s->folder, sites[i - 1].folder) != 0;
        if (new_folder) {
            put_box(to, 1, x, s->folder_bytes / sum * WIDTH, color, s->folder, 0,
                    s->folder_bytes, sum);
        }
        if (new_folder || strcmp(s->file, sites[i - 1].file) != 0)
            put_box(to, 2, x, s->file_bytes / sum * WIDTH, color,
                    color < COLORS - 1 ? s->file + skip : s->file, 0, s->file_bytes, sum);
        char name[96];
        if (width >= 0.4)
            put_box(to, 3, x, width, color, profile_function(s->row, name, sizeof name),
                    s->row->line, s->bytes, sum);
        x += width;
    }
}

void page_sites(FILE *to, const alice_profile_snapshot *snapshot, bool live)
{
    size_t rows = snapshot ? alice_profile_snapshot_count(snapshot) : 0, count = 0;
    site *sites = calloc(rows ? rows : 1, sizeof *sites);
    double sum = 0;
    for (size_t i = 0; sites && i < rows; i++) {
        const alice_profile_row *row = alice_profile_snapshot_row(snapshot, i);
        site *s = &sites[count];
        if (bytes_of(row, live) <= 0)
            continue;
        s->row = row;
        s->file = profile_file(row);
        s->bytes = bytes_of(row, live);
        const char *slash = strchr(s->file, '/');
        size_t n = slash && row->line ? (size_t)(slash - s->file) : 0;
        if (n >= sizeof s->folder)
            n = sizeof s->folder - 1;
        memcpy(s->folder, n ? s->file : "others", n ? n : sizeof "others");
        sum += s->bytes;
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            bool same = strcmp(sites[i].folder, sites[k].folder) == 0;
            sites[i].folder_bytes += same ? sites[k].bytes : 0;
            sites[i].file_bytes +=
                same && strcmp(sites[i].file, sites[k].file) == 0 ? sites[k].bytes : 0;
        }
    }
    if (count == 0 || sum <= 0) {
        fputs("<p class=\"note\">Nothing was counted.</p>\n", to);
    } else {
        qsort(sites, count, sizeof *sites, by_place);
        fprintf(to,
                "<div class=\"wide\"><svg class=\"flame\" id=\"%s\" viewBox=\"0 0 %d 120\" "
                "role=\"img\" "
                "aria-label=\"allocation sites by folder, file and function\">\n",
                live ? "live-sites" : "all-sites", WIDTH);
        put_sites(to, sites, count, sum);
        fputs("</svg></div>\n", to);
    }
    free(sites);
}
