"""The index of alice find: it says what the catalog says, whatever became of either."""
import sqlite3
import struct
import zlib

from harness import *

ASKED = b'the catalog itself is asked'
PROMPTS = ['A Lighthouse in a STORM', 'Über den Dächern, ÉCLAIR à la carte', '夜の東京 タワー', 'he said "stop" AND went',
           'NEAR(cat dog, 3) OR NOT fish', "it's 100% * free^2 {x}: (a+b) -c", 'a\x01b col:umn', 'ЁЛКА в снегу Ελλάδα', 'x', 'ab abc abcd']
WORDS = ['lighthouse', 'STORM', 'ighthous', 'über', 'ÜBER', 'éclair', 'ÉCLAIR', 'eclair', '東', '東京', 'タワー', '"stop"', '"', 'AND',
         'NEAR(', 'NEAR(cat dog', 'or not', '*', '100% *', 'free^2', '{x}:', '-c', '--', "it's", 'col:', 'ёлка', 'ελλάδα', 'ab', 'abc',
         'abcd', 'b c', 'q' * 300, '', 'Steps', '.png', '/art/']


def put(inbox, name, data):
    path = os.path.join(inbox, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)


def picture(text, shade, seed=7, model='deepdream'):
    png = collection.sample.png([], size=32, shade=shade)
    said = (f'{text}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, '
            f'Seed: {seed}, Size: 512x512, Model: {model}').encode()
    chunk = b'iTXtparameters\0\0\0\0\0' + said
    return png[:33] + struct.pack('>I', len(chunk) - 4) + chunk + struct.pack('>I', zlib.crc32(chunk)) + png[33:]


def taken_at(latitude, longitude, mark):
    """A JPEG that says where, and nothing else."""
    def degrees(v):
        v = round(abs(v) * 10000)
        return struct.pack('>6I', v, 10000, 0, 1, 0, 1)
    gps_at = 26
    room = gps_at + 2 + 4 * 12 + 4
    gps = struct.pack('>H', 4) + b''.join([
        struct.pack('>HHI4s', 1, 2, 2, b'N\0\0\0' if latitude >= 0 else b'S\0\0\0'), struct.pack('>HHII', 2, 5, 3, room),
        struct.pack('>HHI4s', 3, 2, 2, b'E\0\0\0' if longitude >= 0 else b'W\0\0\0'), struct.pack('>HHII', 4, 5, 3, room + 24)])
    tiff = b'MM\0*' + struct.pack('>IHHHIII', 8, 1, 0x8825, 4, 1, gps_at, 0) + gps + b'\0' * 4 + degrees(latitude) + degrees(longitude)
    body = b'Exif\0\0' + tiff
    return b'\xff\xd8\xff\xe1' + struct.pack('>H', len(body) + 2) + body + b'\xff\xfe' + struct.pack('>H', 2 + len(mark)) + mark + b'\xff\xd9'


def library(more=()):
    inbox = os.path.join(fast(), 'in')
    s = collection.sample
    for i, text in enumerate(PROMPTS):
        put(inbox, f'art/p{i}.png', picture(text, i, seed=100 + i, model=f'dream {i % 3}'))
    put(inbox, 'trip/a.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2023:05:06 07:08:09'), 1))
    put(inbox, 'trip/b.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2024:01:02 03:04:05'), 2))
    put(inbox, 'höme "q"/c.jpg', s.jpeg(s.tiff('Other', 'Pocket', '2024:06:07 08:09:10'), 3))
    for name, data in more:
        put(inbox, name, data)
    organized = inbox + '-organized'
    organize(inbox, organized)
    return inbox, organized


def index_of(organized):
    return os.path.join(organized, '.alice', 'search.db')


def remove(path):
    if os.path.isdir(path):
        os.rmdir(path)
    elif os.path.exists(path):
        os.unlink(path)


def find(organized, *args, note=False):
    r = alice('find', '-o', organized, '--json', *args, expect=None)
    assert r.status in (0, 1), r.text()
    eq(ASKED in r.err, note, r.text())
    return r.out


def scan(organized, *args):
    """The same without the index: a folder stands in its place."""
    path = index_of(organized)
    kept = path + '.kept'
    if os.path.exists(path):
        os.rename(path, kept)
    os.mkdir(path)
    try:
        return find(organized, *args, note=True)
    finally:
        os.rmdir(path)
        if os.path.exists(kept):
            os.rename(kept, path)


