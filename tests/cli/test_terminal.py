"""What people see: progress on a terminal only, in its width, and nothing of a file's name or text
that steers it. What scripts see: JSON that is valid whatever the names."""
import fcntl
import os
import pty
import re
import struct
import termios
import unicodedata

from harness import *

CLEAR = '\x1b[K'


def on_terminal(args, columns, both=False, before=(), **env):
    """Run with standard error (and output) on a terminal so wide; (status, what it got, standard output)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    p = start(*args, before=list(before), stdout=slave if both else subprocess.PIPE, stderr=slave,
              env=environment(TERM='xterm-256color', **env))
    os.close(slave)
    got, out = [], []

    def read(fd, into):
        while True:
            try:
                data = os.read(fd, 65536)
            except OSError:
                return
            if not data:
                return
            into.append(data)

    threads = [threading.Thread(target=read, args=(master, got))]
    if not both:
        threads.append(threading.Thread(target=read, args=(p.stdout.fileno(), out)))
    for t in threads:
        t.start()
    p.wait(60)
    for t in threads:
        t.join()
    os.close(master)
    return p.returncode, b''.join(got), b''.join(out)


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def made(count=2000):
    top = fast()
    inbox = os.path.join(top, 'inbox')
    return inbox, os.path.join(top, 'organized'), collection.make(inbox, count)


def steering(text):
    """Controls in what was written, but for what the program itself uses."""
    plain = text.replace('\r' + CLEAR, '').replace('\r\n', '\n').replace('\t', '')
    return [c for c in plain if (ord(c) < 32 and c != '\n') or 0x7F <= ord(c) < 0xA0 or c in '\u202e\u2066']


@test
def progress_fits_the_terminal():
    inbox, organized, _ = made()
    for columns in (80, 40, 120, 20):
        status, got, out = on_terminal(['organize', inbox, organized + str(columns)], columns)
        eq(status, 0)
        text = got.decode('utf-8')
        assert 'files' in text, text
        if columns >= 40: # how much there is was counted first, and the folder at hand is shown where it fits
            assert re.search(r'\d+ of 2\d{3} files · \d+ %', text), text
        if columns == 120:
            assert re.search(r'files/s · \S+ MB of 1.0 GB · \d+ organized .* · \S+/', text), text
        assert text.endswith(CLEAR), 'it is cleared at the end: %r' % text[-80:]
        for line in re.split('[\r\n]', text.replace(CLEAR, '')):
            assert width(line) < columns, '%d of %d columns: %r' % (width(line), columns, line)
        eq(steering(text), [], columns)


def summary_inbox():
    """Some of each kind: media, copies, damaged, no media of several extensions."""
    inbox = os.path.join(fast(), 'inbox')
    subprocess.run([os.path.join(ROOT, 'scripts', 'make-sample-inbox'), inbox], check=True)
    for i in range(3):
        with open(os.path.join(inbox, 'a list %d.PDF' % i), 'w') as f:
            f.write('%d' % i)
    return inbox, os.path.join(os.path.dirname(inbox), 'organized')


def counts(text):
    """The numbers below "files looked at", by name."""
    block = text.split(' files looked at\n')[1].split('\n\n')[0]
    return {m.group(1).strip(): int(m.group(2)) for m in re.finditer(r'^  (\S.*?) +(\d+)(?:  |$)', block, re.M)}


@test
def the_summary_speaks_of_photos_first_and_adds_up():
    inbox, organized = summary_inbox()
    for name in ('.hidden.jpg', 'Thumbs.db'):
        with open(os.path.join(inbox, name), 'w') as f:
            f.write(name)
    dry = alice('organize', '-n', inbox, organized).out.decode()
    passed = alice('organize', '-n', inbox, organized, '--json').json()['passed_over']
    assert passed >= 2 and 'Besides, %d hidden and system files were passed over' % passed in ' '.join(dry.split()), dry
    assert dry.startswith('10 photos and 1 video (2 made by AI) would be organized, from 2023-07-14 to'), dry
    assert '9 days' in dry and 'add -v' in dry and 'would be organized  ' in dry, dry
    first = alice('organize', inbox, organized).out.decode()
    assert ' (2 made by AI) copied, from 2023-07-14' in first, first
    eq(counts(first), {'organized': 11, 'duplicates': 1, 'not media': 4, 'errors': 0}, 'a first run')
    assert '3 .pdf, 1 .txt' in first and 'date uncertain' in first and 'damaged' in first, first
    again = alice('organize', inbox, organized).out.decode()
    assert again.startswith('Nothing new was organized\n'), again
    eq(counts(again), {'organized': 0, 'already organized': 12, 'duplicates': 0, 'not media': 4, 'errors': 0}, 'another')
    for text in (dry, first, again):
        number = int(re.search(r'^(\d+) files looked at$', text, re.M).group(1))
        eq(sum(counts(text).values()), number, 'they add up')
        assert 'batch' not in text and 'hit rate' not in text, text
        if 'time: less than' in text:
            assert 'a second' not in text, text
    eq(alice('organize', inbox, organized, '--json').json()['not_media'], 0, 'of this run, as ever')


@test
def the_summary_counts_no_sidecar_as_a_photo():
    inbox = os.path.join(fast(), 'inbox')
    os.mkdir(inbox)
    s = collection.sample
    for name, data in (('IMG_0001.jpg', s.jpeg(s.tiff('Canon', 'EOS', '2024:03:15 10:00:00'), 1)), ('IMG_0001.xmp', b'<x/>')):
        with open(os.path.join(inbox, name), 'wb') as f:
            f.write(data)
    text = alice('organize', inbox, inbox + '-out').out.decode()
    assert text.startswith('1 photo copied, of 2024-03-15, '), text
    assert 'no date' not in text and 'nowhere' not in text, text


@test
def the_summary_fits():
    inbox, organized = summary_inbox()
    for columns in (40, 80):
        for more in ([], ['-v']):
            _, got, _ = on_terminal(['organize', '-n', *more, inbox, organized], columns, both=True)
            text = got.decode('utf-8').replace('\r' + CLEAR, '').replace('\r\n', '\n')
            text = text[text.index('10 photos'):]
            whole = alice('organize', '-n', *more, inbox, organized).out.decode()
            for line in text.splitlines():
                assert width(line) <= columns or organized in line, '%d columns: %r' % (columns, line)
            numbers = lambda t: sorted(re.findall(r'[\d.:-]+', re.sub(r'Memory: .*?\n\n', '', t + '\n\n', flags=re.S)))
            eq(numbers(text), numbers(whole[whole.index('10 photos'):]), 'no number is broken')


@test
def a_verbose_dry_run_says_would():
    inbox, organized = summary_inbox()
    text = alice('organize', '-n', '-v', inbox, organized).out.decode()
    lines = text[:text.index('10 photos')].splitlines()
    assert not [l for l in lines if l.startswith(('organized', 'skipped'))], lines
    assert 'would copy phone/IMG-20240501-WA0007.jpg  ->  2024-05-01/phone/' in text, text
    assert 'add -v' not in text and inbox not in text, text
    assert 'would move ' in alice('organize', '-n', '-v', '--move', inbox, organized).out.decode()
    line = alice('organize', '-v', inbox, organized).out.decode().splitlines()[0]
    assert line.startswith('organized  IMG_20240315_101500.jpg  ->  2024-03-15/uncategorized/'), line


@test
def no_progress_without_a_terminal_or_when_quiet():
    inbox, organized, _ = made(300)
    r = alice('organize', inbox, organized)
    eq(r.err, b'', 'standard error')
    assert b'\r' not in r.out and b'\x1b' not in r.out
    status, got, out = on_terminal(['organize', '-q', inbox, organized + '2'], 80)
    eq((status, got, out), (0, b'', b''), 'quiet')


@test
def no_colours_with_NO_COLOR():
    inbox, organized, _ = made(300)
    for i, args in enumerate((['organize', inbox, organized], ['organize', '-v', inbox, organized + '1'],
                              ['info', os.path.join(inbox, 'long', 'again.jpg')], ['--help'], ['config'])):
        status, got, _ = on_terminal(args, 80, both=True, NO_COLOR='1')
        eq(status, 0, args)
        assert not re.search(rb'\x1b\[[0-9;]*m', got), got
        status, got, _ = on_terminal(args, 80, both=True, TERM_PROGRAM='')
        eq(status, 0, args)


NASTY = [b'\x1b]0;owned\x07.jpg', b'\x1b[2J\x1b[H.jpg', b'a\rb.jpg', b'back\x08\x08.jpg', b'del\x7f.jpg',
         '\u202egpj.exe.jpg'.encode(), '\u009b31mred.jpg'.encode(), b'\x9b31mraw.jpg', b'latin-\xe9.jpg', b'nl\n.jpg',
         '写真 ok.jpg'.encode()]


def nasty():
    top = fast()
    inbox = os.path.join(top, 'in\x1b[31mbox')
    m = collection.Maker(inbox, 1)
    for i, name in enumerate(NASTY):
        exif = collection.sample.tiff('Mak\x1b[5me', 'Mod\x07el', '2020:01:02 03:04:05')
        m.put(b'p\x1b[7m/' + name, collection.sample.jpeg(exif, i), 1600000000, 'media')
    return inbox, os.path.join(top, 'organi\x1b[32mzed')


@test
def names_do_not_steer_the_terminal():
    inbox, organized = nasty()
    for more in (['-v'], ['-v'], ['-v', '-n'], []):  # the second time they are known
        status, got, _ = on_terminal(['organize', *more, inbox, organized], 100, both=True)
        eq(status, 0, got)
        eq(steering(got.decode('utf-8')), [], more)
    assert '写真 ok.jpg' in on_terminal(['organize', '-v', inbox, organized], 100, both=True)[1].decode(), 'good names stay'
    for name in NASTY:
        path = os.path.join(os.fsencode(inbox), b'p\x1b[7m', name)
        status, got, _ = on_terminal(['info', path], 100, both=True)
        eq(status, 0, got)
        eq(steering(got.decode('utf-8')), [], path)
    # What is found, with what stands in it; the JSON too, for who looks at it.
    for args in (['find', '-o', organized], ['find', '-o', organized, '--json'], ['gallery', '-o', organized, '--html', organized + '-album']) + \
            tuple(['info', '--json', os.path.join(os.fsencode(inbox), b'p\x1b[7m', name)] for name in NASTY):
        status, got, _ = on_terminal(args, 100, both=True)
        eq(steering(got.decode('utf-8')), [], args)
    # What it says of what is wrong.
    status, got, _ = on_terminal(['organize', inbox + 'gone', organized], 100, both=True)
    eq((status, steering(got.decode('utf-8'))), (3, []))
    status, got, _ = on_terminal(['info', inbox + 'gone'], 100, both=True)
    eq((status, steering(got.decode('utf-8'))), (1, []))
    status, got, _ = on_terminal(['organize', '--\x1b[31m', 'a'], 100, both=True)
    eq((status, steering(got.decode('utf-8'))), (2, []))
    status, got, _ = on_terminal(['\x1b[31m'], 100, both=True)
    eq((status, steering(got.decode('utf-8'))), (2, []))


@test
def errors_do_not_steer_the_terminal():
    before = bound()
    inbox, organized = nasty()
    for name in NASTY:
        os.chmod(os.path.join(os.fsencode(inbox), b'p\x1b[7m', name), 0)
    status, got, _ = on_terminal(['organize', inbox, organized], 100, both=True, before=before)
    text = got.decode('utf-8')
    eq((status, steering(text)), (1, []))
    assert text.count('permission') >= len(NASTY), text


@test
def JSON_is_valid_whatever_the_names():
    inbox, organized = nasty()
    r = organize(inbox, organized, report=True)
    eq({path_of(l['source_path']).rsplit(b'/', 1)[1] for l in r.report}, set(NASTY), 'names')
    for line in r.report:
        assert os.path.exists(path_of(line['destination'])), line
        path_of(line['destination'])[len(os.fsencode(os.path.realpath(organized))):].decode('utf-8')
    paths = [os.path.join(os.fsencode(inbox), b'p\x1b[7m', n) for n in NASTY]
    lines = alice('info', '--json', *paths).out.decode('utf-8').splitlines()
    eq([path_of(json.loads(l)['path']) for l in lines], paths, 'info')
    for l in lines:
        assert not any(ord(c) < 32 for c in l), l


main()
