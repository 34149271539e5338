"""alice duplicates: held against a look at every byte."""
import collections
import json
import os
import random
import subprocess

from harness import *

ODD = [b"it's here", b'-rf', b'two\nlines', b'caf\xe9', 'Köln 🏖'.encode(), b'$(touch pwned)', b'`x`', b'a  b', b'\\', b'"']


def put(top, name, data, when=1700000000):
    path = os.path.join(os.fsencode(top), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    os.utime(path, (when, when))
    return path


def truth(top, least=1):
    """Sets of files with the same bytes, each by the names of one inode."""
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for folder, _, leaves in os.walk(os.fsencode(top)):
        for leaf in leaves:
            path = os.path.join(folder, leaf)
            if leaf.startswith(b'.') or os.path.islink(path) or os.path.getsize(path) < least:
                continue
            with open(path, 'rb') as f:
                found[f.read()][os.stat(path).st_ino].add(path)
    return {frozenset(frozenset(n) for n in g.values()) for g in found.values() if len(g) > 1}


def answer(*args, **how):
    r = alice('duplicates', '--json', *args, **how)
    lines = [json.loads(x) for x in r.out.splitlines()]
    groups = collections.defaultdict(list)
    for x in lines[:-1]:
        groups[x['group']].append(x)
    return groups, lines[-1]


def as_truth(groups):
    out = set()
    for g in groups.values():
        by_inode = collections.defaultdict(set)
        for x in g:
            path = path_of(x['path'])
            by_inode[os.stat(path).st_ino].add(path)
        out.add(frozenset(frozenset(n) for n in by_inode.values()))
    return out


def made():
    top = place()
    rng = random.Random(7)
    contents = [rng.randbytes(n) for n in (1, 5, 100, 100, 4096, 16383, 16384, 16385, 16385, 70000, 300000)]
    head = rng.randbytes(20000)
    contents += [head + b'one', head + b'two']  # the same head and size
    for i in range(120):
        folder = rng.choice(['', 'a/', 'a/b/', 'c d/']).encode()
        put(top, folder + rng.choice(ODD) + b' %d' % i, rng.choice(contents), 1700000000 + rng.randrange(1000))
    put(top, b'empty 1', b'')
    put(top, b'empty 2', b'')
    put(top, b'.hidden', contents[4])
    links = sorted(os.listdir(os.fsencode(top)))[:4]
    for i, n in enumerate(links):
        if os.path.isfile(os.path.join(os.fsencode(top), n)):
            os.link(os.path.join(os.fsencode(top), n), os.path.join(os.fsencode(top), b'link %d' % i))
    put(top, b'lonely', b'only its own name')
    os.link(os.path.join(top, 'lonely'), os.path.join(top, 'lonely too'))
    os.symlink('lonely', os.path.join(top, 'symlink'))
    return top


@test
def finds_what_is_the_same():
    top = made()
    groups, end = answer(top)
    eq(as_truth(groups), truth(top), 'groups')
    sizes = [g[0]['bytes'] for _, g in sorted(groups.items())]
    eq(sizes, sorted(sizes, reverse=True), 'the largest first')
    for g in groups.values():
        eq([x['is'] for x in g].count('kept'), 1, 'one is kept')
        eq(g[0]['is'], 'kept', 'the first')
        eq(g[0]['modified'], min(x['modified'] for x in g), 'the oldest')
    eq(end['groups'], len(groups), 'count')
    eq(end['duplicates'], sum(x['is'] == 'same' for g in groups.values() for x in g), 'count')
    eq(end['duplicate_bytes'], sum(x['bytes'] for g in groups.values() for x in g if x['is'] == 'same'), 'bytes')
    eq(end['complete'], True, 'all')
    one_thread, _ = answer('-j', '1', '--max-memory', '16' if not sanitized() else '600', top)
    eq(as_truth(one_thread), truth(top), 'by one thread')
    large, _ = answer('--min-size', '20KB', top)
    eq(as_truth(large), truth(top, 20 * 1024), 'large ones')
    # A folder that is given twice, or lies in another, has no duplicates by that.
    twice, end = answer(top, os.path.join(top, 'a'), top)
    eq(as_truth(twice), truth(top), 'given twice')
    eq(end['duplicates'], sum(len(g) - 1 for g in truth(top)), 'given twice: counted once')


@test
def keeps_what_the_rules_say():
    top = place()
    for name, when in ((b'x/old', 1000), (b'x/y/newest.jpg', 3000), (b'z/s', 2000)):
        put(top, name, b'the same', 1700000000 + when)

    def kept(*rules):
        groups, _ = answer('--keep', ','.join(rules), top)
        return os.path.relpath(groups[1][0]['path'], top)
    eq(kept('oldest'), 'x/old', 'oldest')
    eq(kept('newest'), 'x/y/newest.jpg', 'newest')
    eq(kept('shortest-path'), 'z/s', 'shortest')
    eq(kept('longest-path'), 'x/y/newest.jpg', 'longest')
    eq(kept('under:' + os.path.join(top, 'x'), 'newest'), 'x/y/newest.jpg', 'under, then newest')
    eq(kept('under:' + os.path.join(top, 'x') + '/', 'oldest'), 'x/old', 'under, then oldest')
    os.mkdir(os.path.join(top, 'x/o'))
    eq(kept('under:' + os.path.join(top, 'x/o'), 'newest'), 'x/y/newest.jpg', 'half a name is no folder')
    # However the folder is spelled: from here, through a link, with dots; also one that holds what is looked through.
    os.symlink(os.path.join(top, 'x'), top + '-link')
    for under in (os.path.relpath(os.path.join(top, 'x')), top + '-link', os.path.join(top, 'z', '..', 'x', '.')):
        eq(kept('under:' + under, 'newest'), 'x/y/newest.jpg', under)
        eq(kept('under:' + under, 'oldest'), 'x/old', under)
    eq(kept('under:' + os.path.dirname(top), 'oldest'), 'x/old', 'all of it')
    os.unlink(top + '-link')
    x, z = (os.path.relpath(os.path.join(top, name)) for name in 'xz')
    groups, _ = answer('--keep', 'under:' + os.path.join(top, 'z'), x, z)
    eq(groups[1][0]['path'], os.path.join(z, 's'), 'a whole folder of two')
    for bad in ('eldest', 'under:', '', ','.join(['oldest'] * 9), 'under:' + os.path.join(top, 'nowhere'), 'under:/proc'):
        assert b'--keep' in alice('duplicates', '--keep', bad, top, expect=2).err, bad
    assert b'name one' in alice('duplicates', '--keep', 'under:' + top, x, z, expect=2).err
    assert b'choose one' in alice('duplicates', '--lines', '--json', top, expect=2).err
    assert b'--min-size' in alice('duplicates', '--min-size', 'big', top, expect=2).err
    assert b'nowhere' in alice('duplicates', os.path.join(top, 'nowhere'), expect=3).err


@test
def the_script_removes_the_others():
    top = made()
    before = truth(top)
    script = alice('duplicates', '--script', '.', cwd=top).out
    changed = path_of(next(x['path'] for g in answer(top)[0].values() for x in g if x['is'] == 'same'))
    with open(changed, 'r+b') as f:
        f.write(b'?')
    path = put(place(), b'remove.sh', script)
    subprocess.run(['sh', '-n', path], check=True)
    subprocess.run(['sh', path], stdout=subprocess.DEVNULL, check=False, cwd='/')
    assert os.path.exists(changed), 'it is another file by now'
    eq(truth(top), set(), 'no duplicates are left')
    for g in before:
        left = [n for names in g for n in names if os.path.exists(n)]
        assert left, 'one of each is left'
    assert not os.path.exists(os.path.join(top, 'pwned'))
    assert os.path.exists(os.path.join(top, 'lonely too')) and os.path.exists(os.path.join(top, 'empty 2'))


@test
def text_and_lines():
    top = place()
    put(top, b'a\x1b[31m', b'same', 1)
    put(top, b'b', b'same', 2)
    put(top, b'c', b'other')
    os.link(os.path.join(top, 'b'), os.path.join(top, 'd'))
    out = alice('duplicates', '.', cwd=top).out.decode()
    assert out.startswith('4 bytes each\n  keep  ./a?[31m\n  same  ./b\n  link  ./d\n'), out
    assert '1 of 4 files (17 bytes) is superfluous, in 1 group: 4 bytes' in out, out
    eq(alice('duplicates', '--lines', cwd=top).out, b'./a\x1b[31m\n./b\n./d\n', 'lines')
    os.remove(os.path.join(top, 'b'))
    os.remove(os.path.join(top, 'd'))
    eq(alice('duplicates', '.', cwd=top).out, b'No duplicates among 2 files (9 bytes)\n', 'none')
    eq(alice('duplicates', '--script', '.', cwd=top).out.count(b'keep='), 0, 'none')


@test
def what_cannot_be_read_is_named():
    top = place()
    for name in (b'a', b'b', b'c'):
        put(top, name, b'same')
    put(top, b'closed/d', b'same')
    os.chmod(os.path.join(top, 'b'), 0)
    os.chmod(os.path.join(top, 'closed'), 0)
    try:
        before = bound()
        groups, end = answer(top, expect=1, before=before)
        err = alice('duplicates', '-q', top, expect=1, before=before).err
    finally:
        os.chmod(os.path.join(top, 'closed'), 0o755)
    eq(sorted(os.path.basename(x['path']) for x in groups[1]), ['a', 'c'], 'the others')
    eq(end['unread'], 2, 'counted')
    assert b'/b: Permission denied' in err and b'/closed: ' in err, err


@test
def thousands_in_one_group():
    top = place()
    for i in range(1500):
        put(top, b'%d/%d' % (i % 7, i), b'x' if i % 3 else b'y')
    groups, end = answer(top)
    eq(sorted(len(g) for g in groups.values()), [500, 1000], 'two groups')
    eq(as_truth(groups), truth(top), 'of all')


main()
