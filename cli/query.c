/* SPDX-License-Identifier: MIT */
#include "query.h"

#include "choice.h"

int query_read(const cli_args *args, alice_search_query *q)
{
    cli_choice days;
    int bad = choice_read(&days, args, args->value[OPT_SINCE], args->value[OPT_UNTIL], NULL);
    if (bad)
        return bad;
    *q = (alice_search_query){.size = sizeof *q,
                              .words = (const char *const *)args->words,
                              .word_count = (size_t)args->word_count,
                              .camera = args->value[OPT_CAMERA],
                              .generator = args->value[OPT_GENERATOR],
                              .model = args->value[OPT_MODEL],
                              .seed = args->value[OPT_SEED],
                              .project = args->value[OPT_PROJECT],
                              .type = args->value[OPT_TYPE],
                              .album = args->value[OPT_ALBUM],
                              .since = days.since,
                              .until = days.until};
    return CLI_DONE;
}
