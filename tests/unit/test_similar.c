/* SPDX-License-Identifier: MIT */
/* What hashes of pictures promise, how decoders are held, and what alice_similar() does with
 * those that lie, end or hang. */
#define _GNU_SOURCE
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/budget.h>
#include <alice/similar.h>

#include "faulty.h"
#include "media/picture_hash.h"
#include "organize/pictures.h"
#include "port/decoder.h"
#include "tree.h"

static int top = -1;
static char top_path[64];

static int set_up(void **state)
{
    (void)state;
    top = tree_make(top_path);
    return top < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(top_path);
    return 0;
}

/* ---- hashes ---- */

enum { W = 96, H = 64 };

/* Hills and valleys, the same for a seed. */
static void draw(uint8_t p[H][W], unsigned seed)
{
    for (unsigned y = 0; y < H; y++)
        for (unsigned x = 0; x < W; x++) {
            unsigned v = 128;
            for (unsigned i = 1; i < 6; i++)
                v += (x * (seed * 7 + i) / 5 + y * (seed * 3 + i * i) / 4) % 64 > 31 ? 13 : -9U;
            p[y][x] = (uint8_t)v;
        }
}

static void the_eight_ways_of_a_picture_are_near(void **state)
{
    (void)state;
    uint8_t p[H][W], other[H][W], turned[H * W];
    alice__picture_hash h, way;
    unsigned quality;
    draw(p, 3);
    draw(other, 8);
    alice__picture_hash_of(&p[0][0], W, H, &h, &quality);
    assert_true(quality > 0);
    for (unsigned i = 0; i < 8; i++) {
        const bool left = i & 1, down = i & 2, across = i & 4;
        for (unsigned y = 0; y < H; y++)
            for (unsigned x = 0; x < W; x++) {
                unsigned tx = left ? W - 1 - x : x, ty = down ? H - 1 - y : y;
                turned[across ? tx * H + ty : ty * W + tx] = p[y][x];
            }
        alice__picture_hash_of(turned, across ? H : W, across ? W : H, &way, &quality);
        alice__picture_hash asked = across ? alice__picture_hash_across(&way) : way;
        assert_in_range(alice__picture_distance_mirrored(&h, &asked), 0, 8);
        if (i == 0)
            assert_int_equal(alice__picture_distance(&h, &way), 0);
    }
    alice__picture_hash_of(&other[0][0], W, H, &way, &quality);
    assert_true(alice__picture_distance_mirrored(&h, &way) > ALICE_SIMILAR_DISTANCE);
    memset(p, 77, sizeof p);
    alice__picture_hash_of(&p[0][0], W, H, &h, &quality);
    assert_int_equal(quality, 0);
}

static void pictures_of_any_shape_have_a_hash(void **state)
{
    (void)state;
    static uint8_t p[512 * 512];
    const uint32_t sides[] = {1, 2, 63, 64, 65, 511, 512};
    alice__picture_hash h;
    unsigned quality;
    for (size_t i = 0; i < sizeof p; i++)
        p[i] = (uint8_t)(i * 2654435761U >> 24);
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < 7; k++) {
            alice__picture_hash_of(p, sides[i], sides[k], &h, &quality);
            assert_in_range(quality, 0, 100);
        }
}

/* ---- decoders that lie ---- */

/* A program that does not do what a decoder does: a shell script. */
static void make_decoder(char path[128], const char *script)
{
    snprintf(path, 128, "%s/decoder", top_path);
    tree_file(top, "decoder", script, strlen(script));
    assert_int_equal(chmod(path, 0755), 0);
}

/* The first answer, that it is ready, as a shell prints it to the socket. */
#define READY "printf ALP1 >&0\nhead -c 36 /dev/zero >&0\n"

/* A clock that stands still until it is told to run: each look is two seconds later then. */
static uint64_t fake_ns, fake_step_ns;

static uint64_t fake_now(void *ctx)
{
    (void)ctx;
    return fake_ns += fake_step_ns;
}

static const alice_clock fake_clock = {.now_ns = fake_now};

