/* SPDX-License-Identifier: MIT */
/* The preview inside a file: found where it truly is, and nowhere else. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <alice/preview.h>

#include "media/preview.h"

enum { SMALL = 40, ROOM = 1024 };

/* A file in the making, with the byte order of its directories. */
typedef struct made {
    uint8_t bytes[ROOM];
    size_t n;
    bool little;
} made;

static void put(made *m, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        m->bytes[m->n++] = (uint8_t)(value >> 8 * (m->little ? i : width - 1 - i));
}

static void put_text(made *m, const char *text, size_t n)
{
    memcpy(m->bytes + m->n, text, n);
    m->n += n;
}

static void entry(made *m, unsigned tag, unsigned type, uint32_t value)
{
    put(m, tag, 2);
    put(m, type, 2);
    put(m, 1, 4);
    put(m, value, type == 3 ? 2 : 4);
    if (type == 3)
        put(m, 0, 2);
}

/* IFD0 with an orientation, IFD1 that points to a JPEG of `claimed` bytes behind it. */
static void tiff(made *m, unsigned orientation, uint32_t claimed)
{
    size_t base = m->n;
    put_text(m, m->little ? "II" : "MM", 2);
    put(m, 42, 2);
    put(m, 8, 4);
    put(m, 1, 2);
    entry(m, 0x112, 3, orientation);
    put(m, 26, 4); /* IFD1 */
    put(m, 2, 2);
    entry(m, 0x201, 4, 26 + 2 + 24 + 4);
    entry(m, 0x202, 4, claimed);
    put(m, 0, 4);
    assert_int_equal(m->n - base, 56);
    put_text(m, "\xff\xd8\xff\xdb", 4);
    memset(m->bytes + m->n, 'p', SMALL - 4);
    m->n += SMALL - 4;
}

static void jpeg(made *m, unsigned orientation, uint32_t claimed)
{
    put_text(m, "\xff\xd8\xff\xe0\0\4xx\xff\xe1\0\0Exif\0\0", 18);
    size_t length = m->n - 8;
    tiff(m, orientation, claimed);
    m->bytes[length] = 0;
    m->bytes[length + 1] = (uint8_t)(m->n - length);
    put_text(m, "\xff\xda\0\2", 4);
    memset(m->bytes + m->n, 'L', 80); /* the large picture */
    m->n += 80;
    put_text(m, "\xff\xd9", 2);
}

static alice_status find(const made *m, size_t n, uint64_t most, alice_preview *out)
{
    FILE *f = tmpfile();
    assert_non_null(f);
    assert_int_equal(fwrite(m->bytes, 1, n, f), n);
    assert_int_equal(fflush(f), 0);
    alice_status st = alice_preview_find(NULL, fileno(f), most, out);
    assert_int_equal(lseek(fileno(f), 0, SEEK_CUR), (off_t)n); /* its position stays */
    fclose(f);
    return st;
}

static void of_a_jpeg(void **state)
{
    (void)state;
    for (int little = 0; little < 2; little++) {
        made m = {.little = little != 0};
        alice_preview p;
        jpeg(&m, 6, SMALL);
        assert_int_equal(find(&m, m.n, 1000, &p), ALICE_OK);
        assert_int_equal(p.bytes, SMALL);
        assert_int_equal(p.orientation, 6);
        assert_memory_equal(m.bytes + p.offset, "\xff\xd8\xff\xdbpppp", 8);
        assert_int_equal(find(&m, m.n, SMALL - 1, &p), ALICE_E_NOENT);
    }
}

static void of_a_tiff(void **state)
{
    (void)state;
    made m = {.little = true};
    alice_preview p;
    tiff(&m, 1, SMALL);
    m.n += 64;
    assert_int_equal(find(&m, m.n, 1000, &p), ALICE_OK);
    assert_int_equal(p.offset, 56);
}

