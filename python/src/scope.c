/* SPDX-License-Identifier: MIT */
/*
 * The bracket of optimize_for_memory(): collect, switch the garbage collector off; at the end
 * on again, and collect. Of brackets within and beside each other, in whatever threads, the
 * outermost does: that is counted under the GIL.
 */
#include "alice_py.h"

static size_t depth;     /* brackets that are open */
static bool was_enabled; /* the collector, before the first of them */

/* Call one of gc's functions; -1 with an error, or whether it answered true. */
static int ask_gc(const char *function)
{
    PyObject *gc = PyImport_ImportModule("gc");
    PyObject *said = gc ? PyObject_CallMethod(gc, function, NULL) : NULL;
    int yes = said ? PyObject_IsTrue(said) : -1;
    Py_XDECREF(said);
    Py_XDECREF(gc);
    return yes;
}

static bool collect(void)
{
    PyObject *monitor = PyObject_CallFunctionObjArgs(py_state.monitor_type, NULL);
    bool done = monitor && py_monitor_collect(monitor, true) >= 0;
    Py_XDECREF(monitor);
    return done;
}

/* The last bracket ends, or the first could not begin. What is raised already stays. */
static void switch_on(void)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    depth--;
    if (depth == 0 && was_enabled && ask_gc("enable") < 0)
        PyErr_WriteUnraisable(NULL);
    PyErr_Restore(type, value, trace);
}

static PyObject *scope_enter(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    if (++depth == 1) {
        was_enabled = false;
        int enabled = ask_gc("isenabled");
        if (enabled >= 0 && ask_gc("disable") >= 0)
            was_enabled = enabled > 0;
        if (PyErr_Occurred() || !collect()) {
            switch_on();
            return NULL;
        }
    }
    Py_INCREF(self);
    return self;
}

static PyObject *scope_exit(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    if (depth == 0) {
        PyErr_SetString(py_state.error, "this bracket was not opened");
        return NULL;
    }
    bool last = depth == 1;
    switch_on();
    if (last && !collect())
        return NULL;
    Py_RETURN_NONE;
}

static void scope_dealloc(PyObject *self)
{
    py_free(self);
}

static PyMethodDef methods[] = {
    {"__enter__", scope_enter, METH_NOARGS, NULL},
    {"__exit__", scope_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "_Scope()\n--\n\nThe bracket of optimize_for_memory(), for a with block."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_dealloc, scope_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice._Scope",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

bool py_add_scope(PyObject *module)
{
    PyObject *type = py_add_type(module, &spec);
    Py_XDECREF(type);
    return type;
}