static alice_status ask_one(const char *script, alice_status *status)
{
    static const alice__picture_ask luma = {
        .magic = ALICE__PICTURE_MAGIC, .channels = 1, .side = ALICE__PICTURE_LUMA_SIDE};
    fake_step_ns =
        script && strstr(script, READY) == NULL && strstr(script, "sleep") ? 2000000000 : 0;
    char path[128] = "/nowhere/alice-decode";
    alice__pictures *pictures;
    alice__picture p = {.tag = 0};
    alice_error error;
    if (script)
        make_decoder(path, script);
    const alice__pictures_options o = {.env = {.clock = &fake_clock},
                                       .program = path,
                                       .count = 1,
                                       .allowance = 8 * ALICE_MB,
                                       .file_ms = 5000};
    alice_status st = alice__pictures_open(&pictures, &o, &error);
    if (st != ALICE_OK)
        return st;
    fake_step_ns = script && strstr(script, READY "exec sleep") ? 2000000000 : 0;
    int fd = open("/dev/null", O_RDONLY);
    st = alice__pictures_ask(pictures, &luma, fd, 7, &error);
    close(fd);
    if (st == ALICE_OK)
        st = alice__pictures_next(pictures, &p, &error);
    if (st == ALICE_OK) {
        assert_int_equal(p.tag, 7);
        assert_non_null(p.why);
        assert_true(alice__pictures_has_idle(pictures));
        assert_int_equal(alice__pictures_next(pictures, &p, &error), ALICE_E_END);
        assert_int_equal(alice__pictures_lost(pictures), 1);
    }
    *status = p.status;
    alice__pictures_close(&pictures);
    return st;
}

static void a_decoder_that_is_none_is_told_at_once(void **state)
{
    (void)state;
    alice_status status;
    assert_int_equal(ask_one(NULL, &status), ALICE_E_SYSTEM);
    assert_int_equal(ask_one("#!/bin/sh\nexit 0\n", &status), ALICE_E_SYSTEM);
    assert_int_equal(
        ask_one("#!/bin/sh\necho hello, I am a decoder, believe me please >&0\n", &status),
        ALICE_E_SYSTEM);
    assert_int_equal(ask_one("#!/bin/sh\nexec sleep 1000\n", &status), ALICE_E_SYSTEM);
}

static void what_lies_or_ends_or_hangs_fails_one_picture(void **state)
{
    (void)state;
    alice_status status;
    assert_int_equal(ask_one("#!/bin/sh\n" READY "exec sleep 1000\n", &status), ALICE_OK);
    assert_int_equal(status, ALICE_E_TIMEOUT);
    assert_int_equal(
        ask_one("#!/bin/sh\n" READY "head -c 8 >/dev/null\nkill -SEGV $$\n", &status),
        ALICE_OK);
    assert_int_equal(status, ALICE_E_DAMAGED);
    /* Ready once more, with four billion bytes to come. */
    assert_int_equal(ask_one("#!/bin/sh\n" READY "head -c 8 >/dev/null\n"
                             "{ head -c 40 /dev/zero | tr '\\0' '\\377'; } >&0\n"
                             "exec sleep 1000\n",
                             &status),
                     ALICE_OK);
    assert_int_equal(status, ALICE_E_DAMAGED);
}

/* A decoder that says more than it was asked: that it was no picture, twice. */
static void what_was_not_asked_for_is_no_answer(void **state)
{
    (void)state;
    static const alice__picture_ask luma = {
        .magic = ALICE__PICTURE_MAGIC, .channels = 1, .side = ALICE__PICTURE_LUMA_SIDE};
    static const char no_picture[] =
        "printf 'ALP1\\002\\0\\0\\0' >&0\nhead -c 32 /dev/zero >&0\n";
    char script[512], path[128];
    alice__pictures *pictures;
    alice__picture p;
    struct stat st = {0};
    snprintf(script, sizeof script,
             "#!/bin/sh\n" READY "head -c 8 >/dev/null\n%s%secho >>%s/said\nexec sleep 1000\n",
             no_picture, no_picture, top_path);
    make_decoder(path, script);
    fake_step_ns = 0;
    const alice__pictures_options o = {
        .env = {.clock = &fake_clock}, .program = path, .count = 1, .allowance = 8 * ALICE_MB};
    assert_ok(alice__pictures_open(&pictures, &o, NULL));
    int fd = open("/dev/null", O_RDONLY);
    for (uint64_t tag = 1; tag <= 3; tag++) {
        assert_ok(alice__pictures_ask(pictures, &luma, fd, tag, NULL));
        assert_ok(alice__pictures_next(pictures, &p, NULL));
        assert_int_equal(p.tag, tag);
        assert_int_equal(p.status, ALICE_E_UNSUPPORTED);
        /* Until it has said the second, which is no answer to what is asked next. */
        for (int i = 0; i < 5000 && st.st_size < (off_t)tag; i++)
            if (fstatat(top, "said", &st, 0) != 0 || st.st_size < (off_t)tag)
                poll(NULL, 0, 1);
        assert_int_equal(st.st_size, tag);
    }
    close(fd);
    alice__pictures_close(&pictures);
}

