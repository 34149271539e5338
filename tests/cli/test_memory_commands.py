"""alice memory test, profile and optimize, and alice config: on a real collection, in a pipe and on a
terminal; how the tables look is pinned (ALICE_UPDATE_GOLDEN=1 writes what they look like now)."""
import difflib
import os
import re
import shutil
import subprocess
import unicodedata

from harness import *
from terminal import Terminal

GOLDEN = os.path.join(HERE, 'golden')
FILES = 400
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


def made(count=FILES):
    inbox = os.path.join(fast(), 'inbox')
    collection.make(inbox, count, odd=False)
    return inbox


def pin(name, text):
    path = os.path.join(GOLDEN, name + '.txt')
    if os.environ.get('ALICE_UPDATE_GOLDEN') == '1':
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return
    with open(path, encoding='utf-8') as f:
        wanted = f.read()
    if text != wanted:
        raise AssertionError('%s looks otherwise (ALICE_UPDATE_GOLDEN=1 accepts it):\n%s' % (
            name, '\n'.join(difflib.unified_diff(wanted.splitlines(), text.splitlines(), 'wanted', 'is', '', '', 2, ''))))


def look(text):
    """A table without what measuring changes: numbers, units, and the widths that follow them."""
    text = re.sub(r'\d+(\.\d+)?', 'N', text)
    text = re.sub(r'\bN (bytes|KB|MB|GB)', 'N B', text)
    text = re.sub(r' +', ' ', text)
    return re.sub(r'([━─])\1+', r'\1', text)


def fits(text, columns):
    for line in text.splitlines():
        width = sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)
        if line and line[0] in '┏┃┡│└':
            assert width <= columns, '%d columns: %s' % (width, line)


def boxes_close(text):
    """Each box is a rectangle."""
    width = None
    for line in text.splitlines():
        if line.startswith('┏'):
            width = len(line)
        if line and line[0] in '┏┃┡│└':
            eq(len(line), width, line)


# ---- test ----

@test
def memory_test_of_one_limit():
    if sanitized():
        raise Skip('memory is not its own under a sanitizer')
    inbox = made()
    before = listing(inbox)
    r = alice('memory', 'test', inbox, '--max-memory', '64')
    text = r.out.decode()
    boxes_close(text)
    pin('memory-test-one', look(text))
    same_tree(before, listing(inbox), 'the collection')
    j = alice('--debug', 'debug', 'memory', 'test', inbox, '--max-memory', '64', '--json', watch=True).json()
    eq(j['limit_bytes'], 64 * MB)
    assert j['files'] >= FILES and j['organized'] > 0 and j['seconds'] > 0, j
    assert 0 < j['initial_bytes'] <= j['peak_bytes'], j
    eq(j['growth_bytes'], j['peak_bytes'] - j['initial_bytes'])
    eq(j['verdict'], 'stayed within')
    with Terminal([ALICE, 'memory', 'test', inbox, '--max-memory', '64'], environment(TERM='xterm'), 40) as t:
        eq(t.end(), 0)
        fits(t.text(), 40)
        assert 'Verdict' in t.text(), t.text()


