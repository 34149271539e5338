"""What `alice info --json` says of each fixture, against tests/golden/expected.jsonl.

    test_golden.py ALICE MAKE_FIXTURES        ALICE_UPDATE_GOLDEN=1 writes the file anew

Besides, what the fixtures' folders name has to come out, and every type, date source and
generator of include/alice/media.h has to have a fixture. At last a few files that ffmpeg and
exiftool make, where they are installed.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cli'))
from harness import *  # noqa: E402

MAKER = os.path.abspath(sys.argv.pop(2))
EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'expected.jsonl')
WHEN = 1600000000  # 2020-09-13 12:26:40


def info(top, paths):
    out = alice('info', '--json', *paths, expect=None, cwd=top).out.decode('utf-8')
    lines = [json.loads(line) for line in out.splitlines()]
    eq([l['path'] for l in lines], paths, 'a line for each')
    return lines


def all_fixtures():
    top = fast()
    subprocess.run([MAKER, top], check=True)
    paths = sorted(os.path.relpath(os.path.join(root, name), top) for root, _, found in os.walk(top)
                   for name in found)
    for p in paths:
        os.utime(os.path.join(top, p), (WHEN, WHEN))
    return top, info(top, paths)


def of_header(list_name):
    """The names in one of the lists of media.h and generators.h."""
    header = 'generators.h' if 'GENERATOR' in list_name else 'media.h'
    with open(os.path.join(ROOT, 'include', 'alice', header), encoding='utf-8') as f:
        text = f.read()
    body = re.search(r'#define ' + list_name + r'\(X\)(.*?)\n(?:\n|/\*)', text, re.S).group(1)
    return re.findall(r'X\(\w+,\s*"([^"]*)"', body)


@test
def each_fixture_says_what_it_said():
    top, lines = all_fixtures()
    if os.environ.get('ALICE_UPDATE_GOLDEN'):
        with open(EXPECTED, 'w', encoding='utf-8') as f:
            for line in lines:
                f.write(json.dumps(line, ensure_ascii=False) + '\n')
    with open(EXPECTED, encoding='utf-8') as f:
        expected = [json.loads(line) for line in f]
    eq([l['path'] for l in lines], [l['path'] for l in expected], 'the fixtures')
    wrong = []
    for line, want in zip(lines, expected):
        for key in sorted(set(line) | set(want)):
            if line.get(key) != want.get(key):
                wrong.append('%s: %s is %r, not %r' % (line['path'], key, line.get(key), want.get(key)))
    assert not wrong, '%d differences\n%s' % (len(wrong), '\n'.join(wrong[:20]))


@test
def each_folder_names_what_comes_out():
    top, lines = all_fixtures()
    key = {'type': 'type', 'date': 'date_source', 'gen': 'generator'}
    wrong = []
    for line in lines:
        kind, name = line['path'].split('/')[:2]
        if kind not in key:
            continue
        want = name.replace('.', ':') if kind == 'date' else name
        if line.get(key[kind]) != want:
            wrong.append('%s: %s' % (line['path'], line.get(key[kind])))
        if kind == 'date' and name != 'mtime' and line.get('date') != '2024-03-15':
            wrong.append('%s: %s' % (line['path'], line.get('date')))
        if line.get('error') and name != 'none':
            wrong.append('%s: %s' % (line['path'], line['error']))
    eq(wrong, [], 'wrong')


@test
def every_type_date_source_and_generator_has_a_fixture():
    top, lines = all_fixtures()
    for list_name, key in (('ALICE_MEDIA_LIST', 'type'), ('ALICE_DATE_SOURCE_LIST', 'date_source'),
                           ('ALICE_GENERATOR_LIST', 'generator')):
        have = {line.get(key) for line in lines}
        names = of_header(list_name)
        assert len(names) > 10, names
        # A sidecar is a file of its own: cli/test_groups.py shows what dates it gives.
        missing = [n for n in names if n and n not in have and n != 'sidecar']
        eq(missing, [], 'without a fixture in ' + list_name)


@test
def organize_agrees_with_info():
    top, lines = all_fixtures()
    inbox = os.path.join(fast(), 'inbox')
    # With the times, and each in a folder of its own: fixtures of one stem are no pair.
    alone = {}
    for number, line in enumerate(lines):
        folder, name = os.path.split(line['path'])
        alone[os.path.join(folder, 'n%d' % number, name)] = line['path']
        os.makedirs(os.path.join(inbox, folder, 'n%d' % number))
        shutil.copy2(os.path.join(top, line['path']), os.path.join(inbox, folder, 'n%d' % number))
    r = organize(inbox, inbox + '-organized', report=True)
    eq(r.summary['errors'], 0, 'errors')
    told = {alone[path_of(l['source_path'])[len(os.fsencode(os.path.realpath(inbox))) + 1:].decode()]: l
            for l in r.report}
    eq(sorted(told), sorted(l['path'] for l in lines), 'files')
    for line in lines:
        other = told[line['path']]
        if other['status'] == 'organized':
            for key in ('type', 'date', 'date_source', 'make', 'model', 'generator', 'source'):
                want = line.get(key)
                if key in ('make', 'model') and want:
                    want = want[:200]  # the report keeps no more of them
                eq(other.get(key), want, '%s: %s' % (line['path'], key))


@test
def files_that_ffmpeg_makes():
    if not shutil.which('ffmpeg'):
        raise Skip('no ffmpeg')
    top = fast()
    made = []
    for name, codec, kind, source in (('a.mp4', 'mpeg4', 'mp4', 'quicktime:mvhd'), ('a.mov', 'mjpeg', 'mov', 'quicktime:mvhd'),
                                      ('a.3gp', 'mpeg4', '3gp', 'quicktime:mvhd'),
                                      ('a.mkv', 'mpeg4', 'mkv', 'matroska:DateUTC'),
                                      ('a.webm', 'libvpx', 'webm', 'matroska:DateUTC'), ('a.avi', 'mpeg4', 'avi', None),
                                      ('a.wmv', 'wmv2', 'wmv', 'asf:CreationDate'), ('a.flv', 'flv', 'flv', None)):
        done = subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=5:duration=1',
                               '-metadata', 'creation_time=2024-03-15T10:20:30Z', '-c:v', codec, os.path.join(top, name)],
                              stderr=subprocess.PIPE)
        if done.returncode:
            print('#  ffmpeg makes no %s here: %s' % (name, done.stderr.decode(errors='replace').strip()[-200:]))
            continue
        made.append(name)
        line, = info(top, [name])
        eq((line['type'], line['width'], line['height']), (kind, 320, 240), name)
        if source:
            eq((line['date'], line['time'], line['date_source']), ('2024-03-15', '10:20:30', source), name)
    # These encoders are ffmpeg's own; libvpx alone may be missing.
    eq(sorted(set(made) - {'a.webm'}), ['a.3gp', 'a.avi', 'a.flv', 'a.mkv', 'a.mov', 'a.mp4', 'a.wmv'], 'made')


@test
def files_that_exiftool_writes():
    if not shutil.which('exiftool'):
        raise Skip('no exiftool')
    top = fast()
    plain = collection.sample.jpeg(seed=1)
    for name, words, want in (
            ('exif.jpg', ['-EXIF:DateTimeOriginal=2024:03:15 10:20:30', '-EXIF:OffsetTimeOriginal=+02:00',
                          '-EXIF:Make=Acme', '-EXIF:Model=Box 1'],
             dict(date='2024-03-15', time='10:20:30', zone='+02:00', date_source='exif:DateTimeOriginal', make='Acme',
                  model='Box 1')),
            ('xmp.jpg', ['-XMP-photoshop:DateCreated=2024:03:15 10:20:30', '-XMP:CreatorTool=Firm 2.0'],
             dict(date='2024-03-15', date_source='xmp:DateCreated')),
            ('iptc.jpg', ['-IPTC:DateCreated=2024:03:15', '-IPTC:TimeCreated=10:20:30+02:00'],
             dict(date='2024-03-15', date_source='iptc:DateCreated')),
            ('shot.jpg', ['-EXIF:UserComment=Screenshot'], dict(source='screenshot')),
            ('no-shot.jpg', ['-EXIF:UserComment=Screenshots', '-EXIF:Make=Acme'], dict(source='camera-acme')),
            ('ai.jpg', ['-XMP-iptcExt:DigitalSourceType=http://cv.iptc.org/newscodes/digitalsourcetype/'
                        'trainedAlgorithmicMedia'], dict(generator='ai-generated'))):
        with open(os.path.join(top, name), 'wb') as f:
            f.write(plain)
        subprocess.run(['exiftool', '-q', '-overwrite_original', *words, os.path.join(top, name)], check=True)
        line, = info(top, [name])
        eq({k: line.get(k) for k in want}, want, name)


main()
