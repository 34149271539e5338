"""alice info: the fields that design promises to scripts, and what becomes of what is no media."""
import os
import struct

from harness import *

FIELDS = {'path', 'type', 'width', 'height', 'date', 'time', 'zone', 'date_source', 'make', 'model', 'software',
          'generator', 'generator_source', 'ai_edited', 'prompt', 'negative_prompt', 'ai_model', 'seed', 'sampler',
          'precision', 'date_confidence', 'zone_assumed', 'zone_place', 'content_id', 'motion_photo_offset', 'motion_photo_bytes',
          'motion_photo_source', 'source', 'error'}


def info(*paths, expect=0):
    r = alice('info', '--json', *paths, expect=expect)
    lines = [json.loads(line) for line in r.out.decode('utf-8').splitlines()]
    for line, path in zip(lines, paths):
        assert set(line) <= FIELDS, set(line) - FIELDS
        eq(path_of(line['path']), os.fsencode(path), 'path')
    eq(len(lines), len(paths), 'a line for each')
    return lines


def put(name, data, when=1600000000):
    path = os.path.join(fast(), name)
    with open(path, 'wb') as f:
        f.write(data)
    os.utime(path, (when, when))
    return path


@test
def a_photo():
    s = collection.sample
    path = put('DSC.JPG', s.jpeg(s.tiff('NIKON CORPORATION', 'NIKON D750', '2023:07:14 10:20:30')))
    line, = info(path)
    eq({k: line.get(k) for k in ('type', 'width', 'height', 'date', 'time', 'date_source', 'make', 'model', 'source')},
       dict(type='jpeg', width=8, height=8, date='2023-07-14', time='10:20:30', date_source='exif:DateTimeOriginal',
            make='NIKON CORPORATION', model='NIKON D750', source='camera-nikon-d750'), 'a photo')
    assert 'generator' not in line and 'error' not in line, line


@test
def what_hangs_behind_is_no_damage():
    """The trailer of a 360 camera's film, and the second picture of a stereo camera's."""
    s = collection.sample
    film = s.mp4(2082844800 + 1689500000) + bytes(range(256)) * 20 + b'8db42d694ccc418790edff439fe026bf'
    left, right = (s.jpeg(s.tiff('FUJIFILM', 'FinePix REAL 3D W1', '2023:07:14 10:20:%d' % i)) for i in (30, 40))
    for line, date, kind in zip(info(put('VID_0001.insv', film), put('DSCF0001.MPO', left + right)),
                                ('2023-07-16', '2023-07-14'), ('mp4', 'jpeg')):
        eq((line['type'], line['date'], line.get('error')), (kind, date, None), kind)
    eq(info(put('DSCF0002.MPO', left + right))[0]['time'], '10:20:30', 'of the first')


@test
def a_generated_picture():
    s = collection.sample
    line, = info(put('x.png', s.png([('parameters', s.A1111)])))
    eq({k: line.get(k) for k in ('type', 'generator', 'generator_source', 'seed', 'sampler', 'ai_model', 'source')},
       dict(type='png', generator='stablediffusion', generator_source='png:parameters', seed='1234567',
            sampler='DPM++ 2M Karras', ai_model='dreamshaper_8', source='stablediffusion'), 'a picture')
    assert line['prompt'].startswith('a lighthouse') and line['negative_prompt'] == 'blurry, text', line
    line, = info(put('y.png', s.png([('prompt', s.COMFY)])))
    eq((line['generator'], line['prompt'], line['negative_prompt'], line['seed'], line['sampler']),
       ('comfyui', 'a red fox in the snow', 'low quality', '42', 'euler'), 'a graph')


@test
def a_film():
    line, = info(put('x.mp4', collection.sample.mp4(2082844800 + 1689500000)))
    eq({k: line.get(k) for k in ('type', 'date', 'time', 'zone', 'date_source', 'source')},
       dict(type='mp4', date='2023-07-16', time='09:33:20', zone='+00:00', date_source='quicktime:mvhd',
            source='video'), 'a film')


