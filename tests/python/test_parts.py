"""ObjectPool, WeakValueCache, the batch processor, the bracket and the organizer."""
import ast
import asyncio
import gc
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import unittest
import weakref

import alice
from support import leaks, main

STUBS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'python', 'alice')
JPEG = bytes.fromhex('ffd8ffe000104a46494600010100000100010000ffd9')


class Thing:
    pass


class Pools(unittest.TestCase):
    def test_objects_are_reused_and_reset(self):
        reset = []
        pool = alice.ObjectPool[Thing](factory=Thing, reset_func=reset.append, max_size=2)
        with pool.acquire() as a:
            with pool.acquire() as b, pool.acquire() as c:
                self.assertEqual(len({a, b, c}), 3)
        with pool.acquire() as again:
            self.assertIn(again, (a, b, c))
        self.assertEqual(set(reset), {a, b, c})
        stats = pool.get_stats()
        self.assertEqual((stats['pool_size'], stats['created'], stats['reused'], stats['reuse_rate']), (2, 3, 1, .25))
        self.assertEqual((pool.trim(1), pool.get_stats()['pool_size']), (1, 1))

    def test_given_back_after_an_error_too(self):
        pool = alice.ObjectPool(Thing)
        with self.assertRaises(ZeroDivisionError):
            with pool.acquire():
                1 / 0
        self.assertEqual(pool.get_stats()['pool_size'], 1)

    def test_a_factory_that_fails_is_told(self):
        fails = [True]

        def make():
            if fails[0]:
                raise OSError('no')
            return 5
        pool = alice.ObjectPool(make)
        with self.assertRaisesRegex(OSError, 'no'):
            pool.acquire().__enter__()
        fails[0] = False
        with pool.acquire() as made:
            self.assertEqual(made, 5)
        self.assertEqual(pool.get_stats()['in_use'], 0)

    def test_a_reset_that_fails_is_told_and_the_object_goes(self):
        ended = []

        def reset(thing):
            raise KeyError(7)
        pool = alice.ObjectPool(Thing, reset, destroy_func=ended.append)
        with self.assertRaises(KeyError):
            with pool.acquire() as a:
                pass
        self.assertEqual((ended, pool.get_stats()['pool_size']), ([a], 0))
        with self.assertRaises(KeyError) as caught:
            with pool.acquire():
                raise ValueError
        self.assertIsInstance(caught.exception.__context__, ValueError)

    def test_what_does_not_work_any_more_is_replaced(self):
        good = set()
        pool = alice.ObjectPool(Thing, validate_func=lambda thing: thing in good)
        with pool.acquire() as a:
            pass
        with pool.acquire() as b:
            self.assertIsNot(a, b)
            good.add(b)
        with pool.acquire() as c:
            self.assertIs(b, c)
        self.assertEqual(pool.get_stats()['invalid'], 1)

    def test_max_total_waits_for_another_thread(self):
        pool = alice.ObjectPool(Thing, max_total=1)
        with pool.acquire() as mine:
            with self.assertRaises(TimeoutError):
                pool.acquire(timeout=0).__enter__()
            with self.assertRaises(TimeoutError):
                pool.acquire(timeout=.01).__enter__()
            got, waits = [], threading.Event()

            def other():
                lease = pool.acquire()
                waits.set()
                with lease as theirs:
                    got.append(theirs)
            thread = threading.Thread(target=other)
            thread.start()
            waits.wait(60)
        thread.join(60)
        self.assertEqual(got, [mine])

    def test_a_signal_ends_the_wait(self):
        def interrupt(number, frame):
            raise InterruptedError('asked to')
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            pool = alice.ObjectPool(Thing, max_total=1)
            with pool.acquire():
                with self.assertRaises(InterruptedError):
                    signal.setitimer(signal.ITIMER_REAL, .02)
                    pool.acquire().__enter__()
        finally:
            signal.signal(signal.SIGALRM, before)

    def test_leases(self):
        pool = alice.ObjectPool(Thing)
        lease = pool.acquire()
        with lease as a:
            with self.assertRaises(alice.Error):
                lease.__enter__()
            lease.release()
            self.assertEqual(pool.get_stats()['in_use'], 0)
        with lease as b:
            self.assertIs(a, b)
            lease.discard()
        self.assertEqual(pool.get_stats()['pool_size'], 0)
        other = pool.acquire()
        other.__enter__()
        del other
        self.assertEqual((pool.get_stats()['in_use'], pool.get_stats()['pool_size']), (0, 1))

    def test_wrong_arguments(self):
        for wrong in (lambda: alice.ObjectPool(), lambda: alice.ObjectPool(None), lambda: alice.ObjectPool(5),
                      lambda: alice.ObjectPool(Thing, 5), lambda: alice.ObjectPool(Thing, max_size='x'),
                      lambda: alice.ObjectPool(Thing).acquire(timeout='soon')):
            self.assertRaises(TypeError, wrong)
        for wrong in (lambda: alice.ObjectPool(Thing, max_size=-1), lambda: alice.ObjectPool(Thing).acquire(timeout=-1)):
            self.assertRaises(ValueError, wrong)

    def test_circles_are_collected(self):
        class Owner:
            def __init__(self):
                self.pool = alice.ObjectPool(self.make, self.reset)
                with self.pool.acquire():
                    pass

            def make(self):
                return Thing()

            def reset(self, thing):
                self.last = 1
        owner = Owner()
        watched = weakref.ref(owner)
        del owner
        gc.collect()
        self.assertIsNone(watched())
        class Weighs:
            def __init__(self):
                self.cache = alice.BoundedCache(sizeof=self.weigh)

            def weigh(self, value):
                return 1
        weighs = Weighs()
        watched = weakref.ref(weighs)
        del weighs
        gc.collect()
        self.assertIsNone(watched())

    def test_threads(self):
        pool, wrong = alice.ObjectPool(Thing, lambda thing: None, max_size=2, max_total=3), []

        def work():
            for _ in range(300):
                with pool.acquire() as thing:
                    if getattr(thing, 'used', False):
                        wrong.append(thing)
                    thing.used = True
                    thing.used = False
        threads = [threading.Thread(target=work) for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        stats = pool.get_stats()
        self.assertEqual((wrong, stats['in_use'], stats['created'] + stats['reused']), ([], 0, 1800))
        self.assertLessEqual(stats['peak_in_use'], 3)

    def test_nothing_leaks(self):
        def work():
            pool = alice.ObjectPool(Thing, lambda t: None, 2, validate_func=lambda t: True, destroy_func=lambda t: None)
            with pool.acquire() as a, pool.acquire() as b:
                a.b = b
            pool.acquire().__enter__()
            for wrong in (lambda: alice.ObjectPool(5), lambda: alice.ObjectPool(lambda: 1 / 0).acquire().__enter__()):
                try:
                    wrong()
                except (TypeError, ZeroDivisionError):
                    pass
        self.assertFalse(leaks(work))


class Weak(unittest.TestCase):
    def test_found_while_somebody_holds_it(self):
        cache = alice.WeakValueCache(recent=0)
        thing = Thing()
        cache.set('a', thing)
        self.assertIs(cache.get('a'), thing)
        self.assertEqual(('a' in cache, len(cache)), (True, 1))
        del thing
        self.assertEqual((cache.get('a'), cache.get('a', 5), 'a' in cache, len(cache)), (None, 5, False, 0))

    def test_the_latest_live_on(self):
        cache = alice.WeakValueCache()
        watched = []
        for i in range(150):
            thing = Thing()
            watched.append(weakref.ref(thing))
            cache.set(i, thing)
            if i >= 50:
                cache.get(0)  # used all the time
        del thing
        self.assertEqual(sum(w() is not None for w in watched), 100)
        self.assertIsNotNone(watched[0]())
        stats = cache.get_stats()
        self.assertEqual((stats['items'], stats['recent'], stats['max_recent'], stats['hit_rate']), (100, 100, 100, 1))
        self.assertEqual((cache.trim(), len(cache)), (100, 0))

    def test_replaced_and_removed(self):
        cache = alice.WeakValueCache()
        a, b = Thing(), Thing()
        cache.set('k', a)
        cache.set('k', b)
        self.assertIs(cache.get('k'), b)
        self.assertEqual((cache.remove('k'), cache.remove('k'), cache.get('k')), (True, False, None))
        cache.set('k', a)
        cache.clear()
        self.assertEqual((len(cache), sys.getrefcount(a)), (0, 2))
        for wrong in (lambda: cache.set('k', 5), lambda: cache.set([], a), lambda: cache.get([]), lambda: cache.set('k')):
            self.assertRaises(TypeError, wrong)

    def test_a_value_that_goes_may_use_it(self):
        cache = alice.WeakValueCache(recent=3)

        class Ends:
            def __del__(self):
                cache.get('x')
                cache.set('x', Thing())
                cache.remove('y')
                len(cache)
        for i in range(100):
            cache.set(i % 7, Ends())
        cache.trim()
        self.assertLessEqual(len(cache), 3)

    def test_keys_of_the_dead_are_forgotten(self):
        cache = alice.WeakValueCache(recent=0)
        before = sys.getallocatedblocks()
        for i in range(20000):
            cache.set(('key', i), Thing())
        self.assertLess(sys.getallocatedblocks() - before, 1000)

    def test_nothing_leaks(self):
        def work():
            cache = alice.WeakValueCache(5)
            for i in range(10):
                cache.set(i, Thing())
                cache.get(i)
                cache.get(-i)
            try:
                cache.set('a', 1)
            except TypeError:
                pass
            cache.get_stats()
        self.assertFalse(leaks(work))


class Batches(unittest.TestCase):
    def test_every_item_once_in_order(self):
        seen = []
        processor = alice.MemoryOptimizedBatchProcessor(alice.MemoryConfig())

        def work(batch):
            self.assertIs(type(batch), list)
            seen.extend(batch)
            return len(batch)
        self.assertEqual(list(processor.process_items(items=range(1050), processor=work, base_batch_size=500)), [500, 500, 50])
        self.assertEqual(seen, list(range(1050)))
        self.assertEqual(list(processor.process_items([], work)), [])
        self.assertEqual(list(processor.process_items((i for i in 'abc'), ''.join)), ['abc'])

    def test_sizes_follow_pressure_and_settings(self):
        ballast = bytes(range(256)) * (40 << 12)
        for settings, want in (({'max_memory_mb': 8}, 25), ({'max_memory_mb': 100000}, 100),
                               ({'max_memory_mb': 8, 'adaptive_batch_size': False}, 100),
                               ({'max_memory_mb': 100000, 'max_batch_size': 60}, 60)):
            processor = alice.MemoryOptimizedBatchProcessor(alice.MemoryConfig(**settings))
            batches = processor.process_items(range(300), len)
            self.assertEqual((next(batches), batches.get_stats()['current']), (want, want))
        self.assertTrue(ballast)

    def test_what_fails_is_told(self):
        processor = alice.MemoryOptimizedBatchProcessor()

        def items():
            yield from range(15)
            raise KeyError('item')
        batches = processor.process_items(items(), len, 10)
        self.assertEqual([next(batches), next(batches)], [10, 5])
        self.assertRaises(KeyError, next, batches)
        self.assertEqual(list(batches), [])
        batches = processor.process_items(range(30), lambda batch: 1 // (10 - batch[0]), 10)
        self.assertEqual(next(batches), 0)
        self.assertRaises(ZeroDivisionError, next, batches)
        self.assertEqual(list(batches), [])
        self.assertRaises(TypeError, processor.process_items, 5, len)
        self.assertRaises(TypeError, processor.process_items, [])
        self.assertRaises(ValueError, processor.process_items, [], len, -1)
        again = []
        batches = processor.process_items(range(30), lambda batch: next(again[0]), 10)
        again.append(batches)
        self.assertRaises(ValueError, next, batches)

    def test_nothing_leaks(self):
        processor = alice.MemoryOptimizedBatchProcessor()

        def work():
            list(processor.process_items(range(100), list, 10))
            next(processor.process_items(range(100), list, 10))
            for wrong in (lambda: list(processor.process_items((1 / i for i in (1, 0)), list)), lambda: processor.process_items(5, len)):
                try:
                    wrong()
                except (TypeError, ZeroDivisionError):
                    pass
        self.assertFalse(leaks(work, 10))


class Bracket(unittest.TestCase):
    def test_garbage_waits_for_the_end(self):
        def garbage():
            loop = Thing()
            loop.me = loop
            return weakref.ref(loop)

        @alice.optimize_for_memory
        def work(a, *, b):
            """What it does."""
            inner = nested()
            self.assertIsNone(before())
            self.assertFalse(gc.isenabled())
            return a + b, garbage(), inner

        @alice.optimize_for_memory
        def nested():
            return gc.isenabled()
        before = garbage()
        total, after, inner = work(1, b=2)
        self.assertEqual((total, after(), inner, gc.isenabled(), work.__doc__), (3, None, False, True, 'What it does.'))
        gc.disable()
        try:
            work(1, b=2)
            self.assertFalse(gc.isenabled())
        finally:
            gc.enable()

    def test_threads_are_one_operation(self):
        inside, seen = threading.Barrier(4), []

        @alice.optimize_for_memory
        def work():
            inside.wait(60)
            seen.append(gc.isenabled())
            inside.wait(60)
        for _ in range(5):
            threads = [threading.Thread(target=work) for _ in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertTrue(gc.isenabled())
        self.assertEqual(seen, [False] * 20)

    def test_errors_and_coroutines(self):
        @alice.optimize_for_memory
        def fails():
            raise KeyError
        self.assertRaises(KeyError, fails)
        self.assertTrue(gc.isenabled())

        @alice.optimize_for_memory
        async def later():
            await asyncio.sleep(0)
            return gc.isenabled()
        self.assertEqual((asyncio.run(later()), gc.isenabled()), (False, True))


class Stubs(unittest.TestCase):
    def test_the_stubs_have_what_the_module_has(self):
        import alice._alice as module
        with open(os.path.join(STUBS, '_alice.pyi'), encoding='utf-8') as f:
            tree = ast.parse(f.read())
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self.assertEqual(set(classes), {name for name, thing in vars(module).items() if isinstance(thing, type)})
        for name, node in classes.items():
            told = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            told |= {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}
            there = {member for member in vars(getattr(module, name)) if not member.startswith('_')}
            self.assertEqual({member for member in told if not member.startswith('_')}, there, name)
            for member in told - there:
                self.assertTrue(hasattr(getattr(module, name), member), f'{name}.{member}')

    def test_everything_has_a_docstring(self):
        for name in alice.__all__:
            thing = getattr(alice, name)
            if isinstance(thing, type):
                self.assertTrue(thing.__doc__, name)
                for member in vars(thing):
                    if not member.startswith('_'):
                        self.assertTrue(getattr(thing, member).__doc__, f'{name}.{member}')


class Organizer(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='alice-python-')
        self.addCleanup(shutil.rmtree, self.top)
        self.inbox, self.organized = os.path.join(self.top, 'in'), os.path.join(self.top, 'out')
        os.makedirs(os.path.join(self.inbox, 'trip'))
        for day in range(1, 6):
            self.put(f'trip/IMG_2024030{day}_120000.jpg', JPEG + bytes([day]))

    def put(self, name, data):
        with open(os.path.join(self.inbox, name), 'wb') as f:
            f.write(data)

    def organizer(self, **options):
        return alice.MemoryOptimizedOrganizer(alice.Config(self.inbox, self.organized), alice.MemoryConfig(max_memory_mb=64), **options)

    def test_organizes_and_tells(self):
        self.put('trip/again.jpg', JPEG + bytes([1]))
        self.put('note.txt', b'x')
        told = []
        organizer = self.organizer(on_file=told.append)
        self.assertEqual(organizer.get_memory_stats()['peak_memory_mb'], 0)
        results = organizer.organize()
        self.assertEqual((results['files'], results['organized'], results['duplicates'], results['skipped']), (7, 5, 1, 1))
        self.assertEqual((results['mode'], results['dry_run'], results['by_type'], results['by_source']), ('copy', False, {'jpeg': 5}, {'unknown': 5}))
        self.assertEqual(results['date_sources'], {'name': 5})
        self.assertTrue(os.path.exists(os.path.join(self.organized, '2024-03-01/trip/unknown/trip-00001.jpg')))
        self.assertEqual(len(told), 7)
        one = [t for t in told if t['source_path'].endswith('20240302_120000.jpg')][0]
        self.assertEqual((one['status'], one['date'][:10], one['type'], one['date_source']), ('organized', '2024-03-02', 'jpeg', 'name'))
        stats = organizer.get_memory_stats()
        self.assertEqual(stats['limit_mb'], 64)
        self.assertGreater(stats['peak_memory_mb'], 1)
        self.assertIn('hit_rate', stats['cache_stats'])

    def test_any_config_will_do(self):
        class Part:
            pass
        config = Part()
        config.paths = {'inbox': pathlib.Path(self.inbox), 'organized': self.organized.encode()}
        config.processing = Part()
        config.processing.dry_run = True
        config.performance = Part()
        config.performance.batch_size = 50
        results = alice.MemoryOptimizedOrganizer(config).organize()
        self.assertEqual((results['dry_run'], results['organized'], results['run']), (True, 5, 0))
        self.assertEqual(os.listdir(self.organized) if os.path.exists(self.organized) else [], [])
        config = {'paths': {'inbox': self.inbox, 'organized': self.organized}, 'processing': {'move': True}}
        self.assertEqual(alice.MemoryOptimizedOrganizer(config).organize()['mode'], 'move')
        self.assertEqual(os.listdir(os.path.join(self.inbox, 'trip')), [])

    def test_a_callback_that_raises_stops_it(self):
        def told(file):
            raise KeyError(file['status'])
        organizer = self.organizer(on_file=told)
        self.assertRaises(KeyError, organizer.organize)
        whole = self.organizer().organize()
        self.assertEqual(whole['errors'], 0)
        self.assertEqual(sum(len(files) for _, _, files in os.walk(os.path.join(self.organized, '2024-03-01'))), 1)

    def test_a_signal_stops_it(self):
        def interrupt(number, frame):
            raise KeyboardInterrupt
        before = signal.signal(signal.SIGUSR1, interrupt)
        try:
            def told(file):
                os.kill(os.getpid(), signal.SIGUSR1)
                for _ in range(1000):
                    pass
            self.assertRaises(KeyboardInterrupt, self.organizer(on_file=told).organize)
        finally:
            signal.signal(signal.SIGUSR1, before)

    def test_a_run_within_a_run_is_refused(self):
        refused = []

        def told(file):
            try:
                organizer.organize()
            except alice.Error as e:
                refused.append(str(e))
            self.assertGreater(organizer.get_memory_stats()['peak_memory_mb'], 0)
        organizer = self.organizer(on_file=told)
        self.assertEqual((organizer.organize()['organized'], len(refused)), (5, 5))

    def test_wrong_arguments(self):
        for wrong in (lambda: self.organizer(mode='x'), lambda: self.organizer(on_file=5), lambda: alice.MemoryOptimizedOrganizer(),
                      lambda: alice.MemoryOptimizedOrganizer(alice.Config('a', 'b'), 5)):
            self.assertRaises(TypeError, wrong)
        self.assertRaises(ValueError, alice.MemoryOptimizedOrganizer, object())
        self.assertRaises(ValueError, self.organizer(layout='{nonsense}').organize)
        self.assertRaises((OSError, ValueError), alice.MemoryOptimizedOrganizer(alice.Config('/none/x', self.organized)).organize)
        small = alice.MemoryOptimizedOrganizer(alice.Config(self.inbox, self.organized), alice.MemoryConfig(max_memory_mb=8))
        self.assertRaises(alice.BudgetError, small.organize)
        self.assertTrue(issubclass(alice.BudgetError, MemoryError))

    def test_nothing_leaks(self):
        def work():
            organizer = self.organizer(dry_run=True, on_file=lambda file: file, on_progress=lambda now: now)
            organizer.organize()
            organizer.get_memory_stats()
        self.assertFalse(leaks(work, 10))


if __name__ == '__main__':
    main()
