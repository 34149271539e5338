#!/usr/bin/env python3
"""The guide is true: every C block of docs/memory-guide.md is a whole program that compiles
against the installed library by pkg-config and runs; where an output follows it, it prints that.

    guide.py GUIDE BUILD SANITIZE CC…

A block begins with a comment that is its name (`// chunks.c`). One that includes alice/organize.h
or alice/media.h is linked with `alice`, every other with `alice-mem`. A block ```text after it is
its output; `…` there stands for anything within the line. Programs must be quiet on standard
error, clean of warnings, and end with 0. Each is run with the shared library, and a second time linked
with the static one. The table at the end must name every block, and nothing
that does not exist. The commands of the guide are understood by the installed program, options
included; its `--set KEY=VALUE` and ALICE_PERFORMANCE have their effect on `alice config`.
"""
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import installed

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.M | re.S)
NEEDS_ALICE = re.compile(r'#include <alice/(organize|media)\.h>')


class Block:
    def __init__(self, name, code, line):
        self.name, self.code, self.line = name, code, line
        self.output = None
        self.package = 'alice' if NEEDS_ALICE.search(code) else 'alice-mem'


def read_blocks(text):
    """The guide's programs, each with the output that follows it."""
    blocks = []
    end_of_last = None
    for m in FENCE.finditer(text):
        kind, body = m.group(1), m.group(2)
        line = text.count('\n', 0, m.start()) + 1
        if kind == 'c':
            name = re.match(r'// (\w+\.c)\n', body)
            if not name:
                installed.fail(f'line {line}: a program without its name in the first line')
            blocks.append(Block(name.group(1), body, line))
            end_of_last = m.end()
        elif kind == 'text' and end_of_last is not None and \
                not re.search(r'^#', text[end_of_last:m.start()], re.M):
            if blocks[-1].output is not None:
                installed.fail(f'line {line}: a second output of {blocks[-1].name}')
            blocks[-1].output = body
    names = [b.name for b in blocks]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        installed.fail(f'two programs are named {", ".join(sorted(twice))}')
    return blocks


def matches(expected, got):
    pattern = r'[^\n]*'.join(re.escape(part) for part in expected.split('…'))
    return re.fullmatch(pattern, got) is not None


def try_block(block, inst, cc, extra, static):
    """Compile and run one program in a folder of its own; what is wrong with it, or ''."""
    folder = os.path.join(inst.root, 'run', block.name + ('-static' if static else ''))
    os.makedirs(folder)
    source = os.path.join(folder, block.name)
    with open(source, 'w', encoding='utf-8') as f:
        f.write(block.code)
    if static:  # ours from the archive, what it needs as it comes
        ours = {f'-l{name}': os.path.join(inst.lib, f'lib{name}.a')
                for name in ('alice', 'alice-mem')}
        flags = [*inst.flags('--cflags', block.package),
                 *[ours.get(w, w) for w in inst.flags('--static', '--libs', block.package)]]
    else:
        flags = inst.flags('--cflags', '--libs', block.package)
    program = os.path.join(folder, 'program')
    status, out = installed.run([*cc, '-Wall', '-Wextra', '-Werror', source, '-o', program, *flags,
                                 *extra])
    if status != 0:
        return f'does not compile:\n{out}'
    try:
        p = subprocess.run([program], cwd=folder, env=inst.env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                           errors='replace', timeout=60)
    except subprocess.TimeoutExpired:
        return 'does not end'
    if p.returncode != 0:
        return f'ended with {p.returncode}:\n{p.stdout}{p.stderr}'
    if p.stderr:
        return f'wrote to standard error:\n{p.stderr}'
    if block.output is not None and not matches(block.output, p.stdout):
        return f'should have printed\n{block.output}but printed\n{p.stdout}'
    return ''


def check_table(text, blocks, source_root):
    """Every program is in the table, and every test that the table names exists."""
    table = text[text.rindex('\n## '):]
    rows = [line for line in table.splitlines() if line.startswith('|')][2:]
    bad = []
    named = set()
    for row in rows:
        cells = [c.strip() for c in row.strip('|').split('|')]
        if len(cells) != 4 or not all(cells):
            bad.append(f'not four filled cells: {row}')
            continue
        tests = re.findall(r'`([^`]+)`', cells[3])
        if not tests:
            bad.append(f'names no test: {row}')
        for test in tests:
            if re.fullmatch(r'\w+\.c', test):
                named.add(test)
            elif not os.path.exists(os.path.join(source_root, test)):
                bad.append(f'names {test}, which does not exist')
    programs = {b.name for b in blocks}
    bad += [f'{n} is not in the table' for n in sorted(programs - named)]
    bad += [f'names {n}, which is no program of the guide' for n in sorted(named - programs)]
    return bad


def check_commands(text, inst):
    """What is wrong with the commands of the guide."""
    bad = []
    alice = glob.glob(inst.root + '/**/bin/alice', recursive=True)[0]
    lines = [line for block in re.findall(r'^ *```sh\n(.*?)^ *```$', text, re.M | re.S)
             for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines]
    commands = [c[[w == 'alice' for w in c].index(True) + 1:] for c in commands if 'alice' in c]
    for words in commands:
        status, out = installed.run([alice, *words, '--help'], env=inst.env)
        if status != 0 or not out.startswith('usage: alice '):
            bad.append(f'alice {" ".join(words)}: {out.splitlines()[0]}')
    settings = re.findall(r'`--set ([a-z_.]+)=(\w+)`', text)
    for key, value in settings:
        out = installed.must([alice, 'config', '--json', '--set', f'{key}={value}'], env=inst.env)
        if json.loads(out)[key]['value'] != value:
            bad.append(f'--set {key}={value}: {json.loads(out)[key]}')
    profiles = set(re.findall(r'ALICE_PERFORMANCE=(\w+)', text))
    for profile in profiles:
        out = installed.must([alice, 'config', '--json'],
                             env=dict(inst.env, ALICE_PERFORMANCE=profile))
        if 'ALICE_PERFORMANCE' not in out:
            bad.append(f'ALICE_PERFORMANCE={profile} has no effect')
    if len(commands) < 10 or len(settings) < 5 or not profiles:
        bad.append('the commands were not found in the guide')
    return bad


def main():
    guide, build, sanitize, *cc = sys.argv[1:]
    if not shutil.which('pkg-config'):
        return installed.SKIP
    with open(guide, encoding='utf-8') as f:
        text = f.read()
    blocks = read_blocks(text)
    bad = check_table(text, blocks, os.path.dirname(os.path.dirname(os.path.abspath(guide))))
    for line in bad:
        print('not ok - table:', line)
    with installed.install(build) as inst, concurrent.futures.ThreadPoolExecutor(2) as workers:
        extra = installed.sanitizer_flags(sanitize)
        jobs = [(b, s) for b in blocks for s in (False, True)]
        done = workers.map(lambda j: try_block(j[0], inst, cc, extra, j[1]), jobs)
        for (block, static), wrong in zip(jobs, done):
            how = 'static' if static else 'shared'
            if wrong:
                bad.append(block.name)
                print(f'not ok - {block.name} ({how}, line {block.line}): {wrong}')
            else:
                print(f'ok - {block.name} ({how})')
        for line in check_commands(text, inst):
            bad.append(line)
            print('not ok - command:', line)
    print(f'{len(blocks)} programs, {len(bad)} wrong')
    return 1 if bad or not blocks else 0


sys.exit(main())
