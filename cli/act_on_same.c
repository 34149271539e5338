/* SPDX-License-Identifier: MIT */
#include "act_on_same.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <alice/confine.h>

#include "json.h"
#include "organized_above.h"
#include "progress.h"
#include "stop.h"
#include "terminal.h"

#define N(n) ((unsigned long long)(n))

typedef struct acting {
    const cli_args *args;
    const cli_act *act;
} acting;

/* What is done, and what was done. */
static const char *verb(alice_same_act act)
{
    return act == ALICE_SAME_LINK ? "link" : act == ALICE_SAME_REFLINK ? "reflink" : "remove";
}

static const char *past(alice_same_act act)
{
    return act == ALICE_SAME_LINK      ? "made links"
           : act == ALICE_SAME_REFLINK ? "made to share blocks"
                                       : "removed";
}

static void print_json(const acting *x, const alice_acted_file *f)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "path", f->path);
    json_text(&j, "kept", f->kept);
    json_uint(&j, "bytes", f->bytes);
    json_text(&j, "act", verb(x->act->act));
    json_bool(&j, "done", f->done && x->act->yes);
    json_bool(&j, "dry_run", !x->act->yes);
    if (f->to)
        json_text(&j, "moved_to", f->to);
    if (f->why)
        json_text(&j, "why", f->why);
    json_close(&j, '}');
    json_end_line(&j);
}

static void on_acted(void *ctx, const alice_acted_file *f)
{
    const acting *x = ctx;
    if (x->args->given[OPT_JSON]) {
        print_json(x, f);
        return;
    }
    if (f->done && x->args->given[OPT_QUIET])
        return;
    FILE *to = f->done ? stdout : stderr;
    if (f->done)
        fprintf(to, "%s%s  ", x->act->yes ? "" : "would ", verb(x->act->act));
    else
        fputs("alice: left: ", to);
    put_safe_text(to, f->path);
    fputs(f->done ? "  =  " : ": ", to);
    put_safe_text(to, f->done ? f->kept : f->why);
    fputc('\n', to);
}

static void on_unread(void *ctx, const alice_unread_file *u)
{
    (void)ctx;
    cli_error("%s: %s", u->path, u->why);
}

static void print_json_summary(const acting *x, const alice_act_result *r, bool complete)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_bool(&j, "complete", complete);
    json_text(&j, "act", verb(x->act->act));
    json_bool(&j, "dry_run", !x->act->yes);
    json_int(&j, "run", r->run);
    json_uint(&j, "files", r->found.files);
    json_uint(&j, "bytes", r->found.bytes);
    json_uint(&j, "groups", r->found.groups);
    json_uint(&j, "duplicates", r->found.duplicates);
    json_uint(&j, "done", r->done);
    json_uint(&j, "done_bytes", r->bytes);
    json_uint(&j, "left", r->left);
    json_uint(&j, "settled", r->settled);
    json_uint(&j, "unread", r->found.unread);
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_summary(const acting *x, const alice_act_result *r)
{
    char bytes[32];
    if (r->done + r->left == 0) {
        printf("No duplicates among %llu files\n", N(r->found.files));
        return;
    }
    printf("%llu file%s (%s) %s%s, %llu left\n", N(r->done), r->done == 1 ? "" : "s",
           bytes_text(r->bytes, bytes, sizeof bytes), x->act->yes ? "" : "would be ",
           past(x->act->act), N(r->left));
    if (!x->act->yes && r->done)
        puts("Nothing was changed: --yes does it");
    if (r->run && r->done)
        printf("`alice undo %lld` takes that back\n", (long long)r->run);
}

/* It reads strangers' names and bytes with the user's rights: what it may change is what was
 * named. */
static void give_up_the_rest(const alice_duplicates_options *find, const alice_act_options *o)
{
    enum { MOST = 28 };
    alice_confine_path reach[MOST + 4] = {{"/", false}, {"/var/tmp", true}};
    char beside[PATH_MAX];
    size_t n = 2;
    if (o->organized)
        reach[n++] = (alice_confine_path){o->organized, true};
    if (o->organized && o->catalog) {
        const char *slash = strrchr(o->catalog, '/');
        snprintf(beside, sizeof beside, "%.*s", slash ? (int)(slash - o->catalog) + 1 : 1,
                 slash ? o->catalog : ".");
        reach[n++] = (alice_confine_path){beside, true};
    }
    if (find->path_count > MOST)
        reach[0].write = true;
    for (size_t i = 0; i < find->path_count && find->path_count <= MOST; i++)
        reach[n++] = (alice_confine_path){find->paths[i], true};
    if (alice_confine(reach, n, NULL) != ALICE_OK)
        cli_error("this process could not give up what it does not need; it goes on");
}

/* Whose history keeps what is removed: the folder that was named, that PATH lies in, or that
 * the settings name. */
static const char *whose_history(const cli_args *args, const alice_duplicates_options *find)
{
    char inside[PATH_MAX];
    const char *named = args->value[OPT_ORGANIZED];
    if (args->given[OPT_ORGANIZED] && !args->from_file[OPT_ORGANIZED])
        return named;
    snprintf(inside, sizeof inside, "%s/x", find->paths[0]);
    const char *above = organized_above(inside);
    return above ? above : named;
}

int act_on_same(const cli_args *args, const cli_act *act, const alice_duplicates_options *where)
{
    acting x = {.args = args, .act = act};
    alice_duplicates_options find = *where;
    alice_act_result r = {.done = 0};
    alice_error error = {.text = ""};
    alice_act_options o = {.find = &find,
                           .act = act->act,
                           .dry_run = !act->yes,
                           .catalog = args->value[OPT_CATALOG],
                           .on_acted = on_acted};
    if (act->act == ALICE_SAME_REMOVE)
        o.organized = whose_history(args, &find);
    find.on_file = NULL;
    find.on_unread = on_unread;
    find.ctx = &x;
    stop_catch();
    give_up_the_rest(&find, &o);
    alice_status st = alice_duplicates_act(&o, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted, nothing is half-done: run it again to go on");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json_summary(&x, &r, st == ALICE_OK);
    else if (!args->given[OPT_QUIET] && (st == ALICE_OK || r.done))
        print_summary(&x, &r);
    if (st != ALICE_OK)
        return cli_exit_status(st);
    return r.left || r.found.unread ? CLI_SOME_FAILED : CLI_DONE;
}
