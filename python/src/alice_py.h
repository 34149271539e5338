/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PY_H
#define ALICE_PY_H

/*
 * What the files of the extension share. It uses the public headers of libalice and the
 * limited API of CPython 3.9, so that one build serves every later version.
 *
 * Every function runs under the interpreter's lock (the GIL), but between
 * Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS, where nothing of Python is touched. No
 * function of the library that is called under the GIL waits for a thread that may want it.
 */

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x03090000
#endif
#include <Python.h>

#ifdef Py_GIL_DISABLED
#error "alice needs the interpreter's lock: a free-threaded build of CPython is not supported"
#endif

#include <stdbool.h>
#include <stdint.h>

#include <alice/mem.h>

/*
 * What runs unchanged since CPython 3.9 or longer, and was declared as part of the limited API
 * later: calls with an array of arguments (3.10), the buffer of an object (3.11), the UTF-8 of
 * a text (3.10).
 */
#ifndef METH_FASTCALL
#define METH_FASTCALL 0x0080
#endif
#ifndef Py_bf_getbuffer
#define Py_bf_getbuffer 1
#define Py_bf_releasebuffer 2
#endif
#if Py_LIMITED_API + 0 < 0x030b0000
#define PyBUF_WRITABLE 0x0001
#define PyBUF_FORMAT 0x0004
#define PyBUF_ND 0x0008
#define PyBUF_STRIDES (0x0010 | PyBUF_ND)
typedef struct bufferinfo {
    void *buf;
    PyObject *obj;
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    Py_ssize_t *shape;
    Py_ssize_t *strides;
    Py_ssize_t *suboffsets;
    void *internal;
} Py_buffer;
#endif
#if Py_LIMITED_API + 0 < 0x030a0000
PyAPI_FUNC(const char *) PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *size);
#endif

/* What the module holds: its types and errors, and what it asks of Python. Made on import, kept
 * as long as the process: the module is imported once. */
typedef struct py_module_state {
    PyObject *error;         /* alice.Error */
    PyObject *budget_error;  /* alice.BudgetError */
    PyObject *changed_error; /* alice.ChangedError */
    PyObject *too_big_error; /* alice.TooBigError */
    PyObject *config_type;
    PyObject *monitor_type;
    PyObject *cache_type;
    PyObject *view_type;
    PyObject *chunks_type;
    PyObject *lines_type;
    PyObject *map_type;
    PyObject *lease_type;
    PyObject *batches_type;
    PyObject *gc_collect;   /* gc.collect */
    PyObject *getsizeof;    /* sys.getsizeof */
    PyObject *text_sizeof;  /* str.__sizeof__ */
    PyObject *line_end;     /* "\n" */
    PyObject *release_name; /* "release" */
    PyObject *fspath_name;  /* "__fspath__", one text: the cache of types keeps each that it is
                               asked */
} py_module_state;

extern py_module_state py_state;

/* ---- types (each file adds its own to the module) ----------------------- */

bool py_add_config(PyObject *module);
bool py_add_monitor(PyObject *module);
bool py_add_cache(PyObject *module);
bool py_add_weak_cache(PyObject *module);
bool py_add_view(PyObject *module);
bool py_add_reader(PyObject *module);
bool py_add_lines(PyObject *module);
bool py_add_map(PyObject *module);
bool py_add_pool(PyObject *module);
bool py_add_batch(PyObject *module);
bool py_add_scope(PyObject *module);
bool py_add_organizer(PyObject *module);

/* Make a type and add it under the name behind the last dot of its own; NULL with an error. */
PyObject *py_add_type(PyObject *module, PyType_Spec *spec);

/* Memory of an instance, zeroed; NULL with an error. */
void *py_new(PyTypeObject *type);

/* Give it back, last thing of a tp_dealloc. */
void py_free(PyObject *self);

/* A method whose arguments come as an array. */
#define PY_FAST(function) \
    ((PyCFunction)(void (*)(void))(function)), METH_FASTCALL | METH_KEYWORDS
#define PY_KEYWORDS(function) \
    ((PyCFunction)(void (*)(void))(function)), METH_VARARGS | METH_KEYWORDS

