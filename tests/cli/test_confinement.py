"""A run is confined, and nothing that it has to do suffers from it."""
import ctypes
import os
import subprocess

from harness import Held, Skip, eq, main, organize, place, sanitized, test


def landlock():
    """The kernel's own answer, not the program's."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(444, None, 0, 1)  # landlock_create_ruleset(NULL, 0, VERSION)


def pictures(count):
    """An inbox of `count` tiny pictures, each of its own content, in two folders."""
    inbox = os.path.join(place(), 'inbox')
    for i in range(count):
        folder = os.path.join(inbox, 'ab'[i % 2])
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, '%05d.gif' % i)
        with open(path, 'wb') as f:
            f.write(b'GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0'
                    b'\x02\x02D\x01\0;' + b'%d' % i)
        os.utime(path, (1500000000, 1500000000))
    return inbox


def beside(inbox, name):
    return os.path.join(os.path.dirname(inbox), name)


@test
def a_run_can_start_nothing_and_gain_nothing():
    if sanitized() or landlock() < 2:
        raise Skip('a kernel without Landlock 2, or a build under a sanitizer')
    inbox = pictures(800)
    held = Held(inbox, beside(inbox, 'organized'))
    with open('/proc/%d/status' % held.p.pid, encoding='ascii', errors='replace') as f:
        status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
    with open('/proc/%d/task/%d/children' % (held.p.pid, held.p.pid)) as f:
        children = f.read()
    held.end()
    eq(status['NoNewPrivs'], '1')
    eq(children, '')
    if subprocess.run(['pkg-config', '--exists', 'libseccomp']).returncode == 0:
        eq(status['Seccomp'], '2')


@test
def a_move_renames_and_copies_no_byte():
    inbox = pictures(60)
    before = {os.stat(os.path.join(d, n)).st_ino for d, _, names in os.walk(inbox) for n in names}
    out = beside(inbox, 'organized')
    eq(organize(inbox, out, '--move', '--max-memory', '24').summary['organized'], 60)
    after = {os.stat(os.path.join(d, n)).st_ino for d, _, names in os.walk(out)
             if '.alice' not in d for n in names}
    eq(after, before)


@test
def what_a_run_writes_beside_the_organized_folder_is_in_reach():
    inbox = pictures(40)
    out, report = beside(inbox, 'organized'), beside(inbox, 'reports')
    os.mkdir(report)
    os.mkdir(beside(inbox, 'catalogs'))
    catalog = ('--catalog', os.path.join(beside(inbox, 'catalogs'), 'mine.db'))
    s = organize(inbox, out, '--report', os.path.join(report, 'run.jsonl'), *catalog).summary
    eq((s['organized'], s['errors']), (40, 0))
    with open(os.path.join(report, 'run.jsonl'), encoding='utf-8') as f:
        eq(sum(1 for _ in f), 40)
    assert os.path.getsize(catalog[1]) > 0
    for more in ([], ['-n']):  # and once more, and without changing anything
        s = organize(inbox, out, *catalog, *more).summary
        eq((s['organized'], s['errors']), (0, 0), more)


main()
