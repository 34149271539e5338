"""What the tests of the program share: running it, listing trees, telling TAP.

Each file is a program: `test_x.py ALICE`, where ALICE is the program under test. A test is a
function with @test; it asserts, or raises Skip. Times are of a machine in UTC. Words after ALICE
choose the tests whose names contain one of them.

    ALICE_SHARED=DIR   where tools/make-collection and corpus/ are (../shared beside the project)
    ALICE_SCALE=N      collections of real files have N files instead of 10,000
    ALICE_KILLS=N      kills in each test of test_signals.py, instead of 20
    ALICE_SEED=N       other moments
"""
import atexit
import hashlib
import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, 'tests', 'support'))
import collection  # noqa: E402

ALICE = os.path.abspath(sys.argv[1])
SHARED = os.environ.get('ALICE_SHARED', os.path.join(ROOT, '..', 'shared'))
SCALE = int(os.environ.get('ALICE_SCALE', '0'))
MB = 1024 * 1024


class Skip(Exception):
    pass


_tests = []


def test(f):
    _tests.append(f)
    return f


def main():
    """Run the tests (or those whose names contain a word of the command line) and tell TAP."""
    # Ended from outside: clean up, then go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    atexit.register(clean)
    chosen = [f for f in _tests if not sys.argv[2:] or any(w in f.__name__ for w in sys.argv[2:])]
    print('1..%d' % len(chosen), flush=True)
    failed = 0
    for number, f in enumerate(chosen, 1):
        name = f.__name__.replace('_', ' ')
        began = time.monotonic()
        try:
            f()
            print('ok %d - %s' % (number, name), flush=True)
        except Skip as why:
            print('ok %d - %s # SKIP %s' % (number, name, why), flush=True)
        except BaseException as e:
            failed += 1
            print('not ok %d - %s' % (number, name))
            for line in ''.join(traceback.format_exception(type(e), e, e.__traceback__)).splitlines():
                print('#  ' + line.encode('utf-8', 'backslashreplace').decode())
            sys.stdout.flush()
            if isinstance(e, (KeyboardInterrupt, SystemExit)):
                break
        finally:
            clean()
            print('#  %.1f s' % (time.monotonic() - began), flush=True)
    sys.exit(1 if failed else 0)


# ---- rights and mounts ----

def own_mounts():
    """First in a file that mounts: go on in a name space of our own, where that is possible, so
    that nothing of what is mounted is left when this ends, however it ends."""
    if os.geteuid() == 0 and 'ALICE_TEST_INSIDE' not in os.environ and \
            subprocess.run(['unshare', '-m', 'true'], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ['ALICE_TEST_INSIDE'] = '1'
        os.execvp('unshare', ['unshare', '-m', sys.executable, *sys.argv])


def tmpfs(options):
    """A new small file system in memory; needs own_mounts() before."""
    return mounted('tmpfs', options)


def mounted(kind, options='defaults'):
    if os.geteuid() != 0 or 'ALICE_TEST_INSIDE' not in os.environ:
        raise Skip('mounting needs root')
    path = place()
    if subprocess.run(['mount', '-t', kind, '-o', options, 'none', path]).returncode:
        raise Skip('no %s can be mounted' % kind)
    _mounts.append(path)
    return path


def remount(path, options):
    subprocess.run(['mount', '-o', 'remount,' + options, path], check=True)


def bound():
    """What to put before the program so that file permissions bind it, also as root."""
    if os.geteuid() != 0:
        return []
    words = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search,-fowner', '--inh-caps',
             '-dac_override,-dac_read_search,-fowner']
    try:
        if subprocess.run(words + ['true'], stderr=subprocess.DEVNULL).returncode == 0:
            return words
    except OSError:
        pass
    raise Skip('permissions do not bind root, and setpriv cannot take that away')


# ---- places ----

_places = []
_mounts = []
_children = []


def place(base=None):
    """A new folder that goes when the test ends, on a disk unless `base` says where."""
    path = tempfile.mkdtemp(prefix='alice-cli-', dir=base or os.environ.get('TMPDIR', '/var/tmp'))
    _places.append(path)
    return path


def fast():
    """A new folder in memory where there is one."""
    return place('/dev/shm') if os.access('/dev/shm', os.W_OK) else place()


def clean():
    while _children:
        p = _children.pop()
        if p.poll() is None:
            p.kill()
            p.wait()
    while _mounts:
        subprocess.run(['umount', '-l', _mounts.pop()])
    while _places:
        path = os.fsencode(_places[-1])
        for root, dirs, files in os.walk(path):
            for d in dirs:
                try:
                    os.chmod(os.path.join(root, d), 0o700, follow_symlinks=False)
                except (OSError, NotImplementedError):
                    pass
        shutil.rmtree(path, ignore_errors=True)
        _places.pop()


# ---- the program ----

