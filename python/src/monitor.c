/* SPDX-License-Identifier: MIT */
/*
 * MemoryMonitor: alice_monitor, with the garbage collector of Python as the first of the
 * reclaimers: a collection runs gc.collect(), then gives the allocator's free pages back.
 * A MemoryConfig that changes is followed.
 */
#include "alice_py.h"

typedef struct py_monitor {
    PyObject_HEAD PyObject *config; /* a MemoryConfig, or None */
    uint64_t changes;               /* of it, when the monitor was opened */
    alice_budget *budget;
    alice_reclaimer *python;
    alice_monitor *monitor;
    uint64_t collections; /* of monitors that were open before */
    unsigned inside;      /* calls without the GIL: it is not reopened meanwhile */
} py_monitor;

/* A reclaimer: runs in the thread that collects, which let go of the GIL. */
static alice_reclaimed collect_python(void *ctx, size_t wanted)
{
    (void)ctx;
    (void)wanted;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *found = PyObject_CallFunctionObjArgs(py_state.gc_collect, NULL);
    size_t items = 0;
    if (found)
        items = PyLong_AsSize_t(found);
    if (PyErr_Occurred()) { /* it concerns who called: told, not raised */
        PyErr_WriteUnraisable(py_state.gc_collect);
        items = 0;
    }
    Py_XDECREF(found);
    PyGILState_Release(gil);
    return (alice_reclaimed){.items = items};
}

/* ---- life --------------------------------------------------------------- */

static void shut(py_monitor *m)
{
    if (m->monitor)
        m->collections += alice_monitor_collections(m->monitor);
    alice_monitor_close(&m->monitor);
    alice_reclaimer_remove(&m->python);
    alice_budget_close(&m->budget, NULL);
}

static bool open_up(py_monitor *m)
{
    alice_monitor_options o = {0};
    if (!py_config_of(m->config, &o.config))
        return false;
    o.limit_bytes = (size_t)o.config.max_memory_mb * ALICE_MB;
    o.floor_bytes = 1; /* all that is resident counts, the interpreter too, as in the guide */
    m->changes = py_config_changes(m->config);
    alice_status st = alice_budget_open(&m->budget, NULL);
    o.budget = m->budget;
    if (st == ALICE_OK)
        st = alice_reclaimer_add(&m->python, m->budget, "python", ALICE_RECLAIM_EXPIRED,
                                 collect_python, NULL);
    if (st == ALICE_OK)
        st = alice_monitor_open(&m->monitor, &o);
    if (st != ALICE_OK) {
        shut(m);
        py_raise(st, NULL, NULL);
    }
    return st == ALICE_OK;
}

alice_monitor *py_monitor_of(PyObject *monitor)
{
    py_monitor *m = (py_monitor *)monitor;
    bool changed = py_config_changes(m->config) != m->changes;
    if (m->monitor && (!changed || m->inside > 0))
        return m->monitor;
    shut(m);
    return open_up(m) ? m->monitor : NULL;
}

static PyObject *monitor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"config", NULL};
    PyObject *config = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:MemoryMonitor", names, &config))
        return NULL;
    py_monitor *m = py_new(type);
    if (!m)
        return NULL;
    Py_INCREF(config);
    m->config = config;
    if (!open_up(m)) {
        Py_DECREF((PyObject *)m);
        return NULL;
    }
    return (PyObject *)m;
}

static void monitor_dealloc(PyObject *self)
{
    py_monitor *m = (py_monitor *)self;
    shut(m);
    Py_CLEAR(m->config);
    py_free(self);
}

/* ---- asking ------------------------------------------------------------- */

static PyObject *monitor_usage(PyObject *self, PyObject *nothing)
{
    alice_monitor_usage u;
    alice_monitor *m = py_monitor_of(self);
    (void)nothing;
    if (!m)
        return NULL;
    alice_status st = alice_monitor_get_usage(m, &u);
    if (st != ALICE_OK)
        return py_raise(st, NULL, NULL);
    return Py_BuildValue("{sdsdsdsdsdsdsdsdss}", "current_mb", u.current_mb, "peak_mb",
                         u.peak_mb, "available_mb", u.available_mb, "percent", u.system_percent,
                         "system_percent", u.system_percent, "limit_mb", u.limit_mb,
                         "usage_ratio", u.ratio, "steering_ratio", u.steering_ratio, "level",
                         alice_level_name(u.level));
}

