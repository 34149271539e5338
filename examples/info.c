/* SPDX-License-Identifier: MIT */
/* What a picture says of itself: its type, size, date and camera, or the program that made it.
 */
#include <stdio.h>

#include <alice/organize.h>

int main(int argc, char **argv)
{
    alice_info_reader *reader = NULL;
    int bad = 0;
    if (alice_info_open(&reader, NULL) != ALICE_OK)
        return 1;
    for (int i = 1; i < argc; i++) {
        alice_media_info info;
        alice_error error = {.text = ""};
        char source[64];
        if (alice_info_read(reader, argv[i], &info, source, sizeof source, &error) !=
            ALICE_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], error.text);
            bad = 1;
            continue;
        }
        printf("%s: %s, %u x %u, %04d-%02d-%02d (%s), %s\n", argv[i],
               alice_media_name(info.type), (unsigned)info.width, (unsigned)info.height,
               info.date.year, info.date.month, info.date.day,
               alice_date_source_name(info.date_source), source);
    }
    alice_info_close(&reader);
    return bad;
}
