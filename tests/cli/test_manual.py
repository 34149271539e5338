"""Help, manual and completions are one: every command and option is in all of them, the manual has
no warnings, and each shell that is here really completes."""
import os
import re
import shutil
import subprocess

from harness import *
from terminal import Terminal

MANUAL = os.path.join(os.path.dirname(ALICE), 'manual')


def made(name):
    path = os.path.join(MANUAL, name)
    if not os.path.exists(path):
        raise Skip('the manual is not built here')
    return path


def need(program):
    if not shutil.which(program):
        raise Skip('no %s here' % program)


def say(*argv, **how):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=environment(), timeout=60, **how)


def commands():
    """name → (options, words of help), by --help alone."""
    text = alice('--help').out.decode()
    block = text.split('Commands:\n')[1].split('\n\n')[0]
    names = [re.match(r'  (\S+(?: \S+)?)  +\S', line).group(1) for line in block.splitlines()]
    out = {}
    for name in names:
        help_text = alice(*name.split(), '--help').out.decode()
        options = re.findall(r'^  (?:-\w, |    )--([\w-]+)', help_text.split('\nOptions:\n')[1], re.M)
        assert options and 'help' in options, (name, options)
        out[name] = options
    return out


@test
def every_command_and_option_of_help_is_in_manual_and_completions():
    found = commands()
    assert 'organize' in found and 'memory test' in found, sorted(found)
    for file in ('alice.1', 'alice', '_alice', 'alice.fish'):
        with open(made(file), encoding='utf-8') as f:
            text = f.read().replace('\\-', '-')
        for name, options in found.items():
            if file == 'alice.1':
                begin = text.index('.SS alice %s' % name)
                part = text[begin:text.index('\n.S', begin + 1)]
            elif file == 'alice':
                begin = text.rindex("'%s')" % name)
                part = text[begin:text.index(';;', begin)]
            elif file == '_alice':
                begin = text.index('_alice-%s()' % name.replace(' ', '-'))
                part = text[begin:text.index('\n}', begin)]
            else:
                part = '\n'.join(line for line in text.splitlines() if "'__alice_at %s'" % name in line)
                part = part.replace('-l ', '--')
            for option in options:
                assert re.search(r'--%s\b' % option, part), '%s: %s has no --%s' % (file, name, option)
        for profile in ('default', 'fast', 'memory_constrained', 'large_collection'):
            assert profile in text, (file, profile)
        for key in json.loads(alice('config', '--json').out):
            assert key in text, (file, key)


@test
def words_that_people_try():
    for words in (['memory', '--help'], ['memory', '-h'], ['help', 'memory']):
        out = alice(*words).out.decode()
        assert out.startswith('usage: alice memory COMMAND') and 'memory monitor' in out, out
    eq(alice('memory', expect=2).out, alice('memory', '-h').out, 'the same, but a mistake')
    for words in (['-V'], ['version'], ['--debug', '--version']):
        eq(alice(*words).out, alice('--version').out, words)
    parts = alice('--version', '-v').out.decode()
    assert parts.startswith(alice('--version').out.decode()), parts
    for part in ('SQLite', 'libarchive', 'libyaml', 'Landlock', 'seccomp'):
        assert f'\n  {part} ' in parts, (part, parts)
    assert max(map(len, parts.split('\n'))) <= 40, parts
    eq(alice('version', '--verbose').out.decode(), parts, 'the same')
    assert b"not 'x'" in alice('--version', 'x', expect=2).err
    for words in (['help', 'organize'], ['organize', '-h']):
        eq(alice(*words).out, alice('organize', '--help').out, words)
    eq(alice('help').out, alice('-h').out, 'help')
    for shell, file in (('bash', 'alice'), ('zsh', '_alice'), ('fish', 'alice.fish')):
        with open(made(file), 'rb') as f:
            eq(alice('completions', shell).out, f.read(), shell)
    assert b'bash, zsh and fish' in alice('completions', 'tcsh', expect=2).err


@test
def limits_and_threads_say_what_they_became():
    top = place()
    os.mkdir(os.path.join(top, 'in'))
    words = ['organize', '-n', os.path.join(top, 'in'), os.path.join(top, 'out')]
    for size in ('1', '2', '7M', '1000K'):
        r = alice(*words, '--max-memory', size, expect=2)
        least = int(re.search(r'the smallest that works here is (\d+) MB \(--max-memory \1\)', r.err.decode()).group(1))
        assert b'from 8' not in r.err, r.err
    if not sanitized():
        alice(*words, '--max-memory', str(least))
    alice(*words, '--max-memory', '99999999', expect=2)
    most = 2 * len(os.sched_getaffinity(0))
    r = alice(*words, '--jobs', '1000')
    assert b'--jobs 1000: this machine takes ' in r.err, r.err
    assert int(re.search(rb'takes (\d+)', r.err).group(1)) in (most, 2 * os.cpu_count()), r.err
    eq(alice(*words, '--jobs', '1').err + alice(*words, '-q', '--jobs', '1000').err, b'', 'nothing to say')


