"""Bounded memory for Python: caches, pools, readers and batches of libalice, and its organizer."""
import sysconfig as _sysconfig

if _sysconfig.get_config_var('Py_GIL_DISABLED'):
    raise ImportError('alice needs the interpreter\'s lock (the GIL): this is a free-threaded build of '
                      'Python, which is not supported. Use the usual build, or give the work to a process of it.')

from ._alice import (
    BoundedCache,
    BudgetError,
    ChangedError,
    Error,
    MappedFile,
    MemoryConfig,
    MemoryMonitor,
    MemoryOptimizedBatchProcessor,
    ObjectPool,
    StreamingFileReader,
    TooBigError,
    WeakValueCache,
    library_version,
)
from .organizer import Config, MemoryOptimizedOrganizer
from .scope import optimize_for_memory

__version__ = library_version

__all__ = [
    'BoundedCache', 'BudgetError', 'ChangedError', 'Config', 'Error', 'MappedFile', 'MemoryConfig', 'MemoryMonitor',
    'MemoryOptimizedBatchProcessor', 'MemoryOptimizedOrganizer', 'ObjectPool', 'StreamingFileReader', 'TooBigError',
    'WeakValueCache', 'library_version', 'optimize_for_memory',
]
