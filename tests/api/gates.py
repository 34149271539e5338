#!/usr/bin/env python3
"""The gates notice what they are there for: gates.py SOURCE. Each is tried on a small project of its own."""
import os
import shutil
import subprocess
import sys
import tempfile

from installed import fail, run

SOURCE = sys.argv[1]
SPDX = '/* SPDX-License-Identifier: MIT */\n'
MAP = 'docs/architecture.md'
GOOD = {
    'include/alice/base.h': '#include <stddef.h>\n',
    'src/port/fs.h': '#include "base/size.h"\n',
    'src/base/size.h': '#include <limits.h>\n#include <alice/base.h>\n',
    'src/base/limits.h': '',
    'src/mem/budget_int.h': '#include "port/fs.h"\n',
    'src/mem/budget.c': '#include "mem/budget_int.h"\n',
    'src/media/png.c': '#include <limits.h>\n#include "base/size.h"\n#include "mem/budget_int.h"\n',
    'cli/json.h': '',
    'cli/main.c': '#include <limits.h>\n#include <alice/base.h>\n#include "json.h"\n',
}
OFFENCES = (  # a file, what it holds, what is said of it
    ('src/media/x.c', '#include <port/fs.h>', 'media must not include port/fs.h'),
    ('src/media/x.c', '#include "port/fs.h"', 'media must not include port/fs.h'),
    ('src/media/x.c', '#include "../port/fs.h"', 'media must not include ../port/fs.h'),
    ('src/media/x.c', '  #  include "src/port/fs.h"', 'media must not include src/port/fs.h'),
    ('src/media/x.c', '#include "png_int.h"', 'write includes from src/'),
    ('src/media/x.c', '#include <mem/budget_int.h>', 'write includes from src/'),
    ('src/base/x.c', '#include "mem/budget_int.h"', 'base must not include mem/budget_int.h'),
    ('src/base/x.c', '#define _GNU_SOURCE', 'GNU extensions'),
    ('src/media/budget.c', '', 'has the name of'),
    ('cli/x.c', '#include "../src/mem/budget_int.h"', 'cli may include public headers only'),
    ('cli/x.c', '#include "mem/budget_int.h"', 'cli may include public headers only'),
    ('cli/x.c', '#include "budget_int.h"', 'cli may include public headers only'),
    ('cli/x.c', '#include <src/port/fs.h>', 'cli may include public headers only'),
    ('include/alice/x.h', '#include <port/fs.h>', 'a public header'),
    ('src/mem/budget_int.h', '#include "mem/a.h"', None),
    ('src/base/a.h', '#include "base/size.h"', None),
)
CIRCLES = (
    ({'src/mem/a.c': '#include "mem/b.h"', 'src/mem/a.h': '', 'src/mem/b.c': '#include "mem/a.h"', 'src/mem/b.h': ''},
     'these include each other in a circle: a b'),
    ({'src/mem/a.h': '#include "mem/b.h"', 'src/mem/b.h': '#include "mem/c.h"', 'src/mem/c.h': '#include "mem/a.h"'},
     'these headers include each other in a circle: a b c'),
    ({'src/media/evidence.c': '#include "media/facts.h"', 'src/media/evidence.h': '',
      'src/media/facts.c': '#include "media/evidence.h"', 'src/media/facts.h': ''}, None),
)


def map_of(names):
    """docs/architecture.md of a project with these files."""
    return ''.join(f'`{os.path.dirname(n)}`: `{os.path.basename(n)[:-2]}`\n\n'
                   for n in names if n.startswith('src/') and n.endswith('.c'))


def project(more):
    top = tempfile.mkdtemp(prefix='alice-gates-', dir='/var/tmp')
    files = {**GOOD, **more}
    files.setdefault(MAP, map_of(files))
    for name, text in files.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    os.makedirs(os.path.join(top, 'scripts'), exist_ok=True)
    for name in ('check-layers', 'check-format', 'test', 'count-tests', 'setup'):
        shutil.copy(os.path.join(SOURCE, 'scripts', name), os.path.join(top, 'scripts'))
    return top


def tried(more, *command, env=None):
    top = project(more)
    try:
        return run(command, cwd=top, env=env)
    finally:
        shutil.rmtree(top)


def check(holds, what, *seen):
    if not holds:
        fail(f'{what}: {seen}')


def layers():
    check(tried({}, 'scripts/check-layers') == (0, ''), 'a good project', tried({}, 'scripts/check-layers'))
    for name, text, said in OFFENCES:
        status, out = tried({name: text + '\n'}, 'scripts/check-layers')
        check(status == (1 if said else 0) and (said or '') in out, text, status, out)
    for files, said in CIRCLES:
        status, out = tried({name: text + '\n' for name, text in files.items()}, 'scripts/check-layers')
        check(status == (1 if said else 0) and (said or '') in out, 'a circle', files, status, out)


