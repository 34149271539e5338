/* SPDX-License-Identifier: MIT */
/*
 * The memory settings. A setting is one row of FIELDS: its name, type, range, default
 * and what it follows from. Setting, getting, checking, completing and telling where a
 * value came from all go by it.
 *
 * A field that is 0 was not set. Resolving gives it a value, in this order: what the
 * profile says, as far as the limit allows; what follows from the limit; the default.
 */
#include <alice/config.h>

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "port/cpu.h"
#include "port/meminfo.h"

typedef struct field {
    alice_config_field_info info;
    size_t offset;
    /* Bound by the limit: at most limit * num / den, and at least 1; den 0: not bound. */
    uint32_t num, den;
    bool share;    /* not only bound: what nobody set is that share of the limit */
    bool zero;     /* 0 is a value of its own, which is kept as ALICE_CONFIG_NONE */
    bool negative; /* the structure says the opposite, so that its 0 is the default */
} field;

#define NAMED(member, section, type, min, max, def, unit, follows, text)                      \
    .offset = offsetof(alice_config, member),                                                 \
    .info = {#member, section "." #member, ALICE_CONFIG_##type, min, max, def, unit, follows, \
             text}

/* In the order of the structure's origins. */
static const field FIELDS[] = {
    {NAMED(max_memory_mb, "memory", UINT, 8, 1 << 24, 1024, "MB", NULL,
           "ceiling of the whole process")},
    {NAMED(warning_threshold, "memory", RATIO, 0.1, 1, 0.8, "", NULL,
           "share of the limit that counts as pressure")},
    {NAMED(cache_size_mb, "memory", UINT, 1, 1 << 24, 256, "MB", "a quarter of the limit",
           "all caches together"),
     .num = 1, .den = 4, .share = true},
    {NAMED(cache_ttl_seconds, "memory", UINT, 0, 31536000, 300, "s", NULL,
           "how long a cached item lives; 0: for ever"),
     .zero = true},
    {NAMED(chunk_size_kb, "memory", UINT, 4, 1 << 20, 1024, "KB", "at most 1/64 of the limit",
           "bytes read at once"),
     .num = 16, .den = 1},
    {.offset = offsetof(alice_config, no_mmap),
     .negative = true,
     .info = {"use_mmap", "memory.use_mmap", ALICE_CONFIG_BOOL, 0, 1, 1, "", NULL,
              "map large files instead of reading them"}},
    {NAMED(gc_threshold_mb, "memory", UINT, 1, 1 << 24, 512, "MB", "half of the limit",
           "collect above this"),
     .num = 1, .den = 2, .share = true},
    {NAMED(gc_interval_seconds, "memory", UINT, 1, 86400, 60, "s", NULL,
           "collect at least so often")},
    {.offset = offsetof(alice_config, fixed_batch_size),
     .negative = true,
     .info = {"adaptive_batch_size", "memory.adaptive_batch_size", ALICE_CONFIG_BOOL, 0, 1, 1,
              "", NULL, "smaller batches under pressure"}},
    {NAMED(min_batch_size, "memory", UINT, 1, 1000000, 10, "", NULL, "least items of a batch")},
    {NAMED(max_batch_size, "memory", UINT, 1, 1000000, 1000, "", NULL,
           "most items of a batch")},
    {NAMED(workers, "performance", UINT, 1, 1024, 8, "", "at most one for 16 MB of the limit",
           "threads that read files"),
     .num = 1, .den = 16},
    {NAMED(batch_size, "performance", UINT, 0, 1000000, 100, "", NULL,
           "items of a batch without pressure; 0: by the files' sizes"),
     .zero = true},
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
_Static_assert(FIELD_COUNT <= ALICE_CONFIG_FIELDS, "every field has an origin");

/* ---- values ------------------------------------------------------------- */

static void *place_of(alice_config *c, const field *f)
{
    return (char *)c + f->offset;
}

static const void *in_place(const alice_config *c, const field *f)
{
    return (const char *)c + f->offset;
}

/* What the setting says: a number in its unit, a ratio, 0 or 1. */
static double value_of(const alice_config *c, const field *f)
{
    uint32_t n;
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        n = *(const uint32_t *)in_place(c, f);
        return f->zero && n == ALICE_CONFIG_NONE ? 0 : n;
    case ALICE_CONFIG_BOOL:
        return *(const bool *)in_place(c, f) != f->negative;
    case ALICE_CONFIG_RATIO:
        return *(const double *)in_place(c, f);
    }
    return 0;
}

