"""alice organize on whole collections with a truth table: every file accounted for, each in the
folder of its day, each content once, sources untouched, runs repeatable."""
import os
import shutil
import sqlite3

from harness import *

DISK = os.environ.get('TMPDIR', '/var/tmp')


def made(count=2000, groups=False, odd=True, base=None):
    top = place(base) if base else fast()
    inbox = os.path.join(top, 'inbox')
    truth = collection.make(inbox, count, odd=odd)
    if groups:
        collection.add_groups(inbox, truth)
    return inbox, os.path.join(top, 'organized'), truth


def whole(inbox, organized, truth, *more):
    """A copy and a second run over the same, checked in full."""
    before = listing(inbox)
    r = organize(inbox, organized, *more, report=True)
    placed = check_report(r.report, r.summary, truth, inbox, organized)
    same_tree(before, listing(inbox), 'the inbox after a copy')
    check_tree(organized, placed)
    for line in r.report:
        if line['status'] == 'organized':
            a, b = os.stat(path_of(line['source_path'])), os.stat(path_of(line['destination']))
            eq((a.st_size, a.st_mtime_ns, a.st_mode), (b.st_size, b.st_mtime_ns, b.st_mode), line)
            assert a.st_ino != b.st_ino, 'a copy is a file of its own'
    media = len([t for t in truth if t.kind == 'media'])
    contents = len({t.sha for t in truth if t.kind == 'media'})
    eq(r.summary['organized'], contents, 'organized')
    eq(r.summary['duplicates'], media - contents, 'duplicates')
    return r, placed


@test
def copy_every_file_accounted_for_and_a_second_run_does_nothing():
    inbox, organized, truth = made()
    r, placed = whole(inbox, organized, truth)
    eq(r.summary['mode'], 'copy')
    assert r.summary['duplicates'] >= 190, r.summary['duplicates']
    eq(r.summary['bytes'], sum(os.stat(p).st_size for p in placed), 'bytes')
    before = listing(organized)
    again = organize(inbox, organized, report=True, watch=True)
    eq(again.summary['organized'], 0, 'organized')
    same_tree(before, listing(organized), 'the organized tree after a second run')
    plain = organize(inbox, organized, watch=True)
    for s in (again.summary, plain.summary):
        regular = len([t for t in truth if t.kind in ('media', 'other')])
        eq(s['already_known'], regular, 'already_known')
        eq(s['files'], r.summary['files'], 'files')
        eq(s['errors'], 0, 'errors')
    # Libraries, folders and the catalog's pages: far less than the heads of 2,000 files.
    assert plain.read < 3 * MB, 'it read %d bytes' % plain.read


@test
def copy_on_a_disk():
    inbox, organized, truth = made(300, base=DISK)
    whole(inbox, organized, truth)


@test
def copy_of_real_files():
    inbox, truth = corpus_collection(SCALE or 10000)
    whole(inbox, os.path.join(os.path.dirname(inbox), 'organized'), truth)


@test
def move_leaves_only_duplicates_and_other_files():
    inbox, organized, truth = made(groups=True)
    before = listing(inbox)
    r = organize(inbox, organized, '--move', report=True)
    placed = check_report(r.report, r.summary, truth, inbox, organized, move=True)
    check_tree(organized, placed)
    eq(r.summary['mode'], 'move')
    eq((r.summary['followers'], r.summary['groups_left']), (3, 0), 'files that follow another')
    gone = {path_of(line['source_path'])[len(os.fsencode(os.path.realpath(inbox))) + 1:]
            for line in r.report if line['status'] == 'organized'}
    after = listing(inbox)
    eq(set(before) - set(after), gone, 'what is gone')
    for p, v in after.items():
        if (v[0] & 0o170000) == 0o100000:
            eq(v, before[p], p)
    eq({p: v[1] for p, v in before.items() if p in gone and v[1]}.keys(), gone, 'what was moved')
    moved = {path_of(l['destination']): before[path_of(l['source_path'])[len(os.fsencode(os.path.realpath(inbox))) + 1:]]
             for l in r.report if l['status'] == 'organized'}
    for dest, was in moved.items():
        eq(os.stat(dest).st_mtime_ns, was[2], dest)
    again = organize(inbox, organized, '--move', report=True)
    eq((again.summary['organized'], again.summary['errors']), (0, 0), 'a second move')
    same_tree(after, listing(inbox), 'the inbox after a second move')


