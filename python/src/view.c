/* SPDX-License-Identifier: MIT */
/*
 * Views of the library's own memory, without a copy, that die safely.
 *
 * What is handed out is a memoryview of a `view`, which owns the reader or map that the bytes
 * stand in, and knows how many look at them. Before the bytes change, the memoryview is
 * released: who kept it gets a ValueError. Who made another view of it (a slice, an array)
 * keeps that one and its bytes: the reader is left to the view, and another one takes its
 * place (see py_view_taken()).
 */
#include "alice_py.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- the open file ------------------------------------------------------- */

py_file *py_file_open(PyObject *path)
{
    PyObject *bytes = py_path(path);
    py_file *file = bytes ? PyMem_Malloc(sizeof *file) : NULL;
    int fd = -1, failed = 0;
    if (bytes && !file)
        PyErr_NoMemory();
    while (file && fd < 0) {
        const char *name = PyBytes_AsString(bytes);
        Py_BEGIN_ALLOW_THREADS fd =
            open(name, O_RDONLY | O_CLOEXEC); /* of a pipe, this waits for its writer */
        failed = fd < 0 ? errno : 0;
        Py_END_ALLOW_THREADS if (failed == 0 ||
                                 (failed == EINTR && PyErr_CheckSignals() == 0)) continue;
        if (failed != EINTR) {
            errno = failed;
            PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
        }
        PyMem_Free(file);
        file = NULL;
    }
    Py_XDECREF(bytes);
    if (file)
        *file = (py_file){fd, 1};
    return file;
}

void py_file_done(py_file **file)
{
    py_file *f = *file;
    *file = NULL;
    if (!f || --f->users > 0)
        return;
    close(f->fd); /* it was read only: nothing is lost */
    PyMem_Free(f);
}

/* ---- the view ------------------------------------------------------------ */

py_view *py_view_new(py_file *file)
{
    py_view *v = py_new((PyTypeObject *)py_state.view_type);
    if (v) {
        v->file = file;
        file->users++;
    }
    return v;
}

PyObject *py_view_show(py_view *view, alice_bytes bytes)
{
    view->bytes = bytes;
    return PyMemoryView_FromObject((PyObject *)view);
}

bool py_view_taken(py_view *view, PyObject **shown)
{
    PyObject *old = *shown;
    *shown = NULL;
    if (old) {
        PyObject *released = PyObject_CallMethodObjArgs(old, py_state.release_name, NULL);
        if (!released)
            PyErr_Clear(); /* something looks at it: then it stays, and counts */
        Py_XDECREF(released);
        Py_DECREF(old);
    }
    return view->lookers > 0;
}

static int view_getbuffer(PyObject *self, Py_buffer *out, int flags)
{
    py_view *v = (py_view *)self;
    if (flags & PyBUF_WRITABLE) {
        PyErr_SetString(PyExc_BufferError, "what was read from a file cannot be written to");
        return -1;
    }
    Py_INCREF(self);
    *out = (Py_buffer){
        .buf = (void *)(uintptr_t)v->bytes.p,
        .obj = self,
        .len = (Py_ssize_t)v->bytes.n,
        .itemsize = 1,
        .readonly = 1,
        .ndim = 1,
        .format = flags & PyBUF_FORMAT ? "B" : NULL,
    };
    out->shape = flags & PyBUF_ND ? &out->len : NULL;
    out->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &out->itemsize : NULL;
    v->lookers++;
    return 0;
}

static void view_releasebuffer(PyObject *self, Py_buffer *given)
{
    (void)given;
    ((py_view *)self)->lookers--;
}

static void view_dealloc(PyObject *self)
{
    py_view *v = (py_view *)self;
    alice_reader_close(&v->reader);
    alice_map_close(&v->map);
    py_file_done(&v->file);
    py_free(self);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, view_dealloc},
    {Py_bf_getbuffer, view_getbuffer},
    {Py_bf_releasebuffer, view_releasebuffer},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice._View",
    .basicsize = sizeof(py_view),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

bool py_add_view(PyObject *module)
{
    py_state.view_type = py_add_type(module, &spec);
    return py_state.view_type;
}
