/* SPDX-License-Identifier: MIT */
/* alice config: every setting, its value and where it came from. */
#include <stdio.h>

#include "json.h"
#include "settings.h"
#include "table.h"

static void print_json(const cli_settings *s)
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
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_table(const cli_settings *s)
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
    table_end(&t, stdout, table_width(stdout));
}

static int run(const cli_args *args)
{
    cli_settings s;
    int bad = settings_read(&s, args);
    if (bad)
        return bad;
    if (args->given[OPT_JSON])
        print_json(&s);
    else
        print_table(&s);
    return CLI_DONE;
}

static const cli_opt options[] = {OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE, OPT_JOBS,
                                  OPT_SET,        OPT_JSON,       OPT_HELP,    OPT_END};

static const char text[] =
    "Settings come from the flags, else from the environment (ALICE_PERFORMANCE names a\n"
    "profile), else from the profile, else from the machine's memory and the defaults.\n"
    "\n"
    "Examples:\n"
    "  alice config --max-memory 64\n"
    "  ALICE_PERFORMANCE=memory_constrained alice config\n";

const cli_command cmd_config = {
    .name = "config",
    .words = "",
    .summary = "show every setting and where it came from",
    .options = options,
    .least = 0,
    .most = 0,
    .text = text,
    .run = run,
};
