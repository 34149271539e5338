/* SPDX-License-Identifier: MIT */
/*
 * What open_mmap() opens: a file that looks as if it were mapped whole, and is seen through one
 * bounded window at a time, so that its size does not matter and a file which shrinks is an
 * error instead of a SIGBUS.
 */
#include "alice_py.h"

#include <string.h>

enum { LOOK = 64 * 1024 }; /* for the end of a line, at a time */

typedef struct py_map {
    PyObject_HEAD py_file *file;
    py_view *view;   /* with the map; NULL: closed */
    PyObject *shown; /* the memoryview that was handed out last */
    PyObject *path;
    PyObject *encoding, *errors; /* bytes; encoding NULL: UTF-8 */
    alice_map_options options;
    uint64_t size, at;
    bool text;
    bool busy; /* a thread reads */
} py_map;

static bool map_open(py_map *m)
{
    alice_error error = {0};
    py_view *view = py_view_new(m->file);
    if (!view)
        return false;
    alice_status st = alice_map_open_fd(&view->map, m->file->fd, &m->options, &error);
    if (st != ALICE_OK) {
        Py_DECREF((PyObject *)view);
        py_raise(st, &error, m->path);
        return false;
    }
    Py_XDECREF((PyObject *)m->view);
    m->view = view;
    return true;
}

/* Open, not in use, and no view on the window: it may move. */
static bool ready(py_map *m)
{
    if (m->busy || !m->view) {
        PyErr_SetString(PyExc_ValueError,
                        m->busy ? "another thread reads the file" : "the file is closed");
        return false;
    }
    return !py_view_taken(m->view, &m->shown) || map_open(m);
}

/* Bytes from `offset`, at most `n`, a new reference. */
static PyObject *bytes_at(py_map *m, uint64_t offset, uint64_t n)
{
    alice_error error = {0};
    uint64_t left = offset < m->size ? m->size - offset : 0;
    size_t got = 0;
    if (n > left)
        n = left;
    if (n > PY_SSIZE_T_MAX)
        return PyErr_NoMemory();
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)n);
    if (!bytes || n == 0)
        return bytes;
    char *to = PyBytes_AsString(bytes);
    alice_map *map = m->view->map;
    alice_status st;
    m->busy = true;
    Py_BEGIN_ALLOW_THREADS st = alice_map_read(map, offset, to, (size_t)n, &got, &error);
    Py_END_ALLOW_THREADS m->busy = false;
    if (st == ALICE_OK && got == n)
        return bytes;
    Py_DECREF(bytes);
    return py_raise(st == ALICE_OK ? ALICE_E_CHANGED : st, &error, m->path);
}

/* The same as the mode says; `bytes` is given back. */
static PyObject *as_asked(py_map *m, PyObject *bytes)
{
    if (!bytes || !m->text)
        return bytes;
    const char *errors = m->errors ? PyBytes_AsString(m->errors) : NULL;
    const char *p = PyBytes_AsString(bytes);
    PyObject *text = m->encoding ? PyUnicode_Decode(p, PyBytes_Size(bytes),
                                                    PyBytes_AsString(m->encoding), errors)
                                 : PyUnicode_DecodeUTF8(p, PyBytes_Size(bytes), errors);
    Py_DECREF(bytes);
    return text;
}

static PyObject *map_read(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                          PyObject *kwnames)
{
    static const char *const names[] = {"size", NULL};
    static const py_params params = {"read", names, 0, 1};
    PyObject *given;
    py_map *m = (py_map *)self;
    if (!py_args(&params, args, nargs, kwnames, &given) || !ready(m))
        return NULL;
    Py_ssize_t n = given && given != Py_None ? PyNumber_AsSsize_t(given, NULL) : -1;
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (n >= 0 && m->text) {
        PyErr_SetString(PyExc_ValueError, "a part of a text is read by lines, or in mode 'rb'");
        return NULL;
    }
    PyObject *bytes = bytes_at(m, m->at, n < 0 ? UINT64_MAX : (uint64_t)n);
    if (bytes)
        m->at += (uint64_t)PyBytes_Size(bytes);
    return as_asked(m, bytes);
}

/* Where the line that begins at `at` ends; `*end` is behind its "\n". */
static alice_status find_end(const py_map *m, uint64_t *end, alice_error *error)
{
    alice_bytes window;
    uint64_t at = m->at;
    size_t look = m->options.window_bytes < LOOK ? m->options.window_bytes : LOOK;
    while (at < m->size) {
        alice_status st = alice_map_at(m->view->map, at, look, &window, error);
        if (st != ALICE_OK)
            return st;
        const uint8_t *found = window.n > 0 ? memchr(window.p, '\n', window.n) : NULL;
        at += found ? (uint64_t)(found - window.p) + 1 : window.n;
        if (found || window.n == 0)
            break;
    }
    *end = at;
    return ALICE_OK;
}

static PyObject *map_readline(PyObject *self, PyObject *nothing)
{
    py_map *m = (py_map *)self;
    alice_error error = {0};
    alice_status st;
    uint64_t end = 0;
    (void)nothing;
    if (!ready(m))
        return NULL;
    m->busy = true;
    Py_BEGIN_ALLOW_THREADS st = find_end(m, &end, &error);
    Py_END_ALLOW_THREADS m->busy = false;
    if (st != ALICE_OK)
        return py_raise(st, &error, m->path);
    PyObject *bytes = bytes_at(m, m->at, end - m->at);
    if (bytes)
        m->at = end;
    return as_asked(m, bytes);
}

