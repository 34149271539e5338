"""Files that belong together go together: each kind of group, copied and moved, at once and in a
later run; and files that only share a name stay apart."""
import os
import random
import shutil
import struct
import time

from harness import *

own_mounts()

sample = collection.sample
WHEN = 1500000000  # 14 July 2017
DAY = '2017-07-14'
_seed = [0]


def jpeg(when=WHEN):
    _seed[0] += 1
    return sample.jpeg(seed=900000 + _seed[0])


def film(when=WHEN):
    _seed[0] += 1
    return sample.mp4(2082844800 + when, 700 + _seed[0])


def some_text():
    _seed[0] += 1
    return b'<x/>%d' % _seed[0]


def content_of(name):
    low = name.lower()
    if low.endswith(('.jpg', '.jpeg', '.heic', '.png', '.thm', '.cr2', '.dng', '.nef')):
        return jpeg()
    if low.endswith(('.mov', '.mp4', '.mp', '.lrv', '.avi')):
        return film()
    return some_text()


def put(inbox, *names, when=WHEN):
    for name in names:
        path = os.path.join(inbox, 'trip', name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(content_of(name))
        os.utime(path, (when, when))


def fate(r):
    """{source's name: destination's name, without the number's project}."""
    out = {}
    for line in r.report:
        if line['status'] == 'organized':
            out[os.path.basename(path_of(line['source_path'])).decode()] = path_of(line['destination']).decode()
    return out


# The files of a group, and what stands behind the number of each. Every row of the rules.
GROUPS = {
    'Live Photo by name': {'IMG_1.HEIC': '.HEIC', 'IMG_1.MOV': '.MOV'},
    'Live Photo, edited': {'IMG_1234.HEIC': '.HEIC', 'IMG_1234.MOV': '.MOV', 'IMG_1234.AAE': '.AAE',
                           'IMG_E1234.HEIC': '-E.HEIC', 'IMG_E1234.MOV': '-E.MOV', 'IMG_O1234.AAE': '-O.AAE'},
    'RAW and JPEG': {'IMG_2.CR2': '.CR2', 'IMG_2.JPG': '.JPG'},
    'RAW, JPEG and both XMP': {'a.CR2': '.CR2', 'a.JPG': '.JPG', 'a.xmp': '.xmp', 'a.JPG.xmp': '.JPG.xmp',
                               'a.CR2.xmp': '.CR2.xmp'},
    'DNG and JPEG': {'PXL_2.dng': '.dng', 'PXL_2.jpg': '.jpg'},
    'AAE': {'IMG_3.AAE': '.AAE', 'IMG_3.JPG': '.JPG'},
    'Takeout': {'b.jpg': '.jpg', 'b.jpg.json': '.jpg.json'},
    'Takeout, new': {'b.jpg': '.jpg', 'b.jpg.supplemental-metadata.json': '.jpg.supplemental-metadata.json'},
    'Takeout, tail cut': {'c.jpg': '.jpg', 'c.jpg.supplemental-me.json': '.jpg.supplemental-me.json'},
    'Takeout, name cut': {'a-name-that-is-longer-than-forty-six-characters-by-far.jpg': '.jpg',
                          'a-name-that-is-longer-than-forty-six-character.json': '.json'},
    'Takeout, numbered': {'d(1).jpg': '.jpg', 'd.jpg(1).json': '.jpg.json', 'd-edited(1).jpg': '-edited.jpg'},
    'Takeout, no extension': {'Peanut Butter Balls.jpg': '.jpg',
                              'Peanut Butter Balls.supplemental-metadata.json': '.supplemental-metadata.json'},
    'Takeout, two dots': {'e.jpg': '.jpg', 'e.jpg..json': '.jpg..json'},
    "a Pixel's film": {'PXL_1.MP.jpg': '.jpg', 'PXL_1.MP': '.MP', 'PXL_1.MP.jpg.json': '.jpg.json'},
    'edited copy': {'f.jpg': '.jpg', 'f-edited.jpg': '-edited.jpg', 'f.jpg.json': '.jpg.json'},
    'edited copy, German': {'g.jpg': '.jpg', 'g-bearbeitet.jpg': '-bearbeitet.jpg'},
    'edited copy, Japanese': {'h.jpg': '.jpg', 'h-編集済み.jpg': '-編集済み.jpg'},
    'THM': {'MVI_1.AVI': '.AVI', 'MVI_1.THM': '.THM'},
    'GoPro': {'GH010001.MP4': '.MP4', 'GH010001.THM': '.THM', 'GL010001.LRV': '.LRV'},
    'WAV note': {'DSC_1.NEF': '.NEF', 'DSC_1.JPG': '.JPG', 'DSC_1.WAV': '.WAV'},
    'Sony XML': {'C0001.MP4': '.MP4', 'C0001M01.XML': 'M01.XML'},
    'AI picture': {'i.png': '.png', 'i.txt': '.txt', 'i.json': '.json', 'i.mp4': '.mp4'},
}


def of_one_number(dests, group, what):
    """All stand in one folder, with one number, each with its suffix."""
    bases = set()
    for name, suffix in group.items():
        assert name in dests, '%s: %s was not organized: %r' % (what, name, dests)
        assert dests[name].endswith(suffix), '%s: %s went to %s' % (what, name, dests[name])
        bases.add(dests[name][:-len(suffix)])
    eq(len(bases), 1, '%s: %r' % (what, dests))


@test
def every_kind_goes_together_copied_and_moved():
    for more in ([], ['--move']):
        for what, group in GROUPS.items():
            inbox = os.path.join(fast(), 'inbox')
            put(inbox, *group)
            r = organize(inbox, inbox + '-organized', *more, report=True)
            eq((r.summary['organized'], r.summary['errors']), (len(group), 0), what)
            of_one_number(fate(r), group, what)
            eq(len(files(inbox + '-organized')), len(group), what)
            eq(len(files(inbox)), 0 if more else len(group), 'what is left of ' + what)
            again = organize(inbox, inbox + '-organized', *more)
            eq((again.summary['organized'], again.summary['errors']), (0, 0), what)


@test
def the_picture_leads_whatever_the_case_of_extensions():
    """Date and folder are the picture's, not those of the name that is first in byte order."""
    for names in (('IMG_0001.jpg', 'IMG_0001.MOV'), ('IMG_0001.JPG', 'IMG_0001.mov'), ('IMG_0001.heic', 'IMG_0001.MOV'),
                  ('IMG_0001.jpg', 'IMG_0001.CR2', 'IMG_0001.MOV'), ('IMG_0001.dng', 'IMG_0001.AVI', 'IMG_0001.xmp')):
        inbox = os.path.join(fast(), 'inbox')
        put(inbox, *names)
        put(inbox, 'alone.mov', 'IMG_0002.jpg')
        alone = os.path.join(fast(), 'inbox')
        os.makedirs(alone + '/trip')
        shutil.copy2(os.path.join(inbox, 'trip', names[0]), os.path.join(alone, 'trip', names[0]))
        want = os.path.dirname(fate(organize(alone, alone + '-organized', report=True))[names[0]])
        r = organize(inbox, inbox + '-organized', report=True)
        dests = fate(r)
        eq({os.path.dirname(dests[name]) for name in names},
           {want.replace(alone + '-organized', inbox + '-organized')}, repr(names))
        # It is reported before its partners.
        order = [os.path.basename(path_of(line['source_path'])).decode() for line in r.report]
        assert order.index(names[0]) < min(order.index(name) for name in names[1:]), order
        again = organize(inbox, inbox + '-organized')
        eq((again.summary['organized'], again.summary['already_known']), (0, len(names) + 2), 'again')


@test
def all_kinds_in_one_folder_do_not_mix():
    inbox = os.path.join(fast(), 'inbox')
    count = 0
    for i, group in enumerate(GROUPS.values()):
        for name in group:
            path = 'x%d/%s' % (i, name)
            put(inbox, path)
            count += 1
    r = organize(inbox, inbox + '-organized', '--move', '--max-memory', '16', report=True)
    eq(r.summary['organized'], count, 'organized')
    by_folder = {}
    for line in r.report:
        folder, name = path_of(line['source_path']).decode().split('/')[-2:]
        by_folder.setdefault(folder, {})[name] = path_of(line['destination']).decode()
    bases = set()
    for i, (what, group) in enumerate(GROUPS.items()):
        of_one_number(by_folder['x%d' % i], group, what)
        name, suffix = next(iter(group.items()))
        bases.add(by_folder['x%d' % i][name][:-len(suffix)])
    eq(len(bases), len(GROUPS), 'numbers')


@test
def a_partner_of_a_later_run_joins():
    """Each file of a group in a run of its own, in both orders."""
    for more in ([], ['--move']):
        for what in ('Live Photo, edited', 'RAW, JPEG and both XMP', 'Takeout, numbered', 'WAV note', 'AI picture'):
            group = GROUPS[what]
            leader = next(iter(group))
            orders = [list(group), [leader] + list(reversed(list(group)[1:]))]
            # "a.JPG.xmp" belongs to "a.JPG" alone: it waits for that.
            for order in orders[:1 if 'XMP' in what else 2]:
                inbox = os.path.join(fast(), 'inbox')
                dests = {}
                for name in order:
                    put(inbox, name)
                    r = organize(inbox, inbox + '-organized', *more, report=True)
                    eq((r.summary['organized'], r.summary['errors']), (1, 0), '%s: %s' % (what, name))
                    dests.update(fate(r))
                of_one_number(dests, group, what)


@test
def a_sidecar_waits_for_its_picture():
    """Known as no media, until what it belongs to has come."""
    for more, apart in (([], False), (['--move'], False), ([], True), (['--move'], True)):
        inbox = os.path.join(fast(), 'inbox')
        organized = os.path.join(place(), 'o') if apart else inbox + '-organized'  # across file systems
        put(inbox, 'IMG_3.AAE', 'b.jpg.json', 'notes.txt')
        first = organize(inbox, organized, *more)
        eq((first.summary['organized'], first.summary['not_media']), (0, 3), 'alone')
        second = organize(inbox, organized, *more)
        eq((second.summary['organized'], second.summary['already_known']), (0, 3), 'again')
        put(inbox, 'IMG_3.JPG', 'b.jpg')
        r = organize(inbox, organized, *more, report=True)
        eq((r.summary['organized'], r.summary['already_known']), (4, 1), 'with the pictures')
        of_one_number(fate(r), GROUPS['AAE'], 'AAE')
        of_one_number(fate(r), GROUPS['Takeout'], 'Takeout')


@test
def files_that_only_share_a_name_stay_apart():
    """A picture and a film of one name are one only where their times agree."""
    inbox = os.path.join(fast(), 'inbox')
    put(inbox, 'DSC_1.JPG', 'DSC_2.JPG')
    for name, when in (('DSC_1.MOV', WHEN + 86400 * 40 + 77), ('DSC_2.MOV', WHEN + 3)):
        path = os.path.join(inbox, 'trip', name)
        with open(path, 'wb') as f:
            f.write(film(when))
        os.utime(path, (when, when))
    put(inbox, 'x.jpg', 'x.png', 'y.mp4', 'y.mov')
    # A picture says the time of its place, a film that of Greenwich: two hours apart, and a few seconds.
    for name, later in (('DSC_3', 3), ('DSC_4', -3), ('DSC_5', 17 * 60)):
        for end, content, when in (('.JPG', sample.jpeg(sample.tiff('A', name, '2017:07:14 04:40:00'), later + 700), WHEN),
                                   ('.MOV', film(WHEN + later), WHEN + 5000)):
            path = os.path.join(inbox, 'trip', name + end)
            with open(path, 'wb') as f:
                f.write(content)
            os.utime(path, (when, when))
    r = organize(inbox, inbox + '-organized', '--move', report=True)
    eq((r.summary['organized'], r.summary['followers']), (14, 3), 'organized')
    dests = fate(r)
    for name in ('DSC_3', 'DSC_4'):
        of_one_number(dests, {name + '.JPG': '.JPG', name + '.MOV': '.MOV'}, 'in two zones')
    assert os.path.splitext(dests['DSC_5.JPG'])[0] != os.path.splitext(dests['DSC_5.MOV'])[0], dests
    of_one_number(dests, {'DSC_2.JPG': '.JPG', 'DSC_2.MOV': '.MOV'}, 'of one moment')
    assert os.path.splitext(dests['DSC_1.JPG'])[0] != os.path.splitext(dests['DSC_1.MOV'])[0], dests


def live_still(identifier):
    """A JPEG with Apple's maker note, which holds the identifier."""
    _seed[0] += 1
    text = identifier + b'\0'
    note = b'Apple iOS\0\0\1MM' + struct.pack('>HHHII', 1, 0x11, 2, len(text), 32) + b'\0\0\0\0' + text
    # Offsets: a header of 8, a directory of two entries to 38, "Apple" to 44, one of one entry to 62.
    exif = (b'MM\0*\0\0\0\x08' + struct.pack('>H', 2) + struct.pack('>HHII', 0x10F, 2, 6, 38) +
            struct.pack('>HHII', 0x8769, 4, 1, 44) + b'\0\0\0\0' + b'Apple\0' +
            struct.pack('>H', 1) + struct.pack('>HHII', 0x927C, 7, len(note), 62) + b'\0\0\0\0' + note)
    app1 = b'Exif\0\0' + exif
    return (b'\xff\xd8\xff\xe1' + struct.pack('>H', len(app1) + 2) + app1 +
            b'\xff\xfe\0\x08%06d' % _seed[0] + b'\xff\xd9')


def box(kind, *parts):
    content = b''.join(parts)
    return struct.pack('>I', len(content) + 8) + kind + content


def live_film(identifier):
    """A QuickTime film with the same under its key."""
    _seed[0] += 1
    key = b'com.apple.quicktime.content.identifier'
    return (box(b'ftyp', b'qt  \0\0\0\0qt  ') +
            box(b'moov', box(b'meta',
                             box(b'hdlr', b'\0' * 8 + b'mdta' + b'\0' * 13),
                             box(b'keys', b'\0\0\0\0\0\0\0\1', box(b'mdta', key)),
                             box(b'ilst', box(b'\0\0\0\1', box(b'data', b'\0\0\0\1\0\0\0\0', identifier))))) +
            box(b'free', b'%06d' % _seed[0]))


@test
def identifiers_decide_before_names_and_times():
    inbox = os.path.join(fast(), 'inbox')
    for i, (name, content) in enumerate((
            ('IMG_1.JPG', live_still(b'AAAA-1')), ('IMG_1.MOV', live_film(b'AAAA-1')),  # one, times apart
            ('IMG_2.JPG', live_still(b'BBBB-2')), ('IMG_2.MOV', live_film(b'CCCC-3')),  # two of one name
            ('IMG_3.JPG', live_still(b'DDDD-4')), ('IMG_3(2).MOV', live_film(b'DDDD-4')),
            ('IMG_4(1).JPG', live_still(b'EEEE-5')), ('IMG_4.MOV', live_film(b'EEEE-5')))):
        path = os.path.join(inbox, 'trip', name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(content)
        when = WHEN if name.startswith('IMG_2') else WHEN + 86400 * i + 100 * i
        os.utime(path, (when, when))
    for more in ([], ['--move']):
        r = organize(inbox, inbox + '-organized' + ''.join(more), *more, report=True)
        eq((r.summary['organized'], r.summary['errors']), (8, 0), 'organized')
        dests = fate(r)
        base = {name: os.path.splitext(dest)[0] for name, dest in dests.items()}
        eq(base['IMG_1.JPG'], base['IMG_1.MOV'], 'one identifier')
        assert base['IMG_2.JPG'] != base['IMG_2.MOV'], 'two identifiers: %r' % dests
        eq(base['IMG_3.JPG'], base['IMG_3(2).MOV'], 'one identifier, two names')
        eq(base['IMG_4(1).JPG'], base['IMG_4.MOV'], 'one identifier, two names')


@test
def duplicates_know_groups():
    """What belongs to a duplicate goes to the one that is organized already."""
    for more in ([], ['--move']):
        inbox = os.path.join(fast(), 'inbox')
        put(inbox, 'a/IMG_1.HEIC', 'b/IMG_2.JPG', 'b/IMG_2.JPG.xmp')
        first = organize(inbox, inbox + '-organized', report=True)
        twin = fate(first)
        # A Live Photo whose still is known and whose film is not; a picture with another sidecar, and
        # one with the same.
        for name, of in (('c/IMG_9.HEIC', 'a/IMG_1.HEIC'), ('d/IMG_8.JPG', 'b/IMG_2.JPG'),
                         ('e/IMG_7.JPG', 'b/IMG_2.JPG'), ('e/IMG_7.JPG.xmp', 'b/IMG_2.JPG.xmp')):
            os.makedirs(os.path.dirname(os.path.join(inbox, 'trip', name)), exist_ok=True)
            shutil.copy2(os.path.join(inbox, 'trip', of), os.path.join(inbox, 'trip', name))
        put(inbox, 'c/IMG_9.MOV', 'd/IMG_8.JPG.xmp')
        r = organize(inbox, inbox + '-organized', *more, report=True)
        eq((r.summary['organized'], r.summary['duplicates'], r.summary['errors']), (2, 4, 0), 'second run')
        dests = fate(r)
        eq(dests['IMG_9.MOV'], twin['IMG_1.HEIC'][:-5] + '.MOV', 'the film')
        eq(dests['IMG_8.JPG.xmp'], twin['IMG_2.JPG'][:-4] + '-2.JPG.xmp', 'another sidecar')
        eq(len(set(files(inbox + '-organized'))), 5, 'files')


@test
def a_follower_never_replaces_what_stands():
    inbox = os.path.join(fast(), 'inbox')
    organized = inbox + '-organized'
    put(inbox, 'a.jpg')
    dest = fate(organize(inbox, organized, report=True))['a.jpg']
    with open(dest + '.xmp', 'wb') as f:
        f.write(b'mine')
    put(inbox, 'a.jpg.xmp')
    r = organize(inbox, organized, '--move', report=True)
    eq(fate(r)['a.jpg.xmp'], dest[:-4] + '-2.jpg.xmp', 'beside it')
    with open(dest + '.xmp', 'rb') as f:
        eq(f.read(), b'mine', 'what stood')


@test
def sidecars_are_no_undated_pictures():
    inbox = os.path.join(fast(), 'inbox')
    put(inbox, 'a.jpg', 'a.jpg.xmp', 'a.jpg.json')
    s = organize(inbox, inbox + '-organized').summary
    eq((s['organized'], s['followers']), (3, 2), 'organized')
    eq((sum(s['by_source'].values()), sum(s['date_sources'].values())), (1, 1), 'pictures')
    assert 'none' not in s['date_sources'], s['date_sources']


@test
def a_dry_run_foretells_groups():
    inbox = os.path.join(fast(), 'inbox')
    for i, group in enumerate(GROUPS.values()):
        put(inbox, *('x%d/%s' % (i, name) for name in group))
    dry = organize(inbox, inbox + '-organized', '--dry-run', report=True)
    real = organize(inbox, inbox + '-organized', report=True)
    strip = [{k: v for k, v in line.items() if k != 'dry_run'} for line in dry.report]
    eq(strip, real.report, 'the report')


# What is done with a tree, told by its contents.

def contents(*tops):
    out = {}
    for top in tops:
        for p, sha in files(top).items() if os.path.isdir(top) else ():
            out.setdefault(sha, []).append(os.path.join(os.fsencode(top), p))
    return out


def all_accounted_for(before, inbox, organized, more):
    """Each content that was in the inbox stands in organized once; what was moved is gone from the
    inbox, but for what stands there twice; nothing else is anywhere."""
    there, here = contents(organized), contents(inbox)
    eq(sorted(set(before) ^ set(there)), [], 'contents in the inbox before, or organized, not both')
    for sha, paths in there.items():
        eq(len(paths), 1, 'organized more than once: %r' % paths)
        left = len(before[sha]) - 1 if more else len(before[sha])
        eq(len(here.get(sha, [])), left, 'left in the inbox of %r' % before[sha])
    eq([p for p in names(organized) if b'alice-tmp' in p], [], 'left behind')


def foretold_and_done(inbox, *more):
    """A dry run, the run, and another that has nothing to do; the run's report."""
    organized = inbox + '-organized'
    dry = organize(inbox, organized, '--dry-run', *more, report=True)
    real = organize(inbox, organized, *more, report=True)
    eq([{k: v for k, v in line.items() if k != 'dry_run'} for line in dry.report], real.report, 'foretold')
    again = organize(inbox, organized, *more)
    eq((again.summary['organized'], again.summary['errors']), (0, 0), 'the run after that')
    return real


@test
def a_folder_that_is_filled_again():
    """A camera begins its numbers again, and its folder was emptied by --move: names of long ago
    are no partners, and sidecars go with the picture that came with them."""
    inbox = os.path.join(fast(), 'inbox')
    put(inbox, 'IMG_1.JPG', 'IMG_1.AAE', 'IMG_2.JPG', 'IMG_3.JPG', 'IMG_3.MOV', 'IMG_4.AAE', 'IMG_4.JPG')
    old = fate(foretold_and_done(inbox, '--move'))
    put(inbox, 'IMG_1.JPG', 'IMG_1.AAE', 'IMG_2.CR2', 'IMG_2.JPG', 'IMG_3.MOV', 'IMG_4.AAE',
        when=WHEN + 86400 * 900)
    with open(os.path.join(inbox, 'trip', 'IMG_3.MOV'), 'wb') as f:
        f.write(film(WHEN + 86400 * 900))
    new = fate(foretold_and_done(inbox, '--move'))
    eq(len(new), 6, 'organized')
    base = {name: os.path.splitext(dest)[0] for name, dest in new.items()}
    for name in ('IMG_1.JPG', 'IMG_2.JPG', 'IMG_2.CR2', 'IMG_3.MOV'):
        assert '/2019-12-31/' in new[name], new
        assert base[name] not in {os.path.splitext(d)[0] for d in old.values()}, new
    eq(base['IMG_1.AAE'], base['IMG_1.JPG'], 'a sidecar')
    eq(base['IMG_2.CR2'], base['IMG_2.JPG'], 'RAW and JPEG')
    # Alone it can only be told by its name.
    eq(new['IMG_4.AAE'], old['IMG_4.AAE'][:-4] + '-2.AAE', 'a sidecar that came alone')


@test
def twins_with_sidecars_in_one_run():
    """The same picture three times in one run: one sidecar twice, one of its own."""
    for more in ([], ['--move'], ['--set', 'performance.batch_size=1', '--jobs', '1'],
                 ['--jobs', '4']):
        inbox = os.path.join(fast(), 'inbox')
        put(inbox, 'a/x.jpg', 'a/x.jpg.xmp')
        for folder in 'bcd':
            shutil.copytree(inbox + '/trip/a', inbox + '/trip/' + folder)
        put(inbox, 'c/x.jpg.xmp', 'd/x.jpg.xmp')
        before = contents(inbox)
        r = foretold_and_done(inbox, *more)
        eq((r.summary['organized'], r.summary['duplicates']), (4, 4), 'the run')
        all_accounted_for(before, inbox, inbox + '-organized', more == ['--move'])
        eq(sorted(n.decode().split('00001')[1] for n in names(inbox + '-organized')),
           ['-2.jpg.xmp', '-3.jpg.xmp', '.jpg', '.jpg.xmp'], 'places')


@test
def a_duplicate_sidecar_is_held_against_its_own_twin():
    """Not against the picture's: where the organized sidecar is gone, another of its bytes is organized."""
    inbox = os.path.join(fast(), 'inbox')
    organized = inbox + '-organized'
    put(inbox, 'a/x.jpg', 'a/x.jpg.xmp')
    shutil.copytree(inbox + '/trip/a', inbox + '/trip/b')
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['duplicates']), (2, 2), 'the run')
    sidecar = [os.path.join(os.fsencode(organized), p) for p in files(organized) if p.endswith(b'.xmp')]
    shutil.rmtree(inbox + '/trip/a')
    os.unlink(sidecar[0])
    r = organize(inbox, organized)
    eq((r.summary['organized'], os.path.exists(sidecar[0])), (1, True), 'the one that is left')
    # And it leaves the inbox of a move as its picture does, met for the first time or again.
    shutil.copytree(inbox + '/trip/b', inbox + '/trip/c')
    r = organize(inbox, organized, '--move', '--duplicates', 'remove')
    eq((r.summary['organized'], r.summary['duplicates_removed'], files(inbox)), (0, 4, {}), 'freed')