@test
def memory_test_of_several_limits():
    if sanitized():
        raise Skip('memory is not its own under a sanitizer')
    inbox = made()
    r = alice('memory', 'test', inbox, '--max-memory', '16,64,8', expect=1)
    text = r.out.decode()
    boxes_close(text)
    # A run that is too short carries no conclusion; how long these take is the machine's.
    ends = re.findall(r'^(Runs as short as these say nothing|The smallest that costs no speed).*\n', text, re.M)
    eq(len(ends), 1, text)
    pin('memory-test-several', re.sub(r'^(Runs as|The smallest).*\n', '', look(text), flags=re.M))
    assert b'too little' in r.err and r.err.count(b'\n') <= 9, r.err
    j = alice('memory', 'test', inbox, '--max-memory', '16,64', '--json', '--cache-size', '4').json()
    eq([t['limit_bytes'] for t in j['trials']], [16 * MB, 64 * MB])
    assert j['smallest_without_loss_bytes'] in (16 * MB, 64 * MB), j
    eq(j['conclusive'], all(t['seconds'] >= 0.5 for t in j['trials']), j)
    peaks = [t['peak_bytes'] for t in j['trials']]
    assert all(0 < t['peak_bytes'] <= t['limit_bytes'] for t in j['trials']), j
    # Each ran in a process of its own: a large first does not stand in the mark of a small second.
    j = alice('memory', 'test', inbox, '--max-memory', '256,16', '--json').json()
    assert j['trials'][1]['peak_bytes'] < 16 * MB, j
    assert peaks[0] < 16 * MB, peaks


@test
def memory_test_refuses_in_one_line():
    inbox = made(10)
    for args, status, word in ((['/nowhere'], 3, 'no such folder'), ([ALICE], 3, 'no folder'), ([], 2, 'PATH'),
                               ([inbox, '--max-memory', '16,,32'], 2, 'no size'),
                               ([inbox, '--max-memory', 'x'], 2, 'no size'),
                               ([inbox, '--max-memory', ','.join(['16'] * 17)], 2, 'at most 16'),
                               ([inbox, '--max-memory', '3'], 2, ''),
                               ([inbox, '--set', 'memory.nothing=1'], 2, 'nearest')):
        r = alice('memory', 'test', *args, expect=status)
        eq(r.err.count(b'\n'), 1, r.err)
        assert word in r.err.decode() and not r.out, (args, r.text())


@test
def memory_test_interrupted_stops_its_trials():
    inbox = made(3000)
    p = start('memory', 'test', inbox, '--max-memory', ','.join(['16'] * 16), start_new_session=True)
    trial = '/proc/%d/task/%d/children' % (p.pid, p.pid)
    limit = time.monotonic() + 60
    while not open(trial).read():
        assert time.monotonic() < limit and p.poll() is None, 'no trial began'
    p.terminate()
    out, err = p.communicate(timeout=30)
    eq(p.returncode, 130, err)
    left = subprocess.run(['pgrep', '-g', str(p.pid)], stdout=subprocess.PIPE).stdout if shutil.which('pgrep') else b''
    eq(left, b'', 'trials that go on')


# ---- profile ----

@test
def memory_profile_tables():
    inbox = made()
    before = listing(inbox)
    r = alice('memory', 'profile', inbox, '--top', '5', '--max-memory', '64')
    text = r.out.decode()
    boxes_close(text)
    same_tree(before, listing(inbox), 'the collection')
    # Which sites are sampled is not pinned: bodies of these tables are left out.
    parts = text.split('\n\n')
    eq(len(parts), 5, text)
    pin('memory-profile', '\n\n'.join([look(parts[0]),
                                       *('\n'.join(look(p).splitlines()[:4]) for p in parts[1:3]),
                                       look(parts[3]), look(parts[4])]))
    assert re.search(r'│ \S+ +│ organize/\w+\.c:\d+ +│', text), text
    eq(len([line for line in parts[1].splitlines() if line.startswith('│')]), 5, parts[1])
    with Terminal([ALICE, 'memory', 'profile', inbox], environment(TERM='xterm'), 60) as t:
        eq(t.end(), 0)
        fits(t.text(), 60)


