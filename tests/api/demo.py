#!/usr/bin/env python3
"""The demonstrations: all of them, the menu on a terminal, and that a failure is told.

    demo.py PROGRAM [WORD…]      the command that runs them, such as `alice demo`
"""
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

import installed


def check(condition, what, out=''):
    print(f'{"ok" if condition else "not ok"} - {what}')
    if not condition:
        installed.fail(out)


def in_terminal(command, env, typed):
    """Run in a pty; type each answer after a new prompt. Its output and exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(command[0], command, env)
    out, answered, end = b'', 0, time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                got = os.read(fd, 4096)
            except OSError:
                break
            if not got:
                break
            out += got
        if out.count(b'Which? ') > answered and answered < len(typed):
            os.write(fd, typed[answered].encode() + b'\n')
            answered += 1
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return out.decode(errors='replace').replace('\r\n', '\n'), os.waitstatus_to_exitcode(status)


def main():
    command = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='alice-demo-test-', dir='/var/tmp') as folder:
        env = dict(os.environ, TMPDIR=folder)
        p = subprocess.run([*command, '--all'], env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        titles = re.findall(r'^(\d)\. ', p.stdout, re.M)
        check(titles == list('12345'), 'five demonstrations', p.stdout)
        check(len(re.findall(r'^   \[held\] ', p.stdout, re.M)) >= 15 and '[BROKEN]' not in p.stdout,
              'every claim held', p.stdout)
        check(p.returncode == 0, 'the exit status says so', p.stdout)
        check(os.listdir(folder) == [], 'nothing is left behind', str(os.listdir(folder)))

        out, status = in_terminal(command, env, ['8', '2', 'q'])
        check(out.count('Memory optimization') == 3, 'a menu on a terminal', out)
        check('There is no 8 here.' in out, 'a wrong choice is told', out)
        check(out.count('[held]') == 4 and 'evicted' in out, 'the chosen one runs', out)
        check(status == 0, 'q quits', out)

        p = subprocess.run(command, env=dict(env, TMPDIR=folder + '/none'), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        check(p.returncode == 1 and 'Not every claim held.' in p.stdout,
              'without a terminal all run; what could not is told', p.stdout)
        if command[-1] == 'demo':  # the program's own command takes settings, the example none
            p = subprocess.run([*command, '--set', 'memory.max_memory_mb=2048'], env=env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=120)
            check(p.returncode == 0 and 'limit 2048 MB' in p.stdout, 'a setting is heard', p.stdout)
            p = subprocess.run([*command, '--set', 'memory.max_memory=1'], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=60)
            check(p.returncode == 2 and 'memory.max_memory_mb' in p.stdout,
                  'an unknown setting names the nearest', p.stdout)
        p = subprocess.run([*command, '--some'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, timeout=60)
        check(p.returncode == 2, 'an unknown option is wrong usage', p.stdout)
    return 0


sys.exit(main())