@test
def sidecars_of_edited_copies_and_of_another_case():
    inbox = os.path.join(fast(), 'inbox')
    group = {'b.jpg': '.jpg', 'b-edited.jpg': '-edited.jpg', 'b-edited.AAE': '-edited.AAE',
             'b-edited.jpg.json': '-edited.jpg.json'}
    other = {'d.JPG': '.JPG', 'd.jpg.xmp': '.jpg.xmp', 'd.jpg.json': '.jpg.json', 'd.Jpg.AAE': '.Jpg.AAE'}
    put(inbox, *group, *other)
    dests = fate(foretold_and_done(inbox, '--move'))
    of_one_number(dests, group, 'edited')
    of_one_number(dests, other, 'case')


@test
def many_numbered_names_take_no_longer_each():
    """"photo (1).jpg", "photo (2).jpg" …: partners are not looked for among all of them."""
    took = []
    for n in (1000, 4000):
        inbox = os.path.join(fast(), 'inbox')
        put(inbox, *('photo (%d).jpg' % i for i in range(n)), *('%s(%d).jpg' % ('q' * 46, i) for i in range(n)),
            *('%s(%d).json' % ('q' * 46, i) for i in range(n)))
        began = os.times()
        r = organize(inbox, inbox + '-organized', '--dry-run')
        took.append(os.times().children_user - began.children_user)
        eq((r.summary['organized'], r.summary['followers']), (3 * n, n), 'organized')
    assert took[1] < 8 * took[0] + 0.5, '%r s of work for 3,000 and 12,000 files' % took


