"""alice redate: organized files go to the day that is known by now, and nothing else moves."""
from harness import *
import re

XMP = '''<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF
xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description
xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:DateTimeOriginal='%s'/></rdf:RDF></x:xmpmeta>'''


def pictures(count, folder='trip'):
    """Files that say no date, of days of their own."""
    inbox = os.path.join(fast(), 'in')
    os.makedirs(os.path.join(inbox, folder))
    for i in range(count):
        path = os.path.join(inbox, folder, 'pic%d.jpg' % i)
        with open(path, 'wb') as f:
            f.write(b'\xff\xd8\xff\xe0' + b'%d' % i)
        os.utime(path, (1500000000 + 90000 * i,) * 2)
    return inbox, inbox + '-organized'


def sidecars(inbox, which, when='2011-02-03T04:05:06', folder='trip'):
    for i in which:
        with open(os.path.join(inbox, folder, 'pic%d.jpg.xmp' % i), 'w') as f:
            f.write(XMP % when)


def redate(organized, *more, expect=0):
    r = alice('redate', organized, '--json', *more, expect=expect)
    lines = [json.loads(x) for x in r.out.decode().splitlines()]
    return lines[-1], lines[:-1]


def days(organized):
    return {d: sum(len(f) for _, _, f in os.walk(os.path.join(organized, d)))
            for d in sorted(os.listdir(organized)) if not d.startswith('.')}


@test
def what_was_dated_well_stays():
    """On a collection of all that there is: no rule may say one day now and another then."""
    inbox = os.path.join(fast(), 'in')
    collection.make(inbox, 600)
    organized = inbox + '-organized'
    organize(inbox, organized, '--move', expect=None)
    before = listing(organized)
    told, moves = redate(organized)
    eq((told['moved'], told['left']), (0, 0), 'moved, %s' % moves[:3])
    assert told['files'] > 300, told
    same_tree(before, listing(organized), 'the tree')


@test
def a_sidecar_that_came_later_is_heeded():
    inbox, organized = pictures(5)
    organize(inbox, organized, '--move')
    sidecars(inbox, [1, 3])
    organize(inbox, organized, '--move')
    before, kept = listing(organized), files(organized)
    told, moves = redate(organized, '-n')
    eq((told['moved'], told['groups'], told['run'], told['dry_run']), (4, 2, 0, True), 'a dry one')
    same_tree(before, listing(organized), 'after a dry one')
    told, again = redate(organized)
    eq(moves, again, 'what was told before')
    eq(told['moved'], 4, 'moved')
    eq(days(organized)['2011-02-03'], 4, 'files of the day')
    eq(alice('verify', organized, '--json').json().get('missing', 0), 0, 'missing')
    r = organize(inbox, organized, '--move')
    eq(r.summary['organized'], 0, 'organized')
    eq(redate(organized)[0]['moved'], 0, 'a second time')
    said = alice('history', '-o', organized).out
    assert b'redated' in said, said
    alice('undo', '-o', organized)
    eq(files(organized), kept, 'taken back')
    alice('undo', '-o', organized)
    eq(days(organized)['2011-02-03'], 4, 'and there again')


@test
def a_copied_inbox_is_still_known():
    inbox, organized = pictures(3)
    organize(inbox, organized)
    sidecars(inbox, [0])
    organize(inbox, organized)
    redate(organized)
    r = organize(inbox, organized)
    eq((r.summary['organized'], r.summary['already_known']), (0, 4), 'known')
    alice('check-source', inbox, '-o', organized, '--full')
    # The run that organized them can still be taken back.
    alice('undo', '1', '-o', organized)
    alice('undo', '2', '-o', organized)
    eq(days(organized), {}, 'left')


