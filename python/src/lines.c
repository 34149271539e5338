/* SPDX-License-Identifier: MIT */
/*
 * The lines of a file as str. Some hundred at a time are read without the GIL and copied into
 * one buffer; then they are decoded one by one, as they are asked for.
 */
#include "alice_py.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 512, BYTES = 64 * 1024 }; /* read at a time */

typedef struct py_lines {
    PyObject_HEAD py_file *file;
    alice_reader *reader; /* NULL: ended */
    PyObject *path;
    PyObject *encoding, *errors; /* bytes; encoding NULL: UTF-8 */
    char *text;                  /* the lines that were read, one after the other */
    size_t used, room;
    size_t ends[LINES];  /* where each ends */
    unsigned count, at;  /* how many there are, and which is next */
    unsigned at_once;    /* LINES; of a pipe 1: what has come is not kept waiting */
    alice_status status; /* what comes after them */
    alice_error error;
    bool busy; /* a thread reads */
} py_lines;

static void lines_end(py_lines *l)
{
    alice_reader_close(&l->reader);
    py_file_done(&l->file);
    free(l->text);
    l->text = NULL;
    l->used = l->room = 0;
    l->count = l->at = 0;
}

/* Keep a line. Without the GIL. */
static alice_status keep(py_lines *l, alice_text line)
{
    if (line.n > l->room - l->used) {
        size_t room = l->used + line.n > 2 * l->room ? l->used + line.n : 2 * l->room;
        char *grown = realloc(l->text, room);
        if (!grown)
            return ALICE_E_NOMEM;
        l->text = grown;
        l->room = room;
    }
    if (line.n > 0)
        memcpy(l->text + l->used, line.p, line.n);
    l->used += line.n;
    l->ends[l->count++] = l->used;
    return ALICE_OK;
}

/* Read the next lines. Without the GIL. */
static void fill(py_lines *l)
{
    alice_line line;
    l->used = l->count = l->at = 0;
    if (l->room > 4 * (size_t)BYTES) { /* one line was long */
        free(l->text);
        l->text = NULL;
        l->room = 0;
    }
    while (l->status == ALICE_OK && l->count < l->at_once && l->used < BYTES) {
        l->status = alice_reader_next_line(l->reader, &line, &l->error);
        if (l->status == ALICE_OK)
            l->status = keep(l, line.text);
    }
}

/* Whether there is a line at `at`; else NULL is to be answered. */
static bool refill(py_lines *l)
{
    if (l->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the next lines");
        return false;
    }
    if (!l->reader)
        return false;
    l->busy = true;
    Py_BEGIN_ALLOW_THREADS fill(l);
    Py_END_ALLOW_THREADS l->busy = false;
    if (l->count > 0)
        return true;
    alice_status st = l->status;
    l->status = ALICE_OK;
    if (st == ALICE_E_TOOBIG) { /* the one after it can be had */
        py_raise(st, &l->error, l->path);
        return false;
    }
    lines_end(l);
    if (st != ALICE_E_END)
        py_raise(st, &l->error, l->path);
    return false;
}

static PyObject *lines_next(PyObject *self)
{
    py_lines *l = (py_lines *)self;
    if ((l->busy || l->at == l->count) && !refill(l))
        return NULL;
    size_t from = l->at > 0 ? l->ends[l->at - 1] : 0;
    const char *p = l->text ? l->text + from : "";
    Py_ssize_t n = (Py_ssize_t)(l->ends[l->at++] - from);
    const char *errors = l->errors ? PyBytes_AsString(l->errors) : NULL;
    if (!l->encoding)
        return PyUnicode_DecodeUTF8(p, n, errors);
    return PyUnicode_Decode(p, n, PyBytes_AsString(l->encoding), errors);
}

static PyObject *lines_close(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    if (((py_lines *)self)->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the next lines");
        return NULL;
    }
    lines_end((py_lines *)self);
    Py_RETURN_NONE;
}

static void lines_dealloc(PyObject *self)
{
    py_lines *l = (py_lines *)self;
    lines_end(l);
    Py_CLEAR(l->path);
    Py_CLEAR(l->encoding);
    Py_CLEAR(l->errors);
    py_free(self);
}

/* ---- making -------------------------------------------------------------- */

/* A text as bytes that end with a NUL; NULL and no error where none was given. */
static bool name_of(PyObject *text, PyObject **out)
{
    if (!text || text == Py_None)
        return true;
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "encoding and errors are str, not %R",
                     (PyObject *)Py_TYPE(text));
        return false;
    }
    *out = PyUnicode_AsUTF8String(text);
    return *out;
}

bool py_encoding_of(PyObject *encoding, PyObject *errors, PyObject **encoding_out,
                    PyObject **errors_out)
{
    if (!name_of(encoding, encoding_out) || !name_of(errors, errors_out))
        return false;
    if (!*encoding_out)
        return true;
    const char *name = PyBytes_AsString(*encoding_out);
    if (strcmp(name, "utf-8") == 0 || strcmp(name, "utf8") == 0) {
        Py_CLEAR(*encoding_out);
        return true;
    }
    PyObject *end = PyUnicode_FromString("\n");
    PyObject *bytes = end ? PyUnicode_AsEncodedString(end, name, NULL) : NULL;
    bool plain = bytes && PyBytes_Check(bytes) && PyBytes_Size(bytes) == 1 &&
                 PyBytes_AsString(bytes)[0] == '\n';
    if (bytes && !plain)
        PyErr_Format(PyExc_ValueError, "lines in %R do not end with the byte 10", encoding);
    Py_XDECREF(end);
    Py_XDECREF(bytes);
    return plain;
}

PyObject *py_lines_of(const alice_config *config, PyObject *path, PyObject *encoding,
                      PyObject *errors)
{
    py_lines *l = py_new((PyTypeObject *)py_state.lines_type);
    if (!l)
        return NULL;
    alice_reader_options o = alice_reader_defaults(config);
    o.use_mmap = false; /* as for chunks */
    /* A line is there twice, here and in the reader, and once as str. */
    o.max_line_bytes = (size_t)config->max_memory_mb * ALICE_MB / 4;
    Py_INCREF(path);
    l->path = path;
    if (!py_encoding_of(encoding, errors, &l->encoding, &l->errors) ||
        !(l->file = py_file_open(path))) {
        Py_DECREF((PyObject *)l);
        return NULL;
    }
    alice_status st = alice_reader_open_fd(&l->reader, l->file->fd, &o, &l->error);
    if (st != ALICE_OK) {
        py_raise(st, &l->error, path);
        Py_DECREF((PyObject *)l);
        return NULL;
    }
    alice_reader_stats stats;
    alice_reader_get_stats(l->reader, &stats);
    l->at_once = stats.seekable ? LINES : 1;
    return (PyObject *)l;
}

static PyMethodDef methods[] = {
    {"close", lines_close, METH_NOARGS, "close($self, /)\n--\n\nEnd, and close the file."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, lines_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, lines_next},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice._Lines",
    .basicsize = sizeof(py_lines),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

bool py_add_lines(PyObject *module)
{
    py_state.lines_type = py_add_type(module, &spec);
    return py_state.lines_type;
}
