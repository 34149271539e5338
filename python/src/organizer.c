/* SPDX-License-Identifier: MIT */
/*
 * The organizer. A run goes without the GIL, which is asked for where Python is told of a file,
 * and now and then, to see whether a signal has come. What a callback raises ends the run,
 * after the file at hand, and is what organize() raises.
 */
#include "alice_py.h"

#include <stddef.h>
#include <string.h>

#include <alice/organize.h>

enum { LOOK_MS = 50 }; /* between two looks for signals */

typedef struct py_organizer {
    PyObject_HEAD alice_organizer_options options; /* its texts are borrowed of `texts` */
    PyObject *texts;                               /* list of bytes */
    PyObject *on_file, *on_progress;               /* NULL: nobody is told */
    alice_organizer *running;                      /* while organize() is under way */
    alice_memory_stats memory;                     /* of the last run */
    PyObject *type, *value, *trace;                /* what a callback raised */
    bool busy, failed;
    uint64_t looked_ms;
} py_organizer;

/* ---- options ------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t offset;
} FLAGS[] =
    {
        {"move", offsetof(alice_organizer_options, move)},
        {"dry_run", offsetof(alice_organizer_options, dry_run)},
        {"keep_names", offsetof(alice_organizer_options, keep_names)},
        {"fresh", offsetof(alice_organizer_options, fresh)},
        {"remove_duplicates", offsetof(alice_organizer_options, remove_duplicates)},
        {"hash_contents", offsetof(alice_organizer_options, hash_contents)},
        {"albums", offsetof(alice_organizer_options, albums)},
        {"lossy", offsetof(alice_organizer_options, lossy)},
},
  TEXTS[] =
      {
          {"inbox", offsetof(alice_organizer_options, inbox)},
          {"organized", offsetof(alice_organizer_options, organized)},
          {"catalog", offsetof(alice_organizer_options, catalog)},
          {"layout", offsetof(alice_organizer_options, layout)},
          {"undated_folder", offsetof(alice_organizer_options, undated_folder)},
},
  NUMBERS[] = {
      {"settle_seconds", offsetof(alice_organizer_options, settle_seconds)},
      {"flush_files", offsetof(alice_organizer_options, flush_files)},
      {"flush_seconds", offsetof(alice_organizer_options, flush_seconds)},
};

static bool set_text(py_organizer *o, size_t offset, PyObject *value)
{
    if (value == Py_None)
        return true;
    PyObject *bytes = py_path(value);
    bool kept = bytes && PyList_Append(o->texts, bytes) == 0;
    if (kept)
        *(const char **)((char *)&o->options + offset) = PyBytes_AsString(bytes);
    Py_XDECREF(bytes);
    return kept;
}

static bool set_option(py_organizer *o, const char *name, PyObject *value)
{
    PyObject **hooks[] = {&o->on_file, &o->on_progress};
    for (size_t i = 0; i < sizeof FLAGS / sizeof *FLAGS; i++)
        if (strcmp(name, FLAGS[i].name) == 0) {
            int yes = PyObject_IsTrue(value);
            *(bool *)((char *)&o->options + FLAGS[i].offset) = yes > 0;
            return yes >= 0;
        }
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (strcmp(name, TEXTS[i].name) == 0)
            return set_text(o, TEXTS[i].offset, value);
    for (size_t i = 0; i < 2; i++)
        if (strcmp(name, i == 0 ? "on_file" : "on_progress") == 0)
            return py_callable(value, name, hooks[i]);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
        if (strcmp(name, NUMBERS[i].name) == 0) {
            uint64_t n = 0;
            if (!py_uint(value, name, UINT32_MAX, &n))
                return false;
            *(uint32_t *)(void *)((char *)&o->options + NUMBERS[i].offset) = (uint32_t)n;
            return true;
        }
    PyErr_Format(PyExc_TypeError, "an organizer has no option named '%s'", name);
    return false;
}

static PyObject *organizer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *config, *name, *value;
    Py_ssize_t at = 0;
    if (!PyArg_ParseTuple(args, "O:_Organizer", &config))
        return NULL;
    py_organizer *o = py_new(type);
    if (!o)
        return NULL;
    o->texts = PyList_New(0);
    bool done = o->texts && py_config_of(config, &o->options.config);
    while (done && kwargs && PyDict_Next(kwargs, &at, &name, &value)) {
        const char *said = PyUnicode_AsUTF8AndSize(name, NULL);
        done = said && set_option(o, said, value);
    }
    if (!done)
        Py_CLEAR(o);
    return (PyObject *)o;
}

/* ---- callbacks of a run -------------------------------------------------- */

/* Keep what was raised; the run ends. With the GIL. */
static void keep_error(py_organizer *o)
{
    if (!o->failed)
        PyErr_Fetch(&o->type, &o->value, &o->trace);
    else
        PyErr_Clear();
    o->failed = true;
}