@test
def move_of_real_files():
    inbox, truth = corpus_collection(SCALE or 10000)
    organized = os.path.join(os.path.dirname(inbox), 'organized')
    r = organize(inbox, organized, '--move', '--max-memory', '24', report=True)
    check_tree(organized, check_report(r.report, r.summary, truth, inbox, organized, move=True))
    left = [p for p, v in listing(inbox).items() if (v[0] & 0o170000) == 0o100000]
    eq(len(left), r.summary['duplicates'] + r.summary['skipped'], 'what is left')


@test
def move_to_another_file_system():
    if not os.access('/dev/shm', os.W_OK) or os.stat('/dev/shm').st_dev == os.stat('/var/tmp').st_dev:
        raise Skip('no second file system at hand')
    inbox, _, truth = made(600, base='/dev/shm')
    organized = os.path.join(place(), 'organized')
    r = organize(inbox, organized, '--move', report=True)
    check_tree(organized, check_report(r.report, r.summary, truth, inbox, organized, move=True))
    left = [p for p, v in listing(inbox).items() if (v[0] & 0o170000) == 0o100000]
    eq(len([p for p in left if not any(t.path == p and t.kind == 'hidden' for t in truth)]),
       r.summary['duplicates'] + r.summary['not_media'], 'what is left')


@test
def dry_run_changes_nothing_and_foretells_the_run():
    inbox, organized, truth = made(1200)
    parent = os.path.dirname(inbox)
    for turn in range(2):
        before, parent_before = listing(parent, skip=()), os.stat(parent).st_mtime_ns
        dry = organize(inbox, organized, '--dry-run', report=True)
        same_tree(before, listing(parent, skip=()), 'the disk after a dry run')
        eq(os.stat(parent).st_mtime_ns, parent_before, 'the folder above')
        eq((dry.summary['dry_run'], dry.summary['run']), (True, 0), 'dry run')
        if turn == 0:
            check_report(dry.report, dry.summary, truth, inbox, organized, dry=True)
        real = organize(inbox, organized, report=True)
        strip = [{k: v for k, v in line.items() if k != 'dry_run'} for line in dry.report]
        for a, b in zip(strip, real.report):
            eq(a, b, 'foretold and done')
        eq(len(strip), len(real.report))
        for key in ('files', 'organized', 'skipped', 'duplicates', 'errors', 'bytes', 'by_source', 'by_type',
                    'date_sources', 'passed_over', 'not_media', 'already_known'):
            eq(dry.summary[key], real.summary[key], key)
        # Then over a tree that stands, with new files in the inbox.
        if turn == 0:
            collection.make(os.path.join(inbox, 'later'), 150, seed=99, odd=False)


@test
def threads_and_batch_sizes_make_no_difference():
    inbox, _, truth = made(1200)
    top = fast()
    first = None
    for i, more in enumerate((['--jobs', '1'], ['--jobs', '4'], ['--set', 'performance.batch_size=1'],
                              ['--set', 'performance.batch_size=7', '--jobs', '3'],
                              ['--set', 'performance.batch_size=1000', '--max-memory', '256'],
                              ['--max-memory', '16'], ['--profile', 'fast', '--max-memory', '64'])):
        organized = os.path.join(top, str(i))
        r = organize(inbox, organized, *more, report=True)
        now = (files(organized),
               [{k: v.replace(os.path.realpath(organized), '') if k == 'destination' else v for k, v in line.items()}
                for line in r.report],
               {k: r.summary[k] for k in ('files', 'organized', 'skipped', 'duplicates', 'errors', 'bytes',
                                          'by_source', 'by_type', 'date_sources')})
        first = first or now
        eq(now[0], first[0], '%s: the tree' % more)
        for a, b in zip(now[1], first[1]):
            eq(a, b, '%s: the report' % more)
        eq(now[2], first[2], '%s: the numbers' % more)


@test
def keep_names_adds_the_stem():
    inbox, organized, truth = made(300)
    r = organize(inbox, organized, '--keep-names', report=True)
    check_tree(organized, check_report(r.report, r.summary, truth, inbox, organized))
    kept = 0
    for line in r.report:
        if line['status'] == 'organized':
            stem = os.path.splitext(os.path.basename(path_of(line['source_path'])))[0]
            if stem.isalnum():
                kept += 1
                assert b'-' + stem[:90] in os.path.basename(path_of(line['destination'])), line
    assert kept > 10, kept


