/* SPDX-License-Identifier: MIT */
/*
 * What a value weighs: about what sys.getsizeof() says of it, and of what plain lists, tuples,
 * dicts and sets hold, as far down as a bound on the work allows. Of a long container a part is
 * looked at, and the rest taken to be like it: a cache asks for every value that is set, so
 * that the sizes of the commonest types are reckoned here.
 */
#include "alice_py.h"

enum { DEEPEST = 8, SAMPLE = 256, MOST = 16384 };

typedef struct weighing {
    size_t looked_at; /* objects */
    bool failed;      /* an error is raised */
} weighing;

static size_t weight_of(PyObject *o, int depth, weighing *w);

/* What an object says of itself. */
static size_t own_size(PyObject *o, PyObject *function, weighing *w)
{
    PyObject *size = PyObject_CallFunctionObjArgs(function, o, NULL);
    size_t n = size ? PyLong_AsSize_t(size) : 0;
    Py_XDECREF(size);
    w->failed |= PyErr_Occurred() != NULL;
    return w->failed ? 0 : n;
}

static size_t text_size(PyObject *o, weighing *w)
{
    size_t n = (size_t)PyUnicode_GetLength(o);
    /* A character takes 1, 2 or 4 bytes: with few it does not matter which. */
    return n <= 16 ? 80 + 2 * n : own_size(o, py_state.text_sizeof, w);
}

static size_t number_size(PyObject *o, weighing *w)
{
    int over = 0;
    PyLong_AsLongAndOverflow(o, &over);
    return over == 0 ? 32 : own_size(o, py_state.getsizeof, w);
}

/* `sum` is of `seen` items of `all`. */
static size_t for_all(size_t sum, Py_ssize_t seen, Py_ssize_t all)
{
    if (seen <= 0 || seen >= all)
        return sum;
    return (size_t)((double)sum * (double)all / (double)seen);
}

static bool look_on(Py_ssize_t seen, const weighing *w)
{
    return seen < SAMPLE && w->looked_at < MOST && !w->failed;
}

static size_t items_of_sequence(PyObject *o, bool list, int depth, weighing *w)
{
    size_t sum = 0;
    if (depth >= DEEPEST)
        return 0;
    Py_ssize_t i = 0;
    /* The list may become shorter while an object in it tells its size. */
    for (; i < (list ? PyList_Size(o) : PyTuple_Size(o)) && look_on(i, w); i++) {
        PyObject *item = list ? PyList_GetItem(o, i) : PyTuple_GetItem(o, i);
        Py_INCREF(item);
        sum += weight_of(item, depth + 1, w);
        Py_DECREF(item);
    }
    return for_all(sum, i, list ? PyList_Size(o) : PyTuple_Size(o));
}

static size_t items_of_dict(PyObject *o, int depth, weighing *w)
{
    size_t sum = 0;
    Py_ssize_t at = 0, seen = 0, size = PyDict_Size(o);
    PyObject *key, *value;
    if (depth >= DEEPEST)
        return 0;
    /* One that changes meanwhile is looked at no more. */
    while (look_on(seen, w) && PyDict_Size(o) == size && PyDict_Next(o, &at, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        sum += weight_of(key, depth + 1, w) + weight_of(value, depth + 1, w);
        Py_DECREF(key);
        Py_DECREF(value);
        seen++;
    }
    return for_all(sum, seen, size);
}

static size_t items_of_set(PyObject *o, int depth, weighing *w)
{
    PyObject *each = depth < DEEPEST ? PyObject_GetIter(o) : NULL, *item;
    size_t sum = 0;
    Py_ssize_t seen = 0;
    while (each && look_on(seen, w) && (item = PyIter_Next(each))) {
        sum += weight_of(item, depth + 1, w);
        Py_DECREF(item);
        seen++;
    }
    Py_XDECREF(each);
    if (PyErr_Occurred() && !w->failed)
        PyErr_Clear(); /* it changed meanwhile */
    return for_all(sum, seen, PySet_Size(o));
}

static size_t weight_of(PyObject *o, int depth, weighing *w)
{
    PyTypeObject *type = Py_TYPE(o);
    w->looked_at++;
    if (type == &PyBytes_Type)
        return 33 + (size_t)PyBytes_Size(o);
    if (type == &PyUnicode_Type)
        return text_size(o, w);
    if (type == &PyFloat_Type)
        return 24;
    if (o == Py_None || type == &PyBool_Type)
        return 0;
    if (type == &PyLong_Type)
        return number_size(o, w);
    if (type == &PyList_Type)
        return 72 + 8 * (size_t)PyList_Size(o) + items_of_sequence(o, true, depth, w);
    if (type == &PyTuple_Type)
        return 56 + 8 * (size_t)PyTuple_Size(o) + items_of_sequence(o, false, depth, w);
    if (type == &PyDict_Type) /* 36 to 104 an entry, by how full its table is */
        return 120 + 48 * (size_t)PyDict_Size(o) + items_of_dict(o, depth, w);
    size_t own = own_size(o, py_state.getsizeof, w);
    if (type == &PySet_Type || type == &PyFrozenSet_Type)
        return own + items_of_set(o, depth, w);
    return own;
}

size_t py_weigh(PyObject *value)
{
    weighing w = {0};
    size_t n = weight_of(value, 0, &w);
    return w.failed ? SIZE_MAX : n;
}