static PyObject *map_next(PyObject *self)
{
    PyObject *line = map_readline(self, NULL);
    if (line && PyObject_Size(line) == 0)
        Py_CLEAR(line);
    return line;
}

static PyObject *map_window(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames)
{
    static const char *const names[] = {"offset", "size", NULL};
    static const py_params params = {"window", names, 2, 2};
    PyObject *given[2];
    py_map *m = (py_map *)self;
    alice_bytes window;
    alice_error error = {0};
    uint64_t offset = 0, n = 0;
    alice_status st;
    if (!py_args(&params, args, nargs, kwnames, given) ||
        !py_uint(given[0], "offset", INT64_MAX, &offset) ||
        !py_uint(given[1], "size", PY_SSIZE_T_MAX, &n) || !ready(m))
        return NULL;
    alice_map *map = m->view->map;
    m->busy = true;
    Py_BEGIN_ALLOW_THREADS st = alice_map_at(map, offset, (size_t)n, &window, &error);
    Py_END_ALLOW_THREADS m->busy = false;
    if (st != ALICE_OK)
        return py_raise(st, &error, m->path);
    m->shown = py_view_show(m->view, window);
    Py_XINCREF(m->shown);
    return m->shown;
}

static PyObject *map_seek(PyObject *self, PyObject *args)
{
    py_map *m = (py_map *)self;
    long long offset;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "L|i:seek", &offset, &whence) || !ready(m))
        return NULL;
    long long base = whence == 1 ? (long long)m->at : whence == 2 ? (long long)m->size : 0;
    if (whence < 0 || whence > 2 || offset < -base || offset > INT64_MAX - base) {
        PyErr_SetString(PyExc_ValueError, "there is no such place in a file");
        return NULL;
    }
    m->at = (uint64_t)(base + offset);
    return PyLong_FromUnsignedLongLong(m->at);
}

static PyObject *map_tell(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return PyLong_FromUnsignedLongLong(((py_map *)self)->at);
}

static Py_ssize_t map_length(PyObject *self)
{
    return (Py_ssize_t)((py_map *)self)->size;
}

/* ---- life ---------------------------------------------------------------- */

static void map_end(py_map *m)
{
    if (m->view)
        py_view_taken(m->view, &m->shown);
    Py_CLEAR(m->view);
    py_file_done(&m->file);
}

static PyObject *map_close(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    if (((py_map *)self)->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the file");
        return NULL;
    }
    map_end((py_map *)self);
    Py_RETURN_NONE;
}

static PyObject *map_exit(PyObject *self, PyObject *args)
{
    (void)args;
    return map_close(self, NULL);
}

static PyObject *map_enter(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    if (!ready((py_map *)self))
        return NULL;
    Py_INCREF(self);
    return self;
}

static PyObject *map_closed(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(!((py_map *)self)->view);
}

static void map_dealloc(PyObject *self)
{
    py_map *m = (py_map *)self;
    map_end(m);
    Py_CLEAR(m->path);
    Py_CLEAR(m->encoding);
    Py_CLEAR(m->errors);
    py_free(self);
}

/* 'r', 'rt' and 'rb'. */
static bool mode_of(PyObject *mode, bool *text)
{
    const char *said = mode ? PyUnicode_AsUTF8AndSize(mode, NULL) : "r";
    if (!said)
        return false;
    *text = strcmp(said, "r") == 0 || strcmp(said, "rt") == 0;
    if (*text || strcmp(said, "rb") == 0)
        return true;
    PyErr_Format(PyExc_ValueError, "mode is %R; it has to be 'r' or 'rb': files are only read",
                 mode);
    return false;
}

PyObject *py_map_of(const alice_config *config, PyObject *path, PyObject *mode,
                    PyObject *encoding, PyObject *errors)
{
    py_map *m = py_new((PyTypeObject *)py_state.map_type);
    if (!m)
        return NULL;
    Py_INCREF(path);
    m->path = path;
    m->options = alice_map_defaults(config);
    if (!mode_of(mode, &m->text) ||
        !py_encoding_of(encoding, errors, &m->encoding, &m->errors) ||
        !(m->file = py_file_open(path)) || !map_open(m)) {
        Py_DECREF((PyObject *)m);
        return NULL;
    }
    m->size = alice_map_size(m->view->map);
    return (PyObject *)m;
}

static PyMethodDef methods[] = {
    {"read", PY_FAST(map_read),
     "read($self, size=-1)\n--\n\nAll that is left, or size bytes of it (mode 'rb')."},
    {"readline", map_readline, METH_NOARGS,
     "readline($self, /)\n--\n\nThe next line, with its end."},
    {"window", PY_FAST(map_window),
     "window($self, offset, size)\n--\n\nA read-only memoryview of these bytes, without a "
     "copy; "
     "released by the next call."},
    {"seek", map_seek, METH_VARARGS, "seek($self, offset, whence=0, /)\n--\n\nGo to a byte."},
    {"tell", map_tell, METH_NOARGS, "tell($self, /)\n--\n\nThe next byte's offset."},
    {"close", map_close, METH_NOARGS, "close($self, /)\n--\n\nClose the file."},
    {"__enter__", map_enter, METH_NOARGS, NULL},
    {"__exit__", map_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"closed", map_closed, NULL, "whether it is closed", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "A file seen through bounded windows, as open_mmap() opens it."},
    {Py_tp_dealloc, map_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, map_next},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_sq_length, map_length},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.MappedFile",
    .basicsize = sizeof(py_map),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

bool py_add_map(PyObject *module)
{
    py_state.map_type = py_add_type(module, &spec);
    return py_state.map_type;
}
