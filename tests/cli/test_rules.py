"""Every rule of what belongs together, a fixture each, and the stories of lost files that users of other programs tell, each
in its own setting. docs/testing.md lists them."""
import re
import shutil
import zipfile

from harness import *

sample = collection.sample
YEAR = 'Takeout/Google Photos/Photos from 2020/'
WHEN = 1588748889  # 2020-05-06 07:08:09 UTC
_seed = [0]


def jpeg(date='2020:05:06 07:08:09', make='Acme', model='Box'):
    _seed[0] += 1
    return sample.jpeg(sample.tiff(make, model, date) if date else None, 700000 + _seed[0])


def film(when=WHEN):
    _seed[0] += 1
    return sample.mp4(2082844800 + when, 900 + _seed[0])


def content_of(name):
    low = name.lower()
    if low.endswith(('.jpg', '.jpeg', '.heic', '.dng', '.nef', '.cr2', '.thm')):
        return jpeg()
    if low.endswith(('.mov', '.mp4', '.mp', '.avi', '.lrv')):
        return film()
    _seed[0] += 1
    return b'{"title": "%d"}' % _seed[0] if low.endswith('.json') else b'<x/>%d' % _seed[0]


def put(top, files):
    """name → bytes; those of a list have what its name says"""
    for name in files:
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(files[name] if isinstance(files, dict) else content_of(name))
        os.utime(path, (WHEN, WHEN))
    return top


def run(files, *more, into=None):
    inbox = put(os.path.join(fast(), 'inbox'), files) if not into else put(into, files)
    r = organize(inbox, inbox + '-organized', *more, report=True)
    eq(r.summary['errors'], 0, r.text())
    r.inbox, r.organized = inbox, inbox + '-organized'
    r.to = {os.path.relpath(path_of(x['source_path']), os.fsencode(inbox)).decode():
            os.path.relpath(path_of(x['destination']), os.fsencode(r.organized)).decode()
            for x in r.report if x['status'] == 'organized'}
    return r


def number(path):
    return re.search(r'-(\d{5})', os.path.basename(path)).group(1)


# What is one group, by its names: rule, files. Moved: nothing of them is left.
TOGETHER = [
    ('a numbered name of Takeout, with a blank', ['x (2).jpg', 'x (2).jpg.supplemental-metadata.json']),
    ('the name cut after 46 letters that are not bytes', ['ü' * 50 + '.jpg', 'ü' * 46 + '.json']),
    ('45 letters and two dots', ['n' * 45 + '.jpg', 'n' * 45 + '..json']),
    ('51 letters with .json', ['m' * 46 + '.jpg', 'm' * 46 + '.json']),
    ("a Pixel's film has the sidecar of its picture", ['PXL_1.MP.jpg', 'PXL_1.MP', 'PXL_1.MP.jpg.json']),
    ('both forms of XMP', ['a.nef', 'a.nef.xmp', 'a.xmp']),
] + [('edited, ' + suffix, ['e.jpg', 'e' + suffix + '.jpg', 'e.jpg.json'])
     for suffix in ('-edited', '-bearbeitet', '-modifié', '-modificato', '-editado', '-ha editado', '-editat', '-bewerkt',
                    '-edytowane', '-編集済み', '-编辑', '-effects', '-motion', '-animation', '-smile', '-collage', '-mix')]


@test
def names_that_are_one_group():
    for move in ((), ('--move',)):
        inbox = {}
        for i, (rule, names) in enumerate(TOGETHER):
            for name in names:
                inbox['row%d/%s' % (i, name)] = content_of(name)
        r = run(inbox, *move)
        for i, (rule, names) in enumerate(TOGETHER):
            to = {n: r.to.get('row%d/%s' % (i, n)) for n in names}
            assert all(to.values()), (rule, to)
            eq(len({number(p) for p in to.values()}), 1, '%s: %r' % (rule, to))
        if move:
            eq([f for _, _, fs in os.walk(r.inbox) for f in fs], [], 'left in the inbox')