@test
def memory_profile_as_json_adds_up():
    inbox = made(2000)
    j = alice('--debug', 'debug', 'memory', 'profile', inbox, '--top', '1000', '--max-memory', '32', '--json').json()
    assert j['files'] >= 2000 and j['sampled_blocks'] > 0, j
    assert 0 < len(j['live_sites']) <= len(j['total_sites']), 'sites'
    live = [s['live_bytes'] for s in j['live_sites']]
    eq(live, sorted(live, reverse=True), 'order of live sites')
    total = [s['total_bytes'] for s in j['total_sites']]
    eq(total, sorted(total, reverse=True), 'order of all sites')
    root = j['ledger'][0]
    eq(root['depth'], 0)
    children = [r for r in j['ledger'] if r['depth'] == 1]
    assert {'catalog', 'probe', 'cache', 'program'} <= {r['account'] for r in children}, children
    eq(sum(r['bytes_at_highest_use'] for r in children), root['bytes_at_highest_use'], 'the sum of the accounts')
    # What the sites say lives is what accounts were charged, but for the program itself: sampled.
    charged = root['bytes_at_highest_use'] - sum(r['bytes_at_highest_use'] for r in children
                                                 if r['account'] in ('program', 'untracked'))
    assert 0.6 * charged < sum(live) < 1.6 * charged, (sum(live), charged)
    ms = [s['ms'] for s in j['samples']]
    assert 2 <= len(ms) <= 512 and ms == sorted(ms), ms
    if not sanitized():
        assert max(s['resident_bytes'] for s in j['samples']) <= j['peak_bytes'] <= j['limit_bytes'], j['peak_bytes']


@test
def memory_profile_works_under_16_mb():
    if sanitized():
        raise Skip('memory is not its own under a sanitizer')
    inbox = made(3000)
    r = alice('memory', 'profile', inbox, '--max-memory', '16', '--json', watch=True)
    assert r.high < 16 * MB and r.json()['errors'] == 0, r.high


@test
def memory_profile_refuses_in_one_line():
    inbox = made(10)
    for args, status, word in ((['/nowhere'], 3, 'no such folder'), ([inbox, '--top', '0'], 2, '1 to 1000'),
                               ([inbox, '--top', 'many'], 2, '1 to 1000'), ([inbox, '--max-memory', '3'], 2, ''),
                               ([inbox, '--html', '/nowhere/page.html'], 3, 'cannot be written')):
        r = alice('memory', 'profile', *args, expect=status)
        eq(r.err.count(b'\n'), 1, r.err)
        assert word in r.err.decode() and not r.out, (args, r.text())


CHECK = """
<script>
window.addEventListener('load', function () {
  var bad = [];
  function box(selector) {
    var all = document.querySelectorAll(selector), widest = 0, tallest = 0;
    all.forEach(function (e) { var b = e.getBBox(); widest = Math.max(widest, b.width); tallest = Math.max(tallest, b.height); });
    return [all.length, widest, tallest];
  }
  [['#resident path.line', 1, 500], ['#resident line.limit, #resident .level', 1, 500], ['#batches path.line', 1, 500],
   ['#accounts path', 5, 500], ['#caches path.area', 1, 500], ['#live-sites rect', 8, 500], ['#all-sites rect', 8, 500]]
    .forEach(function (w) {
      var b = box(w[0]);
      if (b[0] < w[1] || b[1] < w[2]) bad.push(w[0] + ': ' + b.join(' '));
    });
  if (box('#resident path.area')[2] < 20) bad.push('no height');
  document.querySelectorAll('svg *').forEach(function (e) {
    ['d', 'x', 'y', 'width', 'height'].forEach(function (a) {
      if (/nan|inf/i.test(e.getAttribute(a) || '')) bad.push('no number: ' + e.outerHTML.slice(0, 80));
    });
  });
  var dark = matchMedia('(prefers-color-scheme: dark)').matches;
  var color = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
  if (dark !== (color[0] < 128)) bad.push('colors: ' + color);
  if (document.documentElement.scrollWidth > innerWidth) bad.push('wider than the window: ' + document.documentElement.scrollWidth);
  document.title = 'CHECKED ' + (dark ? 'dark ' : 'light ') + (bad.join('; ') || 'good');
});
</script>
"""


