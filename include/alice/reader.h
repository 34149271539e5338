/* SPDX-License-Identifier: MIT */
#ifndef ALICE_READER_H
#define ALICE_READER_H

/**
 * @file reader.h
 * Files of any size through a buffer of a fixed one: chunks, lines, ranges, and
 * bounded windows that look like a map.
 *
 * A long read neither raises the process's resident memory nor fills the
 * machine's page cache: what the reader brought in is dropped behind it, what
 * was cached before stays. A file that shrinks, changes or fails while it is read
 * ends in a status that says so, never in a signal.
 *
 *     for (;;) {
 *         alice_bytes chunk;
 *         st = alice_reader_next_chunk(reader, &chunk, &error);
 *         if (st != ALICE_OK)
 *             break;                // ALICE_E_END: all of it was read
 *         use(chunk);
 *     }
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

struct alice_config; /* config.h */

/** A file that is read through one buffer. Opaque. */
typedef struct alice_reader alice_reader;

/** What becomes of a line that is longer than max_line_bytes, or than the account gives. */
typedef enum alice_long_lines {
    ALICE_LINE_FAIL = 0, /**< ALICE_E_TOOBIG; the next call gives the line after it */
    ALICE_LINE_PARTS = 1 /**< handed out in parts */
} alice_long_lines;

/** Zeroed is a complete one. */
typedef struct alice_reader_options {
    size_t size;           /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;         /**< pays for the buffer */
    size_t chunk_bytes;    /**< of the buffer, thus of a chunk; 0: 1 MB */
    size_t max_line_bytes; /**< without its end; 0: what the account allows, or, in parts, what
                                the buffer holds */
    alice_long_lines long_lines; /**< what becomes of a line that is too long */
    bool keep_cached;            /**< leave in the page cache what was read */
    bool fail_if_grown; /**< a file that grew since open: ALICE_E_CHANGED instead of the end;
                             else what was added is read too */
    bool use_mmap; /**< a regular file larger than a chunk is seen through mapped windows, under
                        the guard of ::alice_map, where a window can be had; else it is read */
} alice_reader_options;

/** alice_reader_defaults() for a caller whose structure has `size` bytes. */
ALICE_API void alice_reader_defaults_into(alice_reader_options *out, size_t size,
                                          const struct alice_config *config);

/** The chunk size of `config` (chunk_size_kb), mapped unless it says no_mmap; `config` NULL:
 * the default one, thus mapped. */
static inline alice_reader_options alice_reader_defaults(const struct alice_config *config)
{
    alice_reader_options o;
    alice_reader_defaults_into(&o, sizeof o, config);
    return o;
}

/**
 * Open a file, pipe or device for reading. ALICE_E_NOENT, ALICE_E_ACCESS,
 * ALICE_E_INVAL (a directory), ALICE_E_BUDGET, ALICE_E_NOMEM. `options` may be NULL. A
 * reader serves one thread at a time; alice_reader_read_at() any number.
 */
ALICE_API alice_status alice_reader_open(alice_reader **out, const char *path,
                                         const alice_reader_options *options,
                                         alice_error *error);

/** The same over an open descriptor, from its offset where it has one; it stays the caller's.
 */
ALICE_API alice_status alice_reader_open_fd(alice_reader **out, int fd,
                                            const alice_reader_options *options,
                                            alice_error *error);

/** Close. A descriptor that was handed in stays open. NULL and a NULL handle are accepted. */
ALICE_API void alice_reader_close(alice_reader **reader);

/**
 * The next chunk, borrowed until the next call on this reader. All but the last
 * are chunk_bytes long, from pipes too. ALICE_E_END after
 * the last; ALICE_E_CHANGED: the file is shorter than at open (or grew, with
 * fail_if_grown); ALICE_E_IO. What was read before a failure is handed out first. Of a
 * mapped file (use_mmap), ALICE_E_CHANGED may also mean that the chunk before was cut off
 * while it was borrowed: read as zeros.
 */
ALICE_API alice_status alice_reader_next_chunk(alice_reader *reader, alice_bytes *chunk,
                                               alice_error *error);

/** Told a chunk and where it begins. A failure ends the reading with it. */
typedef alice_status (*alice_chunk_fn)(void *ctx, alice_bytes chunk, uint64_t offset);

/** Every chunk that is left. ALICE_OK at the end; what `fn` fails with; else as
 * alice_reader_next_chunk(). `fn` must not use the reader, but to read at an offset. */
ALICE_API alice_status alice_reader_read_chunks(alice_reader *reader, alice_chunk_fn fn,
                                                void *ctx, alice_error *error);

