"""The settings file: what it says holds where no option says otherwise; each mistake has its line."""
import os

from harness import *


def home(text=None):
    """An environment whose settings file is `text` (None: there is none)."""
    top = place()
    path = os.path.join(top, 'config', 'alice', 'settings.yaml')
    if text is not None:
        os.makedirs(os.path.dirname(path))
        with open(path, 'w' if isinstance(text, str) else 'wb') as f:
            f.write(text)
    return environment(XDG_CONFIG_HOME=os.path.join(top, 'config'), HOME=top), path


def inbox(top):
    s = collection.sample
    for i, name in enumerate(('scans/a.jpg', 'trip/b.jpg', 'trip/c.tmp.jpg')):
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(s.jpeg(s.tiff('Canon', 'EOS', '2023:12:31 10:20:30'), i))
    return top


@test
def a_file_with_paths_is_enough():
    top = place()
    env, _ = home('paths:\n  inbox: %s/in\n  organized: ~/sorted\nprocessing:\n  copy_mode: false\n  layout: "{project}/{name}"\n'
                  '  exclude: ["*.tmp.jpg"]\n  no_project:\n    - Scans\n    - other\n  settle: 0\n  prune_empty: yes\n'
                  'performance:\n  flush_files: 50\n  flush_seconds: 3600\n'
                  'memory:\n  max_memory_mb: 48\n' % top)
    inbox(os.path.join(top, 'in'))
    alice('organize', env=env)
    out = os.path.join(env['HOME'], 'sorted')
    eq(names(out), [b'trip/b.jpg', b'uncategorized/a.jpg'], 'organized')
    eq(names(os.path.join(top, 'in')), [b'trip/c.tmp.jpg'], 'moved')
    assert not os.path.exists(os.path.join(top, 'in', 'scans')), 'pruned'
    # The other commands know the folder too.
    assert b'move' in alice('history', env=env).out
    eq(alice('check-source', os.path.join(top, 'in'), env=env, expect=1).out.count(b'c.tmp.jpg'), 1, 'check-source')
    alice('undo', env=env)
    eq(len(names(os.path.join(top, 'in'))), 3, 'taken back')
    # An option goes before the file; a copy does not prune.
    other = inbox(os.path.join(top, 'other'))
    alice('organize', '--copy', '--layout', 'flat', other, os.path.join(top, 'out2'), env=env)
    eq(len(names(other)), 3, 'copied')
    eq(names(os.path.join(top, 'out2')), [b'2023-12-31-a.jpg', b'2023-12-31-b.jpg'], 'flat')
    alice('organize', other, env=env)
    eq(len(names(out)), 2, 'an inbox alone goes where the file says')


@test
def the_catalog_is_that_of_the_files_folder():
    top = place()
    env, _ = home('paths:\n  organized: %s/out\n  catalog: %s/catalog.db\nprocessing:\n  settle: 0\n' % (top, top))
    alice('organize', inbox(os.path.join(top, 'in')), env=env)
    assert os.path.exists(os.path.join(top, 'catalog.db')) and len(names(os.path.join(top, 'out'))) == 3
    alice('organize', os.path.join(top, 'in'), os.path.join(top, 'out2'), env=env)
    alice('organize', os.path.join(top, 'in'), '-o', os.path.join(top, 'out3'), env=env)
    for out in ('out2', 'out3'):
        eq(len(names(os.path.join(top, out))), 3, 'another folder has its own')


@test
def config_shows_value_and_origin():
    env, path = home('memory:\n  cache_size_mb: 8\n  chunk_size_kb: 128\nperformance:\n  profile: memory_constrained\n  workers: 3\n'
                     'paths:\n  inbox: /photos in\nprocessing:\n  exclude: [a, b]\n')
    now = alice('config', '--json', '--set', 'memory.chunk_size_kb=64', env=env).out
    now = json.loads(now)
    for key, value, origin in (('memory.cache_size_mb', '8', 'settings.yaml:2'), ('memory.chunk_size_kb', '64', 'flag'),
                               ('performance.workers', '3', 'settings.yaml:6'), ('paths.inbox', '/photos in', 'settings.yaml:8'),
                               ('processing.exclude', ['a', 'b'], 'settings.yaml:10')):
        eq((now[key]['value'], now[key]['origin']), (value, origin), key)
    eq(now['memory.max_memory_mb']['origin'], 'profile memory_constrained (settings.yaml:5)', 'the profile')
    text = alice('config', env=env).out.decode()
    assert 'settings.yaml:8' in text and '/photos in' in text, text
    env['ALICE_PERFORMANCE'] = 'large_collection'
    now = json.loads(alice('config', '--json', env=env).out)
    eq(now['memory.max_memory_mb']['origin'], 'profile large_collection (ALICE_PERFORMANCE)', 'the environment goes before it')
    eq(now['memory.cache_size_mb']['value'], '8', 'what is set goes before a profile')
    now = json.loads(alice('config', '--json', '--profile', 'memory_constrained', env=env).out)
    eq(now['memory.max_memory_mb']['origin'], 'profile memory_constrained', 'the option goes before both')
    # Another file.
    other = os.path.join(place(), 'mine.yaml')
    with open(other, 'w') as f:
        f.write('{memory: {max_memory_mb: 33}}')
    now = json.loads(alice('config', '--json', '--config', other, env=environment()).out)
    eq((now['memory.max_memory_mb']['value'], now['memory.max_memory_mb']['origin']), ('33', 'mine.yaml:1'), '--config')


