/* SPDX-License-Identifier: MIT */
#include "organize/path_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "port/fs.h"

enum { TEXT = 64 * 1024 };

alice_status alice__path_list_open(alice__path_list *l, const alice_env *env,
                                   const char *scratch_dir)
{
    *l = (alice__path_list){.env = *env, .scratch_dir = scratch_dir, .file = -1};
    return alice_env_alloc(env, TEXT, ALICE_HERE, (void **)&l->text);
}

void alice__path_list_shed(alice__path_list *l)
{
    if (l->text)
        alice_env_free(&l->env, l->text, TEXT);
    l->text = NULL;
}

void alice__path_list_close(alice__path_list *l)
{
    alice__path_list_shed(l);
    alice__fs_close(l->file);
    l->file = -1;
}

int alice__path_list_end(alice__path_list *l)
{
    int r = l->file < 0 ? alice__fs_scratch(l->scratch_dir, &l->file) : 0;
    if (!r)
        r = alice__fs_write_at(l->file, l->at, l->text, l->used);
    if (r)
        return r;
    l->at += l->used;
    l->used = 0;
    return 0;
}

int alice__path_list_add(alice__path_list *l, const char *folder, const char *name,
                         uint64_t *place, uint32_t *length)
{
    size_t n = strlen(folder), m = strlen(name);
    if (l->used + n + m + 1 > TEXT) {
        int r = alice__path_list_end(l);
        if (r)
            return r;
    }
    char *to = l->text + l->used;
    memcpy(to, folder, n);
    if (n)
        to[n++] = '/';
    memcpy(to + n, name, m);
    *place = l->at + l->used;
    *length = (uint32_t)(n + m);
    l->used += n + m;
    return 0;
}

int alice__path_list_get(const alice__path_list *l, uint64_t place, uint32_t length,
                         char below[ALICE__LISTED_PATH])
{
    size_t got = 0;
    ALICE__CHECKED(length < ALICE__LISTED_PATH);
    int bad = alice__fs_read_at(l->file, place, below, length, &got);
    below[got] = 0;
    return bad ? bad : got == length ? 0 : -EIO;
}

void alice__path_shown(const char *top, const char *below, char *out, size_t size)
{
    size_t n = strlen(top);
    snprintf(out, size, "%s%s%s", top, *below && n && top[n - 1] != '/' ? "/" : "", below);
}

bool alice__path_is_under(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    while (n > 0 && folder[n - 1] == '/')
        n--;
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}