@test
def people_are_told_what_goes_and_why():
    inbox, organized = pictures(30)
    organize(inbox, organized)
    sidecars(inbox, range(25))
    organize(inbox, organized)
    r = alice('redate', '-n', organized)
    assert b'(sidecar)' in r.out and b'and 30 more: -v' in r.out and b'50 of 55 files would go' in r.out, r.text()
    r = alice('redate', '-n', '-v', organized)
    assert b'more: -v' not in r.out and r.out.count(b'->') == 50, r.text()
    r = alice('redate', organized)
    assert b'alice undo 3' in r.out, r.text()
    eq(alice('redate', '-q', organized).out, b'', 'quiet')


@test
def what_cannot_go_is_named():
    inbox, organized = pictures(2)
    organize(inbox, organized)
    sidecars(inbox, [0, 1])
    organize(inbox, organized)
    _, moves = redate(organized, '-n')
    target = moves[0]['destination']
    os.makedirs(os.path.dirname(target))
    with open(target, 'w') as f:
        f.write('mine')
    told, lines = redate(organized, expect=1)
    eq((told['moved'], told['left']), (2, 2), 'moved')
    left = [x for x in lines if x['status'] == 'left']
    eq(len(left), 2, 'named')
    assert any('another file stands' in x['why'] for x in left), left
    with open(target) as f:
        eq(f.read(), 'mine', 'the other file')


@test
def what_was_deleted_is_no_matter():
    inbox, organized = pictures(3)
    organize(inbox, organized)
    sidecars(inbox, [0, 1])
    organize(inbox, organized)
    _, moves = redate(organized, '-n')
    os.unlink(moves[0]['path'])
    told, lines = redate(organized)
    eq((told['moved'], told['left'], told['unread']), (2, 0, 0), str(lines))
    # What is forgotten at its new place stays forgotten.
    new = lines[0]['destination']
    assert new.endswith('.jpg'), new
    alice('forget', new, '-o', organized)
    organize(inbox, organized, expect=None)
    assert not os.path.exists(new), new


@test
def a_crowd_of_one_number_stays_whole():
    """More that belong together than go at once: all of them stay."""
    inbox, organized = pictures(1)
    organize(inbox, organized)
    sidecars(inbox, [0])
    organize(inbox, organized)
    # Rows that share the number, as a catalog of many partners has them.
    import sqlite3
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    row = db.execute("SELECT max(id) FROM files").fetchone()[0]
    columns = [c[1] for c in db.execute('PRAGMA table_info(files)') if c[1] not in ('id', 'name', 'dest')]
    first, dest = db.execute("SELECT id, dest FROM files WHERE state = 1 ORDER BY id").fetchone()
    for i in range(100):
        db.execute('INSERT INTO files (id, name, dest, %s) SELECT ?, ?, ?, %s FROM files WHERE id = ?'
                   % (', '.join(columns), ', '.join(columns)),
                   (row + 1 + i, 'more%d' % i, dest.replace('.jpg', '-%d.jpg' % i), first))
        shutil.copy(os.path.join(organized, dest), os.path.join(organized, dest.replace('.jpg', '-%d.jpg' % i)))
    db.execute('UPDATE batch SET next_file = ?', (row + 200,))
    db.commit()
    db.close()
    before = files(organized)
    told, lines = redate(organized, expect=1)
    eq((told['moved'], told['unread']), (0, 1), str(lines))
    assert 'too many' in lines[0]['why'], lines
    eq(files(organized), before, 'the tree')


@test
def other_layouts_and_lost_names_stay():
    inbox, organized = pictures(3)
    organize(inbox, organized, '--layout', '{project}/{name}')
    told, _ = redate(organized)
    eq((told['other_layout'], told['files'], told['moved']), (3, 0, 0), 'another layout')
    # A date of the name alone, and the catalog, which knew the name, is lost.
    inbox = os.path.join(fast(), 'in')
    os.makedirs(inbox)
    with open(os.path.join(inbox, 'IMG_20140506_070809.jpg'), 'wb') as f:
        f.write(b'\xff\xd8\xff\xe0name')
    organized = inbox + '-organized'
    organize(inbox, organized)
    eq(list(days(organized)), ['2014-05-06'], 'by its name')
    eq(redate(organized)[0]['moved'], 0, 'moved')
    os.unlink(os.path.join(organized, '.alice', 'catalog.db'))
    alice('catalog', 'rebuild', organized)
    eq(redate(organized)[0]['moved'], 0, 'moved')
    eq(list(days(organized)), ['2014-05-06'], 'it stays')


