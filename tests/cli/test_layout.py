"""--layout: where files go, by a template or by a preset; nothing is overwritten, whatever it says."""
import os

from harness import *


def inbox():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    for path, data in (
            ('trip/a.JPG', s.jpeg(s.tiff('Canon', 'EOS R', '2023:12:31 10:20:30'), 1)),
            ('trip/a.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'),
            ('trip/deep/a.jpg', s.jpeg(s.tiff('Canon', 'EOS R', '2023:12:31 11:00:00'), 2)),
            ('ai/fox.png', s.png([('parameters', s.A1111)])),
            ('film.mp4', s.mp4(2082844800 + 1711000000)),  # 2024-03-21
            ('1985 Summer.jpg', s.jpeg(b'', 7))):
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(top, path), (1714000000, 1714000000))  # 2024-04-24
    return top


def tree(layout, *words):
    top = inbox()
    out = top + '-out'
    r = organize(top, out, '--layout', layout, *words)
    eq(r.summary['errors'], 0, layout)
    eq(organize(top, out, '--layout', layout).summary['organized'], 0, 'the second run has nothing to do')
    found = [os.fsdecode(p) for p in names(out)]
    eq(sorted(files(out).values()), sorted(files(top).values()), 'each file once')
    return found


@test
def presets():
    eq(tree('guide'), tree('{date}/{project}/{origin}/{project}-{number:05}'), 'the guide')
    eq(tree('year-month'), ['1985/1985/1985 Summer.jpg', '2023/2023-12/a-2.jpg', '2023/2023-12/a.JPG', '2023/2023-12/a.xmp',
                            '2024/2024-03/film.mp4', '2024/2024-04/fox.png'], 'year-month')
    eq(tree('year/date')[1:4], ['2023/2023-12-31/a-2.jpg', '2023/2023-12-31/a.JPG', '2023/2023-12-31/a.xmp'], 'year/date')
    eq(tree('camera')[:3], ['EOS R/2023-12-31/a-2.jpg', 'EOS R/2023-12-31/a.JPG', 'EOS R/2023-12-31/a.xmp'], 'camera')
    eq(tree('flat'), ['1985-1985 Summer.jpg', '2023-12-31-a-2.jpg', '2023-12-31-a.JPG', '2023-12-31-a.xmp',
                      '2024-03-21-film.mp4', '2024-04-24-fox.png'], 'flat')


@test
def tokens():
    eq(tree('{type}/{date:%Y/%m/%d}/{date:%H%M%S|-}_{name}.{ext}'),
       ['photo/1985/-_1985 Summer.jpg', 'photo/2023/12/31/102030_a.JPG', 'photo/2023/12/31/102030_a.xmp',
        'photo/2023/12/31/110000_a.jpg', 'photo/2024/04/24/230640_fox.png', 'video/2024/03/21/054640_film.mp4'], 'dates')
    found = tree('{origin}/{seed|none}/{hash:8}')
    assert len({os.path.basename(p).split('.')[0] for p in found}) == 5, found
    assert all(len(os.path.basename(p).split('.')[0]) == 8 for p in found), found
    assert any('/none/' in p for p in found) and any('/none/' not in p for p in found), found
    # A folder without a name is left out, and one name for all is no reason to lose any.
    found = tree('all/{album}/{project|x}')
    eq([p for p in found if p.startswith('all/trip')], ['all/trip-2.jpg', 'all/trip.JPG', 'all/trip.xmp'], found)


@test
def what_is_wrong_is_told_before_the_run():
    top = inbox()
    out = top + '-out'
    for layout, at, word in (('{dat}/{name}', 2, '{date}'), ('a/{name', 3, "'}'"), ('a}b/{name}', 2, "'{'"), ('/{name}', 1, 'below'),
                             ('../{name}', 1, 'dot'), ('x/../{name}', 3, 'dot'), ('x/.hidden/{name}', 3, 'dot'),
                             ('x//{name}', 3, 'missing'), ('{name}/', 8, 'missing'), ('', 1, 'token'), ('gudie', 1, 'preset'),
                             ('{date:%Q}/{name}', 7, '%Y'), ('{number:0}', 9, '18'), ('{number:x}', 9, 'digits'), ('{hash:40}', 7, '32'),
                             ('{name:5}', 7, 'format'), ('{date:}', 7, 'missing'), ('{camera|a/b}', 9, "'/'"), ('a\\{name}', 2, 'character'),
                             ('{name}\x01', 7, 'character')):
        text = alice('organize', top, out, '--layout', layout, expect=2).err.decode()
        assert '--layout' in text and 'character %d ' % at in text and word in text, (layout, text)
    alice('organize', top, out, '--layout', '{name}' * 100, expect=2)
    alice('organize', top, out, '--layout', 'x' * 600, expect=2)
    alice('organize', top, out, '--layout', 'flat', '--keep-names', expect=2)
    assert not os.path.exists(out)


