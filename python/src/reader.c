/* SPDX-License-Identifier: MIT */
/* StreamingFileReader, and the iterator of its chunks. */
#include "alice_py.h"

/* ---- chunks -------------------------------------------------------------- */

typedef struct py_chunks {
    PyObject_HEAD py_file *file;
    py_view *view;   /* with the reader; NULL: ended */
    PyObject *shown; /* the memoryview that was handed out last */
    PyObject *path;
    alice_reader_options options;
    bool copies; /* bytes are handed out instead */
    bool busy;   /* a thread reads */
} py_chunks;

/* The chunk that was handed out last stays valid: its bytes are not needed any more. */
static void chunks_end(py_chunks *c)
{
    Py_CLEAR(c->shown);
    Py_CLEAR(c->view);
    py_file_done(&c->file);
}

/* A reader of the file, from `offset`, in a view of its own. */
static bool chunks_open(py_chunks *c, uint64_t offset)
{
    alice_error error = {0};
    py_view *view = py_view_new(c->file);
    if (!view)
        return false;
    alice_status st = alice_reader_open_fd(&view->reader, c->file->fd, &c->options, &error);
    if (st == ALICE_OK && offset > 0)
        st = alice_reader_seek(view->reader, offset, &error);
    if (st != ALICE_OK) {
        Py_DECREF((PyObject *)view);
        py_raise(st, &error, c->path);
        return false;
    }
    Py_XDECREF((PyObject *)c->view);
    c->view = view;
    return true;
}

/* Somebody still looks at the chunk before: it is his, with its reader. */
static bool chunks_go_on_elsewhere(py_chunks *c)
{
    alice_reader_stats stats;
    alice_reader_get_stats(c->view->reader, &stats);
    if (stats.seekable)
        return chunks_open(c, stats.offset);
    PyErr_SetString(PyExc_BufferError, "a view of the chunk before is in use, and what is no "
                                       "file cannot be read in a second place");
    return false;
}

static PyObject *chunks_next(PyObject *self)
{
    py_chunks *c = (py_chunks *)self;
    alice_bytes chunk;
    alice_error error = {0};
    alice_status st;
    if (c->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the next chunk");
        return NULL;
    }
    if (!c->view || (py_view_taken(c->view, &c->shown) && !chunks_go_on_elsewhere(c)))
        return NULL;
    alice_reader *reader = c->view->reader;
    c->busy = true;
    Py_BEGIN_ALLOW_THREADS st = alice_reader_next_chunk(reader, &chunk, &error);
    Py_END_ALLOW_THREADS c->busy = false;
    if (st == ALICE_OK && c->copies)
        return PyBytes_FromStringAndSize((const char *)chunk.p, (Py_ssize_t)chunk.n);
    if (st == ALICE_OK) {
        c->shown = py_view_show(c->view, chunk);
        Py_XINCREF(c->shown);
        return c->shown;
    }
    chunks_end(c);
    return st == ALICE_E_END ? NULL : py_raise(st, &error, c->path);
}

static PyObject *chunks_close(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    if (((py_chunks *)self)->busy) {
        PyErr_SetString(PyExc_ValueError, "another thread reads the next chunk");
        return NULL;
    }
    if (((py_chunks *)self)->view)
        py_view_taken(((py_chunks *)self)->view, &((py_chunks *)self)->shown);
    chunks_end((py_chunks *)self);
    Py_RETURN_NONE;
}

static void chunks_dealloc(PyObject *self)
{
    chunks_end((py_chunks *)self);
    Py_CLEAR(((py_chunks *)self)->path);
    py_free(self);
}

static PyObject *chunks_of(const alice_config *config, PyObject *path, bool copies)
{
    py_chunks *c = py_new((PyTypeObject *)py_state.chunks_type);
    if (!c)
        return NULL;
    Py_INCREF(path);
    c->path = path;
    c->copies = copies;
    c->options = alice_reader_defaults(config);
    c->options.use_mmap = false; /* a copy of the kernel's pages: the file may shrink */
    c->file = py_file_open(path);
    if (!c->file || !chunks_open(c, 0))
        Py_CLEAR(c);
    return (PyObject *)c;
}

/* ---- StreamingFileReader ------------------------------------------------- */

typedef struct py_reader {
    PyObject_HEAD PyObject *config; /* a MemoryConfig, or None */
} py_reader;

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"config", NULL};
    PyObject *config = Py_None;
    alice_config resolved;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:StreamingFileReader", names, &config) ||
        !py_config_of(config, &resolved))
        return NULL;
    py_reader *r = py_new(type);
    if (r) {
        Py_INCREF(config);
        r->config = config;
    }
    return (PyObject *)r;
}

static void reader_dealloc(PyObject *self)
{
    Py_CLEAR(((py_reader *)self)->config);
    py_free(self);
}

static PyObject *reader_read_chunks(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                    PyObject *kwnames)
{
    static const char *const names[] = {"file_path", "copy", NULL};
    static const py_params params = {"read_chunks", names, 1, 1};
    PyObject *given[2];
    alice_config config;
    if (!py_args(&params, args, nargs, kwnames, given) ||
        !py_config_of(((py_reader *)self)->config, &config))
        return NULL;
    int copies = given[1] ? PyObject_IsTrue(given[1]) : 0;
    return copies < 0 ? NULL : chunks_of(&config, given[0], copies > 0);
}

