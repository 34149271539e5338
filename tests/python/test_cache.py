"""BoundedCache and MemoryConfig: bound, time, any value, any order, no leak, no crash."""
import copy
import gc
import os
import pathlib
import pickle
import random
import sys
import threading
import unittest
import weakref

import alice
from support import leaks, main

MB = 1 << 20


class Thing:
    """A value that can be watched, and that does something when it goes."""
    def __init__(self, at_end=None):
        self.at_end = at_end

    def __del__(self):
        if self.at_end:
            self.at_end()


class Config(unittest.TestCase):
    def test_defaults_are_those_of_the_guide(self):
        c = alice.MemoryConfig()
        self.assertEqual((c.max_memory_mb, c.warning_threshold, c.cache_size_mb, c.cache_ttl_seconds), (1024, .8, 256, 300))
        self.assertEqual((c.chunk_size_kb, c.use_mmap, c.gc_threshold_mb, c.gc_interval_seconds), (1024, True, 512, 60))
        self.assertEqual((c.adaptive_batch_size, c.min_batch_size, c.max_batch_size), (True, 10, 1000))
        self.assertEqual((type(c.max_memory_mb), type(c.warning_threshold), type(c.use_mmap)), (int, float, bool))

    def test_what_is_not_given_follows_the_limit(self):
        c = alice.MemoryConfig(max_memory_mb=64)
        self.assertEqual((c.cache_size_mb, c.gc_threshold_mb), (16, 32))
        self.assertEqual(alice.MemoryConfig(64), c)
        self.assertNotEqual(alice.MemoryConfig(), c)
        self.assertEqual(alice.MemoryConfig(profile='memory_constrained').max_batch_size, 100)
        self.assertIn(alice.MemoryConfig.for_system().max_memory_mb, range(8, 1025))

    def test_settings_are_assigned_and_refused(self):
        c = alice.MemoryConfig()
        c.gc_threshold_mb, c.use_mmap, c.warning_threshold, c.max_batch_size = 256, False, .5, 50
        self.assertEqual((c.gc_threshold_mb, c.use_mmap, c.warning_threshold, c.max_batch_size), (256, False, .5, 50))
        for name, value in (('max_memory_mb', 0), ('max_memory_mb', -1), ('max_memory_mb', 'much'), ('max_memory_mb', 1.5),
                            ('cache_size_mb', 99999), ('warning_threshold', 2), ('warning_threshold', float('nan')),
                            ('use_mmap', 'maybe'), ('max_memory_mb', None), ('min_batch_size', 51)):
            with self.assertRaises(ValueError, msg=f'{name}={value!r}'):
                setattr(c, name, value)
            if name != 'min_batch_size':
                with self.assertRaises(ValueError, msg=f'{name}={value!r}'):
                    alice.MemoryConfig(**{name: value})
        self.assertEqual(c.max_memory_mb, 1024)
        for wrong in (lambda: alice.MemoryConfig(max_memory=1), lambda: alice.MemoryConfig(512, max_memory_mb=512),
                      lambda: alice.MemoryConfig(*([512, .8, 64, 300, 64, True, 256, 60, True, 10, 10, 2, 10] + [1] * 9))):
            self.assertRaises(TypeError, wrong)
        self.assertRaises(ValueError, alice.MemoryConfig, profile='quick')
        with self.assertRaises(AttributeError):
            c.max_memory = 1
        with self.assertRaises(AttributeError):
            del c.max_memory_mb

    def test_values_that_fit_together_come_in_any_order(self):
        self.assertEqual(alice.MemoryConfig(min_batch_size=2000, max_batch_size=4000).min_batch_size, 2000)
        self.assertEqual(alice.MemoryConfig(cache_size_mb=2000, max_memory_mb=4000).cache_size_mb, 2000)

    def test_copies_keep_what_was_set_and_what_follows(self):
        c = alice.MemoryConfig(max_memory_mb=64, cache_ttl_seconds=0, use_mmap=False, profile='fast')
        for twin in (copy.copy(c), copy.deepcopy(c), pickle.loads(pickle.dumps(c))):
            self.assertEqual((twin, twin.cache_ttl_seconds, twin.use_mmap, twin.profile), (c, 0, False, 'fast'))
            twin.max_memory_mb = 128
            self.assertEqual(twin.cache_size_mb, 32)
        self.assertRaises(TypeError, c.__setstate__, 5)
        state = {}

        class Changes(str):
            def __str__(self):
                state.clear()
                return '128'
        state.update(max_memory_mb=Changes(), workers='2')
        twin.__setstate__(state)
        self.assertEqual((twin.max_memory_mb, twin.workers), (128, 2))
        self.assertEqual(eval(repr(c), {'MemoryConfig': alice.MemoryConfig}), c)


