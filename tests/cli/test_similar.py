"""alice similar: pictures made by ffmpeg, changed in known ways, and pictures that are made to break."""
import collections
import json
import os
import random
import signal
import struct
import subprocess
import zlib

from harness import *

MEMORY = ['--max-memory', '600'] if sanitized() else []


def ffmpeg(*words):
    subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-y', *words], check=True, stdin=subprocess.DEVNULL)


def raw_picture(seed, width=256, height=192):
    """Gray pixels of smooth hills, of which two seeds have none in common."""
    rng = random.Random(seed)
    coarse = [[rng.randrange(256) for _ in range(13)] for _ in range(10)]
    across = [[(int(x * 12 / width), x * 12 / width % 1) for x in range(width)]][0]
    lines = [[row[left] * (1 - f) + row[left + 1] * f for left, f in across] for row in coarse]
    rows = []
    for y in range(height):
        top, f = int(y * 9 / height), y * 9 / height % 1
        rows.append(bytes([int(p + (q - p) * f) for p, q in zip(lines[top], lines[top + 1])]))
    return rows


def chunk(name, data):
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png(rows, width=None, height=None):
    head = struct.pack('>IIBBBBB', width or len(rows[0]), height or len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b''.join(b'\0' + r for r in rows), 1)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', body) + chunk(b'IEND', b'')


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def answer(*args, **how):
    r = alice('similar', '--json', *MEMORY, *args, **how)
    lines = [json.loads(x) for x in r.out.splitlines()]
    groups = collections.defaultdict(list)
    for x in lines[:-1]:
        groups[x['group']].append(x)
    return groups, lines[-1], r


def names(groups):
    return sorted(sorted(os.path.basename(x['path']) for x in g) for g in groups.values())


def pictures(top):
    """a and b are two pictures; a has been changed in many ways."""
    a = write(os.path.join(top, 'a.png'), png(raw_picture(1)))
    write(os.path.join(top, 'b.png'), png(raw_picture(2)))
    ways = {'small.jpg': 'scale=100:-2', 'turned.jpg': 'transpose=1', 'mirrored.jpg': 'hflip',
            'half.gif': 'scale=128:-2,hflip,vflip', 'bright.jpg': 'eq=gamma=1.3', 'noisy.png': 'scale=240:-2,noise=alls=20:allf=u',
            'cut.jpg': 'crop=iw*0.97:ih*0.97', 'across.jpg': 'transpose=0'}
    words = ['-i', a]
    for name, way in ways.items():
        words += ['-map', '0:v', '-frames:v', '1', '-vf', way, '-q:v', '6', os.path.join(top, name)]
    ffmpeg(*words)
    return sorted(['a.png', *ways])


@test
def finds_what_was_changed():
    top = place()
    of_a = pictures(top)
    groups, end, _ = answer(top)
    eq(names(groups), [of_a], 'one group, without b')
    g = groups[1]
    eq([x['is'] for x in g], ['kept'] + ['similar'] * (len(of_a) - 1), 'one is kept')
    eq(os.path.basename(g[0]['path']), 'a.png', 'the largest')
    eq((g[0]['width'], g[0]['height'], g[0]['type'], g[0]['distance']), (256, 192, 'png', 0), 'what it is')
    assert all(x['distance'] <= 54 for x in g), g
    by = {os.path.basename(x['path']): x for x in g}
    eq((by['half.gif']['type'], by['turned.jpg']['width']), ('gif', 192), 'types and sizes')
    eq((end['pictures'], end['groups'], end['similar'], end['complete']), (len(of_a) + 1, 1, len(of_a) - 1, True), 'counts')
    few, _, _ = answer('--distance', '1', top)
    assert len(few.get(1, [])) < len(of_a), 'fewer bits find less'
    again, _, _ = answer('-j', '1', top)
    eq(again, groups, 'one decoder: the same')


