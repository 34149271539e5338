"""The promise: the kernel's own mark of the process stays under the limit, whatever the number of
files, also inside a control group."""
import os
import re

from control_group import Group
from harness import *

if sanitized():
    print('1..0 # SKIP a sanitizer takes memory of its own')
    sys.exit(0)


def many(count):
    """An inbox of so many files: real ones where they are at hand."""
    try:
        inbox, truth = corpus_collection(count)
    except Skip:
        inbox = os.path.join(fast() if count <= 20000 else place(), 'inbox')
        truth = collection.make(inbox, count)
    return inbox, len({t.sha for t in truth if t.kind == 'media'})


def run(inbox, contents, limit, *more):
    organized = os.path.join(os.path.dirname(inbox), 'organized %s' % limit)
    shutil.rmtree(organized, ignore_errors=True)
    r = organize(inbox, organized, '--max-memory', str(limit), *more, watch=True)
    eq(r.summary['organized'], contents, 'organized')
    m = r.summary['memory']
    eq(m['limit_bytes'], limit * MB, 'limit_bytes')
    assert m['peak_bytes'] < limit * MB, m
    assert 0 < r.high <= limit * MB, 'VmHWM, seen from outside: %d' % r.high
    # What it tells is what the kernel says; closing and printing come behind it.
    assert m['peak_bytes'] >= r.high - 512 * 1024, (m['peak_bytes'], r.high)
    again = organize(inbox, organized, '--max-memory', str(limit), watch=True)
    assert again.summary['memory']['peak_bytes'] < limit * MB, again.summary['memory']
    assert again.high <= limit * MB, again.high
    shutil.rmtree(organized, ignore_errors=True)
    return m['peak_bytes']


@test
def peaks_stay_under_the_limit_and_do_not_grow_with_the_files():
    # Caches fill in the first thousands of files, up to their share; from there on it is flat.
    counts, growth = ((20000, SCALE), MB) if SCALE > 20000 else ((2000, 10000), 2 * MB)
    few, more = many(counts[0]), many(counts[1])
    for limit in (16, 24):
        a, b = run(*few, limit), run(*more, limit)
        print('#  limit %d MB: peak %.2f MB of %d files, %.2f MB of %d' % (limit, a / MB, counts[0], b / MB, counts[1]))
        assert b - a <= growth, 'it grew by %d bytes' % (b - a)


@test
def one_folder_of_many_names():
    inbox = os.path.join(fast(), 'inbox')
    os.mkdir(inbox)
    for i in range(30000):
        os.close(os.open('%s/a name that is long enough to fill the block of names %06d.txt' % (inbox, i),
                         os.O_CREAT | os.O_WRONLY))
    for more in ([], ['--dry-run']):
        r = organize(inbox, os.path.join(os.path.dirname(inbox), 'o'), '--max-memory', '16', *more, watch=True)
        eq(r.summary['already_known' if more else 'not_media'], 30000, 'looked at')
        assert r.high < 16 * MB, r.high


@test
def long_files_do_not_take_memory():
    inbox = os.path.join(place(), 'inbox')
    os.mkdir(inbox)
    for i in range(3):
        with open(os.path.join(inbox, 'film%d.mp4' % i), 'wb') as f:
            f.write(collection.sample.mp4(3000000000 + i))
            f.truncate(400 * MB)
            f.seek(399 * MB)
            f.write(b'end %d' % (i // 2))
    organized = os.path.join(os.path.dirname(inbox), 'o')
    r = organize(inbox, organized, '--max-memory', '16', '--set', 'memory.chunk_size_kb=1024', watch=True)
    eq(r.summary['organized'], 3, 'organized')
    assert r.high < 16 * MB, r.high
    for root, _, found in os.walk(organized):
        for name in found:
            if name.endswith('.mp4'):
                assert os.stat(os.path.join(root, name)).st_blocks * 512 < 10 * MB, 'holes stay holes'


@test
def files_that_differ_at_their_end_do_not_take_memory():
    inbox = os.path.join(place(), 'inbox')
    os.mkdir(inbox)
    for i in range(3):
        with open(os.path.join(inbox, 'film%d.mp4' % i), 'wb') as f:
            f.write(collection.sample.mp4(3000000000))
            f.truncate(64 * MB)
            f.seek(63 * MB)
            f.write(b'end %d' % (i // 2))
    for mapped in ('true', 'false'):
        r = organize(inbox, os.path.join(os.path.dirname(inbox), 'o ' + mapped), '--max-memory', '16',
                     '--set', 'memory.chunk_size_kb=1024', '--set', 'memory.use_mmap=' + mapped, watch=True)
        eq((r.summary['organized'], r.summary['duplicates']), (2, 1), 'told apart by their contents')
        assert 0 < r.high < 16 * MB, r.high


@test
def too_small_a_limit_names_the_smallest_that_works():
    inbox = os.path.join(fast(), 'inbox')
    truth = collection.make(inbox, 300)
    organized = os.path.join(os.path.dirname(inbox), 'o')
    r = alice('organize', inbox, organized, '--max-memory', '8', expect=2)
    smallest = int(re.search(rb'--max-memory (\d+)', r.err).group(1))
    assert 8 < smallest <= 16, smallest
    alice('organize', inbox, organized, '--max-memory', str(smallest - 1), expect=2)
    r = organize(inbox, organized, '--max-memory', str(smallest), watch=True)
    eq(r.summary['organized'], len({t.sha for t in truth if t.kind == 'media'}), 'organized')
    assert r.high <= smallest * MB, r.high


@test
def inside_a_control_group_it_is_never_killed():
    # On a disk: a file system in memory would fill the group itself.
    inbox = os.path.join(place(), 'inbox')
    contents = len({t.sha for t in collection.make(inbox, 1500) if t.kind == 'media'})
    for limit in (24, 48):
        group = Group(limit * MB)
        try:
            for more in (['--max-memory', '1024'], []):
                organized = os.path.join(place(), 'organized')
                r = organize(inbox, organized, *more, before=group.words(), watch=True)
                eq(r.summary['organized'], contents, 'organized in %d MB %s' % (limit, more))
                m = r.summary['memory']
                assert m['limit_bytes'] < limit * MB, m
                assert m['peak_bytes'] <= m['limit_bytes'], m
                if more:
                    assert b'lowered' in r.err, r.err
                shutil.rmtree(organized)
        finally:
            group.end()


@test
def inside_a_control_group_that_is_too_small_it_says_so():
    group = Group(14 * MB)
    try:
        inbox = os.path.join(fast(), 'inbox')
        collection.make(inbox, 50)
        r = alice('organize', inbox, inbox + '-o', expect=2, before=group.words())
        assert b'smallest' in r.err, r.err
    finally:
        group.end()


main()
