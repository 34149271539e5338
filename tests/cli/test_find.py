"""alice find and alice stats: what is organized, by words and facts, and at a glance."""
import re

from harness import *


def library():
    """Three photos of two cameras and years, two generated pictures, one film, one sidecar."""
    inbox = os.path.join(fast(), 'in')
    s = collection.sample

    def put(name, data):
        path = os.path.join(inbox, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)

    put('trip/a.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2023:05:06 07:08:09'), 1))
    put('trip/b.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2024:01:02 03:04:05'), 2))
    put('home/c.jpg', s.jpeg(s.tiff('Other', 'Pocket', '2024:06:07 08:09:10'), 3))
    put('home/c.jpg.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    put('art/d.png', s.png([('parameters', 'a Lighthouse in a storm\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, '
                            'CFG scale: 7, Seed: 1234, Size: 512x512, Model: deepdream')], size=32, shade=4))
    put('art/e.png', s.png([('parameters', 'a quiet harbour\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 99, '
                            'Size: 512x512, Model: otherdream')], size=32, shade=5))
    organized = inbox + '-organized'
    r = organize(inbox, organized)
    eq(r.summary['organized'], 6, r.summary)
    return organized


def found(organized, *more, expect=0):
    r = alice('find', '-o', organized, *more, expect=expect)
    for line in r.out.decode().splitlines():
        assert os.path.isfile(line), line
    return [re.sub(r'.*/', '', os.path.dirname(x)) for x in r.out.decode().splitlines()]


@test
def words_and_facts_narrow_it_down():
    o = library()
    every = alice('find', '-o', o).out.decode().splitlines()
    eq(len(every), 6, every)
    eq(found(o, 'lighthouse'), ['stablediffusion'], 'a word of the prompt, in any case')
    eq(found(o, 'LIGHTHOUSE', 'storm', 'blurry'), ['stablediffusion'], 'all of them, also what was left out')
    eq(found(o, 'lighthouse', 'harbour', expect=1), [], 'both in one')
    eq(len(found(o, '--generator', 'stablediffusion')), 2, 'of a generator')
    eq(len(found(o, '--model', 'otherdream')), 1, 'of a model')
    eq(len(found(o, '--seed', '1234')), 1, 'of a seed')
    eq(found(o, '--seed', '123', expect=1), [], 'a seed is a whole number')
    eq(len(found(o, '--camera', 'acme box')), 2, 'of a camera')
    eq(len(found(o, '--camera', 'acme', '--since', '2024')), 1, 'since')
    eq(len(found(o, '--camera', 'acme', '--until', '2023-05')), 1, 'until')
    eq(len(found(o, '--project', 'trip')), 2, 'of a project')
    eq(len(found(o, '--type', 'PNG')), 2, 'of a type')
    alice('find', '-o', o, '--since', 'soon', expect=2)


@test
def the_earliest_comes_first_and_scripts_can_read_it():
    o = library()
    days = [x.split('/')[-4] for x in alice('find', '-o', o, '--type', 'jpeg').out.decode().splitlines()]
    eq(days, ['2023-05-06', '2024-01-02', '2024-06-07'], 'order')
    raw = alice('find', '-o', o, '--type', 'jpeg', '-0').out
    eq((raw.count(b'\0'), raw.count(b'\n')), (3, 0), 'zero bytes')
    one = alice('find', '-o', o, 'lighthouse', '--json').json()
    eq((one['seed'], one['ai_model'], one['type'], one['generator']), ('1234', 'deepdream', 'png', 'stablediffusion'), one)
    assert 'Lighthouse' in one['prompt'] and 'blurry' in one['negative_prompt'], one


@test
def what_is_gone_is_counted_not_listed():
    o = library()
    gone = alice('find', '-o', o, 'harbour').out.decode().strip()
    os.unlink(gone)
    r = alice('find', '-o', o, 'harbour', expect=1)
    assert not r.out and b'1 more' in r.err, r.text()
    for put_there in (os.mkdir, os.mkfifo, lambda path: os.symlink('/etc/passwd', path)):
        put_there(gone)
        r = alice('find', '-o', o, 'harbour', '-0', expect=1)
        assert not r.out and b'1 more' in r.err, 'what is no file is not the one that was organized'
        (os.rmdir if os.path.isdir(gone) and not os.path.islink(gone) else os.unlink)(gone)
    r = alice('find', '-o', o + '-nowhere', 'x', expect=None)
    assert r.status in (1, 2, 3) and r.err, r.text()
    assert not os.path.exists(o + '-nowhere'), 'a search makes no folder'


@test
def stats_tell_a_library_at_a_glance():
    o = library()
    s = alice('stats', o, '--json').json()
    eq(s['files'], 6, s)
    eq({y['name']: y['files'] for y in s['years'] if y['name'] != 'undated'}['2024'] >= 2, True, s['years'])
    eq({c['name']: c['files'] for c in s['cameras']}, {'Acme Box 1': 2, 'Other Pocket': 1}, s['cameras'])
    eq({t['name']: t['files'] for t in s['types']}, {'jpeg': 3, 'png': 2}, 'a sidecar has no type')
    eq([(g['name'], g['files']) for g in s['generators']], [('stablediffusion', 2)], s['generators'])
    eq(sum(y['files'] for y in s['years']), 5, s['years'])
    text = alice('stats', '-o', o).out.decode()
    for word in ('6 files', 'By year', 'By camera', 'Acme Box 1', 'By generator'):
        assert word in text, text
    eq(s['bytes'], sum(os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk(o) if '.alice' not in r for f in fs), 'bytes')


main()
