/* SPDX-License-Identifier: MIT */
/*
 * A document is a list of fields, each ended by a zero: WHOLE, a letter for its kind and a text
 * that is one token; or PARTS and a text that is cut.
 */
#include "catalog/search_text.h"

#include <math.h>
#include <string.h>

#include "base/place.h"
#include "base/text.h"

enum {
    WHOLE = 1,
    PARTS = 2,
    PART = 3,         /* bytes of a token of a text */
    WHOLE_MOST = 128, /* bytes of a token that is a fact */
    TOKENS_MOST = 24, /* of a query: each costs a page for each segment of the index */
    CELLS_MOST = 24,  /* of a circle */
    GRIDS = 4,        /* cells of a hundredth, a tenth, one and ten degrees */
    ROUND = 360 * ALICE__DEGREE
};

static const int32_t grid_side[GRIDS] = {ALICE__DEGREE / 100, ALICE__DEGREE / 10, ALICE__DEGREE,
                                         10 * ALICE__DEGREE};

/* ---- bytes that grow ---- */

alice_status alice__room_more(alice__room *r, size_t n)
{
    if (n <= r->size - r->n)
        return ALICE_OK;
    size_t size = (r->n + n) * 2 + 1024;
    void *p = r->p;
    alice_status st = alice_env_resize(&r->env, &p, r->size, size, ALICE_HERE);
    if (st != ALICE_OK)
        return st;
    r->p = p;
    r->size = size;
    return ALICE_OK;
}

void alice__room_free(alice__room *r)
{
    alice_env_free(&r->env, r->p, r->size);
    r->p = NULL;
    r->n = r->size = 0;
}

static void put_byte(alice__room *r, char c)
{
    r->p[r->n++] = c;
}

/* The text with its letters folded, which takes no more bytes than it has. */
static void put_folded(alice__room *r, const char *text, size_t n)
{
    alice__fold_case(text, r->p + r->n, n + 1);
    r->n += strlen(r->p + r->n);
}

/* ---- the tokenizer ---- */

typedef int (*token_fn)(void *ctx, int flags, const char *token, int n, int start, int end);

static int make_tokenizer(void *ctx, const char **args, int count, Fts5Tokenizer **out)
{
    static const int one = 1; /* it has no state: any address will do */
    (void)ctx;
    (void)args;
    (void)count;
    *out = (Fts5Tokenizer *)(uintptr_t)&one;
    return SQLITE_OK;
}

static void drop_tokenizer(Fts5Tokenizer *t)
{
    (void)t;
}

static int cut(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int n, token_fn told)
{
    int rc = SQLITE_OK;
    (void)t;
    if (flags & FTS5_TOKENIZE_QUERY)
        return n > 0 ? told(ctx, 0, text, n, 0, n) : SQLITE_OK;
    for (int at = 0; at < n && rc == SQLITE_OK;) {
        const char *end = memchr(text + at, 0, (size_t)(n - at));
        int stop = end ? (int)(end - text) : n;
        if (text[at] == WHOLE)
            rc = told(ctx, 0, text + at, stop - at, at, stop);
        else
            for (int i = at + 1; i + PART <= stop && rc == SQLITE_OK; i++)
                rc = told(ctx, 0, text + i, PART, i, i + PART);
        at = stop + 1;
    }
    return rc;
}

bool alice__search_tokens_known(sqlite3 *db)
{
    static const fts5_tokenizer own = {make_tokenizer, drop_tokenizer, cut};
    fts5_api *api = NULL;
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &q, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(q, 1, (void *)&api, "fts5_api_ptr", NULL);
        (void)sqlite3_step(q); /* else there is none, which is looked at */
    }
    sqlite3_finalize(q);
    fts5_tokenizer copy = own;
    return api && api->xCreateTokenizer(api, "alice", NULL, &copy, NULL) == SQLITE_OK;
}

/* ---- places ---- */

/* The cell of a grid that a position is in: rows from the south, columns from Greenwich's other
 * side, which go round. */
static size_t cell_name(char *to, int grid, int32_t row, int32_t column)
{
    const int32_t columns = ROUND / grid_side[grid];
    column = (column % columns + columns) % columns;
    to[0] = (char)('0' + grid);
    size_t n = 1;
    for (int i = 0; i < 2; i++) {
        uint32_t v = (uint32_t)(i == 0 ? row : column);
        for (int digit = 0; digit < 4; digit++, v >>= 4)
            to[n++] = (char)('A' + (v & 15));
    }
    return n;
}

static int32_t row_of(int grid, int64_t latitude)
{
    return (int32_t)((latitude + 90 * ALICE__DEGREE) / grid_side[grid]);
}