def same(organized, *args):
    said = find(organized, *args)
    eq(said, scan(organized, *args), args)
    return [json.loads(x) for x in said.decode().splitlines()]


def all_same(organized):
    every = same(organized)
    eq(list(reversed(every)), same(organized, '--newest-first'), 'the other way round')
    same(organized, 'lighthouse', 'dream')
    same(organized, '--camera', 'ACME box', '--until', '2023')
    return every


@test
def words_are_words():
    _, o = library()
    told = {x['seed']: '\n'.join([x['path'][len(o):], x['prompt'], x['negative_prompt'], x['ai_model'], x['generator']]).lower() for x in json_lines(find(o, '--generator', 'stablediffusion'))}
    eq(len(told), len(PROMPTS), told)
    for word in WORDS:
        found = {x['seed'] for x in json_lines(find(o, '--generator', 'stablediffusion', '--', word))}
        wanted = {seed for seed, text in told.items() if word.lower() in text}
        eq(found, wanted, 'the word %r' % word)


def json_lines(out):
    return [json.loads(x) for x in out.decode().splitlines()]


@test
def the_index_says_what_the_catalog_says():
    _, o = library()
    for word in ['lighthouse', 'über', '東', '"stop"', 'NEAR(', 'ab', '-c', 'höme']:
        same(o, '--', word)
    for args in (['--camera', 'acme box'], ['--camera', 'e a'], ['--generator', 'StableDiffusion'], ['--model', 'dream 1'], ['--seed', '103'],
                 ['--seed', '10'], ['--type', 'JPEG'], ['--project', 'TRIP'], ['--project', 'tri'], ['--project', 'HÖME "q"'],
                 ['--since', '2023-06', '--until', '2024-01'], ['--until', '2022'], ['acme', '2024', '--type', 'jpeg']):
        same(o, *args)
    eq(len(same(o, '--camera', 'acme box')), 2, 'of a camera')
    eq(len(same(o, '--project', 'TRIP')), 2, 'of a project')
    eq([x['date'] for x in same(o, '--type', 'jpeg', '--newest-first')], ['2024-06-07', '2024-01-02', '2023-05-06'], 'the newest first')


@test
def it_follows_what_becomes_of_the_files():
    inbox, o = library()
    eq(len(all_same(o)), 13, 'at first')
    put(inbox, 'art/late.png', picture('a late lighthouse', 77))
    put(inbox, 'trip/old.jpg', collection.sample.jpeg(collection.sample.tiff('Acme', 'Acme Box 1', '1999:05:06 07:08:09'), 9))
    organize(inbox, o)
    eq(len(all_same(o)), 15, 'what came')
    eq(len(same(o, 'lighthouse')), 2, 'what came is found')
    alice('undo', '-o', o)
    eq(len(same(o, 'lighthouse')), 1, 'what was undone is not')
    eq(len(all_same(o)), 13, 'undone')
    alice('undo', '-o', o)
    eq(len(all_same(o)), 15, 'and there again')
    one = same(o, 'late')[0]['path']
    alice('forget', one)
    eq(len(same(o, 'lighthouse')), len(json_lines(scan(o, 'lighthouse'))), 'what is forgotten')
    alice('verify', '-o', o, expect=None)
    all_same(o)
    alice('catalog', 'rebuild', o, expect=None)
    all_same(o)
    db = sqlite3.connect(os.path.join(o, '.alice', 'catalog.db'))
    db.execute("UPDATE files SET date = 20300101 WHERE dest LIKE '%trip%' AND state = 1")
    db.commit()
    db.close()
    eq({x['date'] for x in same(o, '--project', 'trip')}, {'2030-01-01'}, 'another date')
    eq(same(o, '--newest-first')[0]['date'], '2030-01-01', 'and place in the order')
    all_same(o)


