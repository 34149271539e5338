#!/usr/bin/env python3
"""libalice-mem on its own.

    alone.py parts SOURCE CC…       configured with -Dparts=mem it builds, and needs libc alone
    alone.py musl SOURCE            the same with musl, and a program of the guide runs with it
    alone.py subproject SOURCE CC…  as a Meson subproject of another project
"""
import os
import re
import shutil
import sys
import tempfile

import installed

SETUP = ['-Dparts=mem', '-Dtests=false', '--buildtype=debug', '--optimization=0', '-Dwerror=true']
LIBC = re.compile(r'lib(c|pthread|gcc_s)\.so(\.\d+)?$|ld-linux.*|ld-musl.*|libc\.musl.*')

PROGRAM = r'''
#include <stdio.h>
#include <alice/cache.h>
#include <alice/executor.h>

static alice_status twice(void *n)
{
    *(int *)n *= 2;
    return ALICE_OK;
}

int main(void)
{
    int n = 21;
    alice_executor *workers = NULL;
    alice_executor_options how = {.threads = 2};
    alice_task task = {0};
    if (alice_executor_open(&workers, &how) != ALICE_OK)
        return 1;
    if (alice_executor_submit(workers, twice, &n, &task) != ALICE_OK)
        return 2;
    if (alice_task_wait(&task) != ALICE_OK)
        return 3;
    alice_executor_close(&workers);

    alice_cache_options options = alice_cache_defaults(NULL);
    options.max_bytes = ALICE_MB;
    alice_cache *cache = NULL;
    alice_bytes key = {(const uint8_t *)"answer", 6}, value = {(const uint8_t *)&n, sizeof n};
    alice_pin pin;
    if (alice_cache_open(&cache, &options) != ALICE_OK)
        return 4;
    if (alice_cache_set(cache, key, value, ALICE_TTL_DEFAULT) != ALICE_OK)
        return 5;
    if (alice_cache_get(cache, key, &pin) != ALICE_OK)
        return 6;
    printf("%d\n", *(const int *)pin.p);
    alice_cache_unpin(&pin);
    alice_cache_close(&cache);
    return 0;
}
'''

PROJECT = '''project('stranger', 'c', default_options: ['c_std=gnu17'])
alice_mem = dependency('alice-mem', fallback: 'alice', default_options: ['parts=mem'])
executable('program', 'program.c', dependencies: alice_mem)
'''


def needed(library):
    out = installed.must(['readelf', '-d', library])
    return re.findall(r'\(NEEDED\).*\[(.*?)\]', out)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def build(source, folder, env, *more):
    installed.must(['meson', 'setup', folder, source, *SETUP, *more], env=env)
    installed.must(['ninja', '-C', folder], env=env)
    library = os.path.join(folder, 'src', 'libalice-mem.so')
    foreign = [n for n in needed(library) if not LIBC.match(n)]
    if foreign:
        installed.fail(f'libalice-mem needs {", ".join(foreign)}')
    return library


def expect_42(program, env):
    out = installed.must([program], env=env)
    if out != '42\n':
        installed.fail(f'the program printed {out!r}')


def parts(source, root, cc):
    build(source, root + '/build', dict(os.environ, CC=' '.join(cc)))


def musl(source, root):
    """musl's own headers, and no others."""
    library = build(source, root + '/build', dict(os.environ, CC='musl-gcc'))
    write(root + '/program.c', PROGRAM)
    program = root + '/program'
    installed.must(['musl-gcc', '-static', '-I', source + '/include', root + '/program.c', '-o',
                    program, os.path.splitext(library)[0] + '.a'])
    expect_42(program, os.environ)


def subproject(source, root, cc):
    os.mkdir(root + '/subprojects')
    os.symlink(source, root + '/subprojects/alice')
    write(root + '/meson.build', PROJECT)
    write(root + '/program.c', PROGRAM)
    env = dict(os.environ, CC=' '.join(cc))
    installed.must(['meson', 'setup', root + '/build', root, '--buildtype=debug',
                    '--wrap-mode=forcefallback'], env=env)
    installed.must(['ninja', '-C', root + '/build'], env=env)
    expect_42(root + '/build/program', os.environ)


def main():
    what, source, *cc = sys.argv[1:]
    if what == 'musl' and not shutil.which('musl-gcc'):
        print('skipped: musl-gcc is missing (musl-tools, by scripts/deps --test)')
        return installed.SKIP
    with tempfile.TemporaryDirectory(prefix='alice-alone-') as root:
        if what == 'parts':
            parts(source, root, cc)
        elif what == 'musl':
            musl(source, root)
        else:
            subproject(source, root, cc)
    print('ok')
    return 0


sys.exit(main())
