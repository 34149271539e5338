"""The page of alice serve in a browser: opened, scrolled, searched, a picture opened, by keys too. Nothing is
logged as an error.

    ALICE_PICTURES=DIR   leaves pictures of the page there, wide and narrow, light and dark
"""
import atexit
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cli'))
from driver import Browser  # noqa: E402
from harness import *  # noqa: E402,F403

PICTURES = os.environ.get('ALICE_PICTURES')
PROMPT = 'a <img src=x onerror=alert(1)> Lighthouse & a "storm"'


def library():
    """60 photos of three days and a generated picture whose prompt would like to be markup."""
    inbox = os.path.join(fast(), 'in', 'trip')
    os.makedirs(inbox)
    s = collection.sample
    for i in range(60):
        with open(os.path.join(inbox, 'p%02d.jpg' % i), 'wb') as f:
            f.write(s.jpeg(s.tiff('Acme', 'Acme Box 1', '2023:05:%02d 07:08:%02d' % (6 + i % 3, i)), i))
    with open(os.path.join(inbox, '<b>art.png'), 'wb') as f:
        f.write(s.png([('parameters', PROMPT + '\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x512, Model: deepdream')],
                      size=96, shade=4))
    organized = os.path.dirname(inbox) + '-organized'
    organize(os.path.dirname(inbox), organized)
    return organized


_browser = []  # one for all tests: it takes longer to start than they do


def browser():
    if not _browser:
        _browser.append(Browser())
        atexit.register(_browser[0].close)
    return _browser[0]


class Opened:
    def __init__(self, width=1280, height=800, dark=False):
        self.p = start('serve', library(), '-q', '--max-memory', '64')
        self.url = self.p.stdout.readline().decode().strip()
        self.b = browser()
        self.b.look(width, height, dark)

    def __enter__(self):
        self.b.go(self.url)
        self.b.until('timeline.total === 61')
        return self.b

    def __exit__(self, kind, *_):
        if kind is None:
            eq(self.b.logged(), [], 'the console')
        self.b.go('about:blank')
        self.p.send_signal(signal.SIGINT)
        self.p.communicate(timeout=20)
        if kind is None:
            eq(self.p.returncode, 0, 'how the server ended')


def shot(b, name):
    if PICTURES:
        b.picture(os.path.join(PICTURES, name + '.png'))


@test
def opened_searched_and_a_picture_looked_at():
    with Opened() as b:
        b.until("document.querySelectorAll('.item img.there').length > 20")
        eq(b.js("return document.querySelectorAll('.day').length > 1"), True, 'days')
        shot(b, 'wide')
        b.key('/', *'lighthouse')
        b.until('timeline.total === 1 && document.querySelector(".item img.there")')
        b.key('Enter')
        b.key('Right')
        b.key('Enter')
        b.until("document.querySelector('#facts dl')")
        b.until("document.querySelector('#stage img') && document.querySelector('#stage img').naturalWidth === 96")
        assert PROMPT in b.js("return document.querySelector('#facts').innerText"), 'the prompt, as text'
        eq(b.js("return document.querySelectorAll('#facts img, #facts b').length"), 0, 'nothing of it is markup')
        shot(b, 'picture')
        b.key('Escape')
        b.until("!document.getElementById('viewer').open")
        b.click('#more')
        b.click('#clear')
        b.until('timeline.total === 61')
        b.js("document.querySelector('[name=camera]').value = 'nobody'; search()")
        b.until("document.getElementById('says').textContent === 'Nothing is found'")


