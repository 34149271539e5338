"""The catalog against the tree: lost, old, rebuilt; files that somebody moved inside organized."""
import os
import shutil
import signal

from harness import *


def made(count=120):
    top = fast()
    inbox = os.path.join(top, 'inbox')
    truth = collection.make(inbox, count, odd=False)
    return inbox, os.path.join(top, 'organized'), {t.sha for t in truth if t.kind == 'media'}


def catalog_of(organized):
    return os.path.join(organized, '.alice', 'catalog.db')


def each_once(organized, contents):
    have = list(files(organized).values())
    eq(len(have), len(set(have)), 'nothing is there twice')
    eq(set(have), contents, 'all is there')


def more_media(inbox, name, seed):
    data = collection.sample.jpeg(seed=seed)
    t = collection.Maker(inbox, 1).put(name, data, 1600000000, 'media')
    return t.sha


@test
def a_lost_catalog_doubles_nothing():
    for mode in ('--copy', '-n'):
        inbox, organized, contents = made()
        organize(inbox, organized)
        before = listing(organized)
        os.unlink(catalog_of(organized))
        r = organize(inbox, organized, mode)
        assert b'no catalog of them' in r.err, r.text()
        eq(r.summary['organized'], 0, 'organized')
        eq(r.summary['rebuilt'], len(contents), 'read')
        eq(r.summary['errors'], 0, 'errors')
        eq(listing(organized), before, 'the tree')
        # It stands now, unless the run was dry.
        r = organize(inbox, organized, mode)
        eq(r.summary['rebuilt'], len(contents) if mode == '-n' else 0, 'read again')
        eq(r.summary['organized'], 0, 'organized')


@test
def a_catalog_that_was_cut_off_in_the_making_is_none():
    """A kill while it is made, before any run has marked the tree, leaves an empty file."""
    inbox, organized, contents = made()
    organize(inbox, organized)
    os.unlink(catalog_of(organized))
    os.unlink(os.path.join(organized, '.alice', 'generation'))
    open(catalog_of(organized), 'w').close()
    before = listing(organized)
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['rebuilt'], r.summary['errors']), (0, len(contents), 0))
    eq(listing(organized), before, 'the tree')
    # With the mark it was a catalog once: what emptied it is not known, so that is said.
    os.truncate(catalog_of(organized), 0)
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['rebuilt'], r.summary['errors']), (0, len(contents), 0))
    eq(listing(organized), before, 'the tree')
    assert b'the catalog is empty' in r.err, r.text()


@test
def the_whole_folder_of_the_catalog_may_be_lost():
    inbox, organized, contents = made()
    organize(inbox, organized)
    shutil.rmtree(os.path.join(organized, '.alice'))
    r = organize(inbox, organized)
    eq(r.summary['organized'], 0, 'organized')
    each_once(organized, contents)


@test
def numbers_go_on_after_a_rebuild():
    inbox, organized, contents = made()
    organize(inbox, organized)
    before = files(organized)
    os.unlink(catalog_of(organized))
    shutil.rmtree(inbox)
    os.makedirs(inbox)
    new = more_media(inbox, b'holiday/new.jpg', 987654)
    # A file with the highest number is gone: its number must not be given again.
    r = organize(inbox, organized, report=True)
    eq(r.summary['organized'], 1, 'organized')
    dest = os.fsencode(r.report[-1]['destination'])
    number = int(os.path.basename(dest).split(b'-')[1].split(b'.')[0])
    source = os.path.basename(os.path.dirname(dest))
    taken = [int(os.path.basename(p).split(b'-')[1].split(b'.')[0]) for p in before
             if p.split(b'/')[2] == source and p.split(b'/')[1].lower() == b'holiday']
    eq(number, max(taken, default=0) + 1, 'the number')
    each_once(organized, contents | {new})


@test
def fresh_declines():
    inbox, organized, contents = made(40)
    organize(inbox, organized)
    os.unlink(catalog_of(organized))
    r = organize(inbox, organized, '--fresh')
    assert b'read first' not in r.err, r.text()
    eq(r.summary['organized'], len(contents), 'placed again, as asked')
    eq(len(files(organized)), 2 * len(contents), 'nothing is overwritten')


@test
def an_older_catalog_is_recognized():
    inbox, organized, contents = made()
    organize(inbox, organized)
    old = os.path.join(fast(), 'old.db')
    shutil.copy(catalog_of(organized), old)
    new = {more_media(inbox, b'new/%d.jpg' % i, 900000 + i) for i in range(20)}
    organize(inbox, organized)
    before = listing(organized)
    shutil.copy(old, catalog_of(organized))
    for mode in ('-n', '--copy'):
        r = organize(inbox, organized, mode)
        assert b'older than the files' in r.err, r.text()
        eq(r.summary['organized'], 0, 'organized')
        eq(r.summary['rebuilt'], 20, 'read')
        eq(listing(organized), before, 'the tree')
    each_once(organized, contents | new)
    # Now it is current again; the copy is still old.
    r = organize(inbox, organized)
    assert b'older' not in r.err, r.text()
    eq(r.summary['rebuilt'], 0, 'read')


