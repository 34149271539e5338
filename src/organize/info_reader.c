/* SPDX-License-Identifier: MIT */
/* alice_info_read(): one file, outside any run. */
#include <alice/organize.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "media/analyze.h"
#include "media/names.h"
#include "mem/profile_hook.h"
#include "organize/plan.h"
#include "organize/probe.h"
#include "port/fs.h"

/* Room for the texts of one file: prompts are shown whole up to this. */
enum { INFO_TEXTS = 256 * 1024 };

struct alice_info_reader {
    alice_env env;
    alice__analyzer *analyzer;
    uint8_t *head;
    const char *const *date_patterns;
};

alice_status alice_info_open(alice_info_reader **out, const alice_env *env)
{
    alice_env none = {.account = NULL};
    void *room = NULL, *head = NULL;
    if (!out)
        return ALICE_E_INVAL;
    if (!env)
        env = &none;
    alice_status st = alice_env_calloc(env, 1, sizeof(alice_info_reader), ALICE_HERE, &room);
    if (st != ALICE_OK)
        return st;
    alice_info_reader *r = room;
    r->env = *env;
    st = alice_env_alloc(env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    r->head = head;
    if (st == ALICE_OK)
        st = alice__analyzer_open(&r->analyzer, env, INFO_TEXTS);
    if (st == ALICE_OK) {
        *out = r;
        ALICE__CENSUS_ADD(&r->env, r, "alice_info_reader");
    } else {
        alice_info_close(&r);
    }
    return st;
}

void alice_info_date_patterns(alice_info_reader *reader, const char *const *patterns)
{
    if (reader)
        reader->date_patterns = patterns;
}

void alice_info_close(alice_info_reader **reader)
{
    alice_info_reader *r = reader ? *reader : NULL;
    if (!r)
        return;
    alice_env env = r->env;
    ALICE__CENSUS_REMOVE(&env, r);
    alice__analyzer_close(&r->analyzer);
    alice_env_free(&env, r->head, ALICE__HEAD_BYTES);
    alice_env_free(&env, r, sizeof *r);
    *reader = NULL;
}

/* The folders of a path, without its last part: what a dated parent folder is looked for in. */
static void split(const char *path, char *folders, size_t size, const char **name)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    *name = slash ? slash + 1 : path;
    /* The end of a long path is what matters. */
    const char *from = n < size ? path : path + (n - size + 1);
    n = n < size ? n : size - 1;
    memcpy(folders, from, n);
    folders[n] = 0;
}

alice_status alice_info_read(alice_info_reader *r, const char *path, alice_media_info *info,
                             char *source, size_t cap, alice_error *error)
{
    alice__fs_stat st;
    alice__file file = {.name = NULL};
    const char *name = NULL;
    char folders[1024], real[4096];
    int fd = -1, os_error = 0;
    if (!r || !path || !info || (cap && !source))
        return ALICE_E_INVAL;
    memset(info, 0, sizeof *info);
    info->date_source = ALICE_DATE_NOWHERE;
    /* A person may name a link; what it points to is what is read, if it is a file. */
    int bad = alice__fs_stat_path(path, &st);
    if (!bad && st.kind == ALICE__FS_DIR)
        return alice__fail(error, ALICE_E_INVAL, 0, "it is a folder; name the files in it");
    if (!bad && st.kind != ALICE__FS_FILE)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "it is not a file, but a pipe, socket or device");
    if (!bad)
        bad = alice__fs_real_path(path, real, sizeof real);
    if (!bad)
        bad = alice__fs_open_read(ALICE__FS_CWD, real, &fd);
    if (bad)
        return alice__fail(error, alice__status_of_errno(-bad), -bad, "%s", strerror(-bad));
    /* Where one stands may be a dated folder: a relative path does not show it. */
    split(path[0] == '/' ? path : real, folders, sizeof folders, &name);
    name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    file.name = name;
    char beside[sizeof real];
    size_t dir = strrchr(path, '/') ? (size_t)(strrchr(path, '/') - path) : 0;
    int n = snprintf(beside, sizeof beside, "%.*s", dir ? (int)dir : 1,
                     dir || path[0] == '/' ? path : ".");
    alice__reading reading = {.fd = fd,
                              .folders = folders,
                              .now_s = alice__present(&r->env),
                              .date_patterns = r->date_patterns,
                              .beside = n > 0 && (size_t)n < sizeof beside ? beside : NULL,
                              .all_dates = true};
    alice_status status =
        alice__probe_file(r->analyzer, r->head, &reading, &file, info, &os_error);
    alice__fs_close(fd);
    if (status != ALICE_OK)
        return alice__fail(error, status, os_error, "%s",
                           os_error ? strerror(os_error) : alice_status_text(status));
    if (cap)
        *source = 0;
    if (cap && info->type != ALICE_MEDIA_NONE)
        alice__source_name(info, name, source, cap);
    return ALICE_OK;
}
