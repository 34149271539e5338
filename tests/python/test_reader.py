"""StreamingFileReader and what it opens: every byte and line once, views that die safely, files that change, pipes."""
import array
import gc
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import unittest

import alice
from support import leaks, main

MB = 1 << 20


class Reading(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='alice-python-')
        self.addCleanup(shutil.rmtree, self.top)
        self.reader = alice.StreamingFileReader(alice.MemoryConfig(chunk_size_kb=4))

    def file(self, data, name='file'):
        path = os.path.join(self.top, name)
        with open(path, 'wb') as f:
            f.write(data)
        return path


class Chunks(Reading):
    def test_every_byte_once_in_whole_chunks(self):
        for size in (0, 1, 4095, 4096, 4097, 100001):
            data = os.urandom(size)
            path = self.file(data)
            sizes, whole = [], b''
            for chunk in self.reader.read_chunks(path):
                self.assertTrue(chunk.readonly)
                sizes.append(len(chunk))
                whole += chunk
            self.assertEqual(whole, data)
            self.assertEqual(set(sizes[:-1]) - {4096}, set())
            self.assertEqual(b''.join(self.reader.read_chunks(pathlib.Path(path), copy=True)), data)
            self.assertEqual(b''.join(self.reader.read_chunks(os.fsencode(path), copy=True)), data)

    def test_a_chunk_that_is_kept_dies_with_the_next(self):
        chunks = self.reader.read_chunks(self.file(bytes(10000)))
        first = next(chunks)
        self.assertEqual(len(first), 4096)
        second = next(chunks)
        self.assertRaises(ValueError, bytes, first)
        self.assertEqual(len(second), 4096)
        chunks.close()
        self.assertRaises(ValueError, lambda: second[0])
        self.assertEqual(list(chunks), [])
        for third in self.reader.read_chunks(self.file(b'x' * 10)):
            pass
        self.assertRaises(ValueError, bytes, third)  # the loop asked for one more

    def test_another_view_of_it_stays_valid(self):
        data = os.urandom(50000)
        path = self.file(data)
        slices = [chunk[10:20] for chunk in self.reader.read_chunks(path)]
        os.unlink(path)
        gc.collect()
        self.assertEqual([bytes(s) for s in slices], [data[i + 10:i + 20] for i in range(0, len(data), 4096)])
        path, taken = self.file(data), []
        for chunk in self.reader.read_chunks(path):
            taken.append(memoryview(chunk) if len(taken) % 2 else chunk.cast('B')[::2])
        self.assertEqual(bytes(taken[1]), data[4096:8192])
        self.assertEqual(bytes(taken[2]), data[8192:12288:2])

    def test_a_chunk_in_use_stays_valid(self):
        data = os.urandom(9000)
        chunks = self.reader.read_chunks(self.file(data))
        first = next(chunks)
        user = array.array('B')
        again = memoryview(first)
        user.frombytes(again)
        self.assertEqual(bytes(next(chunks)), data[4096:8192])
        self.assertEqual(bytes(again), data[:4096])
        again.release()
        self.assertEqual(bytes(next(chunks)), data[8192:])

    def test_it_cannot_be_written_to(self):
        chunk = next(self.reader.read_chunks(self.file(b'abc')))  # valid, though its iterator is gone
        with self.assertRaises(TypeError):
            chunk[0] = 1
        self.assertRaises(TypeError, lambda: memoryview(chunk).cast('B').__setitem__(0, 1))

    def test_pipes(self):
        path = os.path.join(self.top, 'pipe')
        os.mkfifo(path)

        def write():
            with open(path, 'wb') as f:
                f.write(b'x' * 9000)
        for use in ('chunks', 'held', 'lines'):
            writer = threading.Thread(target=write)
            writer.start()
            if use == 'chunks':
                self.assertEqual(sum(len(c) for c in self.reader.read_chunks(path)), 9000)
            elif use == 'held':
                chunks = self.reader.read_chunks(path)
                held = next(chunks)[1:3]
                self.assertRaises(BufferError, next, chunks)
                self.assertEqual(bytes(held), b'xx')
                held.release()
                self.assertEqual(len(next(chunks)), 4096)
                self.assertEqual(len(next(chunks)), 9000 - 8192)
                chunks.close()  # a writer waits for a reader: not for this one
            else:
                self.assertEqual(list(self.reader.read_lines(path)), ['x' * 9000])
            writer.join()

    def test_a_file_that_shrinks_is_told(self):
        for use in (lambda p: self.reader.read_chunks(p), lambda p: self.reader.read_lines(p)):
            path = self.file(b'12345678\n' * 100000)
            reading = use(path)
            next(reading)
            os.truncate(path, 5000)
            with self.assertRaises(alice.ChangedError):
                for _ in reading:
                    pass
            self.assertEqual(list(reading), [])
        self.assertTrue(issubclass(alice.ChangedError, OSError))

    def test_what_is_no_file(self):
        for call in (self.reader.read_chunks, self.reader.read_lines, self.reader.open_mmap,
                     lambda p: self.reader.process_large_file(p, len)):
            with self.assertRaises(FileNotFoundError) as caught:
                call(os.path.join(self.top, 'none'))
            self.assertEqual(caught.exception.filename, os.path.join(self.top, 'none'))
            self.assertRaises((OSError, ValueError, alice.Error), call, self.top)
            self.assertRaises(TypeError, call, 5.5)
            self.assertRaises(TypeError, call, None)
            self.assertRaises(ValueError, call, 'a\0b')

    def test_others_run_meanwhile(self):
        path = os.path.join(self.top, 'pipe')
        os.mkfifo(path)
        got = []

        def read():
            for chunk in self.reader.read_chunks(path, copy=True):
                got.append(chunk)
        reader = threading.Thread(target=read)
        reader.start()  # it waits in open(), then in read(): this thread goes on
        with open(path, 'wb') as f:
            f.write(b'abc')
        reader.join(60)
        self.assertEqual(got, [b'abc'])

    def test_process_large_file(self):
        data = b'abcd' * 5000
        path = self.file(data)
        self.assertEqual(self.reader.process_large_file(path, bytes), [data[i:i + 4096] for i in range(0, 20000, 4096)])
        self.assertEqual(self.reader.process_large_file(file_path=path, processor=lambda c: None), [])
        self.assertRaises(ZeroDivisionError, self.reader.process_large_file, path, lambda c: 1 // 0)
        self.assertRaises(TypeError, self.reader.process_large_file, path)
        small = alice.MemoryConfig(max_memory_mb=8, chunk_size_kb=4)
        self.assertEqual(sum(alice.StreamingFileReader(small).process_large_file(path, len)), 20000)
        kept = []
        self.reader.process_large_file(path, kept.append)
        self.assertEqual(len(kept), 5)
        for chunk in kept:
            self.assertRaises(ValueError, bytes, chunk)

    def test_a_large_file_takes_one_chunk_of_memory(self):
        path = os.path.join(self.top, 'holes')
        with open(path, 'wb') as f:
            f.truncate(400 * MB)

        def peak():
            with open('/proc/self/status') as f:
                return [int(line.split()[1]) for line in f if line.startswith('VmHWM')][0]
        before, n = peak(), 0
        for chunk in alice.StreamingFileReader().read_chunks(path):
            n += len(chunk)
        self.assertEqual(n, 400 * MB)
        self.assertLess(peak() - before, 32 * 1024)

    def test_the_config_is_followed(self):
        path = self.file(bytes(20000))
        self.reader.config.chunk_size_kb = 8
        self.assertEqual([len(c) for c in self.reader.read_chunks(path)], [8192, 8192, 20000 - 16384])
        self.assertRaises(TypeError, alice.StreamingFileReader, 5)
        self.assertIsNone(alice.StreamingFileReader().config)


class Lines(Reading):
    def test_like_those_of_python(self):
        for text in ('', 'a', 'a\n', '\n', '\n\n', 'a\n\nb', 'ü€😀\nx', 'a\r\nb\r\n', 'x' * 100000 + '\ny', 'a\n' * 5000, '\0\n\0'):
            path = self.file(text.encode())
            with open(path, encoding='utf-8', newline='\n') as f:
                want = [line[:-1] if line.endswith('\n') else line for line in f]
            want = [line[:-1] if line.endswith('\r') else line for line in want]
            self.assertEqual(list(self.reader.read_lines(path)), want)

    def test_a_fault_in_the_middle_is_of_its_line_alone(self):
        lines = ['ü€😀 %d' % i for i in range(20000)]
        path = self.file('\n'.join(lines).encode() + b'\n')
        self.assertEqual(list(self.reader.read_lines(path)), lines)
        data = [line.encode() for line in lines]
        data[10000] = b'a\xffb'
        got, faults = [], 0
        reading = self.reader.read_lines(self.file(b'\n'.join(data)))
        while True:
            try:
                got.append(next(reading))
            except UnicodeDecodeError:
                faults += 1
            except StopIteration:
                break
        self.assertEqual((got, faults), (lines[:10000] + lines[10001:], 1))
        self.assertEqual(list(self.reader.read_lines(path, errors='replace')), [*lines[:10000], 'a\ufffdb', *lines[10001:]])

    def test_encodings(self):
        path = self.file('grün\nß\n'.encode('latin-1'))
        self.assertEqual(list(self.reader.read_lines(path, 'latin-1')), ['grün', 'ß'])
        self.assertEqual(list(self.reader.read_lines(path, errors='replace')), ['gr\ufffdn', '\ufffd'])
        self.assertEqual(list(self.reader.read_lines(path, 'utf-8', 'surrogateescape')), ['gr\udcfcn', '\udcdf'])
        lines = self.reader.read_lines(path)
        self.assertRaises(UnicodeDecodeError, next, lines)
        self.assertRaises(UnicodeDecodeError, next, lines)
        self.assertRaises(StopIteration, next, lines)
        self.assertRaises(LookupError, self.reader.read_lines, path, 'klingon')
        self.assertRaises(ValueError, self.reader.read_lines, path, 'utf-16')
        self.assertRaises(TypeError, self.reader.read_lines, path, 5)

    def test_a_line_that_is_too_long_is_told_and_passed(self):
        path = self.file(b'a\n' + b'x' * (3 * MB) + b'\nb\n')
        lines = alice.StreamingFileReader(alice.MemoryConfig(max_memory_mb=8)).read_lines(path)
        self.assertEqual(next(lines), 'a')
        self.assertRaises(alice.TooBigError, next, lines)
        self.assertEqual(list(lines), ['b'])

    def test_closed(self):
        lines = self.reader.read_lines(self.file(b'a\nb\n'))
        next(lines)
        lines.close()
        lines.close()
        self.assertEqual(list(lines), [])

    def test_threads_share_one(self):
        lines, got = self.reader.read_lines(self.file(b''.join(b'%d\n' % i for i in range(20000)))), []

        def take():
            while True:
                try:
                    got.append(next(lines))
                except StopIteration:
                    return
                except ValueError:
                    pass  # another thread reads
        threads = [threading.Thread(target=take) for _ in range(4)]
        switch = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for t in threads:
                t.start()
            for t in threads:
                t.join()
        finally:
            sys.setswitchinterval(switch)
        self.assertEqual(sorted(map(int, got)), list(range(20000)))


class Mapped(Reading):
    def both(self):
        for use in (True, False):
            yield alice.StreamingFileReader(alice.MemoryConfig(chunk_size_kb=64, use_mmap=use))

    def test_reads_all_and_parts(self):
        data = os.urandom(300001)
        path = self.file(data)
        for reader in self.both():
            with reader.open_mmap(path, 'rb') as f:
                self.assertEqual(len(f), len(data))
                self.assertEqual((f.read(10), f.tell(), f.read()), (data[:10], 10, data[10:]))
                self.assertEqual((f.read(), f.read(5)), (b'', b''))
                self.assertEqual((f.seek(-5, 2), f.read(), f.seek(1), f.seek(2, 1), f.read(2)), (300001 - 5, data[-5:], 1, 3, data[3:5]))
                self.assertEqual((f.seek(10**9), f.read()), (10**9, b''))
                for wrong in ((-1,), (0, 3), (-10**10, 1)):
                    self.assertRaises(ValueError, f.seek, *wrong)
            self.assertTrue(f.closed)
            self.assertRaises(ValueError, f.read)
            with self.assertRaises(ValueError):
                f.__enter__()

    def test_lines_and_texts(self):
        text = 'grün\n' * 30000 + 'last'
        path = self.file(text.encode())
        for reader in self.both():
            with reader.open_mmap(path, 'r') as f:
                self.assertEqual(f.readline(), 'grün\n')
                self.assertEqual(''.join(f), text[5:])
            with reader.open_mmap(path) as f:
                self.assertEqual(f.read(), text)
                self.assertRaises(ValueError, f.read, 5)
            with reader.open_mmap(path, mode='rb') as f:
                self.assertEqual(f.readline(), 'grün\n'.encode())
            with reader.open_mmap(path, 'rt', 'latin-1') as f:
                self.assertEqual(f.readline(), 'grün\n'.encode().decode('latin-1'))
            with reader.open_mmap(self.file(b'', 'empty')) as f:
                self.assertEqual((f.read(), f.readline(), list(f), len(f)), ('', '', [], 0))
            for mode in ('w', 'r+', 'a', ''):
                self.assertRaises(ValueError, reader.open_mmap, path, mode)

    def test_windows_die_safely(self):
        data = os.urandom(200000)
        path = self.file(data)
        for reader in self.both():
            f = reader.open_mmap(path, 'rb')
            window = f.window(100, 50)
            self.assertEqual(bytes(window), data[100:150])
            held = window[1:4]
            other = f.window(150000, 60000)
            self.assertRaises(ValueError, bytes, window)
            self.assertEqual((bytes(held), bytes(other)), (data[101:104], data[150000:]))
            self.assertRaises((alice.TooBigError, ValueError), f.window, 0, 100000)
            self.assertEqual(len(f.window(10**7, 5)), 0)
            f.close()
            self.assertEqual(bytes(held), data[101:104])
            self.assertRaises(ValueError, f.window, 0, 1)

    def test_a_file_that_shrinks_is_an_error_not_a_signal(self):
        for reader in self.both():
            path = self.file(b'x' * 1000000)
            with reader.open_mmap(path, 'rb') as f:
                held = f.window(500000, 10)[2:]
                os.truncate(path, 1000)
                self.assertRaises(alice.ChangedError, f.read)
                self.assertIn(bytes(held), (b'x' * 8, bytes(8)))


class Leaks(Reading):
    def test_nothing_leaks(self):
        path, latin = self.file(b'abc\n' * 3000), self.file(b'\xfc\n', 'latin')
        mapped = alice.StreamingFileReader(alice.MemoryConfig(chunk_size_kb=4))

        def work():
            held = [chunk[1:] for chunk in self.reader.read_chunks(path)]
            list(self.reader.read_chunks(path, copy=True))
            next(self.reader.read_chunks(path))
            list(self.reader.read_lines(path))
            next(self.reader.read_lines(path, 'latin-1', 'strict'))
            self.reader.process_large_file(path, len)
            with mapped.open_mmap(path, 'rb') as f:
                f.window(0, 5)
                kept = f.window(3, 5)[1:]
                f.readline()
                list(f)
                f.seek(0)
            with mapped.open_mmap(path) as f:
                f.read()
            for wrong in (lambda: mapped.open_mmap(path, 'w'), lambda: self.reader.read_lines(path, 'none'),
                          lambda: next(self.reader.read_lines(latin)), lambda: self.reader.read_chunks('/none'),
                          lambda: self.reader.process_large_file(path, lambda c: 1 / 0)):
                try:
                    wrong()
                except (ValueError, LookupError, OSError, ZeroDivisionError):
                    pass
            return held, kept
        self.assertFalse(leaks(work, 10))
        before = len(os.listdir('/proc/self/fd'))
        work()
        self.assertEqual(len(os.listdir('/proc/self/fd')), before)


if __name__ == '__main__':
    main()
