/* SPDX-License-Identifier: MIT */
#include "settings_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef ALICE_YAML
#include <yaml.h>
#endif

#include <alice/config.h>
#include <alice/organize.h>
#include <alice/text.h>

/* One row a setting: the file, `alice config` and `alice config init` go by it. */
static const cli_row rows[] = {
    {"paths.inbox", "inbox", ROW_PATH, "~/Pictures/inbox", "where the files come from"},
    {"paths.organized", "organized", ROW_PATH, "~/Pictures/organized", "where they go"},
    {"paths.catalog", "catalog", ROW_PATH, "~/Pictures/organized/.alice/catalog.db",
     "what is known about every file"},
    {"processing.copy_mode", "move", ROW_NO, "true", "false: move instead of copying"},
    {"processing.layout", "layout", ROW_TEXT, "guide", "a preset or a template"},
    {"processing.keep_names", "keep-names", ROW_YES, "false", "add the original name"},
    {"processing.albums", "albums", ROW_YES, "false", "the album of an export is the project"},
    {"processing.undated", "undated", ROW_TEXT, "undated", "keep, mtime or a folder"},
    {"processing.duplicates", "duplicates", ROW_TEXT, "keep", "of a move: keep or remove"},
    {"processing.prune_empty", "prune-empty", ROW_YES, "false",
     "after a move, remove the inbox's empty folders"},
    {"processing.settle", "settle", ROW_UINT, "2", "seconds a file has to be left alone"},
    {"processing.exclude", "exclude", ROW_LIST, "[\"*.tmp.mp4\"]", "what is left"},
    {"processing.no_project", "no-project", ROW_LIST, "[\"Scans\"]",
     "folders that name no project"},
    {"processing.date_patterns", "date-pattern", ROW_LIST, "[\"Scan_%d.%m.%Y_*\"]",
     "forms of names that say a date"},
    {"performance.flush_files", "flush-files", ROW_UINT, "1000",
     "files made durable at a time"},
    {"performance.flush_seconds", "flush-seconds", ROW_UINT, "1", "or what came in so long"},
    {"performance.profile", "profile", ROW_TEXT, "default",
     "default, fast, memory_constrained or large_collection"},
};

