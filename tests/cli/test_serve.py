"""alice serve: the page over the organized files, and who is kept from it. Spoken by raw sockets."""
import base64
import random
import re
import socket
import sqlite3
import time

from harness import *


def library():
    """Two photos, a generated picture, a film (whose bytes are known), a sidecar, a name that is no text."""
    inbox = os.path.join(fast(), 'in')
    s = collection.sample

    def put(name, data):
        path = os.path.join(os.fsencode(inbox), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)

    put('trip/a.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2023:05:06 07:08:09'), 1))
    put('trip/b.jpg', s.jpeg(s.tiff('Acme', 'Acme Box 1', '2023:05:06 09:10:11'), 2))
    put('trip/b.jpg.xmp', b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    put('art/d.png', s.png([('parameters', 'a <b>Lighthouse</b> in a "storm"\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, '
                            'CFG scale: 7, Seed: 1234, Size: 512x512, Model: deepdream')], size=32, shade=4))
    put(b'art/\xff<script>.png', s.png([], size=32, shade=5))
    organized = inbox + '-organized'
    organize(inbox, organized)
    return organized


class Page:
    """A server under test: asks it, and sees that it is alive and ends as it should."""

    def __init__(self, organized, *more, limit=64, **how):
        self.p = start('serve', organized, '-q', '--max-memory', str(limit), *more, **how)
        self.url = self.p.stdout.readline().decode().strip()
        if not self.url:
            raise AssertionError(self.p.stderr.read().decode())
        self.host, self.token = re.fullmatch(r'http://([^/]+)/([0-9a-f]{32})/', self.url).groups()
        at = self.host.rsplit(':', 1)
        self.at = (at[0].strip('[]'), int(at[1]))

    def raw(self, data, shut=False):
        with socket.create_connection(self.at, timeout=20) as s:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
            out = b''
            try:
                while True:
                    got = s.recv(65536)
                    if not got:
                        return out
                    out += got
            except ConnectionResetError:
                return out

    def ask(self, path, method='GET', base=None, **headers):
        """(status, headers, body)"""
        h = {'Host': self.host, 'Connection': 'close'}
        h.update({k.replace('_', '-'): v for k, v in headers.items()})
        path = ('/%s/' % self.token if base is None else base) + path
        out = self.raw(('%s %s HTTP/1.1\r\n' % (method, path) + ''.join('%s: %s\r\n' % x for x in h.items() if x[1] is not None)
                        + '\r\n').encode('latin-1'))
        head, _, body = out.partition(b'\r\n\r\n')
        lines = head.decode('latin-1').split('\r\n')
        return int(lines[0].split()[1]), {k.lower(): v for k, v in (x.split(': ', 1) for x in lines[1:])}, body

    def json(self, path):
        status, head, body = self.ask(path)
        eq((status, head['content-type']), (200, 'application/json'), body)
        return json.loads(body)

    def parts(self, what, name):
        """All that a question tells, by as many answers as it takes, and how many these were."""
        out, after, parts = [], '', 0
        while True:
            part = self.json(what + after)
            out, parts = out + part[name], parts + 1
            if 'next' not in part:
                return out, parts
            after = ('&' if '?' in what else '?') + 'after=' + part['next']
            what = re.sub(r'skip=\d+', 'skip=%d' % part['skip'], what)

    def days(self, query=''):
        return self.parts('days' + query, 'days')[0]

    def items(self, query=''):
        return self.parts('items' + query, 'items')[0]

    def high(self):
        with open('/proc/%d/status' % self.p.pid) as f:
            return int(re.search(r'VmHWM:\s+(\d+)', f.read()).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.p.pid))

    def gives_back(self, before):
        """Its descriptors are as many as before, after a few rounds of its loop: each question is one."""
        for _ in range(300):
            if self.descriptors() == before:
                return
            self.ask('icon.svg')
        raise AssertionError((before, self.descriptors()))

    def end(self, expect=0):
        self.p.send_signal(signal.SIGINT)
        out, err = self.p.communicate(timeout=20)
        eq(self.p.returncode, expect, err.decode())
        return err.decode()


def items_of(page):
    return {i['name'] if isinstance(i['name'], str) else '': i for i in page.items('')}