class Cache(unittest.TestCase):
    def cache(self, mb=1, **more):
        return alice.BoundedCache(alice.MemoryConfig(cache_size_mb=mb), **more)

    def test_any_value_comes_back_as_it_is(self):
        c = alice.BoundedCache[dict]()
        for value in ({'a': [1]}, None, 0, '', b'', object(), [], lambda: 1, Thing(), c):
            self.assertTrue(c.set('key', value))
            self.assertIs(c.get('key', 'no'), value)
        c.clear()
        self.assertEqual((c.get('key'), c.get('key', 7), len(c), 'key' in c), (None, 7, 0, False))

    def test_keys_are_equal_where_python_says_so(self):
        c = self.cache()
        keys = ['a', b'a', '', b'', 1, -1, 10**40, -10**5000, '1', None, ('a', 1), ('a', '1'), (), ((),), ('a', ('b',)), (('a',), 'b'),
                ('ab', 'c'), ('a', 'bc'), pathlib.Path('/a'), 'ü', '\udcff', b'\xff', '\0', 'a' * 5000, (None,), 'üx']
        for i, key in enumerate(keys):
            c[key] = i
        self.assertEqual([c.get(k) for k in keys], list(range(len(keys))))
        self.assertEqual(c[True], c[1])
        self.assertEqual(c[pathlib.Path('/a')], c.get(pathlib.Path('/') / 'a'))
        self.assertEqual(len(c), len(keys))
        deep = ()
        for _ in range(100):
            deep = (deep,)
        for key in (1.0, [], {}, object(), deep, frozenset(), ('a', [])):
            self.assertRaises(TypeError, c.set, key, 1)
            self.assertRaises(TypeError, c.get, key)
        c._check()

    def test_the_bound_is_kept(self):
        c = self.cache(1)
        for i in range(5000):
            c.set(i, bytes(1000))
            self.assertLessEqual(c.get_stats()['size_bytes'], MB)
        stats = c.get_stats()
        self.assertGreater(stats['evictions'], 3000)
        self.assertGreater(stats['size_bytes'], MB * .8)
        self.assertEqual((stats['max_size_mb'], stats['items'] + stats['evictions']), (1, 5000))
        self.assertIs(c.set('large', bytes(2 * MB)), False)
        c.resize(2)
        self.assertTrue(c.set('large', bytes(MB)))
        c._check()

    def test_what_a_value_holds_weighs_too(self):
        c = self.cache(16)
        before = c.get_stats()['size_bytes']
        c.set('nested', {'a': [bytes(MB)], 'b': (bytes(MB), {'c': 'x' * MB})})
        self.assertGreater(c.get_stats()['size_bytes'] - before, 3 * MB)
        c.clear()
        c.set('long', [bytes(1000) for _ in range(4000)])
        self.assertGreater(c.get_stats()['size_bytes'] - before, 3.9e6)
        loop = []
        loop.append(loop)
        loop.extend([loop] * 50)
        c.set('loop', loop)
        loop.clear()

    def test_sizeof_and_size_weigh_instead(self):
        c = self.cache(1, sizeof=len)
        c.set('a', range(500000))
        self.assertGreater(c.get_stats()['size_bytes'], 500000)
        c.set('a', range(500000), size=10)
        self.assertLess(c.get_stats()['size_bytes'], 200000)
        self.assertRaises(TypeError, c.set, 'b', 5)
        self.assertIsNone(c.get('b'))
        for wrong in (-1, 1 << 80, 'x', 1.5):
            self.assertRaises((ValueError, TypeError), c.set, 'b', [], size=wrong)
            bad = self.cache(1, sizeof=lambda value, answer=wrong: answer)
            self.assertRaises((ValueError, TypeError), bad.set, 'b', [])
        c._check()

    def test_time_is_over_by_the_timer(self):
        now = [1000.0]
        c = alice.BoundedCache(alice.MemoryConfig(cache_ttl_seconds=300), timer=lambda: now[0])
        c.set('a', Thing())
        c.set('short', 1, ttl=.5)
        c.set('long', 1, ttl=1e9)
        now[0] += 2
        self.assertEqual((c.get('short'), c.get('a') is not None), (None, True))
        now[0] += 297
        self.assertIsNotNone(c.get('a'))
        now[0] += 3
        self.assertIsNone(c.get('a'))
        self.assertEqual(c['long'], 1)
        self.assertEqual(c.get_stats()['expirations'], 2)
        c.set('b', 1)
        now[0] += 1000
        self.assertEqual((c.expire(), len(c)), (1, 1))
        forever = alice.BoundedCache(alice.MemoryConfig(cache_ttl_seconds=0), timer=lambda: now[0])
        forever.set('a', 1)
        now[0] += 1e6
        self.assertEqual(forever['a'], 1)
        c._check()

    def test_a_timer_that_fails_is_told(self):
        for answer in (lambda: 1 / 0, lambda: 'noon', lambda: -1, lambda: float('nan')):
            with self.assertRaises((ZeroDivisionError, TypeError, ValueError)):
                self.cache(timer=answer)

    def test_mapping_and_numbers(self):
        c = self.cache()
        c['a'] = 1
        self.assertEqual((c['a'], 'a' in c, len(c)), (1, True, 1))
        del c['a']
        self.assertRaises(KeyError, lambda: c['a'])
        with self.assertRaises(KeyError):
            del c['a']
        self.assertIs(c.remove('a'), False)
        c.get('a')
        c.set('a', 1)
        c.get('a')
        stats = c.get_stats()
        self.assertEqual((stats['hits'], stats['misses'], stats['hit_rate']), (2, 2, .5))
        self.assertEqual([c.get_or_load('b', lambda key: key * 2), c.get_or_load('b', None)], ['bb', 'bb'])
        self.assertRaises(ZeroDivisionError, c.get_or_load, 'c', lambda key: 1 / 0)
        self.assertNotIn('c', c)

    def test_wrong_arguments(self):
        c = self.cache()
        for wrong in (lambda: c.get(), lambda: c.get(1, 2, 3), lambda: c.get(1, key=1), lambda: c.get(key=1, other=2),
                      lambda: c.set(1), lambda: c.set(1, 2, 3), lambda: alice.BoundedCache(5), lambda: self.cache(sizeof=5),
                      lambda: self.cache(policy=5), lambda: c.resize('x')):
            self.assertRaises(TypeError, wrong)
        for wrong in (lambda: self.cache(policy='best'), lambda: c.set(1, 2, ttl=-1), lambda: c.resize(0)):
            self.assertRaises(ValueError, wrong)
        self.assertEqual(c.get(default=3, key='x'), 3)
        self.assertRaises(TypeError, pickle.dumps, c)

    def test_lru_lets_the_oldest_go(self):
        c = alice.BoundedCache(alice.MemoryConfig(), policy='lru', max_items=3)
        for key in 'abc':
            c[key] = key
        c.get('a')
        c['d'] = 'd'
        self.assertEqual([key for key in 'abcd' if key in c], ['a', 'c', 'd'])

    def test_values_go_once_and_at_once(self):
        gone = []
        c = self.cache()
        c.set('a', Thing(lambda: gone.append('a')))
        c.set('a', Thing(lambda: gone.append('b')))
        self.assertEqual(gone, ['a'])
        c.remove('a')
        self.assertEqual(gone, ['a', 'b'])
        c.set('a', Thing(lambda: gone.append('c')), size=900000)
        c.set('b', Thing(lambda: gone.append('d')), size=900000)
        c.set('big', Thing(lambda: gone.append('e')), size=9000000)
        self.assertEqual(sorted(gone[2:]), ['c', 'e'])
        del c
        self.assertEqual(sorted(gone), ['a', 'b', 'c', 'd', 'e'])

    def test_a_value_that_goes_may_use_the_cache(self):
        c = self.cache(1)
        ends = [0]

        def at_end():
            ends[0] += 1
            key = ends[0] % 11
            c.remove(key)
            c.get(key + 1)
            if ends[0] % 3 == 0:
                c.set(key, ends[0], size=100000)
            if ends[0] % 50 == 0:
                c.clear()
            if ends[0] % 100 == 0:
                c.set(key, Thing(at_end), size=300000)
        for i in range(1000):
            c.set(i % 11, Thing(at_end), size=150000)
        c.clear()
        self.assertGreaterEqual(ends[0], 1000)
        c.clear()
        c._check()

    def test_against_a_model(self):
        rng = random.Random(7)
        now = [0.0]
        c = alice.BoundedCache(alice.MemoryConfig(cache_size_mb=8), timer=lambda: now[0])
        model, held = {}, []
        for _ in range(20000):
            key, what = rng.randrange(200), rng.random()
            if what < .5:
                value = Thing()
                held.append(weakref.ref(value))
                self.assertTrue(c.set(key, value, ttl=60))
                model[key] = (value, now[0] + 60)
            elif what < .9:
                value, until = model.get(key, (None, 0))
                if until > now[0] + .1:
                    self.assertIs(c.get(key), value)
                elif until < now[0] - .1:
                    self.assertIsNone(c.get(key))
            elif what < .97:
                now[0] += rng.random()
            else:
                c.remove(key)
                model.pop(key, None)
        c._check()
        model.clear()
        c.clear()
        value = None
        gc.collect()
        self.assertEqual(sum(r() is not None for r in held), 0)

    def test_threads(self):
        c = self.cache(1)
        failed = []

        def work(seed):
            rng = random.Random(seed)
            try:
                for i in range(3000):
                    key = rng.randrange(100)
                    c.set(key, Thing(lambda: None), size=20000)
                    got = c.get(rng.randrange(100))
                    if got is not None and type(got) is not Thing:
                        failed.append(got)
                    if i % 500 == 0:
                        c.clear()
            except Exception as e:
                failed.append(e)
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        switch = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for t in threads:
                t.start()
            for t in threads:
                t.join()
        finally:
            sys.setswitchinterval(switch)
        self.assertEqual(failed, [])
        c._check()

    def test_nothing_leaks(self):
        def work():
            c = alice.BoundedCache(alice.MemoryConfig(cache_size_mb=1, max_memory_mb=16), sizeof=lambda v: 10)
            for i in range(5):
                c.set(('a', i), {'n': i}, ttl=5)
                c.get(('a', i))
                c.get(i, None)
                c.get_or_load(str(i), lambda key: [key])
            for wrong in (lambda: c.get([]), lambda: c.set(1.5, 2), lambda: c[b'no'], lambda: c.get(), lambda: c.set('a', 1, ttl=-1),
                          lambda: alice.MemoryConfig(max_memory_mb=0), lambda: alice.BoundedCache(policy='x')):
                try:
                    wrong()
                except (TypeError, ValueError, KeyError):
                    pass
            c.get_stats()
            repr(alice.MemoryConfig())
            copy.copy(alice.MemoryConfig(chunk_size_kb=64))
            alice.MemoryConfig() == alice.MemoryConfig()
        self.assertFalse(leaks(work))
        kept = []
        self.assertTrue(leaks(lambda: kept.append(object())))
        value = Thing()
        c, count = self.cache(), sys.getrefcount(value)
        for key in 'ab':
            c.set(key, value)
        c.get('a')
        self.assertEqual(sys.getrefcount(value), count + 2)
        c.clear()
        self.assertEqual(sys.getrefcount(value), count)


