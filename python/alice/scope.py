"""The bracket around a critical operation."""
import functools
import inspect

from ._alice import _Scope


def optimize_for_memory(function):
    """Decorate a function, or a coroutine function: garbage is collected before and after it, and not while it runs.

    Calls within such calls, and beside them in other threads, are one operation: garbage is collected before the
    first begins and after the last has ended.
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
