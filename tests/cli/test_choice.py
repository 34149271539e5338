"""Which files a run is for: --exclude, --since, --until, --only; and --prune-empty after a move."""
import json
import os
import subprocess

from harness import *

own_mounts()


def inbox():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    for path, data in (
            ('trip/old.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:00:00'), 1)),
            ('trip/new.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:03:15 10:00:00'), 2)),
            ('trip/raw/cache/thumb.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:03:16 10:00:00'), 3)),
            ('ai/fox.png', s.png([('parameters', s.A1111)])),
            ('film.mp4', s.mp4(2082844800 + 1711000000)),  # 2024-03-21
            ('cache.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:04:01 10:00:00'), 4))):
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(top, path), (1714000000, 1714000000))  # 2024-04-24
    return top


def chosen(top, *words):
    r = organize(top, top + '-out', '-n', *words, report=True)
    eq(r.summary['files'], 6, 'each is looked at')
    left = [l for l in r.report if l['status'] == 'skipped']
    for line in left:
        assert '--' in line['reason'], line
    return sorted(os.path.relpath(l['source_path'], os.path.realpath(top)) for l in r.report if l['status'] == 'organized')


@test
def exclude():
    top = inbox()
    everything = ['ai/fox.png', 'cache.jpg', 'film.mp4', 'trip/new.jpg', 'trip/old.jpg', 'trip/raw/cache/thumb.jpg']
    eq(chosen(top), everything, 'all')
    for globs, gone in ((['cache'], everything[5:]), (['cache*'], [everything[1], everything[5]]), (['*.jpg'], None),
                        (['trip/raw'], everything[5:]), (['trip/*.jpg'], everything[3:5]), (['raw/cache'], []),
                        (['ai', 'film.mp4'], [everything[0], everything[2]]), (['trip'], everything[3:])):
        if gone is None:
            gone = [p for p in everything if p.endswith('.jpg')]
        words = [w for g in globs for w in ('--exclude', g)]
        eq(chosen(top, *words), [p for p in everything if p not in gone], globs)
    alice('organize', top, top + '-out', *['--exclude=x'] * 65, expect=2)


@test
def dates():
    top = inbox()
    for words, want in ((['--since', '2024-03-16'], 4), (['--since', '2024'], 5), (['--until', '2023'], 1),
                        (['--until', '2024-03-15'], 2), (['--since', '2024-03', '--until', '2024-03'], 3),
                        (['--since', '2025'], 0)):
        eq(len(chosen(top, *words)), want, words)
    # Of a picture whose name knows its month only, a day of it may be the one.
    with open(os.path.join(place(), '1985-07.jpg'), 'wb') as f:
        f.write(collection.sample.jpeg(b'', 5))
    for words, want in ((['--since', '1985-07-15'], 1), (['--until', '1985-07-15'], 1), (['--since', '1985-08'], 0),
                        (['--until', '1985-06-30'], 0)):
        eq(organize(os.path.dirname(f.name), top + '-out', '-n', *words).summary['organized'], want, words)
    for bad in ('yesterday', '2024-13', '24', '2024-03-', '2024-3-15', '0000', ''):
        for option in ('--since', '--until'):
            r = alice('organize', '-n', top, top + '-out', option, bad, expect=2)
            assert option.encode() in r.err, r.err
    alice('organize', '-n', top, top + '-out', '--since', '2024', '--until', '2023', expect=2)


@test
def kinds():
    top = inbox()
    eq(chosen(top, '--only', 'video'), ['film.mp4'], 'video')
    eq(chosen(top, '--only', 'ai'), ['ai/fox.png'], 'ai')
    eq(chosen(top, '--only', 'photo'), ['cache.jpg', 'trip/new.jpg', 'trip/old.jpg', 'trip/raw/cache/thumb.jpg'], 'photo')
    assert b'photo, video or ai' in alice('organize', '-n', top, top + '-out', '--only', 'music', expect=2).err


@test
def what_was_left_is_not_remembered():
    top = inbox()
    out = top + '-out'
    eq(organize(top, out, '--only', 'video').summary['organized'], 1, 'first')
    r = organize(top, out, '--exclude', 'trip')
    eq((r.summary['organized'], r.summary['skipped']), (2, 4), 'then')
    eq(organize(top, out).summary['organized'], 3, 'at last')
    eq(len(files(out)), 6, 'all are there')
    text = alice('organize', top, out, '--only', 'ai', '--exclude', 'trip').out.decode()
    assert '-v and --report say why' in text, text