static void answers_are_held_against_what_was_asked(void **state)
{
    (void)state;
    const alice__picture_ask ask = {
        .magic = ALICE__PICTURE_MAGIC, .channels = 3, .side = ALICE__PICTURE_RGB_SIDE};
    const alice__picture_answer good = {.magic = ALICE__PICTURE_MAGIC,
                                        .state = ALICE__PICTURE_OK,
                                        .width = 4000,
                                        .height = 3000,
                                        .out_width = 256,
                                        .out_height = 192,
                                        .channels = 3,
                                        .bytes = 256 * 192 * 3};
    alice__picture_answer a = good;
    assert_true(alice__picture_ask_holds(&ask));
    assert_true(alice__picture_answer_holds(&a, &ask));
    a.bytes++;
    assert_false(alice__picture_answer_holds(&a, &ask));
    a = good;
    a.out_width = 0x10000, a.out_height = 0x10000, a.bytes = 0; /* 0 modulo 2^32 */
    assert_false(alice__picture_answer_holds(&a, &ask));
    a = good;
    a.channels = 1, a.bytes = 256 * 192;
    assert_false(alice__picture_answer_holds(&a, &ask));
    a = good;
    a.state = ALICE__PICTURE_DAMAGED;
    assert_false(alice__picture_answer_holds(&a, &ask));
    a = good;
    a.width = 0;
    assert_false(alice__picture_answer_holds(&a, &ask));
    alice__picture_ask wide = ask;
    wide.side = ALICE__PICTURE_LUMA_SIDE;
    assert_false(alice__picture_ask_holds(&wide));
}

/* ---- the whole ---- */

/* A GIF of W × H pixels that are not packed: codes of 9 bits, cleared before each grows. */
static void put_gif(const char *name, unsigned seed)
{
    static uint8_t gif[64 * 1024];
    uint8_t p[H][W];
    const uint8_t head[] = {'G', 'I', 'F', '8', '9', 'a', W, 0, H, 0, 0xf7, 0, 0};
    const uint8_t frame[] = {',', 0, 0, 0, 0, W, 0, H, 0, 0, 8};
    size_t n = 0, bits = 0, block = 0;
    uint32_t held = 0;
    draw(p, seed);
    memcpy(gif, head, n = sizeof head);
    for (unsigned i = 0; i < 256; i++, n += 3)
        memset(gif + n, (int)i, 3);
    memcpy(gif + n, frame, sizeof frame);
    n += sizeof frame;
    block = n++;
    for (unsigned i = 0, codes = 0; i <= W * H; i++) {
        unsigned code = i == W * H ? 257 : codes % 200 == 0 ? 256 : (&p[0][0])[i];
        i -= code == 256;
        codes++;
        held |= code << bits;
        for (bits += 9; bits >= 8 || (code == 257 && bits); bits -= bits < 8 ? bits : 8) {
            if (n - block == 256) {
                gif[block] = 255;
                block = n++;
            }
            gif[n++] = (uint8_t)held;
            held >>= 8;
        }
    }
    gif[block] = (uint8_t)(n - block - 1);
    gif[n++] = 0;
    gif[n++] = ';';
    tree_file(top, name, gif, n);
}

typedef struct seen {
    char text[256];
    unsigned files, unread, stop_after;
} seen;

static void on_file(void *ctx, const alice_similar_file *f)
{
    seen *s = ctx;
    size_t n = strlen(s->text);
    s->files++;
    snprintf(s->text + n, sizeof s->text - n, "%s%s",
             f->first && n ? " | "
             : n           ? " "
                           : "",
             strrchr(f->path, '/') + 1);
}