@test
def the_page_its_days_items_and_facts():
    page = Page(library())
    for name, kind in (('', 'text/html'), ('page.css', 'text/css'), ('timeline.js', 'text/javascript'), ('icon.svg', 'image/svg')):
        status, head, body = page.ask(name)
        eq(status, 200, name)
        assert head['content-type'].startswith(kind) and body, head
        for k, v in (('x-content-type-options', 'nosniff'), ('referrer-policy', 'no-referrer'), ('x-frame-options', 'DENY'),
                     ('cross-origin-resource-policy', 'same-origin')):
            eq(head[k], v, k)
        assert "default-src 'none'" in head['content-security-policy'] and 'unsafe' not in head['content-security-policy'], head
    assert b'http://' not in page.ask('')[2], 'nothing is fetched from elsewhere'
    flat = page.days()
    days = dict(zip(flat[::2], flat[1::2]))
    eq((days[20230506], days[0], sum(days.values())), (2, 1, 5), days)
    items = page.items('?day=20230506')
    eq(len(items), 2, items)
    eq(len(page.items('?day=20230506&skip=1&most=1')), 1, 'a part')
    facts = [page.json('facts?id=%s' % i['id']) for i in page.items('')]
    art = [f for f in facts if f.get('seed') == '1234']
    eq((len(art), art[0]['prompt'], art[0]['type']), (1, 'a <b>Lighthouse</b> in a "storm"', 'png'), art)
    photo = [f for f in facts if f.get('make') == 'Acme']
    eq((len(photo), photo[0]['date_source'], photo[0]['day']), (2, 'exif:DateTimeOriginal', 20230506), photo)
    eq(len(page.items('?q=LIGHTHOUSE')), 1, 'by a word')
    eq(len(page.items('?camera=acme')), 2, 'by camera')
    eq(page.items('?q=nothing+has+this'), [], 'none')
    eq(page.json('runs')[0]['organized'], 5, 'runs')
    memory = page.json('memory')
    eq(memory['memory']['limit_bytes'], 64 * MB, memory)
    assert {'server', 'index', 'answers'} <= {a['name'] for a in memory['ledger']}, memory
    page.end()


@test
def strangers_are_turned_away():
    page = Page(library())
    eq(page.ask('', base='/')[0], 404, 'no token')
    eq(page.ask('', base='/' + '0' * 32 + '/')[0], 404, 'a wrong one')
    eq(page.ask('days', base='/' + page.token)[0], 404, 'no slash after it')
    eq(page.ask('days', base='/' + page.token[:-1] + '/')[0], 404, 'a part of it')
    for host in ('evil.example', 'evil.example:%d' % page.at[1], '127.0.0.1', '127.0.0.1:1', '', page.host + '.evil.example'):
        eq(page.ask('days', Host=host)[0], 421, host)
    eq(page.ask('days', Host='localhost:%d' % page.at[1])[0], 200, 'its other name')
    eq(page.ask('days', Host=None)[0], 400, 'no host at all')
    for origin in ('http://evil.example', 'null', 'https://' + page.host, 'http://127.0.0.1:1', 'http://' + page.host + '.evil.example'):
        eq(page.ask('days', Origin=origin)[0], 403, origin)
    eq(page.ask('days', Origin='http://' + page.host)[0], 200, 'its own')
    for site, to, status in (('cross-site', 'image', 403), ('same-site', 'empty', 403), ('cross-site', 'iframe', 403), ('same-origin', 'empty', 200),
                             ('none', 'document', 200), ('cross-site', 'document', 200)):
        eq(page.ask('days', Sec_Fetch_Site=site, Sec_Fetch_Dest=to)[0], status, site + ' ' + to)
    for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'):
        status, head, _ = page.ask('days', method=method)
        eq((status, head.get('allow')), (405, 'GET, HEAD'), method)
    page.end()


