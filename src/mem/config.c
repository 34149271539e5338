/* SPDX-License-Identifier: MIT */
/*
 * The memory settings. One table, FIELDS, says for each field its name, type,
 * range and place; setting, getting, checking and completion all go by it.
 *
 * Who set a field is kept in `set`: bit i the person, bit 16 + i a profile. What
 * neither set follows the limit; what a profile set is kept as far as the limit
 * allows, so that a profile and a smaller limit go together.
 */
#include <alice/config.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "port/cpu.h"
#include "port/meminfo.h"

typedef struct field {
    alice_config_field_info info;
    size_t offset;
} field;

#define FIELD(member, section, type, min, max, unit, text)                         \
    {                                                                              \
        {#member, section "." #member, ALICE_CONFIG_##type, min, max, unit, text}, \
            offsetof(alice_config, member)                                         \
    }

/* In the order of the structure; a field's index is its bit in `set`. */
static const field FIELDS[] = {
    FIELD(max_memory_mb, "memory", UINT, 8, 1 << 24, "MB", "ceiling of the whole process"),
    FIELD(warning_threshold, "memory", RATIO, 0.1, 1, "",
          "share of the limit that counts as pressure"),
    FIELD(cache_size_mb, "memory", UINT, 1, 1 << 24, "MB", "all caches together"),
    FIELD(cache_ttl_seconds, "memory", UINT, 0, 31536000, "s",
          "how long a cached item lives; 0: for ever"),
    FIELD(chunk_size_kb, "memory", UINT, 4, 1 << 20, "KB", "bytes read at once"),
    FIELD(use_mmap, "memory", BOOL, 0, 1, "", "map large files instead of reading them"),
    FIELD(gc_threshold_mb, "memory", UINT, 1, 1 << 24, "MB", "collect above this"),
    FIELD(gc_interval_seconds, "memory", UINT, 1, 86400, "s", "collect at least so often"),
    FIELD(adaptive_batch_size, "memory", BOOL, 0, 1, "", "smaller batches under pressure"),
    FIELD(min_batch_size, "memory", UINT, 1, 1000000, "", "least items of a batch"),
    FIELD(max_batch_size, "memory", UINT, 1, 1000000, "", "most items of a batch"),
    FIELD(workers, "performance", UINT, 1, 1024, "", "threads that read files"),
    FIELD(batch_size, "performance", UINT, 0, 1000000, "",
          "items of a batch without pressure; 0: by the files' sizes"),
};

enum {
    MAX_MEMORY,
    WARNING,
    CACHE_SIZE,
    CACHE_TTL,
    CHUNK_SIZE,
    USE_MMAP,
    GC_THRESHOLD,
    GC_INTERVAL,
    ADAPTIVE,
    MIN_BATCH,
    MAX_BATCH,
    WORKERS,
    BATCH_SIZE,
    FIELD_COUNT
};

_Static_assert(sizeof FIELDS / sizeof *FIELDS == FIELD_COUNT, "the enum follows FIELDS");
_Static_assert(FIELD_COUNT <= 16, "the upper half of `set` is the profile's");

#define BIT(index) ((uint32_t)1 << (index))
#define PROFILE_BIT(index) (BIT(index) << 16)

static uint32_t *uint_of(alice_config *c, const field *f)
{
    return (uint32_t *)((char *)c + f->offset);
}

static bool *bool_of(alice_config *c, const field *f)
{
    return (bool *)((char *)c + f->offset);
}

static double *ratio_of(alice_config *c, const field *f)
{
    return (double *)((char *)c + f->offset);
}

static double value_of(const alice_config *config, const field *f)
{
    alice_config *c = (alice_config *)config; /* only read */
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        return *uint_of(c, f);
    case ALICE_CONFIG_BOOL:
        return *bool_of(c, f);
    case ALICE_CONFIG_RATIO:
        return *ratio_of(c, f);
    }
    return 0;
}

