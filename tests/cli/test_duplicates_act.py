"""alice duplicates --link, --reflink, --remove: what is done, what is left, and what an undo gives back."""
import json
import os
import stat
import subprocess

from harness import *


def put(top, name, data, when=1700000000):
    path = os.path.join(top, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    os.utime(path, (when, when))
    return path


def act(*args, **how):
    """What became of each file, by the path below `top`, and the last line."""
    top = args[-1]
    r = alice('duplicates', '--json', *args, **how)
    lines = [json.loads(x) for x in r.out.splitlines()]
    return {os.path.relpath(x['path'], top): x for x in lines[:-1]}, lines[-1]


def tree(top):
    """Paths with bytes, times, modes, owners and attributes."""
    out = {}
    for path in names(top):
        whole = os.path.join(os.fsencode(top), path)
        s = os.stat(whole)
        attributes = {a: os.getxattr(whole, a) for a in os.listxattr(whole)}
        out[path.decode()] = (sha_of(whole), s.st_mtime_ns, stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid, attributes)
    return out


def inode(top, name):
    return os.stat(os.path.join(top, name)).st_ino


def jpeg(n):
    """A small JPEG with an EXIF date, of its own bytes."""
    tiff = b'II*\0\x08\0\0\0\x01\0\x32\x01\x02\0\x14\0\0\0\x1a\0\0\0\0\0\0\x002024:03:%02d 10:20:30\0' % (1 + n % 28)
    exif = b'Exif\0\0' + tiff
    return (b'\xff\xd8\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + b'\xff\xfe\0\x06%04d' % n +
            b'\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0\xff\xd9')


@test
def a_folder_that_is_given_twice_is_acted_on_once():
    top = place()
    for name in ('a', 'sub/b', 'sub/c', '.hidden/d'):
        put(top, name, b'the same')
    os.symlink('sub', os.path.join(top, 'link'))
    done, end = act('--link', '--yes', os.path.join(top, 'link'), top + '/sub/..', os.path.join(top, 'sub'), top)
    eq((sorted(done), end['done'], end['left']), (['sub/b', 'sub/c'], 2, 0), end)
    eq({inode(top, n) for n in ('a', 'sub/b', 'sub/c')}, {inode(top, 'a')}, 'links')
    # What no walk comes to is looked through where it is asked for.
    done, end = act('--link', '--yes', os.path.join(top, '.hidden'), top)
    eq((end['done'], end['left']), (3, 0), end)
    eq({inode(top, n) for n in ('a', 'sub/b', 'sub/c')}, {inode(top, '.hidden/d')}, 'the first that is met')


@test
def a_link_takes_the_place_of_each_other_file():
    top = place()
    put(top, 'a/one', b'the same')
    put(top, 'b/two', b'the same', 1700000500)
    put(top, 'b/other', b'not that')
    put(top, 'c/three', b'the same', 1700000900)
    os.link(os.path.join(top, 'c/three'), os.path.join(top, 'c/four'))
    before = tree(top)
    would, end = act('--link', top)
    eq({k: (v['done'], v['dry_run']) for k, v in would.items()},
       {'b/two': (False, True), 'c/three': (False, True), 'c/four': (False, True)}, 'it says what it would do')
    eq((end['done'], end['left'], end['dry_run']), (3, 0, True), end)
    eq(tree(top), before, 'and does nothing')
    done, end = act('--link', '--yes', top)
    eq((end['done'], end['left'], end['complete']), (3, 0, True), end)
    assert all(x['done'] for x in done.values()), done
    eq({inode(top, n) for n in ('a/one', 'b/two', 'c/three', 'c/four')}, {inode(top, 'a/one')}, 'one file')
    eq({k: v[0] for k, v in tree(top).items()}, {k: v[0] for k, v in before.items()}, 'the same bytes')
    eq([n for _, _, leaves in os.walk(top) for n in leaves if n.startswith('.')], [], 'nothing else')
    eq(act('--link', '--yes', top)[1]['done'], 0, 'once')


@test
def what_a_link_would_lose_is_left():
    top = place()
    put(top, 'kept', b'the same', 1600000000)
    for name in ('mode', 'attribute', 'acl-like', 'good'):
        put(top, name, b'the same')
    os.chmod(os.path.join(top, 'mode'), 0o600)
    os.setxattr(os.path.join(top, 'attribute'), 'user.rating', b'5')
    for name in ('kept', 'acl-like'):
        os.setxattr(os.path.join(top, name), 'user.tag', name.encode())
    os.setxattr(os.path.join(top, 'good'), 'user.tag', b'kept')
    wanted = {'mode': 'permissions', 'attribute': 'extended attributes', 'acl-like': 'extended attributes'}
    if os.geteuid() == 0:
        os.chown(put(top, 'owner', b'the same'), 1234, 1234)
        os.setxattr(os.path.join(top, 'owner'), 'user.tag', b'kept')
        wanted['owner'] = 'owner'
    before = tree(top)
    for yes in ([], ['--yes']):
        done, end = act('--link', *yes, top, expect=1)
        eq((end['done'], end['left']), (1, len(wanted)), end)
        for name, why in wanted.items():
            assert not done[name]['done'] and why in done[name]['why'], done[name]
    eq(inode(top, 'good'), inode(top, 'kept'), 'a link')
    after = tree(top)
    for name in wanted:
        eq(after[name], before[name], name)
    err = alice('duplicates', '--link', top, expect=1).err
    assert b'alice: left: ' in err and b'permissions' in err, err


@test
def other_file_systems_read_only_and_full_ones():
    own = place()
    put(own, 'a', b'the same')
    other = fast()
    if os.stat(other).st_dev != os.stat(own).st_dev:
        put(other, 'b', b'the same')
        r = alice('duplicates', '--json', '--link', '--yes', own, other, expect=1)
        assert b'another file system' in r.out, r.out
        r = alice('duplicates', '--json', '--remove', '--yes', '-o', own, own, other, expect=1)
        assert b'another file system' in r.out, r.out
        eq(sorted(os.listdir(other)), ['b'], 'there')
    closed = place()
    put(closed, 'a', b'the same')
    put(closed, 'x/b', b'the same')
    os.chmod(os.path.join(closed, 'x'), 0o555)
    before = tree(closed)
    organized = place()
    for how in (['--link'], ['--remove', '-o', organized]):
        done, end = act(*how, '--yes', closed, expect=1, before=bound())
        eq((end['done'], end['left']), (0, 1), end)
        assert done['x/b']['why'], done
        eq(tree(closed), before, how)


@test
def a_file_system_that_cannot_share_says_so_first():
    top = fast()
    put(top, 'a', b'the same')
    put(top, 'b', b'the same')
    before = tree(top)
    for yes in ([], ['--yes']):
        r = alice('duplicates', '--reflink', *yes, top, expect=3)
        assert b'cannot share blocks' in r.err and r.out == b'', r.text()
        eq(tree(top), before, 'nothing was changed')


@test
def what_is_removed_comes_back_as_it_was():
    top, organized = place(), place()
    put(top, 'x/kept', b'the same', 1600000000)
    put(top, 'y/one', b'the same', 1650000000)
    put(top, 'y/two', b'the same', 1650000001)
    put(top, 'z/unique', b'alone')
    os.link(os.path.join(top, 'y/two'), os.path.join(top, 'y/three'))
    os.chmod(os.path.join(top, 'y/one'), 0o640)
    os.setxattr(os.path.join(top, 'y/one'), 'user.rating', b'5')
    before = tree(top)
    _, end = act('--remove', '-o', organized, top)
    eq((end['done'], end['run'], end['dry_run']), (3, 0, True), end)
    eq(tree(top), before, 'it only says so')
    done, end = act('--remove', '--yes', '-o', organized, top)
    eq((end['done'], end['left'], end['run']), (3, 0, 1), end)
    eq(sorted(tree(top)), ['x/kept', 'z/unique'], 'the others are gone')
    for name, x in done.items():
        eq(sha_of(x['moved_to']), before[name][0], 'they stand in removed')
        assert x['moved_to'].startswith(os.path.join(organized, '.alice/removed/1/')), x
    history = [json.loads(x) for x in alice('history', '--json', '1', '-o', organized).out.splitlines()]
    eq((history[0]['mode'], history[0]['organized'], history[0]['state']), ('remove', 3, 'finished'), history)
    eq({x['status'] for x in history[1:]}, {'removed'}, history)
    eq(alice('undo', '--json', '-o', organized).json()['done'], 3, 'all come back')
    eq(tree(top), before, 'as they were')
    eq(inode(top, 'y/two'), inode(top, 'y/three'), 'one file still')
    assert not os.path.exists(os.path.join(organized, '.alice/removed/1')), 'nothing is left there'
    eq(alice('undo', '--json', '-o', organized).json()['done'], 3, 'and away again')
    eq(sorted(tree(top)), ['x/kept', 'z/unique'], 'away')


@test
def removing_needs_a_history():
    top = fast()
    put(top, 'a', b'the same')
    put(top, 'b', b'the same')
    r = alice('duplicates', '--remove', '--yes', top, expect=3)
    assert b'--organized' in r.err, r.err
    r = alice('duplicates', '--remove', '--yes', '-o', os.path.join(top, 'nowhere'), top, expect=3)
    assert b'nowhere' in r.err, r.err
    eq(sorted(os.listdir(top)), ['a', 'b'], 'nothing was changed')
    # What no catalog knows may stand in the organized folder, too.
    _, end = act('--remove', '--yes', '-o', top, top)
    eq((end['done'], names(top)), (1, [b'a']), 'removed')
    _, end = act('--remove', '--yes', top)
    eq((end['done'], end['left']), (0, 0), 'the folder is known by what is in it')
    alice('undo', '-o', top)
    eq(names(top), [b'a', b'b'], 'back')


def two_copies():
    """An organized folder that has the bytes of two of its files twice."""
    top = fast()
    inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
    for i in range(3):
        put(inbox, 'trip/%d.jpg' % i, jpeg(i))
    organize(inbox, organized)
    placed = [p.decode() for p in names(organized)]
    eq(len(placed), 3, placed)
    return top, inbox, organized, placed


@test
def rows_of_organized_files_go_and_come_with_them():
    top, inbox, organized, placed = two_copies()
    # A library that was made of two: one of a pair is organized, as the other is.
    inbox_2, second = os.path.join(top, 'inbox2'), os.path.join(organized, placed[0])
    twin = put(inbox_2, 'other/0.jpg', jpeg(7))
    organize(inbox_2, organized)
    new = [p.decode() for p in names(organized) if p.decode() not in placed][0]
    # Its bytes become those of the first, and the catalog learns of it as it is.
    with open(second, 'rb') as f:
        data = f.read()
    os.remove(os.path.join(organized, '.alice/catalog.db'))
    with open(os.path.join(organized, new), 'wb') as f:
        f.write(data)
    os.utime(os.path.join(organized, new), (1800000000, 1800000000))
    alice('catalog', 'rebuild', organized)
    alice('verify', '-o', organized)
    before = tree(organized)
    found = alice('find', '-0', '-o', organized).out
    _, end = act('--remove', organized)
    eq((end['done'], end['left']), (1, 0), end)
    eq(tree(organized), before, 'it only says so')
    done, end = act('--remove', '--yes', organized)
    eq((end['done'], end['left']), (1, 0), end)
    (name,) = done
    assert name not in tree(organized)
    run = end['run']
    alice('verify', '-o', organized)
    assert name.encode() not in alice('find', '-0', '-o', organized).out, 'it is not organized any more'
    # What has those bytes is a duplicate of the one that stands, and is not placed again.
    put(top, 'inbox3/again.jpg', data)
    s = organize(os.path.join(top, 'inbox3'), organized).summary
    eq((s['organized'], s['duplicates']), (0, 1), s)
    eq(sorted(tree(organized)), sorted(set(before) - {name}), 'as it was')
    eq(alice('undo', '--json', str(run), '-o', organized).json()['done'], 1, 'back')
    eq(tree(organized), before, 'as it was')
    eq(sorted(alice('find', '-0', '-o', organized).out.split(b'\0')), sorted(found.split(b'\0')), 'known again')
    alice('verify', '-o', organized)
    assert os.path.exists(twin)


@test
def an_edited_organized_file_and_another_library_are_left():
    top, inbox, organized, placed = two_copies()
    with open(os.path.join(organized, placed[0]), 'rb') as f:
        data = f.read()
    with open(os.path.join(organized, placed[1]), 'wb') as f:
        f.write(data)  # an edit, which gave it the bytes of another
    done, end = act('--remove', '--yes', organized, expect=1)
    eq((end['done'], end['left']), (0, 1), end)
    assert 'changed since it was organized' in done[placed[1]]['why'], done
    elsewhere = fast()
    done, end = act('--remove', '--yes', '-o', elsewhere, organized, expect=1)
    eq(end['done'], 0, end)
    assert 'organized in another folder' in done[placed[1]]['why'], done
    # A link would give it a time that the catalog does not know.
    os.utime(os.path.join(organized, placed[1]), (1900000000, 1900000000))
    done, end = act('--link', '--yes', organized, expect=1)
    assert 'another time' in done[placed[1]]['why'], done
    eq(len(names(organized)), 3, 'all are there')


@test
def what_belongs_together_goes_together_or_stays():
    top, organized = fast(), fast()
    for folder, when in (('a', 1600000000), ('b', 1700000000)):
        for name in ('whole.nef', 'whole.jpg', 'whole.jpg.xmp', 'IMG_0001.HEIC', 'IMG_0001.MOV', 'alone.jpg',
                     'alone.xmp', 'IMG_0002.JPG'):
            put(top, folder + '/' + name, name.encode(), when)
    put(top, 'b/alone.xmp', b'another')                 # its picture would lose it
    put(top, 'b/IMG_E0002.JPG', b'edited')              # so would the original its edited copy
    put(top, 'c/IMG_0003.JPG', b'IMG_0003', 1600000000)  # kept apart from each other
    put(top, 'd/IMG_0003.MOV', b'IMG_0003 film', 1600000000)
    put(top, 'e/IMG_0003.JPG', b'IMG_0003')
    put(top, 'e/IMG_0003.MOV', b'IMG_0003 film')
    before = tree(top)
    gone = {'b/whole.nef', 'b/whole.jpg', 'b/whole.jpg.xmp', 'b/IMG_0001.HEIC', 'b/IMG_0001.MOV'}
    left = {'b/alone.jpg', 'b/IMG_0002.JPG', 'e/IMG_0003.JPG', 'e/IMG_0003.MOV'}
    for yes in ([], ['--yes']):
        done, end = act('--remove', *yes, '-o', organized, top, expect=1)
        eq((end['done'], end['left']), (len(gone), len(left)), done)
        for name in left:
            assert 'has-sidecar' in done[name]['why'], done[name]
    eq(set(tree(top)), set(before) - gone, 'these are there')
    eq(alice('undo', '--json', '-o', organized).json()['done'], len(gone), 'back')
    eq(tree(top), before, 'as they were')


@test
def keeps_the_one_with_a_sidecar():
    top = place()
    put(top, 'a/p.jpg', b'the same', 1600000000)
    put(top, 'b/p.jpg', b'the same')
    put(top, 'b/p.xmp', b'')  # an empty one is one, too
    out = alice('duplicates', '--json', '--keep', 'has-sidecar', top).out
    eq(os.path.relpath(json.loads(out.splitlines()[0])['path'], top), 'b/p.jpg', 'it has one')
    out = alice('duplicates', '--json', top).out
    eq(os.path.relpath(json.loads(out.splitlines()[0])['path'], top), 'a/p.jpg', 'the oldest')
    for word in ('largest', 'format:raw>heic>jpeg'):
        assert b'look alike' in alice('duplicates', '--keep', word, top, expect=2).err, word


@test
def words_that_do_not_go_together():
    top = place()
    for words, why in ((['--yes'], b'to what'), (['--link', '--remove'], b'choose one'),
                       (['--link', '--script'], b'only tell'), (['--remove', '--lines'], b'only tell')):
        assert why in alice('duplicates', *words, top, expect=2).err, words
    eq(alice('duplicates', '--link', top).out, b'No duplicates among 0 files\n', 'none')


@test
def two_at_once_lose_nothing():
    top, organized = fast(), fast()
    for i in range(60):
        for folder in 'abc':
            put(top, '%s/%d' % (folder, i), b'%d' % (i % 40) * 9000)
    contents = {v[0] for v in tree(top).values()}
    ways = [['--link'], ['--link'], ['--remove', '-o', organized]]
    children = [start('duplicates', '-q', *way, '--yes', top) for way in ways]
    for p in children:
        p.communicate(timeout=60)
        assert p.returncode in (0, 1, 3), p.returncode
    eq({v[0] for v in tree(top).values()}, contents, 'each content stands')
    alice('undo', '-o', organized, expect=None)
    alice('duplicates', '-q', '--link', '--yes', top, expect=None)
    left = [n for _, _, leaves in os.walk(top) for n in leaves if n.startswith('.')]
    eq((left, len(names(top))), ([], 180), 'all names, and nothing else')


main()
