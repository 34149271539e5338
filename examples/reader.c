/* SPDX-License-Identifier: MIT */
/* A file of any size, line by line and chunk by chunk, through a small buffer. */
#include <inttypes.h>
#include <stdio.h>

#include <alice/reader.h>

static alice_status count(void *ctx, const alice_line *line)
{
    uint64_t *longest = (uint64_t *)ctx;
    if (line->text.n > *longest)
        *longest = line->text.n;
    return ALICE_OK;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/proc/self/maps";
    alice_reader_options o = {.chunk_bytes = 64 * ALICE_KB};
    alice_reader *reader = NULL;
    alice_reader_stats s;
    alice_error error = {.text = ""};
    alice_bytes head;
    uint64_t longest = 0;
    alice_status st = alice_reader_open(&reader, path, &o, &error);
    if (st == ALICE_OK)
        st = alice_reader_peek(reader, 4, &head, &error); /* looked at, not taken */
    if (st == ALICE_OK)
        st = alice_reader_read_lines(reader, count, &longest, &error);
    if (st != ALICE_OK) {
        fprintf(stderr, "%s: %s\n", path, error.text);
        return 1;
    }
    alice_reader_get_stats(reader, &s);
    printf("%" PRIu64 " lines, %" PRIu64 " bytes, the longest has %" PRIu64 "\n", s.lines,
           s.read, longest);
    alice_reader_close(&reader);
    return s.lines > 0 ? 0 : 1;
}
