/* SPDX-License-Identifier: MIT */
/* MemoryOptimizedBatchProcessor: batches whose size follows the memory pressure. */
#include "alice_py.h"

typedef struct py_processor {
    PyObject_HEAD PyObject *config; /* a MemoryConfig, or None */
    PyObject *monitor;              /* a MemoryMonitor of it */
} py_processor;

/* The iterator over the results of a run. */
typedef struct py_batches {
    PyObject_HEAD alice_batch *batch;
    PyObject *monitor;
    PyObject *items;                /* an iterator; NULL: ended */
    PyObject *processor;            /* called with a list */
    PyObject *type, *value, *trace; /* what the items failed with, after the last batch */
    bool busy;
} py_batches;

static alice_level pressure(void *ctx)
{
    alice_monitor *m = py_monitor_of(((py_batches *)ctx)->monitor);
    return m ? alice_monitor_level(m) : ALICE_LEVEL_NORMAL; /* the error stays, and is raised */
}

/* The next items, `size` at most. What ends them is kept until they are processed. */
static PyObject *gather(py_batches *b, uint32_t size)
{
    PyObject *list = PyList_New(0), *item;
    for (uint32_t i = 0; list && i < size; i++) {
        item = PyIter_Next(b->items);
        if (!item) {
            PyErr_Fetch(&b->type, &b->value, &b->trace);
            Py_CLEAR(b->items);
            break;
        }
        if (PyList_Append(list, item) != 0)
            Py_CLEAR(list);
        Py_DECREF(item);
    }
    return list;
}

static PyObject *process(py_batches *b)
{
    uint32_t size = alice_batch_next_size(b->batch);
    PyObject *list = PyErr_Occurred() ? NULL : gather(b, size), *result = NULL;
    if (list && PyList_Size(list) > 0)
        result = PyObject_CallFunctionObjArgs(b->processor, list, NULL);
    else if (list) { /* the end, or what failed */
        PyErr_Restore(b->type, b->value, b->trace);
        b->type = b->value = b->trace = NULL;
    }
    Py_XDECREF(list); /* before garbage is collected */
    if (result && py_monitor_collect(b->monitor, false) < 0)
        Py_CLEAR(result);
    return result;
}

static PyObject *batches_next(PyObject *self)
{
    py_batches *b = (py_batches *)self;
    if (b->busy) {
        PyErr_SetString(PyExc_ValueError, "the next batch is being processed");
        return NULL;
    }
    if (!b->items) {
        PyErr_Restore(b->type, b->value, b->trace);
        b->type = b->value = b->trace = NULL;
        return NULL;
    }
    b->busy = true;
    PyObject *result = process(b);
    b->busy = false;
    if (!result)
        Py_CLEAR(b->items);
    return result;
}

static PyObject *batches_stats(PyObject *self, PyObject *nothing)
{
    alice_batch_stats s;
    (void)nothing;
    alice_batch_get_stats(((py_batches *)self)->batch, &s);
    return Py_BuildValue("{sKsKsIsIsIss}", "batches", s.batches, "adjustments", s.adjustments,
                         "smallest", s.smallest, "largest", s.largest, "current", s.current,
                         "level", alice_level_name(s.level));
}

