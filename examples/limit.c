/* SPDX-License-Identifier: MIT */
/* For the time of a scope, an allocation beyond the limit fails instead of growing the process.
 */
#include <stdio.h>
#include <stdlib.h>

#include <alice/limit.h>

int main(void)
{
    alice_limit *limit;
    alice_limit_options options = {.limit_bytes = alice_limit_resident() + 16 * ALICE_MB};
    if (alice_limit_begin(&limit, &options))
        return 1;
    if (!alice_limit_active(limit))
        printf("built with a sanitizer: no limit is set\n");

    void *volatile much = malloc(64 * ALICE_MB);
    printf("64 MB within a limit of 16: %s\n", much ? "granted" : "refused");
    int as_expected = (much == NULL) == alice_limit_active(limit);
    free(much);
    alice_limit_end(&limit);

    much = malloc(64 * ALICE_MB);
    printf("64 MB after its end: %s\n", much ? "granted" : "refused");
    as_expected = as_expected && much != NULL;
    free(much);
    return as_expected ? 0 : 1;
}
