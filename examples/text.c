/* SPDX-License-Identifier: MIT */
/* The word that was meant, and text whose bytes may be anything. */
#include <stdio.h>
#include <string.h>

#include <alice/text.h>

int main(void)
{
    static const char *const words[] = {"organize", "info", "undo"};
    const char *given = "organise", *nearest = words[0];
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (alice_edit_distance(given, words[i]) < alice_edit_distance(given, nearest))
            nearest = words[i];
    printf("%s? %s\n", given, nearest);

    const char *name = "Z\xC3\xBCrich \xFF.jpg";
    size_t n = strlen(name), bad = 0;
    for (size_t at = 0, len; at < n; at += len ? len : 1) {
        len = alice_utf8_decode(name + at, n - at, NULL);
        bad += len == 0;
    }
    printf("%zu byte is no UTF-8\n", bad);
    return strcmp(nearest, "organize") == 0 && bad == 1 ? 0 : 1;
}
