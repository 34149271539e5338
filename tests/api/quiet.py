#!/usr/bin/env python3
"""The libraries print nothing, end nothing, read no environment, keep nothing to themselves, and
take no memory but through alice_alloc.

    quiet.py BUILD SANITIZE

Read from the built libraries: what they import, and what writable data they have. What is allowed
stands below with its reason; everything else fails.
"""
import glob
import os
import re
import subprocess
import sys

FORBIDDEN = re.compile(r'''^(
    .*getenv | setenv | putenv | unsetenv | environ | clearenv
  | v?f?printf | v?dprintf | (__v?f?printf_chk) | puts | putchar | fputs | fputc | putc | fwrite
  | perror | psignal | warnx? | errx? | syslog | stdin | stdout | stderr
  | __assert | __assert_fail | exit | _exit | _Exit | quick_exit | abort | atexit | at_quick_exit | system | popen | fork | exec.*
  | fopen(64)? | fdopen | opendir | fdopendir | scandir(64)? | getline | getdelim | qsort
  | strdup | strndup | asprintf | vasprintf | aligned_alloc | posix_memalign
)$''', re.X)

# The hook's default, where none was handed in: alice_env_alloc() and the profile's wrapper.
MEMORY = {'malloc', 'calloc', 'realloc', 'reallocarray', 'free'}
MAY_ALLOCATE = {'mem_env.c.o', 'mem_profile.c.o'}

# Writable data, by name without the compiler's suffix.
DATA = {
    'registry': 'maps under the SIGBUS guard, which is asked for: a handler sees static data only',
    'paying': "a thread's payer while expat parses: its allocator is called without a context",
    'calling': 'the callbacks that a thread is in: only its own stack knows',
    'loading': 'for whose load a thread waits, in whatever cache',
    'waits': 'the lock of that: loaders of two caches may need each other',
    'completed': "the compiler's start files",
    '__dso_handle': "the compiler's start files",
    '__TMC_END__': "the compiler's start files",
    '__cpu_model': "libgcc's answer to which instructions there are",
    '__cpu_features2': "libgcc's answer to which instructions there are",
    '__aarch64_have_lse_atomics': "libgcc's answer to which instructions there are",
}
WRITABLE = re.compile(r'\s(\.data|\.bss|\.tdata|\.tbss)\s+[0-9a-f]+\s+(?:\.hidden\s+)?(\S+)$')


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def imported(library):
    names = [line.split()[-1] for line in output('nm', '-D', '--undefined-only', library).splitlines()]
    return sorted({n.split('@')[0] for n in names})


def written(library):
    found = (WRITABLE.search(line) for line in output('objdump', '-t', library).splitlines())
    names = {m.group(2) for m in found if m}
    return sorted({re.sub(r'\.\d+$', '', n) for n in names} - {'.data', '.bss', '.tdata', '.tbss'})


def allocates(archive):
    member = None
    found = set()
    for line in output('nm', '--undefined-only', archive).splitlines():
        if line.endswith(':'):
            member = os.path.basename(line[:-1])
        elif line.split() and line.split()[-1] in MEMORY:
            found.add(member)
    return found


def main():
    build, sanitize = sys.argv[1:]
    if sanitize not in ('', 'none'):
        print('1..0 # SKIP the sanitizers put their own beside ours')
        return 77
    libraries = [p for p in glob.glob(os.path.join(build, 'src', 'libalice*.so')) if os.path.isfile(p)]
    bad = 0
    for library in sorted(libraries):
        name = os.path.basename(library)
        imports, data = imported(library), written(library)
        for n in imports:
            if FORBIDDEN.match(n):
                print(f'not ok - {name}: calls {n}')
                bad += 1
        for n in data:
            if n not in DATA:
                print(f'not ok - {name}: {n} can be written')
                bad += 1
        print(f'{name}: {len(imports)} imports, {len(data)} writable objects')
    for archive in sorted(glob.glob(os.path.join(build, 'src', 'libalice*.a'))):
        found = allocates(archive)
        for member in sorted(found - MAY_ALLOCATE):
            print(f'not ok - {os.path.basename(archive)}: {member} takes memory past alice_alloc')
            bad += 1
        if not found and os.path.basename(archive) == 'libalice-mem.a':
            print('not ok - libalice-mem.a: nothing takes memory, so nothing was read')
            bad += 1
    if not libraries:
        print('not ok - no library was found')
    return 1 if bad or not libraries else 0


sys.exit(main())