def sanitized():
    """Whether the program was built with a sanitizer: then its memory is not its own."""
    with open(ALICE, 'rb') as f:
        text = f.read()
    return b'__asan_init' in text or b'__tsan_init' in text


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        self.high = 0  # VmHWM as it was last seen from outside
        self.read = 0  # bytes it read

    def text(self):
        return 'status %d\nout: %s\nerr: %s' % (self.status, self.out[-3000:].decode('utf-8', 'replace'),
                                               self.err[-3000:].decode('utf-8', 'replace'))

    def json(self):
        return json.loads(self.out.decode('utf-8').strip().splitlines()[-1])


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith('ALICE_') and k != 'NO_COLOR'}
    env.update(TZ='UTC', LC_ALL='C.UTF-8')
    env.update(more)
    return env


def start(*args, **how):
    before = how.pop('before', [])
    how.setdefault('stdin', subprocess.DEVNULL)
    how.setdefault('stdout', subprocess.PIPE)
    how.setdefault('stderr', subprocess.PIPE)
    how.setdefault('env', environment())
    # What tests organize they have just made.
    if 'organize' in args[:3] and args[:2] != ('memory', 'optimize') and '--settle' not in args:
        after = args.index('organize') + 1
        args = (*args[:after], '--settle', '0', *args[after:])
    p = subprocess.Popen([*before, ALICE, *args], **how)
    _children.append(p)
    return p


def _watch(p, result):
    """Look at the child's own mark in /proc until it ends; a mark never falls."""
    while p.returncode is None:
        try:
            with open('/proc/%d/status' % p.pid) as f:
                for line in f:
                    if line.startswith('VmHWM:'):
                        result.high = int(line.split()[1]) * 1024
            with open('/proc/%d/io' % p.pid) as f:
                result.read = int(f.readline().split()[1])
        except (OSError, IndexError, ValueError):
            return
        time.sleep(0.002)


def alice(*args, expect=0, watch=False, timeout=300, **how):
    """Run the program; its status must be `expect` (None: any)."""
    p = start(*args, **how)
    r = Result(0, b'', b'')
    watcher = threading.Thread(target=_watch, args=(p, r)) if watch else None
    if watcher:
        watcher.start()
    try:
        out, err = p.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        raise AssertionError('it did not end in %d s: %s' % (timeout, args))
    if watcher:
        watcher.join()
    r.status, r.out, r.err = p.returncode, out or b'', err or b''
    if expect is not None and r.status != expect:
        raise AssertionError('expected status %d of %s\n%s' % (expect, args, r.text()))
    return r


def organize(inbox, organized, *more, report=False, **how):
    """alice organize --json; the summary, with `.report` (a list) where asked for."""
    args = ['organize', os.fsdecode(inbox), os.fsdecode(organized), '--json', *more]
    lines = None
    if report:
        fd, path = tempfile.mkstemp(prefix='alice-report-', dir='/var/tmp')
        os.close(fd)
        args += ['--report', path]
    try:
        r = alice(*args, **how)
        if report:
            with open(path, encoding='utf-8') as f:
                lines = [json.loads(line) for line in f]
    finally:
        if report:
            os.unlink(path)
    r.summary = r.json() if r.out else None
    r.report = lines
    return r


class Held:
    """A run that stands still in its middle, after a thousand files: its report is a pipe that nobody reads."""

    def __init__(self, inbox, organized, *more):
        self.fifo = os.path.join(fast(), 'report')
        os.mkfifo(self.fifo)
        self.p = start('organize', inbox, organized, '--report', self.fifo, '--json', '--flush-files', '1000', *more)
        self.fd = os.open(self.fifo, os.O_RDONLY)
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            # The first line is there; the pipe's 64 KB hold it up soon after.
            if select.select([self.fd], [], [], 0.05)[0]:
                break
        else:
            raise AssertionError('the run did not begin')
        self.head = os.read(self.fd, 1)

    def end(self, expect=0):
        """Let it go on; its result."""
        with os.fdopen(self.fd, 'rb') as f:
            self.report = self.head + f.read()
        out, err = self.p.communicate(timeout=120)
        r = Result(self.p.returncode, out, err)
        if expect is not None:
            eq(r.status, expect, r.text())
        return r


def path_of(text):
    """The bytes of a path in JSON: what is no UTF-8 comes as lone surrogates."""
    return text.encode('utf-8', 'surrogateescape')


# ---- trees ----

def sha_of(path):
    h = hashlib.sha256()
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 20), b''):
            h.update(block)
    return h.hexdigest()


def listing(top, hashes=True, skip=(b'.alice',)):
    """All below `top`: path → (mode, size, mtime, hash or link's target), folders too."""
    top = os.fsencode(top)
    out = {}
    stack = [b'']
    while stack:
        folder = stack.pop()
        for e in os.scandir(os.path.join(top, folder) if folder else top):
            path = os.path.join(folder, e.name)
            if path in skip:
                continue
            st = e.stat(follow_symlinks=False)
            what = None
            if stat.S_ISREG(st.st_mode) and hashes:
                what = sha_of(e.path)
            elif stat.S_ISLNK(st.st_mode):
                what = os.readlink(e.path)
            elif stat.S_ISDIR(st.st_mode):
                stack.append(path)
            out[path] = (st.st_mode, st.st_size, st.st_mtime_ns, what)
    return out