static void tell(py_organizer *o, PyObject *function, PyObject *dict)
{
    PyObject *done = dict ? PyObject_CallFunctionObjArgs(function, dict, NULL) : NULL;
    if (!done)
        keep_error(o);
    Py_XDECREF(done);
    Py_XDECREF(dict);
}

/* A path as str: bytes that are no text are kept as lone surrogates. */
static PyObject *path_text(const char *path)
{
    if (!path)
        Py_RETURN_NONE;
    return PyUnicode_DecodeFSDefault(path);
}

static void on_file(void *ctx, const alice_file_report *f)
{
    py_organizer *o = ctx;
    if (!o->on_file || o->failed)
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    char date[32] = "";
    if (f->medium)
        alice_date_text(&f->medium->date, date, sizeof date);
    PyObject *dict = Py_BuildValue(
        "{sN ss sN sz sz sK sz sz sz}", "source_path", path_text(f->source_path), "status",
        alice_outcome_name(f->outcome), "destination", path_text(f->destination), "source",
        f->source, "reason", f->reason, "bytes", f->bytes, "type",
        f->medium ? alice_media_name(f->medium->type) : NULL, "date", date[0] ? date : NULL,
        "date_source", date[0] ? alice_date_source_name(f->medium->date_source) : NULL);
    tell(o, o->on_file, dict);
    PyGILState_Release(gil);
}

static void on_progress(void *ctx, const alice_progress *p)
{
    py_organizer *o = ctx;
    if (!o->on_progress || o->failed)
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *dict = Py_BuildValue(
        "{sK sK sK sK sK sI sn sn sd sN}", "files", p->tally.files, "organized",
        p->tally.organized, "duplicates", p->tally.duplicates, "errors", p->tally.errors,
        "bytes", p->tally.bytes, "batch_size", p->batch_size, "resident_bytes",
        (Py_ssize_t)p->resident, "limit_bytes", (Py_ssize_t)p->limit, "seconds",
        (double)p->elapsed_ns / 1e9, "path", path_text(p->path));
    tell(o, o->on_progress, dict);
    PyGILState_Release(gil);
}

static bool should_stop(void *ctx)
{
    py_organizer *o = ctx;
    uint64_t now = alice_env_now_ns(NULL) / 1000000;
    if (o->failed || now - o->looked_ms < LOOK_MS)
        return o->failed;
    o->looked_ms = now;
    PyGILState_STATE gil = PyGILState_Ensure();
    if (PyErr_CheckSignals() != 0)
        keep_error(o);
    PyGILState_Release(gil);
    return o->failed;
}

/* ---- results ------------------------------------------------------------- */

static PyObject *memory_dict(const alice_memory_stats *m)
{
    const double mb = (double)ALICE_MB;
    PyObject *cache = py_cache_stats(&m->cache_stats);
    PyObject *hashes = cache ? py_cache_stats(&m->hash_cache_stats) : NULL;
    if (!hashes) {
        Py_XDECREF(cache);
        return NULL;
    }
    return Py_BuildValue(
        "{sd sd sd sK sK sK sK sK sN sN}", "limit_mb", (double)m->limit_bytes / mb,
        "peak_memory_mb", (double)m->peak_bytes / mb, "current_memory_mb",
        (double)m->current_bytes / mb, "gc_collections", m->gc_collections,
        "batch_size_adjustments", m->batch_size_adjustments, "cache_evictions",
        m->cache_evictions, "streamed_files", m->streamed_files, "pooled_objects_reused",
        m->pooled_objects_reused, "cache_stats", cache, "hash_cache_stats", hashes);
}

static bool put_count(PyObject *dict, const char *name, uint64_t count)
{
    return count == 0 || py_put(dict, name, PyLong_FromUnsignedLongLong(count));
}

/* The counts by origin, type and source of the date. */
static bool put_counts(PyObject *all, const alice_organizer *organizer,
                       const alice_organize_result *r)
{
    PyObject *sources = PyDict_New(), *types = PyDict_New(), *dates = PyDict_New();
    bool done = sources && types && dates;
    const char *name;
    uint64_t count;
    for (size_t i = 0;
         done && alice_organizer_by_source(organizer, i, &name, &count) == ALICE_OK; i++)
        done = put_count(sources, name, count);
    for (int t = 0; done && t < ALICE_MEDIA_COUNT; t++)
        done = put_count(types, alice_media_name((alice_media_type)t), r->by_type[t]);
    for (int d = 0; done && d < ALICE_DATE_SOURCE_COUNT; d++)
        done =
            put_count(dates, alice_date_source_name((alice_date_source)d), r->date_sources[d]);
    done = done && put_count(dates, "none", r->date_sources[ALICE_DATE_SOURCE_COUNT]);
    done = done && PyDict_SetItemString(all, "by_source", sources) == 0 &&
           PyDict_SetItemString(all, "by_type", types) == 0 &&
           PyDict_SetItemString(all, "date_sources", dates) == 0;
    Py_XDECREF(sources);
    Py_XDECREF(types);
    Py_XDECREF(dates);
    return done;
}