def many_groups(inbox, count, folders=3):
    """Pictures with partners in folders; {content: (folder, stem)} of all."""
    group = {}
    for i in range(count):
        folder, stem = 'f%d' % (i % folders), 'IMG_%04d' % i
        put(inbox, *('%s/%s%s' % (folder, stem, e) for e in ('.DNG', '.MOV', '.AAE', '.JPG', '.JPG.xmp')[:2 + i % 4]))
    for p, sha in files(inbox).items():
        group[sha] = os.path.dirname(p), os.path.basename(p)[:8]
    eq(len(group), len(files(inbox)), 'contents that differ')
    return group


def torn(group, organized):
    """Groups of which some files stand in organized and some do not, or not with one number."""
    there = {sha: p for p, sha in files(organized).items()} if os.path.isdir(organized) else {}
    bases, count, have = {}, {}, {}
    for sha, key in group.items():
        count[key] = count.get(key, 0) + 1
        if sha in there:
            have[key] = have.get(key, 0) + 1
            bases.setdefault(key, set()).add(there[sha][:there[sha].rindex(b'-') + 6])
    return [(key, n, count[key]) for key, n in have.items() if n != count[key] or len(bases[key]) != 1]


@test
def a_partner_that_cannot_be_read_holds_its_group():
    """Together or not at all: with the reason, foretold, and by the next run when it can be read."""
    for more in ([], ['--move']):
        inbox = os.path.join(fast(), 'inbox')
        organized = inbox + '-organized'
        put(inbox, 'a.jpg', 'a.jpg.xmp', 'b.CR2', 'b.JPG', 'b.xmp', 'c.HEIC', 'c.MOV', 'c.AAE', 'd.jpg', 'd.xmp',
            'e.jpg', 'other/a.jpg')
        bad = [os.path.join(inbox, 'trip', n) for n in ('a.jpg', 'b.xmp', 'c.HEIC')]
        before = contents(inbox)
        for path in bad:
            os.chmod(path, 0)
        dry = organize(inbox, organized, '--dry-run', *more, report=True, before=bound(), expect=None)
        r = organize(inbox, organized, *more, report=True, before=bound(), expect=None)
        eq([{k: v for k, v in line.items() if k != 'dry_run'} for line in dry.report], r.report, 'foretold')
        eq(sorted(fate(r)), ['a.jpg', 'd.jpg', 'd.xmp', 'e.jpg'], 'organized')  # other/a.jpg
        reasons = {os.path.basename(line['source_path']): line['reason'] for line in r.report
                   if line['status'] == 'error'}
        for name in ('b.CR2', 'b.JPG', 'c.MOV'):
            assert 'left together' in reasons[name], reasons
        for path in bad:
            os.chmod(path, 0o644)
        r = organize(inbox, organized, *more, report=True)
        dests = fate(r)
        of_one_number(dests, {'b.CR2': '.CR2', 'b.JPG': '.JPG', 'b.xmp': '.xmp'}, 'RAW')
        of_one_number(dests, {'c.HEIC': '.HEIC', 'c.MOV': '.MOV', 'c.AAE': '.AAE'}, 'Live Photo')
        of_one_number(dests, {'a.jpg': '.jpg', 'a.jpg.xmp': '.jpg.xmp'}, 'XMP')
        all_accounted_for(before, inbox, organized, more)


