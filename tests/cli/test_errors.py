"""What goes wrong ends in the right status with a sentence that helps, and harms nothing."""
import os
import re
import shutil

from harness import *

own_mounts()


def made(count=60, base=None, odd=False):
    top = place(base) if base else fast()
    inbox = os.path.join(top, 'inbox')
    truth = collection.make(inbox, count, odd=odd)
    return inbox, os.path.join(top, 'organized'), truth


def contents(truth):
    return {t.sha for t in truth if t.kind == 'media'}


def says(result, *words):
    text = result.err.decode('utf-8', 'replace')
    for w in words:
        assert w in text, '%r is not in: %s' % (w, text)


def complete(inbox, organized, truth, *more):
    """A run that ends the work: afterwards each content is there once."""
    r = organize(inbox, organized, *more)
    eq(r.summary['errors'], 0, 'errors')
    have = list(files(organized).values())
    eq(len(have), len(set(have)), 'each once')
    eq(set(have), contents(truth), 'contents')
    return r


def nothing_half_done(organized, truth):
    """What stands in the organized tree is whole; no temporary names. Returns how many."""
    have = files(organized)
    for p, sha in have.items():
        assert not os.path.basename(p).startswith(b'.alice-tmp'), p
        assert sha in contents(truth), 'not whole: %r' % p
    return len(have)


@test
def usage_errors_name_the_nearest():
    cases = [
        (['organise', 'a', 'b'], ["'organize'"]),
        (['infoo', 'a'], ["'info'"]),
        (['organize', '--movee', 'a', 'b'], ['--move']),
        (['organize', '--dry-rum', 'a', 'b'], ['--dry-run']),
        (['organize', '--profile', 'fats', 'a', 'b'], ['fast', 'memory_constrained']),
        (['organize', '--set', 'memory.chunk_size=3', 'a', 'b'], ['memory.chunk_size_kb']),
        (['organize', '--set', 'memory.chunk_size_kb=many', 'a', 'b'], ['whole number']),
        (['organize', '--set', 'nonsense', 'a', 'b'], ['KEY=VALUE']),
        (['organize', '--max-memory', 'x', 'a', 'b'], ['--max-memory']),
        (['organize', '--max-memory', '24T', 'a', 'b'], ['--max-memory']),
        (['organize', '--max-memory', '-5', 'a', 'b'], ['--max-memory']),
        (['organize', '--max-memory'], ['needs a value']),
        (['organize', '--jobs', '0', 'a', 'b'], ['--jobs']),
        (['organize', '--json=yes', 'a', 'b'], ['takes no value']),
        (['organize', '--copy', '--move', 'a', 'b'], ['exclude']),
        (['organize', 'a', 'b', 'c'], ["'c'"]),
        (['organize', '-i', 'a', '-o', 'b', 'c'], ['more than once']),
        (['organize', '-x', 'a', 'b'], ["'-x'"]),
        (['info'], ['FILE']),
        (['--nonsense'], ['--nonsense']),
        (['xyzzy'], ["'xyzzy'", '--help']),
    ]
    here = place()
    for args, words in cases:
        r = alice(*args, expect=2, cwd=here)
        says(r, *words)
        eq(r.out, b'', args)
        eq(len(r.err.splitlines()), 1, args)
    eq(os.listdir(here), [], 'what a wrong call leaves')
    r = alice('organize', 'a', 'b', expect=2, env=environment(ALICE_PERFORMANCE='quick'), cwd=here)
    says(r, 'ALICE_PERFORMANCE', 'quick')
    alice(expect=2)


@test
def help_and_version():
    says_out = lambda r, w: eq(w in r.out.decode(), True, w)
    says_out(alice('--help'), 'organize')
    says_out(alice('--version'), 'alice ')
    says_out(alice('organize', '--help'), '--dry-run')
    says_out(alice('help', 'info'), '--json')
    says_out(alice('--debug', 'config'), 'memory.max_memory_mb')
    assert json.loads(alice('config', '--json').out)


@test
def the_inbox_is_missing_or_no_folder():
    top = fast()
    organized = os.path.join(top, 'organized')
    for inbox in (os.path.join(top, 'nowhere'), os.path.join(top, 'file')):
        if inbox.endswith('file'):
            open(inbox, 'w').close()
        r = alice('organize', inbox, organized, expect=3)
        says(r, os.path.basename(inbox))
        assert not os.path.exists(organized), 'nothing was begun'
        alice('organize', '-n', inbox, organized, expect=3)