@test
def names_are_made_safe():
    inbox, organized, truth = made(1200)
    organize(inbox, organized)
    for p in names(organized):
        for part in p.split(b'/'):
            text = part.decode('utf-8')  # all of it is UTF-8
            assert not part.startswith(b'.') and len(part) <= 255, part
            assert not any(ord(c) < 32 or ord(c) == 127 or c in '\\:*?"<>|\u202e' for c in text), part
    tops = {p.split(b'/')[1].decode() for p in names(organized)}
    for wanted in ('日本語', '😀 emoji', 'Übung äö', 'with space', 'uncategorized', 'client-a', 'holiday', 'Holiday'):
        assert wanted in tops, (wanted, tops)
    # Counters do not tell "Holiday" from "holiday": their names stay apart on any file system.
    folded = {}
    for p in names(organized):
        assert p.lower() not in folded, (p, folded.get(p.lower()))
        folded[p.lower()] = p


@test
def numbers_run_by_project_and_source_with_five_digits():
    inbox, organized, truth = made(1200)
    organize(inbox, organized)
    seen = {}
    for p in names(organized):
        day, project, source, name = p.split(b'/')
        assert name.startswith(project + b'-'), p
        number = name[len(project) + 1:].split(b'.')[0]
        assert number.isdigit() and len(number) == 5, p
        key = (project.lower(), source)
        assert int(number) not in seen.setdefault(key, set()), p
        seen[key].add(int(number))
    for key, numbers in seen.items():
        eq(sorted(numbers), list(range(1, len(numbers) + 1)), key)


@test
def a_catalog_elsewhere():
    inbox, organized, truth = made(200)
    catalog = os.path.join(place(), 'my catalog.db')
    r = organize(inbox, organized, '--catalog', catalog, report=True)
    check_tree(organized, check_report(r.report, r.summary, truth, inbox, organized))
    assert os.path.getsize(catalog) > 4096
    assert not os.path.exists(os.path.join(organized, '.alice', 'catalog.db'))
    again = organize(inbox, organized, '--catalog', catalog)
    eq(again.summary['organized'], 0, 'organized')
    # Of another folder it knows nothing: to use it there would leave files out.
    wrong = alice('organize', inbox, os.path.join(place(), 'other'), '--catalog', catalog, expect=2)
    assert b'belongs to ' + os.fsencode(os.path.realpath(organized)) in wrong.err, wrong.text()


@test
def a_file_without_any_date_is_undated():
    inbox, organized = os.path.join(place(), 'in'), os.path.join(place(), 'out')
    os.mkdir(inbox)
    with open(os.path.join(inbox, 'DSC.gif'), 'wb') as f:
        f.write(b'GIF89a\x01\0\x01\0\0\0\0;')
    os.utime(os.path.join(inbox, 'DSC.gif'), (0, 0))
    r = organize(inbox, organized, report=True)
    eq(r.report[0]['destination'],
       os.path.join(os.path.realpath(organized), 'undated/uncategorized/unknown/uncategorized-00001.gif'), 'destination')
    eq(r.summary['date_sources'], {'none': 1}, 'date sources')


@test
def a_second_inbox_with_the_same_bytes():
    inbox, organized, truth = made(400)
    first = organize(inbox, organized)
    tree = listing(organized)
    other = os.path.join(place(), 'card')
    shutil.copytree(os.path.join(inbox, 'long'), os.path.join(other, 'sd', 'long'))
    shutil.copytree(os.path.join(inbox, 'holiday'), os.path.join(other, 'party'))
    r = organize(other, organized, report=True)
    eq((r.summary['organized'], r.summary['errors']), (0, 0), 'organized')
    assert r.summary['duplicates'] > 5
    for line in r.report:
        if line['status'] == 'duplicate':
            eq(sha_of(path_of(line['destination'])), sha_of(path_of(line['source_path'])), line)
    same_tree(tree, listing(organized), 'the organized tree')


def copies_of(report):
    return {path_of(l['source_path']): path_of(l['destination']) for l in report if 'destination' in l}


