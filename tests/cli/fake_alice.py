"""An alice that says what a test wants it to say: a process of its own that listens as one does.

    fake_alice.py FOLDER FILE

FILE holds, as JSON, {"status": OBJECT, "collect": OBJECT} or strings that are sent as they are, or null
for silence; the text "%PID%" becomes the process id, a number. It prints its process id when it listens.
"""
import json
import os
import socket
import sys
import threading


def main(folder, name):
    with open(name) as f:
        answers = json.load(f)
    path = os.path.join(folder, 'alice-%d.sock' % os.getpid())
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    os.chmod(path, 0o600)
    s.listen(16)
    print(os.getpid(), flush=True)
    silent = []

    def serve(c):
        f = c.makefile('rb')
        try:
            for line in f:
                answer = answers.get(line.decode().strip())
                if answer is None:
                    silent.append(c)
                    return
                text = answer if isinstance(answer, str) else json.dumps(answer) + '\n'
                c.sendall(text.replace('"%PID%"', str(os.getpid())).encode('utf-8', 'surrogateescape'))
        except OSError:  # it hung up
            pass

    while True:
        threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()


main(*sys.argv[1:])