class Monitor(unittest.TestCase):
    def test_usage_has_what_the_guide_shows(self):
        m = alice.MemoryMonitor(alice.MemoryConfig(max_memory_mb=512))
        u = m.get_memory_usage()
        self.assertEqual(u['limit_mb'], 512)
        self.assertAlmostEqual(u['usage_ratio'], u['current_mb'] / 512)
        self.assertGreaterEqual(u['peak_mb'], u['current_mb'])
        self.assertGreater(u['available_mb'], 0)
        self.assertIn(u['level'], ('normal', 'medium', 'high', 'critical'))
        self.assertTrue(0 <= u['percent'] <= 100)
        with open('/proc/self/status') as f:
            rss = [int(line.split()[1]) / 1024 for line in f if line.startswith('VmRSS')][0]
        self.assertLess(abs(rss - m.get_memory_usage()['current_mb']), 16)

    def test_the_limit_decides_on_pressure_and_batches(self):
        config = alice.MemoryConfig(max_memory_mb=8000, warning_threshold=.99)
        m = alice.MemoryMonitor(config)
        self.assertEqual(m.get_adaptive_batch_size(100), 100)  # pressure is the machine's too: not asked here
        self.assertEqual((m.get_adaptive_batch_size(1), m.get_adaptive_batch_size(5000)), (10, 1000))
        ballast = bytearray(40 * MB)
        ballast[::4096] = b'x' * len(ballast[::4096])
        small = alice.MemoryConfig(max_memory_mb=8, warning_threshold=.5)
        tight = alice.MemoryMonitor(small)
        self.assertEqual((tight.check_memory_pressure(), tight.get_adaptive_batch_size(100)), (True, 25))
        small.adaptive_batch_size = False
        self.assertEqual(tight.get_adaptive_batch_size(100), 100)
        small.adaptive_batch_size, small.max_memory_mb = True, 8000
        self.assertEqual(tight.get_adaptive_batch_size(100), 100)
        del ballast

    def test_collection_is_the_garbage_of_python(self):
        m = alice.MemoryMonitor(alice.MemoryConfig())
        loop = Thing()
        loop.me = loop
        watched = weakref.ref(loop)
        gc.disable()
        try:
            del loop
            self.assertIsNotNone(watched())
            self.assertIs(m.maybe_collect_garbage(), False)
            self.assertIsNotNone(watched())
            self.assertIs(m.maybe_collect_garbage(force=True), True)
            self.assertIsNone(watched())
        finally:
            gc.enable()
        self.assertEqual(m.collections, 1)
        m.config.max_memory_mb, m.config.gc_threshold_mb = 100, 1
        m.maybe_collect_garbage()
        ran = m.collections
        ballast = bytes(range(256)) * (80 << 10)  # it has grown by more than 5 % of the limit
        self.assertIs(m.maybe_collect_garbage(), True)
        self.assertIs(m.maybe_collect_garbage(), False)
        self.assertEqual((m.collections, len(ballast)), (ran + 1, 20 * MB))

    def test_the_end_of_a_value_may_ask_for_a_collection(self):
        m = alice.MemoryMonitor()
        told = []
        for _ in range(3):
            loop = Thing(lambda: told.append(m.maybe_collect_garbage(True)))
            loop.me = loop
            del loop
        m.maybe_collect_garbage(True)
        gc.collect()
        self.assertEqual(len(told), 3)

    def test_threads_collect_at_once(self):
        m = alice.MemoryMonitor(alice.MemoryConfig())
        threads = [threading.Thread(target=lambda: [m.maybe_collect_garbage(True) for _ in range(5)]) for _ in range(4)]
        for t in threads:
            t.start()
        for i in range(20):
            m.config.gc_threshold_mb = 256 + i
            m.get_memory_usage()
        for t in threads:
            t.join()
        self.assertGreater(m.collections, 0)

    def test_nothing_leaks(self):
        def work():
            m = alice.MemoryMonitor(alice.MemoryConfig())
            m.get_memory_usage()
            m.check_memory_pressure()
            m.get_adaptive_batch_size(100)
            m.config.gc_threshold_mb = 100
            m.maybe_collect_garbage(True)
        self.assertFalse(leaks(work, 10))
        before = len(os.listdir('/proc/self/fd'))
        work()
        self.assertEqual(len(os.listdir('/proc/self/fd')), before)
        self.assertRaises(TypeError, alice.MemoryMonitor, 5)


class Refusal(unittest.TestCase):
    def test_a_free_threaded_build_is_refused_in_words(self):
        import subprocess
        code = ('import sysconfig\n'
                'sysconfig.get_config_var = lambda name: 1 if name == "Py_GIL_DISABLED" else None\n'
                'try:\n    import alice\nexcept ImportError as e:\n    assert "free-threaded" in str(e), e\nelse:\n    raise SystemExit("imported")')
        subprocess.run([sys.executable, '-c', code], check=True, timeout=60)


if __name__ == '__main__':
    main()
