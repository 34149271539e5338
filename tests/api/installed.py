"""What the tests of the installed project share: install it into a folder of its own, and
compile against it as a stranger would, by pkg-config."""
import contextlib
import glob
import os
import subprocess
import sys
import tempfile

SKIP = 77  # what meson takes for "skipped"


def fail(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def run(args, **how):
    """Run a command; its output and status. Standard error goes with the output."""
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       errors='replace', **how)
    return p.returncode, p.stdout


def must(args, **how):
    """Run a command that has to succeed; its output."""
    status, out = run(args, **how)
    if status != 0:
        fail(f'{" ".join(args)}\nended with {status}:\n{out}')
    return out


class Installed:
    """The build, installed below `root`."""

    def __init__(self, build, root):
        must(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', root])
        pc = glob.glob(root + '/**/pkgconfig/alice-mem.pc', recursive=True)
        if len(pc) != 1:
            fail(f'alice-mem.pc is installed {len(pc)} times')
        self.pkgconfig = os.path.dirname(pc[0])
        self.lib = os.path.dirname(self.pkgconfig)
        self.include = os.path.dirname(glob.glob(root + '/**/alice/base.h', recursive=True)[0])
        self.root = root
        self.env = dict(os.environ, PKG_CONFIG_PATH=self.pkgconfig, PKG_CONFIG_SYSROOT_DIR=root,
                        LD_LIBRARY_PATH=self.lib)

    def flags(self, *words):
        return must(['pkg-config', *words], env=self.env).split()


@contextlib.contextmanager
def install(build):
    with tempfile.TemporaryDirectory(prefix='alice-installed-') as root:
        yield Installed(build, root)


def sanitizer_flags(choice):
    """What a program needs to use a library built with meson's b_sanitize."""
    return [] if choice in ('', 'none') else ['-fsanitize=' + choice]
