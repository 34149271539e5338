/* SPDX-License-Identifier: MIT */
/*
 * The analyzer against a collection of real files, where there is one beside the
 * source tree (or in $ALICE_CORPUS): expected.tsv says what another reader
 * found in each. Skipped where it is absent.
 *
 * The time is fixed, so that "the future" is the same on every day.
 */
#define _XOPEN_SOURCE 700
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/analyze.h"
#include "media/names.h"

enum { NOW = 1830297600, PATH = 1024, CUTS = 50, SKIPPED = 77 }; /* 2028-01-01 */

static char corpus[PATH];

/* Where we differ from the table, and why. */
static const struct difference {
    const char *path;
    const char *column; /* "date", "make", "model" or "generator" */
    const char *why;
} differences[] = {
    {"photos/jpg/exif-org/sony-powershota5.jpg", "date",
     "stands only in a CIFF block, as exiftool's CIFF:DateTimeOriginal, which the table did "
     "not ask for"},
    {"bad/text_after_idat.png", "generator",
     "the parameters of a web UI stand in it, behind the picture, where ImageMagick puts "
     "texts when it writes a file again: the table looked at those before the picture"},
};

/* ---- files as inputs ---- */

typedef struct opened {
    alice__input in;
    uint8_t *bytes; /* the whole file */
    uint64_t end;   /* where it is cut */
} opened;

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    opened *o = ctx;
    *got = offset < o->end ? (size_t)(o->end - offset) : 0;
    if (*got > n)
        *got = n;
    if (*got > 0)
        memcpy(to, o->bytes + offset, *got);
    return ALICE_OK;
}

static void cut_at(opened *o, uint64_t end)
{
    o->end = end;
    o->in.size = end;
    o->in.head = (alice_bytes){o->bytes, end < 65536 ? (size_t)end : 65536};
}

static bool open_file(opened *o, const char *path)
{
    struct stat st;
    memset(o, 0, sizeof *o);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    assert_int_equal(fstat(fd, &st), 0);
    size_t size = (size_t)st.st_size, at = 0;
    o->bytes = malloc(size ? size : 1);
    assert_non_null(o->bytes);
    while (at < size) {
        ssize_t got = read(fd, o->bytes + at, size - at);
        assert_true(got > 0);
        at += (size_t)got;
    }
    close(fd);
    o->in.fetch = fetch;
    o->in.ctx = o;
    cut_at(o, size);
    return true;
}

static alice__file_facts facts_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (alice__file_facts){.name = slash ? slash + 1 : path, .folders = "", .now_s = NOW};
}

/* ---- the table ---- */

typedef struct row {
    char *field[8]; /* path, type, date, tag, make, model, software, generator */
} row;

static bool split(char *line, row *r)
{
    line[strcspn(line, "\n")] = 0;
    for (int i = 0; i < 8; i++) {
        r->field[i] = line;
        line = strchr(line, '\t');
        if (!line)
            return i == 7;
        *line++ = 0;
    }
    return true;
}

static bool explained(const char *path, const char *column)
{
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (!strcmp(differences[i].path, path) && !strcmp(differences[i].column, column))
            return true;
    return false;
}

/* False, and said, where a column differs; `*unexplained` counts what no list explains. */
static bool agrees(const row *r, const char *column, const char *want, const char *have,
                   unsigned *unexplained)
{
    if (!strcmp(want, have))
        return true;
    bool known = explained(r->field[0], column);
    print_message("%s: %s is \"%s\", the table says \"%s\"%s\n", r->field[0], column, have,
                  want, known ? " (explained)" : "");
    *unexplained += !known;
    return false;
}

static const char *text_of(const alice_media_info *info, alice_fact which, char *buf,
                           size_t cap)
{
    alice_text t = info->fact[which];
    if (t.n == 0)
        return "-";
    snprintf(buf, cap, "%.*s", (int)t.n, t.p);
    return buf;
}

static const char *date_of(const alice_media_info *info, char *buf, size_t cap)
{
    if (info->date_source >= ALICE_DATE_NAME)
        return "-"; /* not from inside the file */
    snprintf(buf, cap, "%04d-%02u-%02u", info->date.year, info->date.month, info->date.day);
    return buf;
}

static void the_table_agrees(void **state)
{
    (void)state;
    char path[PATH * 2], line[PATH], buf[PATH];
    unsigned rows = 0, differing = 0, unexplained = 0;
    alice__analyzer *a = NULL;
    snprintf(path, sizeof path, "%s/expected.tsv", corpus);
    FILE *table = fopen(path, "r");
    assert_non_null(table);
    assert_ok(alice__analyzer_open(&a, NULL, 32768));
    while (fgets(line, sizeof line, table)) {
        row r;
        opened o;
        alice_media_info info;
        if (line[0] == '#' || !split(line, &r))
            continue;
        snprintf(path, sizeof path, "%s/%s", corpus, r.field[0]);
        assert_true(open_file(&o, path));
        alice__file_facts file = facts_of(r.field[0]);
        assert_ok(alice__analyzer_read(a, &o.in, &file, &info));
        bool same =
            agrees(&r, "date", r.field[2], date_of(&info, buf, sizeof buf), &unexplained);
        same &= agrees(&r, "make", r.field[4], text_of(&info, ALICE_FACT_MAKE, buf, sizeof buf),
                       &unexplained);
        same &= agrees(&r, "model", r.field[5],
                       text_of(&info, ALICE_FACT_MODEL, buf, sizeof buf), &unexplained);
        if (strcmp(r.field[7], "?") != 0) {
            const char *have = alice_generator_name(info.generator);
            (void)agrees(&r, "generator", r.field[7], *have ? have : "-", &unexplained);
        }
        rows++;
        differing += !same;
        free(o.bytes);
    }
    fclose(table);
    alice__analyzer_close(&a);
    print_message("%u rows, %u differ in date, make or model\n", rows, differing);
    assert_true(rows > 100);
    assert_int_equal(unexplained, 0);
    assert_true(differing * 100 <= rows);
}

