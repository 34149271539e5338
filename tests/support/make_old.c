/* SPDX-License-Identifier: MIT */
#include "make_old.h"

#include <stdio.h>
#include <string.h>

#include "make_boxes.h"

enum { DAY = 1710498030 }; /* 2024-03-15 10:20:30 UTC */

void make_bmp(blob *b, uint32_t width, uint32_t height)
{
    blob_text(b, "BM");
    uint32_t lines = height > INT32_MAX ? 0u - height : height;
    size_t pixels = (width + 31) / 32 * (size_t)4 * lines;
    blob_le32(b, 54 + (uint32_t)pixels);
    blob_le32(b, 0);
    blob_le32(b, 54);
    blob_le32(b, 40);
    blob_le32(b, width);
    blob_le32(b, height);
    blob_le16(b, 1);
    blob_le16(b, 1);
    blob_zeros(b, 24 + pixels);
}

static void resource(blob *b, unsigned id, const void *p, size_t n)
{
    blob_text(b, "8BIM");
    blob_be16(b, id);
    blob_be16(b, 0);
    blob_be32(b, (uint32_t)n);
    blob_add(b, p, n);
    blob_zeros(b, n % 2);
}

void make_psd(blob *b, uint32_t width, uint32_t height, blob exif, blob iptc, const char *xmp)
{
    blob_text(b, "8BPS");
    blob_be16(b, 1);
    blob_zeros(b, 6);
    blob_be16(b, 3);
    blob_be32(b, height);
    blob_be32(b, width);
    blob_be16(b, 8);
    blob_be16(b, 3);
    blob_be32(b, 6);
    blob_zeros(b, 6);
    size_t at = b->n;
    blob_be32(b, 0);
    resource(b, 0x03ed, "abc", 3);
    if (iptc.n)
        resource(b, 0x0404, iptc.p, iptc.n);
    if (exif.n)
        resource(b, 0x0422, exif.p, exif.n);
    if (xmp)
        resource(b, 0x0424, xmp, strlen(xmp));
    blob_put_be32(b, at, (uint32_t)(b->n - at - 4));
    blob_be32(b, 60); /* layers, and one byte of the picture */
    blob_zeros(b, 61);
}

void make_mrw(blob *b, unsigned width, unsigned height, blob exif)
{
    blob_add(b, "\0MRM", 4);
    blob_be32(b, (uint32_t)(8 + 24 + 8 + exif.n));
    blob_add(b, "\0PRD", 4);
    blob_be32(b, 24);
    blob_text(b, "27730001");
    blob_be16(b, height + 8);
    blob_be16(b, width + 8);
    blob_be16(b, height);
    blob_be16(b, width);
    blob_zeros(b, 8);
    blob_add(b, "\0TTW", 4);
    blob_be32(b, (uint32_t)exif.n);
    blob_add(b, exif.p, exif.n);
    blob_zeros(b, (width + 8) * (size_t)(height + 8) * 3 / 2);
}

static void ciff_entry(blob *b, unsigned tag, size_t n, size_t at)
{
    blob_le16(b, tag);
    blob_le32(b, (uint32_t)n);
    blob_le32(b, (uint32_t)at);
}

void make_crw(blob *b, const char *make, const char *model, uint32_t width, uint32_t height)
{
    enum { HEAP = 26 };
    blob_text(b, "II");
    blob_le32(b, HEAP);
    blob_text(b, "HEAPCCDR");
    blob_zeros(b, 12);
    size_t images = b->n, camera = images;
    blob_add(b, make, strlen(make) + 1);
    blob_add(b, model, strlen(model) + 1);
    size_t camera_n = b->n - camera, directory = b->n - camera;
    blob_le16(b, 1);
    ciff_entry(b, 0x080a, camera_n, 0);
    blob_le32(b, (uint32_t)directory);
    size_t camera_end = b->n, time = b->n;
    blob_le32(b, DAY);
    blob_zeros(b, 8);
    size_t image = b->n;
    blob_le32(b, width);
    blob_le32(b, height);
    blob_zeros(b, 20);
    directory = b->n - images;
    blob_le16(b, 4);
    ciff_entry(b, 0x2807, camera_end - camera, 0);
    ciff_entry(b, 0x180e, 12, time - images);
    ciff_entry(b, 0x1810, 28, image - images);
    ciff_entry(b, 0x580b, 7, 7); /* a value in its entry */
    blob_le32(b, (uint32_t)directory);
    size_t end = b->n;
    directory = end - HEAP;
    blob_le16(b, 1);
    ciff_entry(b, 0x300a, end - images, images - HEAP);
    blob_le32(b, (uint32_t)directory);
}

static void packet_of(blob *b, unsigned packet, unsigned pid, bool begins, const uint8_t *p,
                      size_t n)
{
    blob_zeros(b, packet - 188);
    blob_u8(b, 0x47);
    blob_be16(b, (begins ? 0x4000u : 0) | pid);
    size_t fill = 184 - n;
    blob_u8(b, fill ? 0x30 : 0x10);
    if (fill) {
        blob_u8(b, (unsigned)fill - 1);
        blob_zeros(b, fill - 1);
    }
    blob_add(b, p, n);
}