/* The names are those of `alice organize --json`. */
static PyObject *result_dict(const py_organizer *o, const alice_organizer *organizer,
                             const alice_organize_result *r)
{
    PyObject *d = Py_BuildValue(
        "{sL ss sN sK sK sK sK sK sK sK sK sK sd sd sN}", "run", (long long)r->run, "mode",
        o->options.move ? "move" : "copy", "dry_run", PyBool_FromLong(o->options.dry_run),
        "files", r->tally.files, "organized", r->tally.organized, "skipped", r->tally.skipped,
        "duplicates", r->tally.duplicates, "errors", r->tally.errors, "not_media", r->not_media,
        "already_known", r->already_known, "damaged", r->damaged, "bytes", r->tally.bytes,
        "seconds", r->seconds, "files_per_second",
        r->seconds > 0 ? (double)r->tally.files / r->seconds : 0.0, "interrupted",
        PyBool_FromLong(r->interrupted));
    if (d && (!put_counts(d, organizer, r) || !py_put(d, "memory", memory_dict(&r->memory))))
        Py_CLEAR(d);
    return d;
}

static PyObject *run(py_organizer *o)
{
    alice_organizer_options options = o->options;
    alice_organize_result *r = PyMem_Malloc(sizeof *r);
    alice_error error = {0};
    alice_organizer *organizer = NULL;
    alice_status st;
    if (!r)
        return PyErr_NoMemory();
    *r = (alice_organize_result){0};
    options.on_file = on_file;
    options.on_progress = on_progress;
    options.should_stop = should_stop;
    options.ctx = o;
    Py_BEGIN_ALLOW_THREADS st = alice_organizer_open(&organizer, &options, &error);
    Py_END_ALLOW_THREADS o->running = organizer;
    if (st == ALICE_OK) {
        Py_BEGIN_ALLOW_THREADS st = alice_organizer_organize(organizer, r, &error);
        Py_END_ALLOW_THREADS o->memory = r->memory;
    }
    o->running = NULL;
    PyObject *results = NULL;
    if (o->failed)
        PyErr_Restore(o->type, o->value, o->trace);
    else if (st != ALICE_OK)
        py_raise(st, &error, NULL);
    else
        results = result_dict(o, organizer, r);
    o->type = o->value = o->trace = NULL;
    PyMem_Free(r);
    Py_BEGIN_ALLOW_THREADS alice_organizer_close(&organizer);
    Py_END_ALLOW_THREADS return results;
}

static PyObject *organizer_organize(PyObject *self, PyObject *nothing)
{
    py_organizer *o = (py_organizer *)self;
    (void)nothing;
    if (o->busy) {
        PyErr_SetString(py_state.error, "organize() is under way already");
        return NULL;
    }
    o->busy = true;
    o->failed = false;
    PyObject *results = run(o);
    o->busy = false;
    return results;
}

static PyObject *organizer_memory_stats(PyObject *self, PyObject *nothing)
{
    py_organizer *o = (py_organizer *)self;
    alice_memory_stats now = o->memory;
    alice_status st = ALICE_OK;
    (void)nothing;
    if (o->running)
        st = alice_organizer_get_memory_stats(o->running, &now);
    return st == ALICE_OK ? memory_dict(&now) : py_raise(st, NULL, NULL);
}

static void organizer_dealloc(PyObject *self)
{
    py_organizer *o = (py_organizer *)self;
    Py_CLEAR(o->texts);
    Py_CLEAR(o->on_file);
    Py_CLEAR(o->on_progress);
    py_free(self);
}

static PyMethodDef methods[] = {
    {"organize", organizer_organize, METH_NOARGS,
     "organize($self, /)\n--\n\nOrganize; what became of the files, as a dict with the names "
     "of "
     "`alice organize --json`.\nOther threads run meanwhile."},
    {"get_memory_stats", organizer_memory_stats, METH_NOARGS,
     "get_memory_stats($self, /)\n--\n\nlimit_mb, peak_memory_mb, current_memory_mb, "
     "cache_stats "
     "and more, as a dict: of now while\na run is under way, else of the last."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "_Organizer(memory_config, /, **options)\n--\n\n"
                "What MemoryOptimizedOrganizer stands on."},
    {Py_tp_new, organizer_new},
    {Py_tp_dealloc, organizer_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "alice._Organizer",
    .basicsize = sizeof(py_organizer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

bool py_add_organizer(PyObject *module)
{
    PyObject *type = py_add_type(module, &spec);
    Py_XDECREF(type);
    return type;
}
