"""alice organize of archives: parts that belong together, what is hostile, cut off, killed, too large."""
import fcntl
import gzip
import io
import os
import random
import re
import shutil
import signal
import struct
import tarfile
import zipfile
import zlib

from harness import *

KILLS = int(os.environ.get('ALICE_KILLS', '4'))
SEED = int(os.environ.get('ALICE_SEED', '1'))
YEAR = 'Takeout/Google Photos/Photos from 2020/'


def photo(seed):
    return collection.sample.jpeg(seed=seed)


def zipped(path, files, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', how) as z:
        for name, data in files:
            info = zipfile.ZipInfo(name, (2020, 5, 6, 7, 8, 10))
            info.compress_type = how
            z.writestr(info, data)
    return path


def tarred(path, files, mode='w:gz'):
    with tarfile.open(path, mode) as t:
        for name, data in files:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.mtime = 1588748890
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return path


def alice_on(archives, organized, *more, report=False, **how):
    where = os.path.join(os.path.dirname(organized), 'report')
    args = ['organize', *archives, organized, '--json', *more]
    if report:
        args += ['--report', where, '--force']
    r = alice(*args, **how)
    r.summary = r.json() if r.out else None
    if report:
        with open(where, encoding='utf-8') as f:
            r.report = [json.loads(line) for line in f]
    return r


def organized_files(organized):
    """path below it → its hash, but for what is alice's own"""
    return {p: v[3] for p, v in listing(organized).items() if v[3]}


def nothing_left(organized):
    eq(sorted(os.listdir(os.path.join(organized, '.alice'))),
       ['catalog.db', 'catalog.lock', 'generation', 'tmp'], "alice's own folder")
    eq(os.listdir(os.path.join(organized, '.alice', 'tmp')), [], 'its scratch files')


def three_parts(top):
    parts = [zipped(os.path.join(top, 'takeout-x-001.zip'),
                    [(YEAR + 'IMG_1.jpg', photo(1)), (YEAR + 'IMG_2.jpg', photo(2)),
                     (YEAR + 'IMG_2(1).jpg', photo(3)), (YEAR + 'IMG_4.jpg', photo(4)),
                     (YEAR + 'IMG_4-edited.jpg', photo(5)),
                     (YEAR + 'Screenshot_20200506-070810_A very long name of it.jpg', photo(6)),
                     ('Takeout/archive_browser.html', b'<html>')]),
             zipped(os.path.join(top, 'takeout-x-002.zip'),
                    [(YEAR + 'IMG_1.jpg.json', b'{"title": "IMG_1.jpg"}'),
                     (YEAR + 'IMG_2.jpg.supplemental-metadata.json', b'{"title": "IMG_2.jpg"}'),
                     (YEAR + 'IMG_2.jpg(1).json', b'{"title": "IMG_2.jpg", "n": 1}'),
                     (YEAR + 'Screenshot_20200506-070810_A very long name of.json', b'{"title": "S"}')],
                    zipfile.ZIP_STORED),
             tarred(os.path.join(top, 'takeout-x-003.tgz'), [(YEAR + 'IMG_4.jpg.json', b'{"title": "IMG_4.jpg"}'),
                                                             ('Urlaub/übung.jpg', photo(7))])]
    return parts


@test
def what_belongs_together_meets_across_parts():
    top = fast()
    parts, organized = three_parts(top), os.path.join(top, 'organized')
    before = {p: sha_of(p) for p in parts}
    r = alice_on(parts, organized, '--keep-names', report=True)
    eq((r.summary['organized'], r.summary['skipped'], r.summary['errors']), (12, 1, 0), r.text())
    eq(r.summary['followers'], 6, 'five sidecars and an edited copy')
    to = {os.path.basename(f['source_path']): os.path.relpath(f['destination'], organized)
          for f in r.report if f['status'] == 'organized'}
    number = {name: re.search(r'-(\d{5})', where).group(1) for name, where in to.items()}
    for picture, sidecar in (('IMG_1.jpg', 'IMG_1.jpg.json'),
                             ('IMG_2.jpg', 'IMG_2.jpg.supplemental-metadata.json'),
                             ('IMG_2(1).jpg', 'IMG_2.jpg(1).json'), ('IMG_4.jpg', 'IMG_4.jpg.json'),
                             ('IMG_4.jpg', 'IMG_4-edited.jpg'),
                             ('Screenshot_20200506-070810_A very long name of it.jpg',
                              'Screenshot_20200506-070810_A very long name of.json')):
        eq(number[picture], number[sidecar], sidecar)
        eq(os.path.dirname(to[picture]), os.path.dirname(to[sidecar]), sidecar)
    # A folder of the archive is a project; those of an export are none.
    eq(to['übung.jpg'].split('/')[1], 'Urlaub')
    eq(to['IMG_1.jpg'].split('/')[1], 'uncategorized')
    # Named as if the archives were one folder.
    source = {f['source_path'] for f in r.report}
    assert os.path.join(top, 'takeout-x-00*') + '/' + YEAR + 'IMG_1.jpg' in source, source
    eq({p: sha_of(p) for p in parts}, before, 'the archives')
    nothing_left(organized)
    # A second run knows what is in them, and so does one over a folder of the same files.
    tree = organized_files(organized)
    again = alice_on(parts, organized).summary
    eq((again['organized'], again['errors']), (0, 0), again)
    eq(organized_files(organized), tree, 'the tree')
    nothing_left(organized)


@test
def one_archive_is_the_folder_of_its_files():
    top = fast()
    zip_path = zipped(os.path.join(top, 'holiday.zip'), [('a/1.jpg', photo(1))])
    organized = os.path.join(top, 'organized')
    r = alice_on([zip_path], organized, '--move', report=True)
    eq(r.report[0]['source_path'], zip_path + '/a/1.jpg')
    assert b'the archives stay as they are' in r.err, r.text()
    assert os.path.exists(zip_path)


@test
def a_run_over_archives_is_taken_back_where_they_have_its_files():
    top = fast()
    parts, organized = three_parts(top), os.path.join(top, 'organized')
    alice_on(parts, organized, '--keep-names')
    full = organized_files(organized)
    hidden = os.path.join(top, 'away.zip')

    def undo(*more, expect=0):
        r = alice('undo', '-o', organized, '--json', *more, expect=expect)
        return r, r.json()
    # One archive is not there: what it had is the only copy now.
    os.rename(parts[0], hidden)
    r, dry = undo('-n', expect=1)
    eq((dry['done'], dry['left']), (6, 6), r.text())
    eq(organized_files(organized), full, 'a dry undo')
    os.rename(hidden, parts[0])
    # An edited file stays, all others go, and so do their folders.
    edited = next(p for p in full if b'IMG_2(1).jpg' in p)
    with open(os.path.join(os.fsencode(organized), edited), 'ab') as f:
        f.write(b'edited')
    r, done = undo(expect=1)
    eq((done['done'], done['left']), (11, 1), r.text())
    assert b'changed since' in r.err, r.text()
    eq(list(organized_files(organized)), [edited])
    assert all(os.path.exists(p) for p in parts)
    # What an undo took back is organized again from the archives, not by an undo of it.
    r, again = undo(expect=1)
    eq((again['done'], again['left']), (0, 11), r.text())
    assert b'organize that again' in r.err, r.text()
    alice_on(parts, organized, '--keep-names')
    assert set(full.values()) <= set(organized_files(organized).values())
    # None of it where an archive has the name but other bytes, or is damaged.
    with open(parts[2], 'r+b') as f:
        f.seek(60)
        f.write(b'rotten')
    before = organized_files(organized)
    r, rotten = undo('-n', expect=1)
    assert rotten['left'] >= 1 and b'damaged' in r.err, r.text()
    eq(organized_files(organized), before)


@test
def an_undo_of_archives_that_is_killed_goes_on():
    top = place()
    files = [('p/%03d.jpg' % i, photo(i)) for i in range(150)]
    path = zipped(os.path.join(top, 'k.zip'), files, zipfile.ZIP_STORED)
    rng = random.Random(SEED)
    organized = os.path.join(top, 'organized')
    alice_on([path], organized)
    began = time.monotonic()
    alice('undo', '-n', '-o', organized)
    took = 4 * (time.monotonic() - began)
    for _ in range(KILLS):
        p = start('undo', '-o', organized, '--json')
        try:
            p.wait(rng.random() * took)
        except subprocess.TimeoutExpired:
            pass
        p.kill()
        p.communicate()
    alice('undo', '1', '-o', organized)
    eq(organized_files(organized), {})
    alice('verify', organized)
    alice_on([path], organized)
    eq(sorted(organized_files(organized).values()), sorted(hashlib.sha256(d).hexdigest() for _, d in files))


@test
def two_exports_with_one_name_are_two_files():
    top = fast()
    first = zipped(os.path.join(top, 'a.zip'), [('p/x.jpg', photo(1)), ('p/y.jpg', photo(3))])
    second = zipped(os.path.join(top, 'b.zip'), [('p/x.jpg', photo(2)), ('p/y.jpg', photo(3))])
    organized = os.path.join(top, 'organized')
    s = alice_on([first, second], organized).summary
    eq((s['organized'], s['duplicates'], s['errors']), (3, 1, 0), s)
    eq(sorted(organized_files(organized).values()),
       sorted(hashlib.sha256(photo(i)).hexdigest() for i in (1, 2, 3)), 'each content once')


@test
def a_name_that_is_a_file_and_a_folder_is_both():
    top = fast()
    path = zipped(os.path.join(top, 'a.zip'), [('p', photo(1)), ('p/x.jpg', photo(2)), ('p/y.jpg', photo(3)),
                                               ('q/z.jpg', photo(4)), ('q', photo(5))])
    organized = os.path.join(top, 'organized')
    s = alice_on([path], organized).summary
    eq((s['organized'], s['errors']), (5, 0), s)
    eq(sorted(organized_files(organized).values()),
       sorted(hashlib.sha256(photo(i)).hexdigest() for i in range(1, 6)), 'each content once')
    nothing_left(organized)


def hostile_tar(top):
    def kind(name, what, to=''):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = what, to
        return info
    return tarred(os.path.join(top, 'h.tar'),
                  [('/etc/absolute.jpg', photo(1)), ('../out.jpg', photo(2)), ('a/../../out2.jpg', photo(3)),
                   (kind('link.jpg', tarfile.SYMTYPE, '/etc/passwd'), b''),
                   (kind('hard.jpg', tarfile.LNKTYPE, '/etc/passwd'), b''),
                   (kind('fifo.jpg', tarfile.FIFOTYPE), b''), (kind('dev.jpg', tarfile.CHRTYPE), b''),
                   ('n' * 300 + '.jpg', photo(4)), ('inner.zip', b'PK\3\4' + bytes(100)), ('good.jpg', photo(5))],
                  'w')


@test
def what_is_hostile_is_refused_by_name():
    top = fast()
    organized = os.path.join(top, 'in', 'organized')
    os.mkdir(os.path.dirname(organized))
    r = alice_on([hostile_tar(top)], organized, expect=1, report=True)
    said = {os.path.basename(f['source_path']): f.get('reason', '') for f in r.report if f['status'] == 'error'}
    for name, word in (('absolute.jpg', 'absolute'), ('out.jpg', "'..'"), ('out2.jpg', "'..'"),
                       ('link.jpg', 'a link'), ('hard.jpg', 'a link'), ('fifo.jpg', 'no file'),
                       ('dev.jpg', 'no file'), ('n' * 300 + '.jpg', 'too long')):
        assert word in said.get(name, ''), (name, said)
    eq((r.summary['organized'], r.summary['errors'], r.summary['not_media']), (1, 8, 1), r.text())
    eq(list(organized_files(organized).values()), [hashlib.sha256(photo(5)).hexdigest()])
    eq(sorted(os.listdir(top)), ['h.tar', 'in'], 'nothing beside it')
    nothing_left(organized)


@test
def what_is_encrypted_or_packed_in_another_way_is_named():
    top = fast()
    path = zipped(os.path.join(top, 'e.zip'), [('secret.jpg', photo(1)), ('open.jpg', photo(2))])
    with open(path, 'r+b') as f:
        f.seek(6)
        f.write(b'\1\0')  # the flag in the local header
    r = alice_on([path], os.path.join(top, 'o1'), expect=1, report=True)
    eq((r.summary['organized'], r.summary['errors']), (1, 1), r.text())
    assert b'secret.jpg: it is encrypted' in r.err, r.text()
    path = zipped(os.path.join(top, 'l.zip'), [('one.jpg', photo(1))], zipfile.ZIP_LZMA)
    r = alice_on([path], os.path.join(top, 'o2'), expect=1)
    assert b'one.jpg: refused: compressed in a way' in r.err, r.text()
    path = tarred(os.path.join(top, 'x.txz'), [('one.jpg', photo(1))], 'w:xz')
    r = alice_on([path], os.path.join(top, 'o3'), expect=1)
    assert b'no archive that is read here' in r.err, r.text()


@test
def a_bomb_is_refused():
    top = fast()
    path = zipped(os.path.join(top, 'b.zip'), [('good.jpg', photo(1)), ('zeros.jpg', bytes(80 * MB)),
                                               ('later.jpg', photo(2))])
    r = alice_on([path], os.path.join(top, 'organized'), '--max-memory', '24', expect=1, watch=True)
    assert b'zeros.jpg: refused: the archive unpacks to more than 200 times' in r.err, r.text()
    eq(r.summary['organized'], 1, r.text())
    if not sanitized():
        assert r.summary['memory']['peak_bytes'] <= 24 * MB
    nothing_left(os.path.join(top, 'organized'))


@test
def archives_that_are_cut_off_give_what_is_whole():
    top = fast()
    files = [('p/%d.jpg' % i, photo(i) + random.Random(i).randbytes(3000)) for i in range(8)]
    whole = {hashlib.sha256(d).hexdigest() for _, d in files}
    rng = random.Random(SEED)
    for make, name in ((zipped, 'c.zip'), (tarred, 'c.tgz')):
        path = make(os.path.join(top, name), files)
        with open(path, 'rb') as f:
            data = f.read()
        last = data.find(b'PK\1\2') if name == 'c.zip' else len(data) - 20
        for n in [0, 3, 40] + [rng.randrange(last) for _ in range(2)]:
            cut = os.path.join(top, 'cut-' + name)
            with open(cut, 'wb') as f:
                f.write(data[:n])
            organized = os.path.join(top, 'o-%s-%d' % (name, n))
            r = alice_on([cut], organized, expect=1)
            assert r.summary['errors'] >= 1, r.text()
            got = organized_files(organized).values()
            assert set(got) <= whole, 'none is in part'
            eq(len(got), r.summary['organized'])
            # The whole one brings the rest, and nothing twice.
            alice_on([path], organized)
            eq(sorted(organized_files(organized).values()), sorted(whole), 'after the whole one')


@test
def a_kill_at_any_moment_leaves_nothing_half_and_the_next_run_goes_on():
    top = place()
    files = [('p/%03d.jpg' % i, photo(i) + random.Random(i).randbytes(20000)) for i in range(40)]
    files += [('p/%03d.jpg.json' % i, b'{"title": "%03d.jpg"}' % i) for i in range(40)]
    whole = sorted(hashlib.sha256(d).hexdigest() for _, d in files)
    path = zipped(os.path.join(top, 'k.zip'), files, zipfile.ZIP_STORED)
    before = sha_of(path)
    rng = random.Random(SEED)
    began = time.monotonic()
    alice_on([path], os.path.join(top, 'first'))
    took = time.monotonic() - began
    for i in range(KILLS):
        organized = os.path.join(top, 'o%d' % i)
        for _ in range(2):
            p = start('organize', path, organized, '--json')
            try:
                p.wait(rng.random() * took)
            except subprocess.TimeoutExpired:
                pass
            p.kill()
            p.communicate()
            if os.path.isdir(organized):
                got = [v for v in organized_files(organized).values()]
                assert set(got) <= set(whole) and len(set(got)) == len(got), 'half or twice'
        alice_on([path], organized)
        eq(sorted(organized_files(organized).values()), whole, 'after kill %d' % i)
        for where in organized_files(organized):
            assert not where.endswith(b'.json') or where[:-5] in organized_files(organized), where
        nothing_left(organized)
    eq(sha_of(path), before, 'the archive')


@test
def memory_stays_under_the_limit():
    if sanitized():
        raise Skip('a sanitizer has memory of its own')
    top = place()
    base = random.Random(1).randbytes(4 * MB)
    many = [('p/%d.jpg' % i, photo(i)) for i in range(300)]
    large = [('l/%d.jpg' % i, photo(i) + base) for i in range(2)]
    parts = [zipped(os.path.join(top, 'm.zip'), many + large), tarred(os.path.join(top, 'm.tgz'), large)]
    for limit in (14, 24):
        r = alice_on(parts, os.path.join(top, 'o%d' % limit), '--max-memory', str(limit), watch=True)
        eq((r.summary['organized'], r.summary['errors']), (302, 0), r.text())
        assert max(r.high, r.summary['memory']['peak_bytes']) <= limit * MB, (r.high, limit)


@test
def the_library_is_loaded_for_archives_only():
    top = fast()
    inbox = os.path.join(top, 'inbox')
    os.mkdir(inbox)
    with open(os.path.join(inbox, 'a.jpg'), 'wb') as f:
        f.write(photo(1))
    path = zipped(os.path.join(top, 'a.zip'), [('a.jpg', photo(1))])
    env = environment(LD_DEBUG='files')
    if b'libc.so' not in alice('organize', inbox, os.path.join(top, 'o'), env=env).err:
        raise Skip('this dynamic linker tells nothing')
    assert b'libarchive' not in alice('organize', inbox, os.path.join(top, 'o'), env=env).err
    assert b'libarchive' in alice('organize', path, os.path.join(top, 'o'), env=env).err


@test
def wrong_words_are_refused_before_anything_is_made():
    top = fast()
    path = zipped(os.path.join(top, 'a.zip'), [('a.jpg', photo(1))])
    organized = os.path.join(top, 'organized')
    for words in ([path], [path, path], [path, top, organized],
                  [path, organized, '--move', '--prune-empty'], [path, organized, '--move', '--duplicates', 'remove']):
        alice('organize', *words, expect=2)
    r = alice('organize', path, os.path.join(top, 'none.zip'), organized, expect=None)
    assert r.status in (2, 3) and b'none.zip' in r.err, r.text()
    assert not os.path.exists(organized)
    not_one = os.path.join(top, 'text.zip')
    with open(not_one, 'wb') as f:
        f.write(b'hello' * 1000)
    r = alice('organize', not_one, path, organized, expect=1)
    eq(len(organized_files(organized)), 1, r.text())
    for name in ('a.7z', 'a.rar'):
        os.rename(not_one, os.path.join(top, name))
        not_one = os.path.join(top, name)
        r = alice('organize', not_one, organized, expect=1)
        assert name.encode() + b': it is no archive that is read here' in r.err, r.text()



def long_photo(seed, n, tail=0):
    """A photo of n bytes; those of one seed begin alike, however long the beginning."""
    data = photo(seed)
    return data + random.Random(seed).randbytes(n - len(data) - 8) + tail.to_bytes(8, 'big')


def written():
    """Bytes that this process and its children wrote, to files and pipes."""
    with open('/proc/self/io') as f:
        return int(re.search(r'wchar: (\d+)', f.read()).group(1))


@test
def what_is_no_medium_or_stands_already_is_not_written():
    top = fast()
    album = 'Takeout/Google Photos/Paris/'
    organized = os.path.join(top, 'organized')
    pictures = [long_photo(i, 300000 + i) for i in range(8)]
    files = [(YEAR + '%d.jpg' % i, data) for i, data in enumerate(pictures)]
    files += [(album + '%d.jpg' % i, data) for i, data in enumerate(pictures)]
    files += [('Takeout/Drive/video.iso', random.Random(1).randbytes(3000000)), ('Takeout/.hidden.jpg', photo(90))]
    parts = [zipped(os.path.join(top, 'takeout-x-001.zip'), files[:5], zipfile.ZIP_STORED),
             zipped(os.path.join(top, 'takeout-x-002.zip'), files[5:14]),
             tarred(os.path.join(top, 'takeout-x-003.tgz'), files[14:])]
    size = sum(len(p) for p in pictures)
    before = written()
    r = alice_on(parts, organized, '--receipt', os.path.join(top, 'receipt'), report=True)
    once = written() - before
    counts = ('files', 'organized', 'duplicates', 'skipped', 'not_media', 'passed_over', 'errors')
    eq([r.summary[k] for k in counts], [17, 8, 8, 1, 1, 1, 0], r.text())
    assert once < 1.2 * size, (once, size)
    with open(os.path.join(top, 'receipt'), encoding='utf-8') as f:
        receipt = [json.loads(line) for line in f]
    eq(sum(1 for line in receipt if line.get('xxh128')), 17, 'each has the hash of its content')
    # Again, and packed in another way: nothing is written at all.
    tree = listing(organized)
    other = [zipped(os.path.join(top, 'takeout-y-001.zip'), files)]
    for archives, known, duplicates in ((parts, 16, 0), (other, 0, 16), (other, 16, 0)):
        before = written()
        s = alice_on(archives, organized).summary
        eq((s['organized'], s['already_known'], s['duplicates'], s['errors']), (0, known, duplicates, 0), s)
        assert written() - before < size / 4, written() - before
        eq({p: v for p, v in listing(organized).items() if not p.startswith(b'.alice')},
           {p: v for p, v in tree.items() if not p.startswith(b'.alice')}, 'the tree, to its times')
        nothing_left(organized)
    # What was edited in organized is not the same any more.
    one = next(p for p in organized_files(organized) if p.endswith(b'.jpg'))
    with open(os.path.join(os.fsencode(organized), one), 'r+b') as f:
        f.seek(200000)
        f.write(b'edited')
    eq(alice_on(parts, organized).summary['organized'], 1, 'the one')


@test
def what_begins_alike_is_kept_whole():
    """Twins until the last byte, or until one of them ends: compared as they come, written in the end."""
    top = fast()
    organized = os.path.join(top, 'organized')
    whole = long_photo(1, 400000)
    files = [whole, long_photo(1, 400000, 1), whole[:300000], whole[:65536], whole + b'x', whole[:70000], long_photo(1, 400000, 2)]
    for order in (files, files[::-1]):
        shutil.rmtree(organized, ignore_errors=True)
        for again in range(2):
            path = tarred(os.path.join(top, 'takeout-%d-001.tgz' % again), [('d%d/a.jpg' % i, data) for i, data in enumerate(order)])
            s = alice_on([path], organized).summary
            eq((s['organized'], s['errors']), (0 if again else len(files), 0), s)
        eq(sorted(organized_files(organized).values()), sorted(hashlib.sha256(x).hexdigest() for x in files), 'all bytes')


@test
def what_belongs_to_a_picture_that_is_organized_finds_it():
    """A picture that is not unpacked, as it stands already, leads what comes with it as any other."""
    top = fast()
    organized = os.path.join(top, 'organized')
    live = collection.sample.jpeg(collection.sample.tiff('Apple', 'iPhone', '2020:05:06 07:08:09'), 1)
    alice_on([zipped(os.path.join(top, 'takeout-1-001.zip'), [(YEAR + 'IMG_1.JPG', live)])], organized)
    r = alice_on([zipped(os.path.join(top, 'takeout-2-001.zip'),
                         [(YEAR + 'IMG_1.JPG', live), (YEAR + 'IMG_1.JPG.json', b'{"title": "IMG_1.JPG"}'),
                          (YEAR + 'IMG_1.MOV', collection.sample.mp4(2082844800 + 1588748889))])], organized, report=True)
    eq((r.summary['organized'], r.summary['duplicates'], r.summary['followers']), (2, 1, 2), r.report)
    eq(len({os.path.splitext(os.path.basename(p))[0].split(b'.')[0] for p in organized_files(organized)}), 1, 'one number')


def scratch_left():
    """Scratch folders of dry runs that nobody holds: other tests have theirs."""
    left = []
    for name in os.listdir('/var/tmp'):
        if not name.startswith('alice-dry-run-'):
            continue
        try:
            fd = os.open(os.path.join('/var/tmp', name), os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.append(name)
        except BlockingIOError:
            pass
        os.close(fd)
    return left


@test
def a_dry_run_tells_what_a_run_would_do():
    top = fast()
    parts, organized = three_parts(top), os.path.join(top, 'organized')
    parts.append(zipped(os.path.join(top, 'takeout-x-004.zip'),
                        [('Takeout/Google Photos/Paris/IMG_1.jpg', photo(1)), ('big/1.jpg', long_photo(8, 400000)),
                         ('big/2.jpg', long_photo(8, 400000, 1)), ('big/3.jpg', long_photo(8, 400000))]))
    counts = ('files', 'organized', 'duplicates', 'skipped', 'followers', 'not_media', 'errors', 'bytes', 'by_source')
    plan = alice_on(parts, organized, '-n', report=True)
    assert not os.path.exists(organized), 'nothing is made'
    eq(scratch_left(), [], 'no scratch files are left')
    text = alice('organize', '-n', *parts, organized)
    assert b'first 64 KB' in text.out, text.text()
    real = alice_on(parts, organized, report=True)
    eq([plan.summary[k] for k in counts], [real.summary[k] for k in counts], 'the counts')

    def fates(r):
        return {(f['source_path'], f['status'], f.get('destination')) for f in r.report}
    eq(fates(plan), fates(real), 'where each goes')
    tree = listing(organized)
    again = alice_on(parts, organized, '-n').summary
    eq((again['organized'], again['errors']), (0, 0), again)
    eq(listing(organized), tree, 'nothing is changed')
    # An interrupted one leaves nothing either.
    p = start('organize', '-n', *parts, organized)
    p.send_signal(signal.SIGINT)
    p.communicate()
    eq(scratch_left(), [], 'no scratch files are left')


@test
def an_export_is_checked_before_it_is_deleted():
    """Whether each file of the archives stands in organized: nothing is unpacked, nothing changed."""
    def check(*words, expect=0, **how):
        r = alice('check-source', *words, '-o', out, '--json', '-v', expect=expect, **how)
        *files, last = [json.loads(line) for line in r.out.splitlines()]
        return last, {f['source_path']: f for f in files}
    top = place()
    out = os.path.join(top, 'organized')
    parts = three_parts(top)
    names = {part: zipfile.ZipFile(part).namelist() if part.endswith('.zip') else tarfile.open(part).getnames()
             for part in parts}
    alice_on(parts, out)
    before = listing(out), [sha_of(p) for p in parts]
    for more in ((), ('--full',), ('--max-memory', '14')):
        last, files = check(*parts, *more)
        eq((last['all_safe'], last['not_safe'], last['no_media'], last['archives']), (True, 0, 1, parts), more)
        eq(set(files), {p + '/' + n for p in parts for n in names[p]}, 'each is told')
        for path, f in files.items():
            eq(f['status'], 'no media' if path.endswith('.html') else 'safe', path)
            if f['status'] == 'safe':
                assert f['destination'].startswith(out) and os.path.exists(f['destination']), f
    for part in parts:
        eq(check(part)[0]['all_safe'], True, part)

    # A medium that is not there, one behind a hole, a hidden one, none at all, a name without its content.
    more = tarred(os.path.join(top, 'more.tgz'), [
        ('a/new.jpg', photo(70)), ('.trash/x.jpg', photo(71)), ('a/.y.jpg', photo(72)), ('a/notes.txt', b'text'),
        ('a/empty.jpg', b''), ('a/torn.jpg', b'no picture at all'), ('a/again.jpg', photo(1))])
    last, files = check(more, expect=1)
    eq({os.path.basename(p): f['status'] for p, f in files.items()},
       {'new.jpg': 'not safe', 'notes.txt': 'no media', 'empty.jpg': 'no media', 'torn.jpg': 'not safe',
        'again.jpg': 'safe'}, 'of another archive')
    eq((last['all_safe'], last['passed_over']), (False, 2), 'of another archive')

    # An organized file that is gone, or has other bytes, makes its source unsafe; so does an archive that is cut.
    _, files = check(*parts)
    (one, f), *_ = [x for x in files.items() if x[0].endswith('IMG_2.jpg')]
    with open(f['destination'], 'rb') as g:
        kept, stat = g.read(), os.stat(f['destination'])
    os.unlink(f['destination'])
    eq(check(*parts, expect=1)[1][one]['status'], 'not safe', 'it is gone')
    with open(f['destination'], 'wb') as g:
        g.write(kept[:-1] + bytes([kept[-1] ^ 1]))
    os.utime(f['destination'], ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    eq(check(*parts, '--full', expect=1)[1][one]['status'], 'not safe', 'it rotted')
    with open(f['destination'], 'wb') as g:
        g.write(kept)
    os.utime(f['destination'], ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    cut = os.path.join(top, 'cut.zip')
    with open(parts[0], 'rb') as g, open(cut, 'wb') as h:
        data = g.read()
        h.write(data[:len(data) // 2])
    last, files = check(cut, expect=1)
    assert last['not_safe'] >= 1 and any('cut off' in f.get('reason', '') for f in files.values()), files
    eq(([v[3] for v in listing(out).values()], [sha_of(p) for p in parts]),
       ([v[3] for v in before[0].values()], before[1]), 'nothing was changed')
    said = alice('check-source', *parts, '-o', out).out.decode()
    assert said.startswith('Safe: all ') and ' of these archives stand in ' in said, said
    assert b'one too many' in alice('check-source', parts[0], top, '-o', out, expect=2).err
    assert b'one too many' in alice('check-source', top, parts[0], '-o', out, expect=2).err
    alice('check-source', parts[0], '-o', os.path.join(top, 'nowhere'), expect=3)


def check(archives, organized, *more, expect=0):
    r = alice('check-source', *archives, '-o', organized, '--json', '-v', *more, expect=expect)
    *told, last = [json.loads(line) for line in r.out.splitlines()]
    return last, {f['source_path']: f for f in told}


@test
def sidecars_are_of_their_own_export():
    """Where the first export has a picture and the second its sidecar's name, they do not meet."""
    top = fast()
    def part(name, files):
        return zipped(os.path.join(top, name), files)
    parts = [part('takeout-20240101T000000Z-001.zip', [(YEAR + 'IMG_1.jpg', photo(1)), (YEAR + 'IMG_2.jpg', photo(2))]),
             part('takeout-20240202T000000Z-001.zip', [(YEAR + 'IMG_1.jpg', photo(3))]),
             part('takeout-20240202T000000Z-002.zip', [(YEAR + 'IMG_1.jpg.json', b'{"title": "of the second"}'),
                                                       (YEAR + 'IMG_2.jpg.json', b'{"title": "of none"}')]),
             part('takeout-20240101T000000Z-002.zip', [(YEAR + 'IMG_1.jpg.json', b'{"title": "of the first"}')])]
    organized = os.path.join(top, 'organized')
    r = alice_on(parts, organized)
    eq((r.summary['organized'], r.summary['skipped'], r.summary['errors']), (5, 1, 0), r.text())
    tree = {p.decode(): os.path.join(organized, p.decode()) for p in organized_files(organized)}
    beside = {}
    for path, where in tree.items():
        if path.endswith('.json'):
            with open(where, 'rb') as f:
                beside[f.read()] = sha_of(tree[path[:-5].removesuffix('.jpg') + '.jpg'])
    eq(beside, {b'{"title": "of the first"}': hashlib.sha256(photo(1)).hexdigest(),
                b'{"title": "of the second"}': hashlib.sha256(photo(3)).hexdigest()})
    # As many as fit, and no more.
    many = [part('takeout-%03d-001.zip' % i, [('a.jpg', photo(100 + i))]) for i in range(25)]
    s = alice_on(many[:24], os.path.join(top, 'o2')).summary
    eq((s['organized'], s['errors']), (24, 0))
    r = alice('organize', *many, os.path.join(top, 'o3'), expect=None)
    assert r.status != 0 and b'at most 24 exports' in r.err, r.text()


@test
def what_is_not_whole_is_not_safe():
    """Damage that a stream passes over without a word is told, by a run and by a check."""
    top = fast()
    pictures = [('p/%d.jpg' % i, photo(i)) for i in range(4)]
    organized = os.path.join(top, 'all')
    alice_on([zipped(os.path.join(top, 'all.zip'), pictures)], organized)

    def is_told(name, data, what, whole=None):
        path = os.path.join(top, name)
        with open(path, 'wb') as f:
            f.write(data)
        last, told = check([path], organized, expect=1)
        assert not last['all_safe'] and any(what in f.get('reason', '') for f in told.values()), (name, told)
        r = alice_on([path], os.path.join(top, 'o-' + name), report=True, expect=1)
        assert any(what in f.get('reason', '') for f in r.report), (name, r.report)
        eq(r.summary['organized'], whole if whole is not None else r.summary['organized'], name)

    def read(path):
        with open(path, 'rb') as f:
            return f.read()
    stored = read(zipped(os.path.join(top, 's.zip'), pictures, zipfile.ZIP_STORED))
    tar = read(tarred(os.path.join(top, 's.tar'), pictures, 'w'))
    tgz = read(tarred(os.path.join(top, 's.tgz'), pictures))
    # The signature of the third file rotted: the next is looked for.
    third = stored.index(b'PK\3\4', stored.index(b'p/1.jpg'))
    is_told('rot.zip', stored[:third] + b'XX' + stored[third + 2:], 'names others than were found', 3)
    is_told('list.zip', stored[:stored.index(b'PK\1\2')] + b'PK\1\2' + bytes(60), 'list of files')
    # The list says more files than there are.
    twice = stored.index(b'PK\1\2')
    is_told('fewer.zip', stored[:third] + stored[twice:], 'damaged or missing')
    # A tar that ends between two files; a header whose sum is wrong.
    header = tar.index(b'p/2.jpg')
    is_told('cut.tar', tar[:header], 'mark of its end', 2)
    is_told('rot.tar', tar[:header] + b'q' + tar[header + 1:], 'passed over', 3)
    is_told('cut.tgz', tgz[:-4], 'cut off', 4)
    is_told('sum.tgz', tgz[:-8] + bytes([tgz[-8] ^ 1]) + tgz[-7:], 'damaged', 4)
    is_told('more.tgz', tgz + b'behind', 'behind its end', 4)
    is_told('none.zip', stored[:0] + b'PK\5\6' + bytes(18), 'no file in it', 0)
    is_told('text.zip', b'no archive' * 1000, 'no archive', 0)

    # None of it is told of what is whole: tapes with zeros behind, two in one, a comment behind.
    def is_whole(name, data):
        path = os.path.join(top, name)
        with open(path, 'wb') as f:
            f.write(data)
        eq(check([path], organized)[0]['safe'], len(pictures), name)
    is_whole('padded.tgz', tgz + bytes(1000))
    is_whole('members.tgz', gzip.compress(tar[:3000]) + gzip.compress(tar[3000:]))
    half = [read(tarred(os.path.join(top, 'h.tar'), pictures[i:i + 2], 'w')) for i in (0, 2)]
    is_whole('two.tar', half[0] + half[1])
    is_whole('comment.zip', stored[:-2] + b'\5\0hello')
    streamed = io.BytesIO()
    with zipfile.ZipFile(Unseekable(streamed), 'w', zipfile.ZIP_DEFLATED) as z:
        for name, data in pictures:
            with z.open(name, 'w', force_zip64=True) as f:
                f.write(data)
    is_whole('streamed.zip', streamed.getvalue())
    os.symlink('comment.zip', os.path.join(top, 'link.zip'))
    eq(check([os.path.join(top, 'link.zip')], organized)[0]['safe'], 4, "the caller's own link")


class Unseekable(io.RawIOBase):
    """What is written through it has its sizes behind it, and 64 bits for them."""
    def __init__(self, to):
        self.to = to

    def writable(self):
        return True

    def write(self, b):
        return self.to.write(b)


@test
def what_belongs_to_a_picture_is_asked_for_too():
    """A sidecar, a caption, an archive inside: safe where organized has them, else not; what is beside no picture is none."""
    top = fast()
    taken = b'{"title": "x", "photoTakenTime": {"timestamp": "1588748890"}}'
    album = [(YEAR + 'IMG_1.jpg.json', taken), (YEAR + 'metadata.json', b'{"title": "album"}'), (YEAR + 'B.txt', b'a prompt'),
             (YEAR + 'IMG_1.jpg', photo(1)), (YEAR + 'readme.txt', b'hello'), (YEAR + 'B.png', photo(2)),
             (YEAR + 'cut to a shorter na.json', taken + b' '), ('Takeout/inner.ZIP', b'PK\3\4' + bytes(50))]
    path = zipped(os.path.join(top, 'takeout-1-001.zip'), album)
    organized = os.path.join(top, 'organized')
    alice_on([zipped(os.path.join(top, 'only.zip'), [a for a in album if a[0].endswith(('jpg', 'png'))])], organized)
    last, told = check([path], organized, expect=1)
    eq({os.path.basename(p): f['status'] for p, f in told.items()},
       {'IMG_1.jpg': 'safe', 'B.png': 'safe', 'IMG_1.jpg.json': 'not safe', 'metadata.json': 'no media', 'B.txt': 'not safe',
        'readme.txt': 'no media', 'cut to a shorter na.json': 'not safe', 'inner.ZIP': 'not safe'})
    eq((last['files'], last['not_safe'], last['no_media']), (8, 4, 2))
    alice_on([path], organized)
    last, told = check([path], organized, expect=1)
    eq({os.path.basename(p) for p, f in told.items() if f['status'] == 'not safe'},
       {'cut to a shorter na.json', 'inner.ZIP'}, 'what a run could not place')
    # A folder says the same of an archive in it.
    inbox = os.path.join(top, 'inbox')
    os.mkdir(inbox)
    with open(os.path.join(inbox, 'all.tgz'), 'wb') as f:
        f.write(b'\x1f\x8b' + bytes(50))
    _, told = check([inbox], organized, expect=1)
    eq([f['status'] for f in told.values()], ['not safe'])


@test
def the_end_of_a_sparse_file_is_a_hole():
    top = place()
    hole = os.path.join(top, 'hole.jpg')
    with open(hole, 'wb') as f:
        f.write(photo(1))
        f.truncate(3 * MB)
    path = os.path.join(top, 'sparse.tar')
    subprocess.run(['tar', '-S', '-C', top, '-cf', path, 'hole.jpg'], check=True)
    assert os.path.getsize(path) < MB
    organized = os.path.join(top, 'organized')
    alice_on([path], organized)
    eq(list(organized_files(organized).values()), [sha_of(hole)])
    eq(check([path], organized)[0]['all_safe'], True)


@test
def a_file_without_a_time_is_not_of_the_day_it_is_unpacked():
    # As in archives that are made to be the same each time.
    top = place()
    path, picture = os.path.join(top, 'all.tar'), b'\x89PNG\r\n\x1a\n'
    for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)), (b'IDAT', zlib.compress(b'\0\0')),
                       (b'IEND', b'')):
        picture += struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    with tarfile.open(path, 'w') as t:
        info = tarfile.TarInfo('a/1.png')
        info.size = len(picture)
        t.addfile(info, io.BytesIO(picture))
    for more in (['--dry-run'], []):
        report = alice_on([path], os.path.join(top, 'organized'), *more, report=True).report
        where = [f['destination'] for f in report if f['status'] == 'organized']
        eq([os.path.relpath(w, os.path.join(top, 'organized')).split('/')[0] for w in where], ['undated'], more)


main()
