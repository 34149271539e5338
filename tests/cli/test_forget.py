"""alice forget: what was taken out of organized on purpose stays out."""
import os

from harness import *


def made():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    for path, data in (('trip/a.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:00:00'), 1)),
                       ('trip/a.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'),
                       ('trip/b.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:01:01 10:00:00'), 2)),
                       ('film.mp4', s.mp4(2082844800 + 1711000000) + bytes(300000))):
        os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
        with open(os.path.join(top, path), 'wb') as f:
            f.write(data)
        os.utime(os.path.join(top, path), (1714000000, 1714000000))
    out = top + '-out'
    organize(top, out)
    return top, out


def placed(out, end, part=''):
    return [os.path.join(out, p) for p in map(os.fsdecode, names(out)) if p.endswith(end) and part in p][0]


def kept(r):
    return r.json()['moved_to']


def left(top, out, *words):
    """What a run leaves because it was forgotten."""
    r = organize(top, out, *words, report=True)
    return sorted(os.path.basename(l['source_path']) for l in r.report if 'forgotten' in l.get('reason', ''))


@test
def a_gone_copy_comes_again_a_forgotten_one_does_not():
    top, out = made()
    os.remove(placed(out, '.mp4'))
    eq(organize(top, out).summary['organized'], 1, 'gone: organized again')
    film = placed(out, '.mp4')
    sha = sha_of(film)
    aside = kept(alice('forget', film, '--json'))
    eq(sha_of(aside), sha, 'it is kept aside')
    assert not os.path.exists(film)
    tree = files(out)
    for words in ((), ('-n',), ('--move',)):
        eq(left(top, out, *words), ['film.mp4'], words)
    assert os.path.exists(os.path.join(top, 'film.mp4')), 'a move leaves it'
    os.remove(aside)
    eq(organize(top, out).summary['organized'], 0, 'also when it is deleted')
    eq(files(out), tree, 'the tree is as it was')


@test
def under_any_name_in_any_inbox_with_no_catalog():
    top, out = made()
    alice('forget', placed(out, '.mp4'), placed(out, '.jpg', '2024-01-01'))
    other = os.path.join(place(), 'other')
    os.makedirs(other)
    os.rename(os.path.join(top, 'film.mp4'), os.path.join(other, 'renamed.mov'))
    with open(os.path.join(other, 'longer.mp4'), 'wb') as f:  # the same head, another content
        with open(os.path.join(other, 'renamed.mov'), 'rb') as g:
            f.write(g.read()[:-1] + b'?')
    for name in os.listdir(os.path.join(out, '.alice')):
        if name.startswith(('catalog', 'generation')):
            os.remove(os.path.join(out, '.alice', name))
    eq(left(other, out), ['renamed.mov'], 'an inbox that nobody knew')
    placed(out, '.mp4')  # the other content is organized
    eq(left(top, out), ['b.jpg'], 'a small one')


@test
def a_copy_that_was_edited_takes_along_what_it_came_from():
    top, out = made()
    film = placed(out, '.mp4')
    with open(film, 'r+b') as f:
        f.seek(5000)
        f.write(b'edited')
    alice('forget', film)
    eq(left(top, out), ['film.mp4'], 'its source has other bytes, and is not wanted either')
    alice('forget', '--undo', film)
    eq(left(top, out), [], 'taken back')


@test
def a_sidecar_alone():
    top, out = made()
    alice('forget', placed(out, '.xmp'))
    eq(left(top, out), ['a.xmp'], 'its picture stays')
    placed(out, '.jpg', '2023-12-31')


@test
def it_can_be_taken_back():
    top, out = made()
    film = placed(out, '.mp4')
    tree = files(out)
    alice('forget', film)
    alice('forget', '--undo', film)
    eq(files(out), tree, 'it is where it was')
    eq(left(top, out), [], 'and known')
    eq(organize(top, out).summary['organized'], 0, 'as before')
    alice('forget', '--undo', film, expect=1)  # it was not forgotten
    # Forgotten twice, the second under the name of the first.
    alice('forget', film)
    with open(film, 'wb') as f:
        f.write(b'another')
    eq(os.path.basename(kept(alice('forget', film, '--json'))), os.path.basename(film) + '~2', 'both are kept')
    # What stands is never replaced.
    with open(film, 'wb') as f:
        f.write(b'a third')
    alice('forget', '--undo', film, expect=1)
    eq(open(film, 'rb').read(), b'a third', 'not replaced')


@test
def the_one_in_the_inbox():
    top, out = made()
    os.remove(placed(out, '.mp4'))
    source = os.path.join(top, 'film.mp4')
    alice('forget', source, expect=1)  # of which organized folder?
    eq(alice('forget', '-o', out, source, '--json').json().get('moved_to'), None, 'it stays')
    eq(left(top, out), ['film.mp4'], 'noted')
    alice('forget', '--undo', '-o', out, source)
    eq(organize(top, out).summary['organized'], 1, 'and taken back')


@test
def it_is_not_safe_on_a_card():
    top, out = made()
    alice('check-source', top, '-o', out)
    alice('forget', placed(out, '.mp4'))
    assert b'film.mp4' in alice('check-source', top, '-o', out, expect=1).out


@test
def what_cannot_be_forgotten():
    top, out = made()
    for path in (out, os.path.join(out, '.alice/catalog.db'), os.path.join(out, 'nothing.jpg'), out + '/..',
                 os.path.join(out, '2023-12-31'), os.path.join(top, 'nothing.jpg')):
        alice('forget', '-o', out, path, expect=1)
    os.symlink(placed(out, '.mp4'), os.path.join(out, 'link.mp4'))
    alice('forget', os.path.join(out, 'link.mp4'), expect=None)
    placed(out, '.mp4')
    eq(left(top, out), [], 'nothing was noted')
    film = placed(out, '.mp4')
    os.chmod(os.path.dirname(film), 0o555)
    try:
        alice('forget', film, expect=1, before=bound())
    finally:
        os.chmod(os.path.dirname(film), 0o755)
    eq(left(top, out), [], 'what could not be moved is not forgotten')
    alice('forget', expect=2)


main()
