/* SPDX-License-Identifier: MIT */
/* What was opened and not closed: by type, by whom, and who pays for it. */
#include <stdio.h>

#include <alice/batch.h>
#include <alice/profile.h>

int main(void)
{
    alice_census *census = NULL;
    alice_census_row rows[10];
    char text[300];
    size_t count = 0;
    if (alice_census_open(&census, NULL) != ALICE_OK)
        return 1;
    alice_batch_options o = {.env = {.census = census}};
    alice_batch *kept = NULL, *forgotten = NULL;
    uint64_t before = alice_census_mark(census);
    alice_batch_open(&kept, &o);
    alice_batch_open(&forgotten, &o);
    alice_batch_close(&kept);

    alice_census_list(census, before, rows, 10, &count);
    printf("%zu of those that were opened here are open:\n", count);
    for (size_t i = 0; i < count && i < 10; i++)
        printf("  %s\n", alice_census_describe(&rows[i], text, sizeof text));
    alice_batch_close(&forgotten);
    return alice_census_close(&census) == ALICE_OK && count == 1 ? 0 : 1;
}
