/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses, by addr2line: `addr2line -f -C -e MODULE ADDRESS…` prints two lines
 * for each address, the function and "file:line". Some addresses at a time stand on the
 * command line, so that nothing has to be written to the child while it is read.
 */
#include "mem/profile_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "port/child.h"
#include "port/host.h"

enum { AT_ONCE = 32, LINE = 1024, BEFORE = 5 /* words before the addresses */ };

/* What a child prints, line by line; a longer one is cut. */
typedef struct lines {
    const alice__child *child;
    char buf[4096];
    size_t begin, end;
    int bad;
} lines;

static bool next_line(lines *l, char *line, size_t size)
{
    size_t n = 0;
    for (;;) {
        if (l->begin == l->end) {
            l->begin = 0;
            l->bad = alice__child_read(l->child, l->buf, sizeof l->buf, &l->end);
            if (l->bad != 0 || l->end == 0) {
                l->end = 0;
                return false;
            }
        }
        char c = l->buf[l->begin++];
        if (c == '\n')
            break;
        if (n + 1 < size)
            line[n++] = c;
    }
    line[n] = 0;
    return true;
}

static alice_status keep(alice_profile_snapshot *s, row *r, const char *function, char *file)
{
    char *colon = strrchr(file, ':');
    long line = colon ? strtol(colon + 1, NULL, 10) : 0; /* " (discriminator 2)" may follow */
    if (strcmp(function, "??") == 0 || file[0] == '?' || line <= 0)
        return ALICE_OK;
    *colon = 0;
    size_t a = strlen(function) + 1, b = strlen(file) + 1;
    size_t bytes = sizeof(place_name) + a + b;
    void *memory = NULL;
    alice_status st = alice_env_alloc(&s->env, bytes, ALICE_HERE, &memory);
    if (st != ALICE_OK)
        return st;
    place_name *name = memory;
    name->next = s->names;
    name->bytes = bytes;
    memcpy(name->text, function, a);
    memcpy(name->text + a, file, b);
    s->names = name;
    r->shown.function = name->text;
    r->shown.file = name->text + a;
    r->shown.line = (int)line;
    return ALICE_OK;
}

/* Ask for up to AT_ONCE rows of a module, those from `*at` on, which is moved behind them. */
static alice_status ask(alice_profile_snapshot *s, const char *tool, const char *module,
                        size_t *at, alice_error *error)
{
    char own[32], digits[AT_ONCE][20], function[LINE], file[LINE];
    const char *argv[BEFORE + AT_ONCE + 1] = {tool, "-f", "-C", "-e", module};
    row *rows[AT_ONCE];
    size_t n = 0;
    for (; *at < s->count && n < AT_ONCE; ++*at) {
        row *r = &s->rows[*at];
        if (r->module != module || r->shown.line > 0)
            continue;
        /* Where the call returns to may be the next line: the call ends a byte before. */
        snprintf(digits[n], sizeof digits[n], "0x%llx",
                 (unsigned long long)r->shown.address - 1);
        argv[BEFORE + n] = digits[n];
        rows[n++] = r;
    }
    if (n == 0)
        return ALICE_OK;
    /* A program that was found by its name alone is this one. */
    snprintf(own, sizeof own, "/proc/%ld/exe", alice__host_pid());
    if (!strchr(module, '/'))
        argv[BEFORE - 1] = own;
    alice__child child;
    int e = alice__child_start(&child, argv);
    if (e != 0)
        return alice__fail(error, alice__status_of_errno(-e), -e, "cannot run %s: %s", tool,
                           strerror(-e));
    lines l = {.child = &child};
    alice_status st = ALICE_OK;
    for (size_t i = 0; st == ALICE_OK && i < n; i++) {
        if (!next_line(&l, function, sizeof function) || !next_line(&l, file, sizeof file))
            break;
        st = keep(s, rows[i], function, file);
    }
    e = alice__child_end(&child);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for the names of places");
    /* A file that it cannot read is one that it does not know; it says so by failing. */
    if (l.bad != 0)
        return alice__fail(error, ALICE_E_SYSTEM, -l.bad, "cannot read what %s says: %s", tool,
                           strerror(-l.bad));
    if (e != 0)
        return alice__fail(error, ALICE_E_SYSTEM, -e, "%s failed for %s", tool, module);
    return ALICE_OK;
}

alice_status alice_profile_snapshot_resolve(alice_profile_snapshot *s, const char *tool,
                                            alice_error *error)
{
    alice_status st = ALICE_OK;
    if (!s)
        return ALICE_E_INVAL;
    /* Each module is met first at its first row that has no name yet. */
    for (size_t i = 0; i < s->count; i++) {
        const char *module = s->rows[i].module;
        size_t at = i;
        for (size_t k = 0; module && k < i; k++) {
            if (s->rows[k].module == module)
                module = NULL; /* was asked about */
        }
        while (module && at < s->count) {
            alice_status one = ask(s, tool ? tool : "/usr/bin/addr2line", module, &at, error);
            st = st == ALICE_OK ? one : st;
            if (one != ALICE_OK)
                break; /* the next module may do better */
        }
        if (st != ALICE_OK && st != ALICE_E_SYSTEM)
            break;
    }
    return st;
}

void alice__profile_free_names(alice_profile_snapshot *s)
{
    while (s->names) {
        place_name *name = s->names;
        s->names = name->next;
        alice_env_free(&s->env, name, name->bytes);
    }
}
