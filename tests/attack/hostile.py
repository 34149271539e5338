"""Files that were made to hurt: each costs little time and no memory.

    hostile.py ALICE [WORD...]     WORD: only files whose names contain one

Every file is read by `alice info` alone, the best of three, against an empty picture: what it costs
beyond that is printed, and fails above 0.2 s and a hundredfold of a plain photo's. Then all of them
are organized at the least budget. Part of `make attack`.
"""
import os
import struct
import sys
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'cli')]
given, sys.argv = sys.argv, sys.argv[:2]
from harness import *  # noqa: E402

JPEG = b'\xff\xd8\xff\xd9'
PNG = b'\x89PNG\r\n\x1a\n'
HUGE = (2**31 - 1, 2**31, 2**32 - 1)


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


IHDR = chunk(b'IHDR', struct.pack('>IIBBBBB', 100000, 100000, 8, 2, 0, 0, 0))


def box(kind, data):
    return struct.pack('>I', len(data) + 8) + kind + data


def segment(marker, data):
    return bytes([0xff, marker]) + struct.pack('>H', len(data) + 2) + data


def exif(tiff):
    return b'\xff\xd8' + segment(0xe1, (b'Exif\0\0' + tiff)[:65533]) + b'\xff\xd9'


def ifds(entries, count, loop):
    """`count` directories, one behind the other; the last points at the first, or ends."""
    size = 2 + 12 * entries + 4
    out = b'II*\0\x08\0\0\0'
    for k in range(count):
        behind = 8 + size * (k + 1) if k + 1 < count else 8 if loop else 0
        out += struct.pack('<H', entries) + struct.pack('<HHII', 0x0110, 2, 20, 8) * entries + struct.pack('<I', behind)
    return out


def zeros():
    return zlib.compress(b' ' * (64 << 20), 9)


def heif(extents):
    iloc = struct.pack('>BxxxBBHHHH', 1, 0x44, 0, 1, 1, 0, 0) + struct.pack('>H', extents) + \
        struct.pack('>II', 0, 1 << 20) * extents
    meta = b'\0\0\0\0' + box(b'hdlr', b'\0' * 8 + b'pict' + b'\0' * 13) + box(b'iinf', b'\0\0\0\0\0\1' + box(
        b'infe', b'\2\0\0\0\0\1\0\0Exif\0')) + box(b'iloc', iloc)
    return box(b'ftyp', b'heic\0\0\0\0heicmif1') + box(b'meta', meta) + b'\0' * (1 << 20)


def nested(depth, kind):
    """Boxes in boxes, from the inside out, as far as a length can say."""
    data, parts, size = b'', [], 0
    for _ in range(depth):
        size += 8
        parts.append(struct.pack('>I', size) + kind)
    for p in reversed(parts):
        data += p
    return box(b'ftyp', b'mp42\0\0\0\0mp42isom') + data


def ebml(ident, size, data=b''):
    return ident + size + data


