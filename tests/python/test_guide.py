"""Every Python block of the memory guide runs as it stands there, with stand-ins for nothing but the guide's own
placeholders, and does what the guide says of it."""
import contextlib
import gc
import io
import os
import re
import shutil
import tempfile
import tracemalloc
import types
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Dict

from alicemultiverse.core import memory_optimization
from alicemultiverse.organizer import memory_optimized_organizer
from support import main

HERE = os.path.dirname(os.path.abspath(__file__))
IMPORTS = {**{name: getattr(memory_optimization, name) for name in memory_optimization.__all__},
           'MemoryOptimizedOrganizer': memory_optimized_organizer.MemoryOptimizedOrganizer,
           'Dict': Dict, 'ThreadPoolExecutor': ThreadPoolExecutor, 'gc': gc}
JPEG = bytes.fromhex('ffd8ffe000104a46494600010100000100010000ffd9')


def blocks():
    with open(os.path.join(HERE, 'guide_blocks.md'), encoding='utf-8') as f:
        return re.findall(r'^```python\n(.*?)^```$', f.read(), re.M | re.S)


class Connection:
    rolled_back = 0

    def rollback(self):
        Connection.rolled_back += 1


class Guide(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='alice-guide-')
        self.addCleanup(shutil.rmtree, self.top)
        self.addCleanup(tracemalloc.stop)
        self.addCleanup(gc.set_debug, gc.get_debug())
        path = os.path.join(self.top, 'large')
        with open(path, 'wb') as f:
            f.write(b'line of text\n' * 200000)
        os.makedirs(os.path.join(self.top, 'in', 'holiday'))
        with open(os.path.join(self.top, 'in', 'holiday', 'IMG_20240315_120000.jpg'), 'wb') as f:
            f.write(JPEG)
        paths = types.SimpleNamespace(inbox=os.path.join(self.top, 'in'), organized=os.path.join(self.top, 'out'))
        memory_config = IMPORTS['MemoryConfig'](max_memory_mb=512, cache_size_mb=64)
        self.chunks, self.lines, self.handled, self.done = [], [], [], []
        self.stand_ins = {
            'config': types.SimpleNamespace(paths=paths, performance=types.SimpleNamespace(batch_size=None)),
            'memory_config': memory_config,
            'reader': IMPORTS['StreamingFileReader'](memory_config),
            'large_file_path': path, 'text_file_path': path, 'file_path': __import__('pathlib').Path(path),
            'process_chunk': lambda chunk: self.chunks.append(len(chunk)),
            'process_line': self.lines.append,
            'chunk_processor_func': len,
            'large_data': {'a': bytes(1 << 20)}, 'data': [1, 2], 'tasks': [lambda: 1, lambda: 2],
            'create_connection': Connection, 'create_executor': lambda: ThreadPoolExecutor(1), 'create_analyzer': object,
            'file_iterator': iter(range(250)), 'batch_processor_func': len, 'handle_result': self.handled.append,
            'total_ram': 6000, 'process_files': sorted, 'process_batch': lambda: self.done.append(gc.isenabled()),
        }

    def run_block(self, number):
        """The namespace after a block, and what it printed."""
        space, out = {**IMPORTS, **self.stand_ins}, io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(blocks()[number], f'block {number}', 'exec'), space)
        return space, out.getvalue()

    def block_with(self, text):
        """The same of the one block that has `text`."""
        found = [i for i, block in enumerate(blocks()) if text in block]
        self.assertEqual(len(found), 1, text)
        return self.run_block(found[0])

    def test_the_organizer(self):
        space, out = self.block_with('organizer.organize()')
        self.assertRegex(out, r'^Peak memory: \d+\.\d MB\nCache hit rate: \d+\.\d\d%\n$')
        self.assertEqual((space['results']['organized'], space['results']['errors']), (1, 0))
        self.assertTrue(os.path.exists(os.path.join(self.top, 'out/2024-03-15/holiday/unknown/holiday-00001.jpg')))

    def test_the_monitor(self):
        space, out = self.block_with('monitor.check_memory_pressure')
        self.assertRegex(out, r'^Current: \d+\.\d MB\nAvailable: \d+\.\d MB\n')
        self.assertIn(space['batch_size'], (25, 50, 75, 100))

    def test_reading(self):
        space, _ = self.block_with('process_large_file')
        self.assertEqual((sum(self.chunks), sum(space['results'])), (2600000, 2600000))
        self.assertEqual((len(self.lines), set(self.lines)), (200000, {'line of text'}))
        self.assertEqual(self.chunks, [1 << 20, 1 << 20, 2600000 - (1 << 21)])
        space, _ = self.block_with('open_mmap')
        self.assertEqual(space['content'], 'line of text\n' * 200000)
        self.assertTrue(space['f'].closed)

    def test_caches(self):
        space, out = self.block_with('BoundedCache[Dict]')
        self.assertIs(space['cache'].get('key1'), self.stand_ins['large_data'])
        self.assertRegex(out, r'^Cache usage: 1\.\d/100(\.0)? MB\n$')
        space, _ = self.block_with('temp_key')
        self.assertEqual(space['cache'].get('temp_key'), [1, 2])
        space, _ = self.block_with('WeakValueCache')
        self.assertEqual(space['metadata_cache'].get_stats()['max_size_mb'], 256)
        large = Connection()
        space['large_object_cache'].set('a', large)
        self.assertIs(space['large_object_cache'].get('a'), large)

    def test_pools(self):
        space, _ = self.block_with('executor_pool.acquire')
        self.assertEqual([f.result() for f in space['futures']], [1, 2])
        self.assertEqual(space['executor_pool'].get_stats()['pool_size'], 1)
        space, _ = self.block_with('class DatabaseConnection')
        with space['db_pool'].acquire():
            pass
        self.assertEqual(Connection.rolled_back, 1)
        space, _ = self.block_with('create_analyzer')
        with space['pools']['executor'].acquire() as executor:
            self.assertEqual(executor.submit(lambda: 3).result(), 3)

    def test_batches(self):
        self.block_with('process_items(')
        self.assertEqual(self.handled, [100, 100, 50])

    def test_the_bracket(self):
        space, _ = self.block_with('@optimize_for_memory')
        self.assertEqual(space['process_large_collection']([3, 1]), [1, 3])
        self.assertEqual(space['process_large_collection'].__doc__, 'Automatically manages memory.')
        self.block_with('gc.disable()')
        self.assertEqual((self.done, gc.isenabled()), ([False], True))

    def test_settings(self):
        space, _ = self.block_with('if total_ram < 4 * 1024')
        self.assertEqual(space['max_memory_mb'], 512)
        space, _ = self.block_with('memory_config.gc_interval_seconds')
        self.assertEqual((space['memory_config'].gc_threshold_mb, space['memory_config'].gc_interval_seconds), (256, 30))
        space, _ = self.block_with('memory_config.max_batch_size')
        self.assertEqual(space['memory_config'].max_batch_size, 50)
        space, _ = self.block_with('memory_config.use_mmap')
        self.assertEqual((space['memory_config'].use_mmap, space['memory_config'].chunk_size_kb), (True, 256))


def one(number):
    def test(self):
        self.run_block(number)
    return test


for n in range(len(blocks())):
    setattr(Guide, f'test_block_{n + 1:02}', one(n))

if __name__ == '__main__':
    main()
