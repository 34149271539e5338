"""alice watch: what arrives is organized; it ends tidily; a run that fails or dies is made good."""
import glob
import re
import socket

from harness import *

JPEG = b'\xff\xd8\xff\xe0'


class Watch:
    """A watch of a new inbox, whose lines can be waited for."""

    def __init__(self, *more, inbox=None, env=None, settle='0'):
        self.inbox = inbox or os.path.join(fast(), 'in')
        self.organized = self.inbox + '-organized'
        os.makedirs(self.inbox, exist_ok=True)
        self.p = start('watch', self.inbox, self.organized, '--settle', settle, *more,
                       env=environment(**(env or {})))
        self.heard = b''
        self.made = 0

    def put(self, count=1, folder=''):
        os.makedirs(os.path.join(self.inbox, folder), exist_ok=True)
        for _ in range(count):
            self.made += 1
            with open(os.path.join(self.inbox, folder, '%d.jpg' % self.made), 'wb') as f:
                f.write(JPEG + b'%d' % self.made)

    def put_at_once(self, count, folder):
        """A new folder of so many files, which come in one moment: they are one run's."""
        ready, inbox = os.path.join(os.path.dirname(self.inbox), 'ready'), self.inbox
        self.inbox = ready
        self.put(count, folder)
        self.inbox = inbox
        top = folder.split('/')[0]
        os.rename(os.path.join(ready, top), os.path.join(inbox, top))

    def wait(self, pattern, seconds=60):
        """Until it says so; the match, and what was said after it is for the next."""
        limit = time.monotonic() + seconds
        while True:
            m = re.search(pattern, self.heard)
            if m:
                self.heard = self.heard[m.end():]
                return m
            left = limit - time.monotonic()
            if left <= 0 or not select.select([self.p.stdout], [], [], left)[0]:
                raise AssertionError('it did not say %s, but %s' % (pattern, self.heard))
            got = os.read(self.p.stdout.fileno(), 65536)
            if not got:
                raise AssertionError('it ended with %s: %s %s' % (self.p.wait(), self.heard,
                                                                  self.p.stderr.read()))
            self.heard += got

    def wait_organized(self, total):
        """Until so many were organized by the runs since the last call."""
        while total > 0:
            total -= int(self.wait(rb'(\d+) organized').group(1))
        eq(total, 0, 'organized too many')

    def run_pid(self, over=lambda: False, seconds=60):
        """The process of the run under way; None once it is over."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                with open('/proc/%d/task/%d/children' % (self.p.pid, self.p.pid)) as f:
                    children = f.read().split()
            except OSError:
                raise Skip('this kernel does not tell children')
            if children:
                return int(children[0])
            if over():
                return None
        raise AssertionError('no run began')

    def stop(self, how=signal.SIGTERM, expect=0):
        self.p.send_signal(how)
        out, err = self.p.communicate(timeout=120)
        eq(self.p.returncode, expect, 'its exit status, %s%s' % (self.heard + out, err))
        return self.heard + out, err


def placed(organized):
    return [p for p in glob.glob(os.path.join(glob.escape(organized), '**', '*.jpg'), recursive=True)]


@test
def what_arrives_is_organized():
    w = Watch()
    w.put(3)  # before or after the first look: who knows
    w.wait_organized(3)
    w.put(2, 'trip/day')
    w.wait_organized(2)
    w.put(1, 'trip/day')
    w.wait_organized(1)
    eq(len(placed(w.organized)), 6, 'placed')
    out, err = w.stop()
    assert b'stopped' in out and not err, (out, err)
    # Each burst is a run, which can be taken back.
    said = alice('history', '-o', w.organized).out
    assert said.count(b'organized, ') >= 2, said
    alice('undo', '-o', w.organized)
    eq(len(placed(w.organized)), 5, 'after the undo of the last')


@test
def it_moves_and_prunes_as_it_is_told():
    w = Watch('--move', '--prune-empty', '--exclude', '*.part', '--set', 'memory.chunk_size_kb=256')
    with open(os.path.join(w.inbox, 'x.part'), 'wb') as f:
        f.write(JPEG)
    w.put_at_once(4, 'card/DCIM')
    w.wait_organized(4)
    w.stop(signal.SIGINT)
    eq(os.listdir(w.inbox), ['x.part'], 'the inbox')
    eq(len(placed(w.organized)), 4, 'placed')


@test
def a_file_that_grows_is_taken_when_it_is_whole():
    w = Watch(settle='1')
    w.wait(rb'watching')
    path = os.path.join(w.inbox, 'long.jpg')
    with open(path, 'wb', buffering=0) as f:
        f.write(JPEG)
        w.put(1)
        # It is open to write while the other is taken.
        w.wait_organized(1)
        f.write(b'its end')
    w.wait_organized(1)
    w.stop()
    eq(sorted(os.path.getsize(p) for p in placed(w.organized)), sorted([5, 11]), 'sizes')


@test
def json_is_a_line_a_run():
    w = Watch('--json')
    w.put_at_once(2, 'card')
    first = json.loads(w.wait(rb'\{.*"organized": ?2.*\}\n').group(0))
    eq((first['organized'], first['errors']), (2, 0), 'the object')
    w.stop()
    assert not w.heard.strip(), w.heard


@test
def a_run_that_is_killed_is_made_good():
    w = Watch('--verbose')
    w.wait(rb'nothing new|organized')
    w.put(3000, 'many')
    for _ in range(3):
        pid = w.run_pid(lambda: len(placed(w.organized)) == 3000)
        try:
            if pid:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    while len(placed(w.organized)) < 3000:
        w.wait(rb'organized|nothing new')
    w.stop()
    contents = sorted(sha_of(p) for p in placed(w.organized))
    eq(len(contents), 3000, 'placed')
    eq(len(set(contents)), 3000, 'placed twice')


@test
def it_ends_between_two_files():
    w = Watch()
    w.wait(rb'watching')
    w.put_at_once(3000, 'many')
    w.run_pid(lambda: len(placed(w.organized)) == 3000)
    w.stop()
    assert not glob.glob(os.path.join(w.organized, '**', '.alice-tmp-*'), recursive=True)
    r = organize(w.inbox, w.organized)
    eq(len(placed(w.organized)), 3000, 'placed')
    eq(r.summary['errors'], 0, 'errors')


@test
def the_service_manager_is_told():
    path = os.path.join(fast(), 'notify')
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(60)
    told = []

    def until(word):
        while word not in (told or [b''])[-1]:
            told.append(s.recv(4096))

    w = Watch(env={'NOTIFY_SOCKET': path, 'WATCHDOG_USEC': '200000'})
    until(b'READY=1')
    for _ in range(5):
        until(b'WATCHDOG=1')
        told.append(b'')
    w.put_at_once(2, 'card')
    until(b'STATUS=2 organized')
    w.p.send_signal(signal.SIGTERM)
    until(b'STOPPING=1')
    eq(w.p.wait(60), 0, 'its exit status')
    s.close()


@test
def the_unit_is_right():
    built = glob.glob(os.path.join(os.path.dirname(ALICE), 'alice-watch.service'))
    if not built or not shutil.which('systemd-analyze'):
        raise Skip('no systemd-analyze here')
    with open(built[0]) as f:
        unit = f.read()
    for line in ('Type=notify', 'MemoryMax=', 'WatchdogSec=', 'WantedBy=default.target'):
        assert line in unit, line
    copy = os.path.join(fast(), 'alice-watch.service')
    with open(copy, 'w') as f:
        f.write(re.sub(r'(?m)^ExecStart=\S+', 'ExecStart=' + ALICE, unit))
    r = subprocess.run(['systemd-analyze', '--user', '--man=no', 'verify', copy],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       env={**os.environ, 'XDG_RUNTIME_DIR': os.path.dirname(copy)})
    said = [x for x in r.stdout.decode().splitlines() if 'alice-watch' in x]
    eq((said, r.returncode), ([], 0), r.stdout.decode())


@test
def what_is_wrong_is_said_before_it_watches():
    inbox = os.path.join(fast(), 'in')
    os.makedirs(inbox)
    for words in (['--every', '0'], ['--every', 'soon'], ['--settle', 'x'], ['--evry', '3'], ['--copy', '--move'],
                  ['--layout', '{nothing}'], ['--duplicates', 'perhaps'], ['--max-memory', '2']):
        r = alice('watch', inbox, inbox + '-organized', *words, expect=2)
        assert r.err, words
    zip_file = os.path.join(fast(), 'a.zip')
    open(zip_file, 'w').close()
    r = alice('watch', zip_file, inbox + '-organized', expect=2)
    assert b'folder' in r.err, r.text()


@test
def an_inbox_that_is_not_there_is_waited_for():
    top = fast()
    inbox = os.path.join(top, 'card')
    os.makedirs(inbox)
    w = Watch(inbox=inbox)
    w.wait(rb'watching')
    os.rename(inbox, inbox + '-away')
    w.wait(rb'not there')
    os.rename(inbox + '-away', inbox)
    w.wait(rb'is back')
    w.put(1)
    w.wait_organized(1)
    w.stop()


@test
def nothing_grows():
    bursts = int(os.environ.get('ALICE_TEST_BURSTS', '4'))
    w = Watch()
    w.wait(rb'watching')

    def now():
        with open('/proc/%d/status' % w.p.pid) as f:
            rss = int(re.search(r'VmRSS:\s+(\d+)', f.read()).group(1))
        return len(os.listdir('/proc/%d/fd' % w.p.pid)), rss

    w.put(20, 'first')
    w.wait_organized(20)
    files, rss = now()
    for i in range(bursts):
        w.put(20, 'folder-%d' % i)
        w.wait_organized(20)
    eq(now()[0], files, 'open files')
    if not sanitized():
        assert now()[1] <= rss + 512, (now(), rss)
    w.stop()


main()