/* ---- damage ---- */

static struct {
    unsigned whole, cuts, seen;
} damage;

/* Those that are damaged as they are. */
static bool is_damaged(const char *path)
{
    return strstr(path, "/bad/") != NULL;
}

static int judge_file(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    static alice__analyzer *a;
    opened o;
    alice_media_info info;
    (void)st;
    (void)walk;
    if (type != FTW_F || is_damaged(path) || !open_file(&o, path))
        return 0;
    assert_ok(alice__analyzer_open(&a, NULL, 32768));
    alice__file_facts file = facts_of(path);
    uint64_t size = o.end;
    assert_ok(alice__analyzer_read(a, &o.in, &file, &info));
    bool codestream =
        info.type == ALICE_MEDIA_JXL && o.bytes[0] == 0xff; /* has no end marker */
    if (info.type != ALICE_MEDIA_NONE && !codestream) {
        if (info.status != ALICE_OK)
            fail_msg("%s is whole, and said to be damaged: %s", path, info.reason);
        damage.whole++;
        for (unsigned part = 95; part > 50; part -= 15) {
            cut_at(&o, size * part / 100);
            assert_ok(alice__analyzer_read(a, &o.in, &file, &info));
            damage.cuts++;
            damage.seen += info.status == ALICE_E_DAMAGED;
        }
    }
    alice__analyzer_close(&a);
    free(o.bytes);
    return 0;
}

/* No false alarm on a whole file; of those that are cut, 19 of 20 are found. The rest are
 * JPEGs whose last KBs, flat, could be anything. */
static void cut_files_are_damaged_and_whole_ones_are_not(void **state)
{
    (void)state;
    assert_int_equal(nftw(corpus, judge_file, 16, FTW_PHYS), 0);
    print_message("%u files are whole; of %u cuts, %u are seen\n", damage.whole, damage.cuts,
                  damage.seen);
    assert_true(damage.whole > 100);
    assert_true(damage.seen * 20 >= damage.cuts * 19);
}

/* ---- cuts ---- */

static alice__analyzer *cutter;
static unsigned files_cut;

static void read_cut(opened *o, const alice__file_facts *file)
{
    alice_media_info info;
    char source[64];
    alice_status st = alice__analyzer_read(cutter, &o->in, file, &info);
    assert_int_equal(st, ALICE_OK);
    assert_true((unsigned)info.type < ALICE_MEDIA_COUNT);
    if (info.status != ALICE_OK)
        assert_true(info.reason[0] != 0); /* a named error */
    assert_true(alice__source_name(&info, file->name, source, sizeof source) > 0);
}

static int cut_file(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    opened o;
    (void)st;
    (void)walk;
    if (type != FTW_F || !open_file(&o, path))
        return 0;
    alice__file_facts file = facts_of(path);
    uint64_t size = o.end;
    uint8_t *whole = o.bytes;
    for (uint64_t i = 0; i <= CUTS; i++) {
        /* Half of the cuts lie in the head, where the structures are; the last is the file
         * itself. */
        uint64_t head = size < 65536 ? size : 65536;
        uint64_t end = i == CUTS ? size : i % 2 ? size * i / CUTS : head * i / CUTS;
        uint64_t first = end < 65536 ? end : 65536;
        /* The head in a block of its exact size: a read beyond it is seen. */
        uint8_t *exact = malloc(first ? (size_t)first : 1);
        assert_non_null(exact);
        memcpy(exact, whole, (size_t)first);
        cut_at(&o, end);
        o.in.head.p = exact;
        read_cut(&o, &file);
        free(exact);
    }
    free(whole);
    files_cut++;
    return 0;
}

static void cut_files_end_in_a_value_or_a_named_error(void **state)
{
    (void)state;
    assert_ok(alice__analyzer_open(&cutter, NULL, 32768));
    assert_int_equal(nftw(corpus, cut_file, 16, FTW_PHYS), 0);
    alice__analyzer_close(&cutter);
    assert_true(files_cut > 100);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_agrees),
        cmocka_unit_test(cut_files_are_damaged_and_whole_ones_are_not),
        cmocka_unit_test(cut_files_end_in_a_value_or_a_named_error),
    };
    const char *given = getenv("ALICE_CORPUS");
    char table[PATH + 16];
    snprintf(corpus, sizeof corpus, "%s",
             given      ? given
             : argc > 1 ? argv[1]
                        : "../shared/corpus");
    snprintf(table, sizeof table, "%s/expected.tsv", corpus);
    if (access(table, R_OK) != 0) {
        fprintf(stderr, "SKIPPED: no real files were read; there is no collection at %s\n",
                corpus);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
