"""Which files a run is for: --exclude, --since, --until, --only; and --prune-empty after a move."""
import os

from harness import *


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


main()
