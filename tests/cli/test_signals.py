"""A run that is interrupted or killed at any moment: every file is whole where it should be, and
the next run carries on and ends the work."""
import os
import random
import re

from harness import *

own_mounts()

KILLS = int(os.environ.get('ALICE_KILLS', '20'))
SEED = int(os.environ.get('ALICE_SEED', '1'))


class Scene:
    """An inbox with its truth, and what holds for it whatever happens."""

    def __init__(self, count, move, apart, seed=7):
        self.top = fast()
        self.inbox = os.path.join(self.top, 'inbox')
        self.move, self.apart = move, apart
        self.truth = collection.make(self.inbox, count, seed=seed, odd=False)
        for i in range(3):  # some that take longer to copy
            data = collection.sample.jpeg(seed=700000 + i) + bytes(MB) + b'%d' % i
            m = collection.Maker(self.inbox, 1)
            m.truth = self.truth
            m.put(b'long/film %d.jpg' % i, data, 1600000000, 'media')
        self.organized = os.path.join(tmpfs('size=512m') if apart == 'mounted' else place() if apart else self.top,
                                      'organized')
        self.before = listing(self.inbox)
        self.contents = {}
        for t in self.truth:
            self.contents[t.sha] = self.contents.get(t.sha, 0) + 1

    def args(self, *more):
        return ['organize', '--move' if self.move else '--copy', self.inbox, self.organized, '--json', *more]

    def check(self):
        """What holds after a kill: nothing lost, nothing in part, nothing besides."""
        inbox = listing(self.inbox)
        for p, v in inbox.items():
            eq(v[2:] if v[3] else None, self.before[p][2:] if self.before[p][3] else None, 'in the inbox: %r' % p)
        placed, shas = {}, set()
        if os.path.isdir(self.organized):
            for p, v in listing(self.organized).items():
                if (v[0] & 0o170000) != 0o100000 or os.path.basename(p).startswith(b'.alice-tmp-'):
                    continue
                assert v[3] in self.contents, 'not whole: %r' % p
                assert v[3] not in shas, 'twice: %r' % p
                shas.add(v[3])
                placed[p] = v[3]
        here = {}
        for t in self.truth:
            here.setdefault(t.sha, 0)
            here[t.sha] += t.path in inbox
        for sha, count in self.contents.items():
            found = here[sha] + (sha in shas)
            if not self.move:
                eq(here[sha], count, 'in the inbox')
            elif self.apart:
                assert count <= found <= count + 1, 'found %d of %d' % (found, count)
            else:
                eq(found, count, 'found')
        return len(placed)

    def check_end(self):
        """What holds when the work is done."""
        done = self.check()
        eq(done, len(self.contents), 'organized')
        for folder in (self.organized, self.inbox):
            left = [p for p in listing(folder, skip=()) if b'alice-tmp' in p]
            eq(left, [], 'leftovers')
        if self.move:
            eq(len(files(self.inbox)), len(self.truth) - len(self.contents), 'copies stay in the inbox')


def progress(s):
    """How far a run is, by what can be seen of it: names in organized, and those gone from the inbox."""
    seen = 0
    for top, sign in ((s.organized, 1), (s.inbox, -1)):
        todo = [top]
        while todo:
            try:
                with os.scandir(todo.pop()) as entries:
                    for e in entries:
                        seen += sign
                        if e.is_dir(follow_symlinks=False):
                            todo.append(e.path)
            except OSError:
                pass  # it is not there yet, or gone
    return seen + len(s.before)


def wait_for_a_moment(rng, s, p):
    """Wait until the run `p` is at a moment that `rng` chooses: so many steps seen; or it has ended."""
    wanted = progress(s) + rng.randrange(0, 2 * len(s.contents))
    while p.poll() is None and progress(s) < wanted:
        pass


