"""alice check-source: may this card be formatted? Each way in which the answer is no."""
import json
import os

from harness import *


def card():
    s = collection.sample
    top = os.path.join(place(), 'card')
    for path, data in (('DCIM/100/IMG_1.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:00:00'), 1)),
                       ('DCIM/100/IMG_1.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'),
                       ('DCIM/100/IMG_2.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:01:01 10:00:00'), 2)),
                       ('DCIM/100/IMG_3.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:01:01 10:00:00'), 2)),
                       ('film.mp4', s.mp4(2082844800 + 1711000000)),
                       ('notes.txt', b'no picture'), ('.hidden.jpg', b'x')):
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(top, path), (1714000000, 1714000000))
    return top


def organized():
    top = card()
    organize(top, top + '-out')
    return top, top + '-out'


def check(top, out, *words, before=()):
    """The exit status, what is not safe (path below the source: reason) and the counts."""
    r = alice('check-source', top, '-o', out, '--json', *words, expect=None, before=before)
    lines = [json.loads(l) for l in r.out.splitlines()]
    assert lines, r.err
    counts = lines.pop()
    eq(counts['all_safe'], r.status == 0, 'the exit status says the same')
    eq(counts['files'], counts['safe'] + counts['not_safe'] + counts['no_media'], 'counts add up')
    bad = {os.path.relpath(l['source_path'], os.path.realpath(top)): l.get('reason')
           for l in lines if l['status'] == 'not safe'}
    eq(len(bad), counts['not_safe'], 'each is named')
    return r.status, bad, counts


def copy_of(out, end, part=''):
    return [p for p in map(os.fsdecode, names(out)) if p.endswith(end) and part in p]


def both(top, out, want, **how):
    for words in ((), ('--full',)):
        status, bad, _ = check(top, out, *words, **how)
        eq((status, sorted(bad)), (1 if want else 0, sorted(want)), words)


@test
def all_of_a_card_is_safe():
    top, out = organized()
    tree = files(top), files(out)
    both(top, out, [])
    _, _, counts = check(top, out)
    eq((counts['safe'], counts['no_media']), (5, 1), 'counts')
    text = alice('check-source', top, '-o', out).out.decode()
    assert text.startswith('Safe: all 5 media files') and '--full' in text, text
    assert '--full' not in alice('check-source', '--full', top, '-o', out).out.decode()
    eq((files(top), files(out)), tree, 'nothing was changed')


@test
def the_card_has_another_path_now():
    top, out = organized()
    os.rename(top, top + '2')
    both(top + '2', out, [])


@test
def a_day_that_is_a_link_is_no_part_of_organized():
    # Where it leads may be the card itself: that it stands there proves nothing.
    top, out = organized()
    day = os.path.dirname(copy_of(out, '.mp4')[0])
    os.rename(os.path.join(out, day), os.path.join(top, 'moved'))
    os.symlink(os.path.join(top, 'moved'), os.path.join(out, day))
    status, bad, _ = check(top, out)
    eq(status, 1, 'not safe')
    assert 'film.mp4' in bad, bad
    status, bad, _ = check(top, out, '--full')
    assert status == 1 and 'film.mp4' in bad, bad


@test
def archives_are_not_looked_into():
    top, out = organized()
    closed = ['a.zip', 'b.RAR', 'c.tar.zst', 'd.z01', 'd.r00', 'e.7z.001', 'f.txz', 'g.iso', 'h.dmg']
    for name in closed + ['i.001', 'j.z1', 'k.0001', 'zip', 'l.']:
        with open(os.path.join(top, name), 'wb') as f:
            f.write(b'no picture')
    both(top, out, closed)


@test
def a_file_is_not_organized():
    top, out = organized()
    s = collection.sample
    with open(os.path.join(top, 'new.jpg'), 'wb') as f:
        f.write(s.jpeg(s.tiff('Canon', 'EOS', '2024:01:01 10:00:00'), 9))
    both(top, out, ['new.jpg'])
    text = alice('check-source', top, '-o', out, expect=1).out.decode()
    assert 'NOT SAFE: 1 of 6' in text and 'new.jpg' in text, text


@test
def a_file_changed_since():
    top, out = organized()
    with open(os.path.join(top, 'film.mp4'), 'ab') as f:
        f.write(b'\0\0\0\x08free')
    both(top, out, ['film.mp4'])


@test
def a_file_cannot_be_read():
    top, out = organized()
    path = os.path.join(top, 'DCIM/100/IMG_2.jpg')
    os.chmod(path, 0)
    status, bad, _ = check(top, out, '--full', before=bound())
    eq((status, sorted(bad)), (1, ['DCIM/100/IMG_2.jpg']), 'a file')
    os.chmod(path, 0o644)
    os.chmod(os.path.dirname(path), 0)
    try:
        for words in ((), ('--full',)):
            status, bad, _ = check(top, out, *words, before=bound())
            eq((status, sorted(bad)), (1, ['DCIM/100']), 'a folder')
    finally:
        os.chmod(os.path.dirname(path), 0o755)