@test
def dates_from_elsewhere():
    s = collection.sample
    line, = info(put('IMG_20240315_101500.jpg', s.jpeg(seed=1)))
    eq((line['date'], line['date_source']), ('2024-03-15', 'name'), 'a name')
    line, = info(put('plain.jpg', s.jpeg(seed=1)))
    eq((line['date'], line['date_source']), ('2020-09-13', 'mtime'), 'a time')
    early = put('early.jpg', s.jpeg(seed=1))
    os.utime(early, ns=(-5 * 10**8,) * 2)  # half a second before 1970, in whichever zone
    line, = info(early)
    eq(line['time'][-2:], '59', 'a time before 1970')
    top = os.path.join(fast(), '2021-05-06')
    os.mkdir(top)
    path = os.path.join(top, 'plain.jpg')
    with open(path, 'wb') as f:
        f.write(s.jpeg(seed=1))
    line, = info(path)
    eq((line['date'], line['date_source']), ('2021-05-06', 'folder'), 'a folder')
    cwd = os.getcwd()
    os.chdir(top)
    line, = info('plain.jpg')
    os.chdir(cwd)
    eq(line['date'], '2021-05-06', 'a folder, from inside')


@test
def rejected_dates_are_explained_to_people():
    s = collection.sample
    path = put('x.jpg', s.jpeg(s.tiff('A', 'B', '2023:02:30 10:20:30')))
    text = alice('info', path).out.decode()
    assert '2023:02:30' in text and 'not' in text and 'mtime' in text, text
    line, = info(path)
    eq(line['date_source'], 'mtime', 'not that one')


@test
def folders_missing_and_other_files():
    s = collection.sample
    good = put('good.jpg', s.jpeg(seed=1))
    top = fast()
    fifo = os.path.join(top, 'fifo')
    os.mkfifo(fifo)
    link = os.path.join(top, 'link.jpg')
    os.symlink(good, link)
    to_fifo = os.path.join(top, 'link to fifo')
    os.symlink(fifo, to_fifo)
    for path in (top, os.path.join(top, 'gone'), fifo, to_fifo, '/dev/null'):
        line, = info(path, expect=1)
        assert line.get('error') and 'type' not in line, line
        r = alice('info', path, expect=1)
        assert r.err.startswith(b'alice: '), r.text()
    lines = info(good, os.path.join(top, 'gone'), link, expect=1)
    eq([l.get('type') for l in lines], ['jpeg', None, 'jpeg'], 'the others are read')
    line, = info(put('x.txt', b'Not a picture\n'))
    eq(line['type'], 'none')
    line, = info(put('empty.jpg', b''))
    eq(line['type'], 'none')


@test
def damaged_files_tell_what_they_can():
    s = collection.sample
    whole = s.jpeg(s.tiff('NIKON CORPORATION', 'NIKON D750', '2023:07:14 10:20:30'))
    for n in range(2, len(whole), 7):
        line, = info(put('x.jpg', whole[:n]), expect=None)
        assert line['type'] in ('jpeg', 'none'), line
    line, = info(put('x.png', s.png([('parameters', s.A1111)])[:60]), expect=None)
    eq(line['type'], 'png')


@test
def more_files_than_fit_a_small_table():
    s = collection.sample
    path = put('x.jpg', s.jpeg(seed=1))
    lines = info(*[path] * 900)
    eq({l['date'] for l in lines}, {'2020-09-13'}, 'all alike')


@test
def any_number_of_files():
    path = put('x.png', collection.sample.png())
    many = [path] * 3000
    eq(len(info(*many)), 3000, 'all of them')