void make_mts(blob *b, unsigned packet, unsigned make, unsigned zone, unsigned others)
{
    blob es = {0};
    blob_add(&es, "\0\0\1\xe0\0\0\x80\0\5\0\0\0\0\0", 14); /* a PES header */
    blob_add(&es, "\0\0\0\1\x09\x10\0\0\0\1\x06\x05\x30", 13);
    blob_zeros(&es, 140); /* the message goes over a packet's edge */
    blob_add(&es, "\x17\xee\x8c\x60\xf8\x4d\x11\xd9\x8c\xd6\x08\0\x20\x0c\x9a\x66MDPM", 20);
    blob_u8(&es, 4);
    blob_u8(&es, 0x13);
    blob_add(&es, "\0\0\3\0\0\3", 6); /* four zeros */
    blob_u8(&es, 0x18);
    blob_u8(&es, zone);
    blob_add(&es, "\x20\x24\x03", 3);
    blob_u8(&es, 0x19);
    blob_add(&es, "\x15\x10\x20\x30", 4);
    blob_u8(&es, 0xe0);
    blob_be16(&es, make);
    blob_be16(&es, 1);
    while (es.n < 3 * 184)
        blob_u8(&es, 0x80);
    for (unsigned i = 0; i < others; i++)
        packet_of(b, packet, 0x1011 - 0x11, i == 0, (const uint8_t *)"table", 5);
    for (size_t at = 0; at < es.n; at += 184)
        packet_of(b, packet, 0x1011, at == 0, es.p + at, 184);
    for (unsigned i = 0; i < 4; i++)
        packet_of(b, packet, 0x1fff, false, es.p, 180);
    blob_free(&es);
}

void make_mpg(blob *b, unsigned width, unsigned height)
{
    blob_add(b, "\0\0\1\xba\x44\0\4\0\4\1\0\0\0\xf8", 14);
    blob_add(b, "\0\0\1\xe0\0\x40\x80\0\0", 9);
    blob_add(b, "\0\0\1\xb3", 4);
    blob_u8(b, width >> 4);
    blob_u8(b, (width & 15) << 4 | height >> 8);
    blob_u8(b, height & 255);
    blob_zeros(b, 64);
}

void make_m2v(blob *b, unsigned width, unsigned height, unsigned tables)
{
    blob_add(b, "\0\0\1\xb3", 4);
    blob_u8(b, width >> 4);
    blob_u8(b, (width & 15) << 4 | height >> 8);
    blob_u8(b, height & 255);
    blob_u8(b, 0x23);
    blob_add(b, "\x0c\x35\x23", 3);
    blob_u8(b, tables ? 0x82 : 0x80);
    for (unsigned i = 0; i < tables; i++) {
        for (unsigned w = 0; w < 63; w++)
            blob_u8(b, 0x10);
        blob_u8(b, i + 1 < tables ? 0x11 : 0x10);
    }
    blob_add(b, "\0\0\1\xb8\0\x08\0\x40", 8);
    blob_zeros(b, 64);
}

static void guid(blob *b, const char *bytes, uint64_t size)
{
    blob_add(b, bytes, 16);
    blob_le64(b, size);
}

enum { ASF_DATA = 1000 };