/** A line, without its end ("\n" or "\r\n"). */
typedef struct alice_line {
    alice_text text; /**< the line */
    uint64_t number; /**< from 1 */
    uint64_t offset; /**< of text, in the file */
    bool more;       /**< a part: the next call gives more of this line */
    bool ended;      /**< false: the last line, and it has no "\n" (or `more`) */
} alice_line;

/**
 * The next line, borrowed until the next call on this reader. ALICE_E_END after
 * the last; ALICE_E_TOOBIG (see ::alice_long_lines); else as alice_reader_next_chunk().
 * Lines and chunks may be mixed: each goes on where the other stopped.
 */
ALICE_API alice_status alice_reader_next_line(alice_reader *reader, alice_line *line,
                                              alice_error *error);

/** Told a line. A failure ends the reading with it. */
typedef alice_status (*alice_line_fn)(void *ctx, const alice_line *line);

/** Every line that is left. ALICE_OK at the end; what `fn` fails with; else as
 * alice_reader_next_line(). `fn` must not use the reader, but to read at an offset. */
ALICE_API alice_status alice_reader_read_lines(alice_reader *reader, alice_line_fn fn,
                                               void *ctx, alice_error *error);

/** The collected results of alice_reader_process_large_file(), one a chunk, in order. */
typedef struct alice_results {
    void **items;    /**< what the processor put, in order */
    size_t count;    /**< how many */
    size_t capacity; /**< the library's */
} alice_results;

/** Work on a chunk; `*result`, NULL at first, is collected. A failure ends the reading with it.
 */
typedef alice_status (*alice_chunk_processor)(void *ctx, alice_bytes chunk, uint64_t offset,
                                              void **result);

/**
 * Open `path`, run every chunk through `fn`, collect what it answers (8 bytes a
 * chunk, charged). ALICE_OK at the end; what `fn` fails with; else as
 * alice_reader_open() and alice_reader_next_chunk(). Results so far are handed out on
 * failure too. Free with alice_results_free(), with the same env; the items stay the caller's.
 */
ALICE_API alice_status alice_reader_process_large_file(const char *path,
                                                       const alice_reader_options *options,
                                                       alice_chunk_processor fn, void *ctx,
                                                       alice_results *results,
                                                       alice_error *error);

/** Free the list, not its items, and clear it. */
ALICE_API void alice_results_free(alice_results *results, const alice_env *env);

/**
 * Look at the next `n` bytes without taking them; fewer at the end. Borrowed until
 * the next call on this reader. ALICE_E_TOOBIG: more than chunk_bytes; a failure as of
 * alice_reader_next_chunk(), but ALICE_OK at the end.
 */
ALICE_API alice_status alice_reader_peek(alice_reader *reader, size_t n, alice_bytes *out,
                                         alice_error *error);

/**
 * Hash what is left, to its end: XXH3-128 in canonical byte order, as `xxhsum -H2`
 * prints it. Fails as alice_reader_next_chunk(), but ALICE_OK at the end.
 */
ALICE_API alice_status alice_reader_hash(alice_reader *reader, uint8_t hash[16],
                                         alice_error *error);

/** Pass over `n` bytes, reading them where there is no other way. ALICE_E_END: there were
 * fewer; else as alice_reader_next_chunk(). */
ALICE_API alice_status alice_reader_skip(alice_reader *reader, uint64_t n, alice_error *error);

/** Go to an offset; the line number starts again from 1. ALICE_E_UNSUPPORTED on a pipe;
 * ALICE_E_INVAL above INT64_MAX; ALICE_E_CHANGED as alice_reader_next_chunk(), but the reader
 * has moved. Past the end, nothing follows. */
ALICE_API alice_status alice_reader_seek(alice_reader *reader, uint64_t offset,
                                         alice_error *error);

/**
 * Read up to `n` bytes at `offset`, beside the position; `*got` is less only at the
 * end. Thread-safe. ALICE_E_UNSUPPORTED on a pipe; ALICE_E_INVAL above INT64_MAX;
 * ALICE_E_IO.
 */
ALICE_API alice_status alice_reader_read_at(const alice_reader *reader, uint64_t offset,
                                            void *to, size_t n, size_t *got,
                                            alice_error *error);

/** ALICE_E_CHANGED when size, modification or change time are no longer those at open.
 * Thread-safe, as alice_reader_read_at(). */
ALICE_API alice_status alice_reader_check_unchanged(const alice_reader *reader,
                                                    alice_error *error);