const cli_row *settings_row(size_t index)
{
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

/* ---- one setting ---- */

typedef struct reading {
    cli_settings_file *f;
    char *why;
    size_t size;
} reading;

static int wrong(const reading *r, size_t line, const char *format, ...) ALICE_PRINTF(3, 4);
static int wrong(const reading *r, size_t line, const char *format, ...)
{
    va_list args;
    int n = snprintf(r->why, r->size, "%s:%zu: ", r->f->path, line);
    va_start(args, format);
    if (n > 0 && (size_t)n < r->size)
        vsnprintf(r->why + n, r->size - (size_t)n, format, args);
    va_end(args);
    return CLI_USAGE;
}

/* A copy of a text; NULL: there is no room, as the file's bytes are more than the texts'. */
static const char *keep(cli_settings_file *f, const char *text)
{
    size_t n = strlen(text) + 1;
    if (n > sizeof f->pool - f->used)
        return NULL;
    char *to = f->pool + f->used;
    memcpy(to, text, n);
    f->used += n;
    return to;
}

/* Each key in turn: the rows, then the fields. */
static const char *key_at(size_t i, const cli_row **row)
{
    *row = settings_row(i);
    if (*row)
        return (*row)->key;
    const alice_config_field_info *field = alice_config_field(i - sizeof rows / sizeof *rows);
    return field ? field->key : NULL;
}

static int unknown(const reading *r, size_t line, const char *key)
{
    const char *nearest = NULL, *name = strrchr(key, '.');
    unsigned least = 8;
    const cli_row *row;
    for (size_t i = 0; key_at(i, &row); i++) {
        const char *is = key_at(i, &row), *leaf = strrchr(is, '.');
        unsigned d = alice_edit_distance(key, is);
        if (name && strcmp(name, leaf) == 0) /* in another section */
            d = 1;
        if (d < least) {
            least = d;
            nearest = is;
        }
    }
    if (nearest)
        return wrong(r, line, "there is no setting %s; did you mean %s?", key, nearest);
    return wrong(r, line, "there is no setting %s; `alice config init` writes them all", key);
}

static bool is_true(const char *value, bool *yes)
{
    static const char *const words[] = {"false", "no", "off", "0", "true", "yes", "on", "1"};
    for (size_t i = 0; i < 8; i++)
        if (strcmp(value, words[i]) == 0) {
            *yes = i >= 4;
            return true;
        }
    return false;
}

static int check_value(const reading *r, size_t line, const char *key, const cli_row *row,
                       const char *value)
{
    alice_config unused = {0};
    alice_error error;
    bool yes;
    if (!row)
        return alice_config_set(&unused, key, value, &error) == ALICE_OK
                   ? CLI_DONE
                   : wrong(r, line, "%s", error.text);
    switch (row->kind) {
    case ROW_YES:
    case ROW_NO:
        if (!is_true(value, &yes))
            return wrong(r, line, "%s is true or false, not '%s'", key, value);
        break;
    case ROW_UINT:
        if (!*value || strspn(value, "0123456789") != strlen(value))
            return wrong(r, line, "%s is a whole number, not '%s'", key, value);
        break;
    case ROW_PATH:
        if (value[0] != '/' && (value[0] != '~' || (value[1] && value[1] != '/')))
            return wrong(r, line, "%s is a path that begins with / or ~, not '%s'", key, value);
        break;
    default:
        if (!*value)
            return wrong(r, line, "%s has no value", key);
        if (strcmp(row->option, "layout") == 0 && alice_layout_check(value, &error) != ALICE_OK)
            return wrong(r, line, "%s: %s", key, error.text);
        if (strcmp(row->option, "date-pattern") == 0 &&
            alice_date_pattern_check(value, &error) != ALICE_OK)
            return wrong(r, line, "%s: %s", key, error.text);
    }
    return CLI_DONE;
}

/* "~/x" with the home folder. */
static const char *whole_path(cli_settings_file *f, const char *value)
{
    char path[4096];
    const char *home = getenv("HOME");
    if (value[0] != '~' || !home)
        return keep(f, value);
    int n = snprintf(path, sizeof path, "%s%s", home, value + 1);
    return n > 0 && (size_t)n < sizeof path ? keep(f, path) : NULL;
}

static int add(const reading *r, size_t line, const char *key, const char *value, bool in_list)
{
    cli_settings_file *f = r->f;
    const cli_row *row = NULL;
    const char *known = NULL;
    for (size_t i = 0; !known && key_at(i, &row); i++)
        if (strcmp(key_at(i, &row), key) == 0)
            known = key_at(i, &row);
    if (!known)
        return unknown(r, line, key);
    bool list = row && row->kind == ROW_LIST;
    if (in_list && !list)
        return wrong(r, line, "%s has one value, not a list", key);
    for (size_t i = 0; i < f->count && !in_list; i++)
        if (f->all[i].key == known)
            return wrong(r, line, "%s is set twice, first in line %u", key, f->all[i].line);
    int bad = check_value(r, line, known, row, value);
    if (bad)
        return bad;
    const char *kept = row && row->kind == ROW_PATH ? whole_path(f, value) : keep(f, value);
    if (!kept || f->count == SETTINGS_MOST)
        return wrong(r, line, "there is more in this file than settings can be");
    f->all[f->count++] =
        (cli_setting){.key = known, .row = row, .value = kept, .line = (unsigned)line};
    return CLI_DONE;
}

/* ---- YAML ---- */

#ifdef ALICE_YAML
static struct {
    int (*initialize)(yaml_parser_t *parser);
    void (*set_input)(yaml_parser_t *parser, const unsigned char *text, size_t n);
    int (*parse)(yaml_parser_t *parser, yaml_event_t *event);
    void (*event_delete)(yaml_event_t *event);
    void (*parser_delete)(yaml_parser_t *parser);
    const char *(*version)(void);
} yaml;

static bool load_yaml(void)
{
    /* It stays: a run reads one file. A function's address does not convert from an object's
     * in C, hence the copying. */
    void *library = yaml.parse ? NULL : dlopen("libyaml-0.so.2", RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *to;
    } calls[] = {{"yaml_parser_initialize", &yaml.initialize},
                 {"yaml_parser_set_input_string", &yaml.set_input},
                 {"yaml_event_delete", &yaml.event_delete},
                 {"yaml_parser_delete", &yaml.parser_delete},
                 {"yaml_get_version_string", &yaml.version},
                 {"yaml_parser_parse", &yaml.parse}};
    for (size_t i = 0; library && i < sizeof calls / sizeof *calls; i++) {
        void *call = dlsym(library, calls[i].name);
        if (!call)
            return false;
        memcpy(calls[i].to, &call, sizeof call);
    }
    return yaml.parse != NULL;
}

const char *settings_file_yaml(void)
{
    return load_yaml() ? yaml.version() : NULL;
}

/* Where the events are: what may come next. */
typedef struct place {
    enum { OUTSIDE, SECTIONS, SECTION_VALUE, KEYS, VALUE, LIST } at;
    unsigned documents;
    char section[64], key[160];
} place;

static int take_scalar(const reading *r, place *p, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t line = e->start_mark.line + 1;
    if (strlen(text) != e->data.scalar.length)
        return wrong(r, line, "a value with a NUL in it");
    switch (p->at) {
    case SECTIONS:
        if (strlen(text) >= sizeof p->section)
            return wrong(r, line, "there is no section of so long a name");
        snprintf(p->section, sizeof p->section, "%s", text);
        p->at = SECTION_VALUE;
        return CLI_DONE;
    case SECTION_VALUE:
        if (!*text) { /* an empty section */
            p->at = SECTIONS;
            return CLI_DONE;
        }
        return wrong(r, line, "%s is a section with settings in it, not a value", p->section);
    case KEYS:
        if (strlen(text) >= 64)
            return wrong(r, line, "there is no setting of so long a name");
        snprintf(p->key, sizeof p->key, "%s.%s", p->section, text);
        p->at = VALUE;
        return CLI_DONE;
    case VALUE:
        p->at = KEYS;
        return add(r, line, p->key, text, false);
    case LIST:
        return add(r, line, p->key, text, true);
    default:
        return *text ? wrong(r, line,
                             "here sections are wanted: paths, processing, memory, "
                             "performance")
                     : CLI_DONE;
    }
}

static int take_event(const reading *r, place *p, const yaml_event_t *e)
{
    size_t line = e->start_mark.line + 1;
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++p->documents > 1 ? wrong(r, line, "a second document in one file") : CLI_DONE;
    case YAML_SCALAR_EVENT:
        return take_scalar(r, p, e);
    case YAML_ALIAS_EVENT:
        return wrong(r, line, "aliases are not used here");
    case YAML_MAPPING_START_EVENT:
        if (p->at != OUTSIDE && p->at != SECTION_VALUE)
            return wrong(r, line, "here a name or a value is wanted, not a section");
        p->at = p->at == OUTSIDE ? SECTIONS : KEYS;
        return CLI_DONE;
    case YAML_MAPPING_END_EVENT:
        p->at = p->at == KEYS ? SECTIONS : OUTSIDE;
        return CLI_DONE;
    case YAML_SEQUENCE_START_EVENT:
        if (p->at != VALUE)
            return wrong(r, line, "here is no list wanted");
        p->at = LIST;
        return CLI_DONE;
    case YAML_SEQUENCE_END_EVENT:
        p->at = KEYS;
        return CLI_DONE;
    default:
        return CLI_DONE;
    }
}