@test
def keeps_what_the_rules_say():
    top = place()
    pictures(top)
    for n, name in enumerate(sorted(os.listdir(top))):
        os.utime(os.path.join(top, name), (1700000000 + n, 1700000000 + n))
    os.utime(os.path.join(top, 'noisy.png'), (1600000000, 1600000000))
    write(os.path.join(top, 'x', 'copy.png'), png(raw_picture(1)))

    def kept(*rules):
        groups, _, _ = answer('--keep', ','.join(rules), top)
        return os.path.relpath(groups[1][0]['path'], top)
    eq(kept('oldest'), 'noisy.png', 'oldest')
    eq(kept('format:gif>jpeg>png'), 'half.gif', 'by type')
    eq(kept('format:raw>heic>jpeg', 'largest', 'oldest'), 'across.jpg', 'by type, then size, then time')
    eq(kept('under:' + os.path.join(top, 'x')), 'x/copy.png', 'under')
    for bad in ('format:', 'format:jpg', 'biggest'):
        assert b'--keep' in alice('similar', '--keep', bad, top, expect=2).err, bad
    assert b'--keep' in alice('duplicates', '--keep', 'largest', top, expect=2).err
    for bad in ('0', '65', 'x', ''):
        assert b'--distance' in alice('similar', '--distance', bad, top, expect=2).err, bad
    assert b'choose one' in alice('similar', '--lines', '--json', top, expect=2).err


@test
def text_and_lines():
    top = place()
    write(os.path.join(top, 'a\x1b.png'), png(raw_picture(3)))
    write(os.path.join(top, 'b.png'), png(raw_picture(3)))
    write(os.path.join(top, 'c.png'), png([b'\x80' * 256] * 192))
    out = alice('similar', *MEMORY, '.', cwd=top).out.decode()
    assert 'keep      256 × 192   png' in out and './a?.png' in out, out
    assert '1 of 3 pictures look like another, in 1 group' in out, out
    assert '1 shows next to nothing' in out, out
    eq(alice('similar', '--lines', *MEMORY, cwd=top).out, b'./a\x1b.png\n./b.png\n', 'lines')