@test
def a_busy_partner_holds_its_group():
    """One that changed a moment ago is left, and so are those that belong to it; later they go together."""
    for more in ([], ['--move']):
        inbox = os.path.join(fast(), 'inbox')
        organized = inbox + '-organized'
        put(inbox, 'a.jpg', 'a.jpg.xmp', 'b.CR2', 'b.JPG', 'b.xmp', 'c.HEIC', 'c.MOV', 'd.jpg')
        before = contents(inbox)
        old = {}
        for name in ('a.jpg.xmp', 'b.JPG', 'c.HEIC'):  # a sidecar, a leader of two, a leader
            path = os.path.join(inbox, 'trip', name)
            old[path] = os.stat(path).st_mtime_ns
            os.utime(path)
        r = organize(inbox, organized, *more, '--settle', '3000', report=True)
        eq(sorted(fate(r)), ['d.jpg'], 'organized')
        eq((r.summary['busy'], r.summary['errors']), (7, 0), 'busy, errors')
        reasons = {os.path.basename(line['source_path']): line['reason'] for line in r.report
                   if line['status'] == 'skipped'}
        for name in ('a.jpg', 'b.CR2', 'c.MOV'):
            assert reasons[name].startswith('busy: one that belongs to it is'), reasons
        for path, when in old.items():
            os.utime(path, ns=(when, when))
        dests = fate(organize(inbox, organized, *more, '--settle', '3000', report=True))
        of_one_number(dests, {'a.jpg': '.jpg', 'a.jpg.xmp': '.jpg.xmp'}, 'XMP')
        of_one_number(dests, {'b.CR2': '.CR2', 'b.JPG': '.JPG', 'b.xmp': '.xmp'}, 'RAW')
        of_one_number(dests, {'c.HEIC': '.HEIC', 'c.MOV': '.MOV'}, 'Live Photo')
        all_accounted_for(before, inbox, organized, more)


