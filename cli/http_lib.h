/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_HTTP_LIB_H
#define ALICE_CLI_HTTP_LIB_H

/*
 * libmicrohttpd, loaded by `alice serve` alone: with what it needs itself it weighs several
 * MB, which no other command pays. Only the calls that are used, of one version.
 */

#include <stdbool.h>

#include <microhttpd.h>

#define HTTP_LIB_CALLS(X)                      \
    X(MHD_start_daemon)                        \
    X(MHD_stop_daemon)                         \
    X(MHD_run_wait)                            \
    X(MHD_get_connection_info)                 \
    X(MHD_lookup_connection_value)             \
    X(MHD_create_response_from_buffer)         \
    X(MHD_create_response_from_callback)       \
    X(MHD_create_response_from_fd_at_offset64) \
    X(MHD_add_response_header)                 \
    X(MHD_queue_response)                      \
    X(MHD_destroy_response)

typedef struct http_lib {
    void *module;
#define HTTP_LIB_CALL(name) __typeof__(&name) name;
    HTTP_LIB_CALLS(HTTP_LIB_CALL)
#undef HTTP_LIB_CALL
} http_lib;

/* False after saying what is missing and how to get it. It stays loaded. */
bool http_lib_open(http_lib *lib);

#endif