@test
def what_is_gone_or_changed_in_the_organized_tree_is_organized_again():
    for mode in ('--copy', '--move'):
        inbox, organized, truth = made(60, odd=False)
        first = organize(inbox, organized, report=True)
        had = files(organized)
        eq(first.summary['copies_gone'] + first.summary['copies_changed'], 0, 'the first run')
        placed = sorted(had)
        gone, edited, grown, touched = placed[:4]
        at = lambda p: os.path.join(os.fsencode(organized), p)
        os.unlink(at(gone))
        with open(at(edited), 'r+b') as f: # the same size
            f.seek(-3, 2)
            byte = f.read(1)
            f.seek(-3, 2)
            f.write(bytes([byte[0] ^ 255]))
        with open(at(grown), 'ab') as f:
            f.write(b'a comment')
        os.utime(at(touched), (1, 1))
        left = files(organized)
        again = 3
        # A dry run foretells it and changes nothing.
        dry = organize(inbox, organized, mode, '-n', report=True)
        eq((dry.summary['copies_gone'], dry.summary['copies_changed']), (1, 2), 'foretold: ' + dry.text())
        eq(files(organized), left, 'a dry run')
        r = organize(inbox, organized, mode, report=True)
        eq((r.summary['organized'], r.summary['copies_gone'], r.summary['copies_changed']), (again, 1, 2),
           mode + ' ' + r.text())
        have = files(organized)
        eq({p: have.get(p) for p in left}, left, 'what stood is left as it is')
        eq(set(have.values()), set(had.values()) | {left[edited], left[grown]}, 'contents')
        eq(len(have), len(left) + again, 'new numbers')
        reasons = {l['reason'] for l in r.report if l['status'] == 'organized'}
        eq(sorted('gone' in x for x in reasons), [False, True], reasons)
        # It stands now: nothing more to do, and the file that was only touched is no other.
        if mode == '--copy':
            r = organize(inbox, organized)
            eq((r.summary['organized'], r.summary['already_known'] + r.summary['duplicates']),
               (0, len([t for t in truth if t.kind == 'media'])), 'a third run ' + r.text())
            eq(files(organized), have, 'a third run')
        # In words, on a terminal.
        os.unlink(at(sorted(have)[5]))
        if mode == '--copy':
            r = alice('organize', inbox, organized)
            assert b'their copies were gone (1) or changed (0' in r.out, r.text()


@test
def a_duplicate_whose_twin_is_gone_is_no_duplicate():
    for mode in ('--copy', '--move'):
        inbox = os.path.join(fast(), 'inbox')
        organized = os.path.join(fast(), 'organized')
        m = collection.Maker(inbox, 1)
        data = collection.sample.jpeg(seed=4711)
        m.put(b'a/one.jpg', data, 1600000000, 'media')
        organize(inbox, organized)
        os.unlink(os.path.join(inbox, 'a', 'one.jpg'))
        m.put(b'b/two.jpg', data, 1600000000, 'media')
        eq(organize(inbox, organized, mode).summary['duplicates'], 1, 'a duplicate')
        eq(organize(inbox, organized, mode).summary['already_known'], 1, 'a known one')
        sha = hashlib.sha256(data).hexdigest()
        only, = files(organized)
        os.unlink(os.path.join(os.fsencode(organized), only))
        r = organize(inbox, organized, mode)
        eq((r.summary['organized'], r.summary['copies_gone']), (1, 1), mode + ' ' + r.text())
        eq(list(files(organized).values()), [sha], 'it stands')
        # Another file stands in its place: in a move its source must not be taken for a copy.
        m.put(b'c/three.jpg', data, 1600000000, 'media')
        eq(organize(inbox, organized, mode).summary['duplicates'], 1, 'a duplicate')
        now, = files(organized)
        with open(os.path.join(os.fsencode(organized), now), 'wb') as f:
            f.write(b'another')
        r = organize(inbox, organized, mode)
        assert sha in files(organized).values(), r.text()
        assert hashlib.sha256(b'another').hexdigest() in files(organized).values(), r.text()