@test
def folders_inside_one_another_are_refused():
    inbox, organized, truth = made(5)
    before = listing(os.path.dirname(inbox))
    link = os.path.join(fast(), 'link')
    os.symlink(inbox, link)
    for a, b in ((inbox, os.path.join(inbox, 'organized')), (os.path.join(inbox, 'holiday'), inbox),
                 (inbox, inbox), (inbox + '/', inbox + '/.'), (inbox, os.path.join(link, 'out')),
                 (inbox, os.path.join(link, 'not', 'yet', 'there'))):
        os.makedirs(os.path.join(inbox, 'holiday'), exist_ok=True)
        before = listing(os.path.dirname(inbox))
        for more in ([], ['-n']):
            r = alice('organize', a, b, *more, expect=2)
            says(r, 'inside')
        same_tree(before, listing(os.path.dirname(inbox)), 'after %s %s' % (a, b))
    # Names that only begin alike are neighbours.
    organize(inbox, inbox + '-organized')


@test
def unreadable_files_and_folders_are_named_and_the_rest_is_done():
    before = bound()
    inbox, organized, truth = made(60)
    secret = os.path.join(os.fsencode(inbox), truth[3].path)
    folder = os.path.join(os.fsencode(inbox), b'locked')
    os.mkdir(folder)
    shutil.copyfile(os.path.join(os.fsencode(inbox), truth[4].path), os.path.join(folder, b'x.jpg'))
    with open(os.path.join(folder, b'y.jpg'), 'wb') as f:
        f.write(collection.sample.jpeg(seed=123456))
    os.chmod(secret, 0)
    os.chmod(folder, 0)
    for more in ([], ['--move']):
        r = organize(inbox, organized, *more, expect=1, before=before, report=True)
        eq(r.summary['errors'], 2, 'errors')
        bad = {path_of(l['source_path']): l['reason'] for l in r.report if l['status'] == 'error'}
        eq(set(bad), {os.path.realpath(secret), os.path.realpath(folder)}, 'errors')
        for reason in bad.values():
            assert 'permi' in reason.lower(), reason
        says(r, 'locked', 'permi')
    eq(len(files(organized)), len(contents(truth)) - 1, 'the rest')
    os.chmod(secret, 0o644)
    os.chmod(folder, 0o755)
    r = organize(inbox, organized, report=True)
    eq((r.summary['organized'], r.summary['errors']), (2, 0), 'afterwards')


@test
def the_inbox_cannot_be_read():
    before = bound()
    inbox, organized, truth = made(5)
    os.chmod(inbox, 0)
    r = alice('organize', inbox, organized, expect=3, before=before)
    says(r, 'inbox', 'ermission')
    os.chmod(inbox, 0o755)


@test
def the_destination_cannot_be_written():
    before = bound()
    inbox, organized, truth = made(20)
    os.mkdir(organized)
    os.chmod(organized, 0o555)
    source = listing(inbox)
    for mode in ('--copy', '--move'):
        r = alice('organize', mode, inbox, organized, expect=3, before=before)
        says(r, 'organized', 'ermission')
    same_tree(source, listing(inbox), 'the inbox')
    r = organize(inbox, organized, '-n', before=before)
    eq(r.summary['organized'], len(contents(truth)), 'a dry run needs no right to write')
    os.chmod(organized, 0o755)
    complete(inbox, organized, truth)


@test
def the_destination_is_mounted_read_only():
    inbox, _, truth = made(20)
    small = tmpfs('size=8m')
    remount(small, 'ro')
    for mode in ('--copy', '--move'):
        r = alice('organize', mode, inbox, os.path.join(small, 'organized'), expect=3)
        says(r, 'ead-only')
        r = alice('organize', mode, inbox, small, expect=3)
        says(r, 'ead-only')
    eq(len(files(inbox)), len(truth), 'the inbox')
    remount(small, 'rw')
    complete(inbox, small, truth)


@test
def a_move_out_of_a_read_only_inbox_keeps_both():
    inbox, organized, truth = made(30, base=tmpfs('size=32m'))
    top = os.path.dirname(os.path.dirname(inbox))
    organized = os.path.join(fast(), 'organized')
    remount(top, 'ro')
    r = organize(inbox, organized, '--move', expect=None)
    assert r.status in (1, 3), r.text()
    nothing_half_done(organized, truth)
    eq({s for s in files(inbox).values()}, contents(truth), 'the inbox')
    remount(top, 'rw')
    r = organize(inbox, organized, '--move', expect=None)
    have = files(organized)
    eq(set(have.values()), contents(truth), 'contents')
    eq(len(have), len(set(have.values())), 'each once')


