/* SPDX-License-Identifier: MIT */
/*
 * alice memory optimize: which limit and profile suit this machine and collection, and why.
 *
 *   look (machine, disk, collection) ─▶ choose (pure) ─▶ print
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/limit.h>
#include <alice/monitor.h>
#include <alice/organize.h>

#include "command.h"
#include "disk.h"
#include "dry_run.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "table.h"

#define GB (UINT64_C(1) << 30)

enum { LARGE_COLLECTION = 50000, MOST_REASONS = 10 };

/* What there is. */
typedef struct found {
    alice_monitor_usage usage;
    uint64_t ram;     /* the smaller of the machine's and the control group's */
    uint32_t cores;   /* that this process may use */
    const char *path; /* NULL: none was given */
    cli_disk disk;
    alice_survey survey;
} found;

/* What follows. */
typedef struct advice {
    const char *profile;
    alice_config config;
    uint32_t limit_mb;
    char reasons[MOST_REASONS][200];
    size_t reason_count;
} advice;

static void reason(advice *a, const char *format, ...) ALICE_PRINTF(2, 3);

static void reason(advice *a, const char *format, ...)
{
    va_list args;
    if (a->reason_count == MOST_REASONS)
        return;
    va_start(args, format);
    vsnprintf(a->reasons[a->reason_count++], sizeof a->reasons[0], format, args);
    va_end(args);
}

/* ---- look ---- */

static int look_machine(found *f)
{
    alice_monitor *monitor = NULL;
    alice_monitor_options o = {.limit_bytes = 0};
    alice_status st = alice_monitor_open(&monitor, &o);
    if (st == ALICE_OK)
        st = alice_monitor_get_usage(monitor, &f->usage);
    alice_monitor_close(&monitor);
    if (st != ALICE_OK) {
        cli_error("the kernel's figures of memory cannot be read; is /proc mounted?");
        return CLI_STOPPED;
    }
    f->ram = alice_limit_ram();
    /* The library uses at most twice the cores: so it says how many there are. */
    alice_config many = {0};
    many.workers = 1024;
    f->cores = alice_config_workers(&many) / 2;
    return CLI_DONE;
}

static int look_collection(found *f)
{
    alice_error error;
    alice_survey_options o = {.should_stop = stop_asked};
    int bad = dry_run_check(f->path);
    if (bad)
        return bad;
    disk_look(f->path, &f->disk);
    stop_catch();
    alice_status st = alice_survey_folder(f->path, &o, &f->survey, &error);
    if (st != ALICE_OK) {
        cli_error("%s", error.text);
        return cli_exit_status(st);
    }
    return stop_asked(NULL) ? CLI_INTERRUPTED : CLI_DONE;
}

/* ---- choose ---- */

static void choose_profile(const found *f, advice *a)
{
    bool small = f->ram > 0 && f->ram<8 * GB, used = f->usage.system_percent> 80;
    bool large = f->path && f->survey.media >= LARGE_COLLECTION;
    bool room = f->usage.available >= 4 * GB;
    char bytes[32];
    a->profile = "default";
    if (small) {
        a->profile = "memory_constrained";
        reason(
            a,
            "Below 8 GB of memory: memory_constrained has smaller caches, chunks and batches.");
    }
    if (used) {
        a->profile = "memory_constrained";
        reason(a,
               "%.0f%% of the memory is in use, above 80%%: memory_constrained leaves room for "
               "others.",
               f->usage.system_percent);
    }
    if (large && !small && !used && room) {
        a->profile = "large_collection";
        reason(a,
               "%llu media files, 50,000 and more: large_collection has larger caches and "
               "batches.",
               (unsigned long long)f->survey.media);
    } else if (large) {
        reason(a,
               "50,000 files and more would ask for large_collection; with %s available this "
               "machine "
               "is better off without.",
               bytes_text(f->usage.available, bytes, sizeof bytes));
    }
    if (!small && !used && !large)
        reason(a, "8 GB of memory and more, and not short of it: the default profile fits.");
}

