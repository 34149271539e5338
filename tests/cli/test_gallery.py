"""alice gallery: an album to be shared. What it must not tell, it does not tell."""
import re
import struct
import zlib

from harness import *

SECRET = b'secret-of-mine'


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def riff(kind, data):
    return kind + struct.pack('<I', len(data)) + data + b'\0' * (len(data) & 1)


def pictures():
    """One of each type that is stripped, with the secret wherever one can be put."""
    s = collection.sample
    jpeg = s.jpeg(s.tiff('Acme', SECRET.decode(), '2024:05:06 07:08:09'), 1)
    jpeg = jpeg[:2] + b'\xff\xfe' + struct.pack('>H', 2 + len(SECRET)) + SECRET + jpeg[2:] + b'behind the end: ' + SECRET
    png = s.png([('parameters', SECRET.decode() + '\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 8x8, Model: m')],
                size=32, shade=4)
    png = png[:33] + chunk(b'eXIf', b'MM\0*' + SECRET) + chunk(b'caBX', SECRET) + png[33:] + SECRET
    gif = (b'GIF89a\2\0\2\0\x80\0\0\0\0\0\xff\xff\xff' + b'!\xff\x0bNETSCAPE2.0\3\1\0\0\0' +
           b'!\xfe' + bytes([len(SECRET)]) + SECRET + b'\0' + b'!\xff\x0bXMP DataXMP' + bytes([len(SECRET)]) + SECRET + b'\0' +
           b'!\xf9\4\0\0\0\0\0' + b',\0\0\0\0\2\0\2\0\0\2\2\x4c\x01\0;' + SECRET)
    body = riff(b'VP8X', b'\x0c\0\0\0' + b'\1\0\0\1\0\0') + riff(b'VP8L', b'\x2f\1\x40\0\0' + b'\0' * 4) + \
        riff(b'EXIF', SECRET) + riff(b'XMP ', SECRET + b'!')
    webp = b'RIFF' + struct.pack('<I', 4 + len(body)) + b'WEBP' + body + SECRET
    return {'IMG_20240506_070809.jpg': jpeg, 'a.png': png, 'IMG_20240507_070809.gif': gif, 'IMG_20240507_080809.webp': webp}


def library():
    inbox = os.path.join(fast(), 'in', 'trip')
    os.makedirs(inbox)
    for name, data in pictures().items():
        with open(os.path.join(inbox, name), 'wb') as f:
            f.write(data)
    organized = os.path.dirname(inbox) + '-organized'
    eq(organize(os.path.dirname(inbox), organized).summary['organized'], 4)
    return organized


def album(path):
    """name → bytes of all that is in it."""
    out = {}
    for root, _, files in os.walk(path):
        for name in files:
            with open(os.path.join(root, name), 'rb') as f:
                out[os.path.relpath(os.path.join(root, name), path)] = f.read()
    return out


@test
def copies_show_the_same_and_tell_nothing():
    o = library()
    before = listing(o)
    to = os.path.join(place(), 'album')
    r = alice('gallery', '--html', to, '--title', 'Ours & <more>', '-o', o)
    assert b'4 files' in r.out, r.text()
    eq(listing(o), before, 'the organized files are as they were')
    got = album(to)
    eq(sorted(x.split('.')[-1] for x in got if x.startswith('files/')), ['gif', 'jpg', 'png', 'webp'], list(got))
    for name, data in got.items():
        assert SECRET not in data and b'Acme' not in data, name
    page = got['index.html'].decode()
    for link in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert link in got, link
    assert '<h1>Ours &#38; &#60;more&#62;</h1>' in page and '6 May 2024' in page and "default-src 'none'" in page, page
    by = {x.split('.')[-1]: d for x, d in got.items() if x.startswith('files/')}
    assert by['gif'].endswith(b';') and b'NETSCAPE2.0' in by['gif'] and b'\2\2\x4c\x01\0;' in by['gif'], by['gif']
    assert by['png'].endswith(chunk(b'IEND', b'')) and b'IDAT' in by['png'], by['png']
    eq(by['jpg'][-2:], b'\xff\xd9', 'it ends where the picture ends')
    eq((struct.unpack('<I', by['webp'][4:8])[0], by['webp'][20]), (len(by['webp']) - 8, 0), 'its size, and no promise of EXIF or XMP')


def turned_tiff(way, preview=b''):
    """Exif that says how the picture lies, and has a preview and a text of its own."""
    text_at = 8 + 2 + 2 * 12 + 4
    ifd1 = text_at + len(SECRET) + 1
    return (b'MM\0*' + struct.pack('>IHHHIHHHHII', 8, 2, 0x112, 3, 1, way, 0, 0x10f, 2, len(SECRET) + 1, text_at) + struct.pack('>I', ifd1) +
            SECRET + b'\0' + struct.pack('>HHHIIHHIII', 2, 0x201, 4, 1, ifd1 + 30, 0x202, 4, 1, len(preview), 0) + preview)


def way_of(data, name):
    """The orientation in what a copy says, which is all that it says."""
    at = data.index(name) + len(name)
    eq(data[at:at + 18] + data[at + 22:at + 26], b'MM\0*' + struct.pack('>IHHHI', 8, 1, 0x112, 3, 1) + b'\0' * 4, 'a tag alone')
    return struct.unpack('>H', data[at + 18:at + 20])[0]


