"""A terminal for tests: a program in a pty, and what its escape sequences make of the screen.

It knows what alice uses: cursor home, line ends, erasing to the end of a line, colours, the
alternate screen and the cursor's visibility. Anything else fails the test.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata


class Screen:
    def __init__(self, args, rows=24, columns=80, env=None, background=False):
        self.rows, self.columns = rows, columns
        master, slave = pty.openpty()
        self.fd = master
        self.resize(rows, columns, tell=False)
        self.before = termios.tcgetattr(slave)
        self.p = subprocess.Popen(args, stdin=slave, stdout=slave, stderr=slave, env=env,
                                  start_new_session=True, close_fds=True,
                                  preexec_fn=None if background else _take_terminal)
        self.slave = slave
        self.raw = b''           # all that was written
        self.pending = b''
        self.alternate = False   # the program has the screen
        self.hidden = False      # the cursor
        self.colors = set()      # the colours that were used
        self.screens = 0         # pictures drawn: cursor homes
        self.plain = ''          # what was written outside of the alternate screen
        self._blank()

    def _blank(self):
        self.cells = [[' '] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0

    def resize(self, rows, columns, tell=True):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        if tell:
            self._blank()
            self.p.send_signal(signal.SIGWINCH)

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def text(self):
        return '\n'.join(''.join(r).rstrip() for r in self.cells) + '\n'

    # ---- reading ----

    def read(self, seconds):
        """Read for so long, or until the program is gone. False: it is gone."""
        limit = time.monotonic() + seconds
        while True:
            left = limit - time.monotonic()
            if left <= 0:
                return True
            if not select.select([self.fd], [], [], min(left, 0.05))[0]:
                # What it wrote just before its end may have come after the look.
                if self.p.poll() is None or select.select([self.fd], [], [], 0)[0]:
                    continue
                return False
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.raw += data
            self._feed(data)

    def until(self, what, seconds=120):
        """Read until `what` holds: a text on the screen, or a function."""
        limit = time.monotonic() + seconds
        holds = what if callable(what) else lambda: what in self.text()
        while not holds():
            if not self.read(0.05) or time.monotonic() > limit:
                raise AssertionError('never came: %r; the screen is\n%s' % (what, self.text()))

    def end(self, expect=0, seconds=120):
        """Wait for the program's end; the terminal must be as it was."""
        limit = time.monotonic() + seconds
        while self.read(0.1) and time.monotonic() < limit:
            pass
        try:
            status = self.p.wait(timeout=max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            raise AssertionError('it did not end; the screen is\n' + self.text())
        after = termios.tcgetattr(self.slave)
        self.close()
        assert status == expect, 'status %d instead of %d:\n%s%s' % (status, expect, self.plain, self.text())
        assert not self.alternate and not self.hidden, 'the terminal was not given back'
        assert after == self.before, 'the settings of the terminal were not put back'

    def close(self):
        for fd in (self.fd, self.slave):
            if fd >= 0:
                os.close(fd)
        self.fd = self.slave = -1

    # ---- the escape sequences ----

    def _feed(self, data):
        data = self.pending + data
        self.pending = b''
        try:
            text = data.decode()
        except UnicodeDecodeError as e:
            if e.start < len(data) - 4:
                raise
            text, self.pending = data[:e.start].decode(), data[e.start:]
        at = 0
        while at < len(text):
            c = text[at]
            if c == '\033':
                m = re.match(r'\033\[([?0-9;]*)([A-Za-z])', text[at:])
                if not m:
                    if len(text) - at < 16:
                        self.pending = text[at:].encode() + self.pending
                        return
                    raise AssertionError('an escape sequence: %r' % text[at:at + 16])
                self._control(m.group(1), m.group(2))
                at += m.end()
                continue
            at += 1
            if c == '\r':
                self.column = 0
            elif c == '\n':
                self.row = min(self.row + 1, self.rows - 1)
                if not self.alternate:
                    self.plain += c
            else:
                assert ord(c) >= 32, 'a control character: %r' % c
                self._char(c)

    def _char(self, c):
        if not self.alternate:
            self.plain += c
            return
        wide = unicodedata.east_asian_width(c) in 'WF'
        assert self.column < self.columns, 'a line is longer than the terminal'
        self.cells[self.row][self.column] = c
        if wide:
            self.cells[self.row][self.column + 1] = ''
        self.column += 2 if wide else 1

    def _control(self, numbers, letter):
        if letter == 'H' and not numbers:
            self.row = self.column = 0
            self.screens += 1
        elif letter == 'K' and not numbers:
            for i in range(self.column, self.columns):
                self.cells[self.row][i] = ' '
        elif letter == 'm':
            self.colors.update(n for n in numbers.split(';') if n[:1] == '3' and len(n) == 2)
        elif letter in 'hl' and numbers == '?1049':
            self.alternate = letter == 'h'
            self._blank()
        elif letter in 'hl' and numbers == '?25':
            self.hidden = letter == 'l'
        else:
            raise AssertionError('an unknown escape sequence: [%s%s' % (numbers, letter))


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