alice_config alice_config_default(void)
{
    return (alice_config){
        .max_memory_mb = 1024,
        .warning_threshold = 0.8,
        .cache_size_mb = 256,
        .cache_ttl_seconds = 300,
        .chunk_size_kb = 1024,
        .use_mmap = true,
        .gc_threshold_mb = 512,
        .gc_interval_seconds = 60,
        .adaptive_batch_size = true,
        .min_batch_size = 10,
        .max_batch_size = 1000,
        .workers = 8,
        .batch_size = 100,
    };
}

/* ---- profiles ----------------------------------------------------------- */

/* What a profile says beyond the defaults. */
typedef struct profile {
    const char *name;
    uint32_t set; /* BIT()s of the fields below that it gives */
    alice_config values;
} profile;

static const profile PROFILES[] = {
    {.name = "default"},
    {.name = "fast",
     .set = BIT(WORKERS) | BIT(BATCH_SIZE),
     .values = {.workers = 16, .batch_size = 200}},
    {.name = "memory_constrained",
     .set = BIT(MAX_MEMORY) | BIT(CACHE_SIZE) | BIT(CHUNK_SIZE) | BIT(GC_THRESHOLD) |
            BIT(MIN_BATCH) | BIT(MAX_BATCH) | BIT(WORKERS) | BIT(BATCH_SIZE),
     .values = {.max_memory_mb = 512,
                .cache_size_mb = 64,
                .chunk_size_kb = 256,
                .gc_threshold_mb = 256,
                .min_batch_size = 10,
                .max_batch_size = 100,
                .workers = 4,
                .batch_size = 50}},
    {.name = "large_collection",
     .set = BIT(MAX_MEMORY) | BIT(CACHE_SIZE) | BIT(CHUNK_SIZE) | BIT(ADAPTIVE) |
            BIT(MAX_BATCH) | BIT(WORKERS) | BIT(BATCH_SIZE),
     .values = {.max_memory_mb = 2048,
                .cache_size_mb = 512,
                .chunk_size_kb = 2048,
                .adaptive_batch_size = true,
                .max_batch_size = 1000,
                .workers = 12,
                .batch_size = 500}},
};

enum { PROFILE_COUNT = sizeof PROFILES / sizeof *PROFILES };

const char *alice_config_profile_name(size_t index)
{
    return index < PROFILE_COUNT ? PROFILES[index].name : NULL;
}

static void copy_field(alice_config *to, const alice_config *from, const field *f)
{
    alice_config *source = (alice_config *)from; /* only read */
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        *uint_of(to, f) = *uint_of(source, f);
        break;
    case ALICE_CONFIG_BOOL:
        *bool_of(to, f) = *bool_of(source, f);
        break;
    case ALICE_CONFIG_RATIO:
        *ratio_of(to, f) = *ratio_of(source, f);
        break;
    }
}

alice_status alice_config_profile(const char *name, alice_config *out)
{
    if (!name || !out)
        return ALICE_E_INVAL;
    for (size_t p = 0; p < PROFILE_COUNT; p++) {
        if (strcmp(PROFILES[p].name, name) != 0)
            continue;
        alice_config c = alice_config_default();
        for (size_t i = 0; i < FIELD_COUNT; i++)
            if (PROFILES[p].set & BIT(i))
                copy_field(&c, &PROFILES[p].values, &FIELDS[i]);
        c.set = PROFILES[p].set << 16;
        alice_config_resolve(&c);
        *out = c;
        return ALICE_OK;
    }
    return ALICE_E_NOENT;
}

/* ---- the limit, and what follows it ------------------------------------- */

