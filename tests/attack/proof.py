"""The cap, proved cell by cell: every budget with every collection, copy and move, one thread and four.

    proof.py ALICE [--small] [--write DOC] [WORD...]     WORD: only collections whose names contain one

A cell is kept where the kernel's own peak of the process (VmHWM) stays under its limit, the run ends
with a status of its own and every file is accounted for. After the matrix: the same with huge pages
forced, and inside a control group (version 1 or 2) of the budget and the reserve, where root may. The
table has the highest peak of a collection's modes and threads, by budget. --small is a small form for
the tests; --write puts the table into a document, between the marks. ALICE_SCALE=N: N % of the files.
"""
import os
import re
import sys
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'cli')]
given, sys.argv = sys.argv, sys.argv[:2]
from harness import *  # noqa: E402
import attack  # noqa: E402
import harness  # noqa: E402
from attack import JPEG, count, write  # noqa: E402

BUDGETS = (14, 16, 24, 64, 512)
THP = '/sys/kernel/mm/transparent_hugepage/enabled'


def unique(top):
    for i in range(count(20000)):
        write('%s/p%02d/%05d.jpg' % (top, i // 500, i),
              collection.sample.jpeg(collection.sample.tiff('Acme', 'Box %d' % (i % 9), '2024:%02d:%02d 10:%02d:%02d' % (
                  1 + i // 28 % 12, 1 + i % 28, i // 60 % 60, i % 60)), i))


def duplicates(top):
    for i in range(count(20000)):
        write('%s/p%02d/%05d.jpg' % (top, i // 500, i), JPEG + b'%d' % (i % 10) + bytes(70000 if i % 10 < 3 else 0))


def groups(top):
    for i in range(count(5000)):
        for end in ('nef', 'jpg', 'xmp'):
            write('%s/p%02d/DSC_%04d.%s' % (top, i // 500, i, end),
                  JPEG + b'%d' % i if end == 'jpg' else
                  b'II*\0\x08\0\0\0\0\0%d' % i if end == 'nef' else b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>%d' % i)


def archives(top):
    os.makedirs(top)
    for part in range(3):
        with zipfile.ZipFile('%s/takeout-%03d.zip' % (top, part + 1), 'w') as z:
            for i in range(count(3000)):
                name = 'Takeout/Google Photos/Photos from 2024/%d-%05d.jpg' % (part, i)
                z.writestr(name, JPEG + b'%d %d' % (part, i))
                z.writestr(name + '.json', '{"photoTakenTime": {"timestamp": "%d"}}' % (1700000000 + i))


def hostile(top):
    attack.bombs(top + '/bombs')
    attack.devices(top + '/devices')


COPY, MOVE, DRY = ['--copy'], ['--move'], ['--dry-run']
BOTH = (COPY, MOVE)
# name, maker, modes. Copies of 300 GB of holes would take an hour; long names are of no media.
COLLECTIONS = [
    ('20,000 tiny files', attack.tiny, BOTH),
    ('200,000 names in a folder', attack.long_names, BOTH),
    ('200 levels', attack.deep, BOTH),
    ('50-GB sparse files', attack.sparse, (MOVE, DRY)),
    ('hostile files', hostile, BOTH),
    ('all duplicates', duplicates, BOTH),
    ('all unique', unique, BOTH),
    ('groups of three', groups, BOTH),
    ('archives in three parts', archives, (COPY,)),
]


def run(source, mode, budget, jobs, **how):
    """One cell: the peak, and what is wrong with it ('': nothing)."""
    inbox, organized = source, place()
    if mode is MOVE: # each from a tree of its own, of the same files
        inbox = os.path.join(place(), 'inbox')
        subprocess.run(['cp', '-al', source, inbox], check=True)
    names = [inbox]
    if os.path.basename(source) == 'archives':
        names = sorted(e.path for e in os.scandir(inbox))
    r = alice('organize', *names, organized, '--json', '--max-memory', str(budget), '--jobs', str(jobs), *mode,
              watch=True, expect=None, timeout=1800, **how)
    wrong = ''
    if r.status not in (0, 1) or not r.out:
        wrong = 'status %d: %s' % (r.status, r.err[-300:].decode('utf-8', 'replace'))
    else:
        s = r.json()
        high = max(r.high, s['memory']['peak_bytes'])
        if high > s['memory']['limit_bytes']:
            wrong = '%.1f MB of %.1f' % (high / MB, s['memory']['limit_bytes'] / MB)
        if s['files'] != s['organized'] + s['skipped'] + s['duplicates'] + s['errors']:
            wrong = 'files that nobody knows of: %s' % s
        r.high = high
    for path in {organized, os.path.dirname(inbox) if mode is MOVE else organized}:
        shutil.rmtree(path, ignore_errors=True)
    return r.high, wrong


def matrix(budgets, jobs, words, tell, before=None, collections=COLLECTIONS):
    """Rows of the table; how many cells failed, of how many."""
    rows, failed, cells = [], 0, 0
    for name, make, modes in collections:
        if words and not any(w in name for w in words):
            continue
        top = os.path.join(place(), 'archives' if make is archives else 'inbox')
        make(top)
        row = [name]
        for budget in budgets:
            worst = 0
            for mode in modes:
                for n in jobs:
                    how = before(budget) if before else {}
                    high, wrong = run(top, mode, budget, n, **how)
                    cells += 1
                    worst = max(worst, high)
                    if wrong:
                        failed += 1
                        tell('%s, %d MB, %s, %d jobs: %s' % (name, budget, mode[0], n, wrong))
            row.append('%.1f' % (worst / MB))
        rows.append(row)
        tell('%s: %s' % (name, ', '.join(row[1:])))
        shutil.rmtree(os.path.dirname(top), ignore_errors=True)
    return rows, failed, cells


def table(budgets, rows):
    out = ['| collection | ' + ' | '.join('%d MB' % b for b in budgets) + ' |', '|---|' + '---:|' * len(budgets)]
    return out + ['| ' + ' | '.join(r) + ' |' for r in rows]


def huge_pages(words, tell):
    """The same while the kernel gives huge pages to everybody."""
    try:
        with open(THP) as f:
            was = re.search(r'\[(\w+)\]', f.read()).group(1)
        with open(THP, 'w') as f:
            f.write('always')
    except (OSError, AttributeError):
        tell('huge pages: not tried (%s cannot be written)' % THP)
        return 0, 0
    try:
        chosen = [c for c in COLLECTIONS if c[1] in (attack.tiny, hostile, groups)]
        _, failed, cells = matrix((14, 24), (1, 4), words, lambda text: tell('huge pages: ' + text), None, chosen)
    finally:
        with open(THP, 'w') as f:
            f.write(was)
    return failed, cells


def in_a_group(words, tell):
    """Inside a control group of budget and reserve the kernel never ends it."""
    from control_group import Group
    try:
        Group(64 * MB).end()
    except Skip as why:
        tell('control group: not tried (%s)' % why)
        return 0, 0
    failed = cells = 0
    chosen = [c for c in COLLECTIONS if c[1] in (attack.tiny, hostile, groups, archives)]
    for limit in (24, 64):
        group = Group((limit + max(6, limit * 15 // 85 + 1)) * MB)
        try:
            _, f, c = matrix((limit,), (1, 4), words, lambda text: tell('control group: ' + text),
                             lambda budget: {'before': group.words()}, chosen)
        finally:
            group.end()
        failed, cells = failed + f, cells + c
    return failed, cells


def put_between_marks(path, lines):
    begin, end = '<!-- make proof -->', '<!-- end of make proof -->'
    with open(path, encoding='utf-8') as f:
        text = f.read()
    at, to = text.index(begin) + len(begin), text.index(end)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text[:at] + '\n' + '\n'.join(lines) + '\n' + text[to:])


def main():
    words, small, doc = given[2:], False, None
    if '--write' in words:
        at = words.index('--write')
        doc = words[at + 1]
        del words[at:at + 2]
    if '--small' in words:
        words.remove('--small')
        small = True
        attack.SHARE = harness.SCALE or 1
        if sanitized(): # it takes memory of its own
            return 77
    def tell(text):
        print('# ' + text, flush=True)
    began = time.monotonic()
    budgets, jobs = ((14,), (4,)) if small else (BUDGETS, (1, 4))
    rows, failed, cells = matrix(budgets, jobs, words, tell)
    for more in () if small else (huge_pages, in_a_group):
        f, c = more(words, tell)
        failed, cells = failed + f, cells + c
    lines = ['', *table(budgets, rows), '',
             '%d cells, %d not kept; %d seconds.' % (cells, failed, time.monotonic() - began), '']
    print('\n'.join(lines))
    if doc and not failed and not words:
        put_between_marks(doc, lines)
    return 1 if failed or cells == 0 else 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    atexit.register(clean)
    sys.exit(main())