void make_asf(blob *b, uint32_t width, uint32_t height, bool video)
{
    guid(b, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", 30 + 104 + 104);
    blob_le32(b, 2);
    blob_le16(b, 0x0201);
    guid(b, "\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\0\xc0\x0c\x20\x53\x65", 104);
    blob_zeros(b, 16);
    blob_le64(b, 30 + 104 + 104 + ASF_DATA);
    blob_le64(b, (UINT64_C(11644473600) + DAY) * 10000000);
    blob_zeros(b, 48);
    guid(b, "\x91\x07\xdc\xb7\xb7\xa9\xcf\x11\x8e\xe6\0\xc0\x0c\x20\x53\x65", 104);
    blob_add(b,
             video ? "\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"
                   : "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b",
             16);
    blob_zeros(b, 38);
    blob_le32(b, width);
    blob_le32(b, height);
    blob_zeros(b, 104 - 24 - 16 - 38 - 8);
    guid(b, "\x36\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c", ASF_DATA);
    blob_zeros(b, ASF_DATA - 24);
}

static void amf_number(blob *b, const char *key, unsigned v)
{
    double d = v;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    blob_be16(b, (unsigned)strlen(key));
    blob_text(b, key);
    blob_u8(b, 0);
    blob_be64(b, bits);
}

enum { FLV_SIZE = 1000 };

void make_flv(blob *b, unsigned width, unsigned height, const char *date)
{
    blob_add(b, "FLV\1\5\0\0\0\x09\0\0\0\0\x12\0\1\0\0\0\0\0\0\0\0", 24);
    blob_add(b, "\2\0\x0aonMetaData\x08\0\0\0\4", 18);
    amf_number(b, "filesize", FLV_SIZE);
    amf_number(b, "width", width);
    amf_number(b, "height", height);
    if (date) {
        blob_be16(b, 12);
        blob_text(b, "creationdate");
        blob_u8(b, 2);
        blob_be16(b, (unsigned)strlen(date));
        blob_text(b, date);
    }
    blob_add(b, "\0\0\x09", 3);
    blob_zeros(b, FLV_SIZE - b->n);
}

void make_jp2(blob *b, uint32_t width, uint32_t height, blob exif, const char *xmp)
{
    blob_add(b, "\0\0\0\x0cjP  \r\n\x87\n", 12);
    make_ftyp(b, "jp2 ", "jp2 ");
    size_t at = make_box(b, "jp2h"), inner = make_box(b, "ihdr");
    blob_be32(b, height);
    blob_be32(b, width);
    blob_zeros(b, 6);
    make_box_end(b, inner);
    make_box_end(b, at);
    if (exif.n) {
        at = make_box(b, "uuid");
        blob_text(b, "JpgTiffExif->JP2");
        blob_add(b, exif.p, exif.n);
        make_box_end(b, at);
    }
    if (xmp)
        make_uuid_xmp(b, xmp);
    at = make_box(b, "jp2c");
    blob_zeros(b, 16);
    blob_be16(b, 0xffd9);
    make_box_end(b, at);
}

/* ---- X3F ---- */

static void utf16(blob *b, const char *text)
{
    do
        blob_le16(b, (unsigned char)*text);
    while (*text++);
}

static void x3f_properties(blob *b, const char *make, const char *model)
{
    char time[16];
    snprintf(time, sizeof time, "%d", DAY);
    const char *texts[] = {"CAMMANUF", make, "CAMMODEL", model, "TIME", time};
    uint32_t at = 0;
    blob_text(b, "SECp");
    blob_le32(b, 0x20000);
    blob_le32(b, 3);
    blob_zeros(b, 8);
    size_t length = b->n;
    blob_le32(b, 0);
    for (unsigned i = 0; i < 6; i++) {
        blob_le32(b, at);
        at += (uint32_t)strlen(texts[i]) + 1;
    }
    for (unsigned i = 0; i < 6; i++)
        utf16(b, texts[i]);
    blob_put_le32(b, length, at);
}

void make_x3f(blob *b, uint32_t width, uint32_t height, const char *make, const char *model,
              blob jpeg)
{
    blob_text(b, "FOVb");
    blob_le32(b, 0x20001);
    blob_zeros(b, 20);
    blob_le32(b, width);
    blob_le32(b, height);
    blob_zeros(b, 232 - b->n);
    size_t properties = b->n;
    x3f_properties(b, make, model);
    size_t image = b->n;
    blob_text(b, "SECi");
    blob_le32(b, 0x20000);
    blob_le32(b, 2);
    blob_le32(b, jpeg.n ? 18 : 3);
    blob_zeros(b, 12);
    blob_add(b, jpeg.n ? (const void *)jpeg.p : "pixels", jpeg.n ? jpeg.n : 6);
    size_t end = b->n;
    blob_text(b, "SECd");
    blob_le32(b, 0x20000);
    blob_le32(b, 2);
    blob_le32(b, (uint32_t)properties);
    blob_le32(b, (uint32_t)(image - properties));
    blob_text(b, "PROP");
    blob_le32(b, (uint32_t)image);
    blob_le32(b, (uint32_t)(end - image));
    blob_text(b, "IMA2");
    blob_le32(b, (uint32_t)end);
}

static void backwards(blob *b, const char *text, size_t n)
{
    size_t length = strlen(text);
    for (size_t i = length; i > 0; i--)
        blob_u8(b, (unsigned char)text[i - 1]);
    blob_zeros(b, n - length);
}

void make_kyocera(blob *b, const char *model)
{
    blob_zeros(b, 12);
    backwards(b, model, 12);
    blob_u8(b, 0);
    backwards(b, "KYOCERA", 7);
    blob_u8(b, 0);
    backwards(b, "2024:03:15 10:20:30", 20);
    blob_zeros(b, 1000);
}

static void order16(blob *b, bool little, unsigned v)
{
    if (little)
        blob_le16(b, v);
    else
        blob_be16(b, v);
}

static void order32(blob *b, bool little, uint32_t v)
{
    if (little)
        blob_le32(b, v);
    else
        blob_be32(b, v);
}

void make_afcp(blob *b, bool little, blob iptc)
{
    const char *mark = little ? "AXS*" : "AXS!";
    size_t at = b->n;
    blob_text(b, mark);
    order16(b, little, 0x100);
    order16(b, little, 2);
    blob_zeros(b, 4);
    blob_text(b, "TEXT");
    order32(b, little, 4);
    order32(b, little, (uint32_t)at + 36);
    blob_text(b, "IPTC");
    order32(b, little, (uint32_t)iptc.n);
    order32(b, little, (uint32_t)at + 40);
    blob_text(b, "text");
    blob_add(b, iptc.p, iptc.n);
    blob_text(b, mark);
    order32(b, little, (uint32_t)at);
    blob_zeros(b, 4);
}