@test
def another_catalog_is_not_that_of_the_tree():
    inbox, organized, contents = made(40)
    organize(inbox, organized)
    other = os.path.join(fast(), 'other.db')
    r = organize(inbox, organized, '--catalog', other)
    eq(r.summary['organized'], 0, 'organized')
    # The first one was passed by.
    new = more_media(inbox, b'new/1.jpg', 900001)
    organize(inbox, organized, '--catalog', other)
    r = organize(inbox, organized)
    assert b'older than the files' in r.err, r.text()
    each_once(organized, contents | {new})


@test
def a_renamed_or_moved_file_is_still_known():
    for rebuild in (False, True):
        inbox, organized, contents = made()
        organize(inbox, organized, '--move')
        moved = sorted(files(organized))[::3]
        os.makedirs(os.path.join(organized, 'albums', 'best'))
        for i, p in enumerate(moved):
            full = os.path.join(os.fsencode(organized), p)
            if i % 2:
                os.rename(full, full + b'.renamed.jpg')
            else:
                os.rename(full, os.path.join(os.fsencode(organized), b'albums/best/%d.jpg' % i))
        if rebuild:
            r = alice('catalog', 'rebuild', organized, '--json').json()
            eq(r['moved'], len(moved), 'found')
            eq(r['unread'], 0, 'unread')
        before = listing(organized)
        again = os.path.join(fast(), 'again')
        for i, p in enumerate(before):
            if p.count(b'/') and os.path.isfile(os.path.join(os.fsencode(organized), p)):
                os.makedirs(again, exist_ok=True)
                shutil.copy(os.path.join(os.fsencode(organized), p),
                            os.path.join(os.fsencode(again), b'%d.jpg' % i))
        for mode in ('-n', '--copy'):
            r = organize(again, organized, mode)
            eq(r.summary['organized'], 0, 'organized')
            eq(r.summary['duplicates'], len(contents), 'duplicates')
            eq(listing(organized), before, 'the tree')
            if mode == '--copy' and not rebuild:
                assert b'found where they are now' in r.err, r.text()
        each_once(organized, contents)


@test
def a_rebuild_that_is_killed_goes_on():
    inbox, organized, contents = made(1500)
    organize(inbox, organized)
    os.unlink(catalog_of(organized))
    for delay in range(1, 6):
        p = start('catalog', 'rebuild', organized)
        try:
            p.wait(delay * 0.02)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.wait()
    r = organize(inbox, organized)
    eq(r.summary['organized'], 0, 'organized')
    each_once(organized, contents)


@test
def rebuilding_twice_adds_nothing():
    inbox, organized, contents = made()
    organize(inbox, organized)
    r = alice('catalog', 'rebuild', organized, '--json').json()
    eq((r['added'], r['moved'], r['unread']), (0, 0, 0), 'a catalog that is right')
    os.unlink(catalog_of(organized))
    r = alice('catalog', 'rebuild', organized, '--json').json()
    eq(r['added'], len(contents), 'added')
    r = alice('catalog', 'rebuild', organized, '--json').json()
    eq(r['added'], 0, 'added')
    alice('catalog', 'rebuild', os.path.join(organized, 'nowhere'), expect=None).status in (2, 3)


@test
def only_a_catalog_is_opened_as_one():
    import sqlite3
    inbox, organized, contents = made(10)
    top = fast()
    foreign = os.path.join(top, 'theirs.db')
    db = sqlite3.connect(foreign)
    db.execute('CREATE TABLE t(x)')
    db.commit()
    db.close()
    named = os.path.join(top, 'named.db')
    db = sqlite3.connect(named)
    db.execute('PRAGMA application_id = 77')
    db.commit()
    db.close()
    open(os.path.join(top, 'x.jpg'), 'w').close()
    for name, data in (('y.jpg', collection.sample.jpeg(seed=1)), ('fresh.db-wal', b'mine'),
                       ('other.db-journal', b'mine')):
        with open(os.path.join(top, name), 'wb') as f:
            f.write(data)
    before = listing(top)
    for name in ('theirs.db', 'named.db', 'x.jpg', 'y.jpg', 'fresh.db', 'other.db'):
        for mode in ('--copy', '--move', '-n'):
            r = alice('organize', inbox, organized, mode, '--catalog', os.path.join(top, name), expect=None)
            assert r.status in (2, 3), (name, r.text())
            assert b'--catalog' in r.err or b'another program' in r.err, r.text()
            eq(listing(top), before, name)
            eq(files(organized) if os.path.exists(organized) else {}, {}, 'organized')


@test
def side_files_are_alices_own():
    inbox, organized, contents = made(10)
    top = fast()
    mine = {}
    for name in ('photos.lock', 'photos.probe', 'photos.db.lock', 'photos.db.probe', 'photos', 'photos.probe-wal'):
        with open(os.path.join(top, name), 'w') as f:
            f.write(name)
        mine[os.fsencode(name)] = sha_of(os.path.join(top, name))
    organize(inbox, organized, '--catalog', os.path.join(top, 'photos.db'))
    eq({p: s for p, s in files(top).items() if p != b'photos.db'}, mine, 'what stood there')
    assert os.path.isdir(os.path.join(top, '.alice'))


main()
