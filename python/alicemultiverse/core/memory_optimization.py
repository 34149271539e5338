"""The names of the memory guide, where the guide imports them from."""
from alice import BoundedCache, MemoryConfig, MemoryMonitor

__all__ = ['BoundedCache', 'MemoryConfig', 'MemoryMonitor']
