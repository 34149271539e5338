#!/usr/bin/env python3
"""What people type to install: make_install.py SOURCE. Builds in a folder of its own by the Makefile.

PREFIX holds when it is said at install time, the installed program starts from a place of its own
with nothing set, and each uninstall takes away what its install brought, and nothing else.
"""
import os
import subprocess
import sys
import tempfile

from installed import fail, must, run

SOURCE = sys.argv[1]


def tree(top):
    return sorted(os.path.relpath(os.path.join(d, n), top) for d, ds, fs in os.walk(top) for n in ds + fs)


def check(holds, what, *seen):
    if not holds:
        fail(f'{what}: {seen}')


def starts(program):
    """It runs with an environment that says nothing of libraries."""
    out = must([program, '--version'], env={'PATH': '/usr/bin:/bin'})
    check(out.startswith('alice '), 'it starts', out)


def main(top):
    def make(*words):
        env = {k: v for k, v in os.environ.items() if k not in ('DESTDIR', 'PREFIX', 'MAKEFLAGS', 'MAKELEVEL')}
        env['CFLAGS'] = '-O0'  # sooner done
        return must(['make', '--no-print-directory', '-C', SOURCE, f'BUILD={top}/build', *words], env=env)

    first, second, staged, moved = (f'{top}/{n}' for n in ('first', 'second', 'staged', 'moved'))
    make(f'PREFIX={first}')
    check(not os.path.exists(first), 'make alone installs nothing')
    make('install', f'PREFIX={second}')
    check(not os.path.exists(first), 'PREFIX at install time holds', tree(top)[:9])
    starts(f'{second}/bin/alice')
    pc = must(['pkg-config', '--variable=prefix', 'alice'],
              env=dict(os.environ, PKG_CONFIG_PATH=':'.join(d for d, _, _ in os.walk(second) if d.endswith('pkgconfig'))))
    check(pc.strip() == second, 'pkg-config knows the place', pc)
    whole = tree(second)
    for name in ('bin/alice', 'share/man/man1/alice.1', 'include/alice/mem.h'):
        check(name in whole, 'it is installed', name, whole)

    # Elsewhere as a whole: the program finds its library beside it.
    os.rename(second, moved)
    starts(f'{moved}/bin/alice')
    os.rename(moved, second)

    # Staging, as packagers do, is an install of its own.
    make('install', f'DESTDIR={staged}')
    check(tree(staged + second) == whole, 'DESTDIR holds the same', tree(staged)[:9])
    check(tree(second) == whole, 'and nothing else was touched')
    with open(f'{second}/bin/of-others', 'w') as f:
        f.write('x')
    make('uninstall')
    check(tree(second) == ['bin', 'bin/of-others'], 'uninstall leaves what others brought', tree(second))
    check(tree(staged + second) == whole, 'and what is staged')
    make('uninstall', f'DESTDIR={staged}')
    check(not os.path.exists(staged), 'nothing is left of it', tree(staged))
    status, out = run(['make', '-C', SOURCE, f'BUILD={top}/build', 'uninstall'])
    check(status != 0 and 'there is no list of an install' in out, 'there is nothing to uninstall', status, out)

    # What was changed since is not what was installed.
    make('install', f'PREFIX={first}')
    with open(f'{first}/include/alice/mem.h', 'a') as f:
        f.write('/* mine */\n')
    out = make('uninstall')
    check('left, since it was changed' in out, 'it is said', out)
    check([n for n in tree(first) if os.path.isfile(os.path.join(first, n))] == ['include/alice/mem.h'],
          'what was changed is left', tree(first))

    status, out = run(['make', '-C', SOURCE, f'BUILD={top}/build', 'install', 'PREFIX=relative'])
    check(status != 0 and 'has to begin with /' in out, 'a failing step says what failed', status, out)


with tempfile.TemporaryDirectory(prefix='alice-make-', dir='/var/tmp') as top:
    main(top)
