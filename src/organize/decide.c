/* SPDX-License-Identifier: MIT */
/* Decide: one file after the other, in the order of the walk: identify, plan, row. */
#include "organize/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "media/facts.h"
#include "media/types.h"
#include "organize/forget.h"
#include "organize/group_names.h"
#include "organize/plan.h"
#include "port/fs.h"

static alice__item *new_item(alice__flow *x, const alice__probe *p)
{
    return alice__items_add(&x->o->items, p->folder, &p->file);
}

static const char *keep_fact(alice__flow *x, const alice_media_info *info, alice_fact which)
{
    const alice_text *t = &info->fact[which];
    return t->n ? alice__items_text(&x->o->items, t->p, t->n < 200 ? t->n : 200) : NULL;
}

/* Why a file could not be read, in words that help. */
static const char *why_unread(alice__flow *x, const alice__probe *p)
{
    char text[160];
    if (p->os_error == ELOOP)
        return "it was a file when the run began, and is a symbolic link now: not followed";
    switch (p->status) {
    case ALICE_E_ACCESS:
        return "no permission to read it";
    case ALICE_E_NOENT:
        return "it vanished while the run was under way";
    case ALICE_E_CHANGED:
        return "it changed while it was read; run again when it is complete";
    case ALICE_E_BUDGET:
        return "reading it needs more memory than the limit leaves; raise --max-memory";
    default:
        if (p->os_error)
            snprintf(text, sizeof text, "%s (%s)", alice_status_text(p->status),
                     strerror(p->os_error));
        else
            snprintf(text, sizeof text, "%s", alice_status_text(p->status));
        return alice__items_text(&x->o->items, text, strlen(text));
    }
}

/* The project of a file: its folder's name, and the key of its counter. */
typedef struct project {
    char name[ALICE__PROJECT_MAX];
    char key[ALICE__PROJECT_MAX];
} project;

static void project_of(alice__flow *x, const alice__probe *p, const char *album, project *out)
{
    if (album && x->o->options.albums) {
        alice__safe_component(album, strlen(album), out->name, sizeof out->name);
        alice__fold_case(out->name, out->key, sizeof out->key);
        return;
    }
    const char *folders = alice__folder_path(p->folder);
    alice_bytes key = {(const uint8_t *)folders, strcspn(folders, "/")};
    size_t n = 0;
    if (alice_cache_get_copy(x->o->projects, key, out, sizeof *out, &n) == ALICE_OK &&
        n == sizeof *out)
        return;
    memset(out, 0, sizeof *out);
    alice__plan_project(folders, x->o->options.no_projects, out->name, sizeof out->name);
    alice__fold_case(out->name, out->key, sizeof out->key);
    alice_cache_set(x->o->projects, key, (alice_bytes){(const uint8_t *)out, sizeof *out},
                    ALICE_TTL_NEVER);
}

/* Whether a path below organized is taken. Folders that were not there before this run hold
 * only ours. */
static bool is_taken(alice__flow *x, const char *dest)
{
    alice_organizer *o = x->o;
    const char *slash = strrchr(dest, '/');
    alice_bytes key = {(const uint8_t *)dest, slash ? (size_t)(slash - dest) : 0};
    uint8_t old = 0;
    size_t n = 0;
    alice__fs_stat st;
    if (o->organized_fd < 0)
        return false;
    if (!slash)
        return alice__fs_stat_at(o->organized_fd, dest, &st) == 0;
    if (alice_cache_get_copy(o->folders, key, &old, 1, &n) != ALICE_OK || n != 1) {
        char folder[ALICE__DEST_MAX];
        memcpy(folder, dest, key.n);
        folder[key.n] = 0;
        old = alice__fs_stat_at(o->organized_fd, folder, &st) == 0;
        alice_cache_set(o->folders, key, (alice_bytes){&old, 1}, ALICE_TTL_NEVER);
    }
    return old && alice__fs_stat_at(o->organized_fd, dest, &st) == 0;
}

