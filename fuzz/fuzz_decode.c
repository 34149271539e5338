/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a picture as the decoder reads it, which has given up everything in earnest and
 * nothing here. What it needs at most is what the library allows it, and the library believes
 * no answer that it would not give.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.h"
#include "decode/decode.h"
#include "port/limits.h"

const char *__asan_default_options(void); // NOLINT(bugprone-reserved-identifier)
/* The kernel refuses the decoder what is too much; here the allocator does. */
const char *__asan_default_options(void) // NOLINT(bugprone-reserved-identifier)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=32";
}

/* The file, without the bytes of the one before. */
static int file_of(const uint8_t *data, size_t n)
{
    static int fd = -1;
    if (fd < 0) {
        const struct rlimit memory = {128 << 20, 128 << 20};
        if (!alice__limits_sanitized()) /* as in earnest */
            FUZZ_CHECK(setrlimit(RLIMIT_DATA, &memory) == 0);
        fd = memfd_create("picture", MFD_CLOEXEC);
    }
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0);
    for (size_t at = 0; at < n;) {
        ssize_t put = pwrite(fd, data + at, n - at, (off_t)at);
        FUZZ_CHECK(put > 0);
        at += (size_t)put;
    }
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const alice__picture_ask asks[] = {
        {ALICE__PICTURE_MAGIC, 1, ALICE__PICTURE_LUMA_SIDE},
        {ALICE__PICTURE_MAGIC, 3, ALICE__PICTURE_RGB_SIDE},
        {ALICE__PICTURE_MAGIC, 3, 7}};
    static uint8_t pixels[ALICE__PICTURE_BYTES];
    const alice__picture_ask *ask = &asks[n % (sizeof asks / sizeof *asks)];
    alice__decoding d = {.fd = file_of(data, n), .ask = *ask, .pixels = pixels};
    alice__decode(&d);
    FUZZ_CHECK(d.answer.state != ALICE__PICTURE_READY &&
               d.answer.state != ALICE__PICTURE_UNREADABLE);
    FUZZ_CHECK(alice__picture_answer_holds(&d.answer, ask));
    FUZZ_CHECK(alice__hash64(d.pixels, d.answer.bytes, 0) != 1); /* all of it can be read */
    return 0;
}
