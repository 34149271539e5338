/* SPDX-License-Identifier: MIT */
#include "decode/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Those that this build has; what a file is its first bytes tell. */
static const alice__decode_format *const formats[] = {
#if ALICE_DECODE_HEIF
    &alice__decode_heif,
#else
#if ALICE_DECODE_JPEG
    &alice__decode_jpeg,
#endif
#if ALICE_DECODE_PNG
    &alice__decode_png,
#endif
#if ALICE_DECODE_WEBP
    &alice__decode_webp,
#endif
    &alice__decode_gif,
#if ALICE_DECODE_JPEG
    &alice__decode_preview,
#endif
#endif
};

bool alice__decode_read_at(const alice__decoding *d, uint64_t at, void *to, size_t n,
                           size_t *got)
{
    uint8_t *p = to;
    for (*got = 0; *got < n && at <= INT64_MAX;) {
        ssize_t r = pread(d->fd, p + *got, n - *got, (off_t)(at + *got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return false;
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return true;
}

static bool begins(const alice__decoding *d, size_t at, const char *with)
{
    return memcmp(d->head + at, with, strlen(with)) == 0;
}

/* What a picture is that no decoder here takes; NONE: no picture. */
static alice_media_type picture_type(const alice__decoding *d)
{
    static const struct {
        uint8_t at;
        const char *with;
        alice_media_type type;
    } known[] = {{0, "\xff\xd8\xff", ALICE_MEDIA_JPEG},
                 {0, "\x89PNG", ALICE_MEDIA_PNG},
                 {8, "WEBPVP8", ALICE_MEDIA_WEBP},
                 {0, "GIF8", ALICE_MEDIA_GIF},
                 {4, "ftypheic", ALICE_MEDIA_HEIC},
                 {4, "ftypheix", ALICE_MEDIA_HEIC},
                 {4, "ftypmif1", ALICE_MEDIA_HEIF},
                 {4, "ftypavif", ALICE_MEDIA_AVIF},
                 {4, "ftypcrx", ALICE_MEDIA_CR3},
                 {0, "II*", ALICE_MEDIA_TIFF},
                 {4, "ftypmsf1", ALICE_MEDIA_HEIF},
                 {0, "MM", ALICE_MEDIA_TIFF},
                 {0, "\xff\x0a", ALICE_MEDIA_JXL},
                 {4, "JXL ", ALICE_MEDIA_JXL},
                 {0, "8BPS", ALICE_MEDIA_PSD},
                 {4, "jP  ", ALICE_MEDIA_JP2},
                 {0, "FUJIFILMCCD-RAW", ALICE_MEDIA_RAF},
                 {0, "IIRO", ALICE_MEDIA_ORF},
                 {0, "IIU", ALICE_MEDIA_RW2}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (begins(d, known[i].at, known[i].with) &&
            (known[i].type != ALICE_MEDIA_TIFF || d->head[2] == 42 || d->head[3] == 42))
            return known[i].type;
    return ALICE_MEDIA_NONE;
}

static alice__picture_state read_it(alice__decoding *d)
{
    const off_t end = lseek(d->fd, 0, SEEK_END);
    if (end < 0 || !alice__decode_read_at(d, 0, d->head, sizeof d->head, &d->head_n))
        return ALICE__PICTURE_UNREADABLE;
    d->size = (uint64_t)end;
    d->answer.format = (uint32_t)picture_type(d);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i]->is(d))
            continue;
        alice__picture_state state = formats[i]->read(d);
        if (state != ALICE__PICTURE_OK)
            return state;
        d->answer.bytes = d->answer.out_width * d->answer.out_height * d->answer.channels;
        return alice__turn(d);
    }
    return d->answer.format == ALICE_MEDIA_NONE ? ALICE__PICTURE_NONE
                                                : ALICE__PICTURE_NO_DECODER;
}

void alice__decode(alice__decoding *d)
{
    d->answer = (alice__picture_answer){.magic = ALICE__PICTURE_MAGIC};
    memset(d->head, 0, sizeof d->head);
    d->orientation = 0;
    d->sums = NULL;
    alice__picture_state state = read_it(d);
    free(d->sums);
    d->answer.state = (uint32_t)state;
    if (state != ALICE__PICTURE_OK)
        d->answer.bytes = 0;
}