BURSTS = {'Samsung': ['20200506_070809_%03d.jpg' % i for i in (1, 2, 3)],
          'Huawei': ['IMG_20200506_070809_BURST001_COVER.jpg', 'IMG_20200506_070809_BURST002.jpg',
                     'IMG_20200506_070809_BURST003.jpg'],
          'Nexus': ['00000IMG_00000_BURST20200506070809123.jpg', '00001IMG_00001_BURST20200506070809123.jpg'],
          'Sony': ['DSC_0001_BURST20200506070809.jpg', 'DSC_0002_BURST20200506070809.jpg']}


@test
def bursts_stay_adjacent():
    """Each picture has a number of its own; those of a burst follow each other, also between others."""
    for kind, names in BURSTS.items():
        r = run(['trip/' + n for n in names] + ['trip/0.jpg', 'trip/zz.jpg'])
        numbers = [int(number(r.to['trip/' + n])) for n in names]
        eq(numbers, list(range(numbers[0], numbers[0] + len(names))), kind)
        eq(len({os.path.dirname(r.to['trip/' + n]) for n in names}), 1, kind)


@test
def the_same_identifier_in_two_libraries_is_two_groups():
    """Still and film of one Live Photo, exported twice: neither takes the other library's part."""
    r = run(['a/IMG_1.HEIC', 'b/IMG_1.MOV', 'b/IMG_1.HEIC'])
    eq(number(r.to['b/IMG_1.MOV']), number(r.to['b/IMG_1.HEIC']))
    assert r.to['a/IMG_1.HEIC'].split('/')[1] == 'a' and r.to['b/IMG_1.MOV'].split('/')[1] == 'b', r.to


@test
def times_and_places_of_takeout():
    """photoTakenTime is a moment in UTC; 0, 0 is no place; geoDataExif where geoData has none."""
    taken = {'photoTakenTime': {'timestamp': '1588748889'}}
    rows = {'plain': (dict(taken, geoData={'latitude': 48.8577, 'longitude': 2.295}), True),
            'zero': (dict(taken, geoData={'latitude': 0.0, 'longitude': 0.0}), False),
            'exif': (dict(taken, geoData={'latitude': 0.0, 'longitude': 0.0},
                          geoDataExif={'latitude': 48.8577, 'longitude': 2.295}), True),
            'created': ({'creationTime': {'timestamp': '1588748889'}}, False)}
    files = {}
    for name, (json_of, _) in rows.items():
        files['t/%s.jpg' % name] = jpeg(None)
        files['t/%s.jpg.json' % name] = json.dumps(json_of).encode()
    r = run(files)
    dates = {os.path.basename(f['source_path'])[:-4]: (f['date'], f['date_source']) for f in r.report
             if f['source_path'].endswith('.jpg')}
    for name in ('plain', 'zero', 'exif'):
        eq(dates[name], ('2020-05-06', 'sidecar'), name)
    near = alice('find', '-o', r.organized, '--near', '48.8577,2.295,1', '--json', expect=None).out.decode().splitlines()
    eq(len(near), 2, near)


# ---- stories ----

def all_bytes(*tops):
    out = set()
    for top in tops:
        for d, _, names in os.walk(top):
            for n in names:
                if '.alice' not in d and not n.startswith('.'):
                    out.add(sha_of(os.path.join(d, n)))
    return out


@test
def story_same_second_same_name():
    """Pictures of two cameras with one name and one second: a program that names by date overwrites one by the other."""
    files = {'%d/IMG_0001.JPG' % i: jpeg() for i in range(40)}
    for more in (('--layout', '{date:%Y-%m-%d_%H%M%S}'), ('--layout', 'all/{name}'), ()):
        r = run(files, '--move', *more)
        eq(len(r.to), len(set(p.lower() for p in r.to.values())), more)
        eq(len(all_bytes(r.organized)), 40, more)


@test
def story_organized_is_the_inbox():
    """Organizing a folder into itself, or a part of itself, took files with it: it is refused or leaves all."""
    inbox = put(os.path.join(fast(), 'pictures'), ['a/1.jpg', 'b/2.jpg'])
    before = all_bytes(inbox)
    alice('organize', '--move', inbox, inbox, expect=2)
    alice('organize', '--move', os.path.join(inbox, 'a'), inbox, expect=None)
    assert before <= all_bytes(inbox), 'nothing is lost'
    alice('organize', '--move', inbox, os.path.join(inbox, 'sorted'), expect=None)
    assert before <= all_bytes(inbox), 'nothing is lost'
    alice('organize', '--move', inbox, os.path.join(inbox, 'sorted'), expect=None)
    assert before <= all_bytes(inbox), 'nor by a second run'


