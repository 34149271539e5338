/* SPDX-License-Identifier: MIT */
/*
 * A file that has no date but its modification time, and that one tells when it was copied or
 * downloaded: many files of its folder have the same second. Nobody took them all in it, so the
 * day would look real and be none.
 *
 * A folder is looked through once, when the first such file of it comes by; of a huge one a
 * part. What is found depends on the folder alone, not on batches or memory.
 */
#include "organize/run.h"

#include <stdio.h>
#include <string.h>

#include "media/types.h"
#include "port/fs.h"

enum { MANY = 10, LISTING_BYTES = 4096 };

/* The seconds of the media files of `folder`. What cannot be read tells nothing. */
static void read_seconds(alice__flow *x, alice__folder *folder)
{
    alice__seconds *s = x->o->seconds;
    char buf[LISTING_BYTES];
    alice__fs_dir d;
    alice__fs_name e = {.name = NULL};
    alice__fs_stat st;
    int fd = -1;
    s->folder = alice__folder_serial(folder);
    s->n = 0;
    if (alice__fs_open_dir(alice__folder_fd(folder), ".", &fd) != 0)
        return;
    alice__fs_dir_start(&d, fd, buf, sizeof buf);
    while (s->n < ALICE__SECONDS_MAX && alice__fs_dir_next(&d, &e) == 0 && e.name)
        if (alice__name_class(e.name) != ALICE_CLASS_NONE &&
            alice__fs_stat_at(fd, e.name, &st) == 0 && st.kind == ALICE__FS_FILE)
            s->at[s->n++] = st.mtime_ns / 1000000000;
    alice__fs_close(fd);
}

/* How many of the folder share the second, itself included. */
static size_t sharing(const alice__seconds *s, int64_t second)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->at[i] == second;
    return n;
}

bool alice__undated_looks(const alice__flow *x, const alice__probe *p)
{
    return p->info.date_source == ALICE_DATE_MTIME &&
           x->o->options.undated != ALICE_UNDATED_MTIME &&
           x->o->seconds->folder != alice__folder_serial(p->folder);
}

const char *alice__undated(alice__flow *x, alice__probe *p)
{
    alice_organizer *o = x->o;
    char text[160];
    if (p->info.date_source == ALICE_DATE_NOWHERE)
        return "no date";
    if (p->info.date_source != ALICE_DATE_MTIME || o->options.undated == ALICE_UNDATED_MTIME)
        return NULL;
    if (alice__undated_looks(x, p))
        read_seconds(x, p->folder);
    size_t n = sharing(o->seconds, p->file.stamp.mtime_ns / 1000000000);
    if (n < MANY)
        return NULL;
    p->info.date = (alice_date){.year = 0};
    p->info.date_source = ALICE_DATE_NOWHERE;
    snprintf(text, sizeof text,
             "no date: its modification time is that of a copy or download, %zu files have it",
             n);
    return alice__items_text(&o->items, text, strlen(text));
}
