"""Make media collections with a truth table: what each file is, and which day it belongs to.

The pictures come from the builders of scripts/make-sample-inbox, so nothing is downloaded. The
same arguments always make the same tree. Paths are bytes: file names are.
"""
import hashlib
import importlib.machinery
import importlib.util
import os
import random
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _builders():
    path = os.path.join(ROOT, 'scripts', 'make-sample-inbox')
    loader = importlib.machinery.SourceFileLoader('sample_inbox', path)
    spec = importlib.util.spec_from_loader('sample_inbox', loader)
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


sample = _builders()


class Truth:
    """One file of the inbox: `kind` is media, sidecar (of one), other, link, special or hidden."""

    def __init__(self, path, kind, day=None, sha=None, copy_of=None):
        self.path, self.kind, self.day, self.sha, self.copy_of = path, kind, day, sha, copy_of


PROJECTS = [b'', b'', b'holiday', b'Holiday', b'client-a/2019/raw files', b'\xc3\x9cbung \xc3\xa4\xc3\xb6',
            '日本語/写真'.encode(), '😀 emoji'.encode(), b'with space', b"quote'\"$`", b'-n', b'new\nline',
            b'caf\xe9 latin-1', b'trailing. ', b'CON', b'a' * 200, b'\xe2\x80\xaeright-to-left', b'tab\there',
            b'esc\x1b[31m', b'deep/' + b'/'.join(b'level-%d' % i for i in range(12))]
NAMES = [b'IMG_%05d.jpg', b'DSC%05d.JPG', b'pic %05d (1).jpeg', '写真-%05d.jpg'.encode(), b'\xff\xfe%05d.jpg',
         b'-rf %05d.jpg', b'q"\'%05d.jpg', b'new\n%05d.jpg', b'..%05d.jpg'[1:], b'no-extension-%05d',
         b'%05d.tar.gz.jpg', b'\x1b]0;title\x07%05d.jpg', b'%05d.jpg.']


def day_of(seconds):
    return time.strftime('%Y-%m-%d', time.gmtime(seconds))


class Maker:
    def __init__(self, top, seed):
        self.top = os.fsencode(top)
        self.rng = random.Random(seed)
        self.truth = []
        self.made = set()
        self.serial = 0

    def put(self, path, data, when, kind, day=None, copy_of=None):
        full = os.path.join(self.top, path)
        folder = os.path.dirname(full)
        if folder not in self.made:
            os.makedirs(folder, exist_ok=True)
            self.made.add(folder)
        with open(full, 'wb') as f:
            f.write(data)
        os.utime(full, ns=(when * 10**9, when * 10**9 + 123456789))
        t = Truth(path, kind, day, hashlib.sha256(data).hexdigest(), copy_of)
        self.truth.append(t)
        return t

    def picture(self):
        """A picture's bytes, its modification time, its own day (None: the file's time), a name."""
        rng = self.rng
        self.serial += 1
        n = self.serial
        when = 1104537600 + rng.randrange(20 * 365 * 86400)
        taken = 1104537600 + rng.randrange(20 * 365 * 86400)
        stamp = time.gmtime(taken)
        kind = rng.randrange(12)
        name = NAMES[rng.randrange(len(NAMES))] % n
        if name.startswith(b'.'):
            name = b'x' + name
        if kind < 5:
            exif = sample.tiff('NIKON CORPORATION', 'NIKON D%d' % (700 + n % 5),
                               time.strftime('%Y:%m:%d %H:%M:%S', stamp))
            return sample.jpeg(exif, n), when, day_of(taken), name
        if kind < 7:
            text = sample.A1111.replace('1234567', str(n))
            return sample.png([('parameters', text)], shade=n % 256), when, None, b'%05d-%d.png' % (n, n)
        if kind == 7:
            text = sample.COMFY.replace('42', str(n))
            return sample.png([('prompt', text)], shade=n % 256), when, None, b'ComfyUI_%05d_.png' % n
        if kind == 8:
            return sample.mp4(2082844800 + taken, 512 + n), when, day_of(taken), b'MOV_%05d.mp4' % n
        if kind == 9:
            name = time.strftime('IMG_%Y%m%d_%H%M%S', stamp).encode() + b'-%d.jpg' % n
            return sample.jpeg(seed=n), when, day_of(taken), name
        if kind == 10:
            name = time.strftime('Screenshot_%Y%m%d-%H%M%S', stamp).encode() + b'-%d.png' % n
            return sample.png([('Comment', str(n))], shade=n % 256), when, day_of(taken), name
        return sample.jpeg(seed=n), when, None, name

    def media(self, folder):
        data, when, day, name = self.picture()
        path = os.path.join(folder, name) if folder else name
        return self.put(path, data, when, 'media', day or day_of(when)), data, when

    def link(self, path, target):
        full = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.symlink(target, full)
        self.truth.append(Truth(path, 'link'))