/* The guide's ladder, a limit of the control group, and what is free at this moment. */
static void choose_limit(const found *f, advice *a)
{
    alice_config ladder, named = a->config;
    alice_config_for_ram(f->ram ? f->ram : 8 * GB, &ladder);
    alice_config_resolve(&named);
    char file[160] = "", bytes[32];
    uint32_t mb = ladder.max_memory_mb;
    bool by_profile = strcmp(a->profile, "large_collection") == 0 || named.max_memory_mb < mb;
    reason(a,
           "%s of memory: by the ladder (256 MB below 4 GB, 512 MB below 8 GB, else 1024 MB) "
           "%u MB.",
           bytes_text(f->ram, bytes, sizeof bytes), mb);
    if (by_profile) {
        mb = named.max_memory_mb;
        reason(a, "The profile %s brings its own limit, %u MB.", a->profile, mb);
    }
    if (mb > f->ram / 2 / ALICE_MB && f->ram) {
        mb = (uint32_t)(f->ram / 2 / ALICE_MB);
        reason(a, "Never more than half of the memory: %u MB.", mb);
    }
    size_t kept = alice_limit_effective_by((size_t)mb * ALICE_MB, file, sizeof file);
    if (kept < (size_t)mb * ALICE_MB) {
        mb = (uint32_t)(kept / ALICE_MB);
        reason(a, "The control group allows no more than %u MB (%s).", mb, file);
    }
    if ((uint64_t)mb * ALICE_MB > f->usage.available / 2) {
        mb = (uint32_t)(f->usage.available / 2 / ALICE_MB);
        reason(a, "Only %s are available at this moment: half of that.",
               bytes_text(f->usage.available, bytes, sizeof bytes));
    }
    uint32_t least = (uint32_t)((alice_organizer_minimum_memory() + ALICE_MB - 1) / ALICE_MB);
    if (mb < least) {
        mb = least;
        reason(a, "Less than %u MB does not work.", least);
    }
    a->limit_mb = mb;
}

static void choose_rest(const found *f, advice *a)
{
    if (!f->path)
        return;
    if (f->disk.kind == DISK_ROTATING)
        reason(a, "A rotating disk seeks between readers: compare with --jobs 2 (alice memory "
                  "test).");
    if (f->disk.kind == DISK_NETWORK)
        reason(a,
               "Files come over the network: more readers hide its delays; compare with --jobs "
               "%u.",
               f->cores * 2);
    if (f->disk.kind == DISK_MEMORY)
        reason(
            a,
            "This folder lies in memory itself: what is organized into it takes memory, too.");
}

static alice_status choose(const found *f, advice *a, const cli_args *args)
{
    alice_error error;
    char text[16];
    if (args->given[OPT_PROFILE]) {
        a->profile = args->value[OPT_PROFILE];
        reason(a, "The profile %s was asked for.", a->profile);
    } else {
        choose_profile(f, a);
    }
    alice_status st = alice_config_use_profile(&a->config, a->profile);
    if (st != ALICE_OK)
        return st;
    choose_limit(f, a);
    choose_rest(f, a);
    snprintf(text, sizeof text, "%u", a->limit_mb);
    st = alice_config_set(&a->config, "max_memory_mb", text, &error);
    /* What is set by hand stands above all advice. */
    for (int i = 0; i < args->set_count && st == ALICE_OK; i++) {
        char key[SETTINGS_KEY_MAX];
        const char *value = settings_split(args->sets[i], key);
        st = value ? alice_config_set(&a->config, key, value, &error) : ALICE_E_INVAL;
    }
    if (st == ALICE_OK)
        alice_config_resolve(&a->config);
    a->limit_mb = a->config.max_memory_mb;
    return st;
}

/* ---- text ---- */

