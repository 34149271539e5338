"""What the program writes for its user, a report or a page, never replaces what is not its own."""
import os

from harness import *

PICTURE = b'\x89PNG\r\n\x1a\n' + bytes(100)


def inbox():
    top = os.path.join(place(), 'inbox')
    os.makedirs(top)
    for i in range(3):
        with open(os.path.join(top, 'IMG_2024031%d_101500.jpg' % i), 'wb') as f:
            f.write(collection.sample.jpeg(seed=i))
    return top


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def commands(top, path):
    yield ['organize', top, top + '-out', '-n', '--report', path]
    yield ['memory', 'profile', top, '--max-memory', '64', '--html', path]


@test
def a_file_of_the_user_is_never_replaced():
    top = inbox()
    folder = place()
    path = os.path.join(folder, 'picture.png')
    for data in (PICTURE, b'{"source_path": 1', b'{}\n', b'<!DOCTYPE html>\n<html></html>'):
        for words in commands(top, path):
            with open(path, 'wb') as f:
                f.write(data)
            r = alice(*words, expect=2)
            assert b'picture.png' in r.err and b'--force' in r.err, r.err
            eq(content(path), data, words[0])
            eq(os.listdir(folder), ['picture.png'], 'nothing besides')
    assert not os.path.exists(top + '-out'), 'it was refused before anything began'


@test
def a_link_leads_to_what_counts():
    top, folder = inbox(), place()
    picture, link = os.path.join(folder, 'picture.png'), os.path.join(folder, 'report')
    with open(picture, 'wb') as f:
        f.write(PICTURE)
    os.symlink(picture, link)
    for words in commands(top, link):
        alice(*words, expect=2)
    os.unlink(picture)
    for words in commands(top, link):
        assert b'leads nowhere' in alice(*words, expect=3).err
    eq(os.listdir(folder), ['report'], 'nothing besides')


@test
def force_replaces():
    top = inbox()
    path = os.path.join(place(), 'x')
    for words, begins in zip(commands(top, path), (b'{"source_path": ', b'<!DOCTYPE html>')):
        with open(path, 'wb') as f:
            f.write(PICTURE)
        alice(*words, '--force')
        assert content(path).startswith(begins), content(path)[:40]


@test
def an_earlier_output_is_replaced():
    top = inbox()
    for number, words in enumerate(commands(top, os.path.join(place(), 'x'))):
        path = words[-1] + str(number)
        words[-1] = path
        alice(*words)
        first = os.stat(path).st_ino
        alice(*words)
        assert os.stat(path).st_ino != first, 'a new one in its place'
        open(path, 'wb').close()  # mktemp: an empty file holds nothing
        alice(*words)
        assert os.path.getsize(path) > 100
        os.unlink(path)


@test
def a_report_to_standard_output():
    top = inbox()
    out = place()
    r = alice('organize', top, out, '-n', '--report', '-', cwd=out)
    lines = [json.loads(line) for line in r.out.decode().splitlines()]
    eq([line['status'] for line in lines], ['organized'] * 3, 'lines')
    assert b'organized' in r.err, 'the summary is on standard error'
    r = alice('organize', top, out, '-n', '--json', '--report', '-')
    lines = [json.loads(line) for line in r.out.decode().splitlines()]
    eq((len(lines), lines[-1]['organized']), (4, 3), 'with --json, the summary is the last line')
    eq(alice('organize', top, out, '-n', '-q', '--report=-').err, b'', 'quiet')
    r = alice('memory', 'profile', top, '--max-memory', '64', '--html', '-')
    assert r.out.startswith(b'<!DOCTYPE html>') and r.out.endswith(b'</html>\n'), r.out[-100:]
    assert '-' not in os.listdir(out), os.listdir(out)


@test
def a_report_that_cannot_be_whole_is_said():
    top = inbox()
    r = alice('organize', top, top + '-out', '-n', '--report', '/dev/full', expect=3)
    assert b'is not complete' in r.err, r.err


main()
