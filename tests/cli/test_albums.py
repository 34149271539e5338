"""Albums of a Google Takeout: which folder is one, what it is called, who is in it, and where that shows."""
import os
import shutil
import sqlite3
import zipfile

from harness import *

sample = collection.sample
GOOGLE = 'Takeout/Google Photos/'


def photo(seed, month=5):
    return sample.jpeg(sample.tiff('Acme', 'Box', '2020:%02d:06 07:08:09' % month), seed)


def put(top, name, data):
    path = os.path.join(os.fsencode(top), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else json.dumps(data).encode())


def about(title, **more):
    return dict({'title': title, 'description': '', 'access': 'protected', 'date': {'timestamp': '1588748890'}}, **more)


def export():
    """Four pictures: two in albums as well, one of them in two; one is in its album alone."""
    return [(GOOGLE + 'Photos from 2020/1.jpg', photo(1)), (GOOGLE + 'Photos from 2020/2.jpg', photo(2)),
            (GOOGLE + 'Photos from 2020/3.jpg', photo(3)),
            (GOOGLE + 'Paris/1.jpg', photo(1)), (GOOGLE + 'Paris/metadata.json', about('Été à Paris')),
            (GOOGLE + 'Zoo/1.jpg', photo(1)), (GOOGLE + 'Zoo/2.jpg', photo(2)),
            (GOOGLE + 'Zoo/4.jpg', photo(4)), (GOOGLE + 'Zoo/Metadaten.json', about('Zoo / 2020'))]


def inbox_of(files):
    top = os.path.join(fast(), 'in')
    for name, data in files:
        put(top, name, data)
    return top


def placed(organized):
    return [os.fsdecode(p) for p in listing(organized) if p.endswith(b'.jpg')]


def albums(organized, *more, expect=0):
    """seed of a picture → its albums, by what `alice find --json` tells"""
    r = alice('find', '-o', organized, '--json', *more, expect=expect)
    told = {}
    for line in r.out.decode().splitlines():
        f = json.loads(line)
        with open(f['path'], 'rb') as p:
            data = p.read()
        told[next(s for s in range(1, 20) if data == photo(s))] = f.get('albums', [])
    return told


FOUR = {1: ['Été à Paris', 'Zoo / 2020'], 2: ['Zoo / 2020'], 3: [], 4: ['Zoo / 2020']}


@test
def every_copy_tells_its_album_and_one_is_kept():
    files = export()
    for archive in (False, True):
        top = inbox_of(files)
        organized = top + '-organized'
        if archive:
            with zipfile.ZipFile(top + '.zip', 'w') as z:
                for name, data in files:
                    z.writestr(name, data if isinstance(data, bytes) else json.dumps(data))
        r = organize(top + '.zip' if archive else top, organized)
        eq((r.summary['organized'], r.summary['duplicates'], r.summary['errors']), (4, 3, 0), r.summary)
        eq(albums(organized), FOUR, 'archive' if archive else 'folder')
        eq({p.split('/')[1] for p in placed(organized)}, {'uncategorized'}, 'no project')
        if archive:
            continue
        eq(sorted(albums(organized, '--album', 'zoo / 2020')), [1, 2, 4], 'by its title, in any case')
        eq(albums(organized, '--album', 'zoo', expect=1), {}, 'the whole of it')
        eq(sorted(albums(organized, 'paris')), [1], 'a word of it')
        eq(sorted(albums(organized, 'ÉTÉ')), [1], 'in any case')


@test
def info_tells_the_albums_of_organized_files():
    top = inbox_of(export())
    organized = top + '-organized'
    organize(top, organized)
    first, = [p for p in alice('find', '-o', organized, '--album', 'Été à Paris').out.decode().splitlines()]
    info = alice('info', first, '--json').json()
    eq(info['albums'], FOUR[1], info)
    text = alice('info', first).out.decode()
    assert 'Été à Paris' in text and 'Zoo / 2020' in text, text
    beside = os.path.join(top, GOOGLE, 'Zoo/1.jpg')
    eq(alice('info', beside, '--json').json().get('albums'), None, 'of what is not organized')
    os.utime(first, (1, 1))
    eq(alice('info', first, beside, first, '--json').out.decode().count('"albums"'), 2, 'several, whatever its time is')
    with open(first, 'ab') as f:
        f.write(b'changed')
    eq(alice('info', first, '--json').json().get('albums'), None, 'it is not the file that is known')


