/* SPDX-License-Identifier: MIT */
#include <alice/confine.h>

#include <errno.h>
#include <string.h>

#include "port/limits.h"
#include "port/parts.h"
#include "port/sandbox.h"

/* What a run reads besides the paths that the caller names. */
static const alice__confine_rule always[] = {
    {"/proc", false},          {"/sys/fs/cgroup", false},
    {"/etc/localtime", false}, {"/usr/share/zoneinfo", false},
    {"/dev/null", true},
};

enum { ALWAYS = sizeof always / sizeof *always, PATHS_MAX = 32 };

void alice_confine_available(alice_confinement *out)
{
    if (!out)
        return;
    int abi = alice__confine_landlock_abi();
    *out = (alice_confinement){.landlock_abi = abi,
                               .files = abi >= 2 && !alice__limits_sanitized(),
                               .calls =
                                   alice__confine_calls_known() && !alice__limits_sanitized()};
}

alice_status alice_confine(const alice_confine_path *paths, size_t count,
                           alice_confinement *in_force)
{
    alice__confine_rule rules[ALWAYS + PATHS_MAX];
    alice_confinement now = {.landlock_abi = alice__confine_landlock_abi()};
    if (in_force)
        *in_force = now;
    if ((!paths && count) || count > PATHS_MAX)
        return ALICE_E_INVAL;
    if (alice__limits_sanitized())
        return ALICE_OK;
    memcpy(rules, always, sizeof always);
    for (size_t i = 0; i < count; i++)
        rules[ALWAYS + i] = (alice__confine_rule){paths[i].path, paths[i].write};
    int files = alice__confine_files(rules, ALWAYS + count);
    int calls = alice__confine_calls();
    now.files = files == 0;
    now.calls = calls == 0;
    if (in_force)
        *in_force = now;
    return (files && files != -ENOSYS) || (calls && calls != -ENOSYS) ? ALICE_E_SYSTEM
                                                                      : ALICE_OK;
}

bool alice_part_at(size_t index, alice_part *out)
{
    const alice__part *p = alice__part_at(index);
    if (!p || !out)
        return false;
    *out = (alice_part){.name = p->name, .kernel = p->kernel, .without = p->without};
    out->there = p->look(out->version, sizeof out->version);
    return true;
}
