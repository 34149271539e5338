/* SPDX-License-Identifier: MIT */
/* Fuzz target: a settings file. What is taken is of the table, or the file is refused in words.
 */
#include "fuzz.h"

#include <string.h>

#include "../cli/settings_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cli_settings_file f = {.path = "settings.yaml"};
    char why[512] = "";
    if (n > 4096)
        return 0;
    int bad = settings_file_parse(&f, (const char *)data, n, why, sizeof why);
    FUZZ_CHECK(bad == CLI_DONE || bad == CLI_USAGE || bad == CLI_STOPPED);
    FUZZ_CHECK(bad == CLI_DONE || strncmp(why, "settings.yaml:", 14) == 0);
    FUZZ_CHECK(f.count <= SETTINGS_MOST && f.used <= sizeof f.pool);
    for (size_t i = 0; i < f.count; i++) {
        FUZZ_CHECK(strchr(f.all[i].key, '.') != NULL && f.all[i].line > 0);
        FUZZ_CHECK(f.all[i].value >= f.pool && f.all[i].value < f.pool + f.used);
    }
    return 0;
}
