"""alice verify: what stands against what is known of it."""
import json
import os
import shutil
import subprocess

from harness import *


def made(move=False):
    """A library of small and large files, and its paths by what they were."""
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    os.makedirs(top)
    for i in range(6):
        data = s.jpeg(s.tiff('Canon', 'EOS', '2024:01:%02d 10:00:00' % (i + 1)), i)
        with open(os.path.join(top, '%d.jpg' % i), 'wb') as f:
            f.write(data + (b'' if i < 3 else bytes([i]) * 200000))
    out = top + '-out'
    organize(top, out, *(['--move'] if move else []))
    return out, {i: [os.path.join(out, os.fsdecode(p)) for p in names(out) if b'2024-01-%02d' % (i + 1) in p][0] for i in range(6)}


def edit(path, at, keep_time=True):
    st = os.stat(path)
    with open(path, 'r+b') as f:
        f.seek(at)
        old = f.read(1)
        f.seek(at)
        f.write(bytes([old[0] ^ 1]))
    if keep_time:
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
    else:
        os.utime(path, (1700000000, 1700000000))


def verify(out, *args, expect=0, **how):
    lines = [json.loads(x) for x in alice('verify', out, '--json', *args, expect=expect, **how).out.splitlines()]
    return {x['path']: x['verdict'] for x in lines[:-1]}, lines[-1]


def below(out, path):
    return os.path.relpath(path, out)


@test
def each_verdict():
    out, at = made()
    found, end = verify(out, '-v')
    eq(sorted(found.values()), ['sound'] * 3 + ['unsealed'] * 3, 'as it was made')
    eq((end['complete'], end['files']), (True, 6), 'the end')
    edit(at[0], 60)  # rot in a small file
    edit(at[3], 50)  # rot in the head of a large one
    edit(at[4], 150000)  # behind the head: nobody can know yet
    edit(at[1], 60, keep_time=False)
    os.remove(at[2])
    with open(os.path.join(out, 'new.jpg'), 'wb') as f:
        f.write(b'new')
    os.symlink('new.jpg', os.path.join(out, 'link'))
    found, end = verify(out, expect=1)
    eq(found, {below(out, at[0]): 'damaged', below(out, at[3]): 'damaged', below(out, at[1]): 'changed',
               below(out, at[2]): 'missing', 'new.jpg': 'unknown', 'link': 'unknown'}, 'what is told')
    eq([end[k] for k in ('sound', 'unsealed', 'unread', 'changed', 'unknown', 'missing', 'damaged')], [0, 2, 0, 1, 2, 1, 2], 'counts')
    text = alice('verify', out, expect=1).out.decode()
    assert 'NOT SOUND' in text and 'damaged   ' + below(out, at[0]) in text, text
    eq(sorted(x.split()[0] for x in alice('verify', '-q', out, expect=1).out.decode().splitlines()),
       ['damaged', 'damaged', 'missing'], 'quiet: what matters')
    # Edits and new files alone are no damage.
    os.remove(at[0])
    os.remove(at[3])
    organize(os.path.dirname(out) + '/inbox', out)
    found, end = verify(out)
    assert set(found.values()) == {'changed', 'unknown'}, found


@test
def a_seal_shows_rot_anywhere():
    out, at = made(move=True)
    tree = files(out)
    eq(verify(out)[1]['unsealed'], 3, 'of what was moved no hash is known')
    _, end = verify(out, '--seal')
    eq((end['sealed'], end['sound'], end['unsealed']), (3, 6, 0), 'sealed')
    eq(verify(out, '--seal')[1]['sealed'], 0, 'once')
    eq(files(out), tree, 'nothing was touched')
    edit(at[4], 150000)
    edit(at[5], 199999)
    found, end = verify(out, expect=1)
    eq(found, {below(out, at[4]): 'damaged', below(out, at[5]): 'damaged'}, 'rot')
    # What is damaged is not sealed as if it were right.
    eq(verify(out, '--seal', expect=1)[1]['damaged'], 2, 'still')


@test
def what_somebody_puts_in_the_way():
    out, at = made()
    os.remove(at[0])
    os.symlink('/etc/passwd', at[0])
    os.remove(at[1])
    os.mkdir(at[1])
    folder = os.path.dirname(at[2])
    os.rename(folder, folder + '-away')
    os.symlink(folder + '-away', folder)
    os.remove(at[3])
    os.mkfifo(at[3])
    found, end = verify(out, expect=1)
    eq(found[below(out, at[0])], 'damaged', 'a link')
    eq(found[below(out, at[1])], 'changed', 'a folder')
    eq(found[below(out, at[2])], 'damaged', 'a folder that is a link')
    eq(found[below(out, at[3])], 'changed', 'a fifo')


@test
def wrong_words_and_no_library():
    out, at = made()
    for bad in ('0', '101', 'x', '5%%', '-1', '1.5', ''):
        assert b'--sample' in alice('verify', '--sample', bad, out, expect=2).err, bad
    alice('verify', os.path.join(out, 'nowhere'), expect=3)
    assert not os.path.exists(os.path.join(out, 'nowhere'))
    eq(verify(out, '--sample', '100%')[1]['unread'], 0, 'all')
    # A library that cannot be written is verified all the same.
    subprocess.run(['chmod', '-R', 'a-w', out], check=True)
    try:
        eq(verify(out, before=bound())[1]['files'], 6, 'read only')
    finally:
        subprocess.run(['chmod', '-R', 'u+w', out], check=True)


@test
def what_a_kill_left_is_not_missing():
    s = collection.sample
    top = os.path.join(place(), 'inbox')
    os.makedirs(top)
    for i in range(40):
        with open(os.path.join(top, '%d.jpg' % i), 'wb') as f:
            f.write(s.jpeg(s.tiff('Canon', 'EOS', '2024:01:01 10:%02d:00' % i), i))
    # Killed at a rename in the middle of the batch: its rows are durable, half its files are placed.
    r = subprocess.run(['strace', '-f', '-qq', '-e', 'trace=renameat2', '-e', 'inject=renameat2:signal=KILL:when=20',
                        ALICE, 'organize', '--settle', '0', '--move', '-q', top, top + '-out'],
                       stderr=subprocess.DEVNULL, env=environment(), check=False) if shutil.which('strace') and not sanitized() else None
    if r is None:
        raise Skip('strace is not installed, or the program has a sanitizer')
    left = len(os.listdir(top))
    assert 0 < left < 40, left
    found, end = verify(top + '-out')
    eq((found, end['files'], end['sound']), ({}, 40 - left, 40 - left), 'nothing is missing')
    organize(top, top + '-out', '--move')
    eq(verify(top + '-out')[1]['files'], 40, 'and the next run goes on')


@test
def undone_files_are_not_missed():
    out, at = made()
    alice('undo', '-o', out)
    found, end = verify(out)
    eq((found, end['files']), ({}, 0), 'nothing is organized any more')


main()