@test
def the_manual_breaks_no_path():
    if not shutil.which('man'):
        raise Skip('no man here')
    page = made('alice.1')
    whole = alice('organize', '--help').out.decode()
    path = re.search(r'ORGANIZED/<date>\S+', whole).group().rstrip(',.')
    for columns in ('40', '60', '80'):
        r = subprocess.run(['man', '-l', page], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                           env=environment(MANWIDTH=columns, MAN_KEEP_FORMATTING='', LC_ALL='C.UTF-8'), timeout=60)
        assert path in r.stdout or columns == '40', (columns, path)
        assert not re.search(r'\w[\u2010\xad]\n', r.stdout), 'hyphenated'


@test
def manual_has_no_warnings():
    page = made('alice.1')
    if shutil.which('mandoc'):
        r = say('mandoc', '-T', 'lint', '-W', 'warning', page)
        eq((r.returncode, r.stdout), (0, ''), 'mandoc')
    elif not shutil.which('man'):
        raise Skip('neither mandoc nor man here')
    if shutil.which('man'):
        r = subprocess.run(['man', '--warnings', '-l', page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, env=environment(MANWIDTH='80', MAN_KEEP_FORMATTING=''), timeout=60)
        eq(r.stderr, '', 'man')
        for word in ('EXIT STATUS', 'ENVIRONMENT', 'FILES', 'ALICE_PERFORMANCE', '130', 'Examples:',
                     'alice organize ~/Pictures/inbox'):
            assert word in r.stdout, word


@test
def bash_completes():
    need('bash')
    script = 'source %s; t() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _alice; echo "${COMPREPLY[*]}"; }; t %s'
    top = place()
    os.makedirs(os.path.join(top, 'a b'))
    os.makedirs(os.path.join(top, 'album'))
    open(os.path.join(top, 'album.txt'), 'w').close()

    def t(words):
        r = say('bash', '--norc', '-c', script % (made('alice'), words), cwd=top)
        return ' '.join(sorted(r.stdout.split()))
    for words, wanted in (
            ("alice or", 'organize'), ("alice memory te", 'test'), ("alice --debug debug memory te", 'test'),
            ("alice help memory te", 'test'), ("alice organize --dry", '--dry-run'),
            ("alice organize --profile mem", 'memory_constrained'),
            ("alice organize --profile = mem", 'memory_constrained'),
            ("alice config --set memory.chunk", 'memory.chunk_size_kb='),
            ("alice memory test alb", 'album'), ("alice info alb", 'album album.txt'),
            ("alice organize --max-memory ''", ''), ("alice nothing --", '')):
        eq(t(words), wanted, words)
    with Terminal(['bash', '--norc', '-i'], environment(PS1='> ', TERM='dumb'), cwd=top) as shell:
        shell.type('source %s; clear\n' % made('alice'))
        shell.type('echo ready; alice() { printf "<%s>" "$@"; echo; }\n')
        shell.expect('\nready')
        shell.type('alice mem\tte\t--max-m\t 64 a\\ \t\n')
        shell.expect('<memory><test><--max-memory><64><a b')


@test
def zsh_completes():
    need('zsh')
    zsh = made('_alice')
    eq(say('zsh', '-n', zsh).stdout, '', 'syntax')
    env = environment(TERM='dumb', PS1='> ', fpath='')
    with Terminal(['zsh', '-f', '-i'], env) as shell:
        shell.type('unsetopt zle_bracketed_paste 2>/dev/null; fpath=(%s $fpath); autoload -Uz compinit; '
                   'compinit -u -D; alice() { printf "<%%s>" "$@"; echo; }; echo rea""dy\n' % MANUAL)
        shell.expect('ready')
        shell.type('alice --debug debug mem\tte\t--max-m\t')
        time.sleep(0.5)
        shell.type('64\n')
        shell.expect(re.compile('<memory><test><--max-memory(=|><)64>'))
        shell.type('alice organize --profile memory_\t\n')
        shell.expect(re.compile('<organize><--profile(=|><)memory_constrained>'))


@test
def fish_completes():
    need('fish')
    fish = made('alice.fish')

    def t(line):
        r = say('fish', '--no-config', '-c', 'source %s; complete -C "%s"' % (fish, line), cwd=place())
        return [line.split('\t')[0] for line in r.stdout.splitlines()]
    for line, wanted in (('alice or', 'organize'), ('alice memory te', 'test'), ('alice --debug debug memory te', 'test'),
                         ('alice organize --dry', '--dry-run'), ('alice organize --profile mem', 'memory_constrained'),
                         ('alice config --set memory.chunk', 'memory.chunk_size_kb=')):
        assert wanted in t(line), (line, t(line))
    assert 'organize' not in t('alice memory '), t('alice memory ')
    assert '--move' not in t('alice memory test --'), t('alice memory test --')


main()
