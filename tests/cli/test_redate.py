"""alice redate: organized files go to the day that is known by now, and nothing else moves."""
from harness import *

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


@test
def what_is_wrong_is_said():
    assert alice('redate', '/nonexistent/organized', expect=None).status in (2, 3)
    top = fast()
    r = alice('redate', top, '-o', top, expect=2)
    assert b'twice' in r.err, r.text()
    alice('redate', top, '--timezone', 'Nowhere', expect=2)


main()