def files(top):
    """Regular files below an organized folder: path → sha256; the catalog's folder is not among them."""
    return {p: v[3] for p, v in listing(top).items() if stat.S_ISREG(v[0])}


def names(top):
    return sorted(p for p, v in listing(top, hashes=False).items() if stat.S_ISREG(v[0]))


def eq(a, b, what=''):
    if a != b:
        raise AssertionError('%s: %.600r is not %.600r' % (what, a, b))


def same_tree(before, after, what):
    gone = [p for p in before if p not in after]
    new = [p for p in after if p not in before]
    changed = [p for p in before if p in after and before[p] != after[p]]
    assert not (gone or new or changed), '%s: gone %.300r new %.300r changed %.300r' % (
        what, gone[:5], new[:5], [(p, before[p], after[p]) for p in changed[:3]])


# ---- the truth table against what was done ----

def check_report(report, summary, truth, inbox, organized, move=False, dry=False, first=True):
    """Every file is in the report once; numbers agree; each organized one has its day."""
    inbox, organized = os.fsencode(os.path.realpath(inbox)), os.fsencode(os.path.realpath(organized))
    wanted = {os.path.join(inbox, t.path): t for t in truth if t.kind != 'hidden'}
    seen = {}
    count = dict(organized=0, skipped=0, duplicate=0, error=0)
    for line in report:
        path = path_of(line['source_path'])
        assert path not in seen, 'twice in the report: %r' % path
        seen[path] = line
        count[line['status']] += 1
        eq(line.get('dry_run', False), dry, 'dry_run')
    eq(sorted(set(wanted) ^ set(seen))[:3], [], 'in the report or in the truth, not in both')
    for key, status in (('organized', 'organized'), ('skipped', 'skipped'), ('duplicates', 'duplicate'),
                        ('errors', 'error')):
        eq(summary[key], count[status], key)
    eq(summary['files'], len(report), 'files')
    eq(summary['passed_over'] > 0, any(t.kind == 'hidden' for t in truth), 'passed_over')
    media = summary['organized'] - summary['by_type'].get('none', 0)  # sidecars have no source, no date
    eq(sum(summary['by_source'].values()), media, 'by_source')
    eq(sum(summary['by_type'].values()), summary['organized'], 'by_type')
    eq(sum(summary['date_sources'].values()), media, 'date_sources')
    placed = {}
    contents = {}
    for path, line in seen.items():
        t = wanted[path]
        if line['status'] == 'organized':
            assert t.kind in ('media', 'sidecar'), path
            dest = path_of(line['destination'])
            below = dest[len(organized) + 1:]
            assert dest.startswith(organized + b'/') and dest not in placed, dest
            eq(below.split(b'/')[0].decode(), t.day, 'the day of %r' % path)
            eq(line.get('date'), t.day if t.kind == 'media' else None, 'the date of %r' % path)
            eq(len(below.split(b'/')), 4, below)
            assert t.sha not in contents, 'placed twice: %r and %r' % (path, contents[t.sha])
            contents[t.sha] = path
            placed[dest] = t.sha
    for path, line in seen.items():
        t = wanted[path]
        if line['status'] == 'duplicate':
            assert t.kind == 'media' and 'destination' in line, path
            other = path_of(line['destination'])
            if first:
                eq(placed.get(other), t.sha, 'the other of %r' % path)
        elif line['status'] == 'skipped' and first:
            assert t.kind not in ('media', 'sidecar'), 'skipped: %r %s' % (path, line.get('reason'))
            assert line.get('reason'), path
        elif line['status'] == 'error':
            raise AssertionError('%r: %s' % (path, line.get('reason')))
    return placed


def check_tree(organized, placed):
    """The organized tree holds what the report says: each content once, nothing besides."""
    organized = os.path.realpath(organized)
    have = {os.path.join(os.fsencode(organized), p): sha for p, sha in files(organized).items()}
    eq(sorted(set(have) ^ set(placed))[:4], [], 'in the tree or in the report, not in both')
    for p, sha in have.items():
        eq(sha, placed[p], p)
    shas = list(have.values())
    eq(len(shas), len(set(shas)), 'contents, each once')


def corpus_collection(count):
    """A collection out of real files, where they are at hand: (inbox, truth)."""
    tool = os.path.join(SHARED, 'tools', 'make-collection')
    corpus = os.path.join(SHARED, 'corpus')
    if not os.path.exists(tool) or not os.path.isdir(corpus):
        raise Skip('no corpus at %s' % SHARED)
    top = fast() if count <= 20000 else place()
    subprocess.run([sys.executable, tool, corpus, os.path.join(top, 'c'), str(count), '--max-template-kb', '40'],
                   check=True, stdout=subprocess.DEVNULL)
    inbox = os.path.join(top, 'c', 'inbox')
    return inbox, collection.read_table(os.path.join(top, 'c', 'truth.tsv'), inbox)