@test
def a_library_that_was_moved_is_redated_where_it_is():
    inbox, organized = pictures(3)
    organize(inbox, organized, '--move')
    sidecars(inbox, [0])
    organize(inbox, organized, '--move')
    redate(organized)
    elsewhere = os.path.join(fast(), 'library')
    shutil.move(organized, elsewhere)
    eq(redate(elsewhere)[0]['moved'], 0, 'moved')
    before = listing(elsewhere)
    r = alice('undo', '-o', elsewhere, expect=1)
    assert b'stood elsewhere' in r.err, r.text()
    same_tree(before, listing(elsewhere), 'the tree')
    assert not os.path.exists(organized)


@test
def one_that_is_killed_is_ended_by_the_next():
    inbox, organized = pictures(300)
    organize(inbox, organized)
    sidecars(inbox, range(300))
    organize(inbox, organized)
    contents = sorted(sha_of(os.path.join(os.fsencode(organized), p))
                      for p, v in listing(organized).items() if stat.S_ISREG(v[0]))
    for delay in range(1, 8):
        p = start('redate', organized)
        try:
            p.wait(delay * 0.015)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.wait()
    redate(organized)
    eq(days(organized), {'2011-02-03': 600}, 'the days')
    eq(sorted(sha_of(os.path.join(os.fsencode(organized), p))
              for p, v in listing(organized).items() if stat.S_ISREG(v[0])), contents, 'contents')
    alice('verify', organized)
    eq(organize(inbox, organized).summary['organized'], 0, 'organized again')


def library():
    """Pictures with sidecars, a RAW with its JPEG, an edited copy, what has no date, of two cameras."""
    s = collection.sample
    inbox = os.path.join(fast(), 'in')
    for path, data in (
            ('trip/a.JPG', s.jpeg(s.tiff('Canon', 'EOS R', '2023:12:31 10:20:30'), 1)),
            ('trip/a.CR2', s.jpeg(s.tiff('Canon', 'EOS R', '2023:12:31 10:20:30'), 2)),
            ('trip/a.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'),
            ('trip/a-edited.jpg', s.jpeg(s.tiff('Canon', 'EOS R', '2023:12:31 10:20:30'), 3)),
            ('trip/a-edited.jpg.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"> </x:xmpmeta>'),
            ('trip/deep/a.jpg', s.jpeg(s.tiff('Acme', 'Box', '2023:12:31 11:00:00'), 4)),
            ('trip/deep/a.jpg.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/">  </x:xmpmeta>'),
            ('ai/fox.png', s.png([('parameters', s.A1111)])),
            ('1985 Summer.jpg', s.jpeg(b'', 7))):
        os.makedirs(os.path.dirname(os.path.join(inbox, path)), exist_ok=True)
        with open(os.path.join(inbox, path), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(inbox, path), (1714000000, 1714000000))
    return inbox, inbox + '-organized'


LAYOUTS = ('flat', '{origin}/{hash:8}', '{project}/{number:03}', 'guide')


