/* SPDX-License-Identifier: MIT */
/* alice stats: a library at a glance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/library.h>

#include "command.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "table.h"
#include "terminal.h"

enum {
    NAMES = 512,   /* cameras and so on that are told apart; what comes after them is one row */
    NAME_MAX = 96, /* bytes of one */
    SHOWN = 10,    /* rows of a section for people */
    BAR = 20       /* columns of the longest bar, where there is room */
};

typedef struct row {
    char name[NAME_MAX];
    uint64_t files, bytes;
} row;

typedef struct section {
    const char *title, *key;
    bool by_name; /* not by number */
    size_t count;
    row rows[NAMES + 1]; /* the last: all others */
} section;

enum { YEARS, CAMERAS, GENERATORS, TYPES, DATES, SECTIONS };

typedef struct stats {
    uint64_t files, bytes, largest;
    uint32_t first, last; /* days */
    section of[SECTIONS];
} stats;

static void count_in(section *s, const char *name, uint64_t bytes)
{
    size_t i = 0;
    char cut[NAME_MAX];
    snprintf(cut, sizeof cut, "%s", name);
    while (i < s->count && strcmp(s->rows[i].name, cut) != 0)
        i++;
    if (i == s->count && s->count < NAMES + 1) {
        snprintf(s->rows[i].name, NAME_MAX, "%s", i < NAMES ? cut : "others");
        s->count++;
    }
    if (i > NAMES)
        i = NAMES;
    s->rows[i].files++;
    s->rows[i].bytes += bytes;
    /* What comes often moves to the front, where it is found soon. */
    if (i > 0 && s->rows[i].files > s->rows[i - 1].files && i < NAMES) {
        row other = s->rows[i - 1];
        s->rows[i - 1] = s->rows[i];
        s->rows[i] = other;
    }
}

static bool on_file(void *ctx, const alice_library_file *f)
{
    stats *s = ctx;
    char name[256];
    s->files++;
    s->bytes += f->bytes;
    if (f->bytes > s->largest)
        s->largest = f->bytes;
    if (!*f->type) /* a sidecar goes with its picture, and is none */
        return true;
    if (f->day > 9999) {
        s->first = s->first == 0 || f->day < s->first ? f->day : s->first;
        s->last = f->day > s->last ? f->day : s->last;
        snprintf(name, sizeof name, "%u", f->day / 10000);
    } else {
        snprintf(name, sizeof name, "undated");
    }
    count_in(&s->of[YEARS], name, f->bytes);
    if (*f->model || *f->make) {
        /* "Canon", "Canon EOS 5D" is one name, said once. */
        size_t n = strlen(f->make);
        bool twice = n > 0 && strncmp(f->model, f->make, n) == 0;
        snprintf(name, sizeof name, "%s%s%s", twice ? "" : f->make,
                 !twice && n && *f->model ? " " : "", f->model);
        count_in(&s->of[CAMERAS], name, f->bytes);
    }
    if (*f->generator && strcmp(f->generator, "none") != 0)
        count_in(&s->of[GENERATORS], f->generator, f->bytes);
    count_in(&s->of[TYPES], f->type, f->bytes);
    count_in(&s->of[DATES], *f->date_source ? f->date_source : "none", f->bytes);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const row *)a)->name, ((const row *)b)->name);
}

static int by_files(const void *a, const void *b)
{
    const row *x = a, *y = b;
    return x->files != y->files ? (x->files < y->files ? 1 : -1) : by_name(a, b);
}

