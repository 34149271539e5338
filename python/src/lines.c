/* SPDX-License-Identifier: MIT */
/*
 * The lines of a file as str, in two ways:
 *
 * - A block: UTF-8 without "\r" is looked at where the reader has it, decoded in one go up to
 * its last line end, and split. The lines are handed out of a list.
 * - One by one: what is encoded otherwise, has "\r\n" or faults, comes out of a pipe or is
 * longer than a block. Some hundred lines at a time are copied into one buffer, without the
 * GIL, and decoded as they are asked for.
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
    size_t block;        /* bytes looked at together; 0: one by one */
    PyObject *list;      /* the lines of a block, the next is `at`; NULL: one by one */
    alice_status status; /* what comes after them */
    alice_error error;
    bool busy; /* a thread reads */
} py_lines;

static void lines_end(py_lines *l)
{
    Py_CLEAR(l->list);
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

/* The next whole lines of the reader's buffer, without the end of the last; none: not so.
 * Without the GIL. */
static alice_bytes look(py_lines *l)
{
    alice_bytes seen, none = {0};
    if (l->status != ALICE_OK ||
        alice_reader_peek(l->reader, l->block, &seen, NULL) != ALICE_OK)
        return none; /* why is told when the lines are read one by one */
    while (seen.n > 0 && seen.p[seen.n - 1] != '\n')
        seen.n--;
    if (seen.n == 0 || memchr(seen.p, '\r', seen.n))
        return none;
    seen.n--;
    return seen;
}

/* Put the lines of a block into the list. 1: done; 0: to be read one by one; -1: an error. */
static int split(py_lines *l, alice_bytes block)
{
    const char *errors = l->errors ? PyBytes_AsString(l->errors) : NULL;
    PyObject *text = PyUnicode_DecodeUTF8((const char *)block.p, (Py_ssize_t)block.n, errors);
    if (!text) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
            return -1;
        PyErr_Clear(); /* the line at fault will tell */
        return 0;
    }
    l->list = PyUnicode_Split(text, py_state.line_end, -1);
    Py_DECREF(text);
    if (!l->list)
        return -1;
    l->at = 0;
    l->count = (unsigned)PyList_Size(l->list);
    alice_status st = alice_reader_skip(l->reader, block.n + 1, &l->error);
    if (st == ALICE_OK)
        return 1;
    py_raise(st, &l->error, l->path); /* it does not happen: these bytes are in the buffer */
    return -1;
}

/* More lines, into the list or the buffer. -1: an error. */
static int read_more(py_lines *l)
{
    alice_bytes block = {0};
    if (l->block > 0) {
        Py_BEGIN_ALLOW_THREADS block = look(l);
        Py_END_ALLOW_THREADS
    }
    int done = block.p ? split(l, block) : 0;
    if (done == 0) {
        Py_BEGIN_ALLOW_THREADS fill(l);
        Py_END_ALLOW_THREADS
    }
    return done;
}

/* Whether there is a line at `at`; else NULL is to be answered. */
static bool refill(py_lines *l)
{
    if (l->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the next lines");
        return false;
    }
    Py_CLEAR(l->list);
    l->count = l->at = 0;
    if (!l->reader)
        return false;
    l->busy = true;
    int failed = read_more(l);
    l->busy = false;
    if (failed < 0 || l->count > 0)
        return failed >= 0;
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
    if (l->list) {
        PyObject *line = PyList_GetItem(l->list, (Py_ssize_t)l->at++);
        Py_XINCREF(line);
        return line;
    }
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
    if (stats.seekable && !l->encoding)
        l->block = stats.chunk_bytes < BYTES ? stats.chunk_bytes : BYTES;
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