/* The path that its layout gives it, and nobody else: `again` counts those of one name. */
static alice_status lay_out(alice__flow *x, const alice__plan *plan, char dest[ALICE__DEST_MAX])
{
    alice_organizer *o = x->o;
    const alice__layout *l = &o->layout;
    char key[ALICE__DEST_MAX];
    uint64_t again = 0;
    size_t base = 0;
    alice_status st = alice__layout_path(l, plan, 1, dest, ALICE__DEST_MAX, &base);
    /* A number of its project and origin, and both in the path: there is no other. */
    if (st != ALICE_OK || (l->uses[ALICE__TOKEN_NUMBER] && l->uses[ALICE__TOKEN_PROJECT] &&
                           l->uses[ALICE__TOKEN_ORIGIN]))
        return st;
    dest[base] = 0;
    alice__fold_case(dest, key, sizeof key);
    st = alice__catalog_number(o->catalog, key, ALICE__LAYOUT_COUNTER, &again);
    return st == ALICE_OK ? alice__layout_path(l, plan, again, dest, ALICE__DEST_MAX, &base)
                          : st;
}

/* The hash that a layout wants, of the whole content. */
static alice_status hash_for(alice__flow *x, const alice__probe *p, alice__twin_search *search,
                             char text[33])
{
    *text = 0;
    if (!x->o->own_layout || !x->o->layout.uses[ALICE__TOKEN_HASH])
        return ALICE_OK;
    if (!search->has_content) {
        if (search->fd < 0 &&
            alice__fs_open_read(alice__folder_fd(p->folder), p->file.name, &search->fd) != 0)
            return ALICE_E_CHANGED;
        alice_status st =
            alice__content_hash(&search->how, search->fd, p->file.stamp.size, &search->content);
        if (st != ALICE_OK)
            return st;
        search->has_content = true;
    }
    snprintf(text, 33, "%016llx%016llx", (unsigned long long)search->content.high,
             (unsigned long long)search->content.low);
    return ALICE_OK;
}

/* A fact as text; "": it is absent. */
static const char *fact_text(const alice_media_info *info, alice_fact which, char out[128])
{
    const alice_text *t = &info->fact[which];
    snprintf(out, 128, "%.*s", (int)(t->n < 127 ? t->n : 127), t->n ? t->p : "");
    return out;
}

void alice__plan_facts(alice__plan *plan, alice__plan_texts *t, const alice_media_info *info)
{
    plan->camera = fact_text(info, ALICE_FACT_MODEL, t->camera);
    plan->model = fact_text(info, ALICE_FACT_AI_MODEL, t->model);
    plan->seed = fact_text(info, ALICE_FACT_SEED, t->seed);
    if (!*t->camera)
        fact_text(info, ALICE_FACT_MAKE, t->camera);
}

static alice_status plan_file(alice__flow *x, const alice__probe *p, const char *hash,
                              alice__item *item)
{
    alice_organizer *o = x->o;
    project pr;
    char dest[ALICE__DEST_MAX], source[ALICE__SOURCE_MAX];
    alice__plan_texts texts;
    const char *album = NULL;
    alice_status told =
        alice__album_names_place(o) ? alice__album_of(x, p->folder, &album) : ALICE_OK;
    if (told != ALICE_OK)
        return told;
    project_of(x, p, album, &pr);
    alice__safe_component(p->source, strlen(p->source), source, sizeof source);
    alice__plan plan = {.date = p->info.date,
                        .undated = o->options.undated_folder,
                        .project = pr.name,
                        .source = source,
                        .name = p->file.name,
                        .type = p->info.type,
                        .keep_name = o->options.keep_names,
                        .album = album,
                        .hash = hash};
    alice__plan_facts(&plan, &texts, &p->info);
    bool numbered = !o->own_layout || o->layout.uses[ALICE__TOKEN_NUMBER];
    do {
        alice_status st = numbered
                              ? alice__catalog_number(o->catalog, pr.key, source, &plan.number)
                              : ALICE_OK;
        if (st == ALICE_OK)
            st = o->own_layout ? lay_out(x, &plan, dest)
                               : alice__plan_path(&plan, dest, sizeof dest);
        if (st != ALICE_OK)
            return st;
    } while (is_taken(x, dest));
    item->dest = alice__items_text(&o->items, dest, strlen(dest));
    item->report.source = alice__items_text(&o->items, source, strlen(source));
    item->project = alice__items_text(&o->items, pr.name, strlen(pr.name));
    item->place = true;
    item->report.outcome = ALICE_ORGANIZED;
    return ALICE_OK;
}