/* ---- arguments and errors ----------------------------------------------- */

/* The parameters of a method: names, NULL at the end; the first `required` have to be there,
 * the first `positional` may come without their name. */
typedef struct py_params {
    const char *method;
    const char *const *names;
    int required;
    int positional;
} py_params;

/* Sort arguments into `out`, borrowed, NULL where none came. False with an error. */
bool py_args(const py_params *params, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames, PyObject **out);

/* A whole number from 0 to `most`, or an error that names it. NULL and None: `*out` is as it
 * was. */
bool py_uint(PyObject *value, const char *name, uint64_t most, uint64_t *out);

/* Seconds, a float, in `scale` units, at most `most` of them. NULL and None: as it was. */
bool py_seconds(PyObject *value, const char *name, double scale, double most, uint64_t *out);

/* Raise what a status says; NULL. What is raised already stays. `error` may be NULL. */
PyObject *py_raise(alice_status status, const alice_error *error, PyObject *path);

/* The bytes of a path (str, bytes or os.PathLike), a new reference to bytes; NULL with an
 * error. */
PyObject *py_path(PyObject *path);

/* Put `value` (stolen; NULL: an error is raised already) into a dict. */
bool py_put(PyObject *dict, const char *name, PyObject *value);

/* Keep what is to be called; NULL and None: nothing. */
bool py_callable(PyObject *given, const char *name, PyObject **out);

/* ---- keys --------------------------------------------------------------- */

/* The bytes that stand for a key: str, bytes, int, None, paths, and tuples of these. */
typedef struct py_key {
    alice_bytes bytes;
    PyObject *held; /* keeps the bytes, where the key itself does not */
} py_key;

bool py_key_of(PyObject *object, py_key *out);
void py_key_done(py_key *key);

/* ---- files, and views of what was read ------------------------------------ */

/* An open file, shared by who reads it and by views of what was read. */
typedef struct py_file {
    int fd;
    size_t users;
} py_file;

py_file *py_file_open(PyObject *path); /* NULL with an error */
void py_file_done(py_file **file);

/* What memoryviews are of: the memory of a reader or a map, which it owns. */
typedef struct py_view {
    PyObject_HEAD py_file *file;
    alice_reader *reader; /* one of the two */
    alice_map *map;
    alice_bytes bytes;  /* what is seen now */
    Py_ssize_t lookers; /* memoryviews and the like */
} py_view;

/* A view of nothing; whoever asks for it puts the reader or map. */
py_view *py_view_new(py_file *file);

/* A memoryview of `bytes`; NULL with an error. */
PyObject *py_view_show(py_view *view, alice_bytes bytes);

/* Release the memoryview `*shown` (or NULL), before its bytes change. True: somebody looks at
 * them still; then the view is his, and another one has to take its place. */
bool py_view_taken(py_view *view, PyObject **shown);

/* encoding and errors as bytes; of UTF-8 and of None, none. */
bool py_encoding_of(PyObject *encoding, PyObject *errors, PyObject **encoding_out,
                    PyObject **errors_out);

PyObject *py_lines_of(const alice_config *config, PyObject *path, PyObject *encoding,
                      PyObject *errors);
PyObject *py_map_of(const alice_config *config, PyObject *path, PyObject *mode,
                    PyObject *encoding, PyObject *errors);

/* ---- parts that others use ----------------------------------------------- */

/* The settings of a MemoryConfig, resolved; of None or NULL, the default ones. */
bool py_config_of(PyObject *config, alice_config *out);

/* Grows with every change of a MemoryConfig; 0 for None. */
uint64_t py_config_changes(PyObject *config);

/* What a value weighs, in bytes: itself and what it holds; SIZE_MAX with an error. */
size_t py_weigh(PyObject *value);

/* What a MemoryMonitor stands on; reopened where its config changed; NULL with an error. */
alice_monitor *py_monitor_of(PyObject *monitor);

/* Collect where there is a reason, with the garbage of Python; -1 with an error, or whether it
 * ran. */
int py_monitor_collect(PyObject *monitor, bool force);

/* A dict of a cache's numbers. */
PyObject *py_cache_stats(const alice_cache_stats *stats);

#endif
