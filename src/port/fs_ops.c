/* SPDX-License-Identifier: MIT */
#include "port/fs_ops.h"

#define ALICE__FS_OP(name, parameters, arguments)               \
    static int real_##name(const alice__fs_ops *fs, parameters) \
    {                                                           \
        (void)fs;                                               \
        return alice__fs_##name(arguments);                     \
    }
ALICE__FS_OPS(ALICE__FS_OP)
#undef ALICE__FS_OP

#define ALICE__FS_OP(name, parameters, arguments) .name = real_##name,
const alice__fs_ops alice__fs_real = {.ctx = NULL, ALICE__FS_OPS(ALICE__FS_OP)};
#undef ALICE__FS_OP
