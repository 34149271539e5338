/* SPDX-License-Identifier: MIT */
/* Runs and their files, as the catalog keeps them: read back, nothing is changed. */
#include "organize/organizer.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"

static alice_status report_files(alice_organizer *o, const alice__run_row *run,
                                 void (*on_file)(void *ctx, const alice_history_file *file),
                                 void *ctx)
{
    char source[ALICE__PATH_MAX], dest[ALICE__PATH_MAX];
    alice__run_file f;
    int64_t after = 0;
    alice_status st;
    while ((st = alice__catalog_run_file(o->catalog, run, &after, &f)) == ALICE_OK) {
        static const char *const states[] = {"", "organized", "duplicate", "skipped", "undone"};
        const char *below = *f.dest ? f.dest : f.other;
        snprintf(source, sizeof source, "%s/%s", f.folder, f.file.name);
        snprintf(dest, sizeof dest, "%s/%s", o->organized, below);
        const alice_history_file told = {
            .source_path = source,
            .destination = *below ? dest : NULL,
            .status =
                run->undoes && f.undo != ALICE__UNDO_DONE  ? "left"
                : f.removed && f.state == ALICE__DUPLICATE ? "removed"
                : f.state == ALICE__DUPLICATE && f.of && strncmp(f.dest, ".alice/", 7) != 0
                    ? "redated"
                : f.state >= 1 && f.state <= 4 ? states[f.state]
                                               : "",
            .why = f.state == ALICE__NOT_MEDIA ? "not a media file" : f.why,
            .bytes = f.file.stamp.size};
        on_file(ctx, &told);
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice_history(const alice_organizer_options *options, int64_t run,
                           void (*on_run)(void *ctx, const alice_run_info *run),
                           void (*on_file)(void *ctx, const alice_history_file *file),
                           void *ctx, alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    alice__run_row r;
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !on_run || run < 0)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    own.dry_run = true;
    st = alice__organizer_open_on(&o, &own, NULL, error);
    for (int64_t before = run && run < INT64_MAX ? run + 1 : run; st == ALICE_OK;
         before = r.id) {
        st = alice__catalog_run_before(o->catalog, before, &r);
        if (st != ALICE_OK || (run && r.id != run))
            break;
        const alice_run_info told = {.run = r.id,
                                     .mode = r.mode,
                                     .inbox = r.inbox,
                                     .organized = r.organized,
                                     .started_s = r.started_s,
                                     .ended_s = r.ended_s,
                                     .finished = r.finished,
                                     .undoes = r.undoes,
                                     .tally = r.tally};
        on_run(ctx, &told);
        if (run) {
            st = on_file ? report_files(o, &r, on_file, ctx) : ALICE_OK;
            goto out;
        }
    }
    if (run && (st == ALICE_OK || st == ALICE_E_END))
        st = alice__fail(error, ALICE_E_NOENT, 0,
                         "there is no run %lld; `alice history` lists them", (long long)run);
    else if (st == ALICE_E_END)
        st = ALICE_OK;
out:
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice_organizer_close(&o);
    return st;
}