@test
def another_layout_takes_all():
    """From each layout to each other: all that is organized, groups together, and nothing twice."""
    inbox, organized = library()
    organize(inbox, organized)
    usual = files(organized)
    shas = sorted(usual.values())
    for layout in LAYOUTS:
        before = listing(organized)
        told, moves = redate(organized, '-n', '--layout', layout)
        same_tree(before, listing(organized), 'after a dry one')
        done, again = redate(organized, '--layout', layout)
        eq([x for x in moves if x not in again], [x for x in again if x not in moves], 'what was told before: %s' % layout)
        eq((told['moved'], done['left'], done['other_layout']), (done['moved'], 0, 0), layout)
        eq(sorted(files(organized).values()), shas, 'each file once: %s' % layout)
        eq(redate(organized, '--layout', layout)[0]['moved'], 0, 'a second time: %s' % layout)
        # Stems: those of a.JPG, of the other a.jpg, of the fox, and of the summer.
        stems = {}
        for p in files(organized):
            p = os.fsdecode(p)
            stem = re.sub(r'(-edited)?[.](jpg[.]xmp|[^./]*)$', '', p, flags=re.I)
            stems.setdefault(stem, []).append(p[len(stem):].lower())
        eq(sorted(sorted(v) for v in stems.values()),
           [['-edited.jpg', '-edited.jpg.xmp', '.cr2', '.jpg', '.xmp'], ['.jpg'], ['.jpg', '.jpg.xmp'], ['.png']], layout)
    eq(organize(inbox, organized).summary['organized'], 0, 'it is known')
    alice('verify', organized)
    names_of = {os.fsdecode(p).split('/')[0] for p in files(organized)}
    eq(names_of, {'2023-12-31', '2024-04-24', '1985'}, 'and the usual one again')


@test
def numbers_are_kept_and_taken_back():
    inbox, organized = library()
    organize(inbox, organized, '--move')
    before = files(organized)
    told, moves = redate(organized, '--layout', '{date:%Y}/{project}-{number:05}')
    eq(told['moved'], 9, 'moved')
    for m in moves:
        old, new = os.path.basename(m['path']), os.path.basename(m['destination'])
        assert new == old or re.fullmatch(re.escape(old.split('.')[0]) + '(-[0-9]+)?[.-].*', new), (old, new)
    alice('undo', '-o', organized)
    eq(files(organized), before, 'taken back')
    # What comes again has the names that it had.
    eq(redate(organized, '--layout', 'flat')[0]['moved'], 9, 'moved')
    flat = files(organized)
    alice('undo', '-o', organized)
    redate(organized, '--layout', 'flat')
    eq(files(organized), flat, 'a second time')
    alice('undo', '-o', organized)
    alice('undo', '1', '-o', organized)
    eq(files(organized), {}, 'all of it is taken back')
    eq(len(files(inbox)), 9, 'and is where it was')


@test
def a_layout_is_changed_through_kills():
    inbox, organized = pictures(150)
    sidecars(inbox, range(150))
    organize(inbox, organized, '--move')
    shas = sorted(files(organized).values())
    for layout in ('flat', '{date:%Y}/{number:05}'):
        for delay in range(1, 8):
            p = start('redate', organized, '--layout', layout)
            try:
                p.wait(delay * 0.012)
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                p.wait()
            eq(sorted(files(organized).values()), shas, 'each file once')
        told, _ = redate(organized, '--layout', layout)
        eq((told['left'], told['unread']), (0, 0), 'left')
        eq(sorted(files(organized).values()), shas, 'each file once')
        found = [os.fsdecode(p) for p in files(organized)]
        eq(len(found), 300, 'files')
        stems = {p[:-8] if p.endswith('.jpg.xmp') else p[:-4] for p in found}
        eq(len(stems), 150, 'those that belong together')
        eq(redate(organized, '--layout', layout)[0]['moved'], 0, 'a second time')
    alice('verify', organized)


@test
def what_stands_in_the_way_of_a_layout_is_left():
    inbox, organized = library()
    organize(inbox, organized)
    _, moves = redate(organized, '-n', '--layout', 'camera')
    target = [m['destination'] for m in moves if m['destination'].endswith('.xmp')][0]
    os.makedirs(os.path.dirname(target))
    with open(target, 'w') as f:
        f.write('mine')
    told, lines = redate(organized, '--layout', 'camera', expect=1)
    assert told['left'] and any('another file stands' in x['why'] for x in lines), lines
    with open(target) as f:
        eq(f.read(), 'mine', 'the other file')
    eq(len(files(organized)), 10, 'all are there')
    r = alice('redate', organized, '--layout', '{nmae}', expect=2)
    assert b'did you mean {name}' in r.err, r.text()


