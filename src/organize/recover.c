/* SPDX-License-Identifier: MIT */
/*
 * After a kill. The catalog says which files were under way: exactly the rows of
 * the batch that was open. Each is looked at where it should have gone: what
 * stands there is kept, what does not is forgotten, and its source, which is
 * then still whole in the inbox, is organized again. Temporary names of ours in
 * those folders are removed.
 */
#include "organize/organizer.h"

#include <string.h>

alice_status alice__organizer_recover(alice_organizer *o, alice_error *error)
{
    int64_t after = 0;
    alice__doubt doubt;
    char last_folder[ALICE__PATH_MAX] = "";
    if (o->o.dry_run)
        return ALICE_OK;
    for (;;) {
        alice_status st = alice__catalog_doubt(o->catalog, &after, &doubt);
        if (st != ALICE_OK)
            return st;
        if (doubt.id == 0)
            break;
        bool stands = false;
        st = alice__transfer_recover(o->transfer, doubt.dest, &doubt.stamp, doubt.head, &stands);
        if (st != ALICE_OK)
            return st;
        const char *slash = strrchr(doubt.dest, '/');
        size_t n = slash ? (size_t)(slash - doubt.dest) : 0;
        if (n < sizeof last_folder && (strncmp(last_folder, doubt.dest, n) != 0 || last_folder[n])) {
            alice__transfer_sweep(o->transfer, doubt.dest);
            memcpy(last_folder, doubt.dest, n);
            last_folder[n] = 0;
        }
        if (!stands)
            st = alice__catalog_forget(o->catalog, doubt.id);
        if (st != ALICE_OK)
            return st;
        o->recovered++;
    }
    if (o->recovered) {
        alice_env_log(&o->env, ALICE_LOG_INFO, "a run was killed: %llu files of its last batch were settled",
                      (unsigned long long)o->recovered);
        return alice__catalog_commit(o->catalog, false, error);
    }
    return ALICE_OK;
}
