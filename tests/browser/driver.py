"""A browser without a screen, driven over WebDriver (plain HTTP) with nothing but Python."""
import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

KEYS = {'Enter': '\ue007', 'Escape': '\ue00c', 'Left': '\ue012', 'Up': '\ue013', 'Right': '\ue014', 'Down': '\ue015',
        'End': '\ue010', 'Home': '\ue011'}
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'


class Browser:
    def __init__(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.home = tempfile.mkdtemp(prefix='alice-browser-', dir='/var/tmp')
        env = dict(os.environ, HOME=self.home, TMPDIR=self.home)
        self.p = subprocess.Popen(['chromedriver', '--port=%d' % self.port], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env=env)
        self.session = ''
        limit = time.monotonic() + 30
        while True:
            try:
                if self.call('GET', '/status', bare=True)['ready']:
                    break
            except (OSError, urllib.error.URLError):
                if time.monotonic() > limit:
                    raise
            time.sleep(0.05)
        args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
                '--disable-background-networking', '--force-color-profile=srgb', '--window-size=1280,800']
        answer = self.call('POST', '/session', {'capabilities': {'alwaysMatch': {
            'browserName': 'chrome', 'goog:chromeOptions': {'args': args, 'binary': shutil.which('chromium')},
            'goog:loggingPrefs': {'browser': 'ALL'}}}}, bare=True)
        self.session = '/session/' + answer['sessionId']

    def call(self, method, path, body=None, bare=False):
        data = None if body is None else json.dumps(body).encode()
        r = urllib.request.Request('http://127.0.0.1:%d%s%s' % (self.port, '' if bare else self.session, path), data, method=method,
                                   headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(r, timeout=60) as f:
                return json.load(f)['value']
        except urllib.error.HTTPError as e:
            raise AssertionError('%s %s: %s' % (method, path, e.read().decode()[:600]))

    def look(self, width, height, dark):
        """How large the view is, narrower than a window may be too, and whether it is dark."""
        self.call('POST', '/goog/cdp/execute', {'cmd': 'Emulation.setDeviceMetricsOverride', 'params': {
            'width': width, 'height': height, 'deviceScaleFactor': 1 if width > 500 else 2, 'mobile': width <= 500}})
        self.call('POST', '/goog/cdp/execute', {'cmd': 'Emulation.setEmulatedMedia', 'params': {
            'features': [{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}]}})

    def close(self):
        try:
            if self.session:
                self.call('DELETE', '')
        except (OSError, AssertionError, urllib.error.URLError):
            pass
        self.p.kill()
        self.p.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def go(self, url):
        self.call('POST', '/url', {'url': url})

    def js(self, text, *args):
        return self.call('POST', '/execute/sync', {'script': text, 'args': list(args)})

    def until(self, text, seconds=60):
        """Wait until an expression is true; its value."""
        limit = time.monotonic() + seconds
        while True:
            value = self.js('return ' + text)
            if value:
                return value
            if time.monotonic() > limit:
                raise AssertionError('not within %d s: %s\n%s' % (seconds, text, self.logged()))
            time.sleep(0.02)

    def key(self, *keys):
        actions = []
        for k in keys:
            k = KEYS.get(k, k)
            actions += [{'type': 'keyDown', 'value': k}, {'type': 'keyUp', 'value': k}]
        self.call('POST', '/actions', {'actions': [{'type': 'key', 'id': 'keys', 'actions': actions}]})

    def click(self, selector):
        e = self.call('POST', '/element', {'using': 'css selector', 'value': selector})
        self.call('POST', '/element/%s/click' % e[ELEMENT], {})

    def logged(self):
        return [x['message'] for x in self.call('POST', '/se/log', {'type': 'browser'})]

    def picture(self, path):
        with open(path, 'wb') as f:
            f.write(base64.b64decode(self.call('GET', '/screenshot')))
