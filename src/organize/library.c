/* SPDX-License-Identifier: MIT */
/* The organized files, as the catalog knows them: read, nothing is changed. */
#include <alice/library.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/organizer.h"

alice_status alice_library(const alice_organizer_options *options, bool by_date,
                           bool (*each)(void *ctx, const alice_library_file *file), void *ctx,
                           alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !each)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    own.dry_run = true;
    st = alice__organizer_open_on(&o, &own, NULL, error);
    if (st == ALICE_OK)
        st = alice__catalog_library(o->catalog, by_date, each, ctx);
    if (st == ALICE_E_NOENT)
        alice__fail(error, st, 0, "nothing is known of %s: it has no catalog",
                    options->organized);
    else if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice__catalog_why(o->catalog));
    alice_organizer_close(&o);
    return st;
}