/* From 0 on. Bytes that are no text have an offset, the rest a line. */
static size_t problem_line(const yaml_parser_t *parser, const char *text, size_t n)
{
    size_t line = 0;
    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark.line ? parser->problem_mark.line
                                         : parser->context_mark.line;
    for (size_t i = 0; i < n && i < parser->problem_offset; i++)
        line += text[i] == '\n';
    return line;
}

int settings_file_parse(cli_settings_file *f, const char *text, size_t n, char *why,
                        size_t size)
{
    reading r = {.f = f, .why = why, .size = size};
    place p = {.at = OUTSIDE};
    yaml_parser_t parser;
    bool end = false;
    int bad = CLI_DONE;
    f->count = f->used = 0;
    if (!load_yaml() || !yaml.initialize(&parser)) {
        snprintf(why, size, "%s: it cannot be read without libyaml (libyaml-0.so.2)", f->path);
        return CLI_STOPPED;
    }
    yaml.set_input(&parser, (const unsigned char *)text, n);
    while (!end && !bad) {
        yaml_event_t e;
        if (!yaml.parse(&parser, &e)) {
            size_t line = problem_line(&parser, text, n);
            bad = wrong(&r, line + 1, "%s", parser.problem ? parser.problem : "it is no YAML");
            break;
        }
        end = e.type == YAML_STREAM_END_EVENT;
        bad = take_event(&r, &p, &e);
        yaml.event_delete(&e);
    }
    yaml.parser_delete(&parser);
    return bad;
}
#else
const char *settings_file_yaml(void)
{
    return NULL;
}

