/* SPDX-License-Identifier: MIT */
/* alice_preview_find(): the preview of one file that is open. */
#include "media/preview.h"

#include "port/fs.h"

enum { HEAD = 64 * 1024 };

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    return alice__fs_read_at(*(const int *)ctx, offset, to, n, got) ? ALICE_E_IO : ALICE_OK;
}

alice_status alice_preview_find(const alice_env *env, int fd, uint64_t most, alice_preview *out)
{
    alice__fs_stat st;
    void *room = NULL;
    size_t got = 0, want = HEAD;
    if (!out || fd < 0)
        return ALICE_E_INVAL;
    *out = (alice_preview){.orientation = 1};
    if (alice__fs_stat_fd(fd, &st) != 0 || st.kind != ALICE__FS_FILE)
        return ALICE_E_INVAL;
    alice_status status =
        alice_env_alloc(env, HEAD + ALICE__PREVIEW_SCRATCH, ALICE_HERE, &room);
    if (status != ALICE_OK)
        return status;
    if ((uint64_t)st.size < want)
        want = (size_t)st.size;
    bool found = false;
    status = fetch(&fd, 0, room, want, &got);
    if (status == ALICE_OK) {
        alice__work work = {.stopped = false};
        const alice__input in = {.size = (uint64_t)st.size,
                                 .head = {room, got},
                                 .fetch = fetch,
                                 .ctx = &fd,
                                 .work = &work};
        found = alice__preview_find(&in, (uint8_t *)room + HEAD, most, out, &status);
    }
    alice_env_free(env, room, HEAD + ALICE__PREVIEW_SCRATCH);
    return status != ALICE_OK ? status : found ? ALICE_OK : ALICE_E_NOENT;
}