/* The row of a file that was decided. */
static alice_status add_row(alice__flow *x, const alice__probe *p, alice__row *row,
                            alice__item *item)
{
    alice_status st = alice__flow_folder_row(x, p->folder, true, &row->dir_id);
    int64_t day = 0;
    /* What a place rests on, if that is the future yet: the file's date, or its leader's. */
    if (st == ALICE_OK && row->state == ALICE__PLACED && item->leader)
        st = alice__catalog_refused_day(x->o->catalog, item->leader, &day);
    else if (row->state == ALICE__PLACED && !x->o->own_layout) /* whose place shows no day */
        day = alice__refused_day(&p->info);
    if (day > 0)
        row->other = -day;
    if (st == ALICE_OK)
        st = alice__catalog_add(x->o->catalog, row, &item->id, x->error);
    if (st == ALICE_OK && (row->info || p->packed))
        st = alice__album_note(x, p->folder,
                               row->state == ALICE__PLACED ? item->id : row->other);
    if (st != ALICE_OK)
        return st;
    if (x->run_first == 0)
        x->run_first = item->id;
    if (item->group == 0)
        item->group = item->id;
    if (x->batch_row == 0)
        x->batch_row = item->id;
    if (x->first_row == 0)
        x->first_row = item->id;
    if (item->leader &&
        x->o->options.dry_run) /* taken, for those that come after: see groups.c */
        alice_cache_set(
            x->o->folders, (alice_bytes){(const uint8_t *)item->dest, strlen(item->dest)},
            (alice_bytes){(const uint8_t *)&item->id, sizeof item->id}, ALICE_TTL_NEVER);
    return ALICE_OK;
}

/* The place of a file that belongs to a placed one. `stands` NULL: it is none of those that are
 * known to stand there; else it may, and item->other is the row of what does. */
static alice_status plan_follower(alice__flow *x, const alice__probe *p, const alice__group *g,
                                  alice__item *item, bool *stands)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    unsigned number = 1;
    bool none = false;
    alice_status st = alice__group_place(x, g, stands ? p : NULL, &number, dest, sizeof dest,
                                         stands ? stands : &none);
    if (st == ALICE_OK && stands && *stands)
        return alice__group_row_at(x, p, dest, &item->other);
    if (st != ALICE_OK)
        return st;
    const char *source = strchr(dest, '/');
    source = source ? strchr(source + 1, '/') : NULL;
    const char *end = source ? strchr(source + 1, '/') : NULL;
    item->dest = alice__items_text(&o->items, dest, strlen(dest));
    item->report.source =
        end ? alice__items_text(&o->items, source + 1, (size_t)(end - source - 1)) : p->source;
    item->leader = item->group = g->placed;
    for (size_t i = o->items.count; i-- > 0;)
        if (o->items.all[i].id == g->placed)
            item->group = o->items.all[i].group;
    item->base = (uint16_t)strlen(g->base);
    item->suffix = (uint16_t)strlen(g->suffix);
    item->place = true;
    item->report.outcome = ALICE_ORGANIZED;
    return ALICE_OK;
}

/* The run has to stop before this one. */
static alice_status stop_before(alice__flow *x, alice__item *item)
{
    x->stop = true;
    alice__item_leave(item);
    return ALICE_OK;
}

/* A sidecar, or another file that is no medium, whose leader is placed. */
static alice_status consume_follower(alice__flow *x, const alice__probe *p,
                                     const alice__group *g, alice__item *item)
{
    /* The same again, beside the same: a second copy of a picture had it too. */
    bool stands = false;
    alice_status st = plan_follower(x, p, g, item, &stands);
    if (st == ALICE_E_CANCELLED)
        return stop_before(x, item);
    if (st == ALICE_E_TOOBIG) {
        alice__item_fail(item, st, "the name beside the file that it belongs to is too long");
        return ALICE_OK;
    }
    if (st != ALICE_OK)
        return st;
    if (stands) {
        item->report.outcome = ALICE_DUPLICATE;
        item->twin = item->other;
        item->report.reason = "the same bytes stand beside the file that it belongs to";
    } else {
        item->medium.date_source = ALICE_DATE_NOWHERE;
    }
    /* What stands there has no row and cannot be looked up later, so the next run looks at this
     * file again. */
    alice__state state = !stands       ? ALICE__PLACED
                         : item->other ? ALICE__DUPLICATE
                                       : ALICE__NOT_MEDIA;
    alice__row row = {.file = p->file,
                      .state = state,
                      .other = state == ALICE__NOT_MEDIA ? ALICE__READER : item->other,
                      .dest = item->dest,
                      .run_id = x->id};
    return add_row(x, p, &row, item);
}

