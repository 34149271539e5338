"""Every command of docs/troubleshooting.md is run as it stands there, and works."""
import os
import re
import subprocess

from harness import *

DOCUMENT = os.path.join(ROOT, 'docs', 'troubleshooting.md')
GUIDE = ('memory monitor', 'memory profile', 'memory gc', 'performance.batch_size=50', 'memory.gc_threshold_mb=256',
         'memory.gc_interval_seconds=30', 'ALICE_PERFORMANCE=memory_constrained', 'memory.max_batch_size=50',
         'memory.use_mmap=true', 'memory.chunk_size_kb=256', '--top 20')


def blocks():
    with open(DOCUMENT, encoding='utf-8') as f:
        text = f.read()
    return [re.sub(r'^ {0,3}', '', b, flags=re.M) for b in re.findall(r'^ *```sh\n(.*?)^ *```', text, re.M | re.S)]


@test
def every_remedy_of_the_guide_is_there():
    text = '\n'.join(blocks())
    for words in GUIDE:
        assert words in text, words


@test
def every_command_works():
    home = place()
    inbox = os.path.join(home, 'Pictures', 'inbox')
    os.makedirs(os.path.dirname(inbox))
    collection.make(inbox, 300, odd=False)
    before = listing(inbox)
    env = environment(HOME=home, PATH=os.path.dirname(ALICE) + ':' + os.environ['PATH'])
    found = blocks()
    assert len(found) >= 15, len(found)
    for block in found:
        # A minute of watching is a second here; under a sanitizer, limits of 16 MB are none.
        script = block.replace('--duration 60', '--duration 1')
        if sanitized():
            script = re.sub(r'--max-memory [\d,]+', '--max-memory 900', script)
        r = subprocess.run(['sh', '-eu', '-c', script], cwd=home, env=env, stdin=subprocess.DEVNULL, timeout=120,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert r.returncode == 0, '%s\nstatus %d\n%s%s' % (script, r.returncode, r.stdout[-1500:], r.stderr[-1500:])
        if '>' not in script:
            assert r.stdout, script
    same_tree(before, listing(inbox), 'the inbox')
    assert os.path.getsize(os.path.join(home, 'profile.html')) > 10000
    with open(os.path.join(home, 'profile.json')) as f:
        assert json.load(f)['live_sites']
    assert not os.path.exists(os.path.join(home, 'Pictures', 'organized')), '-n makes nothing'


main()