@test
def equal_heads_and_different_ends_are_told_apart_in_linear_work():
    seen = {}
    for count in (300, 2000):
        top = fast()
        inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
        os.mkdir(inbox)
        head = collection.sample.jpeg(seed=5)
        head += bytes(65536 - len(head))
        for i in range(count):
            with open(os.path.join(inbox, '%05d.jpg' % i), 'wb') as f:
                f.write(head + b'%016d' % (i - 1 if i % 10 == 9 else i))
        distinct = count - count // 10
        shutil.copytree(inbox, inbox + '2')
        r = organize(inbox, organized, '--move')
        eq((r.summary['organized'], r.summary['duplicates']), (distinct, count // 10), r.text())
        eq(len(set(files(organized).values())), distinct, 'each content once')
        # Read as a whole: those with the same samples, and what they are the same as.
        eq(r.summary['memory']['streamed_files'], 2 * (count // 10), 'read as a whole')
        # Again from another folder: each is a duplicate of one of many with its head. What was
        # hashed for the first is not hashed again.
        s = organize(inbox + '2', organized, '--move')
        eq((s.summary['organized'], s.summary['duplicates']), (0, count), s.text())
        eq(s.summary['memory']['streamed_files'], count + distinct - count // 10, 'the second')
        # A third time: of the organized ones all is known.
        os.rename(inbox + '2', inbox + '3')
        t = organize(inbox + '3', organized, '--move')
        eq((t.summary['organized'], t.summary['duplicates']), (0, count), t.text())
        eq(t.summary['memory']['streamed_files'], count, 'the third')
        seen[count] = [x.summary['comparisons'] for x in (r, s, t)]
        assert max(seen[count]) <= 3 * count, seen
        assert seen[count][0] <= count // 5 + 1, seen


@test
def files_that_no_path_leads_to_are_named_one_by_one():
    top = fast()
    inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
    os.mkdir(inbox)
    at = os.open(inbox, os.O_RDONLY)
    for level in range(30):
        name = ('%03d-' % level).ljust(220, 'x')
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
        for i in range(3):
            fd = os.open('%d-%d.jpg' % (level, i), os.O_WRONLY | os.O_CREAT, dir_fd=at)
            os.write(fd, collection.sample.jpeg(seed=level * 3 + i))
            os.close(fd)
    os.close(at)
    fits = [level for level in range(30) if len(inbox) + (level + 1) * 221 + 10 < 4090]
    assert 10 < len(fits) < 25, fits
    lost = 3 * (30 - len(fits))
    for how in ('--dry-run',), (), ('--move',):
        r = organize(inbox, organized, *how, report=True, expect=1)
        eq((r.summary['files'], r.summary['errors'], r.summary['paths_too_long']), (90, lost, lost), r.text())
        named = {line['source_path'].rsplit('/', 1)[1]: line for line in r.report if line['status'] == 'error'}
        eq(sorted(named), sorted('%d-%d.jpg' % (level, i) for level in range(30) if level not in fits
                                 for i in range(3)), 'named')
        for name, line in named.items():
            folder = line['source_path'].split('/')[-2]
            eq(int(folder[:3]), int(name.split('-')[0]), 'its folder')
            assert 'longer than' in line['reason'], line
    eq(len(files(organized)), 3 * len(fits), 'the others')


@test
def a_catalog_from_before_the_samples_works():
    top = fast()
    inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
    os.mkdir(inbox)
    head = collection.sample.jpeg(seed=6)
    head += bytes(65536 - len(head))
    def make(first, last):
        for i in range(first, last):
            with open(os.path.join(inbox, '%05d.jpg' % i), 'wb') as f:
                f.write(head + b'%090000d' % (i % 50))
    make(0, 40)
    organize(inbox, organized)
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    db.executescript('DROP TABLE alike; DROP TABLE chains; DROP TABLE places; DROP TABLE changes;'
                     'DROP TRIGGER file_changes; DROP TRIGGER file_goes; DROP TABLE albums; DROP TABLE in_albums; '
                     'DROP TRIGGER file_lent_goes; DROP TABLE lent; '
                     'PRAGMA user_version = 3')
    db.close()
    make(40, 100)
    for dry in ('--dry-run',), ():
        r = organize(inbox, organized, *dry)
        eq((r.summary['organized'], r.summary['duplicates']), (10, 50), r.text())
    eq(len(set(files(organized).values())), len(files(organized)), 'each content once')


@test
def what_cannot_be_read_for_a_while_is_a_candidate_again():
    top = fast()
    inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
    os.mkdir(inbox)
    head = collection.sample.jpeg(seed=7)
    head += bytes(65536 - len(head))
    def make(folder, names):
        os.mkdir(os.path.join(inbox, folder))
        for i in names:
            with open(os.path.join(inbox, folder, '%d.jpg' % i), 'wb') as f:
                f.write(head + b'%090000d' % i)
    make('a', range(6))
    organize(inbox, organized)
    at, = [os.path.join(os.fsencode(organized), p) for p in files(organized) if b'00003' in p]
    os.rename(at, at + b'.away')
    os.symlink('nowhere', at)
    shutil.rmtree(os.path.join(inbox, 'a'))
    make('b', range(20, 26))
    eq(organize(inbox, organized).summary['organized'], 6, 'another six')
    os.unlink(at)
    os.rename(at + b'.away', at)
    make('c', range(6))
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['duplicates']), (0, 6), r.text())


@test
def a_changed_file_is_organized_anew():
    inbox, organized, truth = made(60, odd=False)
    organize(inbox, organized)
    before = files(organized)
    path = os.path.join(os.fsencode(inbox), truth[0].path)
    new = collection.sample.jpeg(collection.sample.tiff('Canon', 'EOS', '2019:09:19 10:00:00'), 4711)
    with open(path, 'wb') as f:
        f.write(new)
    r = organize(inbox, organized, report=True)
    eq((r.summary['organized'], r.summary['already_known']), (1, r.summary['files'] - 1), 'organized')
    line, = [l for l in r.report if l['status'] == 'organized']
    eq(line['date'], '2019-09-19')
    after = files(organized)
    for p, sha in before.items():
        eq(after.get(p), sha, p)
    eq(len(after), len(before) + 1)
    # Touched, but with the same bytes: known as the same content, not placed again.
    os.utime(path, (1, 1))
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['duplicates']), (0, 1), 'touched')


@test
def without_its_catalog_nothing_is_overwritten():
    inbox, organized, truth = made(150, odd=False)
    organize(inbox, organized)
    before = listing(organized)
    shutil.rmtree(os.path.join(organized, '.alice'))
    other = os.path.join(place(), 'inbox')
    more = collection.make(other, 150, seed=1234, odd=False)
    r = organize(other, organized, report=True)
    eq(r.summary['errors'], 0, 'errors')
    after = listing(organized)
    for p, v in before.items():
        if (v[0] & 0o170000) == 0o100000:
            eq(after.get(p), v, p)
    new = {p for p in after if p not in before and (after[p][0] & 0o170000) == 0o100000}
    eq(len(new), r.summary['organized'], 'new files')
    # The catalog was made anew from the tree first: what is there already is no new content.
    eq({after[p][3] for p in new}, {t.sha for t in more} - {v[3] for v in before.values()}, 'new contents')


@test
def files_that_others_put_into_the_organized_tree_stay():
    inbox, organized, truth = made(40, odd=False)
    dry = organize(inbox, organized, '--dry-run', report=True)
    target = [path_of(l['destination']) for l in dry.report if l['status'] == 'organized']
    for dest in target[::3]:
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        with open(dest, 'wb') as f:
            f.write(b'mine')
    r = organize(inbox, organized, report=True)
    for dest in target[::3]:
        with open(dest, 'rb') as f:
            eq(f.read(), b'mine', dest)
    eq((r.summary['organized'], r.summary['errors']), (dry.summary['organized'], 0), 'organized')
    eq(len(files(organized)), r.summary['organized'] + len(target[::3]))


@test
def verbose_and_quiet_and_plain_output():
    inbox, organized, truth = made(50)
    r = alice('organize', inbox, organized, '-q')
    eq((r.out, r.err), (b'', b''), 'quiet')
    r = alice('organize', inbox, os.path.join(place(), 'o'), '-v')
    text = r.out.decode('utf-8', 'replace')
    eq(len([l for l in text.splitlines() if l.startswith('organized') and '->' in l]),
       len({t.sha for t in truth if t.kind == 'media'}), 'lines')
    for word in ('files looked at', 'duplicates', 'Memory: peak', 'Dates from', 'By source'):
        assert word in text, text
    assert b'\x1b' not in r.out, 'names do not steer the terminal'


main()
