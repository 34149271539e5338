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
    inbox, organized = made(int(os.environ.get('ALICE_TEST_UNDO', '2500')))
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
def what_was_changed_since_is_not_moved_back():
    inbox, organized = made(30)
    r = organize(inbox, organized, '--move', report=True)
    done = [x for x in r.report if x['status'] == 'organized']
    touched, edited = (path_of(x['destination']) for x in done[:2])
    later = os.stat(touched).st_mtime_ns + 60 * 10**9
    os.utime(touched, ns=(later, later))
    st = os.stat(edited)
    with open(edited, 'r+b') as f:  # of the same size and time
        f.write(b'edited')
    os.utime(edited, ns=(st.st_atime_ns, st.st_mtime_ns))
    r = undo(organized, expect=1)
    eq((r['done'], r['left']), (len(done) - 2, 2), 'taken back')
    eq({os.path.join(os.fsencode(organized), p) for p in names(organized)}, {touched, edited}, 'left')


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
            newest = json.loads(alice('history', '-o', organized, '--json').out.splitlines()[0])
            # Killed on its way out, with all done: one more undo would place the files again.
            if newest['mode'] != 'undo' or newest['state'] != 'finished':
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
    said = alice('history', '-o', organized).out.decode().splitlines()
    assert ' taken back, ' in said[0] and said[0].endswith(', of run 1'), said
    assert ' organized, ' in said[1] and ' error' not in said[1], said
    alice('history', '77', '-o', organized, expect=None)
    assert b'no run 77' in alice('undo', '77', '-o', organized, expect=None).err


def strace():
    if sanitized():
        raise Skip('the leak checker does not run under strace')
    if not shutil.which('strace') or subprocess.run(
            ['strace', '-f', '-o', '/dev/null', 'true'], stderr=subprocess.DEVNULL).returncode:
        raise Skip('no strace')


def contents(*tops):
    out = set()
    for top in tops:
        if os.path.isdir(top):
            out |= set(files(top).values())
    return out


@test
def an_undo_that_is_killed_at_any_call_loses_and_leaves_nothing():
    strace()
    points = 0
    for mode, base in (('--move', None), ('--move', '/var/tmp'), ('--copy', None)):
        top = fast()
        if base:
            top = place(base)
        inbox, organized = os.path.join(fast(), 'inbox'), os.path.join(top, 'organized')
        collection.make(inbox, 3, odd=False)
        before = only_files(inbox)
        organize(inbox, organized, mode)
        placed = only_files(organized)
        saved = {p: os.path.join(fast(), 'saved') for p in (inbox, organized)}
        for p in saved:
            subprocess.run(['cp', '-a', p, saved[p]], check=True)
        for call, step in (('renameat2', 1), ('unlinkat', 3), ('fsync', 7), ('pwrite64', 17), ('syncfs', 1)):
            for n in range(1, 400, step):
                before_kill = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=' + call, '-e',
                               'inject=%s:signal=KILL:when=%d' % (call, n)]
                r = alice('undo', '-o', organized, '--json', before=before_kill, expect=None)
                if r.status == 0:
                    if call in ('renameat2', 'unlinkat') or n > 1:
                        eq(only_files(inbox), before, 'the inbox, undone')
                    break
                points += 1
                where = '%s, %s %d' % (mode, call, n)
                left = {v[3] for v in before.values()} - contents(inbox, organized)
                eq(left, set(), 'lost: ' + where)
                # Once more, and to its end. It may have been at its end already.
                runs = [json.loads(x) for x in alice('history', '-o', organized, '--json').out.splitlines()]
                if not (runs[0]['mode'] == 'undo' and runs[0]['state'] == 'finished'):
                    undo(organized)
                eq(only_files(inbox), before, 'the inbox: ' + where)
                eq(only_files(organized), {}, 'organized: ' + where)
                for p in saved:
                    shutil.rmtree(p)
                    subprocess.run(['cp', '-a', saved[p], p], check=True)
            else:
                raise AssertionError('more than 400 of ' + call)
            for p in saved:
                shutil.rmtree(p)
                subprocess.run(['cp', '-a', saved[p], p], check=True)
        assert placed
    assert points > 20, points
    print('#  %d kills' % points)


