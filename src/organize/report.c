/* SPDX-License-Identifier: MIT */
/* The outcome of each file: counted, and reported to the caller. */
#include "organize/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "organize/plan.h"
#include "port/fs.h"

static void count_source(alice_organizer *o, const char *name)
{
    /* Files of one shoot follow each other: try the latest entry first. */
    size_t i = o->source_last;
    if (i >= o->source_count || strcmp(o->sources[i].name, name) != 0)
        i = 0;
    while (i < o->source_count && strcmp(o->sources[i].name, name) != 0)
        i++;
    if (i == o->source_count) {
        if (i == ALICE__SOURCES_MAX)
            i--; /* the last place gathers the rest */
        else
            o->source_count++;
        o->sources[i].count = i + 1 == ALICE__SOURCES_MAX ? o->sources[i].count : 0;
        snprintf(o->sources[i].name, sizeof o->sources[i].name, "%s",
                 i + 1 == ALICE__SOURCES_MAX ? "(others)" : name);
    }
    o->sources[i].count++;
    o->source_last = i;
}

/* The hash of its bytes: of its copy, which is what stands after a move, else of itself. */
static bool content_of(const alice_organizer *o, const alice__item *item, const char *below,
                       char text[33])
{
    const alice__reading_whole how = alice__organizer_reading(o);
    bool placed = item->report.outcome == ALICE_ORGANIZED && !o->options.dry_run;
    alice__hash content;
    int fd = -1;
    if (item->report.outcome == ALICE_FAILED)
        return false;
    int bad = placed || item->removed || item->packed
                  ? (below ? alice__fs_open_read(o->organized_fd, below, &fd) : -ENOENT)
                  : alice__fs_open_read(alice__folder_fd(item->folder), item->file.name, &fd);
    bool known =
        !bad && alice__content_hash(&how, fd, item->file.stamp.size, &content) == ALICE_OK;
    alice__fs_close(fd);
    if (known)
        snprintf(text, 33, "%016llx%016llx", (unsigned long long)content.high,
                 (unsigned long long)content.low);
    return known;
}

/* Told to who asked for each file. */
static void report_item(alice_organizer *o, const alice__item *item)
{
    /* A path that is too long to open can still be reported whole. */
    char source_path[2 * ALICE__PATH_MAX], dest[ALICE__PATH_MAX], other[ALICE__DEST_MAX] = "";
    char content[33];
    alice_file_report report = item->report;
    report.source_path = source_path;
    report.medium = item->read ? &item->medium : NULL;
    report.again = item->copy != ALICE__COPY_STANDS;
    report.bytes = item->file.stamp.size;
    alice__join(source_path, sizeof source_path, o->inbox, alice__folder_path(item->folder),
                item->file.name);
    const char *below = item->dest;
    if (!below && item->other &&
        alice__catalog_dest(o->catalog, item->other, other, sizeof other) == ALICE_OK && *other)
        below = other;
    if (below) {
        alice__join(dest, sizeof dest, o->organized, "", below);
        report.destination = dest;
    }
    if (o->options.hash_contents && content_of(o, item, below, content))
        report.content = content;
    o->options.on_file(o->options.ctx, &report);
}

void alice__report_item(alice__flow *x, const alice__item *item)
{
    alice_organizer *o = x->o;
    alice_organize_result *r = x->r;
    if (item->left)
        return;
    r->tally.files++;
    r->duplicates_removed += item->removed;
    switch (item->report.outcome) {
    case ALICE_ORGANIZED:
        r->tally.organized++;
        r->followers += item->leader != 0;
        r->damaged += item->damaged;
        r->zone_assumed += item->medium.date.zone_assumed;
        r->copies_gone += item->copy == ALICE__COPY_GONE;
        r->copies_changed += item->copy == ALICE__COPY_CHANGED;
        r->tally.bytes += item->file.stamp.size;
        r->by_type[item->medium.type]++;
        if (item->medium.type ==
            ALICE_MEDIA_NONE) /* a sidecar: no picture of any source or date */
            break;
        r->date_sources[item->medium.date_source <= ALICE_DATE_NOWHERE
                            ? item->medium.date_source
                            : ALICE_DATE_NOWHERE]++;
        count_source(o, item->report.source);
        break;
    case ALICE_SKIPPED:
        r->tally.skipped++;
        r->not_media += item->report.not_media && !item->report.known;
        r->already_known += item->report.known;
        r->busy += item->busy;
        break;
    case ALICE_DUPLICATE:
        r->tally.duplicates++;
        break;
    case ALICE_FAILED:
        r->tally.errors++;
        r->paths_too_long += !alice__flow_path_fits(o, item->folder, item->file.name);
        break;
    }
    if (o->options.on_file)
        report_item(o, item);
}

alice_status alice_organizer_by_source(const alice_organizer *o, size_t index,
                                       const char **name, uint64_t *count)
{
    if (!o || !name || !count)
        return ALICE_E_INVAL;
    /* The index-th by count: tables are short, and this is asked once a run. */
    size_t n = o->source_count;
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;
        for (size_t k = 0; k < n; k++)
            before += o->sources[k].count > o->sources[i].count ||
                      (o->sources[k].count == o->sources[i].count &&
                       strcmp(o->sources[k].name, o->sources[i].name) < 0);
        if (before == index) {
            *name = o->sources[i].name;
            *count = o->sources[i].count;
            return ALICE_OK;
        }
    }
    return ALICE_E_END;
}