@test
def only_ids_lead_to_files():
    o = library()
    page = Page(o)
    for path in ('../../etc/passwd', '..%2f..%2fetc%2fpasswd', 'file?id=../../etc/passwd', 'file?id=/etc/passwd', 'file?id=-1', 'file?id=0',
                 'file?id=99999999', 'file?id=1e3', 'file?id=', 'file', 'preview?id=99999999', '.alice/catalog.db', 'page.css/', 'file/1',
                 'page.css%00.jpg.css', 'file?id=18446744073709551617'):
        status, _, body = page.ask(path)
        assert status in (404, 200 if '%00' in path else 404), (path, status)
        assert b'root:' not in body and b'SQLite' not in body, path
    i = [x for x in page.items('?camera=acme')][0]
    path = os.path.join(o, page.json('facts?id=%s' % i['id'])['path'])
    eq(page.ask('file?id=%s' % i['id'])[0], 200, 'it is there')
    os.unlink(path)
    os.symlink('/etc/passwd', path)
    for what in ('file', 'preview'):
        status, _, body = page.ask('%s?id=%s' % (what, i['id']))
        eq((status, b'root:' in body), (404, False), 'a link is not followed')
    os.unlink(path)
    os.mkfifo(path)
    eq(page.ask('file?id=%s' % i['id'])[0], 404, 'a pipe is not waited for')
    os.unlink(path)
    folder = os.path.dirname(path)
    elsewhere = place()
    with open(os.path.join(elsewhere, os.path.basename(path)), 'w') as f:
        f.write('root: secret')
    os.rename(folder, folder + '.away')
    os.symlink(elsewhere, folder)
    eq(page.ask('file?id=%s' % i['id'])[0], 404, 'nor is a folder that is a link')
    page.end()


@test
def files_are_sent_whole_and_in_ranges():
    o = library()
    page = Page(o)
    i = [x for x in page.items('') if x['type'] == 'png'][0]
    at = 'file?id=%s' % i['id']
    path = os.path.join(os.fsencode(o), path_of(page.json('facts?id=%s' % i['id'])['path']))
    with open(path, 'rb') as f:
        data = f.read()
    n = len(data)
    status, head, body = page.ask(at)
    eq((status, body == data, head['content-type'], head['accept-ranges'], head['content-length']), (200, True, 'image/png', 'bytes', str(n)), head)
    tag = head['etag']
    status, head, body = page.ask(at, method='HEAD')
    eq((status, body, head['content-length']), (200, b'', str(n)), head)
    for asked, first, last in (('bytes=0-0', 0, 0), ('bytes=5-', 5, n - 1), ('bytes=-7', n - 7, n - 1), ('bytes=3-99999999', 3, n - 1),
                               ('bytes=-99999999', 0, n - 1)):
        status, head, body = page.ask(at, Range=asked)
        eq((status, head['content-range'], body == data[first:last + 1]), (206, 'bytes %d-%d/%d' % (first, last, n), True), asked)
    for asked in ('bytes=%d-' % n, 'bytes=99999999-', 'bytes=-0'):
        status, head, body = page.ask(at, Range=asked)
        eq((status, head['content-range']), (416, 'bytes */%d' % n), asked)
    for asked in ('bytes=9-3', 'bytes=a-b', 'items=0-1', 'bytes=0-1,3-4', 'bytes=', 'bytes=1', 'bytes=99999999999999999999-'):
        eq((page.ask(at, Range=asked)[0], page.ask(at, Range=asked)[2] == data), (200, True), asked)
    eq(page.ask(at, Range='bytes=0-3', If_Range=tag)[0], 206, 'it is the same still')
    eq(page.ask(at, Range='bytes=0-3', If_Range='"other"')[0], 200, 'it is another')
    eq(page.ask(at, If_None_Match=tag)[0], 304, 'it is known')
    side = [x for x in page.items('') if x['kind'] == 'other'][0]
    status, head, _ = page.ask('file?id=%s' % side['id'])
    eq((status, head['content-type']), (200, 'application/octet-stream'), 'what is no picture is never a page')
    assert head['content-disposition'].startswith('attachment'), head
    odd = [x for x in page.items('?project=art') if x['id'] != i['id']]
    for x in [i] + odd:
        status, head, _ = page.ask('file?download=1&id=%s' % x['id'])
        eq((status, '\n' in head['content-disposition']), (200, False), head)
    status, head, body = page.ask('preview?id=%s' % i['id'])
    eq((status, head['content-type'], body == data), (200, 'image/png', True), 'a small picture is its own preview')
    status, head, body = page.ask('preview?id=%s' % side['id'])
    eq((status, head['content-type'], body[:4]), (200, 'image/svg+xml', b'<svg'), 'a card for the rest')
    page.end()


