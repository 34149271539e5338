"""The bracket around a critical operation."""
import functools
import gc
import inspect
import threading

from ._alice import MemoryMonitor

_lock = threading.Lock()
_depth = 0
_was_enabled = False


class _Scope:
    """Collect, switch the garbage collector off; at the end on again, and collect. Only the outermost of all
    threads does."""

    def __enter__(self):
        global _depth, _was_enabled
        with _lock:
            _depth += 1
            outermost = _depth == 1
            if outermost:
                _was_enabled = gc.isenabled()
                gc.disable()
        if outermost:
            MemoryMonitor().maybe_collect_garbage(force=True)

    def __exit__(self, *error):
        global _depth
        with _lock:
            _depth -= 1
            outermost = _depth == 0
            if outermost and _was_enabled:
                gc.enable()
        if outermost:
            MemoryMonitor().maybe_collect_garbage(force=True)


def optimize_for_memory(function):
    """Decorate a function, or a coroutine function: garbage is collected before and after it, and not while it runs.

    Calls within such calls, and beside them in other threads, are one operation: it is collected before the first
    begins and after the last has ended.
    """
    if inspect.iscoroutinefunction(function):
        @functools.wraps(function)
        async def bracketed(*args, **kwargs):
            with _Scope():
                return await function(*args, **kwargs)
    else:
        @functools.wraps(function)
        def bracketed(*args, **kwargs):
            with _Scope():
                return function(*args, **kwargs)
    return bracketed