@test
def undated():
    """The modification time of a copy is no date: many files of a folder have the same second."""
    s = collection.sample
    top = os.path.join(place(), 'in')
    for i in range(14):
        path = os.path.join(top, 'scans' if i < 11 else 'few', 'x%c.jpg' % (97 + i))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(s.jpeg(s.tiff('Canon', 'EOS', '2019:01:02 10:00:00') if i == 0 else b'', i))
        os.utime(path, (1714000000, 1714000000))  # 2024-04-24

    def days(out, *words):
        organize(top, out, *words)
        found = {}
        for p in names(out):
            day = os.fsdecode(p).split('/')[0]
            found[day] = found.get(day, 0) + 1
        return found

    eq(days(top + '-a'), {'2019-01-02': 1, 'undated': 10, '2024-04-24': 3}, 'by default')
    eq(days(top + '-b', '--undated', 'mtime'), {'2019-01-02': 1, '2024-04-24': 13}, 'mtime')
    eq(days(top + '-c', '--undated', 'Without a date'), {'2019-01-02': 1, 'Without a date': 10, '2024-04-24': 3}, 'a folder')
    r = organize(top, top + '-d', '--undated', 'keep', report=True)
    eq((r.summary['organized'], r.summary['skipped']), (4, 10), 'keep')
    for l in r.report:
        assert l['status'] == 'organized' or 'copy or download, 11 files' in l['reason'], l
    eq(days(top + '-d'), {'2019-01-02': 1, 'undated': 10, '2024-04-24': 3}, 'it was not remembered')
    for bad in ('a/b', '..', '.alice', ''):
        alice('organize', top, top + '-e', '--undated', bad, expect=2)
    # Folders that name no project.
    out = top + '-f'
    organize(top, out, '--no-project', 'SCANS')
    eq(sorted({os.fsdecode(p).split('/')[1] for p in names(out)}), ['few', 'uncategorized'], 'projects')


@test
def prune_empty():
    top = inbox()
    out = top + '-out'
    for folder in ('trip/none/at/all', '.hidden/none', 'keep'):
        os.makedirs(os.path.join(top, folder))
    with open(os.path.join(top, 'keep', 'notes.txt'), 'w') as f:
        f.write('mine')
    os.makedirs(os.path.join(out, 'mine-and-empty'))
    alice('organize', top, out, '--prune-empty', expect=2)
    alice('organize', '-n', '--move', top, out, '--prune-empty')
    assert os.path.isdir(os.path.join(top, 'trip/none/at/all')), 'a dry run changes nothing'
    alice('organize', '--move', top, out, '--prune-empty')
    eq(sorted(os.listdir(top)), ['.hidden', 'keep'], 'what is left')
    eq(os.listdir(os.path.join(top, 'keep')), ['notes.txt'], 'what is no media')
    assert os.path.isdir(os.path.join(top, '.hidden/none')), 'of other programs'
    assert os.path.isdir(os.path.join(out, 'mine-and-empty')), 'organized is left alone'


@test
def prune_empty_leaves_organized_where_it_is_mounted_in_the_inbox():
    if os.geteuid() != 0:
        raise Skip('mounting needs root')
    top = inbox()
    organized = top + '-out'
    for p in (organized + '/mine/empty', top + '/gone/empty', top + '/trip/mounted'):
        os.makedirs(p)
    at = top + '/trip/mounted'
    if subprocess.run(['mount', '--bind', organized, at]).returncode:
        raise Skip('no bind mount')
    r = organize(top, organized, '--move', '--prune-empty')
    subprocess.run(['umount', at], check=True)
    eq((r.summary['organized'], r.err), (6, b''), 'the run')
    eq((os.path.isdir(organized + '/mine/empty'), os.path.exists(top + '/gone')), (True, False), 'the empty ones')


@test
def what_is_being_written_is_left_for_the_next_run():
    for mode in ('--copy', '--move'):
        top = inbox()
        fresh = os.path.join(top, 'trip', 'new.jpg')
        os.utime(fresh)
        r = organize(top, top + '-out', mode, '--settle', '3600', report=True)
        eq((r.summary['organized'], r.summary['busy'], r.summary['skipped'], r.summary['errors']), (5, 1, 1, 0))
        line = [x for x in r.report if x['status'] == 'skipped'][0]
        assert line['source_path'].endswith('trip/new.jpg') and line['reason'].startswith('busy: '), line
        text = ' '.join(alice('organize', top, top + '-out', mode, '--settle', '3600').out.decode().split())
        assert 'busy 1 left for the next run: they changed a moment ago, or are being written' in text, text
        assert os.path.exists(fresh)
        eq(organize(top, top + '-out', mode, '--settle', '0').summary['organized'], 1)
    # Two seconds where nothing is said; a machine in a hurry may need more for a run.
    top = inbox()
    for _ in range(20):
        os.utime(os.path.join(top, 'cache.jpg'))
        r = subprocess.run([ALICE, 'organize', '-n', top, top + '-out', '--json'], env=environment(),
                           stdout=subprocess.PIPE, check=True)
        if json.loads(r.stdout)['busy'] == 1:
            break
    else:
        raise AssertionError('what changed just now is taken')
    for bad in ('', '-1', '2s', '1e3', '86401', ' 1'):
        assert b'--settle' in alice('organize', '-n', top, top + '-out', '--settle', bad, expect=2).err