def the_map():
    good = map_of(GOOD)
    for text, said in (('', 'src/mem/budget.c: docs/architecture.md does not name it'),
                       (good + '`src/mem`: `nobody`\n', 'names nobody, and there is no such file')):
        status, out = tried({MAP: text}, 'scripts/check-layers')
        check(status == 1 and said in out, 'a map that is not true', text, status, out)


def clang_format(folder, version):
    """A clang-format that finds fault with every file, and calls itself this version."""
    path = os.path.join(folder, 'clang-format')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(f'#!/bin/sh\ncase $1 in --version) echo "clang-format version {version}.0.6" ;;\n'
                '*) for f in "$@"; do case $f in *ugly*) echo "$f: error: ugly" ;; esac; done ;; esac\n')
    os.chmod(path, 0o755)
    return dict(os.environ, PATH=folder + ':' + os.environ['PATH'], GIT_CEILING_DIRECTORIES='/var/tmp')


def layout():
    files = {'src/base/y.c': SPDX, **{name: SPDX + text for name, text in GOOD.items()}}
    with tempfile.TemporaryDirectory(prefix='alice-gates-') as folder:
        known, other = clang_format(folder, 14), None
        check(tried(files, 'scripts/check-format', env=known) == (0, ''), 'a good layout',
              tried(files, 'scripts/check-format', env=known))
        for name, text in (('src/ugly.c', SPDX), ('src/z.c', ''), ('src/z.c', SPDX + '\tint x;\n'),
                           ('src/z.c', SPDX + 'int x; \n'), ('src/z.c', SPDX + 'int x;')):
            status, out = tried({**files, name: text}, 'scripts/check-format', env=known)
            check(status == 1 and name in out, 'a bad layout', name, text, status, out)
        # A file that git does not know yet, and one that it knows and that is gone.
        top = project({**files, 'src/gone.c': SPDX})
        try:
            for words in (['init', '-q'], ['add', '.']):
                subprocess.run(['git', *words], cwd=top, check=True, env=known)
            os.unlink(os.path.join(top, 'src/gone.c'))
            check(run(['scripts/check-format'], cwd=top, env=known) == (0, ''), 'a file that is gone')
            with open(os.path.join(top, 'src', 'ugly.c'), 'w', encoding='utf-8') as f:
                f.write(SPDX)
            status, out = run(['scripts/check-format'], cwd=top, env=known)
            check(status == 1 and 'ugly.c' in out, 'an untracked file', status, out)
        finally:
            shutil.rmtree(top)
        other = clang_format(folder, 19)
        status, out = tried(files, 'scripts/check-format', env=other)
        check(status == 77 and 'was not checked' in out, 'another version says so', status, out)
        status, out = tried({**files, 'src/z.c': ''}, 'scripts/check-format', env=other)
        check(status == 1, 'what needs no clang-format is checked all the same', status, out)


def suites():
    meson = 'project(\'x\', \'c\')\noption = get_option(\'tests\')\ntest(\'a\', find_program(\'true\'), suite: \'unit\')\n'
    files = {'meson.build': meson, 'meson_options.txt': "option('tests', type: 'boolean', value: true)\n"}
    top = project(files)
    try:
        env = {k: v for k, v in os.environ.items() if k != 'SUITES'}  # of who runs this
        status, out = run(['scripts/test', 'build'], cwd=top, env=env)
        check(status == 0 and out.endswith('1 passed, 0 failed\n'), 'the tests of a suite', status, out)
        env = dict(os.environ, SUITES='unit nowhere')
        status, out = run(['scripts/test', 'build'], cwd=top, env=env)
        check(status != 0 and 'nowhere' in out and 'passed' not in out, 'an unknown suite', status, out)
    finally:
        shutil.rmtree(top)


def counting():
    """The last line of .ci/run is the count, and a step that failed is in it."""
    with open(os.path.join(SOURCE, '.ci', 'run'), encoding='utf-8') as f:
        script = f.read()
    for status, said in ((0, '7 passed, 0 failed'), (1, '7 passed, 1 failed')):
        top = project({'.ci/run': script, 'Makefile': 'test:\n\t@echo 7 passed, 0 failed\n'})
        try:
            for name in ('deps', 'check-layers', 'check-locks', 'check-format', 'check-abi', 'test', 'analyze'):
                path = os.path.join(top, 'scripts', name)
                with open(path, 'w', encoding='utf-8') as f:
                    f.write('#!/bin/sh\nexit %d\n' % (status if name == 'check-format' else 0))
                os.chmod(path, 0o755)
            os.chmod(os.path.join(top, '.ci/run'), 0o755)
            done, out = run(['.ci/run'], cwd=top)
            check(done == status and out.endswith(said + '\n'), '.ci/run', done, out)
        finally:
            shutil.rmtree(top)


layers()
the_map()
layout()
suites()
counting()