@test
def garbage_and_floods_change_nothing():
    page = Page(library())
    r = random.Random(int(os.environ.get('ALICE_SEED', '7')))
    words = [b'GET ', b'/' + page.token.encode() + b'/', b'days', b' HTTP/1.1\r\n', b'Host: ', page.host.encode(), b'\r\n', b'\r\n\r\n', b'\0',
             b'%', b'Range: bytes=', b'Content-Length: 99999999999\r\n', b'Transfer-Encoding: chunked\r\n', b'\xff' * 40, b'a' * 3000, b'?q=', b'&' * 300]
    for _ in range(1000):
        data = b''.join(r.choice(words) for _ in range(r.randint(1, 9)))
        with socket.create_connection(page.at, timeout=20) as s:
            s.sendall(data)
    head = ('GET /%s/days HTTP/1.1\r\nHost: %s\r\n' % (page.token, page.host)).encode()
    assert not page.raw(head + b'X: ' + b'a' * 100000 + b'\r\n\r\n').startswith(b'HTTP/1.1 200'), 'a head of 100 KB'
    eq(page.ask('items?q=' + 'a+' * 20)[0], 400, 'too many words')
    eq(page.ask('items?q=' + 'a' * 2000)[0], 400, 'too long a word')
    eq(page.ask('items?since=x')[0], 400, 'no number')
    eq(page.ask('days')[0], 200, 'it answers still')
    if not sanitized():
        assert page.high() < 64 * MB, page.high()
    page.end()


@test
def slow_clients_do_not_hold_up_others():
    page = Page(library())
    slow = []
    for i in range(40):
        s = socket.create_connection(page.at, timeout=20)
        s.sendall(b'GET /' if i % 2 else ('GET /%s/days HTTP/1.1\r\n' % page.token).encode())
        slow.append(s)
    eq(page.ask('days')[0], 200, 'it answers meanwhile')
    # One that has been answered keeps its connection for the next request.
    with socket.create_connection(page.at, timeout=20) as s:
        for _ in range(3):
            s.sendall(('GET /%s/icon.svg HTTP/1.1\r\nHost: %s\r\n\r\n' % (page.token, page.host)).encode())
            got = b''
            while b'</svg>' not in got:
                more = s.recv(65536)
                assert more, got
                got += more
    for s in slow:
        s.close()
    page.end()


@test
def idle_connections_keep_nobody_out():
    """More of them than there are places: who is silent for longest makes room, who asks is answered."""
    page = Page(library())
    before = page.descriptors()
    idle = [socket.create_connection(page.at, timeout=20) for _ in range(100)]
    for _ in range(3):
        eq(page.ask('days')[0], 200, 'it answers at once')
    eq(idle[0].recv(1), b'', 'the first had to go')
    for s in idle:
        s.close()
    page.gives_back(before)
    page.end()


@test
def a_request_has_one_end():
    """None has a body: what would be one to this server could be a request of its own to another."""
    page = Page(library())
    head = 'GET /%s/days HTTP/1.1\r\nHost: %s\r\n' % (page.token, page.host)
    other = 'GET /%s/runs HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' % (page.token, page.host)
    for body in ('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'Content-Length: 4\r\n\r\nabcd', 'Content-Length: 4\r\n\r\n',
                 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'Transfer-Encoding: xchunked\r\n\r\n', 'Content-Length: -1\r\n\r\n',
                 'Content-Length: 18446744073709551616\r\n\r\n', 'Expect: 100-continue\r\nContent-Length: 10\r\n\r\n'):
        out = page.raw((head + body + other).encode())
        assert re.match(rb'HTTP/1.1 4\d\d ', out) and b'" 200' not in out and b'HTTP/1.1 200' not in out, (body, out[:200])
    out = page.raw((head + 'Content-Length: 0\r\n\r\n' + other).encode())
    eq(out.count(b'HTTP/1.1 200 OK'), 2, 'one after the other')
    for bad in ('day=4294967296', 'since=100000000', 'until=99999999999'):
        eq(page.ask('items?' + bad)[0], 400, bad)
    page.end()


def scroll(page, items, seed, errors):
    """A client with one connection, that looks at what comes by."""
    r = random.Random(seed)
    try:
        with socket.create_connection(page.at, timeout=60) as s, s.makefile('rb') as f:
            for i in range(100 if sanitized() else 300):
                one = r.choice(items)['id']
                path = r.choice(['items?most=60&skip=%d' % r.randrange(300), 'preview?id=' + one, 'preview?id=' + one, 'file?id=' + one,
                                 'facts?id=' + one, 'days?q=%03d' % r.randrange(300), 'items?camera=acme&most=60', 'memory'])
                if i == 10 * seed:
                    path = 'runs'
                s.sendall(('GET /%s/%s HTTP/1.1\r\nHost: %s\r\n\r\n' % (page.token, path, page.host)).encode())
                status, n = f.readline(), 0
                for line in iter(f.readline, b'\r\n'):
                    if line.lower().startswith(b'content-length:'):
                        n = int(line.split(b':')[1])
                if len(f.read(n)) != n or b' 200 ' not in status:
                    raise AssertionError((path, status))
    except Exception as e:
        errors.append(e)


