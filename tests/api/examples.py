#!/usr/bin/env python3
"""Each part of the toolkit has an example: under 60 lines, on public headers, for copying as it is.

    examples.py SOURCE BUILD SANITIZE CC…

A part is an installed header of libalice-mem; its example includes it. Each is compiled against
the installed library with warnings as errors, and runs; those that read media, on a picture.
Each is also C11 to the letter, C++17 and a program for musl, where there are such compilers.
"""
import glob
import os
import re
import shutil
import struct
import sys
import zlib

import installed

NOT_A_PART = {'base.h', 'confine.h', 'env.h', 'generators.h', 'mem.h',
              'media.h', 'organize.h'}
DEMO = {'demo_main.c', 'memory_optimization_demo.c'}
# What the examples of the whole library are given, and what they then say.
ON_MEDIA = {'arrivals.c': (['inbox', '1'], 'time to look\n'),
            'duplicates.c': (['inbox'], '0 of 1 files are superfluous\n'),
            'similar.c': (['inbox'], '0 of 1 pictures look like another\n'),
            'info.c': (['inbox/one.png'], 'png, 1 x 1'),
            'year.c': (['organized', '1999'], '0 of 1999\n'),
            'organizer.c': (['inbox', 'organized'], '1 organized, 0 duplicates, 0 errors\n'),
            'search.c': (['organized', 'unknown'], '1 in all\n'),
            'preview.c': (['inbox/one.png'], 'none: '),
            'verify.c': (['organized'], '1 sound, 0 missing, 0 damaged\n')}


def picture():
    """A PNG of one pixel."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'\0\0')) + chunk(b'IEND', b''))


DIALECTS = (('gcc', '-std=c11', '-pedantic-errors'), ('clang', '-std=c11', '-pedantic-errors'),
            ('musl-gcc', '-std=c11'), ('g++', '-x', 'c++', '-std=c++17', '-Wno-missing-field-initializers'),
            ('clang++', '-x', 'c++', '-std=c++17', '-Wno-missing-field-initializers', '-Wno-c99-designator'))


def dialects(include, paths):
    """How many compilers refuse them."""
    bad = 0
    for words in DIALECTS:
        if not shutil.which(words[0]):
            continue
        status, out = installed.run([words[0], '-Wall', '-Wextra', '-Werror', *words[1:], '-fsyntax-only',
                                     '-I', os.path.dirname(include), *paths])
        print(f'{"not ok" if status else "ok"} - all by {words[0]} {out if status else ""}')
        bad += status != 0
    return bad


def main():
    source, build, sanitize, *cc = sys.argv[1:]
    bad = 0
    shown = set()
    with installed.install(build) as inst:
        whole = os.path.exists(os.path.join(inst.pkgconfig, 'alice.pc'))
        # Beside the installed program: so the library finds the decoder that belongs to it.
        bin_dir = os.path.join(os.path.dirname(os.path.dirname(inst.include)), 'bin')
        os.makedirs(bin_dir, exist_ok=True)
        os.mkdir(os.path.join(inst.root, 'inbox'))
        with open(os.path.join(inst.root, 'inbox', 'one.png'), 'wb') as f:
            f.write(picture())
        for path in sorted(glob.glob(source + '/examples/*.c')):
            name = os.path.basename(path)
            args, says = ON_MEDIA.get(name, ([], ''))
            if name in DEMO or (args and not whole):
                continue
            with open(path, encoding='utf-8') as f:
                text = f.read()
            shown |= set(re.findall(r'#include <alice/(\w+\.h)>', text))
            wrong = ''
            if text.count('\n') >= 60:
                wrong = f'has {text.count(chr(10))} lines, 60 or more'
            program = os.path.join(bin_dir, name + '.out')
            status, out = installed.run(
                [*cc, '-Wall', '-Wextra', '-Werror', path, '-o', program,
                 *inst.flags('--cflags', '--libs', 'alice' if args else 'alice-mem'),
                 *installed.sanitizer_flags(sanitize)])
            if status != 0:
                wrong += f' does not compile:\n{out}'
            else:
                status, out = installed.run([program, *args], cwd=inst.root, env=inst.env)
                if status != 0 or says not in out:
                    wrong += f' ended with {status}:\n{out}'
            print(f'{"not ok" if wrong else "ok"} - {name} {wrong}')
            bad += bool(wrong)
        if sanitize in ('', 'none'):
            paths = [p for p in glob.glob(source + '/examples/*.c') if os.path.basename(p) not in DEMO]
            bad += dialects(inst.include, sorted(paths))
        parts = {h for h in os.listdir(inst.include) if h.endswith('.h')} - NOT_A_PART
    for header in sorted(parts - shown):
        print(f'not ok - no example includes alice/{header}')
        bad += 1
    return 1 if bad or not parts else 0


sys.exit(main())