@test
def flushes_are_as_rare_as_one_likes():
    def flushes(*more):
        top = place()
        for i in range(1200):
            if i % 300 == 0:
                os.mkdir('%s/f%d' % (top, i // 300))
            with open('%s/f%d/i%d.jpg' % (top, i // 300, i), 'wb') as f:
                f.write(collection.sample.jpeg(collection.sample.tiff('Canon', 'EOS', '2024:03:01 10:00:00'), i))
        s = organize(top, top + '-out', '--move', '--flush-seconds', '3600', *more).summary
        eq(s['organized'], 1200)
        return s['disk']['catalog_flushes']
    often, usual, large = flushes('--flush-files', '100'), flushes('--max-memory', '24'), flushes('--max-memory', '256')
    assert often >= large + 8 and usual > large, (often, usual, large)
    # What does not fit says so, and not that less memory would do.
    r = alice('organize', place(), place() + '/x', '--max-memory', '16', '--flush-files', '20000', expect=2)
    assert b'16 MB is too little to flush 20000 files together' in r.err, r.text()
    for bad in (['--flush-files', '0'], ['--flush-files', '20001'], ['--flush-seconds', '0'], ['--flush-seconds', 'x']):
        assert bad[0].encode() in alice('organize', '-n', place(), place() + '/x', *bad, expect=2).err


@test
def attributes_that_cannot_be_kept_hold_a_source():
    """From a disk, which has attributes of the user, to one that has none."""
    top, other = inbox(), mounted('ramfs')
    path = os.path.join(top, 'cache.jpg')
    try:
        os.setxattr(path, 'user.xdg.comment', b'the best of all')
    except OSError:
        raise Skip('attributes are not kept in ' + top)
    out = os.path.join(other, 'organized')
    r = organize(top, out, '--move', report=True, expect=1)
    eq((r.summary['organized'], r.summary['errors'], r.summary['attributes_lost']), (5, 1, 0))
    assert 'attribute' in [x for x in r.report if x['status'] == 'error'][0]['reason'], r.report
    eq(os.getxattr(path, 'user.xdg.comment'), b'the best of all')
    r = organize(top, out, '--move', '--lossy')
    eq((r.summary['organized'], r.summary['attributes_lost']), (1, 1))
    assert not os.path.exists(path)


@test
def names_of_ones_own_say_a_date():
    """--date-pattern: before what alice knows of names, behind what a file says itself."""
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    os.makedirs(top)
    for name, data in (('Scan_24.12.1987_Oma.jpg', b'\xff\xd8\xff\xe0a'),
                       ('Scan_31.02.1987_Oma.jpg', b'\xff\xd8\xff\xe0b'),
                       ('20240102_19990304.jpg', b'\xff\xd8\xff\xe0c'),
                       ('Scan_01.01.1990_exif.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:00:00'), 1))):
        with open(os.path.join(top, name), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(top, name), (1714000000, 1714000000))
    words = ('--date-pattern', 'scan_%d.%m.%Y_*', '--date-pattern=????????_%Y%m%d')
    r = organize(top, top + '-out', *words, report=True)
    day = {os.path.basename(l['source_path']): l['date'] for l in r.report}
    eq(day, {'Scan_24.12.1987_Oma.jpg': '1987-12-24', 'Scan_31.02.1987_Oma.jpg': '2024-04-24',
             '20240102_19990304.jpg': '1999-03-04', 'Scan_01.01.1990_exif.jpg': '2023-12-31'})
    told = alice('info', '--json', *words, os.path.join(top, 'Scan_24.12.1987_Oma.jpg'), expect=None).json()
    eq(told['date'], '1987-12-24', 'info')
    # A file that was organized without it: redate knows better.
    r = organize(top, top + '-plain')
    r = alice('redate', *words, '--json', top + '-plain').json()
    eq(r['moved'], 2, 'redated')
    for wrong, why in (('Scan', 'no year'), ('%Y%q', '%q'), ('%Y%d', '%d without %m'), ('a/%Y', 'slash')):
        r = alice('organize', top, '--date-pattern', wrong, expect=2)
        assert why.encode() in r.err and b'--date-pattern' in r.err, r.text()
    settings = os.path.join(place(), 'settings.yaml')
    with open(settings, 'w') as f:
        f.write('processing:\n  date_patterns: ["Scan_%d.%m.%Y_*"]\n')
    r = organize(top, top + '-file', '--config', settings, report=True)
    assert any(l['date'] == '1987-12-24' for l in r.report), r.report
    with open(settings, 'w') as f:
        f.write('processing:\n  date_patterns: ["Scan_%d"]\n')
    r = alice('organize', top, '--config', settings, expect=2)
    assert b'settings.yaml:2' in r.err and b'no year' in r.err, r.text()


main()