static void put_value(alice_config *c, const field *f, double value)
{
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        *(uint32_t *)place_of(c, f) =
            f->zero && value == 0 ? ALICE_CONFIG_NONE : (uint32_t)value;
        break;
    case ALICE_CONFIG_BOOL:
        *(bool *)place_of(c, f) = (value != 0) != f->negative;
        break;
    case ALICE_CONFIG_RATIO:
        *(double *)place_of(c, f) = value;
        break;
    }
}

/* Whether the structure's own field is anything but 0. */
static bool is_given(const alice_config *c, const field *f)
{
    switch (f->info.type) {
    case ALICE_CONFIG_UINT:
        return *(const uint32_t *)in_place(c, f) != 0;
    case ALICE_CONFIG_BOOL:
        return *(const bool *)in_place(c, f);
    case ALICE_CONFIG_RATIO: /* also a NaN, which the check refuses */
        return !(*(const double *)in_place(c, f) == 0);
    }
    return false;
}

/* ---- profiles ----------------------------------------------------------- */

/* What a profile says beyond the defaults; a 0 says nothing. */
typedef struct profile {
    const char *name;
    alice_config values;
} profile;

static const profile PROFILES[] = {
    [ALICE_CONFIG_PROFILE_DEFAULT] = {"default", {0}},
    [ALICE_CONFIG_PROFILE_FAST] = {"fast", {.workers = 16, .batch_size = 200}},
    [ALICE_CONFIG_PROFILE_MEMORY_CONSTRAINED] = {"memory_constrained",
                                                 {.max_memory_mb = 512,
                                                  .cache_size_mb = 64,
                                                  .chunk_size_kb = 256,
                                                  .gc_threshold_mb = 256,
                                                  .min_batch_size = 10,
                                                  .max_batch_size = 100,
                                                  .workers = 4,
                                                  .batch_size = 50}},
    [ALICE_CONFIG_PROFILE_LARGE_COLLECTION] = {"large_collection",
                                               {.max_memory_mb = 2048,
                                                .cache_size_mb = 512,
                                                .chunk_size_kb = 2048,
                                                .max_batch_size = 1000,
                                                .workers = 12,
                                                .batch_size = 500}},
};

enum { PROFILE_COUNT = sizeof PROFILES / sizeof *PROFILES };

const char *alice_config_profile_name(size_t index)
{
    return index < PROFILE_COUNT ? PROFILES[index].name : NULL;
}

alice_status alice_config_use_profile(alice_config *config, const char *name)
{
    if (!name || !config)
        return ALICE_E_INVAL;
    for (size_t p = 0; p < PROFILE_COUNT; p++)
        if (strcmp(PROFILES[p].name, name) == 0) {
            config->profile = (alice_config_profile)p;
            return ALICE_OK;
        }
    return ALICE_E_NOENT;
}

/* ---- the limit, and what follows it ------------------------------------- */

void alice_config_for_ram(uint64_t ram_bytes, alice_config *out)
{
    const uint64_t gb = (uint64_t)1 << 30;
    uint64_t mb = ram_bytes < 4 * gb ? 256 : ram_bytes < 8 * gb ? 512 : 1024;
    uint64_t half = ram_bytes / 2 / ALICE_MB;
    if (mb > half)
        mb = half;
    if (mb < (uint64_t)FIELDS[MAX_MEMORY].info.min)
        mb = (uint64_t)FIELDS[MAX_MEMORY].info.min;
    if (out)
        *out = (alice_config){.max_memory_mb = (uint32_t)mb};
}

alice_status alice_config_for_system(alice_config *out)
{
    if (!out)
        return ALICE_E_INVAL;
    uint64_t ram = alice__meminfo_ram("");
    if (ram == 0)
        return ALICE_E_SYSTEM;
    alice_config_for_ram(ram, out);
    return ALICE_OK;
}

/* Give a field that was not set its value; the limit has to have one. */
static void follow(alice_config *c, size_t index, const alice_config *named)
{
    const field *f = &FIELDS[index];
    bool by_profile = is_given(named, f);
    double value = by_profile ? value_of(named, f) : f->info.def;
    uint8_t origin = by_profile ? ALICE_ORIGIN_PROFILE : ALICE_ORIGIN_DEFAULT;
    if (f->den != 0) {
        uint64_t share = (uint64_t)c->max_memory_mb * f->num / f->den;
        double bound = share > 0 ? (double)share : 1;
        bool shared = !by_profile && f->share;
        if (value > bound || (shared && value < bound)) {
            value = bound;
            origin = by_profile ? ALICE_ORIGIN_PROFILE : ALICE_ORIGIN_LIMIT;
        }
    }
    put_value(c, f, value);
    c->origin[index] = origin;
}