@test
def what_is_redated_is_found_on_its_day():
    inbox = os.path.join(fast(), 'in')
    for i in range(3):
        put(inbox, 'trip/pic%d.jpg' % i, b'\xff\xd8\xff\xe0' + b'%d' % i)
        os.utime(os.path.join(inbox, 'trip', 'pic%d.jpg' % i), (1500000000 + 90000 * i,) * 2)
    o = inbox + '-organized'
    organize(inbox, o, '--move')
    eq(len(same(o)), 3, 'at first')
    put(inbox, 'trip/pic1.jpg.xmp', b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:DateTimeOriginal='2011-02-03T04:05:06'/></rdf:RDF></x:xmpmeta>")
    organize(inbox, o, '--move')
    same(o)
    alice('redate', o)
    eq(same(o, '--type', 'jpeg')[0]['date'], '2011-02-03', 'it is the earliest now')
    same(o, '2011-02-03')
    alice('undo', '-o', o)
    same(o)


@test
def it_can_be_deleted_damaged_and_of_another_version():
    _, o = library()
    good, path = find(o), index_of(o)
    wanted = {args: sorted(scan(o, *args).splitlines()) for args in ((), ('lighthouse',))}
    size = os.path.getsize(path)
    os.unlink(path)
    eq(find(o), good, 'deleted')

    def write(at, data, to=None):
        with open(path, 'r+b') as f:
            f.seek(at)
            f.write(data)
            if to is not None:
                f.truncate(to)
    for what, damage in {'empty': lambda: write(0, b'', 0), 'cut': lambda: write(0, b'', size // 2 // 4096 * 4096),
                         'no database': lambda: write(0, b'no database at all' * 500),
                         'its header': lambda: write(0, b'\xff' * 100),
                         'its schema': lambda: write(100, b'\xff' * 2000),
                         'all but its first page': lambda: write(4096, b'\xa5' * (size - 4096)),
                         'of another version': lambda: sql(path, 'PRAGMA user_version = 99'),
                         'of another program': lambda: sql(path, 'PRAGMA application_id = 7'),
                         'half written': lambda: sql(path, 'DELETE FROM files WHERE id > (SELECT avg(id) FROM files)',
                                                     'UPDATE state SET value = 0'),
                         'without a table': lambda: sql(path, 'DROP TABLE days'),
                         'of another catalog': lambda: sql(path, 'DELETE FROM files', 'UPDATE state SET value = value + 2 WHERE slot IN (0, 9)')}.items():
        damage()
        for args in wanted:
            r = alice('find', '-o', o, '--json', *args, expect=None)
            eq(sorted(r.out.splitlines()), wanted[args], what)
        eq(find(o), good, what + ', and made anew')


@test
def what_is_no_index_of_its_own_is_left_alone():
    """A link to a file of the user, a second name of one, a pipe: none of them is written to."""
    _, o = library()
    good, path, other = find(o), index_of(o), os.path.join(place(), 'mine')
    os.unlink(path)
    sql(path, 'CREATE TABLE mine(x)')
    with open(path, 'rb') as f:
        database = f.read()
    for data in (b'my own words, ' * 100, b'', database):
        for put_there in (os.symlink, os.link):
            with open(other, 'wb') as f:
                f.write(data)
            remove(path)
            if put_there is os.link and os.stat(other).st_dev != os.stat(o).st_dev:
                shutil.copy(other, o + '-mine')
                os.link(o + '-mine', path)
            else:
                put_there(other, path)
            eq(sorted(find(o, note=True).splitlines()), sorted(good.splitlines()), 'the catalog tells it')
            with open(path, 'rb') as f:
                eq(f.read(), data, 'it is as it was')
            remove(path)
            remove(o + '-mine')
    os.symlink(other + '-not-there', path)
    find(o, note=True)
    assert not os.path.exists(other + '-not-there'), 'nothing is made through a link'
    os.unlink(path)
    os.mkfifo(path)
    eq(find(o, note=True), good, 'a pipe is not waited for')
    os.unlink(path)
    eq(find(o), good, 'made anew')


def sql(path, *statements):
    db = sqlite3.connect(path)
    for s in statements:
        db.execute(s)
    db.commit()
    db.close()


@test
def many_at_once_and_a_run_under_way():
    _, o = library()
    good = scan(o)
    running = [start('find', '-o', o, '--json') for _ in range(4)]
    for p in running:
        out, err = p.communicate()
        eq((p.returncode, out), (0, good), err)
    put(o + '-more', 'x/y.jpg', collection.sample.jpeg(collection.sample.tiff('Acme', 'New', '2024:05:06 07:08:09'), 8))
    organize(o + '-more', o)
    db = sqlite3.connect(os.path.join(o, '.alice', 'catalog.db'), isolation_level=None)
    db.execute('BEGIN EXCLUSIVE')
    r = alice('find', '-o', o, '--json')
    eq(r.out, good, 'as it was before the run')
    assert b'a run is under way' in r.err, r.text()
    os.unlink(index_of(o))
    r = alice('find', '-o', o, expect=3)
    assert b'in use' in r.err, r.text()
    db.close()
    eq(len(find(o).splitlines()), len(good.splitlines()) + 1, 'after it')


@test
def a_catalog_that_a_kill_left_is_asked_itself():
    _, o = library()
    good = find(o)
    path = os.path.join(o, '.alice', 'catalog.db')
    db = sqlite3.connect(path)
    db.execute('PRAGMA locking_mode = EXCLUSIVE')
    db.execute('PRAGMA journal_mode = WAL')
    db.execute("UPDATE files SET dest = 'x/y/z/' || id WHERE id = (SELECT min(id) FROM files WHERE state = 1)")
    db.commit()
    copies = {end: open(path + end, 'rb').read() for end in ('', '-wal')}
    db.close()
    for end, data in copies.items():
        with open(path + end, 'wb') as f:
            f.write(data)
    assert find(o, note=True) != good, 'what was written before the kill counts'
    before = os.stat(index_of(o)).st_mtime_ns
    find(o, note=True)
    eq(os.stat(index_of(o)).st_mtime_ns, before, 'the index waits')


@test
def places_are_found():
    here = [(48.8577, 2.2950), (48.8600, 2.2990), (48.90, 2.40), (-17.7, 179.999), (-17.7, -179.999), (89.9999, 10), (0.001, 0.001), (-33.9, 18.4)]
    _, o = library([('places/%d.jpg' % i, taken_at(*at, b'%d' % i)) for i, at in enumerate(here)])

    def near(*args):
        said = same(o, '--near', *args)
        return sorted(here.index((x['latitude'], x['longitude'])) if (x['latitude'], x['longitude']) in here else -1 for x in said)
    eq(near('48.8577,2.2950'), [0, 1], 'a kilometre, where it is not said')
    eq(near('48.8577,2.2950,0.1'), [0], 'so near')
    eq(near('48.8577,2.2950,15'), [0, 1, 2], 'and so far')
    eq(near('-17.7,180,1'), [3, 4], 'on both sides of the date line')
    eq(near('90,-170,1'), [5], 'at the pole')
    eq(near('0,0'), [6], 'where degrees change their sign')
    eq(near('-33.9,18.4,20000'), [0, 1, 2, 3, 4, 5, 6, 7], 'all round')
    eq(near('10,10,2'), [], 'where nothing was')
    eq(len(same(o, '--near', '48.8577,2.2950', '--project', 'places')), 2, 'and other facts')
    for bad in ('48', '48,', '48,2,', '48,2,0', '91,0', '0,181', 'nan,0', '1,2,3,4', 'x,y', '48,2,-1', ''):
        r = alice('find', '-o', o, '--near', bad, expect=2)
        assert b'--near' in r.err, r.text()


@test
def found_files_are_opened():
    _, o = library()
    top = fast()
    seen, program = os.path.join(top, 'seen'), os.path.join(top, 'xdg-open')
    with open(program, 'w') as f:
        f.write('#!/bin/sh\necho "$1" >>%s\n' % seen)
    os.chmod(program, 0o755)
    env = environment(DISPLAY=':0', PATH=top + ':' + os.environ['PATH'])
    said = alice('find', '-o', o, '--open', 'lighthouse', env=env).out.decode()
    with open(seen) as f:
        eq(f.read(), said, 'what is opened')
    os.unlink(seen)
    r = alice('find', '-o', o, '--open', env=env)
    with open(seen) as f:
        eq((len(f.readlines()), len(r.out.splitlines())), (10, 10), 'ten at most')
    with open(program, 'w') as f:
        f.write('#!/bin/sh\nexit 4\n')
    alice('find', '-o', o, '--open', 'lighthouse', env=env, expect=1)
    os.unlink(program)
    env['PATH'] = top
    r = alice('find', '-o', o, '--open', 'lighthouse', env=env, expect=1)
    assert b'xdg-open' in r.err, r.text()
    for name in 'DISPLAY', 'WAYLAND_DISPLAY':
        env.pop(name, None)
    r = alice('find', '-o', o, '--open', 'lighthouse', env=env, expect=2)
    assert b'desktop' in r.err and not r.out, r.text()
    alice('find', '-o', o, '--newest-first', '--oldest-first', expect=2)


main()