def make(top, count=2000, seed=7, odd=True):
    """Make `count` files below `top` (about a tenth are copies) and, with `odd`, some of each
    unusual kind besides. Returns the truth, a list of Truth."""
    m = Maker(top, seed)
    rng = m.rng
    os.makedirs(m.top, exist_ok=True)
    kept = []
    for i in range(count):
        folder = PROJECTS[rng.randrange(len(PROJECTS))]
        if i % 10 == 9 and kept:
            t, data, when = kept[rng.randrange(len(kept))]
            path = os.path.join(folder, b'copy %05d' % i + os.path.splitext(t.path)[1])
            # A day that stands in the name is not copied with the bytes.
            inside = b'IMG_2' not in t.path and b'IMG_1' not in t.path and b'Screenshot' not in t.path
            m.put(path, data, when, 'media', t.day if inside else day_of(when), t.path)
        else:
            made = m.media(folder)
            kept.append(made)
            if len(kept) > 300:
                kept.pop(0)
    if odd:
        _odd(m)
    return m.truth


def _odd(m):
    when = 1600000000
    day = day_of(when)
    # Long files that differ only behind their first 64 KB, one of them twice.
    for i in range(3):
        body = bytearray(sample.jpeg(seed=900001))
        body += bytes(200000)
        body[-1] = i
        m.put(b'long/IMG_A%d.jpg' % i, bytes(body), when, 'media', day)
        if i == 1:
            m.put(b'long/again.jpg', bytes(body), when, 'media', day, b'long/IMG_A1.jpg')
    m.put(b'holiday/2021-05-06/plain.jpg', sample.jpeg(seed=900002), when, 'media', '2021-05-06')
    m.put(b'holiday/picture.txt', sample.jpeg(seed=900003), when, 'media', day)  # a JPEG by content
    m.put(b'holiday/text.jpg', b'This is no picture.\n', when, 'other')
    m.put(b'holiday/notes.txt', b'Neither is this.\n', when, 'other')
    m.put(b'empty.jpg', b'', when, 'other')
    m.put(b'holiday/empty.mp4', b'', when, 'other')
    m.put(b'paper/thesis.pdf', b'%PDF-1.4\n' + bytes(3000), when, 'other')
    m.put(b'n' * 250 + b'.jpg', sample.jpeg(seed=900004), when, 'media', day)
    for name in (b'.hidden.jpg', b'holiday/.DS_Store', b'holiday/Thumbs.db', b'@eaDir/thumb.jpg',
                 b'.git/objects/aa.jpg', b'holiday/desktop.ini'):
        m.put(name, sample.jpeg(seed=900005), when, 'hidden')
    m.link(b'links/inside.jpg', b'../holiday/2021-05-06/plain.jpg')
    m.link(b'links/outside', b'/')
    m.link(b'links/loop', b'..')
    m.link(b'links/dangling.jpg', b'nowhere.jpg')
    fifo = os.path.join(m.top, b'links', b'pipe.jpg')
    os.mkfifo(fifo)
    m.truth.append(Truth(b'links/pipe.jpg', 'special'))
    os.makedirs(os.path.join(m.top, b'empty folder', b'below'))


def add_groups(top, truth):
    """Files that belong together. Adds to `truth`."""
    m = Maker(top, 1)
    m.truth = truth
    when = 1500000000
    for i, names in enumerate(((b'live/IMG_0001.HEIC.jpg', b'live/IMG_0001.HEIC.jpg.xmp'),
                               (b'live/IMG_0002.JPG', b'live/IMG_0002.MOV'),
                               (b'live/IMG_0003.JPG', b'live/IMG_0003.AAE'))):
        m.put(names[0], sample.jpeg(seed=800000 + i), when, 'media', day_of(when))
        if names[1].endswith(b'MOV'):
            m.put(names[1], sample.mp4(2082844800 + when, 700), when, 'media', day_of(when))
        else:
            m.put(names[1], b'<x/>%d' % i, when, 'sidecar', day_of(when))
    return truth


def read_table(path, inbox):
    """The truth.tsv of another maker: path, sha256, day, where, copy-of; paths below its folder."""
    truth = []
    for line in open(path, 'rb'):
        c = line.rstrip(b'\n').split(b'\t')
        rel = os.path.relpath(os.path.join(os.path.dirname(os.fsencode(path)), c[0]), os.fsencode(inbox))
        truth.append(Truth(rel, 'media', c[2].decode(), c[1].decode(), None if c[4] == b'-' else c[4]))
    return truth