@test
def two_runs_at_once_on_one_catalog():
    inbox, organized, truth = made(1500)
    first = Held(inbox, organized)
    r = alice('organize', inbox, organized, expect=3)
    says(r, 'in use', str(first.p.pid))
    r = alice('organize', '--move', inbox, organized, expect=3)
    # To look is allowed or told, never harmful.
    dry = alice('organize', '-n', inbox, organized, expect=None)
    assert dry.status in (0, 3), dry.text()
    done = first.end()
    eq(done.json()['organized'], len(contents(truth)), 'the first run')
    complete(inbox, organized, truth)


@test
def a_damaged_catalog_is_told_and_left_alone():
    def garbage(path):
        with open(path, 'r+b') as f:
            f.seek(4096)
            f.write(b'\xa5' * 20000)

    def header(path):
        with open(path, 'r+b') as f:
            f.write(b'This is not a database, is it? ' * 40)

    def cut(path):
        os.truncate(path, 4096 + 100)

    for harm in (garbage, header, cut):
        inbox, organized, truth = made(80)
        organize(inbox, organized)
        catalog = os.path.join(organized, '.alice', 'catalog.db')
        harm(catalog)
        before, broken = listing(organized), sha_of(catalog)
        with open(os.path.join(inbox, 'new.jpg'), 'wb') as f:
            f.write(collection.sample.jpeg(seed=77777))
        for mode in ('--copy', '--move'):
            r = alice('organize', mode, inbox, organized, expect=3)
            says(r, 'damaged', 'move it aside')
        same_tree(before, listing(organized), harm.__name__)
        if harm is header:
            eq(sha_of(catalog), broken, 'the damaged catalog')
        for name in os.listdir(os.path.join(organized, '.alice')):
            if name.startswith('catalog.db'):
                os.rename(os.path.join(organized, '.alice', name), os.path.join(organized, '.alice', 'old-' + name))
        r = organize(inbox, organized)
        after = files(organized)
        for p, v in before.items():
            if v[3] and (v[0] & 0o170000) == 0o100000:
                eq(after.get(p), v[3], p)


@test
def an_emptied_catalog_is_like_none():
    inbox, organized, truth = made(20)
    first = organize(inbox, organized).summary['organized']
    catalog = os.path.join(organized, '.alice', 'catalog.db')
    elsewhere = os.path.join(fast(), 'c.db')
    before = listing(organized)
    open(elsewhere, 'w').close()
    r = organize(inbox, organized, '--catalog', elsewhere, expect=2)
    says(r, 'an empty file is no catalog', 'move it aside')
    for more in (['--copy'], ['-n'], ['--move']):
        os.truncate(catalog, 0)
        r = organize(inbox, organized, *more)
        says(r, 'the catalog is empty', 'is read first')
        eq((r.summary['organized'], r.summary['rebuilt']), (0, first), str(more))
        same_tree(before, listing(organized), 'an emptied catalog')
    # A kill before anything was organized leaves an empty one too: that is no harm.
    inbox, organized, truth = made(20)
    os.makedirs(os.path.join(organized, '.alice'))
    open(os.path.join(organized, '.alice', 'catalog.db'), 'w').close()
    complete(inbox, organized, truth)