def browse(page, *more):
    browser = next((b for b in map(shutil.which, BROWSERS) if b), None)
    if not browser:
        raise Skip('no chromium here')
    return subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--user-data-dir=' + place(), '--enable-logging=stderr', '--virtual-time-budget=4000', *more,
         'file://' + page], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
        env=environment(HOME=place()))


@test
def memory_profile_page_stands_alone():
    inbox = made(2000)
    strange = os.path.join(os.path.dirname(inbox), 'a <b> & "c"')
    os.rename(inbox, strange)
    page = os.path.join(place(), 'page.html')
    alice('memory', 'profile', strange, '--max-memory', '32', '--html', page)
    with open(page, encoding='utf-8') as f:
        text = f.read()
    assert 'a &lt;b&gt; &amp; &quot;c&quot;' in text and '<b>' not in text, 'names are escaped'
    for word in ('<script', 'http:', 'https:', '@import', 'url(', 'src='):
        assert word not in text, word
    for word in ('prefers-color-scheme:dark', 'Content-Security-Policy', 'GC Collections', 'id="resident"', 'id="live-sites"'):
        assert word in text, word
    assert len(text) < 500000, len(text)


@test
def memory_profile_page_in_a_browser():
    inbox = made(5000)
    page = os.path.join(place(), 'page.html')
    alice('memory', 'profile', inbox, '--max-memory', '32', '--html', page)
    r = browse(page, '--dump-dom')
    console = [line for line in r.stderr.splitlines() if 'CONSOLE' in line]
    eq(console, [], 'the console')
    assert 'id="all-sites"' in r.stdout, r.stdout[:500]
    # The page has no script; the check brings one, and so its own copy without the policy against it.
    with open(page, encoding='utf-8') as f:
        text = f.read()
    checked = page + '-checked.html'
    with open(checked, 'w', encoding='utf-8') as f:
        f.write(re.sub(r'<meta http-equiv[^>]*>', '', text).replace('</body>', CHECK + '</body>'))
    for scheme, more in (('light', ['--blink-settings=preferredColorScheme=1']),
                         ('dark', ['--blink-settings=preferredColorScheme=0']),
                         ('light', ['--blink-settings=preferredColorScheme=1', '--window-size=500,900'])):
        r = browse(checked, '--dump-dom', *more)
        title = re.search('<title>(.*?)</title>', r.stdout, re.S)
        eq(title and title.group(1), 'CHECKED %s good' % scheme, more)


# ---- optimize ----

@test
def memory_optimize_tables():
    inbox = made()
    text = alice('memory', 'optimize', inbox).out.decode()
    boxes_close(text)
    machine, rest = text.split('\nRecommended: ')
    machine = re.sub(r'(│ (?:Control group|Waiting for memory|Disk) +│).*', r'\1 …', machine)
    pin('memory-optimize', look(re.sub(r'(│ (?:Largest file|Biggest folder) +│).*', r'\1 …', machine)))
    settings = rest[rest.index('Settings\n'):].split('\n\n')[0]
    fits(settings, 120)
    for key in json.loads(alice('config', '--json').out):
        assert '│ %s ' % key in settings, key
    with Terminal([ALICE, 'memory', 'optimize', inbox], environment(TERM='xterm'), 70) as t:
        eq(t.end(), 0)
        fits(t.text(), 70)


@test
def memory_optimize_snippet_and_command_work():
    inbox = made(60)
    strange = os.path.join(os.path.dirname(inbox), "it's a <folder>")
    os.rename(inbox, strange)
    for more in ([], ['--profile', 'memory_constrained'], ['--profile', 'large_collection']):
        text = alice('memory', 'optimize', *more, strange).out.decode()
        wanted = alice('memory', 'optimize', *more, strange, '--json').json()
        pairs = re.findall(r'^  ((?:memory|performance)\.\w+=\S+)$', text, re.M)
        assert pairs and pairs[0].startswith('memory.max_memory_mb='), text
        sets = [w for p in pairs for w in ('--set', p)]
        is_now = json.loads(alice('config', '--profile', 'default', *sets, '--json').out)
        eq({k: v['value'] for k, v in is_now.items()}, wanted['settings'], 'the settings of the snippet')
        command = text.strip().splitlines()[-1].strip()
        assert command.startswith('alice organize '), command
        organized = os.path.join(place(), 'organized')
        subprocess.run(['sh', '-c', command.replace('alice', ALICE, 1).replace('ORGANIZED', organized) + ' -q'],
                       check=True, env=environment())
        assert len(names(organized)) > 30