/** Where a reader is. */
typedef struct alice_reader_stats {
    uint64_t size;      /**< at open; 0 for what has none */
    uint64_t offset;    /**< of the next byte */
    uint64_t read;      /**< bytes that came in */
    uint64_t dropped;   /**< of these, given out of the page cache again */
    uint64_t chunks;    /**< handed out */
    uint64_t lines;     /**< handed out */
    uint64_t windows;   /**< of the file that were mapped; 0: it is read */
    size_t bytes;       /**< memory held */
    double mb;          /**< bytes in MB */
    size_t chunk_bytes; /**< of a chunk */
    bool seekable;      /**< false: a pipe or the like */
} alice_reader_stats;

/** alice_reader_get_stats() for a caller whose structure has `size` bytes: the members that it
 * knows are filled, what this library does not know is zero. */
ALICE_API void alice_reader_stats_into(const alice_reader *reader, alice_reader_stats *out,
                                       size_t size);

/** The numbers of now. */
static inline void alice_reader_get_stats(const alice_reader *reader, alice_reader_stats *out)
{
    alice_reader_stats_into(reader, out, sizeof *out);
}

/* ---- windows ---- */

/**
 * A view of a file of any size through one bounded window. By default windows
 * are filled by reading. With `use_mmap` and `sigbus_guard` they are mapped: the
 * guard is a process-wide SIGBUS handler, installed with the first such map and
 * put back with the last; what is cut off while it is mapped reads as zeros and
 * alice_map_at() and alice_map_check() then say ALICE_E_CHANGED. The handler passes
 * on every SIGBUS that is not in a window. It is the one thing in this library
 * that is kept per process, because a signal handler is.
 */
typedef struct alice_map alice_map;

/** Zeroed is a complete one: windows of 1 MB that are read. */
typedef struct alice_map_options {
    size_t size;         /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;       /**< pays for the window, mapped or not */
    size_t window_bytes; /**< 0: 1 MB; rounded up to pages */
    bool use_mmap;       /**< see sigbus_guard */
    bool sigbus_guard;   /**< both, or windows are read */
    bool keep_cached;    /**< as in alice_reader_options */
} alice_map_options;

/** alice_map_defaults() for a caller whose structure has `size` bytes. */
ALICE_API void alice_map_defaults_into(alice_map_options *out, size_t size,
                                       const struct alice_config *config);

/**
 * Windows of the chunk size of `config`, mapped and guarded where its `use_mmap` is true
 * (that is, not `no_mmap`). `config` NULL: the default one, thus mapped.
 */
static inline alice_map_options alice_map_defaults(const struct alice_config *config)
{
    alice_map_options o;
    alice_map_defaults_into(&o, sizeof o, config);
    return o;
}

/** Fails as alice_reader_open(); ALICE_E_UNSUPPORTED: not a regular file. `options` may be
 * NULL. One thread at a time. */
ALICE_API alice_status alice_map_open(alice_map **out, const char *path,
                                      const alice_map_options *options, alice_error *error);
/** The same over a descriptor, which stays the caller's and open. */
ALICE_API alice_status alice_map_open_fd(alice_map **out, int fd,
                                         const alice_map_options *options, alice_error *error);

/** Close. NULL and a NULL handle are accepted. */
ALICE_API void alice_map_close(alice_map **map);

/** The file's size at open. */
ALICE_API uint64_t alice_map_size(const alice_map *map);

/**
 * Borrow `n` bytes at `offset` until the next call on this map; fewer at the end
 * of the file, none past it. ALICE_E_TOOBIG: more than window_bytes;
 * ALICE_E_CHANGED: the file is shorter than at open; ALICE_E_IO.
 */
ALICE_API alice_status alice_map_at(alice_map *map, uint64_t offset, size_t n, alice_bytes *out,
                                    alice_error *error);

/**
 * Copy `n` bytes at `offset`, over as many windows as it takes; `*got` is less only at the end
 * of the file. Fails as alice_map_at(), and with ALICE_E_CHANGED where the file was cut off
 * while it was copied.
 */
ALICE_API alice_status alice_map_read(alice_map *map, uint64_t offset, void *to, size_t n,
                                      size_t *got, alice_error *error);

/**
 * The whole file, window by window, from front to back, whatever its size. ALICE_OK at the end;
 * what `fn` fails with; else as alice_map_read(). `fn` must not use the map.
 */
ALICE_API alice_status alice_map_read_windows(alice_map *map, alice_chunk_fn fn, void *ctx,
                                              alice_error *error);

/** Whether what was borrowed is still what the file held: ALICE_E_CHANGED when it was cut off
 * meanwhile. */
ALICE_API alice_status alice_map_check(const alice_map *map, alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