@test
def folders():
    s = collection.sample
    top = place()
    os.makedirs(os.path.join(top, 'a', 'b'))
    for name, data in (('x.png', s.png()), ('a/b/y.png', s.png(shade=7)), ('a/notes.txt', b'no picture')):
        with open(os.path.join(top, name), 'wb') as f:
            f.write(data)
    os.symlink(top, os.path.join(top, 'a', 'circle'))
    lines = [json.loads(line) for line in alice('info', '-r', '--json', top).out.decode().splitlines()]
    eq(sorted(os.path.relpath(line['path'], top) for line in lines), ['a/b/y.png', 'x.png'], 'the media in it')
    r = alice('info', top, expect=1)
    assert b'-r' in r.err, r.err
    line, = info(top, expect=1)
    assert '-r' in line['error'], line
    # A folder deeper than descriptors are allowed for.
    deep = os.path.join(top, *['d'] * 200)
    os.makedirs(deep)
    with open(os.path.join(deep, 'z.png'), 'wb') as f:
        f.write(s.png(shade=9))
    r = alice('info', '-r', '--json', os.path.join(top, 'd'))
    eq(len(r.out.splitlines()), 1, 'the deepest')


@test
def the_zone_of_what_is_known_in_utc_alone():
    """A film of a quarter to midnight, UTC: by its name where that tells, else by --timezone, else by the machine."""
    film = collection.sample.mp4(2082844800 + 1710546300)  # 2024-03-15 23:45
    path = put('x.mp4', film)
    for zone, more, day, time in (('UTC', (), '2024-03-15', '23:45:00'), ('Europe/Berlin', (), '2024-03-16', '00:45:00'),
                                  ('UTC', ('--timezone', 'Asia/Kolkata'), '2024-03-16', '05:15:00'),
                                  ('Asia/Tokyo', ('--timezone', 'UTC'), '2024-03-15', '23:45:00'),
                                  ('UTC', ('--timezone', '+05:30'), '2024-03-16', '05:15:00'),
                                  ('UTC', ('--timezone=-23:00',), None, None),
                                  ('UTC', ('--timezone=-03:30',), '2024-03-15', '20:15:00'),
                                  ('UTC', ('--timezone', 'Mars/Olympus'), None, None),
                                  ('UTC', ('--timezone', '../etc/passwd'), None, None),
                                  ('UTC', ('--timezone', '+5'), None, None), ('UTC', ('--timezone', ''), None, None)):
        r = alice('info', '--json', path, *more, expect=0 if day else 2, env=environment(TZ=zone))
        if not day:
            assert b'--timezone' in r.err, r.err
            continue
        line = json.loads(r.out)
        eq((line['date'], line['time'], line.get('zone_assumed')), (day, time, True), (zone, more))
        inbox = os.path.dirname(path)
        r = organize(inbox, os.path.join(place(), 'organized'), *more, report=True, env=environment(TZ=zone))
        eq({l['date'] for l in r.report if path_of(l['source_path']) == os.fsencode(path)}, {day}, (zone, more))
        line, = [l for l in r.report if path_of(l['source_path']) == os.fsencode(path)]
        eq((line['zone_assumed'], r.summary['zone_assumed'] >= 1), (True, True), 'marked in report and summary')
    r = alice('organize', os.path.dirname(path), os.path.join(place(), 'organized'), env=environment(TZ='UTC'))
    assert ' zone assumed ' in r.out.decode(), r.out
    name = put('VID_20240316_014500.mp4', film)  # two hours east
    line = json.loads(alice('info', '--json', name, '--timezone', 'America/New_York').out)
    eq((line['date'], line['zone'], line.get('zone_assumed')), ('2024-03-16', '+02:00', None), 'its name knows')


def film_at(position, taken):
    """A film that knows its time in UTC, and where it was taken."""
    def box(kind, body):
        return struct.pack('>I', len(body) + 8) + kind + body
    film, text = collection.sample.mp4(2082844800 + taken), position.encode()
    at = film.rindex(b'moov') - 4
    place = box(b'\xa9xyz', struct.pack('>HH', len(text), 0x15c7) + text)
    return film[:at] + box(b'moov', film[at + 8:] + box(b'udta', place))