@test
def memory_optimize_says_what_the_guide_says():
    inbox = os.path.join(fast(), 'many')
    os.makedirs(inbox)
    for i in range(50000):
        os.mknod(os.path.join(inbox, '%06d.jpg' % i))
    with open(os.path.join(inbox, 'big.mov'), 'wb') as f:
        f.truncate(300 * MB)
    j = alice('memory', 'optimize', inbox, '--json').json()
    c = j['collection']
    eq((c['media'], c['by_type']), (50001, {'jpeg': 50000, 'mov': 1}))
    eq((c['biggest_folder_files'], c['complete']), (50001, True))
    assert c['sized'] < 25000, 'a sample'
    reasons = ' '.join(j['reasons'])
    m = j['machine']
    assert '50,000' in reasons, reasons
    if m['memory_bytes'] >= 8 << 30 and 'cgroup_limit_bytes' not in m and m['in_use_percent'] < 75 \
            and m['available_bytes'] > 5 << 30:
        eq((j['profile'], j['max_memory_mb']), ('large_collection', 2048))
    eq(alice('memory', 'optimize', '--profile', 'memory_constrained', '--json').json()['profile'], 'memory_constrained')
    r = alice('memory', 'optimize', '--profile', 'memory', expect=2)
    assert b"did you mean 'memory_constrained'" in r.err, r.err
    assert b'no such folder' in alice('memory', 'optimize', '/nowhere', expect=3).err


# ---- config ----

@test
def config_table_and_origins():
    text = alice('config', '--max-memory', '64').out.decode()
    boxes_close(text)
    pin('config', text)
    text = alice('config', '--profile', 'large_collection', '--set', 'memory.cache_ttl_seconds=0').out.decode()
    pin('config-profile', text)
    env = environment(ALICE_PERFORMANCE='memory_constrained')
    text = alice('config', env=env).out.decode()
    assert 'profile memory_constrained (ALICE_PERFORMANCE)' in text, text
    for columns in (40, 80, 100):
        with Terminal([ALICE, 'config'], environment(TERM='xterm'), columns) as t:
            eq(t.end(), 0)
            fits(t.text(), columns)
    ascii_text = alice('config', '--max-memory', '64', env=environment(LC_ALL='C')).out
    assert ascii_text.isascii() and b'+--' in ascii_text, ascii_text[:200]


@test
def config_mistakes_name_the_nearest():
    for args, env, word in ((['config', '--set', 'memory.chunk_size=4'], {}, 'memory.chunk_size_kb'),
                            (['config', '--set', 'memory.use_mmap=perhaps'], {}, 'true or false'),
                            (['config', '--set', 'memory.cache_size_mb=ten'], {}, 'whole number'),
                            (['config', '--set', 'max_memory_mb'], {}, 'KEY=VALUE'),
                            (['config'], {'ALICE_PERFORMANCE': 'large'}, "'large_collection'"),
                            (['config', '--profile', 'fsat'], {}, "'fast'"),
                            (['info', '--set', 'workers_=1', ALICE], {}, 'performance.workers'),
                            (['memory', 'gc', '--set', 'memory.gc=1'], {}, 'no setting')):
        r = alice(*args, env=environment(**env), expect=2)
        eq(r.err.count(b'\n'), 1, r.err)
        assert word in r.err.decode(), (args, r.err)


main()
