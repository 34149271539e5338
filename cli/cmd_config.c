/* SPDX-License-Identifier: MIT */
/* alice config: every setting, its value and where it came from. */
#include <stdio.h>

#include "json.h"
#include "settings.h"

int cmd_config(const cli_args *args)
{
    cli_settings s;
    cli_json j = {.to = stdout, .pretty = true};
    int bad = settings_read(&s, args);
    if (bad)
        return bad;
    if (args->given[OPT_JSON])
        json_open(&j, NULL, '{');
    else
        printf("%-32s %-8s %-34s %s\n", "KEY", "VALUE", "FROM", "WHAT IT IS");
    for (size_t i = 0; alice_config_field(i) && i < SETTINGS_MAX_FIELDS; i++) {
        const alice_config_field_info *f = alice_config_field(i);
        char value[48], buf[80];
        if (alice_config_get(&s.config, f->name, value, sizeof value) != ALICE_OK)
            continue;
        const char *from = settings_origin(&s, i, buf, sizeof buf);
        if (args->given[OPT_JSON]) {
            json_open(&j, f->key, '{');
            json_text(&j, "value", value);
            json_text(&j, "origin", from);
            json_text(&j, "unit", f->unit);
            json_close(&j, '}');
        } else {
            printf("%-32s %-8s %-34s %s%s%s%s\n", f->key, value, from, f->text,
                   *f->unit ? " (" : "", f->unit, *f->unit ? ")" : "");
        }
    }
    if (args->given[OPT_JSON]) {
        json_close(&j, '}');
        json_end_line(&j);
    }
    return CLI_DONE;
}