static void print_json(stats *s)
{
    cli_json j = {.to = stdout, .pretty = table_width(stdout) > 0};
    json_open(&j, NULL, '{');
    json_uint(&j, "files", s->files);
    json_uint(&j, "bytes", s->bytes);
    json_uint(&j, "largest_bytes", s->largest);
    json_uint(&j, "first_day", s->first);
    json_uint(&j, "last_day", s->last);
    for (size_t i = 0; i < SECTIONS; i++) {
        json_open(&j, s->of[i].key, '[');
        for (size_t k = 0; k < s->of[i].count; k++) {
            const row *r = &s->of[i].rows[k];
            json_open(&j, NULL, '{');
            json_text(&j, "name", r->name);
            json_uint(&j, "files", r->files);
            json_uint(&j, "bytes", r->bytes);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end_line(&j);
}

static void put_bar(uint64_t n, uint64_t most, int room)
{
    int full = most ? (int)((n * (uint64_t)room + most - 1) / most) : 0;
    for (int i = 0; i < full; i++)
        fputs(text_is_utf8() ? "█" : "#", stdout);
    putchar('\n');
}

static void print_section(const section *s, int width)
{
    uint64_t most = 0, left = 0;
    char bytes[32];
    size_t shown = s->by_name ? s->count : s->count < SHOWN ? s->count : SHOWN;
    int name_room = 6;
    if (s->count == 0)
        return;
    for (size_t i = 0; i < shown; i++) {
        int n = text_columns(s->rows[i].name);
        most = s->rows[i].files > most ? s->rows[i].files : most;
        name_room = n > name_room ? n : name_room;
    }
    /* The name, two blanks, the files, the bytes, and a bar in what is left of the line. */
    enum { NUMBERS = 2 + 10 + 1 + 9 + 1 };
    int bar = width == 0 ? BAR : width - NUMBERS - name_room - 1;
    if (bar < 4) {
        bar = 4;
        name_room = width > NUMBERS + 4 + 8 ? width - NUMBERS - 4 - 1 : 8;
    }
    bar = bar > BAR ? BAR : bar;
    printf("\n%s\n", s->title);
    for (size_t i = 0; i < shown; i++) {
        const row *r = &s->rows[i];
        fputs("  ", stdout);
        text_put(stdout, r->name, name_room, false, SHRINK_END);
        printf("%10llu %9s ", (unsigned long long)r->files,
               bytes_text(r->bytes, bytes, sizeof bytes));
        put_bar(r->files, most, bar);
    }
    for (size_t i = shown; i < s->count; i++)
        left += s->rows[i].files;
    if (left)
        printf("  and %zu more with %llu files: --json\n", s->count - shown,
               (unsigned long long)left);
}

static void print_text(const stats *s, const char *organized)
{
    char bytes[32];
    fputs("Library ", stdout);
    put_safe_text(stdout, organized);
    printf("\n%llu files, %s", (unsigned long long)s->files,
           bytes_text(s->bytes, bytes, sizeof bytes));
    if (s->first)
        printf(", %04u-%02u-%02u to %04u-%02u-%02u", s->first / 10000, s->first / 100 % 100,
               s->first % 100, s->last / 10000, s->last / 100 % 100, s->last % 100);
    putchar('\n');
    for (size_t i = 0; i < SECTIONS; i++)
        print_section(&s->of[i], table_width(stdout));
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_error error = {.text = ""};
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    stats *s = calloc(1, sizeof *s);
    if (!s) {
        cli_error("no memory");
        return CLI_STOPPED;
    }
    s->of[YEARS] = (section){.title = "By year", .key = "years", .by_name = true};
    s->of[CAMERAS] = (section){.title = "By camera", .key = "cameras"};
    s->of[GENERATORS] = (section){.title = "By generator", .key = "generators"};
    s->of[TYPES] = (section){.title = "By type", .key = "types"};
    s->of[DATES] = (section){.title = "Where dates come from", .key = "date_sources"};
    const char *organized = args->word_count             ? args->words[0]
                            : args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                                                         : "organized";
    const alice_organizer_options o = {.config = settings.config,
                                       .organized = organized,
                                       .catalog = args->value[OPT_CATALOG],
                                       .kernel_backstop = true};
    alice_status st = alice_library(&o, false, on_file, s, &error);
    for (size_t i = 0; st == ALICE_OK && i < SECTIONS; i++)
        qsort(s->of[i].rows, s->of[i].count, sizeof(row),
              s->of[i].by_name ? by_name : by_files);
    if (st != ALICE_OK)
        cli_error("%s", error.text);
    else if (args->given[OPT_JSON])
        print_json(s);
    else
        print_text(s, organized);
    free(s);
    return st == ALICE_OK ? CLI_DONE : cli_exit_status(st);
}

static const cli_opt options[] = {OPT_ORGANIZED, OPT_MAX_MEMORY, OPT_CATALOG, OPT_SET,
                                  OPT_JSON,      OPT_CONFIG,     OPT_HELP,    OPT_END};

static const char text[] =
    "Shows a library at a glance: its files by year, camera, generator and type, and where\n"
    "their dates come from. The catalog tells; no file is opened.\n"
    "\n"
    "Examples:\n"
    "  alice stats ~/Pictures/organized\n"
    "  alice stats --json ~/Pictures/organized\n";

const cli_command cmd_stats = {
    .name = "stats",
    .words = "[ORGANIZED]",
    .completes = "dir",
    .summary = "a library at a glance: by year, camera, generator and type",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
