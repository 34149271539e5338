"""A control group for one test."""
import os
import time

from harness import Skip


class Group:
    """A control group with a memory limit, of version 1 or 2, where one can be made."""

    def __init__(self, limit):
        if os.geteuid() != 0:
            raise Skip('a control group needs root')
        name = 'alice-test-%d' % os.getpid()
        for base, file in (('/sys/fs/cgroup/memory', 'memory.limit_in_bytes'), ('/sys/fs/cgroup', 'memory.max')):
            self.path = os.path.join(base, name)
            try:
                os.mkdir(self.path)
            except OSError:
                continue
            try:
                with open(os.path.join(self.path, file), 'w') as f:
                    f.write(str(limit))
                for swap in ('memory.swap.max', 'memory.memsw.limit_in_bytes'):
                    if os.path.exists(os.path.join(self.path, swap)):
                        with open(os.path.join(self.path, swap), 'w') as f:
                            f.write('0' if swap.endswith('max') else str(limit))
                return
            except OSError:
                os.rmdir(self.path)
        raise Skip('no control group with a memory limit can be made')

    def words(self):
        return ['sh', '-c', 'echo $$ > "$0"/cgroup.procs && exec "$@"', self.path]

    def end(self):
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.05)