@test
def keys_lead_from_picture_to_picture():
    with Opened(360, 740, dark=True) as b:
        b.until("document.querySelectorAll('.item img.there').length > 5")
        eq(b.js('return document.documentElement.scrollWidth <= 360'), True, 'nothing stands out of 360 px')
        shot(b, 'narrow')
        b.key('Right', 'Right', 'Down')
        eq(b.js('return timeline.chosen'), 1 + b.js('return timeline.columns'), 'arrows')
        b.key('Enter')
        b.until("document.querySelector('#facts dl')")
        first = b.js("return document.querySelector('#facts h2').textContent")
        b.key('Right')
        b.until("document.querySelector('#facts h2') && document.querySelector('#facts h2').textContent !== arguments[0]"
                .replace('arguments[0]', json.dumps(first)))
        b.key('Escape')
        b.until("!document.getElementById('viewer').open")
        b.click('#show-runs')
        b.until("document.querySelector('.run')")
        shot(b, 'runs')
        b.key('Escape')
        b.until("!document.getElementById('panel').open")
        b.click('#show-memory')
        b.until("document.querySelectorAll('#panel-body tr').length > 3")
        shot(b, 'memory')


@test
def a_long_search_comes_in_parts():
    with Opened() as b:
        b.js('''window.asked = [];
            const real = ask, parts = [{days: [20240103, 5, 20240102, 2], next: '9', skip: 0}, {days: [20240102, 3, 20240101, 1]}];
            const item = {id: '1', name: 'a', type: 'none', kind: 'other', day: 0, time: 0};
            ask = async (path, signal) => {
              if (!/^(days|items)/.test(path)) return real(path, signal);
              asked.push(path);
              return path.startsWith('days') ? parts.shift() : /after=/.test(path) ? {items: [item]} : {items: [], next: '7', skip: 1};
            };
            search(true);''')
        b.until('timeline.total === 11')
        eq(b.js('return [timeline.days, timeline.counts]'), [[20240103, 20240102, 20240101], [5, 5, 1]])
        b.until("document.getElementById('says').textContent === '11 files on 3 days'")
        eq(b.js("return asked.filter((x) => x.startsWith('days'))"), ['days?after=0', 'days?after=9'])
        b.until("document.querySelectorAll('.item img').length > 0")
        assert any('after=7' in x and 'skip=1' in x for x in b.js("return asked")), 'items, too'


@test
def of_a_million_only_what_is_in_view_is_in_the_document():
    with Opened() as b:
        b.js('''const t = timeline;
            t.query = '&q=nothing';
            t.pages.clear();
            t.days = Array.from({length: 4000}, (_, i) => 20240101 - i);
            t.counts = Array.from({length: 4000}, (_, i) => 1 + (i * 7919) % 499);
            fillJump(); measure(); scrollTo(0);''')
        total = b.js('return timeline.total')
        assert 900000 < total < 1100000, total
        few = "document.getElementById('sheet').childElementCount < 200"
        for share in (0, 0.1, 0.33, 0.5, 0.77, 1):
            b.js('const box = document.getElementById("timeline"); box.scrollTop = arguments[0] * (box.scrollHeight - box.clientHeight)', share)
            b.until('%s && Math.abs(position() / (timeline.height - document.getElementById("timeline").clientHeight) - %r) < 0.002'
                    ' && document.querySelectorAll(".item").length > 10' % (few, share))
        eq(b.js('return dayOf0() > timeline.total - 2000'), True, 'the end is the end')
        # A little at a time: each step moves what is shown by as much, and leaves no gap.
        b.js('scrollTo(timeline.height / 2)')
        for _ in range(5):
            before = b.js('return position()')
            b.js('document.getElementById("timeline").scrollTop += 120')
            b.until('Math.abs(position() - %r - 120) < 2' % before)
        # One after the other by key, over days, until the view has moved on by itself.
        b.js('choose(500000)')
        for i in range(1, 6):
            b.key('Right')
            b.until('timeline.chosen === %d && document.querySelector(".item.chosen")' % (500000 + i))
        took = b.js('''const began = performance.now();
            for (let i = 0; i < 100; i++) { timeline.shift += 500; draw(); }
            return (performance.now() - began) / 100''')
        print('#  %.2f ms to draw a view of %d' % (took, total))
        assert took < 100, took


main()
