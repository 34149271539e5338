"""The organizer, and the configuration that it is given."""
import copy
from collections.abc import Mapping
from types import SimpleNamespace

from ._alice import MemoryConfig, _Organizer


class Config:
    """What to organize: paths.inbox, paths.organized, processing.* and performance.*.

    Any object or mapping with these parts will do for MemoryOptimizedOrganizer; only paths has to be there.
    """

    def __init__(self, inbox, organized, *, move=False, dry_run=False, batch_size=None, workers=None):
        self.paths = SimpleNamespace(inbox=inbox, organized=organized)
        self.processing = SimpleNamespace(move=move, dry_run=dry_run)
        self.performance = SimpleNamespace(batch_size=batch_size, workers=workers)

    def __repr__(self):
        return f'Config(inbox={self.paths.inbox!r}, organized={self.paths.organized!r})'


def _part(config, *names):
    """config.a.b or config['a']['b']; None where it is not there."""
    for name in names:
        config = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
        if config is None:
            return None
    return config


def _memory_config(config, given):
    """The memory settings, with workers and batch_size of config.performance, where they are set."""
    if given is not None and not isinstance(given, MemoryConfig):
        raise TypeError(f'a MemoryConfig is needed, not {type(given)!r}')
    copied = MemoryConfig() if given is None else copy.copy(given)
    for name in ('workers', 'batch_size'):
        value = _part(config, 'performance', name)
        if value is not None:
            setattr(copied, name, value)
    return copied


class MemoryOptimizedOrganizer(_Organizer):
    """Sorts the media of config.paths.inbox into dated folders below config.paths.organized, inside memory_config's
    limits. Files are copied, unless processing.move (or move=True) says otherwise; processing.dry_run decides
    everything and changes nothing.

    options: move, dry_run, keep_names, fresh, remove_duplicates, hash_contents, lossy, albums, catalog,
    layout, undated_folder, settle_seconds, flush_files, flush_seconds, as of `alice organize`; on_file(dict) is told
    of every file, on_progress(dict) at most ten times a second. What one of them raises stops the run, with nothing
    half-done.
    """

    def __new__(cls, config, memory_config=None, **options):
        for name in ('move', 'dry_run'):
            value = _part(config, 'processing', name)
            if value is not None:
                options.setdefault(name, value)
        for name in ('inbox', 'organized'):
            options.setdefault(name, _part(config, 'paths', name))
            if options[name] is None:
                raise ValueError(f'config.paths.{name} is missing')
        self = super().__new__(cls, _memory_config(config, memory_config), **options)
        self.config = config
        self.memory_config = memory_config
        return self