int settings_file_parse(cli_settings_file *f, const char *text, size_t n, char *why,
                        size_t size)
{
    (void)text;
    (void)n;
    f->count = 0;
    snprintf(why, size, "%s: this alice was built without libyaml and reads no settings file",
             f->path);
    return CLI_STOPPED;
}
#endif

/* ---- the file ---- */

/* Where it stands: false: there is no home folder. */
static bool find_path(const cli_args *args, char path[4096])
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = 0;
    if (args->given[OPT_CONFIG])
        n = snprintf(path, 4096, "%s", args->value[OPT_CONFIG]);
    else if (base && *base == '/')
        n = snprintf(path, 4096, "%s/alice/settings.yaml", base);
    else if (home && *home == '/')
        n = snprintf(path, 4096, "%s/.config/alice/settings.yaml", home);
    return n > 0 && n < 4096;
}

static int read_text(cli_settings_file *f, const cli_args *args, char *text, size_t *n,
                     bool *none)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = 0;
    *n = 0;
    struct stat st;
    int error = errno;
    /* In a home that is another user's nothing is to be found. */
    *none =
        fd < 0 && !args->given[OPT_CONFIG] &&
        (error == ENOENT || error == ENOTDIR || (error == EACCES && stat(f->path, &st) != 0));
    if (*none)
        return CLI_DONE;
    while (fd >= 0 && *n <= SETTINGS_FILE_BYTES &&
           (got = read(fd, text + *n, SETTINGS_FILE_BYTES + 1 - *n)) > 0)
        *n += (size_t)got;
    if (fd >= 0) {
        error = errno;
        close(fd);
    }
    if (fd < 0 || got < 0) {
        cli_error("the settings file %s: %s", f->path, strerror(error));
        return CLI_USAGE;
    }
    if (*n > SETTINGS_FILE_BYTES)
        return cli_usage_error("the settings file %s is larger than %d KB", f->path,
                               SETTINGS_FILE_BYTES / 1024);
    return CLI_DONE;
}

int settings_file(const cli_args *args, const cli_settings_file **out)
{
    static cli_settings_file file;
    static char text[SETTINGS_FILE_BYTES + 1];
    static bool read, none;
    char why[4096 + 256];
    size_t n = 0;
    *out = NULL;
    if (!read) {
        if (!find_path(args, file.path))
            none = true;
        int bad = none ? CLI_DONE : read_text(&file, args, text, &n, &none);
        if (!bad && !none) {
            bad = settings_file_parse(&file, text, n, why, sizeof why);
            if (bad)
                cli_error("%s", why);
        }
        if (bad)
            return bad;
        read = true;
    }
    *out = none ? NULL : &file;
    return CLI_DONE;
}