@test
def a_partner_of_another_transaction_that_is_busy_holds_its_group():
    """Edited copies come at a folder's end: in a large one that is another transaction than the original's."""
    for more in ([], ['--move'], ['-n']):
        inbox = os.path.join(fast(), 'inbox')
        put(inbox, *('IMG_%04d.JPG' % i for i in range(1100)))
        group = {'IMG_0001.JPG': '.JPG', 'IMG_0001-edited.JPG': '-edited.JPG', 'IMG_E0001.JPG': '-E.JPG',
                 'IMG_0001.JPG.xmp': '.JPG.xmp'}
        put(inbox, *group)
        busy = os.path.join(inbox, 'trip', 'IMG_0001.JPG')
        os.utime(busy)
        first = organize(inbox, inbox + '-organized', '--settle', '300', *more, report=True)
        eq([n for n in group if n in fate(first)], [], 'beside one that is busy')
        eq((first.summary['organized'], first.summary['errors']), (1099, 0), 'the others')
        os.utime(busy, (WHEN, WHEN))
        if more != ['-n']:
            of_one_number(fate(organize(inbox, inbox + '-organized', *more, report=True)), group, 'then')


@test
def a_full_disk_tears_no_group():
    """Copied and moved to file systems that get full at every place of a group."""
    tried = 0
    for more in ([], ['--move']):
        for inodes in range(24, 44, 3):  # the catalog's files take some
            inbox = os.path.join(fast(), 'inbox')
            organized = os.path.join(tmpfs('size=32m,nr_inodes=%d' % inodes), 'organized')
            group = many_groups(inbox, 12, 1)
            before = contents(inbox)
            organize(inbox, organized, *more, expect=None)
            eq(torn(group, organized), [], 'torn')
            tried += 0 < len(contents(organized)) < len(group)
            eq(sorted(set(before) - set(contents(inbox, organized))), [], 'lost')
            clean()
    assert tried > 3, 'full in the middle: %d' % tried


