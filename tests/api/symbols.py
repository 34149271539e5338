#!/usr/bin/env python3
"""What the shared libraries export is exactly what the installed headers declare.

    symbols.py BUILD WITH_ALL SANITIZE

The Debian packages promise the same (debian/*.symbols).
libalice-mem exports the ALICE_API functions of its own headers, libalice those of the others (see
NOT_MEM), and libalice needs libalice-mem. Nothing else, and nothing that does not begin with
alice_.
"""
import os
import re
import subprocess
import sys

import installed

NOT_MEM = {'confine.h', 'duplicates.h', 'media.h', 'library.h', 'organize.h', 'preview.h', 'search.h', 'similar.h', 'verify.h', 'arrivals.h'}
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
DECLARED = re.compile(r'\bALICE_API\b[^;{}]*?\b(\w+)\s*\(')


def declared(path):
    with open(path, encoding='utf-8') as f:
        text = COMMENT.sub(' ', f.read())
    text = re.sub(r'^\s*#[^\n]*(\\\n[^\n]*)*', '', text, flags=re.M)
    names = DECLARED.findall(text)
    if len(names) != len(re.findall(r'\bALICE_API\b', text)):
        installed.fail(f'{path}: a declaration with ALICE_API was not understood')
    return set(names)


def promised(library):
    """What the package of a library promises; None: this is no tree with packages."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'debian', library.replace('.so', '0') + '.symbols')
    if not os.path.exists(path):
        return None
    with open(path, encoding='utf-8') as f:
        return {line.split('@')[0].strip() for line in f if line.startswith(' ')}


def exported(library, sanitize):
    out = subprocess.run(['nm', '-D', '--defined-only', library], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    names = {line.split()[-1].split('@')[0] for line in out.splitlines() if line.strip()}
    if sanitize not in ('', 'none'):  # the sanitizers put their own beside ours
        names = {n for n in names if not n.startswith('__')}
    return names


def main():
    build, with_all, sanitize = sys.argv[1:]
    bad = 0
    with installed.install(build) as inst:
        by_header = {h: declared(os.path.join(inst.include, h))
                     for h in sorted(os.listdir(inst.include)) if h.endswith('.h')}
        mem = set().union(*(n for h, n in by_header.items() if h not in NOT_MEM))
        wanted = {'libalice-mem.so': mem}
        if with_all == 'true':
            wanted['libalice.so'] = set().union(*by_header.values()) - mem
            needs = subprocess.run(['readelf', '-d', os.path.join(inst.lib, 'libalice.so')],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout
            if 'libalice-mem.so' not in needs:
                print('not ok - libalice.so does not need libalice-mem.so')
                bad += 1
            # It finds the toolkit beside itself, wherever both are installed.
            alone = {k: v for k, v in os.environ.items() if k != 'LD_LIBRARY_PATH'}
            if sanitize in ('', 'none') and subprocess.run(
                    [sys.executable, '-c', 'import ctypes, sys; ctypes.CDLL(sys.argv[1])',
                     os.path.join(inst.lib, 'libalice.so')], env=alone, check=False).returncode:
                print('not ok - libalice.so does not load from where it is installed')
                bad += 1
        for library, names in wanted.items():
            got = exported(os.path.join(inst.lib, library), sanitize)
            for name in sorted(names - got):
                print(f'not ok - {library}: {name} is declared, but not exported')
            for name in sorted(got - names):
                print(f'not ok - {library}: {name} is exported, but in no installed header')
            stray = sorted(n for n in got if not n.startswith('alice_') or n.startswith('alice__'))
            for name in stray:
                print(f'not ok - {library}: {name} is not a public name')
            bad += len(names ^ got) + len(stray)
            package = promised(library)
            for name in sorted(names ^ package) if package is not None else ():
                where = 'is not in' if name in names else 'is too much in'
                print(f'not ok - {library}: {name} {where} its file of debian/')
                bad += 1
            print(f'{library}: {len(got)} symbols')
    return 1 if bad else 0


sys.exit(main())
