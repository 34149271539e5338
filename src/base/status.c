/* SPDX-License-Identifier: MIT */
#include <alice/base.h>

const char *alice_status_name(alice_status status)
{
    switch (status) {
#define CASE(name, value, text) \
    case name:                  \
        return #name;
        ALICE_STATUS_LIST(CASE)
#undef CASE
    }
    return "unknown";
}

const char *alice_status_text(alice_status status)
{
    switch (status) {
#define CASE(name, value, text) \
    case name:                  \
        return text;
        ALICE_STATUS_LIST(CASE)
#undef CASE
    }
    return "unknown status";
}

const char *alice_version(void)
{
    return ALICE_VERSION_STRING;
}