@test
def with_albums_the_album_is_the_project():
    for more, first in ((('--albums',), {1: 'Été à Paris', 2: 'Zoo _ 2020', 3: 'uncategorized', 4: 'Zoo _ 2020'}),
                        (('--layout', 'x/{album|none}/{name}'), {1: 'Été à Paris', 2: 'Zoo _ 2020', 3: 'none', 4: 'Zoo _ 2020'})):
        top = inbox_of(export())
        organized = top + '-organized'
        r = organize(top, organized, *more)
        eq((r.summary['organized'], r.summary['errors']), (4, 0), r.summary)
        got = {}
        for p in placed(organized):
            with open(os.path.join(organized, p), 'rb') as f:
                data = f.read()
            got[next(s for s in range(1, 5) if data == photo(s))] = p.split('/')[1]
        eq(got, first, more)
        eq(albums(organized), FOUR, more)


@test
def folders_of_years_are_no_albums_in_any_language():
    years = ['Photos from 2019', 'Fotos von 2019', 'Photos de 2019', 'Fotos de 2019', "Foto's uit 2019", 'Foto dal 2019',
             'Zdjęcia z 2019', 'Фото за 2019', '2019年の写真', '2019년의 사진', '2019年的照片', 'Nuotraukos iš 2019', '2019-05-06']
    names = ['Google Photos', 'Google Fotos', 'Google Foto', 'Google Zdjęcia', 'Google Фото', 'Google フォト', 'Google 포토',
             'Google 相册', 'Google 相簿']
    files = [('Takeout/%s/%s/%d.jpg' % (names[i % len(names)], year, i), photo(i + 1)) for i, year in enumerate(years)]
    # Some languages' exports have the file in these folders, too.
    files.append(('Takeout/Google Photos/Photos from 2019/metadata.json', about('Photos from 2019')))
    metadata = ['metadata.json', 'Metadaten.json', 'métadonnées.json', 'metadatos.json', 'metadati.json', 'metadados.json',
                'メタデータ.json']
    for i, name in enumerate(metadata):
        files.append(('Takeout/%s/folder %d/x.jpg' % (names[i], i), photo(50 + i)))
        files.append(('Takeout/%s/folder %d/%s' % (names[i], i, name), about('album %d of 2020' % i)))
    # Without one it is called as its folder is.
    files.append(('Takeout/Google Fotos/Ohne Namen/y.jpg', photo(70)))
    top = inbox_of(files)
    organized = top + '-organized'
    r = organize(top, organized, '--albums')
    eq(r.summary['organized'], len(years) + len(metadata) + 1, r.summary)
    projects = {p.split('/')[1] for p in placed(organized)}
    eq(projects, {'uncategorized', 'Ohne Namen'} | {'album %d of 2020' % i for i in range(len(metadata))}, 'projects')


@test
def a_metadata_file_of_something_else_makes_no_album():
    files = [('trip/1.jpg', photo(1)), ('trip/metadata.json', {'title': 'no album', 'author': 'x'}),
             ('old/2.jpg', photo(2)), ('old/metadata.json', {'albumData': {'title': 'Old one', 'access': ''}}),
             ('pic/3.jpg', photo(3)), ('pic/metadata.json', about('metadata.jpg', photoTakenTime={'timestamp': '1'})),
             (GOOGLE + 'Broken/4.jpg', photo(4)), (GOOGLE + 'Broken/metadata.json', b'{"title": "cut of'),
             (GOOGLE + 'Number/5.jpg', photo(5)), (GOOGLE + 'Number/metadata.json', {'title': 7})]
    top = inbox_of(files)
    organize(top, top + '-organized')
    eq(albums(top + '-organized'), {1: [], 2: ['Old one'], 3: [], 4: ['Broken'], 5: ['Number']}, 'albums')