/* Longitudes beyond the date line count on. */
static int32_t column_of(int grid, int64_t longitude)
{
    return (int32_t)((longitude + 180 * ALICE__DEGREE + ROUND) / grid_side[grid]);
}

/* ---- documents ---- */

/* A fact as one token, cut between two letters where it is long. */
static size_t whole_token(char token[2 + WHOLE_MOST + 1], char letter, const char *text,
                          size_t n)
{
    char cut_text[WHOLE_MOST + 1];
    if (n > WHOLE_MOST)
        for (n = WHOLE_MOST; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
            ;
    memcpy(cut_text, text, n);
    cut_text[n] = 0;
    token[0] = WHOLE;
    token[1] = letter;
    alice__fold_case(cut_text, token + 2, WHOLE_MOST + 1);
    return 2 + strlen(token + 2);
}

static alice_status add_whole(alice__room *to, char letter, const char *text, size_t n)
{
    char token[2 + WHOLE_MOST + 1];
    if (n == 0)
        return ALICE_OK;
    alice_status st = alice__room_more(to, sizeof token);
    if (st != ALICE_OK)
        return st;
    n = whole_token(token, letter, text, n);
    memcpy(to->p + to->n, token, n);
    to->n += n;
    put_byte(to, 0);
    return ALICE_OK;
}

static alice_status add_parts(alice__room *to, const char *text)
{
    size_t n = strlen(text);
    if (n < PART)
        return ALICE_OK;
    alice_status st = alice__room_more(to, n + 3);
    if (st != ALICE_OK)
        return st;
    put_byte(to, PARTS);
    put_folded(to, text, n);
    put_byte(to, 0);
    return ALICE_OK;
}

const char *alice__project_of(const char *path, size_t *n)
{
    const char *begin = strchr(path, '/');
    const char *end = begin ? strchr(begin + 1, '/') : NULL;
    *n = end ? (size_t)(end - begin - 1) : 0;
    return end ? begin + 1 : "";
}

static alice_status add_place(alice__room *to, const alice__organized *file)
{
    alice_status st = alice__room_more(to, GRIDS * (size_t)16);
    for (int grid = 0; st == ALICE_OK && grid < GRIDS; grid++) {
        put_byte(to, WHOLE);
        put_byte(to, 'n');
        to->n += cell_name(to->p + to->n, grid, row_of(grid, file->latitude),
                           column_of(grid, file->longitude));
        put_byte(to, 0);
    }
    return st;
}

alice_status alice__search_document(alice__room *to, const alice__organized *file)
{
    const alice_library_file *f = &file->file;
    const char *const parts[] = {f->path,   f->generator,       f->ai_model,
                                 f->prompt, f->negative_prompt, f->albums};
    size_t n = 0;
    const char *project = alice__project_of(f->path, &n);
    to->n = 0;
    alice_status st = add_whole(to, 'p', project, n);
    if (st == ALICE_OK)
        st = add_whole(to, 'g', f->generator, strlen(f->generator));
    if (st == ALICE_OK)
        st = add_whole(to, 's', f->seed, strlen(f->seed));
    if (st == ALICE_OK)
        st = add_whole(to, 't', f->type, strlen(f->type));
    for (const char *a = f->albums; st == ALICE_OK && *a; a += n + (a[n] == '\n')) {
        n = strcspn(a, "\n");
        st = add_whole(to, 'a', a, n);
    }
    for (size_t i = 0; st == ALICE_OK && i < sizeof parts / sizeof *parts; i++)
        st = add_parts(to, parts[i]);
    /* Make and model are asked as one text, too: `--camera "acme box"`. */
    if (st == ALICE_OK)
        st = alice__room_more(to, strlen(f->make) + strlen(f->model) + 4);
    if (st != ALICE_OK)
        return st;
    put_byte(to, PARTS);
    put_folded(to, f->make, strlen(f->make));
    put_byte(to, ' ');
    put_folded(to, f->model, strlen(f->model));
    put_byte(to, 0);
    return f->placed ? add_place(to, file) : ALICE_OK;
}

/* ---- expressions ---- */

/* A token between quotes, in which a quote is written twice. */
static void put_quoted(alice__room *to, const char *token, size_t n)
{
    put_byte(to, '"');
    for (size_t i = 0; i < n; i++) {
        if (token[i] == '"')
            put_byte(to, '"');
        put_byte(to, token[i]);
    }
    put_byte(to, '"');
}

static void put_and(alice__room *to)
{
    static const char word[] = " AND ";
    if (to->n == 0)
        return;
    memcpy(to->p + to->n, word, sizeof word - 1);
    to->n += sizeof word - 1;
}

/* Ask for a text: at most `most` tokens of it, from begin to end. */
static alice_status ask_parts(alice__room *to, const char *text, size_t most)
{
    size_t n = text ? strlen(text) : 0;
    if (n < PART)
        return ALICE_OK;
    /* It is folded behind where the tokens go. */
    alice_status st = alice__room_more(to, most * 16 + 2 * n + 2);
    if (st != ALICE_OK)
        return st;
    char *folded = to->p + to->size - n - 1;
    alice__fold_case(text, folded, n + 1);
    size_t starts = strlen(folded) - PART + 1;
    size_t count = starts < most ? starts : most;
    for (size_t i = 0; i < count; i++) {
        size_t at = count > 1 ? i * (starts - 1) / (count - 1) : 0;
        put_and(to);
        put_quoted(to, folded + at, PART);
    }
    return ALICE_OK;
}

static alice_status ask_whole(alice__room *to, char letter, const char *text)
{
    char token[2 + WHOLE_MOST + 1];
    if (!text || !*text)
        return ALICE_OK;
    alice_status st = alice__room_more(to, 2 * sizeof token + 16);
    if (st != ALICE_OK)
        return st;
    size_t n = whole_token(token, letter, text, strlen(text));
    put_and(to);
    put_quoted(to, token, n);
    return ALICE_OK;
}

typedef struct box {
    int64_t south, north, west, east;
} box;

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

/* What holds the circle; false where it goes round the earth. */
static bool box_of(const alice_search_query *query, box *b)
{
    const double km_per_degree = 111.0; /* less than it is: the box is too large */
    const int64_t pole = 90 * ALICE__DEGREE;
    double up = query->km / km_per_degree;
    double top = fabs(query->latitude) + up;
    if (top >= 89)
        return false;
    double side = up / cos(top * acos(-1.0) / 180);
    if (side >= 170)
        return false;
    b->south = clamp((int64_t)((query->latitude - up) * ALICE__DEGREE) - 2, -pole, pole);
    b->north = clamp((int64_t)((query->latitude + up) * ALICE__DEGREE) + 2, -pole, pole);
    b->west = (int64_t)((query->longitude - side) * ALICE__DEGREE) - 2;
    b->east = (int64_t)((query->longitude + side) * ALICE__DEGREE) + 2;
    return true;
}

/* Ask for the cells that the circle touches, of the finest grid of which these are few. */
static alice_status ask_near(alice__room *to, const alice_search_query *query)
{
    static const char or_word[] = " OR ";
    char token[16] = {WHOLE, 'n'};
    box b;
    if (!query->near || !box_of(query, &b))
        return ALICE_OK;
    for (int grid = 0; grid < GRIDS; grid++) {
        int32_t south = row_of(grid, b.south), north = row_of(grid, b.north);
        int32_t west = column_of(grid, b.west), east = column_of(grid, b.east);
        if ((int64_t)(north - south + 1) * (east - west + 1) > CELLS_MOST)
            continue;
        alice_status st = alice__room_more(to, CELLS_MOST * (size_t)40 + 16);
        if (st != ALICE_OK)
            return st;
        put_and(to);
        put_byte(to, '(');
        for (int32_t row = south; row <= north; row++)
            for (int32_t column = west; column <= east; column++) {
                if (row > south || column > west) {
                    memcpy(to->p + to->n, or_word, sizeof or_word - 1);
                    to->n += sizeof or_word - 1;
                }
                put_quoted(to, token, 2 + cell_name(token + 2, grid, row, column));
            }
        put_byte(to, ')');
        return ALICE_OK;
    }
    return ALICE_OK;
}

alice_status alice__search_expression(alice__room *to, const alice_search_query *query)
{
    size_t texts = query->word_count + !!query->camera + !!query->model;
    size_t each = texts ? TOKENS_MOST / texts : 1;
    if (each < 2)
        each = 2;
    to->n = 0;
    alice_status st = ask_whole(to, 's', query->seed);
    if (st == ALICE_OK)
        st = ask_whole(to, 'g', query->generator);
    if (st == ALICE_OK)
        st = ask_whole(to, 'p', query->project);
    if (st == ALICE_OK)
        st = ask_whole(to, 't', query->type);
    if (st == ALICE_OK)
        st = ask_whole(to, 'a', query->album);
    if (st == ALICE_OK)
        st = ask_near(to, query);
    if (st == ALICE_OK)
        st = ask_parts(to, query->camera, each);
    if (st == ALICE_OK)
        st = ask_parts(to, query->model, each);
    /* Of many words the first are enough to ask for: files are held against all. */
    for (size_t i = 0; st == ALICE_OK && i < query->word_count && i < TOKENS_MOST / 2; i++)
        st = ask_parts(to, query->words[i], each);
    if (st == ALICE_OK)
        st = alice__room_more(to, 1);
    if (st == ALICE_OK)
        to->p[to->n] = 0;
    return st;
}
