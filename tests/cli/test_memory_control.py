#!/usr/bin/env python3
"""A running alice can be asked: the socket, `alice memory monitor` and `alice memory gc`.

Against real runs, on a terminal and in a pipe; and against a made-up alice whose words are known,
for the look, which is pinned in tests/golden/screens. ALICE_UPDATE_GOLDEN=1 writes those anew.
"""
import glob
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

import harness as h
from harness import eq, test
from screen import Screen

GOLDEN = os.path.join(h.ROOT, 'tests', 'golden', 'screens')
FAKE = os.path.join(h.HERE, 'fake_alice.py')


# ---- runs that can be asked ----

class Place:
    """A runtime folder of our own, so that alices of other tests are not seen; and an inbox."""

    def __init__(self, files=0, names=0):
        """So many different files, and more names of the first, which cost nothing to make."""
        self.runtime = h.place('/tmp')  # a socket's address has 108 bytes
        self.env = h.environment(XDG_RUNTIME_DIR=self.runtime, TERM='xterm')
        self.folder = os.path.join(self.runtime, 'alice')
        self.top = h.fast()
        self.inbox, self.out = os.path.join(self.top, 'inbox'), os.path.join(self.top, 'organized')
        os.mkdir(self.inbox)
        s = h.collection.sample
        for i in range(files):
            if i % 500 == 0:
                os.mkdir(os.path.join(self.inbox, 'p%d' % (i // 500)))
            with open(os.path.join(self.inbox, 'p%d' % (i // 500), 'i%05d.jpg' % i), 'wb') as f:
                f.write(s.jpeg(s.tiff('Canon', 'EOS', '2024:03:%02d 10:00:00' % (1 + i % 28)), i))
        for i in range(names):
            os.link(os.path.join(self.inbox, 'p0', 'i00000.jpg'), os.path.join(self.inbox, 'q%05d.jpg' % i))

    def alice(self, *args, **how):
        return h.alice(*args, env=self.env, **how)

    def screen(self, *args, rows=24, columns=80, **env):
        return Screen([h.ALICE, 'memory', 'monitor', *args], rows, columns, dict(self.env, **env))


class Run:
    """A dry run with -v whose reader takes its lines as slowly as a test wants."""

    def __init__(self, place, *more):
        self.p = h.start('organize', '-n', '-v', '--max-memory', '16', *more, place.inbox, place.out,
                         env=place.env, stderr=subprocess.DEVNULL)
        self.socket = os.path.join(place.folder, 'alice-%d.sock' % self.p.pid)
        self.pid = str(self.p.pid)
        self.head = b''
        wait(lambda: os.path.exists(self.socket), 'the socket')
        wait(self.read_a_little, 'the run')

    def read_a_little(self):
        """Let some files go by; the pipe holds it up otherwise. True: it tells of them."""
        if self.ask('status').get('run', {}).get('files', 0) > 0:
            return True
        if select.select([self.p.stdout], [], [], 0)[0]:
            self.head += os.read(self.p.stdout.fileno(), 4096)
        return False

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(120)
        s.connect(self.socket)
        return s

    def ask(self, what):
        with self.connect() as s:
            s.sendall(what.encode() + b'\n')
            return json.loads(s.makefile('rb').readline())

    def trickle(self):
        """Read on, slowly, in the background, so that files go by: 250 a second at the most. A run
        collects between batches, so each that asks may use up a thousand; 40,000 names are enough
        for any test on any machine."""
        self.slow = subprocess.Popen(
            [sys.executable, '-c', 'import sys,time\n'
             'for i,l in enumerate(sys.stdin.buffer):\n'
             '  if i % 5 == 0: time.sleep(0.02)'], stdin=self.p.stdout)
        self.p.stdout.close()

    def go_on(self):
        """Read the rest at once: it ends well and leaves no socket."""
        if hasattr(self, 'slow'):
            self.slow.terminate()
            self.slow.wait()
            self.p.terminate()
            self.p.wait(60)
            return None
        out = self.head + self.p.stdout.read()
        eq(self.p.wait(60), 0, 'the run')
        assert not os.path.exists(self.socket), 'the socket is left'
        return out


def wait(holds, what, seconds=120):
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, 'never came: ' + what
        time.sleep(0.01)


def process_state(pid):
    """Its letter: R, S, T (stopped), Z …"""
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rsplit(')', 1)[1].split()[0]


def fake(place, status='status.json', **more):
    """The process id of an alice that answers as we say."""
    os.makedirs(place.folder, mode=0o700, exist_ok=True)
    answers = {}
    for name in ('status', 'collect'):
        with open(os.path.join(GOLDEN, name + '.json')) as f:
            answers[name] = json.load(f)
    answers.update(more)
    path = os.path.join(place.top, 'answers')
    with open(path, 'w') as f:
        json.dump(answers, f)
    p = subprocess.Popen([sys.executable, FAKE, place.folder, path], stdout=subprocess.PIPE)
    p.stdout.readline()
    place.fakes = getattr(place, 'fakes', []) + [p]
    return p


def golden(name, text):
    """Compare with what is pinned."""
    path = os.path.join(GOLDEN, name + '.txt')
    if os.environ.get('ALICE_UPDATE_GOLDEN') == '1':
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return
    with open(path, encoding='utf-8') as f:
        wanted = f.read()
    assert text == wanted, '%s looks different; if that is right, run with ALICE_UPDATE_GOLDEN=1:\n%s\n' \
        'instead of\n%s' % (path, text, wanted)


# ---- the socket ----

@test
def the_socket_is_the_users_alone():
    p = Place(2000)
    r = Run(p)
    eq(os.stat(p.folder).st_mode & 0o7777, 0o700, 'the folder')
    st = os.stat(r.socket)
    eq(st.st_mode & 0o7777, 0o600, 'the socket')
    eq(st.st_uid, os.geteuid(), 'its owner')
    eq(os.listdir(p.folder), [os.path.basename(r.socket)], 'nothing besides')
    r.go_on()


@test
def status_tells_everything_that_is_documented():
    p = Place(2000)
    r = Run(p)
    s = r.ask('status')
    eq((s['protocol'], s['pid'], s['command'], s['phase']), (1, r.p.pid, 'organize', 'running'))
    m = s['memory']
    eq(m['limit_bytes'], 16 * h.MB, 'the limit')
    if not h.sanitized():
        assert 0 < m['current_bytes'] <= m['peak_bytes'] < m['limit_bytes'], m
    assert m['level'] in ('normal', 'medium', 'high', 'critical')
    assert 0 < s['run']['files'] <= 2000 and s['run']['dry_run'] and s['run']['mode'] == 'copy'
    eq(s['run']['inbox_path'], os.path.realpath(p.inbox), 'inbox_path')
    assert re.match(r'p\d/i\d{5}\.jpg$', s['run']['path']), s['run']['path']
    root = s['ledger'][0]
    eq((root['depth'], root['cap_bytes']), (0, 16 * h.MB), 'the root account')
    eq(sum(a['current_bytes'] for a in s['ledger'] if a['depth'] == 1), root['current_bytes'], 'the ledger')
    eq([c['name'] for c in s['caches']], ['cache.metadata', 'cache.result', 'cache.directory', 'cache.hash'])
    assert s['batch']['size'] > 0 and s['pools'][0]['created'] > 0
    with open(os.path.join(h.ROOT, 'docs', 'control-protocol.md')) as f:
        manual = f.read()
    for group in (s, m, s['run'], s['batch'], s['collections'], root, s['caches'][0], s['pools'][0]):
        for key in group:
            assert '`%s`' % key in manual, 'not documented: ' + key
    r.go_on()


@test
def collect_says_what_came_back():
    p = Place(4000)
    r = Run(p)
    r.trickle()
    a = r.ask('collect')
    names = [x['name'] for x in a['reclaimers']]
    assert 'cache.metadata.cold' in names and names[-1] == 'pages', names
    eq(sum(x['bytes'] for x in a['reclaimers']), a['released_bytes'], 'the sum')
    assert a['released_bytes'] > 0 and a['resident_before_bytes'] > 0 and a['resident_after_bytes'] > 0
    eq(r.ask('status')['collections']['count'] >= 1, True, 'collections')
    r.go_on()


@test
def several_requests_on_one_connection():
    p = Place(2000)
    r = Run(p)
    with r.connect() as s:
        s.sendall(b'status\r\nstatus\nstat')
        f = s.makefile('rb')
        for _ in range(2):
            eq(json.loads(f.readline())['pid'], r.p.pid)
        s.sendall(b'us\n')
        eq(json.loads(f.readline())['pid'], r.p.pid)
        s.shutdown(socket.SHUT_WR)
        eq(f.read(), b'', 'the end')
    r.go_on()


@test
def garbage_is_refused_and_the_run_goes_on():
    p = Place(2000)
    r = Run(p)
    for garbage, error in ((b'\n', 'unknown'), (b'quit\n', 'unknown'), (b'x' * 300, 'too long'),
                           (b'\0\xff\x1b[2J\n', 'unknown'), (os.urandom(255).replace(b'\n', b' ') + b'\n', None),
                           (b'statusx\n', 'unknown'), (b' status\n', 'unknown')):
        with r.connect() as s:
            s.sendall(garbage)
            lines = s.makefile('rb').read().splitlines()
        eq(len(lines), 1, repr(garbage))
        a = json.loads(lines[0])
        assert 'error' in a and (error is None or a['error'] == error), (garbage, a)
    r.ask('status')
    assert b'2000 files' in r.go_on()


@test
def floods_and_stuck_clients_do_not_stop_a_run():
    """Ten times more callers than places, endless requests that nobody reads the answers of."""
    p = Place(6000)
    alone = p.alice('organize', '-n', '--json', p.inbox, p.out, '--max-memory', '16').json()
    r = Run(p)
    stuck = []
    for i in range(20):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(r.socket)
            s.send(b'sta' if i % 2 else b'status\n' * 2000)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        stuck.append(s)
    flood = subprocess.Popen([sys.executable, '-c', '''
import socket, sys
while True:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.2)
    try:
        s.connect(sys.argv[1])
        while True:
            s.sendall(b"status\\n" * 50)
            s.recv(100)
    except OSError:
        pass
''', r.socket], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        cpu = thread_seconds(r.p.pid)
        began = time.monotonic()
        out = b''
        while True:  # a reader who takes two seconds for it
            part = os.read(r.p.stdout.fileno(), 8192)
            if not part:
                break
            out += part
            time.sleep(0.01)
            cpu = thread_seconds(r.p.pid) or cpu
        took = time.monotonic() - began
        eq(r.p.wait(60), 0, 'the run')
        assert b'6000 files looked at' in out, out[-300:]
    finally:
        flood.kill()
        flood.wait()
        for s in stuck:
            s.close()
    h_high = re.search(rb'peak ([0-9.]+) MB', out)
    if not h.sanitized():
        assert float(h_high.group(1)) * h.MB < alone['memory']['peak_bytes'] + h.MB, 'the flood took memory'
        assert cpu < 0.1 * took + 0.15, 'the thread took %.2f s of %.2f s' % (cpu, took)
    assert not os.path.exists(r.socket)


def thread_seconds(pid):
    """Processor time of the thread that answers: the first that is not the main one."""
    try:
        threads = sorted(int(t) for t in os.listdir('/proc/%d/task' % pid))[1:2]
        with open('/proc/%d/task/%d/stat' % (pid, threads[0])) as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    except (OSError, IndexError):
        return 0


@test
def a_silent_client_is_hung_up_on():
    p = Place(2000)
    r = Run(p)
    silent = [r.connect() for _ in range(12)]
    silent[0].sendall(b'stat')
    began = time.monotonic()
    eq(silent[0].recv(10), b'', 'hung up')
    assert time.monotonic() - began > 3, 'after five seconds'
    # Those that had the places are gone; who waits is served.
    eq(r.ask('status')['pid'], r.p.pid)
    for s in silent:
        s.close()
    r.go_on()


@test
def stale_sockets_are_removed_and_others_left_alone():
    needs_to_be_alone()
    p = Place(2000)
    r = Run(p)
    r.p.kill()
    r.p.wait()
    assert os.path.exists(r.socket), 'a killed run leaves its socket'
    for name in ('alice-x.txt', 'other.sock', 'alice-4.sock.txt'):
        open(os.path.join(p.folder, name), 'w').close()
    q = p.alice('memory', 'gc', '--all', expect=3)
    assert b'no alice of yours is running' in q.err, q.text()
    living = Run(p)
    assert not os.path.exists(r.socket), 'the stale one is gone'
    other = Run(p)
    eq(sorted(os.listdir(p.folder)), sorted([os.path.basename(living.socket), os.path.basename(other.socket),
                                             'alice-4.sock.txt', 'alice-x.txt', 'other.sock']))
    living.ask('status')
    living.go_on()
    other.ask('status')
    other.go_on()


@test
def a_folder_that_is_not_ours_alone_is_not_used():
    p = Place(1000)
    os.mkdir(p.folder)
    os.chmod(p.folder, 0o755)
    r = h.start('--debug', 'organize', '-n', '-v', p.inbox, p.out, env=p.env)
    out, err = r.communicate(timeout=60)
    eq(r.returncode, 0)
    eq(os.listdir(p.folder), [], 'the open folder')
    os.rmdir(p.folder)
    target = os.path.join(p.top, 'elsewhere')
    os.mkdir(target, 0o700)
    os.symlink(target, p.folder)
    p.alice('organize', '-n', p.inbox, p.out)
    eq(os.listdir(target), [], 'behind a link')


@test
def another_user_is_not_answered():
    if os.geteuid() != 0:
        raise h.Skip('needs root to become another user')
    p = Place(2000)
    r = Run(p)
    # Even where the folders would let them through.
    for path in (p.runtime, p.folder):
        os.chmod(path, 0o755)
    os.chmod(r.socket, 0o666)
    ask = subprocess.run([sys.executable, '-c', '''
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1])
try:
    s.sendall(b"status\\n"); print(repr(s.recv(10)))
except OSError:
    print(repr(b""))
''', r.socket], stdout=subprocess.PIPE, timeout=60)
    eq(ask.stdout.strip(), b"b''", 'another user')
    os.chmod(p.folder, 0o700)
    drop = ['setpriv', '--reuid', '65534', '--clear-groups']
    if subprocess.run(drop + ['test', '-x', h.ALICE]).returncode == 0:
        q = p.alice('memory', 'gc', '--pid', r.pid, before=drop, expect=3)
        assert b'of another user: only they and root may ask it' in q.err, q.text()
        q = p.alice('memory', 'monitor', '--pid', r.pid, '--duration', '0.1', before=drop)
        assert b'current ' in q.out, q.text()
    eq(r.ask('status')['pid'], r.p.pid, 'we are')
    r.go_on()


# ---- monitor ----

@test
def monitor_in_a_pipe_is_a_line_an_interval():
    needs_to_be_alone()
    p = Place(3000)
    r = Run(p)
    q = p.alice('memory', 'monitor', '--pid', r.pid, '--duration', '0.6', '--interval', '0.2')
    lines = q.out.decode().splitlines()
    eq(len(lines), 3, q.text())
    for line in lines:
        assert re.match(r'0\.\d s  pid %s  organize  running  current [\d.]+ MB  peak [\d.]+ MB  available [\d.]+ [MG]B'
                        r'  system [\d.]+ %%  limit 16 MB  ratio [\d.]+ %%  level \w+  files \d+  batch \d+$' % r.pid,
                        line), line
    assert b'\x1b' not in q.out
    q = p.alice('--debug', 'debug', 'memory', 'monitor', '--pid', r.pid, '--duration', '0.2', '--interval', '0.1',
                '--json')
    rows = [json.loads(line) for line in q.out.splitlines()]
    eq(len(rows), 2)
    eq({(x['kind'], x['pid'], x['phase'], x['memory']['limit_bytes']) for x in rows},
       {('alice', r.p.pid, 'running', 16 * h.MB)})
    assert rows[0]['elapsed_seconds'] < rows[1]['elapsed_seconds']
    q = p.alice('memory', 'monitor', '--all', '--duration', '0.1', '--json')
    eq([json.loads(line)['pid'] for line in q.out.splitlines()], [r.p.pid])
    r.go_on()


@test
def monitor_shows_itself_and_any_process():
    p = Place()
    q = p.alice('memory', 'monitor', '--duration', '0.1', '--json', '--max-memory', '64')
    x = json.loads(q.out)
    eq((x['kind'], x['memory']['limit_bytes']), ('self', 64 * h.MB))
    assert x['memory']['current_bytes'] > 0
    q = p.alice('memory', 'monitor', '--pid', str(os.getpid()), '--duration', '0.1', '--json')
    x = json.loads(q.out)
    eq((x['kind'], x['pid']), ('process', os.getpid()))
    assert x['memory']['current_bytes'] > h.MB and 'limit_bytes' not in x['memory']
    q = p.alice('memory', 'monitor', '--pid', str(os.getpid()), '--duration', '0.1')
    assert b'current ' in q.out and b'limit' not in q.out, q.text()


@test
def monitor_without_options_shows_who_runs():
    p = Place(2000)
    one = Run(p)
    x = json.loads(p.alice('memory', 'monitor', '--duration', '0.1', '--json').out.splitlines()[0])
    eq((x['kind'], x['pid']), ('alice', one.p.pid), 'the one')
    two = Run(p)
    out = p.alice('memory', 'monitor', '--duration', '0.1', '--json').out
    eq(sorted({json.loads(line)['pid'] for line in out.splitlines()}), sorted([one.p.pid, two.p.pid]), 'both')
    one.go_on()
    two.go_on()
    t = p.screen('--duration', '300')
    t.until('no alice of yours is running')
    t.press('q')
    t.end()


@test
def monitor_ends_with_the_process_and_with_a_signal():
    p = Place(2000)
    r = Run(p)
    m = h.start('memory', 'monitor', '--pid', r.pid, '--interval', '0.05', env=p.env)
    m.stdout.readline()
    r.p.kill()  # it stays a zombie until we look after it
    out, err = m.communicate(timeout=20)
    eq(m.returncode, 0)
    assert b'process %s has ended' % r.pid.encode() in err, err
    p.alice('memory', 'monitor', '--pid', r.pid, expect=3)
    r.p.wait()
    m = h.start('memory', 'monitor', '--interval', '30', env=p.env)
    m.stdout.readline()
    m.send_signal(signal.SIGINT)
    eq(m.wait(10), 130, 'interrupted')
    m.stdout.close()
    m.stderr.close()


@test
def monitor_tells_of_a_stopped_alice_what_the_kernel_tells():
    p = Place(2000)
    r = Run(p)
    r.p.send_signal(signal.SIGSTOP)
    wait(lambda: process_state(r.p.pid) == 'T', 'the stop')
    try:
        q = p.alice('memory', 'monitor', '--pid', r.pid, '--duration', '0.1')
        assert b'no answer  current ' in q.out, q.text()
    finally:
        r.p.send_signal(signal.SIGCONT)
    r.go_on()


@test
def monitor_on_a_terminal():
    p = Place(1000, names=40000)
    r = Run(p)
    r.trickle()
    t = p.screen('--pid', r.pid, '--interval', '0.1', '--duration', '300', rows=30, columns=100)
    t.until('process %s · organize · running' % r.pid)
    t.until('┃ Metric      ┃ Value')
    assert t.alternate and t.hidden
    for words in ('remaining ', 'Ledger', 'catalog', 'Progress', 'Batch', 'cache.hash', ' limit', 'q quit  g collect  p pause'):
        t.until(words)
    if not h.sanitized():  # which needs more than the limit: the levels are one line then
        t.until(' critical')
    t.press('g')
    t.until('collected: ')
    t.press('p')
    t.until('paused')
    time.sleep(0.3)
    t.read(0.3)
    frozen = re.search(r'Progress .*', t.text()).group()
    t.read(0.5)
    eq(re.search(r'Progress .*', t.text()).group(), frozen, 'paused')
    t.press('p')
    t.until(lambda: re.search(r'Progress .*', t.text()).group() != frozen)
    for rows, columns in ((24, 80), (50, 160), (10, 30), (1, 1), (3, 500), (30, 100)):
        t.resize(rows, columns)
        drawn = t.screens
        t.until(lambda: t.screens >= drawn + 2)
    t.until('Usage Ratio')
    assert {'36', '32'} & t.colors or {'33'} & t.colors
    t.press('q')
    t.end()
    assert '│ Usage Ratio │' in t.plain, t.plain
    r.go_on()


@test
def monitor_on_a_terminal_ends_well_in_every_way():
    p = Place(2000)
    r = Run(p)
    t = p.screen('--pid', r.pid, '--interval', '0.05', '--duration', '0.5')
    t.end()
    t = p.screen('--pid', r.pid, '--interval', '0.05')
    t.until('Usage Ratio')
    t.press('\x03')  # Ctrl-C
    t.end(expect=130)
    t = p.screen('--pid', r.pid, '--interval', '0.05')
    t.until('Usage Ratio')
    t.p.send_signal(signal.SIGTERM)
    t.end(expect=130)
    t = p.screen('--pid', r.pid, '--interval', '0.05')
    t.until('Usage Ratio')
    r.go_on()
    t.end()
    assert 'has ended' in t.plain, t.plain


@test
def monitor_colours_and_old_terminals():
    p = Place()
    f = fake(p)
    pid = str(f.pid)
    t = p.screen('--pid', pid, '--interval', '0.05', NO_COLOR='1')
    t.until('Usage Ratio')
    t.press('q')
    t.end()
    eq(t.colors, set(), 'with NO_COLOR')
    t = p.screen('--pid', pid, '--interval', '0.1', '--duration', '0.2', TERM='dumb')
    t.end()
    assert 'level high' in t.plain and b'\x1b' not in t.raw, t.plain
    t = p.screen('--pid', pid, '--interval', '0.1', '--duration', '0.1', '--json')
    t.end()
    eq(json.loads(t.plain)['pid'], f.pid)
    stop(p)


def stop(place):
    for f in place.fakes:
        f.kill()
        f.wait()
        f.stdout.close()


# ---- the look ----

def steady(f):
    """Replace the process id by one that is always the same."""
    return lambda text: re.sub(r'process %d\b' % f.pid, 'process 4711', text)


@test
def the_screen_looks_as_pinned():
    p = Place()
    f = fake(p)
    for name, rows, columns, env in (('monitor-24x80', 24, 80, {}), ('monitor-40x60', 40, 60, {}),
                                     ('monitor-12x40', 12, 40, {}), ('monitor-50x140', 50, 140, {}),
                                     ('monitor-ascii', 24, 80, {'LC_ALL': 'C'})):
        t = p.screen('--pid', str(f.pid), '--interval', '1000', rows=rows, columns=columns, **env)
        t.until('Memory Monitor')
        t.read(0.1)
        # Where the first line is cut depends on the process id.
        golden(name, re.sub(r'^Memory Monitor .*', 'Memory Monitor', t.text()))
        t.press('q')
        t.end()
    # What stays on the terminal is the guide's table, to the letter.
    golden('monitor-table', t.plain.replace('\r', ''))
    t = p.screen('--pid', str(f.pid), '--interval', '0.05', '--duration', '0.1')
    t.end()
    golden('monitor-table-utf8', t.plain.replace('\r', ''))
    stop(p)


@test
def the_table_of_a_collection_looks_as_pinned():
    needs_to_be_alone()
    p = Place()
    f = fake(p)
    look = steady(f)
    q = p.alice('memory', 'gc', '--pid', str(f.pid))
    golden('gc', look(q.out.decode()))
    q = p.alice('--debug', 'debug', 'memory', 'gc', '--all')
    golden('gc', look(q.out.decode()))
    q = h.alice('memory', 'gc', '--all', env=dict(p.env, LC_ALL='C'))
    golden('gc-ascii', look(q.out.decode()))
    q = p.alice('memory', 'gc', '--pid', str(f.pid), '--json')
    with open(os.path.join(GOLDEN, 'collect.json')) as file:
        eq(q.json(), json.load(file))
    stop(p)


# ---- gc ----

@test
def gc_asks_one_or_all():
    needs_to_be_alone()
    p = Place(1000, names=40000)
    one, two = Run(p), Run(p)
    one.trickle()
    two.trickle()
    q = p.alice('memory', 'gc', '--pid', one.pid)
    text = q.out.decode()
    assert 'Garbage Collection Results: process %s' % one.pid in text and 'cache.metadata.cold' in text, text
    assert re.search(r'│ Resident before +│ +│ +[\d.]+ MB │', text), text
    q = p.alice('memory', 'gc', '--all')
    for r in (one, two):
        assert 'process %s\n' % r.pid in q.out.decode(), q.text()
    q = p.alice('memory', 'gc', '--all', '--json')
    eq(sorted(json.loads(line)['pid'] for line in q.out.splitlines()), sorted([one.p.pid, two.p.pid]))
    q = p.alice('memory', 'gc')
    assert b'Garbage Collection Results: this process' in q.out and b'Running alices of yours: 2' in q.out, q.text()
    q = p.alice('memory', 'gc', '--json')
    eq(q.json()['reclaimers'][0]['name'], 'pages')
    one.go_on()
    two.go_on()


@test
def who_cannot_be_asked_is_told_in_one_line():
    needs_to_be_alone()
    p = Place()
    gone = subprocess.Popen(['true'])
    gone.wait()
    for args, status, words in (
            (['gc', '--all'], 3, 'no alice of yours is running; start one'),
            (['monitor', '--all'], 3, 'no alice of yours is running; start one'),
            (['gc', '--pid', str(gone.pid)], 3, 'there is no process %d; ' % gone.pid),
            (['monitor', '--pid', str(gone.pid)], 3, 'there is no process %d; ' % gone.pid),
            (['gc', '--pid', str(os.getpid())], 3, 'is not an alice that can be asked; '),
            (['gc', '--pid', 'alice'], 2, "wants a process id, not 'alice'"),
            (['monitor', '--pid', '-3'], 2, "wants a process id, not '-3'"),
            (['monitor', '--pid', '0'], 2, "wants a process id, not '0'"),
            (['monitor', '--pid', '99999999999999999999'], 2, 'wants a process id'),
            (['gc', '--pid', '1', '--all'], 2, 'exclude each other'),
            (['monitor', '--duration', 'x'], 2, "--duration wants seconds, such as 60 or 0.5, not 'x'"),
            (['monitor', '--duration', '0'], 2, '--duration wants seconds'),
            (['monitor', '--duration', 'nan'], 2, '--duration wants seconds'),
            (['monitor', '--interval', '0.001'], 2, '--interval wants seconds, 0.05 or more'),
            (['monitor', '--interval', '-1'], 2, '--interval wants seconds'),
            (['gc', 'x'], 2, 'takes no arguments'),
            (['monitor', '--set', 'nonsense=1'], 2, 'nonsense')):
        q = p.alice('memory', *args, expect=status)
        eq(q.out, b'', args)
        eq(len(q.err.splitlines()), 1, q.text())
        assert words in q.err.decode(), (args, q.text())


@test
def an_alice_that_answers_nonsense_does_no_harm():
    p = Place()
    for words in ('', '\n', '{}\n', '[]\n', '"x"\n', '{"memory": 3, "run": [], "ledger": {}}\n', '{"a": ' * 3000 + '\n',
                  '[' * 20000 + '\n', '{"memory": {"limit_bytes": 1e999, "current_bytes": -5}}\n', '{"pid": "\\u12"}\n',
                  '{"command": "\\u001b[31m\\udcff\\ud83d", "ledger": [1, {}, null, {"name": 5}], "caches": [[]]}\n',
                  'x' * 30000 + '\n', '{"ledger": [%s]}\n' % ', '.join(['{"name": "%s"}' % ('y' * 300)] * 70)):
        f = fake(p, status=words, collect=words)
        for args in (['monitor', '--duration', '0.1'], ['monitor', '--duration', '0.1', '--json'], ['gc']):
            if words == '' and args[0] == 'gc':
                continue  # silence: it waits for half a minute, as it should
            q = p.alice('memory', *args, '--pid', str(f.pid), expect=None)
            assert q.status in (0, 3) and b'\x1b' not in q.out, (words[:60], q.text())
        t = p.screen('--pid', str(f.pid), '--interval', '0.1', '--duration', '0.15', rows=30, columns=90)
        t.end()
        f.kill()
        f.wait()
        f.stdout.close()


@test
def an_alice_that_refuses_says_why():
    p = Place()
    f = fake(p, collect={'protocol': 1, 'error': 'idle', 'text': 'nothing is being organized at this moment'})
    q = p.alice('memory', 'gc', '--pid', str(f.pid), expect=3)
    eq(q.err.decode(), 'alice: process %d: nothing is being organized at this moment\n' % f.pid)
    stop(p)


def alone():
    """See no alices but ours: hide the folders of those that have no runtime folder."""
    h.own_mounts()
    if 'ALICE_TEST_INSIDE' not in os.environ:
        return
    for parent, name in (('/run/user/%d' % os.geteuid(), 'alice'), ('/tmp', 'alice-%d' % os.geteuid())):
        if os.path.isdir(parent):
            path = os.path.join(parent, name)
            os.makedirs(path, mode=0o700, exist_ok=True)
            subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=0700,size=1m', 'none', path], check=True)


def needs_to_be_alone():
    for path in ('/run/user/%d/alice' % os.geteuid(), '/tmp/alice-%d' % os.geteuid()):
        if glob.glob(path + '/*.sock'):
            raise h.Skip('other alices of this user are running')


alone()
h.main()