/* What the item tells of the medium that was read. */
static void keep_medium(alice__flow *x, const alice__probe *p, alice__item *item)
{
    alice_organizer *o = x->o;
    item->read = true;
    item->medium = (alice_medium){.type = p->info.type,
                                  .date = p->info.date,
                                  .date_source = p->info.date_source,
                                  .generator = p->info.generator};
    item->damaged = p->info.status != ALICE_OK;
    if (!o->options.on_file)
        return;
    item->medium.make = keep_fact(x, &p->info, ALICE_FACT_MAKE);
    item->medium.model = keep_fact(x, &p->info, ALICE_FACT_MODEL);
    const char *note = p->info.reason[0] ? p->info.reason : p->info.extension_note;
    if (note && !item->report.reason)
        item->report.reason = alice__items_text(&o->items, note, strlen(note));
}

/* Whether a failure of comparing is this file's alone, or the end of the run was asked for:
   then the item says so. */
static bool fails_alone(alice__flow *x, alice__item *item, alice_status st)
{
    if (st == ALICE_E_CANCELLED) {
        (void)stop_before(x, item);
    } else if (st == ALICE_E_CHANGED || st == ALICE_E_IO || st == ALICE_E_NOENT) {
        alice__item_fail(item, st, "it changed or failed while it was compared; run again");
    } else if (st == ALICE_E_BUDGET) {
        alice__item_fail(
            item, st,
            "comparing it needs more memory than the limit leaves; raise --max-memory");
    } else {
        return false;
    }
    return true;
}

static alice_status consume_media(alice__flow *x, const alice__probe *p, const alice__group *g,
                                  alice__item *item)
{
    alice_organizer *o = x->o;
    int64_t twin = 0;
    keep_medium(x, p, item);
    alice__twin_search search = {.x = x, .p = p, .how = alice__organizer_reading(o), .fd = -1};
    char hash[33] = "";
    alice_status st = alice__twin_find(&search, &twin);
    if (st == ALICE_OK && !twin)
        st = hash_for(x, p, &search, hash);
    alice__fs_close(search.fd);
    if (fails_alone(x, item, st))
        return ALICE_OK;
    if (st != ALICE_OK)
        return st;
    if (twin && twin == p->copy_row) {
        /* The time differs but the bytes are the same: the copy still stands. */
        item->report.outcome = ALICE_SKIPPED;
        item->report.known = true;
        item->twin = twin;
        item->report.reason = "organized already";
        return ALICE_OK;
    }
    if (twin) {
        item->report.outcome = ALICE_DUPLICATE;
        item->other = item->twin = twin;
        item->report.source = alice__items_text(&o->items, p->source, strlen(p->source));
        if (!item->report.reason)
            item->report.reason = "the same bytes are organized already";
    } else {
        st = g->leader ? plan_follower(x, p, g, item, NULL) : ALICE_E_TOOBIG;
        if (st == ALICE_E_TOOBIG)
            st = plan_file(x, p, hash, item);
        if (st != ALICE_OK)
            return st;
        item->copy = p->copy;
        if (p->copy == ALICE__COPY_GONE)
            item->report.reason = "organized again: its organized copy is gone";
        else if (p->copy == ALICE__COPY_CHANGED)
            item->report.reason =
                "organized again: its organized copy was changed, and is left as it is";
        else if (search.unread)
            item->report.reason =
                "a file that may have the same bytes is organized, and cannot "
                "be read: both are kept";
    }
    alice__row row = {.file = p->file,
                      .state = twin ? ALICE__DUPLICATE : ALICE__PLACED,
                      .other = twin,
                      .dest = item->dest,
                      .has_content = search.has_content,
                      .content = search.content,
                      .print = search.print,
                      .chained = search.chained,
                      .info = &p->info,
                      .run_id = x->id};
    return add_row(x, p, &row, item);
}

static alice_status consume_other(alice__flow *x, const alice__probe *p, alice__item *item)
{
    alice__row row = {
        .file = p->file, .state = ALICE__NOT_MEDIA, .other = ALICE__READER, .run_id = x->id};
    item->report.outcome = ALICE_SKIPPED;
    item->report.not_media = true;
    item->report.reason = p->info.reason[0] ? alice__items_text(&x->o->items, p->info.reason,
                                                                strlen(p->info.reason))
                                            : "not a media file that alice knows";
    return add_row(x, p, &row, item);
}