@test
def what_was_found_moved_inside_organized_was_not_put_there_by_the_run():
    for mode in ('--move', '--copy'):
        inbox, organized = made(30)
        organize(inbox, organized, '--move')
        albums = os.path.join(os.fsencode(organized), b'albums')
        os.makedirs(albums)
        again = os.path.join(fast(), 'again')
        os.makedirs(again)
        for i, p in enumerate(sorted(files(organized))):
            full = os.path.join(os.fsencode(organized), p)
            shutil.copy2(full, os.path.join(os.fsencode(again), b'%d.jpg' % i))
            if i < 5:
                os.rename(full, os.path.join(albums, b'%d.jpg' % i))
        kept = files(organized)
        with open(os.path.join(again, 'new.jpg'), 'wb') as f:
            f.write(collection.sample.jpeg(seed=777))
        eq(organize(again, organized, mode).summary['organized'], 1, 'organized')
        # From within, where a path below organized leads somewhere.
        r = undo(organized)
        eq((r['files'], r['done'], r['left']), (1, 1, 0), 'the new one only')
        eq(files(organized), kept, 'organized')
        lines = alice('history', '2', '-o', organized, '--json').out.splitlines()
        eq([json.loads(x).get('status') for x in lines[1:]].count('undone'), 1, 'history')


@test
def two_paths_of_one_file_are_no_copy_of_it():
    inbox, organized = os.path.join(fast(), 'inbox'), os.path.join(fast(), 'organized')
    os.makedirs(inbox + '/camera')
    for n in (1, 2, 3):
        # Named as it will be in organized; the time decides its day.
        path = inbox + '/camera/uncategorized-%05d.jpg' % n
        with open(path, 'wb') as f:
            f.write(collection.sample.jpeg(seed=n))
        os.utime(path, (1600000000, 1600000000))
    r = organize(inbox, organized, report=True)
    folder = os.path.dirname(r.report[0]['destination'])
    for x in r.report:
        eq(os.path.basename(x['source_path']), os.path.basename(x['destination']), 'names')
    one, two, three = sorted(os.listdir(folder))
    placed = files(organized)
    # The source's folder is a link to the organized one: what would stay is what would go.
    shutil.rmtree(inbox + '/camera')
    os.symlink(folder, inbox + '/camera')
    os.link(os.path.join(folder, one), os.path.join(inbox, 'elsewhere.jpg'))
    eq(undo(organized, expect=1)['done'], 0, 'undone')
    eq(files(organized), placed, 'organized')
    # A hard link is a second name: the file stays under it.
    os.unlink(inbox + '/camera')
    os.makedirs(inbox + '/camera')
    os.link(os.path.join(folder, one), inbox + '/camera/' + one)
    os.symlink(os.path.join(folder, two), inbox + '/camera/' + two)
    undo(organized, '1', expect=1)
    eq(sorted(os.listdir(folder)), [two, three], 'organized')
    assert os.path.isfile(inbox + '/camera/' + one)


@test
def the_place_of_a_source_may_be_taken():
    inbox, organized = made(30)
    organize(inbox, organized, '--move')
    r = [json.loads(x) for x in alice('history', '1', '-o', organized, '--json').out.splitlines()]
    sources = [path_of(x['source_path']) for x in r if x.get('status') == 'organized']
    folders = sorted({os.path.dirname(p) for p in sources})
    there, rest = files(organized), only_files(inbox)
    # A file, a fifo, a folder and a link where a file was; a file where a folder was.
    top = os.path.join(os.fsencode(fast()), b'aside')
    made_here = []
    for p, make in zip(sources, (lambda p: open(p, 'wb').close(), os.mkfifo, os.mkdir,
                                 lambda p: os.symlink(b'nowhere', p), lambda p: os.symlink(b'/dev/zero', p))):
        make(p)
        made_here.append((p, os.lstat(p)))
    gone = [f for f in folders if f != os.fsencode(inbox) and not any(p.startswith(f + b'/') for p, _ in made_here)][-1]
    shutil.move(gone, top)
    open(gone, 'w').close()
    for dry in (('-n',), ()):
        r = undo(organized, *dry, expect=1)
        assert r['left'] >= 5, r
        for p, st in made_here:
            now = os.lstat(p)
            eq((now.st_ino, now.st_size, now.st_mtime_ns), (st.st_ino, st.st_size, st.st_mtime_ns), p)
        eq(os.path.getsize(gone), 0, 'a file')
    eq(sorted(list(files(organized).values()) + list(files(inbox).values()) + list(files(top).values())),
       sorted(list(there.values()) + [v[3] for v in rest.values()] + [sha_of('/dev/null')] * 2), 'each once')


@test
def run_numbers_that_are_none():
    inbox, organized = made(3)
    organize(inbox, organized)
    for word in ('0', '-1', 'x', '1x', '', '7', '99999999999999999999', '9223372036854775807'):
        for command in ('undo', 'history'):
            assert alice(command, word, '-o', organized, expect=None).status in (2, 3), word
    assert len(files(organized)) > 0