def files():
    """Name → content."""
    riff = b''.join(b'JUNK\0\0\0\0' for _ in range(1000000))
    gif = b'GIF89a\1\0\1\0\0\0\0' + b'!\xfe\1x\0' * 1000000 + b';'
    every = {
        'zTXt bomb.png': PNG + IHDR + chunk(b'zTXt', b'parameters\0\0' + zeros()) * 4 + chunk(b'IEND', b''),
        'iTXt bomb.png': PNG + IHDR + chunk(b'iTXt', b'prompt\0\1\0\0\0' + zeros()) * 4 + chunk(b'IEND', b''),
        'a million chunks.png': PNG + IHDR + chunk(b'teXt', b'') * 1000000 + chunk(b'IEND', b''),
        'a million texts.png': PNG + IHDR + chunk(b'tEXt', b'prompt\0') * 1000000 + chunk(b'IEND', b''),
        '10^5 segments.jpg': b'\xff\xd8' + segment(0xfe, b'words') * 100000 + b'\xff\xd9',
        '10^5 XMP segments.jpg': b'\xff\xd8' + segment(0xe1, b'http://ns.adobe.com/xap/1.0/\0<a/>') * 100000 + b'\xff\xd9',
        'directories in a circle.jpg': exif(ifds(10, 3, True)),
        '65,535 entries x 100.tif': ifds(65535, 100, False),
        '65,535 entries x 100 in a circle.tif': ifds(65535, 100, True),
        'entities.xmp': b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b''.join(
            b'<!ENTITY %c "%s">' % (98 + i, b'&%c;' % (97 + i) * 10) for i in range(20)) + b']><x:xmpmeta>&u;</x:xmpmeta>',
        'deep.xmp': b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + b'<a>' * 300000,
        '10^5 boxes in boxes.mp4': nested(100000, b'moov'),
        '10^5 boxes in boxes.heic': nested(100000, b'meta'),
        '10^6 boxes.mp4': box(b'ftyp', b'mp42\0\0\0\0mp42isom') + box(b'free', b'') * 1000000,
        '65,535 extents.heic': heif(65535),
        'a million blocks.gif': gif,
        'a million blocks.webp': b'RIFF' + struct.pack('<I', len(riff) + 4) + b'WEBP' + riff,
        'a million blocks.avi': b'RIFF' + struct.pack('<I', len(riff) + 4) + b'AVI ' + riff,
        'giant sizes.mkv': b'\x1aE\xdf\xa3\x84\x42\x86\x81\x01' + ebml(b'\x18S\x80g', b'\x01' + b'\xff' * 6 + b'\xfe') + b''.join(
            ebml(b'\x15I\xa9f', b'\x01\x7f\xff\xff\xff\xff\xff\xff') for _ in range(100000)),
        'deep.json.png': PNG + IHDR + chunk(b'tEXt', b'workflow\0' + b'[' * (1 << 20)) + chunk(b'IEND', b''),
        'many strings.png': PNG + IHDR + chunk(b'tEXt', b'prompt\0{' + b'"1":{"class_type":"x","inputs":{"text":["1",0]}},' * 40000) +
        chunk(b'IEND', b''),
    }
    for n in HUGE:
        every['length %d.png' % n] = PNG + IHDR + struct.pack('>I', n) + b'tEXtprompt\0'
        every['length %d.mp4' % n] = box(b'ftyp', b'mp42\0\0\0\0mp42isom') + struct.pack('>I', n) + b'moov' + b'\0' * 64
        every['length %d.webp' % n] = b'RIFF' + struct.pack('<I', n) + b'WEBPEXIF' + struct.pack('<I', n) + b'\0' * 64
        every['offset %d.tif' % n] = b'II*\0' + struct.pack('<I', n)
        every['count %d.tif' % n] = b'II*\0\x08\0\0\0\2\0' + struct.pack('<HHII', 0x0110, 2, n, 8) * 2 + b'\0' * 4
    for n in (2**63, 2**64 - 1):
        every['length %d.mp4' % n] = box(b'ftyp', b'mp42\0\0\0\0mp42isom') + b'\0\0\0\1moov' + struct.pack('>Q', n) + b'\0' * 64
    return every


NAMES = [b'line\nbreak.jpg', b'\x1b[31mred\x1b[0m.jpg', b'\xff\xfe not text \xc3.jpg', b'n' * 251 + b'.jpg', b'..jpg', b'...jpg',
         b'\xe2\x80\xaegpj.exe.jpg', b'-rf.jpg', b'a\tb.jpg', b'$(reboot).jpg', b"'; DROP TABLE files; --.jpg"]


def cost(path):
    """Seconds that `alice info` takes, the best of three."""
    best = 1e9
    for _ in range(3):
        began = time.monotonic()
        r = alice('info', '--json', path, expect=None, timeout=120)
        best = min(best, time.monotonic() - began)
        if r.status not in (0, 1):
            raise AssertionError('%s: status %d: %s' % (path, r.status, r.err[-300:]))
    return best


def main():
    words, failed = given[2:], 0
    top = place()
    plain = os.path.join(top, 'plain.jpg')
    with open(plain, 'wb') as f:
        f.write(collection.sample.jpeg(collection.sample.tiff('Acme', 'Box 1', '2024:05:06 07:08:09'), 1))
    empty = os.path.join(top, 'empty.jpg')
    with open(empty, 'wb') as f:
        f.write(JPEG)
    start_up = cost(empty)
    photo = max(cost(plain) - start_up, 0.0005)
    inbox = os.path.join(top, 'inbox')
    os.mkdir(inbox)
    print('| file | bytes | time |\n|---|---:|---:|')
    for name, content in files().items():
        if words and not any(w in name for w in words):
            continue
        path = os.path.join(inbox, name)
        with open(path, 'wb') as f:
            f.write(content)
        took = cost(path) - start_up
        bad = took > 0.2 and took > 100 * photo
        failed += bad
        print('| %s | %d | %.0f ms |%s' % (name, len(content), max(took, 0) * 1000, ' **too slow**' if bad else ''), flush=True)
    if not words:
        for n in NAMES:
            with open(os.path.join(os.fsencode(inbox), n), 'wb') as f:
                f.write(JPEG + n)
        for mode in ('--copy', '--move'):
            before = listing(top, hashes=False, skip=(b'inbox',))
            organized = place()
            r = organize(inbox, organized, '--max-memory', '14', mode, watch=True, expect=None)
            s = r.summary
            good = r.status in (0, 1) and s and r.high <= 14 * MB and \
                s['files'] == s['organized'] + s['skipped'] + s['duplicates'] + s['errors'] and \
                listing(top, hashes=False, skip=(b'inbox',)) == before
            failed += not good
            print('| all of them, %s at 14 MB (peak %.1f) | | %.1f s |%s' % (
                mode[2:], r.high / MB, s['seconds'] if s else 0, '' if good else ' **FAILED** %s' % r.text()), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    atexit.register(clean)
    sys.exit(main())