/* A file of an archive whose bytes were found in organized while it was read. */
static alice_status consume_packed(alice__flow *x, const alice__probe *p, alice__item *item)
{
    const char *why = alice__flow_leave(x->o, p->folder, p->file.name, NULL);
    if (why) {
        item->report.outcome = ALICE_SKIPPED;
        item->report.reason = why;
        return ALICE_OK;
    }
    item->report.outcome = ALICE_DUPLICATE;
    item->report.reason = "the same bytes are organized already";
    item->other = item->twin = p->packed;
    item->packed = true;
    alice__row row = {
        .file = p->file, .state = ALICE__DUPLICATE, .other = p->packed, .run_id = x->id};
    alice_status st = add_row(x, p, &row, item);
    /* What may belong to it asks when it was taken. */
    return st == ALICE_OK ? alice__catalog_tell_as(x->o->catalog, item->id, p->packed) : st;
}

/* A known file is held against its copy. Where that has other bytes now, the file goes on as
 * one that has none; what is no medium fails. */
static alice_status compare_known(alice__flow *x, alice__probe *p, alice__item *item)
{
    bool same = false;
    alice_status st = alice__check_copy(x, p, &same);
    if (st == ALICE_E_CANCELLED) {
        x->stop = true;
        alice__item_leave(item);
        return st;
    }
    if (st != ALICE_OK)
        return st;
    if (same) {
        p->settled = p->known = true;
        p->reason = "organized already";
    } else if (p->info.type == ALICE_MEDIA_NONE) {
        alice__item_fail(item, ALICE_E_CHANGED,
                         "its organized copy has other bytes, or cannot be read");
        return ALICE_E_CHANGED;
    } else {
        p->copy = ALICE__COPY_CHANGED;
    }
    return ALICE_OK;
}

/* Whether it is known, and its copy was forgotten, whatever its bytes were by then. */
static alice_status copy_is_forgotten(alice__flow *x, const alice__probe *p, bool *forgotten)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    *forgotten = false;
    if (p->copy != ALICE__COPY_GONE)
        return ALICE_OK;
    alice_status st = alice__catalog_dest(o->catalog, p->copy_row, dest, sizeof dest);
    *forgotten = st == ALICE_OK && *dest && alice__forgotten_at(o->organized_fd, dest);
    return st;
}

static void leave_forgotten(alice__item *item)
{
    item->report.forgotten = true;
    item->report.outcome = ALICE_SKIPPED;
    item->report.reason = "it was forgotten on purpose (`alice forget --undo` takes that back)";
}

/* What the user took out of organized on purpose stays out: no row, so that it can be taken
 * back. */
static alice_status is_forgotten(alice__flow *x, const alice__probe *p, alice__item *item,
                                 bool *over)
{
    const alice_organizer *o = x->o;
    const alice__reading_whole how = alice__organizer_reading(o);
    alice__hash content;
    int fd = -1;
    *over = false;
    if (!o->forgets)
        return ALICE_OK;
    alice_status st = copy_is_forgotten(x, p, over);
    if (*over)
        leave_forgotten(item);
    if (st != ALICE_OK || *over ||
        !alice__forgotten_head(o->organized_fd, p->file.stamp.size, p->file.head))
        return st;
    st = ALICE_E_CHANGED;
    if (alice__fs_open_read(alice__folder_fd(p->folder), p->file.name, &fd) == 0)
        st = alice__content_hash(&how, fd, p->file.stamp.size, &content);
    alice__fs_close(fd);
    if (st == ALICE_E_CANCELLED) {
        *over = true;
        return stop_before(x, item);
    }
    if (st == ALICE_E_NOMEM)
        return st;
    if (st != ALICE_OK) {
        *over = true;
        alice__item_fail(item, st, "it changed or failed while it was compared; run again");
        return ALICE_OK;
    }
    if (alice__forgotten_content(o->organized_fd, p->file.stamp.size, p->file.head, content)) {
        *over = true;
        leave_forgotten(item);
    }
    return ALICE_OK;
}