static PyObject *reader_read_lines(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                   PyObject *kwnames)
{
    static const char *const names[] = {"file_path", "encoding", "errors", NULL};
    static const py_params params = {"read_lines", names, 1, 3};
    PyObject *given[3];
    alice_config config;
    if (!py_args(&params, args, nargs, kwnames, given) ||
        !py_config_of(((py_reader *)self)->config, &config))
        return NULL;
    return py_lines_of(&config, given[0], given[1], given[2]);
}

static PyObject *reader_open_mmap(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                  PyObject *kwnames)
{
    static const char *const names[] = {"file_path", "mode", "encoding", "errors", NULL};
    static const py_params params = {"open_mmap", names, 1, 4};
    PyObject *given[4];
    alice_config config;
    if (!py_args(&params, args, nargs, kwnames, given) ||
        !py_config_of(((py_reader *)self)->config, &config))
        return NULL;
    return py_map_of(&config, given[0], given[1], given[2], given[3]);
}

/* Work on one chunk; what comes of it goes to `results`, unless it is None. */
static bool process_chunk(PyObject *processor, PyObject *chunk, PyObject *results)
{
    PyObject *result = PyObject_CallFunctionObjArgs(processor, chunk, NULL);
    bool done = result && (result == Py_None || PyList_Append(results, result) == 0);
    Py_XDECREF(result);
    return done;
}

/* Collect where memory is short, and now and then. */
static bool mind_memory(PyObject *monitor, size_t chunk)
{
    alice_monitor *m = py_monitor_of(monitor);
    if (!m)
        return false;
    if (alice_monitor_under_pressure(m))
        return py_monitor_collect(monitor, true) >= 0;
    return chunk % 100 != 0 || py_monitor_collect(monitor, false) >= 0;
}

static PyObject *reader_process(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                PyObject *kwnames)
{
    static const char *const names[] = {"file_path", "processor", NULL};
    static const py_params params = {"process_large_file", names, 2, 2};
    PyObject *given[2], *chunk;
    py_reader *r = (py_reader *)self;
    alice_config config;
    if (!py_args(&params, args, nargs, kwnames, given) || !py_config_of(r->config, &config))
        return NULL;
    PyObject *chunks = chunks_of(&config, given[0], false);
    PyObject *monitor =
        chunks ? PyObject_CallFunctionObjArgs(py_state.monitor_type, r->config, NULL) : NULL;
    PyObject *results = monitor ? PyList_New(0) : NULL;
    bool done = results;
    for (size_t i = 0; done && (chunk = chunks_next(chunks)); i++) {
        done = mind_memory(monitor, i) && process_chunk(given[1], chunk, results);
        Py_DECREF(chunk);
    }
    if (!done || PyErr_Occurred())
        Py_CLEAR(results);
    Py_XDECREF(monitor);
    Py_XDECREF(chunks);
    return results;
}

static PyObject *reader_get_config(PyObject *self, void *closure)
{
    PyObject *config = ((py_reader *)self)->config;
    (void)closure;
    Py_INCREF(config);
    return config;
}

/* ---- types --------------------------------------------------------------- */

static PyMethodDef chunks_methods[] = {
    {"close", chunks_close, METH_NOARGS, "close($self, /)\n--\n\nEnd, and close the file."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot chunks_slots[] = {
    {Py_tp_dealloc, chunks_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, chunks_next},
    {Py_tp_methods, chunks_methods},
    {0, NULL},
};

static PyType_Spec chunks_spec = {
    .name = "alice._Chunks",
    .basicsize = sizeof(py_chunks),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = chunks_slots,
};

static PyMethodDef methods[] = {
    {"read_chunks", PY_FAST(reader_read_chunks),
     "read_chunks($self, file_path, *, copy=False)\n--\n\nThe file in pieces of chunk_size_kb, "
     "as read-only memoryviews of one buffer: without a\ncopy, and released when the next is "
     "asked for. A slice of one stays valid as long as\nit is kept. copy: bytes instead."},
    {"read_lines", PY_FAST(reader_read_lines),
     "read_lines($self, file_path, encoding='utf-8', errors='strict')\n--\n\nThe lines as str, "
     "without their ends (\"\\n\" or \"\\r\\n\")."},
    {"process_large_file", PY_FAST(reader_process),
     "process_large_file($self, file_path, processor)\n--\n\nprocessor(chunk) of every chunk; "
     "the results that are not None, as a list. Garbage is\ncollected where memory is short. A "
     "chunk is released when the next is read."},
    {"open_mmap", PY_FAST(reader_open_mmap),
     "open_mmap($self, file_path, mode='r', encoding='utf-8', errors='strict')\n--\n\nA file "
     "of "
     "any size through bounded windows, mapped where use_mmap says so. mode 'rb':\nof bytes. A "
     "file that shrinks meanwhile is a ChangedError."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"config", reader_get_config, NULL, "the MemoryConfig, or None", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "StreamingFileReader(config=None)\n--\n\n"
     "Files of any size in a fixed amount of memory. Where it reads, other threads run."},
    {Py_tp_new, reader_new},
    {Py_tp_dealloc, reader_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.StreamingFileReader",
    .basicsize = sizeof(py_reader),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

bool py_add_reader(PyObject *module)
{
    py_state.chunks_type = py_add_type(module, &chunks_spec);
    PyObject *type = py_state.chunks_type ? py_add_type(module, &spec) : NULL;
    Py_XDECREF(type); /* the module has it */
    return type;
}
