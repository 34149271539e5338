/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_UNDO_ARCHIVES_H
#define ALICE_ORGANIZE_UNDO_ARCHIVES_H

/*
 * Which files of a run over archives still are in the archives: those may go, when the run is
 * taken back. Each archive is read to its end once, and nothing is unpacked.
 */

#include "organize/organizer.h"

/* A bit for each row of the run. Zeroed: none is. */
typedef struct alice__in_archives {
    uint8_t *bits;
    size_t bytes;
    int64_t first; /* row */
    /* What the archives were when they were read: their number, and a sum over them. */
    uint64_t count, sum;
    char inbox[ALICE__PATH_MAX]; /* the archive, or the pattern of them */
} alice__in_archives;

/* Whether what a run organized is an archive, or several: a pattern of their names. */
bool alice__is_archive_run(const char *inbox);

/*
 * Look for the files of `run` in the archives of `inbox`. What of these cannot be read is
 * logged, and makes no file one that is there. ALICE_E_CANCELLED, ALICE_E_BUDGET,
 * ALICE_E_NOMEM, ALICE_E_UNSUPPORTED, or what the catalog said. alice__in_archives_free() in
 * any case.
 */
alice_status alice__in_archives_read(alice_organizer *o, const char *inbox,
                                     const alice__run_row *run, alice__in_archives *out,
                                     alice_error *error);
/* Whether the archives are still what was read: reading them may have taken hours, and what
 * they have is about to be deleted. */
bool alice__in_archives_still(const alice_organizer *o, const alice__in_archives *a);
void alice__in_archives_free(alice_organizer *o, alice__in_archives *a);

bool alice__in_archives_has(const alice__in_archives *a, int64_t row);

#endif