@test
def its_copy_is_gone():
    top, out = organized()
    os.remove(os.path.join(out, copy_of(out, '.mp4')[0]))
    os.remove(os.path.join(out, copy_of(out, '.xmp')[0]))
    both(top, out, ['DCIM/100/IMG_1.xmp', 'film.mp4'])
    # A duplicate stands and falls with the copy of the other.
    os.remove(os.path.join(out, copy_of(out, '.jpg', '2024-01-01')[0]))
    both(top, out, ['DCIM/100/IMG_1.xmp', 'DCIM/100/IMG_2.jpg', 'DCIM/100/IMG_3.jpg', 'film.mp4'])


@test
def its_copy_has_other_bytes():
    top, out = organized()
    path = os.path.join(out, copy_of(out, '.mp4')[0])
    stamp = os.stat(path)
    with open(path, 'r+b') as f:
        f.seek(-1, 2)
        f.write(b'?')
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    status, bad, _ = check(top, out, '--full')
    eq((status, sorted(bad)), (1, ['film.mp4']), 'bit rot: only the bytes tell')
    # On a card that it does not know, bytes are always compared.
    os.rename(top, top + '2')
    eq(check(top + '2', out)[:1] + (sorted(check(top + '2', out)[1]),), (1, ['film.mp4']), 'elsewhere')


@test
def a_link():
    top, out = organized()
    os.symlink('film.mp4', os.path.join(top, 'link.mp4'))
    os.symlink('/etc/hosts', os.path.join(top, 'away.jpg'))
    both(top, out, [])  # what a link points to stands where it stands
    os.remove(os.path.join(top, 'film.mp4'))
    os.symlink(os.path.join(out, copy_of(out, '.mp4')[0]), os.path.join(top, 'film.mp4'))
    both(top, out, [])
    # A link in organized is not the file.
    path = os.path.join(out, copy_of(out, '.jpg', '2023-12-31')[0])
    os.rename(path, top + '-elsewhere.jpg')
    os.symlink(top + '-elsewhere.jpg', path)
    status, bad, _ = check(top, out)
    assert status == 1 and 'DCIM/100/IMG_1.jpg' in bad, bad


@test
def an_empty_folder():
    top, out = organized()
    empty = place()
    both(empty, out, [])
    assert b'no media file' in alice('check-source', empty, '-o', out).out
    alice('check-source', empty + '/gone', '-o', out, expect=3)
    alice('check-source', expect=2)


@test
def never_organized():
    top, out = organized()
    for where in (top + '-nowhere', place()):
        r = alice('check-source', top, '-o', where, expect=None)
        assert r.status != 0, r.out
    other = card()
    with open(os.path.join(other, 'film.mp4'), 'ab') as f:
        f.write(b'\0\0\0\x08free')
    both(other, out, ['film.mp4'])  # the others have the same bytes


@test
def organized_on_the_card_itself_saves_nothing():
    top = card()
    os.mkdir(os.path.join(top, 'organized'))
    assert b'inside the inbox' in alice('check-source', top, '-o', os.path.join(top, 'organized'), expect=2).err


@test
def a_receipt():
    top = card()
    out, path = top + '-out', top + '-receipt'
    for words in (('-n',), (), (), ('--move',)):
        shas = {os.path.realpath(os.path.join(top, os.fsdecode(p))): (sha, os.path.getsize(os.path.join(top, os.fsdecode(p))))
                for p, sha in files(top).items() if b'/.' not in b'/' + p}
        organize(top, out, '--receipt', path, *words)
        with open(path) as f:
            lines = [json.loads(l) for l in f]
        eq(sorted(l['source_path'] for l in lines), sorted(shas), 'each source is in it once')
        hashes = {}
        for l in lines:
            sha, size = shas[l['source_path']]
            eq(l['bytes'], size, l)
            assert len(l['xxh128']) == 32 and hashes.setdefault(l['xxh128'], sha) == sha, l
            if 'destination' in l and '-n' not in words:
                eq(sha_of(l['destination']), sha, 'it stands there')
        eq(len(hashes), len({s for s, _ in shas.values()}), 'one hash a content')
    # A file that is no receipt is not replaced, and what could not be read has no hash.
    with open(path, 'w') as f:
        f.write('mine')
    alice('organize', top, out, '--receipt', path, expect=2)
    other = card()
    os.chmod(os.path.join(other, 'film.mp4'), 0)
    alice('organize', other, out, '--receipt', path + '2', before=bound(), expect=1)
    with open(path + '2') as f:
        film = [l for l in map(json.loads, f) if l['source_path'].endswith('film.mp4')]
    eq((film[0]['status'], 'xxh128' in film[0], 'reason' in film[0]), ('error', False, True), 'unreadable')


@test
def a_damaged_picture_is_no_other_file():
    top, out = organized()
    with open(os.path.join(top, 'broken.jpg'), 'wb') as f:
        f.write(b'not a picture at all')
    status, bad, _ = check(top, out)
    eq((status, sorted(bad)), (1, ['broken.jpg']), 'it has the name of one')


main()