@test
def a_large_undo_needs_no_more_memory():
    if sanitized():
        raise Skip('its memory is not its own')
    inbox, organized = os.path.join(fast(), 'inbox'), os.path.join(fast(), 'organized')
    for i in range(20000):
        if i % 1000 == 0:
            os.makedirs(os.path.join(inbox, 'd%d' % (i // 1000)))
        with open(os.path.join(inbox, 'd%d' % (i // 1000), '%d.jpg' % i), 'wb') as f:
            f.write(collection.sample.jpeg(seed=i))
    organize(inbox, organized, '--move')
    r = alice('undo', '-o', organized, '--json', '--max-memory', '16', watch=True)
    eq(r.json()['done'], 20000, 'taken back')
    assert r.high <= 16 * MB, r.high
    eq(names(organized), [], 'organized')


@test
def duplicates_leave_the_inbox_of_a_move_and_come_back():
    """After a copy, a move of the same inbox frees it: only with --duplicates remove, only what was compared."""
    inbox, organized = made(300)
    organize(inbox, organized)
    before, there = only_files(inbox), only_files(organized)
    s = organize(inbox, organized, '--move').summary
    eq((s['organized'], s['duplicates_removed'], only_files(inbox)), (0, 0, before), 'kept')
    text = alice('organize', inbox, organized, '--move').out.decode()
    assert '--duplicates remove' in text, text
    # One organized copy has other bytes now, with the size and time that it had.
    victim = os.path.join(os.fsencode(organized), max(there, key=lambda p: there[p][1] if p.endswith(b'.jpg') else 0))
    st = os.stat(victim)
    with open(victim, 'r+b') as f:
        f.seek(st.st_size - 1)
        last = f.read(1)
        f.seek(st.st_size - 1)
        f.write(bytes([last[0] ^ 1]))
    os.utime(victim, ns=(st.st_atime_ns, st.st_mtime_ns))
    dry = organize(inbox, organized, '--move', '--duplicates', 'remove', '-n').summary
    eq(only_files(inbox), before, 'a dry run')
    r = organize(inbox, organized, '--move', '--duplicates', 'remove', report=True)
    removed = r.summary['duplicates_removed']
    eq(dry['duplicates_removed'], removed, 'foretold')
    rest = only_files(inbox)
    eq(len(before) - len(rest), removed, 'left the inbox')
    assert 200 < removed < len(before), removed
    spoilt = [x for x in r.report if 'not those of the organized' in x.get('reason', '')]
    assert spoilt, 'the one with other bytes'
    for x in spoilt:
        assert os.path.exists(path_of(x['source_path'])), x
    u = undo(organized)
    eq((u['done'], u['left']), (removed, 0), 'taken back')
    eq(only_files(inbox), before, 'the inbox')
    u = undo(organized)
    eq((u['done'], u['left'], u['again']), (removed, 0, True), 'and that too')
    eq(only_files(inbox), rest, 'the inbox')
    undo(organized)
    eq(only_files(inbox), before, 'the inbox')


@test
def a_duplicate_of_the_same_batch_leaves_too():
    inbox, organized = made(40)
    some = sorted(p for p in files(inbox) if p.endswith(b'.jpg'))[0]
    twin = os.path.join(os.fsencode(inbox), b'zz')
    os.mkdir(twin)
    shutil.copy2(os.path.join(os.fsencode(inbox), some), os.path.join(twin, b'twin.jpg'))
    before = only_files(inbox)
    dry = organize(inbox, organized, '--move', '--duplicates', 'remove', '-n').summary
    s = organize(inbox, organized, '--move', '--duplicates', 'remove').summary
    eq(dry['duplicates_removed'], s['duplicates_removed'], 'foretold')
    eq((s['errors'], s['duplicates_removed']), (0, s['duplicates']), 'all of them')
    eq(os.listdir(twin), [], 'the twin')
    eq(undo(organized)['left'], 0, 'taken back')
    eq(only_files(inbox), before, 'the inbox')
    # Two names of one file are no two copies: said so, and kept.
    os.makedirs(os.path.join(inbox, 'linked'))
    with open(os.path.join(inbox, 'linked', '1.jpg'), 'wb') as f:
        f.write(collection.sample.jpeg(seed=99000))
    os.link(os.path.join(inbox, 'linked', '1.jpg'), os.path.join(inbox, 'linked', '2.jpg'))
    r = organize(inbox, organized, '--move', '--duplicates', 'remove', report=True)
    eq([x['reason'] for x in r.report if b'linked/2' in path_of(x['source_path'])],
       ['kept: it is the organized file itself, by another path'], 'the reason')
    eq(os.listdir(os.path.join(inbox, 'linked')), ['2.jpg'], 'the other name')
    alice('organize', inbox, organized, '--duplicates', 'remove', expect=2)  # a copy keeps its inbox
    alice('organize', inbox, organized, '--move', '--duplicates', 'perhaps', expect=2)
    alice('organize', inbox, organized, '--move', '--duplicates', 'remove', '--only', 'video', expect=2)


main()