static void of_a_raf(void **state)
{
    (void)state;
    made m = {.n = 0};
    alice_preview p;
    put_text(&m, "FUJIFILMCCD-RAW ", 16);
    m.n = 84;
    put(&m, 100, 4);
    put(&m, 300, 4);
    m.n = 100;
    jpeg(&m, 8, SMALL);
    m.n = 400;
    assert_int_equal(find(&m, m.n, 1000, &p), ALICE_OK); /* the whole one */
    assert_int_equal(p.offset, 100);
    assert_int_equal(p.orientation, 8);
    assert_int_equal(find(&m, m.n, 299, &p), ALICE_OK); /* the one inside of it */
    assert_int_equal(p.bytes, SMALL);
}

/* `before` bytes of other chunks, then one that holds a TIFF. */
static void chunked(made *m, bool png, bool headed, size_t before)
{
    made inner = {.little = !png};
    size_t head = headed ? 6 : 0;
    put_text(&inner, "Exif\0", head);
    tiff(&inner, 6, SMALL);
    m->little = !png;
    put_text(m, png ? "\x89PNG\r\n\x1a\n" : "RIFF\0\0\0\0WEBP", png ? 8 : 12);
    for (int last = 0; last < 2; last++) {
        size_t n = last ? inner.n : before;
        const char *name = png ? (last ? "eXIf" : "IDAT") : (last ? "EXIF" : "VP8 ");
        if (png)
            put(m, n, 4);
        put_text(m, name, 4);
        if (!png)
            put(m, n, 4);
        if (last)
            put_text(m, (const char *)inner.bytes, n);
        else
            m->n += n + (png ? 0 : n & 1);
        if (png)
            put(m, 0, 4);
    }
    m->n += 64;
}

static void of_a_png_and_a_webp(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        made m = {.n = 0};
        alice_preview p;
        chunked(&m, i & 1, i & 2, i & 4 ? 101 : 0);
        assert_int_equal(find(&m, m.n, 1000, &p), ALICE_OK);
        assert_int_equal(p.orientation, 6);
        assert_memory_equal(m.bytes + p.offset, "\xff\xd8\xff\xdbpppp", 8);
        for (size_t n = 0; n < m.n; n++)
            (void)find(&m, n, 1000, &p); /* cut anywhere it ends */
    }
}

static void claims_are_looked_at(void **state)
{
    (void)state;
    static const uint32_t claims[] = {0, 1, 400, 4000, UINT32_MAX};
    alice_preview p;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        made m = {.n = 0};
        jpeg(&m, 1, claims[i]);
        assert_int_equal(find(&m, m.n, UINT64_MAX, &p), ALICE_E_NOENT);
    }
    made m = {.n = 0};
    jpeg(&m, 77, SMALL);
    assert_int_equal(find(&m, m.n, 1000, &p), ALICE_OK);
    assert_int_equal(p.orientation, 1); /* there is no 77th way */
    uint8_t *at = memchr(m.bytes + 60, 0xdb, m.n - 60);
    assert_non_null(at);
    at[-2] = 0; /* it does not begin as a JPEG */
    assert_int_equal(find(&m, m.n, 1000, &p), ALICE_E_NOENT);
}

static void cut_anywhere_it_ends(void **state)
{
    (void)state;
    made m = {.n = 0};
    jpeg(&m, 3, SMALL);
    for (size_t n = 0; n < m.n; n++) {
        alice_preview p;
        alice_status st = find(&m, n, 1000, &p);
        assert_true(st == ALICE_E_NOENT || (st == ALICE_OK && p.offset + p.bytes <= n));
    }
}

static void what_is_no_file(void **state)
{
    (void)state;
    alice_preview p;
    int ends[2];
    assert_int_equal(alice_preview_find(NULL, -1, 1000, &p), ALICE_E_INVAL);
    assert_int_equal(alice_preview_find(NULL, 0, 1000, NULL), ALICE_E_INVAL);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(alice_preview_find(NULL, ends[0], 1000, &p), ALICE_E_INVAL);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_a_jpeg),
                                       cmocka_unit_test(of_a_tiff),
                                       cmocka_unit_test(of_a_raf),
                                       cmocka_unit_test(of_a_png_and_a_webp),
                                       cmocka_unit_test(claims_are_looked_at),
                                       cmocka_unit_test(cut_anywhere_it_ends),
                                       cmocka_unit_test(what_is_no_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