@test
def hostile_titles_are_one_harmless_line():
    titles = ['a\nb', '../../../etc', 'x' * 300, '\u202egnp.\u200f', '', '\u0000', 'ü' * 200, '/', '.', 'a\tb  ', '\ud800']
    files = []
    for i, title in enumerate(titles):
        files.append(('%sfolder %d/%d.jpg' % (GOOGLE, i, i), photo(i + 1)))
        files.append(('%sfolder %d/metadata.json' % (GOOGLE, i), about(title)))
    # The same title twice is one album.
    files += [(GOOGLE + 'twice/12.jpg', photo(12)), (GOOGLE + 'twice/metadata.json', about('a b'))]
    top = inbox_of(files)
    organized = top + '-organized'
    eq(organize(top, organized, '--albums').summary['errors'], 0)
    told = albums(organized)
    eq([told[i + 1] for i in (0, 1, 3, 4, 5, 7, 8, 9)],
       [['a b'], ['../../../etc'], ['gnp.'], ['folder 4'], ['folder 5'], ['/'], ['.'], ['a b']], told)
    eq([len(told[i + 1][0].encode()) for i in (2, 6)], [255, 254], 'cut between letters')
    eq(sorted(albums(organized, '--album', 'a b')), [1, 10, 12], 'one album')
    for p in placed(organized):
        assert '..' not in p.split('/') and '\n' not in p, p
    eq(sorted(os.listdir(os.path.dirname(organized))), ['in', 'in-organized'], 'nothing beside')


@test
def a_giant_metadata_file_costs_nothing():
    top = inbox_of([(GOOGLE + 'Big/1.jpg', photo(1)), (GOOGLE + 'Late/2.jpg', photo(2))])
    with open(os.path.join(top, GOOGLE, 'Big/metadata.json'), 'wb') as f:
        f.write(b'{"title": "first", "x": "')
        f.truncate(1 << 30)
    with open(os.path.join(top, GOOGLE, 'Late/metadata.json'), 'wb') as f:
        f.write(b'{"x": "')
        f.seek(1 << 30)
        f.write(b'", "title": "last"}')
    r = organize(top, top + '-organized', '--max-memory', '16')
    eq(albums(top + '-organized'), {1: ['first'], 2: ['Late']}, r.summary)


@test
def a_later_run_an_undo_and_what_is_known_keep_them_true():
    files = export()
    years, rest = [f for f in files if 'Photos from' in f[0]], [f for f in files if 'Photos from' not in f[0]]
    top = inbox_of(years)
    organized = top + '-organized'
    organize(top, organized)
    eq(albums(organized), {1: [], 2: [], 3: []}, 'before')
    for name, data in rest:
        put(top, name, data)
    r = organize(top, organized)
    eq((r.summary['organized'], r.summary['duplicates']), (1, 3), r.summary)
    eq(albums(organized), FOUR, 'an index that stood learns of it')
    # What was noted by no run before is noted where it is known already.
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    db.execute('DELETE FROM in_albums')
    db.commit()
    db.close()
    os.remove(os.path.join(organized, '.alice', 'search.db'))
    eq(albums(organized), {1: [], 2: [], 3: [], 4: []}, 'taken away')
    eq(organize(top, organized).summary['organized'], 0)
    eq(albums(organized), FOUR, 'known')
    alice('undo', '-o', organized, '2')
    eq(sorted(albums(organized)), [1, 2, 3], 'the fourth is taken back')
    alice('undo', '-o', organized)
    eq(albums(organized)[4], FOUR[4], 'and the undo')
    # A catalog that is made anew knows no source: the next run tells it again.
    shutil.rmtree(os.path.join(organized, '.alice'))
    organize(top, organized)
    eq(albums(organized), FOUR, 'rebuilt')


@test
def a_catalog_of_an_older_alice_is_migrated():
    top = inbox_of(export())
    organized = top + '-organized'
    organize(top, organized)
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    db.executescript('DROP TABLE albums; DROP TABLE in_albums; DROP TRIGGER file_lent_goes; DROP TABLE lent; '
                     'PRAGMA user_version = 5')
    db.close()
    eq(organize(top, organized).summary['errors'], 0)
    eq(albums(organized), FOUR, 'noted again')


@test
def redate_knows_the_albums_of_what_is_organized():
    top = inbox_of(export())
    organized = top + '-organized'
    organize(top, organized)
    alice('redate', '-o', organized, '--layout', '{album|none}/{name}')
    eq(sorted(placed(organized)), ['Zoo _ 2020/2.jpg', 'Zoo _ 2020/4.jpg', 'none/3.jpg', 'Été à Paris/1.jpg'])


main()