def picture_at(latitude, longitude):
    """A picture with the time and the position of GPS alone: 2024-03-15 23:45 UTC."""
    def entry(tag, kind, count, value):
        return struct.pack('<HHI', tag, kind, count) + value
    def degrees(value):
        return struct.pack('<6I', int(abs(value)), 1, int(abs(value) * 60) % 60, 1, 0, 1)
    gps = 8 + 2 + 12 + 4  # behind the first directory
    data = gps + 2 + 6 * 12 + 4
    tiff = b'II*\0\x08\0\0\0' + struct.pack('<H', 1) + entry(0x8825, 4, 1, struct.pack('<I', gps)) + bytes(4)
    tiff += struct.pack('<H', 6)
    tiff += entry(1, 2, 2, b'S\0\0\0' if latitude < 0 else b'N\0\0\0')
    tiff += entry(2, 5, 3, struct.pack('<I', data))
    tiff += entry(3, 2, 2, b'W\0\0\0' if longitude < 0 else b'E\0\0\0')
    tiff += entry(4, 5, 3, struct.pack('<I', data + 24))
    tiff += entry(7, 5, 3, struct.pack('<I', data + 48))
    tiff += entry(29, 2, 11, struct.pack('<I', data + 72)) + bytes(4)
    tiff += degrees(latitude) + degrees(longitude) + struct.pack('<6I', 23, 1, 45, 1, 0, 1) + b'2024:03:15\0'
    return collection.sample.jpeg(tiff)


@test
def the_zone_of_a_place():
    """A quarter to midnight, UTC: by the position of a film, of a picture, of Takeout's sidecar, summer and winter."""
    assert os.path.exists('/usr/share/zoneinfo/Asia/Kathmandu'), 'install tzdata: scripts/deps --test does'
    late, summer = 1710546300, 1721087100  # 2024-03-15, 2024-07-15
    taken = '{"photoTakenTime": {"timestamp": "%d"}, "geoData": {"latitude": %s, "longitude": %s, "altitude": 0.0}}'
    for name, data, sidecar, want in (
            ('everest.mp4', film_at('+27.9881+086.9250+8848/', late), None, ('2024-03-16', '05:30:00', 'Asia/Kathmandu')),
            ('paris.mp4', film_at('+48.8577+002.2950/', late), None, ('2024-03-16', '00:45:00', 'Europe/Paris')),
            ('paris-summer.mp4', film_at('+48.8577+002.2950/', summer), None, ('2024-07-16', '01:45:00', 'Europe/Paris')),
            ('sea.mp4', film_at('-45-120/', late), None, ('2024-03-15', '23:45:00', None)),
            ('nowhere.mp4', film_at('+00.0000+000.0000/', late), None, ('2024-03-15', '23:45:00', None)),
            ('broken.mp4', film_at('+99+999/', late), None, ('2024-03-15', '23:45:00', None)),
            ('gps.jpg', picture_at(-33.86, 151.21), None, ('2024-03-16', '10:45:00', 'Australia/Sydney')),
            ('west.jpg', picture_at(37.77, -122.42), None, ('2024-03-15', '16:45:00', 'America/Los_Angeles')),
            ('takeout.jpg', collection.sample.jpeg(seed=1), taken % (late, 35.68, 139.69), ('2024-03-16', '08:45:00', 'Asia/Tokyo')),
            ('takeout-0.jpg', collection.sample.jpeg(seed=2), taken % (late, '0.0', '0.0'), ('2024-03-15', '23:45:00', None))):
        path = put(name, data)
        if sidecar:
            with open(path + '.json', 'w') as f:
                f.write(sidecar)
        r = alice('info', '--json', path, env=environment(TZ='UTC'))
        line = json.loads(r.out)
        eq((line['date'], line['time'], line.get('zone_place')), want, name)
        eq((line['zone_assumed'], line['date_confidence']), (True, 'medium'), name)
        text = alice('info', path, env=environment(TZ='UTC')).out.decode()
        eq(want[2] is None or 'about where it was taken: ' + want[2] in text, True, text)
        r = organize(os.path.dirname(path), os.path.join(place(), 'organized'), report=True, env=environment(TZ='UTC'))
        eq({l['date'] for l in r.report if path_of(l['source_path']) == os.fsencode(path)}, {want[0]}, name)
    named = put('VID_20240315_154500.mp4', film_at('+48.8577+002.2950/', late))
    line, = info(named)
    eq((line['zone'], line.get('zone_place')), ('-08:00', None), 'what its name tells is better than a place')

main()