static bool takes(const cli_command *c, const char *name, cli_opt *which)
{
    for (const cli_opt *o = c->options; *o != OPT_END; o++)
        if (strcmp(cli_option_of(c, *o)->name, name) == 0) {
            *which = *o;
            return true;
        }
    return false;
}

int settings_file_apply(cli_args *args, const cli_command *command)
{
    const cli_settings_file *f = NULL;
    cli_opt which = OPT_END, copy = OPT_END;
    int bad = settings_file(args, &f);
    bool folders = takes(command, "inbox", &which); /* its words are the inbox, organized */
    /* The catalog is that of the file's folder. */
    bool elsewhere = (args->given[OPT_ORGANIZED] && !args->from_file[OPT_ORGANIZED]) ||
                     (folders && args->word_count > 1);
    bool copies = takes(command, "copy", &copy) && args->given[copy];
    for (size_t i = 0; f && !bad && i < f->count; i++) {
        const cli_setting *s = &f->all[i];
        bool yes = true;
        if (!s->row || !takes(command, s->row->option, &which) ||
            (args->given[which] && !args->from_file[which]))
            continue;
        if ((which == OPT_INBOX && args->word_count > 0) ||
            (which == OPT_ORGANIZED && folders && args->word_count > 1) ||
            (which == OPT_CATALOG && elsewhere))
            continue;
        if (s->row->kind == ROW_YES || s->row->kind == ROW_NO)
            is_true(s->value, &yes); /* it was checked */
        if (yes == (s->row->kind == ROW_NO) || (s->row->kind == ROW_NO && copies))
            continue;
        args->from_file[which] = true;
        bad = cli_take_option(args, which, s->value);
    }
    return bad;
}

/* ---- alice config init ---- */

static int make_folders(const char *path)
{
    char part[4096];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

static void write_section(FILE *to, const char *section)
{
    size_t n = strlen(section);
    const cli_row *row;
    fprintf(to, "\n%s:\n", section);
    for (size_t i = 0; key_at(i, &row); i++) {
        const char *key = key_at(i, &row);
        char line[256], usual[32];
        if (strncmp(key, section, n) != 0 || key[n] != '.')
            continue;
        const alice_config_field_info *field =
            row ? NULL : alice_config_field(i - sizeof rows / sizeof *rows);
        if (!row && field->type == ALICE_CONFIG_BOOL)
            snprintf(usual, sizeof usual, "%s", field->def != 0 ? "true" : "false");
        else if (!row)
            snprintf(usual, sizeof usual, "%g", field->def);
        snprintf(line, sizeof line, "  # %s: %s", key + n + 1, row ? row->usual : usual);
        fprintf(to, "%-44s # %s%s%s\n", line, row ? row->text : field->text,
                !row && *field->unit ? ", " : "", row ? "" : field->unit);
    }
}

int settings_file_init(const cli_args *args)
{
    char path[4096];
    if (!find_path(args, path))
        return cli_usage_error(
            "there is no home folder for a settings file; --config names it");
    int fd = make_folders(path) == 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                                     : -1;
    FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!to) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        cli_error("the settings file %s: %s", path,
                  error == EEXIST ? "it stands there already, and is left as it is"
                                  : strerror(error));
        return CLI_STOPPED;
    }
    fputs("# Settings of alice. What an option or ALICE_PERFORMANCE says goes before them;\n"
          "# `alice config` shows each with where it came from. What stands behind a # is\n"
          "# not set: these are the usual values.\n",
          to);
    static const char *const sections[] = {"paths", "processing", "memory", "performance"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        write_section(to, sections[i]);
    bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        cli_error("the settings file %s: %s", path, strerror(errno));
        return CLI_STOPPED;
    }
    printf("%s\n", path);
    return CLI_DONE;
}
