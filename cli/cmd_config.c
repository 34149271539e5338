/* SPDX-License-Identifier: MIT */
/* alice config: every setting, its value and where it came from. */
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "settings.h"
#include "settings_file.h"
#include "table.h"

/* What the file says of options: where each came from. */
static const cli_setting *option_set(const cli_settings_file *f, size_t i, const char *name,
                                     char origin[80])
{
    if (!f || i >= f->count || !f->all[i].row)
        return NULL;
    snprintf(origin, 80, "%s:%u", name, f->all[i].line);
    return &f->all[i];
}

static void print_json(const cli_settings *s, const cli_settings_file *file)
{
    cli_json j = {.to = stdout, .pretty = true};
    const alice_config_field_info *f;
    char value[48], buf[80];
    json_open(&j, NULL, '{');
    for (size_t i = 0; (f = alice_config_field(i)) != NULL; i++) {
        if (alice_config_get(&s->config, f->name, value, sizeof value) != ALICE_OK)
            continue;
        json_open(&j, f->key, '{');
        json_text(&j, "value", value);
        json_text(&j, "origin", settings_origin(s, i, buf, sizeof buf));
        json_text(&j, "unit", f->unit);
        json_close(&j, '}');
    }
    const char *last = ""; /* of a list: one key, in one object */
    for (size_t i = 0; file && i < file->count; i++) {
        const cli_setting *set = option_set(file, i, s->file, buf);
        if (!set || strcmp(set->key, last) == 0)
            continue;
        last = set->key;
        json_open(&j, set->key, '{');
        if (set->row->kind == ROW_LIST) {
            json_open(&j, "value", '[');
            for (size_t k = i; k < file->count && file->all[k].key == set->key; k++)
                json_text(&j, NULL, file->all[k].value);
            json_close(&j, ']');
        } else {
            json_text(&j, "value", set->value);
        }
        json_text(&j, "origin", buf);
        json_text(&j, "unit", "");
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_table(const cli_settings *s, const cli_settings_file *file)
{
    static const cli_column columns[] = {{.head = "Setting"},
                                         {.head = "Value", .right = true},
                                         {.head = "From", .shrink = SHRINK_END},
                                         {.head = "What it is", .shrink = SHRINK_END}};
    const alice_config_field_info *f;
    cli_table t;
    char value[48], buf[80];
    table_begin(&t, NULL, columns, 4);
    for (size_t i = 0; (f = alice_config_field(i)) != NULL; i++) {
        if (alice_config_get(&s->config, f->name, value, sizeof value) != ALICE_OK)
            continue;
        table_cell(&t, "%s", f->key);
        table_cell(&t, "%s%s%s", value, *f->unit ? " " : "", f->unit);
        table_cell(&t, "%s", settings_origin(s, i, buf, sizeof buf));
        table_cell(&t, "%s", f->text);
    }
    for (size_t i = 0; file && i < file->count; i++) {
        const cli_setting *set = option_set(file, i, s->file, buf);
        if (!set)
            continue;
        table_cell(&t, "%s", set->key);
        table_cell(&t, "%s", set->value);
        table_cell(&t, "%s", buf);
        table_cell(&t, "%s", set->row->text);
    }
    table_end(&t, stdout, table_width(stdout));
}

static int run(const cli_args *args)
{
    cli_settings s;
    const cli_settings_file *file = NULL;
    if (args->word_count > 0)
        return strcmp(args->words[0], "init") == 0
                   ? settings_file_init(args)
                   : cli_usage_error("alice config takes init, or nothing, not '%s'",
                                     args->words[0]);
    int bad = settings_file(args, &file);
    if (bad || (bad = settings_read(&s, args)) != CLI_DONE)
        return bad;
    if (args->given[OPT_JSON])
        print_json(&s, file);
    else
        print_table(&s, file);
    return CLI_DONE;
}

static const cli_opt options[] = {OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE,
                                  OPT_JOBS,       OPT_SET,        OPT_CONFIG,
                                  OPT_JSON,       OPT_HELP,       OPT_END};

static const char text[] =
    "Settings come from the flags, else from the environment (ALICE_PERFORMANCE names a\n"
    "profile), else from the settings file, else from the profile, else from the machine's\n"
    "memory and the defaults. The file is $XDG_CONFIG_HOME/alice/settings.yaml (usually\n"
    "~/.config/alice/settings.yaml), or what --config names; `alice config init` writes one\n"
    "with every setting in a comment. With paths in it `alice organize` alone works.\n"
    "\n"
    "Examples:\n"
    "  alice config init\n"
    "  alice config --max-memory 64\n"
    "  ALICE_PERFORMANCE=memory_constrained alice config\n";

const cli_command cmd_config = {
    .name = "config",
    .words = "[init]",
    .summary = "show every setting and where it came from",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