@test
def mistakes_have_file_line_and_the_nearest_key():
    for text, line, word in (
            ('memory:\n  max_memry_mb: 5\n', 2, 'memory.max_memory_mb'), ('paths:\n  in_box: /x\n', 2, 'paths.inbox'),
            ('memory:\n  workers: 2\n', 2, 'performance.workers'), ('nothing:\n  alike_at_all_: 2\n', 2, 'config init'),
            ('memory:\n  max_memory_mb: lots\n', 2, 'max_memory_mb'), ('memory:\n  max_memory_mb: [1]\n', 2, 'list'),
            ('memory:\n\n  use_mmap: perhaps\n', 3, 'true or false'), ('processing:\n  copy_mode: 3\n', 2, 'true or false'),
            ('processing:\n  settle: soon\n', 2, 'whole number'), ('paths:\n  inbox: pictures\n', 2, '/ or ~'),
            ('paths:\n  inbox:\n', 2, '/ or ~'), ('processing:\n  layout: "{nam}"\n', 2, '{name}'), ('processing:\n  undated:\n', 2, 'no value'),
            ('memory: 5\n', 1, 'section'), ('- a\n', 1, 'list'), ('just text\n', 1, 'sections'),
            ('memory:\n  chunk_size_kb: 64\n  chunk_size_kb: 65\n', 3, 'line 2'), ('memory:\n  max_memory_mb: {a: 1}\n', 2, 'section'),
            ('memory:\n  a: &x 1\n', 2, 'no setting'), ('paths: &x\n  inbox: /a\nmemory: *x\n', 3, 'alias'), ('---\n---\n', 2, 'second'),
            ('memory:\n  "unclosed\n', 3, ''), ('a: [b\n', 1, 'list'), (b'memory:\n  \xff: 1\n', 2, ''), ('memory:\n  "max\\0x": 1\n', 2, 'NUL'),
            ('memory:\n\tmax_memory_mb: 1\n', 2, ''), ('x' * 70 + ':\n  a: 1\n', 1, 'long'), ('[' * 5000, 1, 'list')):
        env, path = home(text)
        for command in (['organize', '/nowhere', '/nowhere2'], ['config']):
            r = alice(*command, env=env, expect=2)
            said = r.err.decode()
            assert said.startswith('alice: %s:%d: ' % (path, line)) and word in said and said.count('\n') == 1, (text[:60], said)
    env, path = home('memory:\n' + '  # ' + 'x' * 70000)
    assert b'larger than' in alice('config', env=env, expect=2).err
    alice('config', '--config', path + '-none', expect=2)
    with open(path, 'w') as f:
        f.write('broken: [')
    os.chmod(os.path.dirname(path), 0)
    alice('config', env=env, before=bound())  # another user's home
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0)
    assert path.encode() in alice('config', env=env, expect=2, before=bound()).err
    alice('config', '--config', os.path.dirname(path), expect=2)


@test
def no_file_and_empty_files_say_nothing():
    plain = alice('config', env=home()[0]).out
    for text in ('', '# nothing\n', 'memory:\n', '---\n', 'memory: {}\npaths:\n'):
        eq(alice('config', env=home(text)[0]).out, plain, text)
    eq(alice('config', env=environment(HOME='')).out, plain, 'no home')
    # What does not use it is not disturbed by a broken one.
    env, _ = home('broken: [')
    alice('--version', env=env)
    alice('completions', 'bash', env=env)


@test
def libyaml_is_loaded_only_where_a_file_stands():
    for text, loads in ((None, False), ('memory:\n', True)):
        env, _ = home(text)
        env['LD_DEBUG'] = 'files'
        r = alice('config', env=env)
        if b'calling init' not in r.err:
            raise Skip('the loader does not tell')
        eq(b'libyaml' in r.err, loads, text)


@test
def init_writes_each_setting_once_and_never_over_a_file():
    env, path = home()
    eq(alice('config', 'init', env=env).out.decode().strip(), path, 'it says where')
    with open(path) as f:
        text = f.read()
    plain = alice('config', env=home()[0]).out
    eq(alice('config', env=env).out, plain, 'nothing in it is set')
    # With every comment taken away it is a file that is right, and says the usual.
    every = ''.join(line.replace('  # ', '  ', 1) if line.startswith('  # ') else line for line in text.splitlines(True))
    with open(path, 'w') as f:
        f.write(every)
    now = json.loads(alice('config', '--json', env=env).out)
    eq(len([k for k in now if now[k]['origin'].startswith('settings.yaml')]), len(now), 'each is set')
    assert b'stands there already' in alice('config', 'init', env=env, expect=3).err
    with open(path) as f:
        eq(f.read(), every, 'left as it is')
    alice('config', 'inti', env=env, expect=2)
    other = os.path.join(place(), 'a/b/c.yaml')
    alice('config', 'init', '--config', other)
    assert os.path.exists(other)


main()
