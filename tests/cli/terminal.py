"""A program on a terminal: a pty of a given size, what was printed to it, keys typed into it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

STEER = re.compile(rb'\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>()][0-9AB]?|[\x0e\x0f]')


class Terminal:
    """Run `argv` on a pty of `columns` by `rows`; used as `with Terminal([...]) as t:`."""

    def __init__(self, argv, env, columns=80, rows=24, cwd=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if cwd:
                    os.chdir(cwd)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        self.raw = b''
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except OSError:
                pass
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def _read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            got = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            got = b''
        self.raw += got
        return bool(got)

    def text(self):
        """What was printed, without what steers the terminal."""
        return STEER.sub(b'', self.raw).replace(b'\r\n', b'\n').decode('utf-8', 'replace')

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def expect(self, words, seconds=20):
        """Read until `words` (text, or a pattern) was printed."""
        until = time.monotonic() + seconds
        find = words.search if hasattr(words, 'search') else lambda text: words in text
        while not find(self.text()):
            open_still = self._read(0.1)
            assert time.monotonic() < until and open_still, 'never said %r:\n%s' % (words, self.text())
        return self.text()

    def end(self, seconds=60):
        """Read to the end; the exit status."""
        until = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < until, 'did not end:\n%s' % self.text()
        _, how = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(how)
        return self.status
