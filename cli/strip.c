/* SPDX-License-Identifier: MIT */
/*
 * What is copied is named, all else is left out: what nobody thought of stays behind. Nothing
 * is held but a piece of 16 KB, whatever a length claims.
 */
#include "strip.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

typedef struct strip {
    FILE *from, *to;
    bool ended; /* fewer bytes came than were wanted */
} strip;

static int next(strip *s)
{
    int c = getc(s->from);
    if (c == EOF)
        s->ended = true;
    return c;
}

static bool take(strip *s, unsigned char *to, size_t n)
{
    if (fread(to, 1, n, s->from) != n)
        s->ended = true;
    return !s->ended;
}

static void give(strip *s, const void *bytes, size_t n)
{
    fwrite(bytes, 1, n, s->to); /* what went wrong is seen at the end */
}

/* `n` bytes on, copied or left out. */
static bool pass(strip *s, uint64_t n, bool keep)
{
    unsigned char piece[16 * 1024];
    while (n > 0 && !s->ended) {
        size_t now = n < sizeof piece ? (size_t)n : sizeof piece;
        if (take(s, piece, now) && keep)
            give(s, piece, now);
        n -= now;
    }
    return !s->ended;
}

static uint32_t big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little32(const unsigned char *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* As PNG sums. */
static uint32_t sum_of(uint32_t sum, const unsigned char *p, size_t n)
{
    for (; n > 0; n--) {
        sum ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return sum;
}

/* What Exif tells of a picture that lies on its side: this alone. `sum` goes on, if there is
 * one. */
enum { WAY_BYTES = 26 };
static void give_way(strip *s, unsigned way, uint32_t *sum)
{
    const unsigned char tiff[WAY_BYTES] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 1,
                                           1,   0x12, 0, 3,  0, 0, 0, 1, 0, (unsigned char)way};
    give(s, tiff, sizeof tiff);
    if (sum)
        *sum = sum_of(*sum, tiff, sizeof tiff);
}

/* ---- JPEG ---- */

enum {
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    RST0 = 0xd0,
    APP0 = 0xe0,
    APP2 = 0xe2,
    APP14 = 0xee
};

static void give_exif_segment(strip *s, unsigned way)
{
    static const unsigned char head[] = {0xff, 0xe1, 0, 8 + WAY_BYTES, 'E', 'x', 'i',
                                         'f',  0,    0};
    give(s, head, sizeof head);
    give_way(s, way, NULL);
}

/* One segment behind its marker. */
static bool jpeg_segment(strip *s, unsigned char marker)
{
    unsigned char head[2 + 12];
    if (!take(s, head, 2))
        return false;
    size_t n = (size_t)head[0] << 8 | head[1], begin = n < sizeof head ? n : sizeof head;
    if (n < 2 || !take(s, head + 2, begin - 2))
        return false;
    bool application = marker >= APP0 && marker <= 0xef;
    bool keep = application ? (marker == APP14 && n == 14 && !memcmp(head + 2, "Adobe", 5)) ||
                                  (marker == APP0 && n == 16 && !memcmp(head + 2, "JFIF", 5)) ||
                                  (marker == APP2 && begin == sizeof head &&
                                   memcmp(head + 2, "ICC_PROFILE", 12) == 0)
                            : marker >= 0xc0 && marker < APP0;
    if (keep) {
        const unsigned char mark[] = {0xff, marker};
        give(s, mark, 2);
        give(s, head, begin);
    }
    return pass(s, n - begin, keep);
}

/* The coded data of a scan, up to the marker that ends it, which is answered; 0: none came. */
static unsigned char jpeg_scan(strip *s)
{
    for (int c = next(s); c != EOF; c = next(s)) {
        if (c != 0xff) {
            putc(c, s->to);
            continue;
        }
        do
            c = next(s);
        while (c == 0xff);
        if (c == 0 || (c >= RST0 && c < SOI)) {
            putc(0xff, s->to);
            putc(c, s->to);
        } else {
            return c == EOF ? 0 : (unsigned char)c;
        }
    }
    return 0;
}

static bool jpeg_copy(strip *s, unsigned orientation)
{
    static const unsigned char begin[] = {0xff, SOI}, end[] = {0xff, EOI};
    unsigned char marker[2];
    bool scanned = false;
    if (!take(s, marker, 2) || memcmp(marker, begin, 2) != 0)
        return false;
    give(s, begin, 2);
    if (orientation > 1)
        give_exif_segment(s, orientation);
    if (!take(s, marker, 2))
        return false;
    for (unsigned char m = marker[0] == 0xff ? marker[1] : 0; m; scanned = true) {
        while (m && m != SOS && m != EOI) {
            if (!jpeg_segment(s, m))
                return false;
            int c = next(s);
            if (c != 0xff)
                return false;
            while (c == 0xff)
                c = next(s);
            m = c == EOF ? 0 : (unsigned char)c;
        }
        if (m == EOI) {
            give(s, end, 2);
            return scanned;
        }
        if (!m || !jpeg_segment(s, m))
            return false;
        m = jpeg_scan(s);
        if (m == 0) { /* cut short: what there is can be shown */
            give(s, end, 2);
            return true;
        }
    }
    return false;
}

/* ---- PNG ---- */

static bool is_one_of(const unsigned char *name, const char *names)
{
    for (; *names; names += 4)
        if (memcmp(name, names, 4) == 0)
            return true;
    return false;
}

static void put_big32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void give_sum(strip *s, uint32_t sum)
{
    unsigned char bytes[4];
    put_big32(bytes, ~sum);
    give(s, bytes, 4);
}

static void give_exif_chunk(strip *s, unsigned way)
{
    static const unsigned char head[] = {0, 0, 0, WAY_BYTES, 'e', 'X', 'I', 'f'};
    give(s, head, 8);
    uint32_t sum = sum_of(UINT32_MAX, head + 4, 4);
    give_way(s, way, &sum);
    give_sum(s, sum);
}

/* A profile of `n` bytes, whose name may be anything: it gets another. */
static bool png_profile(strip *s, uint32_t n)
{
    enum { NAME_MOST = 79 };
    unsigned char head[12] = {0, 0, 0, 0, 'i', 'C', 'C', 'P', 'i', 'c', 'c', 0};
    unsigned char piece[1024];
    uint32_t name = 0;
    int c;
    do
        c = name < n ? next(s) : EOF;
    while (c > 0 && name++ < NAME_MOST);
    if (c != 0)
        return false;
    uint32_t left = n - name - 1;
    put_big32(head, 4 + left);
    give(s, head, sizeof head);
    uint32_t sum = sum_of(UINT32_MAX, head + 4, 8);
    while (left > 0) {
        size_t now = left < sizeof piece ? left : sizeof piece;
        if (!take(s, piece, now))
            return false;
        give(s, piece, now);
        sum = sum_of(sum, piece, now);
        left -= (uint32_t)now;
    }
    give_sum(s, sum);
    return pass(s, 4, false);
}

static bool png_copy(strip *s, unsigned orientation)
{
    static const char kept[] = "IHDRPLTEIDATIENDtRNSgAMAcHRMsRGBsBITbKGDpHYscICPacTLfcTLfdAT";
    unsigned char head[8];
    if (!take(s, head, 8) || memcmp(head, "\x89PNG\r\n\x1a\n", 8) != 0)
        return false;
    give(s, head, 8);
    while (take(s, head, 8)) {
        if (is_one_of(head + 4, "iCCP")) {
            if (!png_profile(s, big32(head)))
                return false;
            continue;
        }
        bool keep = is_one_of(head + 4, kept);
        if (keep)
            give(s, head, 8);
        if (!pass(s, (uint64_t)big32(head) + 4, keep))
            return false;
        if (is_one_of(head + 4, "IHDR") && orientation > 1)
            give_exif_chunk(s, orientation);
        if (is_one_of(head + 4, "IEND"))
            return true;
    }
    return false;
}

/* ---- WebP ---- */

static bool webp_copy(strip *s, unsigned orientation)
{
    enum { HAS_EXIF = 8, HAS_XMP = 4 };
    static const unsigned char exif[] = {'E', 'X', 'I', 'F', WAY_BYTES, 0, 0, 0};
    unsigned char head[12];
    bool turned = false; /* a file without the extended header cannot say it */
    uint64_t kept = 4, left;
    long begin = ftell(s->to);
    if (!take(s, head, 12) || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WEBP", 4) != 0)
        return false;
    left = little32(head + 4);
    left = left > 4 ? left - 4 : 0;
    give(s, head, 12);
    while (left >= 8 && take(s, head, 8)) {
        uint64_t n = little32(head + 4), padded = n + (n & 1);
        bool keep = is_one_of(head, "VP8 VP8LVP8XALPHANIMANMFICCP"),
             extended = is_one_of(head, "VP8X");
        if (padded > left - 8 && n > left - 8)
            return false;
        if (keep) {
            give(s, head, 8);
            kept += 8 + padded;
        }
        left -= padded > left - 8 ? left : 8 + padded;
        if (extended && n > 0) {
            int flags = next(s);
            turned = orientation > 1;
            putc((flags & ~(HAS_EXIF | HAS_XMP)) | (turned ? HAS_EXIF : 0), s->to);
            padded--;
        }
        if (!pass(s, padded, keep))
            return false;
    }
    if (turned) {
        give(s, exif, sizeof exif);
        give_way(s, orientation, NULL);
        kept += sizeof exif + WAY_BYTES;
    }
    const unsigned char size[] = {(unsigned char)kept, (unsigned char)(kept >> 8),
                                  (unsigned char)(kept >> 16), (unsigned char)(kept >> 24)};
    if (begin < 0 || fseek(s->to, begin + 4, SEEK_SET) != 0)
        return false;
    give(s, size, 4);
    return fseek(s->to, 0, SEEK_END) == 0 && kept > 4 && !s->ended;
}

/* ---- GIF ---- */

/* Blocks with their lengths, up to the empty one. */
static bool gif_blocks(strip *s, bool keep)
{
    for (int n = next(s); n != EOF; n = next(s)) {
        if (keep)
            putc(n, s->to);
        if (n == 0)
            return true;
        if (!pass(s, (uint64_t)n, keep))
            return false;
    }
    return false;
}

static bool gif_extension(strip *s)
{
    enum { CONTROL = 0xf9, APPLICATION = 0xff, NAME = 11 };
    unsigned char name[1 + NAME];
    int label = next(s);
    bool keep = label == CONTROL;
    size_t n = 0;
    if (label == APPLICATION) {
        n = 1;
        if (!take(s, name, 1))
            return false;
        if (name[0] == NAME) {
            n += NAME;
            if (!take(s, name + 1, NAME))
                return false;
            /* How often it repeats; all else is somebody's own. */
            keep = memcmp(name + 1, "NETSCAPE2.0", NAME) == 0;
        } else if (!pass(s, name[0], false)) {
            return false;
        }
    }
    if (keep) {
        putc('!', s->to);
        putc(label, s->to);
        give(s, name, n);
    }
    return label != EOF && gif_blocks(s, keep);
}

static bool gif_copy(strip *s)
{
    unsigned char head[13], image[9];
    if (!take(s, head, 13) || memcmp(head, "GIF8", 4) != 0)
        return false;
    give(s, head, 13);
    if (head[10] & 0x80 && !pass(s, UINT64_C(3) << ((head[10] & 7) + 1), true))
        return false;
    for (int c = next(s); c != EOF; c = next(s)) {
        if (c == ';') {
            putc(c, s->to);
            return true;
        }
        if (c == '!') {
            if (!gif_extension(s))
                return false;
            continue;
        }
        if (c != ',' || !take(s, image, 9))
            return false;
        putc(c, s->to);
        give(s, image, 9);
        if (image[8] & 0x80 && !pass(s, UINT64_C(3) << ((image[8] & 7) + 1), true))
            return false;
        if (!pass(s, 1, true) || !gif_blocks(s, true))
            return false;
    }
    return false;
}

/* ---- which of them ---- */

bool strip_knows(const char *type)
{
    static const char *const known[] = {"jpeg", "png", "apng", "webp", "gif"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], type) == 0)
            return true;
    return false;
}

strip_end strip_copy(FILE *from, FILE *to, const char *type, unsigned orientation)
{
    strip s = {.from = from, .to = to};
    if (!strip_knows(type))
        return STRIP_NOT_KNOWN;
    if (orientation > 8)
        orientation = 1;
    errno = 0;
    bool whole = strcmp(type, "jpeg") == 0   ? jpeg_copy(&s, orientation)
                 : strcmp(type, "webp") == 0 ? webp_copy(&s, orientation)
                 : strcmp(type, "gif") == 0  ? gif_copy(&s)
                                             : png_copy(&s, orientation);
    if (ferror(from) || ferror(to) || fflush(to) != 0)
        return STRIP_FAILED;
    return whole ? STRIP_DONE : STRIP_DAMAGED;
}
