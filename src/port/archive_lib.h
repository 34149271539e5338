/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_ARCHIVE_LIB_H
#define ALICE_PORT_ARCHIVE_LIB_H

/*
 * libarchive, loaded where an archive is to be read and not before: with what it needs itself
 * it weighs 3 MB, which no other run pays. Only the calls that are used, of one version.
 */

#if ALICE_ARCHIVES
#include <archive.h>
#include <archive_entry.h>

#define ALICE__ARCHIVE_CALLS(X)                   \
    X(archive_version_number)                     \
    X(archive_read_new)                           \
    X(archive_read_free)                          \
    X(archive_read_support_format_tar)            \
    X(archive_read_support_format_zip_streamable) \
    X(archive_read_set_options)                   \
    X(archive_read_open)                          \
    X(archive_read_next_header)                   \
    X(archive_read_data_block)                    \
    X(archive_read_header_position)               \
    X(archive_format_name)                        \
    X(archive_error_string)                       \
    X(archive_entry_pathname)                     \
    X(archive_entry_pathname_utf8)                \
    X(archive_entry_filetype)                     \
    X(archive_entry_hardlink)                     \
    X(archive_entry_is_data_encrypted)            \
    X(archive_entry_size)                         \
    X(archive_entry_size_is_set)                  \
    X(archive_entry_mtime)                        \
    X(archive_entry_mtime_nsec)                   \
    X(archive_entry_mtime_is_set)

typedef struct alice__archive_lib {
    void *module;
#define ALICE__ARCHIVE_CALL(name) __typeof__(&name) name;
    ALICE__ARCHIVE_CALLS(ALICE__ARCHIVE_CALL)
#undef ALICE__ARCHIVE_CALL
} alice__archive_lib;
#else
typedef struct alice__archive_lib {
    void *module;
} alice__archive_lib;
#endif

/* 0; -ENOENT: it is not installed; -ENOSYS: this program was built without it. */
int alice__archive_lib_open(alice__archive_lib *lib);
void alice__archive_lib_close(alice__archive_lib *lib);

#endif