alice_config alice_config_for_ram(uint64_t ram_bytes)
{
    const uint64_t gb = (uint64_t)1 << 30;
    uint64_t mb = ram_bytes < 4 * gb ? 256 : ram_bytes < 8 * gb ? 512 : 1024;
    uint64_t half = ram_bytes / 2 / ALICE_MB;
    if (mb > half)
        mb = half;
    if (mb < (uint64_t)FIELDS[MAX_MEMORY].info.min)
        mb = (uint64_t)FIELDS[MAX_MEMORY].info.min;
    alice_config c = alice_config_default();
    c.max_memory_mb = (uint32_t)mb;
    c.set = BIT(MAX_MEMORY);
    alice_config_resolve(&c);
    return c;
}

alice_status alice_config_for_system(alice_config *out)
{
    if (!out)
        return ALICE_E_INVAL;
    uint64_t ram = alice__meminfo_ram("");
    if (ram == 0)
        return ALICE_E_SYSTEM;
    *out = alice_config_for_ram(ram);
    return ALICE_OK;
}

static uint32_t at_least_1(uint32_t n)
{
    return n > 0 ? n : 1;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Let one field follow: `def` or what the profile set, but at most `bound`. */
static void follow(alice_config *c, int index, uint32_t def, uint32_t bound)
{
    uint32_t *value = uint_of(c, &FIELDS[index]);
    if (c->set & BIT(index))
        return;
    *value = smaller(c->set & PROFILE_BIT(index) ? *value : def, bound);
}

void alice_config_resolve(alice_config *config)
{
    if (!config)
        return;
    alice_config *c = config;
    uint32_t limit = c->max_memory_mb;
    follow(c, CACHE_SIZE, UINT32_MAX, at_least_1(limit / 4));
    follow(c, GC_THRESHOLD, UINT32_MAX, at_least_1(limit / 2));
    follow(c, CHUNK_SIZE, 1024, limit * 16); /* KB: 1/64 of the limit */
    follow(c, WORKERS, 8, at_least_1(limit / 16));
    /* Of least and greatest batch, the one that was not set gives way. */
    if (c->min_batch_size > c->max_batch_size) {
        if (!(c->set & BIT(MIN_BATCH)))
            c->min_batch_size = c->max_batch_size;
        else if (!(c->set & BIT(MAX_BATCH)))
            c->max_batch_size = c->min_batch_size;
    }
}

/* ---- checking ----------------------------------------------------------- */

static const char *unit_text(const field *f)
{
    return f->info.unit[0] ? " " : "";
}

static alice_status out_of_range(const field *f, double value, alice_error *error)
{
    return alice__fail(error, ALICE_E_INVAL, 0,
                       "%s is %.10g%s%s; it has to be from %.10g to %.10g", f->info.key, value,
                       unit_text(f), f->info.unit, f->info.min, f->info.max);
}

static alice_status check_fit(const alice_config *c, int index, uint32_t most, const char *why,
                              alice_error *error)
{
    const field *f = &FIELDS[index];
    double value = value_of(c, f);
    if (value <= most)
        return ALICE_OK;
    return alice__fail(error, ALICE_E_INVAL, 0,
                       "%s is %.10g%s%s; it has to be from %.10g to %u (%s)", f->info.key,
                       value, unit_text(f), f->info.unit, f->info.min, most, why);
}

alice_status alice_config_check(const alice_config *config, alice_error *error)
{
    if (!config)
        return alice__fail(error, ALICE_E_INVAL, 0, "no configuration");
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const field *f = &FIELDS[i];
        double value = value_of(config, f);
        /* Written so that a NaN is out of range. */
        if (!(value >= f->info.min && value <= f->info.max))
            return out_of_range(f, value, error);
    }
    uint32_t limit = config->max_memory_mb;
    alice_status st = check_fit(config, CACHE_SIZE, limit, "memory.max_memory_mb", error);
    if (st == ALICE_OK)
        st = check_fit(config, GC_THRESHOLD, limit, "memory.max_memory_mb", error);
    if (st == ALICE_OK)
        st = check_fit(config, CHUNK_SIZE, limit * 256, "a quarter of memory.max_memory_mb",
                       error);
    if (st == ALICE_OK)
        st = check_fit(config, MIN_BATCH, config->max_batch_size, "memory.max_batch_size",
                       error);
    return st;
}