@test
def facts_lead_nowhere_else():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    out = top + '-out'
    os.makedirs(os.path.join(top, 'x..'))
    for i, model in enumerate(('../../../etc', '/root', '.alice', '..', 'a' * 300, 'x\ny', '')):
        with open(os.path.join(top, 'x..', '%d..jpg' % i), 'wb') as f:
            f.write(s.jpeg(s.tiff('Make', model, '2023:12:31 10:20:30'), i))
    before = sorted(os.listdir(os.path.dirname(top)))
    eq(organize(top, out, '--layout', '{camera}/{project}/{camera}').summary['organized'], 7, 'all are organized')
    eq(sorted(os.listdir(os.path.dirname(top))), sorted(before + ['inbox-out']), 'nothing beside it')
    for p in map(os.fsdecode, names(out)):
        assert not any(part.startswith('.') or part in ('', '..') for part in p.split('/')), p


@test
def nothing_is_overwritten():
    top = inbox()
    out = top + '-out'
    os.makedirs(os.path.join(out, 'all'))
    for name in ('x.jpg', 'x-2.jpg', 'x.mp4', 'x.png'):
        with open(os.path.join(out, 'all', name), 'w') as f:
            f.write('mine')
    r = organize(top, out, '--layout', 'all/x{album}', '--fresh', report=True)
    eq((r.summary['organized'], r.summary['errors']), (6, 0), 'all are organized')
    eq(len({l['destination'] for l in r.report}), 6, 'each has a place of its own')
    for name in ('x.jpg', 'x-2.jpg', 'x.mp4', 'x.png'):
        eq(open(os.path.join(out, 'all', name)).read(), 'mine', name)
    eq(len(names(out)), 10, 'and all stand')


@test
def many_of_one_name_in_copy_and_move():
    s = collection.sample
    for words in ((), ('--move',)):
        top = os.path.join(place(), 'inbox')
        for i in range(60):
            os.makedirs(os.path.join(top, str(i)))
            with open(os.path.join(top, str(i), 'IMG_1.jpg' if i % 2 else 'img_1.JPG'), 'wb') as f:
                f.write(s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:20:30'), i))
        shas = sorted(files(top).values())
        eq(organize(top, top + '-out', '--layout', 'flat', *words).summary['organized'], 60, words)
        eq(sorted(files(top + '-out').values()), shas, words)
        eq(len({p.lower() for p in names(top + '-out')}), 60, 'also where case does not count')


@test
def a_move_can_be_taken_back():
    for layout in ('flat', 'camera'):
        top = inbox()
        before = files(top)
        organize(top, top + '-out', '--layout', layout, '--move')
        eq(files(top), {}, 'moved')
        alice('undo', '-o', top + '-out')
        eq((files(top), files(top + '-out')), (before, {}), layout)


@test
def a_lost_catalog_places_nothing_twice():
    for layout in ('flat', 'camera'):
        top = inbox()
        out = top + '-out'
        organize(top, out, '--layout', layout)
        before = files(out)
        for name in os.listdir(os.path.join(out, '.alice')):
            if name.startswith(('catalog', 'generation')):
                os.remove(os.path.join(out, '.alice', name))
        eq(organize(top, out, '--layout', layout).summary['organized'], 0, layout)
        eq(files(out), before, layout)


@test
def killed_runs_lose_and_tear_nothing():
    s = collection.sample
    for layout in ('flat', '{camera}/{name}'):
        top = os.path.join(place(), 'inbox')
        for i in range(300):
            folder = os.path.join(top, str(i % 7))
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, 'x%d.jpg' % (i // 7)), 'wb') as f:
                f.write(s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:20:30'), i))
        shas = sorted(files(top).values())
        for ms in (20, 35, 50, 70, 90):
            p = start('organize', '--move', '--layout', layout, top, top + '-out')
            time.sleep(ms / 1000)
            p.kill()
            p.communicate()
        organize(top, top + '-out', '--move', '--layout', layout)
        eq(sorted(files(top + '-out').values()), shas, 'each once: ' + layout)
        eq(files(top), {}, 'the inbox is empty')


@test
def a_dry_run_shows_ten_examples():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    os.makedirs(top)
    for i in range(15):
        with open(os.path.join(top, 'x%02d.jpg' % i), 'wb') as f:
            f.write(s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:20:30'), i))
    text = alice('organize', '-n', top, top + '-out', '--layout', 'year-month').out.decode()
    assert text.startswith('For example:\n'), text
    eq(text.count('  ->  '), 10, text)
    assert 'x00.jpg  ->  2023/2023-12/x00.jpg' in text, text
    dry = organize(top, top + '-out', '-n', '--layout', 'year-month', report=True)
    real = organize(top, top + '-out', '--layout', 'year-month', report=True)
    eq([l['destination'] for l in dry.report], [l['destination'] for l in real.report], 'and it is what comes')


main()
