#!/usr/bin/env python3
"""What is installed is hardened: each property read from the file itself.

    hardened.py BUILD CPU COMPILER
"""
import os
import re
import subprocess
import sys

import installed


def readelf(flag, path):
    return subprocess.run(['readelf', '-W', flag, path], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def lacking(path, cpu, compiler, program):
    header, segments = readelf('-h', path), readelf('-l', path)
    dynamic, symbols = readelf('-d', path), readelf('--dyn-syms', path)
    if not re.search(r'Type:\s+DYN', header):
        yield 'position independent code'
    if 'GNU_RELRO' not in segments:
        yield 'read-only relocations'
    if not re.search(r'BIND_NOW|Flags:.*\bNOW\b', dynamic):
        yield 'immediate binding'
    if re.search(r'GNU_STACK[^\n]*E\s', segments) or 'GNU_STACK' not in segments:
        yield 'a stack without code'
    if 'TEXTREL' in dynamic:
        yield 'code without relocations'
    if '__stack_chk_fail' not in symbols:
        yield 'a guarded stack'
    if not program and not re.search(r'__\w+_chk\b', symbols.replace('__stack_chk_fail', '')):
        yield 'checked copies (_FORTIFY_SOURCE)'
    if cpu == 'x86_64' and compiler == 'gcc':
        # The note that names it needs start-up files which some distributions do not build so.
        with open(path, 'rb') as f:
            if f.read().count(b'\xf3\x0f\x1e\xfa') < 20:  # endbr64, where a branch may land
                yield 'guarded branches (CET)'


def main():
    build, cpu, compiler = sys.argv[1:]
    bad = 0
    with installed.install(build) as inst:
        files = [(os.path.join(inst.lib, f), False) for f in sorted(os.listdir(inst.lib))
                 if re.fullmatch(r'libalice.*\.so', f)]
        program = os.path.join(os.path.dirname(inst.include.rstrip('/')), '..', 'bin', 'alice')
        if os.path.exists(program):
            files.append((program, True))
        for path, is_program in files:
            for what in lacking(path, cpu, compiler, is_program):
                print(f'not ok - {os.path.basename(path)} lacks {what}')
                bad += 1
            print(f'{os.path.basename(path)}: looked at')
        if not files:
            installed.fail('nothing was installed that could be looked at')
    return 1 if bad else 0


sys.exit(main())