static const cli_column two[] = {{.head = "Metric"}, {.head = "Value", .shrink = SHRINK_FRONT}};

static void print_machine(const found *f)
{
    const alice_monitor_usage *u = &f->usage;
    cli_table t;
    char text[32];
    table_begin(&t, "This Machine", two, 2);
    table_cell(&t, "Memory");
    table_cell(&t, "%s", bytes_text(u->machine_total, text, sizeof text));
    table_cell(&t, "Available");
    table_cell(&t, "%s", bytes_text(u->available, text, sizeof text));
    table_cell(&t, "In use");
    table_cell(&t, "%.1f%%", u->system_percent);
    table_cell(&t, "Control group");
    if (u->cgroup_limit)
        table_cell(&t, "%s, says %s", bytes_text(u->cgroup_limit, text, sizeof text),
                   u->cgroup_file);
    else
        table_cell(&t, "no limit");
    table_cell(&t, "Waiting for memory");
    if (u->pressure_some < 0)
        table_cell(&t, "not told by this kernel");
    else
        table_cell(&t, "%.1f%% of the last 10 s", u->pressure_some);
    table_cell(&t, "Processors");
    table_cell(&t, "%u", f->cores);
    if (f->path) {
        table_cell(&t, "Disk");
        table_cell(&t, "%s%s%s", f->disk.file_system, *f->disk.file_system ? ", " : "",
                   disk_kind_name(f->disk.kind));
    }
    table_end(&t, stdout, table_width(stdout));
}

static void print_collection(const found *f, const advice *a)
{
    static const cli_column columns[] = {{.head = "Size"},
                                         {.head = "Files", .right = true},
                                         {.head = "Share", .right = true},
                                         {.head = "Batch", .right = true}};
    static const char *const names[ALICE_SIZE_CLASSES] = {"below 1 MB", "1 to 10 MB",
                                                          "above 10 MB"};
    static const uint64_t mean[ALICE_SIZE_CLASSES] = {ALICE_MB / 2, 5 * ALICE_MB,
                                                      50 * ALICE_MB};
    const alice_survey *s = &f->survey;
    cli_table t;
    char text[32];
    putchar('\n');
    table_begin(&t, "The Collection", two, 2);
    table_cell(&t, "Media files");
    table_cell(&t, "%llu%s of %llu files", (unsigned long long)s->media,
               s->complete ? "" : " and more", (unsigned long long)s->files);
    for (int type = ALICE_MEDIA_NONE + 1; type < ALICE_MEDIA_COUNT; type++) {
        if (!s->by_type[type])
            continue;
        table_cell(&t, "  %s", alice_media_name((alice_media_type)type));
        table_cell(&t, "%llu", (unsigned long long)s->by_type[type]);
    }
    if (s->sized) {
        table_cell(&t, "Mean size");
        table_cell(&t, "%s", bytes_text(s->bytes / s->sized, text, sizeof text));
        table_cell(&t, "Largest file");
        table_cell(&t, "%s: %s", bytes_text(s->largest_bytes, text, sizeof text), s->largest);
    }
    if (s->files) {
        table_cell(&t, "Biggest folder");
        table_cell(&t, "%llu files: %s", (unsigned long long)s->biggest_folder_files,
                   *s->biggest_folder ? s->biggest_folder : ".");
    }
    table_end(&t, stdout, table_width(stdout));
    if (!s->complete)
        printf("Looked at for %.0f seconds; there is more.\n", s->seconds);
    if (s->sized == 0)
        return;
    putchar('\n');
    table_begin(&t, "Batches by Size", columns, 4);
    for (int c = 0; c < ALICE_SIZE_CLASSES; c++) {
        table_cell(&t, "%s", names[c]);
        table_cell(
            &t, "%s%llu", s->sized < s->media ? "~" : "",
            (unsigned long long)((double)s->by_size[c] / (double)s->sized * (double)s->media +
                                 0.5));
        table_cell(&t, "%.0f%%", 100 * (double)s->by_size[c] / (double)s->sized);
        table_cell(&t, "%u", alice_config_baseline_batch(&a->config, mean[c]));
    }
    table_end(&t, stdout, table_width(stdout));
    printf("By their mean size, batches of %u suit this collection.\n",
           alice_config_baseline_batch(&a->config, s->bytes / s->sized));
}

