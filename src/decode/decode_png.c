/* SPDX-License-Identifier: MIT */
/* PNG by libpng, row by row; only an interlaced one is held whole. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "decode/decode.h"

enum { CHUNK_MOST = 4 * 1024 * 1024, CHUNKS_MOST = 64, BUFFER = 64 * 1024 };

typedef struct reader {
    alice__decoding *d;
    png_structp png;
    png_infop info;
    uint64_t at; /* of the bytes that are not read yet */
    bool disk, memory;
    uint8_t *rows, *shown;
    size_t row_bytes;
    int passes;
    size_t pos, fill; /* in the buffer: the library asks for 4 and 8 bytes at a time */
    uint8_t buffer[BUFFER];
} reader;

static void on_error(png_structp png, png_const_charp text)
{
    reader *r = png_get_error_ptr(png);
    r->memory = strstr(text, "emory") != NULL;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void take(png_structp png, png_bytep to, png_size_t n)
{
    reader *r = png_get_io_ptr(png);
    while (n > 0) {
        if (r->pos == r->fill) {
            r->pos = r->fill = 0;
            if (!alice__decode_read_at(r->d, r->at, r->buffer, BUFFER, &r->fill))
                r->disk = true;
            if (r->disk || r->fill == 0)
                png_error(png, "ends too early");
            r->at += r->fill;
        }
        const size_t part = r->fill - r->pos < n ? r->fill - r->pos : n;
        memcpy(to, r->buffer + r->pos, part);
        r->pos += part;
        to += part;
        n -= part;
    }
}

/* Everything becomes red, green, blue and alpha of 8 bits. */
static void ask_for_rgba(reader *r)
{
    png_set_expand(r->png);
    png_set_scale_16(r->png);
    png_set_gray_to_rgb(r->png);
    png_set_add_alpha(r->png, 255, PNG_FILLER_AFTER);
    r->passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    r->row_bytes = png_get_rowbytes(r->png, r->info);
}

static void read_orientation(reader *r)
{
#ifdef PNG_eXIf_SUPPORTED
    png_uint_32 n = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(r->png, r->info, &n, &exif))
        r->d->orientation = alice__turn_of_exif(exif, n);
#else
    (void)r;
#endif
}

static alice__picture_state read_rows(reader *r)
{
    const uint32_t w = r->d->answer.width, h = r->d->answer.height;
    const size_t held = r->passes > 1 ? h : 1;
    alice__picture_state state = alice__shrink_begin(r->d, w, h);
    if (r->row_bytes != (size_t)w * 4)
        return ALICE__PICTURE_DAMAGED;
    r->rows = calloc(held, r->row_bytes);
    r->shown = malloc((size_t)w * 3);
    if (state != ALICE__PICTURE_OK || !r->rows || !r->shown)
        return ALICE__PICTURE_TOO_LARGE;
    for (int pass = 0; pass < r->passes; pass++) {
        for (uint32_t y = 0; y < h; y++) {
            uint8_t *row = r->rows + (held > 1 ? y * r->row_bytes : 0);
            png_read_row(r->png, row, NULL);
            if (pass == r->passes - 1)
                alice__shrink_rgba(r->d, row, r->shown);
        }
    }
    return alice__shrink_end(r->d);
}

static alice__picture_state read_png(reader *r)
{
    if (setjmp(png_jmpbuf(r->png)))
        return r->disk     ? ALICE__PICTURE_UNREADABLE
               : r->memory ? ALICE__PICTURE_TOO_LARGE
                           : ALICE__PICTURE_DAMAGED;
    png_set_read_fn(r->png, r, take);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(r->png, CHUNK_MOST);
    png_set_chunk_cache_max(r->png, CHUNKS_MOST);
    png_set_crc_action(r->png, PNG_CRC_DEFAULT, PNG_CRC_WARN_DISCARD);
    png_read_info(r->png, r->info);
    alice__picture_state state = alice__shrink_accept(
        r->d, png_get_image_width(r->png, r->info), png_get_image_height(r->png, r->info));
    if (state != ALICE__PICTURE_OK)
        return state;
    read_orientation(r);
    ask_for_rgba(r);
    return read_rows(r);
}

static alice__picture_state read_whole(alice__decoding *d)
{
    reader *r = calloc(1, sizeof *r);
    alice__picture_state state = ALICE__PICTURE_TOO_LARGE;
    if (!r)
        return state;
    r->d = d;
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (r->info)
        state = read_png(r);
    png_destroy_read_struct(&r->png, &r->info, NULL);
    free(r->rows);
    free(r->shown);
    free(r);
    return state;
}

static bool is_png(const alice__decoding *d)
{
    return memcmp(d->head, "\x89PNG\r\n\x1a\n", 8) == 0;
}

const alice__decode_format alice__decode_png = {.is = is_png, .read = read_whole};