static void on_unread(void *ctx, const alice_unread_file *f)
{
    seen *s = ctx;
    assert_non_null(f->why);
    s->unread++;
}

static bool stop(void *ctx)
{
    const seen *s = ctx;
    return s->stop_after && s->files + 1 >= s->stop_after;
}

static alice_status look(seen *s, const alice_alloc *alloc, const char *decoder,
                         alice_similar_result *r)
{
    const char *paths[] = {top_path};
    const alice_similar_options o = {.env = {.alloc = alloc},
                                     .config = {.max_memory_mb = 64},
                                     .paths = paths,
                                     .path_count = 1,
                                     .decoder = decoder,
                                     .on_file = on_file,
                                     .on_unread = on_unread,
                                     .should_stop = stop,
                                     .ctx = s};
    alice_error error;
    return alice_similar(&o, r, &error);
}

static void three_of_two(void)
{
    put_gif("a1.gif", 3);
    put_gif("a2.gif", 3);
    put_gif("b.gif", 8);
    put_gif("a3.gif", 3);
}

static void groups_are_told_and_a_stop_is_heard(void **state)
{
    (void)state;
    seen s = {.text = ""};
    alice_similar_result r;
    three_of_two();
    assert_int_equal(look(&s, NULL, NULL, &r), ALICE_OK);
    assert_string_equal(s.text, "a1.gif a2.gif a3.gif");
    assert_int_equal(r.pictures, 4);
    assert_int_equal(r.decoded, 4);
    assert_int_equal(r.similar, 2);
    s = (seen){.stop_after = 1};
    assert_int_equal(look(&s, NULL, NULL, &r), ALICE_E_CANCELLED);
    s = (seen){.stop_after = 2};
    assert_int_equal(look(&s, NULL, NULL, &r), ALICE_E_CANCELLED);
}

static void each_picture_may_end_its_decoder(void **state)
{
    (void)state;
    char path[128];
    seen s = {.text = ""};
    alice_similar_result r;
    three_of_two();
    make_decoder(path, "#!/bin/sh\n" READY "head -c 8 >/dev/null\n");
    assert_int_equal(look(&s, NULL, path, &r), ALICE_OK);
    assert_int_equal(r.unread, 5); /* the decoder is a file here, too */
    assert_int_equal(s.unread, 5);
    assert_int_equal(r.groups, 0);
}

static void memory_fails_everywhere(void **state)
{
    (void)state;
    three_of_two();
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        seen s = {.text = ""};
        alice_similar_result r;
        alice_status st = look(&s, &alloc, NULL, &r);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired)
            break;
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
    }
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    const char *paths[] = {top_path};
    const alice_keep_rule under = {.keep = ALICE_KEEP_UNDER};
    alice_similar_options o = {.paths = paths};
    alice_error error;
    assert_int_equal(alice_similar(NULL, NULL, &error), ALICE_E_INVAL);
    assert_int_equal(alice_similar(&o, NULL, &error), ALICE_E_INVAL);
    o.path_count = 1;
    o.distance = ALICE_SIMILAR_DISTANCE_MOST + 1;
    assert_int_equal(alice_similar(&o, NULL, &error), ALICE_E_INVAL);
    o.distance = 0;
    o.keep = &under;
    o.keep_count = 1;
    assert_int_equal(alice_similar(&o, NULL, &error), ALICE_E_INVAL);
    o.keep = NULL;
    o.config.max_memory_mb = 16;
    assert_int_equal(alice_similar(&o, NULL, &error), ALICE_E_BUDGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_eight_ways_of_a_picture_are_near),
        cmocka_unit_test(pictures_of_any_shape_have_a_hash),
        cmocka_unit_test(answers_are_held_against_what_was_asked),
        cmocka_unit_test_setup_teardown(a_decoder_that_is_none_is_told_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_asked_for_is_no_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_lies_or_ends_or_hangs_fails_one_picture, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(groups_are_told_and_a_stop_is_heard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_picture_may_end_its_decoder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_fails_everywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_options_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("similar", tests, NULL, NULL);
}