@test
def a_picture_lies_as_it_did_and_tells_nothing_of_what_it_was():
    """The way it lies is kept of each type; a preview, which may show what was cut off, is not."""
    inbox = os.path.join(fast(), 'in', 'trip')
    os.makedirs(inbox)
    s = collection.sample
    preview = b'\xff\xd8\xff\xfe' + struct.pack('>H', 2 + len(SECRET)) + SECRET + s.jpeg(s.tiff('Acme', 'Box', '2024:05:06 07:08:09'), 2)[2:]
    profile = zlib.compress(b'profile' * 500)
    png = s.png([], size=32, shade=4)
    png = png[:33] + chunk(b'eXIf', turned_tiff(3, preview)) + chunk(b'iCCP', SECRET + b'\0\0' + profile) + png[33:]
    body = riff(b'VP8X', b'\x0c\0\0\0' + b'\1\0\0\1\0\0') + riff(b'VP8L', b'\x2f\1\x40\0\0' + b'\0' * 4) + \
        riff(b'EXIF', turned_tiff(6, preview))
    webp = b'RIFF' + struct.pack('<I', 4 + len(body)) + b'WEBP' + body
    exif = b'Exif\0\0' + turned_tiff(8, preview)
    adobe = b'\xff\xee' + struct.pack('>H', 14) + b'Adobe\0\x64\0\0\0\0\1'
    other = b'\xff\xee' + struct.pack('>H', 2 + len(SECRET)) + SECRET
    odd = b'\xff\xe0' + struct.pack('>H', 16) + SECRET
    scan = b'\xff\xda\0\x08\1\1\0\0\x3f\0' + b'\x55' * 100000 + b'\xff\xd9'
    jpeg = b'\xff\xd8\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + odd + adobe + other + scan
    eq(len(SECRET), 14)
    for name, data in (('IMG_20240506_070809.jpg', jpeg), ('IMG_20240507_070809.png', png), ('IMG_20240508_070809.webp', webp)):
        with open(os.path.join(inbox, name), 'wb') as f:
            f.write(data)
    o = os.path.dirname(inbox) + '-organized'
    eq(organize(os.path.dirname(inbox), o).summary['organized'], 3)
    to = os.path.join(place(), 'album')
    alice('gallery', '--html', to, '-o', o)
    got = album(to)
    for name, data in got.items():
        assert SECRET not in data and preview not in data, name
    by = {x.split('.')[-1]: d for x, d in got.items() if x.startswith('files/')}
    eq([way_of(by['jpg'], b'Exif\0\0'), way_of(by['png'], b'eXIf'), way_of(by['webp'], b'EXIF\x1a\0\0\0')], [8, 3, 6])
    assert adobe in by['jpg'], 'how its colours are meant'
    assert chunk(b'iCCP', b'icc\0\0' + profile) in by['png'], 'its colours, by another name'
    at = by['png'].index(b'eXIf')
    eq(by['png'][at - 4:at + 34], chunk(b'eXIf', by['png'][at + 4:at + 30]), 'a whole chunk')
    eq((struct.unpack('<I', by['webp'][4:8])[0], by['webp'][20]), (len(by['webp']) - 8, 8), 'its size, and that it has Exif')
    eq([x for x in got if x.startswith('small/')], [], 'no previews')
    alice('gallery', '--html', to + '2', '--with-facts', '-o', o)
    eq([x for x in album(to + '2') if x.startswith('small/')], ['small/0000000001.jpg'], 'with facts they are there')


@test
def with_facts_all_is_told():
    o = library()
    to = os.path.join(place(), 'album')
    alice('gallery', '--html', to, '--with-facts', '-o', o)
    got = album(to)
    whole = pictures().values()
    eq(sorted(map(len, whole)), sorted(len(d) for x, d in got.items() if x.startswith('files/')), 'copied as they are')
    for data in whole:
        assert data in got.values()
    assert SECRET.decode() in got['index.html'].decode(), 'the prompt'


@test
def words_and_facts_choose():
    o = library()
    to = os.path.join(place(), 'album')
    alice('gallery', '--html', to, '--type', 'gif', '-q', '-o', o)
    eq([x for x in album(to) if x.startswith('files/')], ['files/0000000001.gif'])
    r = alice('gallery', '--html', to + '2', 'nothing-has-this', '-o', o, expect=1)
    assert b'0 files' in r.out, r.text()


@test
def nothing_is_overwritten():
    o = library()
    to = place()
    alice('gallery', '--html', to, '-o', o)
    before = listing(to)
    r = alice('gallery', '--html', to, '-o', o, expect=3)
    assert b'new or empty folder' in r.err, r.text()
    eq(listing(to), before, 'it is as it was')
    one = os.path.join(place(), 'file')
    with open(one, 'w') as f:
        f.write('mine')
    alice('gallery', '--html', one, '-o', o, expect=3)
    with open(one) as f:
        eq(f.read(), 'mine')
    alice('gallery', '-o', o, expect=2)
    alice('gallery', '--html', os.path.join(place(), 'x'), '-o', o + '-nowhere', expect=3)


@test
def what_is_gone_or_damaged_is_told():
    o = library()
    found = {x.rsplit('.', 1)[1]: x for x in alice('find', '-o', o).out.decode().splitlines()}
    os.unlink(found['gif'])
    os.symlink('/etc/passwd', found['gif'])
    with open(found['png'], 'r+b') as f:
        f.truncate(60)
    to = os.path.join(place(), 'album')
    r = alice('gallery', '--html', to, '-o', o, expect=1)
    assert b'not there any more' in r.err and b'1 left out' in r.out, r.text()
    got = album(to)
    eq(sorted(x.split('.')[-1] for x in got if x.startswith('files/')), ['jpg', 'webp'], 'no half of one')
    assert not any(b'root:' in d for d in got.values())


main()
