/* SPDX-License-Identifier: MIT */
/* The names behind the lists of alice/media.h. */
#include <stdio.h>

#include <alice/media.h>

const char *alice_media_name(alice_media_type type)
{
    switch (type) {
#define CASE(id, name, ext, cls) \
    case id:                     \
        return name;
        ALICE_MEDIA_LIST(CASE)
#undef CASE
    case ALICE_MEDIA_COUNT:
        break;
    }
    return "none";
}

const char *alice_media_extension(alice_media_type type)
{
    switch (type) {
#define CASE(id, name, ext, cls) \
    case id:                     \
        return ext;
        ALICE_MEDIA_LIST(CASE)
#undef CASE
    case ALICE_MEDIA_COUNT:
        break;
    }
    return "";
}

alice_media_class alice_media_class_of(alice_media_type type)
{
    switch (type) {
#define CASE(id, name, ext, cls) \
    case id:                     \
        return cls;
        ALICE_MEDIA_LIST(CASE)
#undef CASE
    case ALICE_MEDIA_COUNT:
        break;
    }
    return ALICE_CLASS_NONE;
}

const char *alice_date_source_name(alice_date_source source)
{
    switch (source) {
#define CASE(id, name) \
    case id:           \
        return name;
        ALICE_DATE_SOURCE_LIST(CASE)
#undef CASE
    case ALICE_DATE_SOURCE_COUNT:
        break;
    }
    return "none";
}

const char *alice_generator_name(alice_generator generator)
{
    switch (generator) {
#define CASE(id, name, ...) \
    case id:                \
        return name;
        ALICE_GENERATOR_LIST(CASE)
#undef CASE
    case ALICE_GEN_COUNT:
        break;
    }
    return "";
}

const char *alice_fact_name(alice_fact fact)
{
    switch (fact) {
#define CASE(id, name) \
    case id:           \
        return name;
        ALICE_FACT_LIST(CASE)
#undef CASE
    case ALICE_FACT_COUNT:
        break;
    }
    return "";
}

const char *alice_date_precision(const alice_date *date)
{
    return date->month == 0 ? "year"
           : date->day == 0 ? "month"
           : date->has_time ? "second"
                            : "day";
}

void alice_date_text(const alice_date *d, char *buf, size_t size)
{
    if (d->month == 0)
        snprintf(buf, size, "%04d", d->year);
    else if (d->day == 0)
        snprintf(buf, size, "%04d-%02u", d->year, d->month);
    else
        snprintf(buf, size, "%04d-%02u-%02u", d->year, d->month, d->day);
}