static int batches_traverse(PyObject *self, visitproc visit, void *arg)
{
    py_batches *b = (py_batches *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(b->items);
    Py_VISIT(b->processor);
    Py_VISIT(b->value);
    Py_VISIT(b->trace);
    return 0;
}

static int batches_let_go(PyObject *self)
{
    py_batches *b = (py_batches *)self;
    Py_CLEAR(b->items);
    Py_CLEAR(b->type);
    Py_CLEAR(b->value);
    Py_CLEAR(b->trace);
    return 0;
}

static void batches_dealloc(PyObject *self)
{
    py_batches *b = (py_batches *)self;
    PyObject_GC_UnTrack(self);
    batches_let_go(self);
    alice_batch_close(&b->batch);
    Py_CLEAR(b->processor);
    Py_CLEAR(b->monitor);
    py_free(self);
}

/* ---- the processor ------------------------------------------------------- */

static PyObject *process_items(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                               PyObject *kwnames)
{
    static const char *const names[] = {"items", "processor", "base_batch_size", NULL};
    static const py_params params = {"process_items", names, 2, 3};
    PyObject *given[3];
    py_processor *p = (py_processor *)self;
    alice_config config;
    if (!py_args(&params, args, nargs, kwnames, given) || !py_config_of(p->config, &config))
        return NULL;
    uint64_t base = alice_config_base_batch(&config);
    if (!py_uint(given[2], "base_batch_size", 1000000, &base))
        return NULL;
    py_batches *b = py_new((PyTypeObject *)py_state.batches_type);
    if (!b)
        return NULL;
    Py_INCREF(given[1]);
    b->processor = given[1];
    Py_INCREF(p->monitor);
    b->monitor = p->monitor;
    b->items = PyObject_GetIter(given[0]);
    alice_batch_options o = alice_batch_defaults(&config);
    o.base_size = (uint32_t)base;
    o.level = pressure;
    o.level_ctx = b;
    alice_status st = b->items ? alice_batch_open(&b->batch, &o) : ALICE_E_INVAL;
    if (st != ALICE_OK) {
        py_raise(st, NULL, NULL);
        Py_CLEAR(b);
    }
    return (PyObject *)b;
}

static PyObject *processor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"config", NULL};
    PyObject *config = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:MemoryOptimizedBatchProcessor", names,
                                     &config))
        return NULL;
    PyObject *monitor = PyObject_CallFunctionObjArgs(py_state.monitor_type, config, NULL);
    py_processor *p = monitor ? py_new(type) : NULL;
    if (!p) {
        Py_XDECREF(monitor);
        return NULL;
    }
    Py_INCREF(config);
    p->config = config;
    p->monitor = monitor;
    return (PyObject *)p;
}

static PyObject *processor_get(PyObject *self, void *which)
{
    py_processor *p = (py_processor *)self;
    PyObject *object = which ? p->monitor : p->config;
    Py_INCREF(object);
    return object;
}

static void processor_dealloc(PyObject *self)
{
    py_processor *p = (py_processor *)self;
    Py_CLEAR(p->config);
    Py_CLEAR(p->monitor);
    py_free(self);
}

/* ---- types --------------------------------------------------------------- */

static PyMethodDef batches_methods[] = {
    {"get_stats", batches_stats, METH_NOARGS,
     "get_stats($self, /)\n--\n\nbatches, adjustments, smallest, largest, current, level."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot batches_slots[] = {
    {Py_tp_dealloc, batches_dealloc},
    {Py_tp_traverse, batches_traverse},
    {Py_tp_clear, batches_let_go},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, batches_next},
    {Py_tp_methods, batches_methods},
    {0, NULL},
};

static PyType_Spec batches_spec = {
    .name = "alice._Batches",
    .basicsize = sizeof(py_batches),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = batches_slots,
};

static PyMethodDef methods[] = {
    {"process_items", PY_FAST(process_items),
     "process_items($self, items, processor, base_batch_size=100)\n--\n\nprocessor(list) of "
     "batch after batch of items, and its results one by one. A batch is 100,\n75, 50 or 25 % "
     "of base_batch_size by the pressure. What items raise comes after the results\nof the "
     "items "
     "before it."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"config", processor_get, NULL, "the MemoryConfig, or None", NULL},
    {"monitor", processor_get, NULL, "its MemoryMonitor", (void *)1},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "MemoryOptimizedBatchProcessor(config=None)\n--\n\n"
                "Work in batches whose size follows the memory pressure."},
    {Py_tp_new, processor_new},
    {Py_tp_dealloc, processor_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.MemoryOptimizedBatchProcessor",
    .basicsize = sizeof(py_processor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

bool py_add_batch(PyObject *module)
{
    py_state.batches_type = py_add_type(module, &batches_spec);
    PyObject *type = py_state.batches_type ? py_add_type(module, &spec) : NULL;
    Py_XDECREF(type);
    return type;
}