static PyObject *monitor_pressure(PyObject *self, PyObject *nothing)
{
    alice_monitor *m = py_monitor_of(self);
    (void)nothing;
    return m ? PyBool_FromLong(alice_monitor_under_pressure(m)) : NULL;
}

int py_monitor_collect(PyObject *monitor, bool force)
{
    py_monitor *m = (py_monitor *)monitor;
    alice_monitor *handle = py_monitor_of(monitor);
    alice_collection done = {0};
    if (!handle)
        return -1;
    m->inside++;
    Py_BEGIN_ALLOW_THREADS alice_monitor_collect(handle, force, &done);
    Py_END_ALLOW_THREADS m->inside--;
    return done.reason != ALICE_COLLECT_NONE;
}

static PyObject *monitor_collect(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                 PyObject *kwnames)
{
    static const char *const names[] = {"force", NULL};
    static const py_params params = {"maybe_collect_garbage", names, 0, 1};
    PyObject *force;
    if (!py_args(&params, args, nargs, kwnames, &force))
        return NULL;
    int forced = force ? PyObject_IsTrue(force) : 0;
    int ran = forced < 0 ? -1 : py_monitor_collect(self, forced > 0);
    return ran < 0 ? NULL : PyBool_FromLong(ran);
}

static PyObject *monitor_batch_size(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                                    PyObject *kwnames)
{
    static const char *const names[] = {"base_size", NULL};
    static const py_params params = {"get_adaptive_batch_size", names, 0, 1};
    PyObject *base;
    uint64_t n = 0;
    alice_monitor *m = py_monitor_of(self);
    if (!m || !py_args(&params, args, nargs, kwnames, &base) ||
        !py_uint(base, "base_size", UINT32_MAX, &n))
        return NULL;
    return PyLong_FromUnsignedLong(alice_monitor_batch_size(m, (uint32_t)n));
}

static PyObject *monitor_get_config(PyObject *self, void *closure)
{
    py_monitor *m = (py_monitor *)self;
    (void)closure;
    Py_INCREF(m->config);
    return m->config;
}

static PyObject *monitor_collections(PyObject *self, void *closure)
{
    py_monitor *m = (py_monitor *)self;
    (void)closure;
    uint64_t now = m->monitor ? alice_monitor_collections(m->monitor) : 0;
    return PyLong_FromUnsignedLongLong(m->collections + now);
}

static PyMethodDef methods[] = {
    {"get_memory_usage", monitor_usage, METH_NOARGS,
     "get_memory_usage($self, /)\n--\n\ncurrent_mb, peak_mb, available_mb, percent (of the "
     "machine or container), limit_mb,\nusage_ratio, and what steers: steering_ratio, level."},
    {"check_memory_pressure", monitor_pressure, METH_NOARGS,
     "check_memory_pressure($self, /)\n--\n\nWhether memory is short: above warning_threshold "
     "of "
     "the limit, or on the machine."},
    {"maybe_collect_garbage", PY_FAST(monitor_collect),
     "maybe_collect_garbage($self, force=False)\n--\n\nCollect where there is a reason "
     "(gc_threshold_mb, gc_interval_seconds, force): gc.collect(),\nthen free pages go back to "
     "the system. Whether it did."},
    {"get_adaptive_batch_size", PY_FAST(monitor_batch_size),
     "get_adaptive_batch_size($self, base_size=None)\n--\n\n100, 75, 50 or 25 % of base_size "
     "by "
     "the pressure, from min_batch_size to max_batch_size."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"config", monitor_get_config, NULL, "the MemoryConfig, or None", NULL},
    {"collections", monitor_collections, NULL, "how many collections ran", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "MemoryMonitor(config=None)\n--\n\n"
                "What the system says of memory, and collection. Changes of the config are "
                "followed."},
    {Py_tp_new, monitor_new},
    {Py_tp_dealloc, monitor_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice.MemoryMonitor",
    .basicsize = sizeof(py_monitor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

bool py_add_monitor(PyObject *module)
{
    py_state.monitor_type = py_add_type(module, &spec);
    return py_state.monitor_type;
}
