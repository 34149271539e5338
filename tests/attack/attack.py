"""Attack the memory ceiling again: bombs, trees and limits, at the least budgets, in each mode.

    attack.py ALICE [WORD...]     WORD: only attacks whose names contain one

Prints a table for docs/reliability.md: time, and the peak as the kernel counted it (VmHWM, looked
at every 2 ms until the end). Fails where a run crashed, ended with a status that is not its own,
or took more than its limit. ALICE_SCALE=N: N % of the files.
"""
import os
import resource
import socket
import stat
import struct
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cli'))
words = sys.argv[2:]
from harness import *  # noqa: E402
import harness  # noqa: E402

SHARE = harness.SCALE or 100
JPEG = b'\xff\xd8\xff\xd9'


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(content)


def count(n):
    return max(10, n * SHARE // 100)


def tiny(top):
    for i in range(count(20000)):
        write('%s/d%03d/%05d.jpg' % (top, i // 100, i), JPEG + b'%d' % i)


def long_names(top):
    os.makedirs(top + '/one')
    fd = os.open(top + '/one', os.O_RDONLY)
    for i in range(count(200000)):
        name = ('%06d' % (i * 7919 % 1000000)) + 'n' * 190 + '.txt'
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd))
    os.close(fd)


def deep(top):
    path = top
    for i in range(200):
        path += '/level'
        write('%s/%d.jpg' % (path, i), JPEG + b'%d' % i)


def sparse(top):
    for i, name in enumerate(('film.mp4', 'picture.jpg', 'picture.tif', 'photo.cr2', 'film.mkv', 'x.png')):
        write(top + '/' + name, (b'\0\0\0\x18ftypmp42\0\0\0\0mp42isom' if i == 0 else
                                 b'II*\0\x08\0\0\0' if i in (2, 3) else JPEG[:3]) + name.encode())
        os.truncate(top + '/' + name, 50 << 30)


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def bombs(top):
    """Compressed texts that grow a thousandfold, directories that point at one text, boxes in boxes,
    counts that promise more than there is."""
    zeros = zlib.compress(b' ' * (64 << 20), 9)
    head = chunk(b'IHDR', struct.pack('>IIBBBBB', 100000, 100000, 8, 2, 0, 0, 0))
    for i in range(8):
        write('%s/z%d.png' % (top, i), b'\x89PNG\r\n\x1a\n' + head + b''.join(
            chunk(b'zTXt', b'parameters\0\0' + zeros) for _ in range(i + 1)) +
            chunk(b'iTXt', b'prompt\0\1\0\0\0' + zeros) + chunk(b'IEND', b''))
    ifds, text = b'', b'ASCII\0\0\0' + b'a' * 60000
    each = 2 + 12 * 500 + 4
    for k in range(40):
        at = 8 + each * (k + 1) if k < 39 else 0
        ifds += struct.pack('<H', 500) + struct.pack('<HHII', 0x9286, 7, len(text), 8 + each * 40) * 500 + \
            struct.pack('<I', at)
    tiff = b'II*\0\x08\0\0\0' + ifds + text
    write(top + '/comments.tif', tiff)
    write(top + '/comments.jpg', b'\xff\xd8' + b'\xff\xe1' + struct.pack('>H', 65000) + b'Exif\0\0' +
          tiff[:65000 - 8] + b'\xff\xd9')
    boxes = b''
    for _ in range(20000):
        boxes = struct.pack('>I', len(boxes) + 8 & 0xffffffff) + b'moov' + boxes if len(boxes) < 1 << 20 else boxes
    write(top + '/boxes.mp4', b'\0\0\0\x18ftypmp42\0\0\0\0mp42isom' + boxes)
    write(top + '/iloc.heic', b'\0\0\0\x18ftypheic\0\0\0\0heicmif1' + struct.pack('>I', 0x7fffffff) + b'meta' +
          b'\0' * 4 + struct.pack('>I', 65535 * 4) + b'iloc' + b'\1\0\0\0\0\0\xff\xff' + b'\0' * 262144)
    write(top + '/xmp.jpg', b'\xff\xd8' + b'\xff\xe1\xff\xff' + b'http://ns.adobe.com/xap/1.0/\0' +
          b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + b'<a>' * 21000 + b'\xff\xd9')
    write(top + '/deep.json', b'[' * (4 << 20))


def devices(top):
    os.makedirs(top)
    os.mkfifo(top + '/pipe.jpg')
    s = socket.socket(socket.AF_UNIX)
    s.bind(top + '/socket.jpg')
    s.close()
    for name, minor in (('zero.jpg', 5), ('random.png', 8), ('full.mp4', 7)):
        try:
            os.mknod(top + '/' + name, stat.S_IFCHR | 0o644, os.makedev(1, minor))
        except OSError:
            pass
    os.symlink('/dev/zero', top + '/link.jpg')
    os.symlink('.', top + '/loop')
    write(top + '/one.jpg', JPEG)


COPY, MOVE, DRY = [], ['--move'], ['--dry-run']
# name, maker, budgets, modes, descriptors
ATTACKS = [
    ('20,000 tiny files', tiny, (14, 16, 24, 64), (COPY, DRY, MOVE), None),
    ('20,000 tiny files, 40 descriptors', tiny, (14,), (COPY, MOVE), 40),
    ('200,000 long names in one folder', long_names, (14, 64), (DRY,), None),
    ('200 levels', deep, (14, 64), (COPY, DRY, MOVE), None),
    ('200 levels, 40 descriptors', deep, (14,), (COPY, MOVE), 40),
    ('50-GB sparse files', sparse, (14, 64), (DRY,), None),
    ('bombs', bombs, (14, 16, 24, 64), (COPY, DRY, MOVE), None),
    ('devices, sockets, loops', devices, (14,), (COPY, DRY, MOVE), None),
]


def main():
    failed = 0
    print('| attack | mode | limit | time | peak | result |')
    print('|---|---|---:|---:|---:|---|')
    for name, make, budgets, modes, descriptors in ATTACKS:
        if words and not any(w in name for w in words):
            continue
        top = os.path.join(place(), 'inbox')
        make(top)
        for mode in modes:
            for budget in budgets:
                if mode is MOVE and not os.path.isdir(top):
                    make(top)
                organized = place()
                limits = {}
                if descriptors:
                    limits['preexec_fn'] = lambda: resource.setrlimit(
                        resource.RLIMIT_NOFILE, (descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
                began = time.monotonic()
                r = organize(top, organized, '--max-memory', str(budget), *mode, watch=True, expect=None,
                             timeout=600, **limits)
                took = time.monotonic() - began
                good = r.status in (0, 1) and r.summary is not None and r.high <= budget * MB
                what = ('%d organized, %d errors' % (r.summary['organized'], r.summary['errors'])
                        if r.summary else 'status %d: %s' % (r.status, r.err[-200:].decode('utf-8', 'replace')))
                print('| %s | %s | %d MB | %.1f s | %.1f MB | %s%s |' %
                      (name, (mode or ['copy'])[0].lstrip('-'), budget, took, r.high / MB, what,
                       '' if good else ' **FAILED**'), flush=True)
                failed += not good
                shutil.rmtree(organized, ignore_errors=True)
                if mode is MOVE:
                    shutil.rmtree(top, ignore_errors=True)
        clean()
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
