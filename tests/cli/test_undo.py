"""A run taken back: paths, bytes, times, modes and attributes; what was changed is left; kills."""
import os
import shutil
import signal

from harness import *


def made(count=300):
    top = fast()
    inbox = os.path.join(top, 'inbox')
    collection.make(inbox, count, odd=False)
    return inbox, os.path.join(top, 'organized')


def only_files(top):
    """path → mode, size, time, bytes, attributes"""
    out = {}
    for p, v in listing(top).items():
        if stat.S_ISREG(v[0]):
            full = os.path.join(os.fsencode(top), p)
            out[p] = v + tuple((n, os.getxattr(full, n)) for n in sorted(os.listxattr(full)))
    return out


def undo(organized, *more, expect=0):
    return alice('undo', '-o', organized, '--json', *more, expect=expect).json()


@test
def a_move_is_taken_back_and_that_too():
    inbox, organized = made(2500)
    for i, p in enumerate(sorted(files(inbox))[:200]):
        full = os.path.join(os.fsencode(inbox), p)
        try:
            os.setxattr(full, 'user.note', b'%d' % i)
        except OSError:
            pass
        st = os.stat(full)
        os.chmod(full, 0o640 if i % 2 else 0o444)
        os.utime(full, ns=(st.st_atime_ns, st.st_mtime_ns))
    before = only_files(inbox)
    organize(inbox, organized, '--move')
    there, rest = only_files(organized), only_files(inbox)
    r = undo(organized, '-n')
    eq((r['done'], r['left'], r['run']), (len(there), 0, 0), 'a dry one')
    eq(only_files(organized), there, 'changes nothing')
    r = undo(organized)
    eq((r['done'], r['left']), (len(there), 0), 'taken back')
    eq(only_files(inbox), before, 'the inbox')
    eq(names(organized), [], 'organized')
    eq(sorted(os.listdir(organized)), ['.alice'], 'folders')
    r = undo(organized)
    eq((r['done'], r['left'], r['again']), (len(there), 0, True), 'placed again')
    eq(only_files(organized), there, 'organized')
    eq(only_files(inbox), rest, 'the inbox')
    undo(organized)
    eq(only_files(inbox), before, 'the inbox')
    # What was taken back is not known as organized.
    eq(organize(inbox, organized, '--move').summary['organized'], len(there), 'organized')


@test
def copies_go_only_where_their_source_has_the_same_bytes():
    inbox, organized = made(60)
    r = organize(inbox, organized, report=True)
    done = [x for x in r.report if x['status'] == 'organized']
    before = only_files(inbox)
    gone, changed, touched = (path_of(x['source_path']) for x in done[:3])
    os.unlink(gone)
    with open(changed, 'ab') as f:
        f.write(b'more')
    edited = path_of(done[3]['destination'])
    with open(edited, 'r+b') as f:
        f.write(b'edited')
    moved = path_of(done[4]['destination'])
    os.rename(moved, moved + b'.mine.jpg')
    r = undo(organized, expect=1)
    eq((r['done'], r['left']), (len(done) - 4, 4), 'taken back')
    left = {os.path.join(os.fsencode(organized), p) for p in names(organized)}
    eq(left, {path_of(done[0]['destination']), path_of(done[1]['destination']), edited, moved + b'.mine.jpg'}, 'left')
    after = only_files(inbox)
    for p, v in before.items():
        full = os.path.join(os.fsencode(inbox), p)
        assert full in (gone, changed) or after[p] == v, p


@test
def an_undo_that_is_killed_goes_on():
    inbox, organized = made(1200)
    before = only_files(inbox)
    organize(inbox, organized, '--move')
    kills = 0
    for i in range(12):
        p = start('undo', '-o', organized)
        try:
            p.wait(0.03 + 0.02 * i)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.wait()
            kills += 1
            have = sorted(v[3] for v in only_files(inbox).values()) + \
                sorted(v[3] for v in only_files(organized).values())
            eq(sorted(have), sorted(v[3] for v in before.values()), 'each stands once')
            continue
        break
    else:
        undo(organized)
    assert kills > 0
    eq(only_files(inbox), before, 'the inbox')
    eq(names(organized), [], 'organized')


@test
def history_tells_runs_and_files():
    inbox, organized = made(40)
    r = organize(inbox, organized)
    undo(organized)
    runs = [json.loads(x) for x in alice('history', '-o', organized, '--json').out.splitlines()]
    eq([x['mode'] for x in runs], ['undo', 'copy'], 'modes')
    eq(runs[0]['undoes'], runs[1]['run'], 'what it undoes')
    eq([x['state'] for x in runs], ['finished'] * 2, 'states')
    eq(runs[1]['organized'], r.summary['organized'], 'counts')
    lines = [json.loads(x) for x in alice('history', str(runs[1]['run']), '-o', organized, '--json').out.splitlines()]
    eq(sum(x.get('status') == 'undone' for x in lines[1:]), r.summary['organized'], 'files')
    alice('history', '77', '-o', organized, expect=None)
    assert b'no run 77' in alice('undo', '77', '-o', organized, expect=None).err


main()