@test
def story_the_setting_changed_and_all_was_moved_again():
    """A layout that is changed later renames nothing of what stands, and loses nothing of it."""
    r = run(['t/%d.jpg' % i for i in range(20)])
    tree = {p for p in listing(r.organized) if p.endswith(b'.jpg')}
    again = organize(r.inbox, r.organized, '--layout', '{date:%Y}/{name}')
    eq((again.summary['organized'], again.summary['errors']), (0, 0))
    eq({p for p in listing(r.organized) if p.endswith(b'.jpg')}, tree)


@test
def story_the_disk_was_not_mounted():
    """Organized is empty as its disk is missing: what a run then does is undone by the mount, the sources of a copy stand."""
    r = run(['t/1.jpg', 't/2.jpg'])
    away = r.organized + '-away'
    os.rename(r.organized, away)
    os.mkdir(r.organized)
    eq(organize(r.inbox, r.organized).summary['organized'], 2, 'into the empty folder')
    shutil.rmtree(r.organized)
    os.rename(away, r.organized)
    again = organize(r.inbox, r.organized).summary
    eq((again['organized'], again['errors']), (0, 0), 'the disk is back')
    eq(len(all_bytes(r.inbox)), 2)


@test
def story_takeout_was_told_complete_and_was_not():
    """A part of an export is cut off: exit 1, the file is named, and check-source calls it not safe."""
    top = fast()
    parts = []
    for i in (1, 2):
        parts.append(os.path.join(top, 'takeout-x-00%d.zip' % i))
        with zipfile.ZipFile(parts[-1], 'w', zipfile.ZIP_STORED) as z:
            for k in range(3):
                z.writestr(YEAR + 'IMG_%d%d.jpg' % (i, k), jpeg() + bytes(5000))
    with open(parts[1], 'r+b') as f:
        f.truncate(os.path.getsize(parts[1]) // 2)
    organized = os.path.join(top, 'organized')
    r = alice('organize', *parts, organized, expect=1)
    assert b'takeout-x-002.zip' in r.err + r.out, r.text()
    eq(alice('check-source', *parts, '-o', organized, expect=None).status, 1, 'not safe')
    eq(alice('check-source', parts[0], '-o', organized).status, 0, 'the whole part is')


@test
def story_the_wrong_day_and_the_wrong_year():
    """PXL_ names are UTC; a folder of years and a path with numbers is no date; a clock at 1970 is none."""
    files = {'2012/05/0012-05-07/PXL_20220831_003137144.jpg': jpeg(None), 'x/IMG-20240315-WA0001.jpg': jpeg(None),
             'y/zero.jpg': jpeg('0000:00:00 00:00:00'), 'y/epoch.jpg': jpeg('1970:01:01 00:00:00')}
    r = run(files)
    days = {os.path.basename(k): v.split('/')[0] for k, v in r.to.items()}
    eq(days['IMG-20240315-WA0001.jpg'], '2024-03-15', days)
    assert days['PXL_20220831_003137144.jpg'] in ('2022-08-31', '2022-08-30'), days
    assert '1970-01-01' not in days.values() and not any(d.startswith('0') for d in days.values()), days


@test
def story_a_million_rescans():
    """A rescan of what is known opens no file of it."""
    r = run(['t/%d.jpg' % i for i in range(50)])
    for d, _, names in os.walk(r.inbox):
        for n in names:
            os.chmod(os.path.join(d, n), 0o644)
    first = organize(r.inbox, r.organized).summary
    again = organize(r.inbox, r.organized).summary
    eq((again['organized'], again['already_known'], again['comparisons']), (0, 50, 0), again)
    eq(first['errors'], 0)


@test
def story_rejected_once_comes_again():
    """What was thrown out of organized on purpose is not brought back by the next import."""
    r = run(['t/1.jpg', 't/2.jpg'])
    alice('forget', os.path.join(r.organized, r.to['t/1.jpg']))
    again = organize(r.inbox, r.organized).summary
    eq((again['organized'], again['errors']), (0, 0), again)
    assert not os.path.exists(os.path.join(r.organized, r.to['t/1.jpg']))


main()