@test
def eight_clients_scroll_within_the_least_limit():
    s, inbox = collection.sample, os.path.join(fast(), 'in', 'trip')
    os.makedirs(inbox)
    for i in range(300):
        with open(os.path.join(inbox, '%03d.jpg' % i), 'wb') as f:
            f.write(s.jpeg(s.tiff('Acme', 'Acme Box %d' % (i % 3), '2023:%02d:%02d 07:08:09' % (1 + i % 12, 1 + i % 28)), i) + b'.' * (1000 * (i % 200)))
    organized = os.path.dirname(inbox) + '-organized'
    organize(os.path.dirname(inbox), organized)
    least = int(re.search(rb'--max-memory (\d+)', alice('serve', organized, '--max-memory', '20', expect=2).err).group(1))
    page = Page(organized, limit=512 if sanitized() else least)  # what a sanitizer takes is not the program's
    items = [i for skip in range(0, 300, 60) for i in page.items('?most=60&skip=%d' % skip)]
    eq(len({i['id'] for i in items}), 300)
    before, errors = page.descriptors(), []
    clients = [threading.Thread(target=scroll, args=(page, items, seed, errors)) for seed in range(8)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    eq(errors, [])
    page.gives_back(before)
    if not sanitized():
        assert page.high() <= least * MB, (page.high(), least)
    page.end()


@test
def what_a_catalog_says_is_not_believed():
    """Another program wrote to it: types that are markup, paths that lead out, days that are none."""
    organized = library()
    with open(organized + '/odd', 'w') as f:
        f.write('odd')
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    db.executemany('INSERT OR REPLACE INTO words VALUES(?, ?)', ((900, '<a/>"&'), (901, '</text><script>')))
    rows = [('../../../etc/passwd', 900, 20240101, 1), ('/etc/passwd', 901, 99999999, -1), ('odd', 900, -5, 10 ** 12), ('odd', 901, 10 ** 18, None),
            ('.', 900, 0, 0), ('odd/', 900, 1, 1), ('odd', 12345, 20240101, 'text'), ('a//b', 900, 4 * 10 ** 9, 7)]
    db.executemany("INSERT INTO files(id, dir, name, size, state, run, dest, type, date, time) VALUES(?, 1, ?, 7, 1, 1, ?, ?, ?, ?)",
                   ((1000 + i, '%05d' % i, *row) for i, row in enumerate(rows)))
    db.execute('UPDATE batch SET next_file = 2000')
    db.commit()
    db.close()
    page = Page(organized)
    items = page.items('?skip=0&most=100')
    eq(len(items), 5 + len(rows), items)
    for i in items:
        for what in ('file', 'preview', 'facts'):
            status, head, body = page.ask('%s?id=%s' % (what, i['id']))
            assert status in (200, 404) and b'root:' not in body, (what, i, body)
            assert what == 'facts' or (b'<script>' not in body and b'<a/>' not in body), (what, i, body)
    flat = page.days()
    eq(sum(flat[1::2]), len(items), flat)
    page.end()


@test
def a_long_search_is_answered_in_parts():
    """So that one who searches does not keep the others: together the parts tell all, each file once."""
    organized, files = library(), 4000
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'))
    db.execute("INSERT OR REPLACE INTO words VALUES(900, 'Slowcam')")
    db.executemany('INSERT INTO files(id, dir, name, size, state, run, dest, date, time, make) VALUES(?, 1, ?, 7, 1, 1, ?, ?, ?, 900)',
                   ((1000 + i, '%05d' % i, 'day/slow/%05d.jpg' % i, 20200101 + i % 28 if i % 5 else None, i % 60 if i % 5 else None) for i in range(files)))
    db.execute('UPDATE batch SET next_file = ?', (1000 + files,))
    db.commit()
    db.close()
    page = Page(organized)
    for query in ('?camera=slowcam', '?q=sl'):
        began = time.monotonic()
        flat, parts = page.parts('days' + query, 'days')
        assert parts > 1 or time.monotonic() - began < 0.3, parts
        days = {}
        for day, n in zip(flat[::2], flat[1::2]):
            days[day] = days.get(day, 0) + n
        eq((sum(days.values()), days[0], len(days)), (files, files // 5, 29), query)
    items = page.items('?camera=slowcam&most=100&skip=%d' % (files - 50))
    eq((len(items), len({i['id'] for i in items}), {i['day'] for i in items}), (50, 50, {0}), 'the last')
    first = page.json('items?camera=slowcam&most=3')['items']
    eq(page.json('items?camera=slowcam&most=2&after=' + first[0]['id'])['items'], first[1:], 'from a file on')
    page.end()


@test
def a_run_under_way_and_a_folder_that_went():
    organized = library()
    page = Page(organized)
    db = sqlite3.connect(os.path.join(organized, '.alice', 'catalog.db'), isolation_level=None)
    db.execute('BEGIN EXCLUSIVE')
    status, head, body = page.ask('runs')
    eq((status, head['retry-after'], b'in use' in body), (503, '2', True), body)
    eq(len(page.items()), 5, 'the index knows what was there')
    db.close()
    eq(page.ask('runs')[0], 200, 'after it')
    os.rename(organized, organized + '-away')
    for what in ('days?after=0', 'items', 'runs', 'memory', 'file?id=5', 'preview?id=5', 'facts?id=5'):
        status, _, body = page.ask(what)
        assert status in ((200,) if what == 'memory' else (404, 500)) and body, (what, status, body)
    os.rename(organized + '-away', organized)
    eq(len(page.items()), 5, 'it is there again')
    page.end()


@test
def it_ends_while_a_film_is_sent():
    organized = library()
    page = Page(organized)
    item = [x for x in page.items('?camera=acme')][0]
    path = os.path.join(organized, page.json('facts?id=%s' % item['id'])['path'])
    before = page.descriptors()
    for how in ('gone', 'shorter', 'ended'):
        with open(path, 'wb') as f:
            f.truncate(40 * MB)
        s = socket.create_connection(page.at, timeout=20)
        s.sendall(('GET /%s/file?id=%s HTTP/1.1\r\nHost: %s\r\n\r\n' % (page.token, item['id'], page.host)).encode())
        assert s.recv(1000).startswith(b'HTTP/1.1 200'), how
        if how == 'shorter':
            os.truncate(path, 10)
            while s.recv(MB):
                pass
        if how != 'ended':
            s.close()
            page.gives_back(before)
            eq(page.ask('days')[0], 200, how)
    began = time.monotonic()
    page.end()
    assert time.monotonic() - began < 5, 'at once'
    s.close()


@test
def others_machines_need_a_password_and_a_person():
    o = library()
    secret = os.path.join(place(), 'password')
    with open(secret, 'w') as f:
        f.write('correct horse battery\n')
    os.chmod(secret, 0o644)
    r = alice('serve', o, '--listen', '192.0.2.1', expect=2)
    assert b'--password-file' in r.err, r.text()
    r = alice('serve', o, '--password-file', secret, expect=2)
    assert b'chmod 600' in r.err, r.text()
    os.chmod(secret, 0o600)
    r = alice('serve', o, '--listen', '192.0.2.1', '--password-file', secret, expect=2)
    assert b'terminal' in r.err, r.text()
    for bad in ('0.0.0.0', '::', 'localhost', 'example.org'):
        alice('serve', o, '--listen', bad, '--password-file', secret, expect=2)
    alice('serve', o, '--port', '70000', expect=2)
    page = Page(o, '--password-file', secret)
    eq(page.ask('days')[0], 401, 'no password')
    word = base64.b64encode(b'alice:correct horse battery').decode()
    eq(page.ask('days', Authorization='Basic ' + word[:-2] + 'xx')[0], 401, 'a wrong one')
    eq(page.ask('days', Authorization='Basic ' + word)[0], 200, 'the right one')
    page.end()
    with open(secret, 'w') as f:
        f.write('short\n')
    alice('serve', o, '--password-file', secret, expect=2)


@test
def it_says_what_is_wrong():
    o = library()
    r = alice('serve', o + '-nowhere', expect=3)
    assert b'nowhere' in r.err, r.text()
    r = alice('serve', o, '--max-memory', '20', expect=2)
    assert b'the smallest that works here' in r.err, r.text()
    page = Page(o)
    r = alice('serve', o, '--port', str(page.at[1]), expect=3)
    assert b'another --port' in r.err, r.text()
    page.end()


main()