def kill_at_many_moments(move, apart):
    rng = random.Random(SEED)
    hit = recovered = settling = 0
    while hit < KILLS or settling + recovered == 0 and hit < 200:  # one is met, however fast the machine
        s = Scene(240, move, apart, seed=rng.randrange(10**6))
        for _ in range(3):  # also runs that settle what a killed one left are killed
            p = start(*s.args())
            wait_for_a_moment(rng, s, p)
            p.kill()
            p.communicate()
            if p.returncode == 0:
                break
            hit += 1
            settling += p.returncode == -signal.SIGKILL and s.check() > 0
        r = alice(*s.args())
        recovered += r.json()['recovered']
        s.check_end()
        again = alice(*s.args()).json()
        eq((again['organized'], again['errors']), (0, 0), 'another run')
    print('#  %d kills, %d of them with files placed, %d files settled by the last runs' % (hit, settling, recovered))
    assert settling + recovered > 0, 'no kill met a run in its middle'


@test
def killed_while_copying():
    kill_at_many_moments(False, False)


@test
def killed_while_moving():
    kill_at_many_moments(True, False)


@test
def killed_while_moving_to_a_disk():
    if os.stat('/var/tmp').st_dev == os.stat('/dev/shm').st_dev:
        raise Skip('no second file system at hand')
    kill_at_many_moments(True, True)


@test
def killed_while_moving_to_another_file_system():
    kill_at_many_moments(True, 'mounted')


def interrupt(number, move, apart=False):
    rng = random.Random(SEED + number)
    middle = tries = 0
    while middle < 3 and tries < 24 or middle == 0 and tries < 200:  # one is met, however fast the machine
        tries += 1
        s = Scene(400, move, apart, seed=rng.randrange(10**6))
        p = start(*s.args())
        wait_for_a_moment(rng, s, p)
        p.send_signal(number)
        out, err = p.communicate(timeout=60)
        if p.returncode == -number:
            continue  # it came before anything had begun
        r = Result(p.returncode, out, err)
        assert r.status in (0, 130), r.text()
        s.check()
        left = [f for f in (listing(s.organized) if os.path.isdir(s.organized) else ()) if b'alice-tmp' in f]
        eq(left, [], 'half-done')
        if r.status == 130:
            if r.out:
                eq(r.json()['interrupted'], True, r.text())
            if r.out and r.json()['organized']:
                eq(r.json()['organized'], len(files(s.organized)), 'organized so far')
                middle += 1
            after = alice(*s.args()).json()
            eq((after['recovered'], after['errors']), (0, 0), 'the next run')
            s.check_end()
        clean()
    assert middle > 0, 'no signal met a run in its middle'


@test
def SIGINT_while_copying():
    interrupt(signal.SIGINT, False)


@test
def SIGTERM_while_copying():
    interrupt(signal.SIGTERM, False)


@test
def SIGINT_while_moving():
    interrupt(signal.SIGINT, True)


@test
def SIGTERM_while_moving_to_another_file_system():
    interrupt(signal.SIGTERM, True, 'mounted')


@test
def SIGTERM_while_the_report_stands_still():
    s = Scene(1500, False, False)
    run = Held(s.inbox, s.organized)
    run.p.send_signal(signal.SIGTERM)
    r = run.end(expect=130)
    eq(r.json()['interrupted'], True)
    eq(len(run.report.splitlines()), r.json()['files'], 'the report is complete as far as it goes')
    s.check()
    alice(*s.args())
    s.check_end()


def pending(pid):
    """The signals that a process was sent and has not taken, as bits."""
    with open('/proc/%d/status' % pid) as f:
        return int(re.search(r'^ShdPnd:\t(\w+)', f.read(), re.M).group(1), 16)


@test
def a_second_signal_ends_it_at_once():
    s = Scene(1500, True, False)
    run = Held(s.inbox, s.organized, '--move')
    run.p.send_signal(signal.SIGINT)
    limit = time.monotonic() + 60
    while pending(run.p.pid) & 1 << (signal.SIGINT - 1):
        assert time.monotonic() < limit, 'the first signal never came'
    run.p.send_signal(signal.SIGINT)
    run.end(expect=-signal.SIGINT)
    s.check()
    alice(*s.args())
    s.check_end()


main()
