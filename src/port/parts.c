/* SPDX-License-Identifier: MIT */
/* What the library stands on. A library or a feature of the kernel is one row. */
#define _GNU_SOURCE
#include "port/parts.h"

#include <brotli/decode.h>
#include <cbor.h>
#include <expat.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "port/archive_lib.h"
#include "port/sandbox.h"

/* ---- libraries ---- */

static bool c_library(char *version, size_t size)
{
#ifdef __GLIBC__
    snprintf(version, size, "glibc %s", gnu_get_libc_version());
#else
    snprintf(version, size, "not glibc"); /* musl does not say who it is */
#endif
    return true;
}

static bool compiler(char *version, size_t size)
{
#ifdef __clang__
    snprintf(version, size, "clang %d.%d.%d", __clang_major__, __clang_minor__,
             __clang_patchlevel__);
#else
    snprintf(version, size, "gcc %s", __VERSION__);
#endif
    return true;
}

static bool sqlite(char *version, size_t size)
{
    snprintf(version, size, "%s", sqlite3_libversion());
    return true;
}

static bool expat(char *version, size_t size)
{
    XML_Expat_Version v = XML_ExpatVersionInfo();
    snprintf(version, size, "%d.%d.%d", v.major, v.minor, v.micro);
    return true;
}

static bool zlib(char *version, size_t size)
{
    snprintf(version, size, "%s", zlibVersion());
    return true;
}

static bool xxhash(char *version, size_t size)
{
    unsigned v = XXH_versionNumber();
    snprintf(version, size, "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
    return true;
}

static bool brotli(char *version, size_t size)
{
    uint32_t v = BrotliDecoderVersion();
    snprintf(version, size, "%u.%u.%u", v >> 24, v >> 12 & 0xfff, v & 0xfff);
    return true;
}

/* It tells at build time only. */
static bool cbor(char *version, size_t size)
{
    snprintf(version, size, "%s", CBOR_VERSION);
    return true;
}

static bool archive(char *version, size_t size)
{
    alice__archive_lib lib;
    if (alice__archive_lib_open(&lib))
        return false;
#if ALICE_ARCHIVES
    int v = lib.archive_version_number();
    snprintf(version, size, "%d.%d.%d", v / 1000000, v / 1000 % 1000, v % 1000);
#else
    (void)version, (void)size;
#endif
    alice__archive_lib_close(&lib);
    return true;
}

/* ---- the kernel ---- */

static bool landlock(char *version, size_t size)
{
    int abi = alice__confine_landlock_abi();
    if (abi > 0)
        snprintf(version, size, "ABI %d", abi);
    return abi >= 2; /* with 1, no file could be renamed from folder to folder */
}

static bool seccomp(char *version, size_t size)
{
    (void)version, (void)size;
    return alice__confine_calls_known() && access("/proc/sys/kernel/seccomp", F_OK) == 0;
}

static bool beneath(char *version, size_t size)
{
    (void)version, (void)size;
#ifdef SYS_openat2
    const uint64_t how[3] = {O_PATH | O_CLOEXEC, 0, 0};
    long fd = syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof how);
    if (fd >= 0)
        close((int)fd);
    return fd >= 0;
#else
    return false;
#endif
}

static bool pressure(char *version, size_t size)
{
    (void)version, (void)size;
    return access("/proc/pressure/memory", R_OK) == 0;
}

static bool groups(char *version, size_t size)
{
    bool v2 = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
    bool v1 = access("/sys/fs/cgroup/memory", F_OK) == 0;
    snprintf(version, size, "%s", v2 ? "version 2" : v1 ? "version 1" : "");
    return v1 || v2;
}

static const alice__part parts[] = {
    {"compiler", NULL, false, compiler},
    {"C library", NULL, false, c_library},
    {"SQLite", NULL, false, sqlite},
    {"expat", NULL, false, expat},
    {"zlib", NULL, false, zlib},
    {"xxHash", NULL, false, xxhash},
    {"brotli", NULL, false, brotli},
    {"libcbor", NULL, false, cbor},
    {"libarchive", "archives are refused", false, archive},
    {"Landlock", "files elsewhere stay in reach", true, landlock},
    {"seccomp", "all system calls stay allowed", true, seccomp},
    {"openat2", "paths are opened part by part", true, beneath},
    {"memory pressure", "memory is looked at by the clock", true, pressure},
    {"memory groups", "a container's limit is not seen", true, groups},
};

const alice__part *alice__part_at(size_t index)
{
    return index < sizeof parts / sizeof *parts ? &parts[index] : NULL;
}