@test
def what_is_made_to_break_fails_alone():
    top = place()
    of_a = pictures(top)
    with open(os.path.join(top, 'small.jpg'), 'rb') as f:
        jpeg = f.read()
    write(os.path.join(top, 'bad', 'cut.jpg'), jpeg[:len(jpeg) // 2])
    write(os.path.join(top, 'bad', 'claims.png'), png([b'\0' * 100] * 2, 100000, 100000))
    sof = jpeg.index(b'\xff\xc0') if b'\xff\xc0' in jpeg else jpeg.index(b'\xff\xc2')
    write(os.path.join(top, 'bad', 'claims.jpg'), jpeg[:sof + 5] + b'\xff\xdc\xff\xdc' + jpeg[sof + 9:])
    # A million pixels a side, interlaced, so that all of it would have to be held.
    bomb = struct.pack('>IIBBBBB', 30000, 30000, 8, 6, 0, 0, 1)
    write(os.path.join(top, 'bad', 'bomb.png'), b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', bomb) +
          chunk(b'IDAT', zlib.compress(bytes(1 << 20), 9)) + chunk(b'IEND', b''))
    write(os.path.join(top, 'bad', 'gif.gif'), b'GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\xff' + bytes(255))
    for i in range(3):
        noise = random.Random(i).randbytes(4000)
        write(os.path.join(top, 'bad', 'noise%d.jpg' % i), jpeg[:600] + noise)
    write(os.path.join(top, 'text.jpg'), b'no picture')
    before = listing(top)
    groups, end, r = answer(top, expect=1)
    eq(names(groups), [of_a], 'the others')
    bad = {line.split(b'/bad/')[1].split(b':')[0].decode() for line in r.err.splitlines() if b'/bad/' in line}
    assert {'cut.jpg', 'claims.png', 'claims.jpg', 'bomb.png', 'gif.gif'} <= bad, r.err
    eq(end['unread'], len(bad), 'counted')
    eq(listing(top), before, 'nothing is changed')


@test
def a_picture_of_thousands_of_steps_is_refused():
    top = place()
    with open(os.path.join(ROOT, 'fuzz', 'corpus', 'decode', 'steps.jpg'), 'rb') as f:
        parts = f.read().split(b'\xff\xda')
    for name, times in (('some', 9), ('many', 3000)):
        scans = [parts[0], parts[1]] + [parts[2]] * times + parts[3:]
        write(os.path.join(top, name + '.jpg'), b'\xff\xda'.join(scans))
    _, end, r = answer(top, expect=1)
    eq((end['decoded'], end['unread']), (1, 1), r.err)
    assert b'many.jpg: decoding it takes more' in r.err, r.err


def decoders(pid):
    found = []
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open('/proc/%s/stat' % name) as f:
                    words = f.read().rsplit(')', 1)
                if int(words[1].split()[1]) == pid and '(alice-decode' in words[0]:
                    found.append(int(name))
            except (OSError, IndexError):
                pass
    return found


def held(top):
    """A run whose decoder is stopped somewhere on its way, and that decoder. One that was faster is begun again."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        p = start('similar', '--json', '-j', '1', *MEMORY, top)
        while p.poll() is None:
            for pid in decoders(p.pid):
                try:
                    os.kill(pid, signal.SIGSTOP)
                    return p, pid
                except OSError:
                    pass
        p.communicate()
    raise AssertionError('no decoder was met')


@test
def a_decoder_that_is_killed_loses_one_picture_at_most():
    top = place()
    of_a = pictures(top)
    for i in range(8):
        write(os.path.join(top, 'more%d.png' % i), png(raw_picture(10 + i, 64, 48)))
    p, pid = held(top)
    os.kill(pid, signal.SIGKILL)
    out, err = p.communicate(timeout=60)
    end = json.loads(out.splitlines()[-1]) if out else None
    # It was killed before it was ready, while it had a picture, or between two.
    if p.returncode == 3:
        assert b'ends before it is ready' in err, err
        return
    assert p.returncode in (0, 1) and end['unread'] <= 1, (out, err)
    eq(end['pictures'] + end['unread'], len(of_a) + 9, 'all others')
    if p.returncode:
        assert b'its decoder ended over it' in err, err


@test
def a_decoder_has_given_up_everything():
    if sanitized():
        return
    top = place()
    pictures(top)
    p, pid = held(top)
    try:
        with open('/proc/%d/environ' % pid, 'rb') as f:
            eq(f.read(), b'', 'no environment')
        # Where it stands: before it gave up, it has seen no byte.
        os.kill(pid, signal.SIGCONT)
        limit = time.monotonic() + 30
        status = ''
        while 'Seccomp:\t2' not in status and time.monotonic() < limit and p.poll() is None:
            with open('/proc/%d/status' % pid) as f:
                status = f.read()
        os.kill(pid, signal.SIGSTOP)
        if p.poll() is None and 'Seccomp:\t2' in status:
            assert 'NoNewPrivs:\t1' in status, status
            files = os.listdir('/proc/%d/fd' % pid)
            assert set(files) <= {'0', '1', '2', '3'}, files
            with open('/proc/%d/limits' % pid) as f:
                limits = {' '.join(line.split()[:3]): line.split() for line in f}
            eq(limits['Max open files'][3], '4', 'open files')
            eq(limits['Max file size'][3], '0', 'no file is written')
    except ProcessLookupError:
        pass
    finally:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
        p.communicate(timeout=60)
    eq(p.returncode, 0, 'it went on')


@test
def memory_of_both_stays_below_the_limit():
    if sanitized():
        return
    top = place()
    for i in range(6):
        write(os.path.join(top, '%d.png' % i), png(raw_picture(i % 3, 400, 300)))
    p = start('similar', '--json', '--max-memory', '48', '-j', '2', top)
    high = {}
    while p.poll() is None:
        for pid in [p.pid, *decoders(p.pid)]:
            try:
                with open('/proc/%d/status' % pid) as f:
                    for line in f:
                        if line.startswith('VmHWM:'):
                            high[pid] = int(line.split()[1]) * 1024
            except OSError:
                pass
    out, err = p.communicate()
    eq(p.returncode, 0, err)
    assert sum(high.values()) < 48 * MB, high
    eq(json.loads(out.splitlines()[-1])['groups'], 3, 'found')
    assert b'smallest that works here' in alice('similar', '--max-memory', '12', top, expect=2).err


@test
def links_and_folders_given_twice_are_one_picture():
    top = place()
    write(os.path.join(top, 'a.png'), png(raw_picture(5)))
    os.link(os.path.join(top, 'a.png'), os.path.join(top, 'b.png'))
    groups, end, _ = answer(top, top)
    eq((len(groups), end['pictures'], end['links']), (0, 1, 3), 'one picture')
    assert b'nowhere' in alice('similar', os.path.join(top, 'nowhere'), expect=3).err


main()