def offset_jpeg(when, zone, n):
    """A JPEG whose EXIF tells the time and its zone."""
    import struct
    when, zone = when.encode() + b'\0', zone.encode() + b'\0'
    ifd = 8 + 2 + 12 + 4
    data = ifd + 2 + 24 + 4
    tiff = (b'II*\0' + struct.pack('<I', 8) + struct.pack('<HHHIII', 1, 0x8769, 4, 1, ifd, 0)
            + struct.pack('<H', 2) + struct.pack('<HHII', 0x9003, 2, len(when), data)
            + struct.pack('<HHII', 0x9011, 2, len(zone), data + len(when)) + bytes(4) + when + zone)
    return collection.sample.jpeg(tiff, n)


@test
def a_zone_is_borrowed_and_stays():
    """A film of an evening in Tokyo, among pictures that wrote their zone."""
    s = collection.sample
    inbox = os.path.join(fast(), 'in')
    moment = 2082844800 + 1710517800  # 2024-03-15 15:50 UTC: in Tokyo it is the 16th
    for path, data in (('trip/P1.jpg', offset_jpeg('2024:03:16 00:40:00', '+09:00', 1)),
                       ('trip/P2.mp4', s.mp4(moment)),
                       ('trip/P3.jpg', offset_jpeg('2024:03:16 09:00:00', '+10:00', 2)),
                       ('far/P1.jpg', offset_jpeg('2024:03:19 00:40:00', '+09:00', 3)),
                       ('far/P2.mp4', s.mp4(moment) + b'\0\0\0\x08free'),
                       ('alone/P2.mp4', s.mp4(moment) + b'\0\0\0\x09free.')):
        os.makedirs(os.path.dirname(os.path.join(inbox, path)), exist_ok=True)
        with open(os.path.join(inbox, path), 'wb') as f:
            f.write(data)
    for words in ((), ('--move',)):
        organized = inbox + '-organized' + ''.join(words)
        dry = organize(inbox, organized, '-n', report=True, *words)
        r = organize(inbox, organized, report=True, *words)
        told = {os.path.relpath(x['source_path'], inbox): x for x in r.report if x['source_path'].endswith('.mp4')}
        eq({k: v['date'] for k, v in told.items()},
           {'trip/P2.mp4': '2024-03-16', 'far/P2.mp4': '2024-03-15', 'alone/P2.mp4': '2024-03-15'}, 'days')
        eq([x['date'] for x in dry.report], [x['date'] for x in r.report], 'a dry run says the same')
        assert told['trip/P2.mp4']['zone_borrowed'] and told['trip/P2.mp4']['zone_assumed'], told
        assert 'zone_borrowed' not in told['far/P2.mp4'], told
        eq(redate(organized)[0]['moved'], 0, 'by itself nothing goes')
        eq(redate(organized, '--layout', 'year-month')[0]['left'], 0, 'and in another layout')
        assert '2024/2024-03/P2.mp4' in map(os.fsdecode, files(organized)), files(organized)
        redate(organized, '--layout', 'guide')
        # The pictures are gone and forgotten; what was lent is known.
        import sqlite3
        db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
        db.execute("DELETE FROM files WHERE name LIKE '%.jpg'")
        db.commit()
        db.close()
        eq(redate(organized)[0]['moved'], 0, 'what was lent')
        eq(redate(organized, '--timezone', 'Pacific/Auckland')[0]['moved'], 2, 'only what was lent nothing goes by another zone')


@test
def what_is_wrong_is_said():
    assert alice('redate', '/nonexistent/organized', expect=None).status in (2, 3)
    top = fast()
    r = alice('redate', top, '-o', top, expect=2)
    assert b'twice' in r.err, r.text()
    alice('redate', top, '--timezone', 'Nowhere', expect=2)


main()