/* ---- fields by name ----------------------------------------------------- */

const alice_config_field_info *alice_config_field(size_t index)
{
    return index < FIELD_COUNT ? &FIELDS[index].info : NULL;
}

static int find_field(const char *key)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        if (strcmp(FIELDS[i].info.name, key) == 0 || strcmp(FIELDS[i].info.key, key) == 0)
            return i;
    return -1;
}

enum { NAME_MAX_LEN = 48 };

/* How many letters have to be put in, taken out or changed to make `b` of `a`. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_LEN + 1];
    size_t nb = strlen(b);
    if (nb > NAME_MAX_LEN)
        return UINT32_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned above = row[j];
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = above;
            row[j] = best;
        }
    }
    return row[nb];
}

static alice_status no_such_field(const char *key, alice_error *error)
{
    const char *nearest = FIELDS[0].info.key;
    unsigned least = UINT32_MAX;
    if (strlen(key) > NAME_MAX_LEN)
        return alice__fail(error, ALICE_E_NOENT, 0, "no setting is named %.60s", key);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        unsigned d1 = edit_distance(key, FIELDS[i].info.name);
        unsigned d2 = edit_distance(key, FIELDS[i].info.key);
        unsigned d = d1 < d2 ? d1 : d2;
        if (d < least) {
            least = d;
            nearest = FIELDS[i].info.key;
        }
    }
    return alice__fail(error, ALICE_E_NOENT, 0, "no setting is named %s; the nearest is %s",
                       key, nearest);
}

/* Digits only; false: not a number, or too large for 64 bits. */
static bool read_plain(const char *text, uint64_t *out)
{
    uint64_t n = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || n > (UINT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *out = n;
    return true;
}

/* A number in the field's own unit, or a size with its unit that is a whole number of them. */
static bool read_uint(const field *f, const char *text, uint64_t *out)
{
    if (read_plain(text, out))
        return true;
    uint64_t unit = strcmp(f->info.unit, "MB") == 0   ? ALICE_MB
                    : strcmp(f->info.unit, "KB") == 0 ? ALICE_KB
                                                      : 0;
    uint64_t bytes;
    /* "1.5" has no unit of its own: in the field's it would not be whole. */
    char last = text[0] ? text[strlen(text) - 1] : 0;
    if (unit == 0 || (last >= '0' && last <= '9') ||
        alice_parse_size(text, &bytes) != ALICE_OK || bytes % unit != 0)
        return false;
    *out = bytes / unit;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(const char *a, const char *b)
{
    while (*a && lower(*a) == *b) {
        a++;
        b++;
    }
    return *a == 0 && *b == 0;
}

static bool read_bool(const char *text, bool *out)
{
    static const char yes[][5] = {"true", "yes", "on", "1"};
    static const char no[][6] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (same_word(text, yes[i]) || same_word(text, no[i])) {
            *out = same_word(text, yes[i]);
            return true;
        }
    }
    return false;
}

/* "0.8", ".8", "80%": by hand, since strtod follows the locale. */
static bool read_ratio(const char *text, double *out)
{
    double n = 0, weight = 1;
    bool digits = false, dot = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !dot); text++) {
        if (*text == '.') {
            dot = true;
            continue;
        }
        digits = true;
        n = n * 10 + (*text - '0');
        weight *= dot ? 10 : 1;
    }
    if (*text == '%') {
        weight *= 100;
        text++;
    }
    *out = n / weight;
    return digits && *text == 0;
}

