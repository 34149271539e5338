/* SPDX-License-Identifier: MIT */
/* Fuzz target: file and folder names. The first line is the folders, the second the name. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "media/date.h"
#include "media/names.h"
#include "media/facts.h"

static void one(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)env;
    char source[64];
    alice_date d;
    char *folders = malloc(b.n + 1), *name;
    FUZZ_CHECK(folders != NULL);
    if (b.n)
        memcpy(folders, b.p, b.n);
    folders[b.n] = 0;
    name = strchr(folders, '\n');
    if (name)
        *name++ = 0;
    else
        name = folders;
    size_t at, length;
    if (alice__name_date(name, &d, &at, &length)) {
        FUZZ_CHECK(alice__date_exists(d.year, d.month, d.day));
        FUZZ_CHECK(d.hour <= 23 && d.minute <= 59 && d.second <= 59);
        FUZZ_CHECK(length > 0 && at + length <= strlen(name));
    }
    alice__facts_from_name(f, name);
    alice__facts_from_folders(f, folders);
    /* The same bytes as a camera's name. */
    alice__facts_text(f, ALICE_FACT_MODEL, 1, "name", name, strlen(name));
    for (size_t cap = 1; cap <= sizeof source; cap *= 4) {
        size_t n = alice__source_name(f->info, name, source, cap);
        FUZZ_CHECK(n < cap && source[n] == 0);
        FUZZ_CHECK(cap < sizeof source || n > 0);
        FUZZ_CHECK(strpbrk(source, "/.\\ \n") == NULL);
    }
    (void)alice__is_screenshot(name, f->info);
    free(folders);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n <= 4096)
        fuzz_block(data, n, one);
    return 0;
}