@test
def killed_at_any_moment_no_group_is_torn():
    """kill -9, copying and moving, within a file system and across: the next run ends it, each
    content once, each group with one number."""
    kills = int(os.environ.get('ALICE_KILLS', '20'))
    rng = random.Random(int(os.environ.get('ALICE_SEED', '1')))
    for move, apart in ((False, False), (True, False), (True, True)):
        took = None
        for _ in range(max(2, kills // 6)):
            inbox = os.path.join(fast(), 'inbox')
            organized = os.path.join(place(), 'o') if apart else inbox + '-organized'
            more = ['--move'] if move else []
            group = many_groups(inbox, 40)
            before = contents(inbox)
            if took is None:
                began = time.monotonic()
                organize(inbox, organized + '-first', '--dry-run', *more)
                took = time.monotonic() - began
            p = start('organize', inbox, organized, '--json', *more)
            try:
                p.wait(timeout=rng.uniform(0.3, 2.5) * took)
            except subprocess.TimeoutExpired:
                p.kill()
            p.communicate()
            eq(sorted(set(before) - set(contents(inbox, organized))), [], 'lost by the kill')
            organize(inbox, organized, *more)
            eq(torn(group, organized), [], 'torn')
            all_accounted_for(before, inbox, organized, move)
            again = organize(inbox, organized, *more)
            eq((again.summary['organized'], again.summary['errors']), (0, 0), 'the run after that')


TAKEN = '{"title": "%s", "creationTime": {"timestamp": "1"}, "photoTakenTime": {"timestamp": "%s"}}'
XMP = ('<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
       'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
       'xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:DateTimeOriginal="%s"/></rdf:RDF></x:xmpmeta>')
TAKEN_S = 1710498030  # 2024-03-15 10:20:30 UTC
DATED = {  # a picture that has no date of its own, and its sidecar
    'a.jpg': ('a.jpg.json', TAKEN % ('a.jpg', TAKEN_S)),
    'b.jpg': ('b.jpg.supplemental-metadata.json', '\ufeff \n' + TAKEN % ('\\"', TAKEN_S)),
    'c(1).jpg': ('c.jpg(1).json', TAKEN % ('c.jpg', TAKEN_S)),
    'd.jpg': ('d.jpg.xmp', XMP % '2024-03-15T10:20:30+02:00'),
    'e.jpg': ('e.xmp', XMP % '2024-03-15'),
    'f.mp4': ('f.mp4.json', TAKEN % ('f.mp4', TAKEN_S)),
    'g-edited.jpg': ('g.jpg.json', TAKEN % ('g.jpg', TAKEN_S)),
}
UNDATED = {  # what is no date leaves the picture to what else there is
    'h.jpg': ('h.jpg.json', '{"photoTakenTime": {"timestamp": "0"}}'),
    'i.jpg': ('i.jpg.json', '{"photoTakenTime": {"timestamp": "17x"}}'),
    'j.jpg': ('j.jpg.json', '{"photoTakenTime": "1710498030"}'),
    'k.jpg': ('k.jpg.json', '{"a": {"photoTakenTime": {"timestamp": "1710498030"}}}'),
    'l.jpg': ('l.jpg.json', '{"photoTakenTime": {"timesta'),
    'm.jpg': ('m.jpg.xmp', XMP % '0000-00-00'),
    'n.jpg': ('n.jpg.xmp', ''),
    'o.jpg': ('o.jpg.json', '{"photoTakenTime": {"timestamp": "99999999999999999999"}}'),
    'p.jpg': ('p.jpg.json', '{"x": "' + 'y' * 300000 + '", ' + (TAKEN % ('p', TAKEN_S))[1:]),
}


def undated(name, seed):
    return sample.mp4(0, size=seed + 1) if name.endswith('.mp4') else sample.jpeg(seed=seed)


@test
def sidecars_date_what_has_no_date_itself():
    for how in ((), ('--move',)):
        top = fast()
        inbox, organized = os.path.join(top, 'inbox'), os.path.join(top, 'organized')
        os.mkdir(inbox)
        for seed, (name, (sidecar, text)) in enumerate({**DATED, **UNDATED}.items()):
            with open(os.path.join(inbox, name), 'wb') as f:
                f.write(undated(name, seed))
            with open(os.path.join(inbox, sidecar), 'w', encoding='utf-8') as f:
                f.write(text)
        with open(os.path.join(inbox, 'own.jpg'), 'wb') as f:  # its own date is better
            f.write(sample.jpeg(sample.tiff('Acme', 'Box 1', '2020:01:02 03:04:05')))
        with open(os.path.join(inbox, 'own.jpg.json'), 'w') as f:
            f.write(TAKEN % ('own.jpg', TAKEN_S))
        os.mkfifo(os.path.join(inbox, 'h.jpg.xmp'))  # none of these is a sidecar
        os.symlink('a.jpg.json', os.path.join(inbox, 'i.jpg.supplemental-metadata.json'))
        os.mkdir(os.path.join(inbox, 'j.xmp'))
        r = organize(inbox, organized, *how, report=True)
        eq(r.summary['errors'], 0, 'errors')
        told = {os.path.basename(path_of(l['source_path'])).decode(): l for l in r.report}
        for name, (sidecar, _) in DATED.items():
            eq((told[name].get('date'), told[name].get('date_source')), ('2024-03-15', 'sidecar'), name)
            assert '/2024-03-15/' in told[name]['destination'], told[name]
            if not name.startswith('g'):  # whose picture is not there
                eq(told[sidecar]['status'], 'organized', sidecar)
        for name in UNDATED:
            assert told[name].get('date_source') in (None, 'mtime'), told[name]
        eq(told['own.jpg']['date'], '2020-01-02', 'its own')


@test
def info_shows_what_the_sidecar_says():
    top = fast()
    for seed, (name, (sidecar, text)) in enumerate(DATED.items()):
        with open(os.path.join(top, name), 'wb') as f:
            f.write(undated(name, seed))
        with open(os.path.join(top, sidecar), 'w', encoding='utf-8') as f:
            f.write(text)
        line = json.loads(alice('info', '--json', os.path.join(top, name)).out)
        eq((line['date'], line['date_source']), ('2024-03-15', 'sidecar'), name)
        line = json.loads(alice('info', '--json', name, cwd=top).out)
        eq(line['date_source'], 'sidecar', name)
    with open(os.path.join(top, 'a.jpg'), 'wb') as f:
        f.write(sample.jpeg(sample.tiff('Acme', 'Box 1', '2020:01:02 03:04:05')))
    line = json.loads(alice('info', '--json', os.path.join(top, 'a.jpg')).out)
    eq(line['date'], '2020-01-02', 'its own is better')
    text = alice('info', os.path.join(top, 'a.jpg')).out.decode()
    assert '2024-03-15' in text and '(sidecar, medium)' in text and '(exif:DateTimeOriginal, high)' in text, text

main()
