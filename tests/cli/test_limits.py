"""Few descriptors, little stack, folders that may not be read: nothing crashes, nothing is lost in
silence."""
import os
import re
import resource
import shutil

from harness import *


def tree(folders, unreadable=()):
    """{folder: files} of small pictures, each with a content of its own; and empty locked folders."""
    inbox = os.path.join(fast(), 'inbox')
    n = 0
    for folder, count in folders.items():
        os.makedirs(os.path.join(inbox, folder))
        for i in range(count):
            n += 1
            with open(os.path.join(inbox, folder, '%02d.jpg' % i), 'wb') as f:
                f.write(b'\xff\xd8\xff\xd9' + b'%d' % n)
    for folder in unreadable:
        os.makedirs(os.path.join(inbox, folder), 0o700)
    return inbox, n


def held_to(**limits):
    """Popen's `preexec_fn` that sets soft limits."""
    def set_them():
        for name, value in limits.items():
            what = getattr(resource, 'RLIMIT_' + name.upper())
            resource.setrlimit(what, (value, resource.getrlimit(what)[1]))
    return set_them


def as_a_user(path):
    """The words before a command that make it an ordinary user's, who owns all of `path` but what
    is locked."""
    if os.geteuid() != 0:
        for root, dirs, _ in os.walk(path):
            for d in dirs:
                if os.stat(os.path.join(root, d)).st_mode & 0o777 == 0o700:
                    os.chmod(os.path.join(root, d), 0)
        return []
    if not shutil.which('setpriv'):
        raise Skip('no setpriv')
    for root, dirs, names in os.walk(path):
        for p in [root] + [os.path.join(root, n) for n in names]:
            if os.stat(p).st_mode & 0o777 != 0o700 or root == path:
                os.chown(p, 65534, 65534)
    os.chmod(path, 0o755)
    before = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    if subprocess.run([*before, 'test', '-x', ALICE]).returncode != 0:
        raise Skip('another user cannot run this build')
    return before


@test
def small_groups_of_files_do_not_overrun():
    for more in ([], ['--move'], ['--dry-run']):
        inbox, n = tree({'d%03d' % i: 14 for i in range(100)})
        r = organize(inbox, inbox + '-organized', *more, preexec_fn=held_to(nofile=80))
        eq(r.summary['organized'], n, 'organized')
        eq(r.summary['errors'], 0, 'errors')


@test
def folders_that_may_not_be_read_are_errors_and_no_crash():
    shapes = [({'a': 40, 'p': 300}, ['lost+found']),
              ({**{'a%02d' % i: 17 for i in range(10)}, **{'c%03d' % i: 14 for i in range(100)}},
               ['b%d' % i for i in range(9)] + ['c%03dx' % i for i in range(0, 100, 3)])]
    for shape, locked in shapes:
        for memory in ([], ['--max-memory', '14'], ['--max-memory', '24']):
            inbox, n = tree(shape, locked)
            before = as_a_user(os.path.dirname(inbox))
            report = inbox + '-report'
            r = organize(inbox, inbox + '-organized', '--move', *memory, '--report', report,
                         before=before, expect=1)
            eq(r.summary['organized'], n, 'organized')
            with open(report, encoding='utf-8') as f:
                lines = [json.loads(line) for line in f]
            eq(sorted(os.path.basename(path_of(line['source_path'])).decode()
                      for line in lines if line['status'] == 'error'), sorted(locked))


@test
def few_descriptors_are_shared_out_and_too_few_are_refused():
    # Six trees of 40 levels, a picture on each: levels, folders and days are many.
    deep = {'/'.join('t%d-%d' % (t, i) for i in range(depth + 1)): 1
            for t in range(6) for depth in range(40)}
    for more in ([], ['--move']):
        for allowed in (8, 16, 24):
            inbox, n = tree(deep)
            before = listing(inbox)
            r = organize(inbox, inbox + '-organized', *more, preexec_fn=held_to(nofile=allowed),
                         expect=3)
            same_tree(before, listing(inbox), 'the inbox')
            if allowed > 8:  # with 8 it comes to other words
                need = int(re.search(rb'needs (\d+) open files', r.err).group(1))
                assert b'may have %d' % allowed in r.err, r.text()
        for allowed in (need, need + 1, 40, 48, 64):
            inbox, n = tree(deep)
            r = organize(inbox, inbox + '-organized', *more, preexec_fn=held_to(nofile=allowed))
            eq((r.summary['organized'], r.summary['errors']), (n, 0), 'with %d' % allowed)
        assert need <= 40, need


@test
def too_small_a_stack_is_said_at_the_start():
    if sanitized():
        raise Skip('a sanitizer needs a larger stack before main()')
    inbox, n = tree({'a': 3, 'b': 3})
    # With less the loader itself fails now and then: the kernel puts the stack up to 8 KB lower at
    # random, the environment lies on it too, and what is left is too little to find a library.
    for kb in (40, 64, 127):
        r = organize(inbox, inbox + '-organized', preexec_fn=held_to(stack=kb * 1024), expect=3)
        assert b'a stack of %d KB is too small' % kb in r.err and b'ulimit -s 128' in r.err, r.text()
    deep = {'/'.join(['a folder with a name of fifty bytes, about as long'] * (d + 1)): 1
            for d in range(70)}
    inbox, n = tree(deep)
    for more in (['--dry-run'], [], ['--move']):
        r = organize(inbox, inbox + '-organized' + ''.join(more), *more, report=True,
                     preexec_fn=held_to(stack=128 * 1024))
        eq(r.summary['organized'], n, 'organized')


main()
