"""The organizer, where the memory guide imports it from."""
from alice import MemoryOptimizedOrganizer

__all__ = ['MemoryOptimizedOrganizer']