static void print_reasons(const advice *a)
{
    printf("\nRecommended: profile %s, limit %u MB\n", a->profile, a->limit_mb);
    for (size_t i = 0; i < a->reason_count; i++)
        printf("  - %s\n", a->reasons[i]);
}

static void print_settings(const advice *a)
{
    static const cli_column columns[] = {{.head = "Setting", .shrink = SHRINK_FRONT},
                                         {.head = "Value", .right = true},
                                         {.head = "What it is", .shrink = SHRINK_END}};
    const alice_config_field_info *f;
    cli_table t;
    char value[48];
    putchar('\n');
    table_begin(&t, "Settings", columns, 3);
    for (size_t i = 0; (f = alice_config_field(i)) != NULL; i++) {
        if (alice_config_get(&a->config, f->name, value, sizeof value) != ALICE_OK)
            continue;
        table_cell(&t, "%s", f->key);
        table_cell(&t, "%s%s%s", value, *f->unit ? " " : "", f->unit);
        table_cell(&t, "%s", f->text);
    }
    table_end(&t, stdout, table_width(stdout));
}

/* A word of a shell. */
static void put_word(const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%";
    if (*word && strspn(word, plain) == strlen(word) && *word != '-') {
        fputs(word, stdout);
        return;
    }
    fputs(*word == '-' ? "'./" : "'", stdout);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar((unsigned char)*word < 0x20 ? '?' : *word); /* not to steer the terminal */
    }
    putchar('\'');
}

static void put_command(const found *f, const advice *a)
{
    fputs("alice organize ", stdout);
    put_word(f->path ? f->path : "INBOX");
    printf(" ORGANIZED --profile %s --max-memory %u\n", a->profile, a->limit_mb);
}

static void print_snippet(const found *f, const advice *a)
{
    alice_config plain = {0};
    alice_config_resolve(&plain);
    const alice_config_field_info *field;
    char value[48], usual[48];
    puts("\nAs settings, each for --set (what is not here is as by default):");
    for (size_t i = 0; (field = alice_config_field(i)) != NULL; i++)
        if (alice_config_get(&a->config, field->name, value, sizeof value) == ALICE_OK &&
            alice_config_get(&plain, field->name, usual, sizeof usual) == ALICE_OK &&
            (strcmp(value, usual) != 0 || i == 0))
            printf("  %s=%s\n", field->key, value);
    printf("For every run from this shell:\n  export ALICE_PERFORMANCE=%s\n", a->profile);
    fputs("The command (-n tries it without changing anything):\n  ", stdout);
    put_command(f, a);
}

/* ---- JSON ---- */

static void print_json_survey(cli_json *j, const found *f, const advice *a)
{
    const alice_survey *s = &f->survey;
    json_open(j, "collection", '{');
    json_text(j, "path", f->path);
    json_text(j, "file_system", f->disk.file_system);
    json_text(j, "disk", disk_kind_name(f->disk.kind));
    json_bool(j, "complete", s->complete);
    json_uint(j, "files", s->files);
    json_uint(j, "media", s->media);
    json_open(j, "by_type", '{');
    for (int type = ALICE_MEDIA_NONE + 1; type < ALICE_MEDIA_COUNT; type++)
        if (s->by_type[type])
            json_uint(j, alice_media_name((alice_media_type)type), s->by_type[type]);
    json_close(j, '}');
    json_uint(j, "sized", s->sized);
    json_uint(j, "small", s->by_size[ALICE_SIZE_SMALL]);
    json_uint(j, "medium", s->by_size[ALICE_SIZE_MEDIUM]);
    json_uint(j, "large", s->by_size[ALICE_SIZE_LARGE]);
    json_text(j, "largest_file", s->largest);
    json_uint(j, "largest_bytes", s->largest_bytes);
    json_text(j, "biggest_folder", s->biggest_folder);
    json_uint(j, "biggest_folder_files", s->biggest_folder_files);
    if (s->sized)
        json_uint(j, "batch_size",
                  alice_config_baseline_batch(&a->config, s->bytes / s->sized));
    json_close(j, '}');
}