@test
def bits_that_flip_in_the_catalog_end_in_advice_or_right_results():
    import random
    chance = random.Random(int(os.environ.get('ALICE_SEED', '1')))
    inbox, organized, truth = made(40, odd=False)
    organize(inbox, organized)
    collection.Maker(inbox, 1).put(b'new/1.jpg', collection.sample.jpeg(seed=77777), 1600000000, 'media')
    had, before = files(inbox), files(organized)
    top = fast()
    for tree in (inbox, organized):
        subprocess.run(['cp', '-a', tree, top], check=True)
    catalog = os.path.join(organized, '.alice', 'catalog.db')
    size = os.path.getsize(catalog)
    ended = {0: 0, 3: 0}
    for number in range(60):
        # What SQLite reads first is where most of it goes wrong.
        at = chance.randrange(8 * (4096 if number % 4 == 0 else size))
        for mode in ('--copy', '--move', '-n'):
            with open(catalog, 'r+b') as f:
                f.seek(at // 8)
                byte = f.read(1)[0]
                f.seek(at // 8)
                f.write(bytes([byte ^ 1 << at % 8]))
            r = alice('organize', mode, inbox, organized, expect=None)
            what = 'bit %d, %s: %s' % (at, mode, r.text())
            assert r.status in ended, what
            ended[r.status] += 1
            if r.status == 3:
                assert re.search(b'aside|newer alice|another program|rebuild', r.err), what
            have, left = files(organized), files(inbox)
            eq({p: have.get(p) for p in before}, before, 'organized files: ' + what)
            eq(set(have.values()) | set(left.values()), set(had.values()), 'nothing is lost: ' + what)
            if mode != '--move':
                eq(left, had, 'the inbox: ' + what)
            if mode == '-n':
                eq(have, before, 'a dry run: ' + what)
            elif r.status == 0:
                eq(set(have.values()), set(had.values()), 'all is organized: ' + what)
            # As it was: the catalog, and where something was done the trees.
            changed = '' if mode != '-n' and r.status == 0 else '.alice'
            shutil.rmtree(os.path.join(organized, changed))
            subprocess.run(['cp', '-a', os.path.join(top, 'organized', changed),
                            organized if changed else os.path.dirname(organized)], check=True)
            if left != had:
                subprocess.run(['cp', '-an', os.path.join(top, 'inbox'), os.path.dirname(inbox)], check=True)
    assert ended[3] >= 10 and ended[0] >= 10, ended


@test
def a_catalog_of_a_later_version_is_not_touched():
    import sqlite3
    inbox, organized, truth = made(10)
    organize(inbox, organized)
    catalog = os.path.join(organized, '.alice', 'catalog.db')
    db = sqlite3.connect(catalog)
    version, = db.execute('pragma user_version').fetchone()
    if version == 0:
        raise Skip('the version is not in user_version')
    db.execute('pragma user_version = 9999')
    db.commit()
    db.close()
    r = alice('organize', inbox, organized, expect=3)
    says(r, 'newer alice')


@test
def no_room_is_told_before_the_first_file():
    inbox, _, truth = made(40, odd=False)
    for i in range(24):
        with open(os.path.join(inbox, 'big%d.jpg' % i), 'wb') as f:
            f.write(collection.sample.jpeg(seed=600000 + i) + os.urandom(MB // 2))
    small = tmpfs('size=6m')
    r = alice('organize', inbox, small, expect=3)
    says(r, 'MB are free', 'make room')
    eq(files(small), {}, 'nothing was begun')
    remount(small, 'size=64m')
    r = organize(inbox, small)
    eq(r.summary['organized'], len(contents(truth)) + 24, 'after making room')


@test
def the_disk_fills_up_on_the_way():
    # Names that do not look like media are not counted before.
    for mode, size, room in (('--copy', 'size=6m', 'size=64m'), ('--move', 'size=6m', 'size=64m'),
                             ('--copy', 'size=64m,nr_inodes=90', 'nr_inodes=9000')):
        inbox, _, truth = made(150, odd=False)
        for i in range(24):
            data = collection.sample.jpeg(seed=600000 + i) + os.urandom(MB // 2)
            path = b'big%d.dat' % i
            with open(os.path.join(os.fsencode(inbox), path), 'wb') as f:
                f.write(data)
            truth.append(collection.Truth(path, 'media', None, hashlib.sha256(data).hexdigest()))
        before = files(inbox)
        small = tmpfs(size)
        r = alice('organize', mode, inbox, small, expect=3)
        says(r, 'pace')
        done = nothing_half_done(small, truth)
        left = files(inbox)
        if mode == '--copy':
            eq(left, before, 'the inbox')
        eq(set(left.values()) | set(files(small).values()), contents(truth), 'nothing is lost')
        # Still full: again 3, and still nothing lost.
        again = alice('organize', mode, inbox, small, expect=3)
        nothing_half_done(small, truth)
        remount(small, room)
        complete(inbox, small, truth, mode)
        leftovers = [p for p in listing(small) if b'alice-tmp' in p]
        eq(leftovers, [], 'leftovers')
        if mode == '--move':
            copies = len([t for t in truth if t.copy_of])
            eq(len(files(inbox)), copies, 'only the copies are left')


@test
def the_report_cannot_be_written():
    inbox, organized, truth = made(20)
    r = alice('organize', inbox, organized, '--report', os.path.join(place(), 'no', 'report'), expect=3)
    says(r, 'report')
    assert not os.path.exists(organized), 'nothing was begun'
    if os.path.exists('/dev/full'):
        r = alice('organize', inbox, organized, '--report', '/dev/full', expect=3)
        says(r, 'report', 'not complete')
        complete(inbox, organized, truth)


@test
def nobody_reads_standard_output():
    inbox, organized, truth = made(300)
    by_line = ['stdbuf', '-oL'] if shutil.which('stdbuf') and not sanitized() else []
    for i, (more, before) in enumerate(((['--json'], []), (['-v'], []), ([], []), (['-v'], by_line), ([], by_line))):
        reader, writer = os.pipe()
        os.close(reader)
        r = alice('organize', inbox, organized + str(i), *more, expect=None, stdout=writer, before=before)
        os.close(writer)
        eq(r.status, 3, r.text())
        eq(set(files(organized + str(i)).values()), contents(truth), 'it was done nevertheless')
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'wb') as full:
            r = alice('organize', inbox, organized, '--json', expect=3, stdout=full)
        complete(inbox, organized, truth)


@test
def a_file_that_vanishes_or_changes_while_it_runs():
    inbox, organized, truth = made(2500)
    last = os.path.join(inbox, 'zz-last')
    for i in range(40):
        collection.Maker(inbox, 1).put(b'zz-last/%d.jpg' % i, collection.sample.jpeg(seed=500000 + i), 1600000000,
                                       'media')
    run = Held(inbox, organized)
    os.unlink(os.path.join(last, '1.jpg'))
    with open(os.path.join(last, '2.jpg'), 'ab') as f:
        f.write(b'more')
    shutil.rmtree(os.path.join(inbox, os.fsdecode(collection.PROJECTS[-1].split(b'/')[0])))
    done = run.end(expect=None)
    assert done.status in (0, 1), done.text()
    assert all(json.loads(line) for line in run.report.splitlines())
    r = organize(inbox, organized)
    eq(r.summary['errors'], 0, 'afterwards')
    have = set(files(organized).values())
    for sha in files(inbox).values():
        assert sha in have, 'not organized'


@test
def damaged_media_is_reported_and_the_run_goes_on():
    inbox, organized, truth = made(20)
    with open(os.path.join(inbox, 'cut.jpg'), 'wb') as f:
        f.write(b'\xff\xd8\xff\xe1\x20\x00Exif\0\0MM\0')
    with open(os.path.join(inbox, 'cut.png'), 'wb') as f:
        f.write(collection.sample.png()[:40])
    with open(os.path.join(inbox, 'cut.mp4'), 'wb') as f:
        f.write(collection.sample.mp4(3000000000)[:300])
    r = organize(inbox, organized, expect=None, report=True)
    assert r.status in (0, 1), r.text()
    eq(len(r.report), r.summary['files'], 'report')
    for line in r.report:
        if b'cut' in path_of(line['source_path']):
            assert line.get('reason'), line


def put_cut(inbox):
    """One of each format, whole and cut behind what it says of itself."""
    s = collection.sample
    tiff = s.tiff('NIKON CORPORATION', 'NIKON D750', '2023:07:14 10:20:30')
    whole = s.jpeg(tiff)[:-2] + (bytes(range(1, 250)) + b'\xff\0') * 400 + b'\xff\xd9'
    film = s.mp4(3772174830)  # 2023-07-14 10:20:30, its header first
    at = film.index(b'mdat') - 4
    film = film[:at] + film[at + 4096 + 8:] + film[at:at + 4096 + 8]
    png = s.png([('Creation Time', '2023:07:14 10:20:30')], size=200)
    for name, data in (('a.jpg', whole), ('b.mp4', film), ('c.png', png)):
        with open(os.path.join(inbox, name), 'wb') as f:
            f.write(data)
        with open(os.path.join(inbox, 'cut-' + name), 'wb') as f:
            f.write(data[:len(data) * 9 // 10])


@test
def cut_files_are_counted_as_damaged_and_keep_their_day():
    for how in ((), ('--move',)):
        top = fast()
        inbox = os.path.join(top, 'inbox')
        os.mkdir(inbox)
        put_cut(inbox)
        r = organize(inbox, os.path.join(top, 'organized'), *how, report=True)
        eq(r.summary['damaged'], 3, 'the cut ones, in every format')
        eq(r.summary['errors'], 0, 'errors')
        eq(len(r.report), 6, 'all of them')
        for line in r.report:
            eq(line['date'], '2023-07-14', line['source_path'])
            assert b'2023-07-14/' in path_of(line['destination']), line
            eq('reason' in line, b'cut' in path_of(line['source_path']), line)


main()