/* The group it is of; one that was no medium may have found its leader since. */
static alice_status find_group(alice__flow *x, alice__probe *p, alice__item *item,
                               alice__group *g)
{
    int64_t dir = 0;
    alice_status st = alice__flow_folder_row(x, p->folder, false, &dir);
    if (st == ALICE_OK && dir)
        st = alice__group_find(x, p, dir, g);
    if (st == ALICE_OK)
        st = alice__borrow_zone(x->o, dir, p->file.name, 0, &p->info);
    if (st == ALICE_OK && g->leader && p->again) {
        p->settled = false;
        st = alice__group_head(x, p);
        item->file.head = p->file.head;
    }
    return st;
}

/* What was settled before anything was read. */
static alice_status take_settled(alice__flow *x, const alice__probe *p, alice__item *item)
{
    item->report.outcome = p->status == ALICE_OK ? ALICE_SKIPPED : ALICE_FAILED;
    item->report.status = p->status;
    item->report.reason = p->reason ? p->reason : why_unread(x, p);
    item->report.known = p->known;
    item->report.not_media = p->not_media;
    item->busy = p->busy;
    item->twin = p->known && !p->not_media ? p->copy_row : 0;
    /* The catalog may be older than what it notes of albums. */
    return item->twin && alice__name_class(p->file.name) != ALICE_CLASS_NONE
               ? alice__album_note(x, p->folder, item->twin)
               : ALICE_OK;
}

/* Only its time is another than that of its row: its head tells whether it is known. */
static alice_status look_at_head(alice__flow *x, alice__probe *p)
{
    alice__hash head;
    alice_status st = alice__catalog_head(x->o->catalog, p->known_row, &head);
    if (st != ALICE_OK)
        return st;
    p->settled = p->known = alice__same_hash(head, p->file.head);
    p->reason = "known: its head is the same as before";
    p->again = p->known && p->not_media && alice__group_follows(p->file.name);
    return ALICE_OK;
}

alice_status alice__decide(alice__flow *x, alice__probe *p)
{
    alice__item *item = new_item(x, p);
    alice__group g = {.leader = 0};
    if (p->packed)
        return consume_packed(x, p, item);
    if (p->status == ALICE_OK && p->compare) {
        alice_status st = compare_known(x, p, item);
        if (st != ALICE_OK)
            return st == ALICE_E_CANCELLED || st == ALICE_E_CHANGED ? ALICE_OK : st;
    }
    if (p->status == ALICE_OK && p->known_row) {
        alice_status st = look_at_head(x, p);
        if (st != ALICE_OK)
            return st;
    }
    if (p->status == ALICE_OK && (!p->settled || p->again)) {
        alice_status st = find_group(x, p, item, &g);
        if (st != ALICE_OK)
            return st == ALICE_E_CANCELLED ? stop_before(x, item) : st;
    }
    if (p->settled)
        return take_settled(x, p, item);
    if (alice__item_is_busy(x, item, p->status))
        return ALICE_OK;
    if (p->status != ALICE_OK) {
        alice__item_fail(item, p->status, why_unread(x, p));
        return ALICE_OK;
    }
    if (p->info.type != ALICE_MEDIA_NONE || g.leader) {
        bool over = false;
        alice_status st = is_forgotten(x, p, item, &over);
        if (st != ALICE_OK || over)
            return st;
    }
    if (p->info.type == ALICE_MEDIA_NONE)
        return g.leader ? consume_follower(x, p, &g, item) : consume_other(x, p, item);
    const char *why = alice__flow_leave(x->o, p->folder, p->file.name, &p->info);
    if (why) {
        item->report.outcome = ALICE_SKIPPED;
        item->report.reason = why;
        return ALICE_OK;
    }
    /* What follows goes where its leader is, or stays with it. */
    if (!g.leader && x->moving.on && alice__undated_looks(x, p) &&
        x->o->moving.last_folder == alice__folder_serial(p->folder)) {
        alice_status st = alice__settle_now(x);
        if (st != ALICE_OK)
            return st == ALICE_E_CANCELLED ? stop_before(x, item) : st;
    }
    const char *undated = g.leader ? NULL : alice__undated(x, p);
    if (undated)
        item->report.reason = undated;
    if (!undated || x->o->options.undated != ALICE_UNDATED_KEEP)
        return consume_media(x, p, &g, item);
    item->report.outcome = ALICE_SKIPPED;
    return ALICE_OK;
}