static alice_status not_a_value(const field *f, const char *value, alice_error *error)
{
    if (f->info.type == ALICE_CONFIG_BOOL)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "%s is \"%.40s\"; it has to be true or false", f->info.key, value);
    return alice__fail(error, ALICE_E_INVAL, 0,
                       "%s is \"%.40s\"; it has to be a %snumber%s%s from %.10g to %.10g",
                       f->info.key, value, f->info.type == ALICE_CONFIG_UINT ? "whole " : "",
                       f->info.unit[0] ? " of " : "", f->info.unit, f->info.min, f->info.max);
}

alice_status alice_config_set(alice_config *config, const char *key, const char *value,
                              alice_error *error)
{
    if (!config || !key || !value)
        return alice__fail(error, ALICE_E_INVAL, 0, "no key or value");
    int index = find_field(key);
    if (index < 0)
        return no_such_field(key, error);
    const field *f = &FIELDS[index];
    uint64_t n = 0;
    double ratio = 0;
    bool flag = false;
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        if (!read_uint(f, value, &n))
            return not_a_value(f, value, error);
        if ((double)n < f->info.min || (double)n > f->info.max)
            return out_of_range(f, (double)n, error);
        *uint_of(config, f) = (uint32_t)n;
        break;
    case ALICE_CONFIG_BOOL:
        if (!read_bool(value, &flag))
            return not_a_value(f, value, error);
        *bool_of(config, f) = flag;
        break;
    case ALICE_CONFIG_RATIO:
        if (!read_ratio(value, &ratio))
            return not_a_value(f, value, error);
        if (!(ratio >= f->info.min && ratio <= f->info.max))
            return out_of_range(f, ratio, error);
        *ratio_of(config, f) = ratio;
        break;
    }
    config->set |= BIT(index);
    config->set &= ~PROFILE_BIT(index);
    return ALICE_OK;
}

alice_status alice_config_get(const alice_config *config, const char *key, char *buf,
                              size_t size)
{
    if (!config || !key || !buf)
        return ALICE_E_INVAL;
    int index = find_field(key);
    if (index < 0)
        return ALICE_E_NOENT;
    const field *f = &FIELDS[index];
    double value = value_of(config, f);
    char text[32];
    if (f->info.type == ALICE_CONFIG_BOOL)
        snprintf(text, sizeof text, "%s", value > 0 ? "true" : "false");
    else
        snprintf(text, sizeof text, "%.10g", value);
    size_t n = strlen(text);
    if (n >= size)
        return ALICE_E_TOOBIG;
    memcpy(buf, text, n + 1);
    return ALICE_OK;
}

/* ---- what is derived ---------------------------------------------------- */

alice_cache_shares alice_config_shares(const alice_config *config)
{
    alice_cache_shares s = {0};
    if (!config)
        return s;
    double limit = (double)config->max_memory_mb * (double)ALICE_MB;
    double cache = (double)config->cache_size_mb * (double)ALICE_MB;
    double all = limit * (0.15 + 0.075 + 0.25 + 0.025);
    double scale = all > cache ? cache / all : 1;
    s.metadata = (size_t)(limit * 0.15 * scale);
    s.hash = (size_t)(limit * 0.075 * scale);
    s.result = (size_t)(limit * 0.25 * scale);
    s.directory = (size_t)(limit * 0.025 * scale);
    return s;
}

uint32_t alice_config_baseline_batch(const alice_config *config, uint64_t mean_file_bytes)
{
    uint32_t base = mean_file_bytes < ALICE_MB         ? 500
                    : mean_file_bytes <= 10 * ALICE_MB ? 100
                                                       : 20;
    if (!config)
        return base;
    if (base > config->max_batch_size)
        base = config->max_batch_size;
    if (base < config->min_batch_size)
        base = config->min_batch_size;
    return base;
}

uint32_t alice_config_workers(const alice_config *config)
{
    uint32_t most = 2 * alice__cpu_count();
    uint32_t workers = config ? config->workers : alice_config_default().workers;
    return at_least_1(smaller(workers, most));
}