static void print_json(const found *f, const advice *a)
{
    cli_json j = {.to = stdout};
    const alice_monitor_usage *u = &f->usage;
    const alice_config_field_info *field;
    char value[48];
    json_open(&j, NULL, '{');
    json_open(&j, "machine", '{');
    json_uint(&j, "memory_bytes", u->machine_total);
    json_uint(&j, "available_bytes", u->available);
    json_real(&j, "in_use_percent", u->system_percent, 1);
    if (u->cgroup_limit) {
        json_uint(&j, "cgroup_limit_bytes", u->cgroup_limit);
        json_text(&j, "cgroup_file", u->cgroup_file);
    }
    if (u->pressure_some >= 0)
        json_real(&j, "pressure_percent", u->pressure_some, 2);
    json_uint(&j, "processors", f->cores);
    json_close(&j, '}');
    if (f->path)
        print_json_survey(&j, f, a);
    json_text(&j, "profile", a->profile);
    json_uint(&j, "max_memory_mb", a->limit_mb);
    json_open(&j, "reasons", '[');
    for (size_t i = 0; i < a->reason_count; i++)
        json_text(&j, NULL, a->reasons[i]);
    json_close(&j, ']');
    json_open(&j, "settings", '{');
    for (size_t i = 0; (field = alice_config_field(i)) != NULL; i++)
        if (alice_config_get(&a->config, field->name, value, sizeof value) == ALICE_OK)
            json_text(&j, field->key, value);
    json_close(&j, '}');
    json_close(&j, '}');
    json_end_line(&j);
}

/* ---- the command ---- */

static int run(const cli_args *args)
{
    static found f;
    static advice a;
    cli_settings settings; /* only to check what was given */
    int bad = settings_read(&settings, args);
    if (bad || (bad = look_machine(&f)) != CLI_DONE)
        return bad;
    f.path = args->word_count ? args->words[0] : NULL;
    if (f.path && (bad = look_collection(&f)) != CLI_DONE)
        return bad;
    alice_status st = choose(&f, &a, args);
    if (st != ALICE_OK) {
        cli_error("no settings fit this machine: %s", alice_status_text(st));
        return CLI_STOPPED;
    }
    if (args->given[OPT_JSON]) {
        print_json(&f, &a);
        return CLI_DONE;
    }
    print_machine(&f);
    if (f.path)
        print_collection(&f, &a);
    print_reasons(&a);
    print_settings(&a);
    print_snippet(&f, &a);
    return CLI_DONE;
}

static const cli_opt options[] = {OPT_PROFILE, OPT_JSON, OPT_SET, OPT_HELP, OPT_END};

static const char text[] =
    "Looks at the machine (memory, limits of control groups, pressure, processors) and says\n"
    "which limit and profile to use, and why. With PATH, also at the disk behind it and the\n"
    "collection in it, by names and a sample of sizes, for at most 10 seconds. Ends with the\n"
    "settings and the command to run.\n"
    "\n"
    "Examples:\n"
    "  alice memory optimize\n"
    "  alice memory optimize --profile memory_constrained\n"
    "  alice memory optimize ~/Pictures\n";

const cli_command cmd_memory_optimize = {
    .name = "memory optimize",
    .words = "[PATH]",
    .completes = "dir",
    .summary = "find the limit and settings that suit this machine",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
