/* SPDX-License-Identifier: MIT */
/* Fuzz target: a layout, in the first line, and the facts of a file, each a line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "organize/layout.h"

/* Plain names between single slashes, below where it begins. */
static void check_path(const char *path)
{
    FUZZ_CHECK(*path && *path != '/' && path[strlen(path) - 1] != '/');
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        FUZZ_CHECK(n > 0 && n < 256 && *p != '.');
        p += n + (p[n] == '/');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { LINES = 8 };
    const char *line[LINES];
    static alice__layout layout;
    alice_error error = {.text = ""};
    char out[ALICE__DEST_MAX];
    size_t base = 0;
    if (n > 4096)
        return 0;
    char *text = malloc(n + 1), *p = text;
    FUZZ_CHECK(text != NULL);
    if (n)
        memcpy(text, data, n);
    text[n] = 0;
    for (int i = 0; i < LINES; i++) {
        char *end = p + strcspn(p, "\n");
        line[i] = p;
        p = *end ? end + 1 : end;
        *end = 0;
    }
    alice_status st = alice__layout_parse(&layout, line[0], &error);
    FUZZ_CHECK(st == ALICE_OK || (st == ALICE_E_INVAL && error.text[0]));
    alice__plan plan = {.project = "project",
                        .source = "unknown",
                        .name = *line[1] ? line[1] : "x",
                        .camera = line[2],
                        .model = line[3],
                        .seed = line[4],
                        .album = line[5],
                        .hash = "0123456789abcdef0123456789abcdef",
                        .type = ALICE_MEDIA_JPEG};
    size_t known = strlen(line[6]) % 5;
    if (known > 0)
        plan.date.year = 1985;
    if (known > 1)
        plan.date.month = 2;
    if (known > 2)
        plan.date.day = 29;
    plan.date.has_time = known > 3;
    for (uint64_t again = 1; st == ALICE_OK && again < 3; again++) {
        alice_status made = alice__layout_path(&layout, &plan, again, out, sizeof out, &base);
        FUZZ_CHECK(made == ALICE_OK || made == ALICE_E_TOOBIG);
        FUZZ_CHECK(strlen(out) < sizeof out);
        if (made == ALICE_OK) {
            FUZZ_CHECK(base < strlen(out));
            check_path(out);
        }
    }
    free(text);
    return 0;
}
