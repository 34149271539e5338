"""The names of the memory guide, where the guide imports them from."""
from alice import (
    BoundedCache,
    MemoryConfig,
    MemoryMonitor,
    MemoryOptimizedBatchProcessor,
    ObjectPool,
    StreamingFileReader,
    WeakValueCache,
    optimize_for_memory,
)

__all__ = ['BoundedCache', 'MemoryConfig', 'MemoryMonitor', 'MemoryOptimizedBatchProcessor', 'ObjectPool',
           'StreamingFileReader', 'WeakValueCache', 'optimize_for_memory']
