/* SPDX-License-Identifier: MIT */
/* JPEG by libjpeg, at an eighth, a quarter or half of its size where that is enough: then most
 * of its numbers are skipped instead of computed with. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "decode/decode.h"

enum { BUFFER = 64 * 1024, EXIF = 4096, EXIF_HEAD = 6 };

/* A picture in steps has ten of them or so. Each is worked through whole, however few bytes it
 * has: a small file of thousands would take hours. */
enum { SCANS_MOST = 500 };

typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    alice__decoding *d;
    uint64_t at, left;      /* of the bytes that are not read yet */
    bool cut, disk, memory; /* memory: it takes too much of that, or of time */
    uint8_t *row, *shown;
    JOCTET buffer[BUFFER];
} reader;

static void on_error(j_common_ptr jpeg)
{
    reader *r = jpeg->client_data;
    r->memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY ||
                jpeg->err->msg_code == JERR_NO_BACKING_STORE;
    longjmp(r->out, 1);
}

/* Odd bytes are forgiven; pixels that are not there are not. */
static void on_message(j_common_ptr jpeg, int level)
{
    reader *r = jpeg->client_data;
    if (level < 0 && jpeg->err->msg_code == JWRN_HIT_MARKER)
        r->cut = true;
}

static void on_progress(j_common_ptr jpeg)
{
    reader *r = jpeg->client_data;
    if (r->jpeg.input_scan_number > SCANS_MOST) {
        r->memory = true;
        longjmp(r->out, 1);
    }
}

static void begin_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean fill(j_decompress_ptr jpeg)
{
    reader *r = jpeg->client_data;
    size_t n = r->left < BUFFER ? (size_t)r->left : BUFFER, got = 0;
    if (!alice__decode_read_at(r->d, r->at, r->buffer, n, &got)) {
        r->disk = true;
        longjmp(r->out, 1);
    }
    r->at += got;
    r->left -= got;
    if (got == 0) { /* the end that the file lacks */
        static const JOCTET end[] = {0xff, JPEG_EOI};
        memcpy(r->buffer, end, sizeof end);
        got = sizeof end;
    }
    r->source.next_input_byte = r->buffer;
    r->source.bytes_in_buffer = got;
    return TRUE;
}

static void skip(j_decompress_ptr jpeg, long count)
{
    reader *r = jpeg->client_data;
    uint64_t n = count > 0 ? (uint64_t)count : 0;
    if (n <= r->source.bytes_in_buffer) {
        r->source.next_input_byte += n;
        r->source.bytes_in_buffer -= (size_t)n;
        return;
    }
    n -= r->source.bytes_in_buffer;
    n = n < r->left ? n : r->left;
    r->at += n;
    r->left -= n;
    r->source.bytes_in_buffer = 0;
}

static void end_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static void read_orientation(reader *r)
{
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next)
        if (m->data_length > EXIF_HEAD && memcmp(m->data, "Exif\0", EXIF_HEAD) == 0 &&
            r->d->orientation == 0)
            r->d->orientation =
                alice__turn_of_exif(m->data + EXIF_HEAD, m->data_length - EXIF_HEAD);
}

/* Of a picture to hash half the side is enough, of one to look at all of it is asked for. */
static void choose_scale(reader *r)
{
    const alice__decoding *d = r->d;
    uint32_t longest = d->answer.width > d->answer.height ? d->answer.width : d->answer.height;
    uint32_t enough = d->ask.channels == 1 ? d->ask.side / 2 : d->ask.side;
    r->jpeg.scale_denom = 8;
    r->jpeg.scale_num = 8;
    for (unsigned eighths = 4; eighths; eighths /= 2)
        if ((uint64_t)longest * eighths / 8 >= enough)
            r->jpeg.scale_num = eighths;
}

/* Ink to light; Adobe's programs store it the other way round. */
static void show_ink(reader *r)
{
    const bool inverted = r->jpeg.saw_Adobe_marker;
    for (uint32_t x = 0; x < r->jpeg.output_width; x++) {
        uint8_t *p = r->row + (size_t)x * 4;
        uint32_t k = inverted ? p[3] : 255U - p[3];
        for (unsigned i = 0; i < 3; i++)
            p[i] = (uint8_t)((inverted ? p[i] : 255U - p[i]) * k / 255);
        p[3] = 255;
    }
    alice__shrink_rgba(r->d, r->row, r->shown);
}

static alice__picture_state read_rows(reader *r)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    const bool ink = j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK;
    choose_scale(r);
    r->d->answer.fast = j->scale_num < 8;
    j->out_color_space = ink ? JCS_CMYK : r->d->ask.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    j->dct_method = JDCT_IFAST;
    j->do_fancy_upsampling = FALSE;
    jpeg_start_decompress(j);
    alice__picture_state state = alice__shrink_begin(r->d, j->output_width, j->output_height);
    size_t bytes = (size_t)j->output_width * (size_t)j->output_components;
    r->row = malloc(bytes);
    r->shown = malloc((size_t)j->output_width * 3);
    if (state != ALICE__PICTURE_OK || !r->row || !r->shown)
        return ALICE__PICTURE_TOO_LARGE;
    while (j->output_scanline < j->output_height && !r->cut) {
        if (jpeg_read_scanlines(j, &r->row, 1) != 1)
            return ALICE__PICTURE_DAMAGED;
        if (ink)
            show_ink(r);
        else
            alice__shrink_row(r->d, r->row);
    }
    state = alice__shrink_end(r->d);
    return r->cut ? ALICE__PICTURE_DAMAGED : state;
}

static alice__picture_state read_jpeg(reader *r)
{
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->jpeg.client_data = r;
    if (setjmp(r->out))
        return r->disk     ? ALICE__PICTURE_UNREADABLE
               : r->memory ? ALICE__PICTURE_TOO_LARGE
                           : ALICE__PICTURE_DAMAGED;
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.client_data = r;
    r->jpeg.progress = &r->progress;
    r->progress.progress_monitor = on_progress;
    r->jpeg.src = &r->source;
    r->source = (struct jpeg_source_mgr){.init_source = begin_source,
                                         .fill_input_buffer = fill,
                                         .skip_input_data = skip,
                                         .resync_to_restart = jpeg_resync_to_restart,
                                         .term_source = end_source};
    jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, EXIF);
    jpeg_read_header(&r->jpeg, TRUE);
    read_orientation(r);
    alice__picture_state state =
        alice__shrink_accept(r->d, r->jpeg.image_width, r->jpeg.image_height);
    return state == ALICE__PICTURE_OK ? read_rows(r) : state;
}

alice__picture_state alice__decode_jpeg_at(alice__decoding *d, uint64_t at, uint64_t n)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return ALICE__PICTURE_TOO_LARGE;
    r->d = d;
    r->at = at;
    r->left = n;
    alice__picture_state state = read_jpeg(r);
    jpeg_destroy_decompress(&r->jpeg);
    free(r->row);
    free(r->shown);
    free(r);
    return state;
}

static bool is_jpeg(const alice__decoding *d)
{
    return memcmp(d->head, "\xff\xd8\xff", 3) == 0;
}

static alice__picture_state read_whole(alice__decoding *d)
{
    return alice__decode_jpeg_at(d, 0, d->size);
}

const alice__decode_format alice__decode_jpeg = {.is = is_jpeg, .read = read_whole};