/* Of least and greatest batch, the one that was not set gives way. */
static void fit_batches(alice_config *c)
{
    if (c->min_batch_size <= c->max_batch_size)
        return;
    if (c->origin[MIN_BATCH] != ALICE_ORIGIN_SET)
        c->min_batch_size = c->max_batch_size;
    else if (c->origin[MAX_BATCH] != ALICE_ORIGIN_SET)
        c->max_batch_size = c->min_batch_size;
}

void alice_config_resolve(alice_config *config)
{
    alice_config *c = config;
    if (!c)
        return;
    const alice_config *named = &PROFILES[(size_t)c->profile % PROFILE_COUNT].values;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool by_name = FIELDS[i].info.type == ALICE_CONFIG_BOOL && c->origin[i] != 0;
        if (!is_given(c, &FIELDS[i]) && !by_name)
            follow(c, i, named);
        else if (c->origin[i] == ALICE_ORIGIN_UNKNOWN)
            c->origin[i] = ALICE_ORIGIN_SET;
    }
    fit_batches(c);
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
    if ((unsigned)config->profile >= PROFILE_COUNT)
        return alice__fail(error, ALICE_E_INVAL, 0, "there is no profile %u",
                           (unsigned)config->profile);
    alice_config resolved = *config;
    config = &resolved;
    alice_config_resolve(&resolved);
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

static alice_status no_such_field(const char *key, alice_error *error)
{
    const char *nearest = FIELDS[0].info.key;
    unsigned least = UINT_MAX;
    if (alice_edit_distance(key, nearest) == UINT_MAX)
        return alice__fail(error, ALICE_E_NOENT, 0, "no setting is named %.60s", key);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        unsigned d1 = alice_edit_distance(key, FIELDS[i].info.name);
        unsigned d2 = alice_edit_distance(key, FIELDS[i].info.key);
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

static bool read_bool(const char *text, bool *out)
{
    static const char yes[][5] = {"true", "yes", "on", "1"};
    static const char no[][6] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (alice__same_word(text, yes[i]) || alice__same_word(text, no[i])) {
            *out = alice__same_word(text, yes[i]);
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
        put_value(config, f, (double)n);
        break;
    case ALICE_CONFIG_BOOL:
        if (!read_bool(value, &flag))
            return not_a_value(f, value, error);
        put_value(config, f, flag);
        break;
    case ALICE_CONFIG_RATIO:
        if (!read_ratio(value, &ratio))
            return not_a_value(f, value, error);
        if (!(ratio >= f->info.min && ratio <= f->info.max))
            return out_of_range(f, ratio, error);
        put_value(config, f, ratio);
        break;
    }
    config->origin[index] = ALICE_ORIGIN_SET;
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

void alice_config_shares(const alice_config *config, alice_cache_shares *out)
{
    if (!out)
        return;
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    double limit = (double)c.max_memory_mb * (double)ALICE_MB;
    double cache = (double)c.cache_size_mb * (double)ALICE_MB;
    double all = limit * (0.15 + 0.075 + 0.25 + 0.025);
    double scale = all > cache ? cache / all : 1;
    *out = (alice_cache_shares){.metadata = (size_t)(limit * 0.15 * scale),
                                .hash = (size_t)(limit * 0.075 * scale),
                                .result = (size_t)(limit * 0.25 * scale),
                                .directory = (size_t)(limit * 0.025 * scale)};
}

uint32_t alice_config_baseline_batch(const alice_config *config, uint64_t mean_file_bytes)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    uint32_t base = mean_file_bytes < ALICE_MB         ? 500
                    : mean_file_bytes <= 10 * ALICE_MB ? 100
                                                       : 20;
    if (base > c.max_batch_size)
        base = c.max_batch_size;
    if (base < c.min_batch_size)
        base = c.min_batch_size;
    return base;
}

uint32_t alice_config_base_batch(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return c.batch_size == ALICE_CONFIG_NONE ? (uint32_t)FIELDS[BATCH_SIZE].info.def
                                             : c.batch_size;
}

bool alice_config_batch_chosen(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return c.origin[BATCH_SIZE] == ALICE_ORIGIN_SET && c.batch_size != ALICE_CONFIG_NONE;
}

uint32_t alice_config_workers(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    uint32_t most = 2 * alice__cpu_count();
    return c.workers < most ? c.workers : most;
}
