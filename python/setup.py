"""Build the extension: pip install ./python, or pip wheel ./python.

From the project's own tree libalice is built and linked in, so that the wheel needs nothing of it. Elsewhere, or with
ALICE_LINK=system, it is the installed one that pkg-config finds.
"""
import glob
import os
import re
import shlex
import subprocess
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(HERE)
IN_TREE = os.path.exists(os.path.join(TREE, 'src', 'meson.build')) and os.environ.get('ALICE_LINK') != 'system'
LIBRARIES = ['sqlite3', 'expat', 'zlib', 'libcbor', 'libbrotlidec']  # of libalice, where it is linked in

if sysconfig.get_config_var('Py_GIL_DISABLED'):
    sys.exit('alice needs the interpreter\'s lock (the GIL): a free-threaded build of Python is not supported.')


def pkg_config(*arguments):
    command = [os.environ.get('PKG_CONFIG', 'pkg-config'), *arguments]
    try:
        return shlex.split(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'{shlex.join(command)} failed ({error}): install libalice, or build from the project\'s own tree')


def version():
    header = os.path.join(TREE, 'include', 'alice', 'base.h')
    if not IN_TREE:
        return pkg_config('--modversion', 'alice')[0]
    with open(header, encoding='utf-8') as f:
        return re.search(r'ALICE_VERSION_STRING "([^"]+)"', f.read()).group(1)


class Build(build_ext):
    def build_extension(self, extension):
        if IN_TREE:
            build = os.path.join(os.path.abspath(self.build_temp), 'libalice')
            if not os.path.exists(os.path.join(build, 'build.ninja')):
                subprocess.run(['meson', 'setup', build, TREE, '--buildtype=release', '-Dtests=false', '-Dpython=disabled'],
                               check=True)
            archives = ['src/libalice.a', 'src/libalice-mem.a']
            subprocess.run(['ninja', '-C', build, *archives], check=True)
            extension.include_dirs.append(os.path.join(TREE, 'include'))
            extension.extra_link_args += [*(os.path.join(build, a) for a in archives), *pkg_config('--libs', *LIBRARIES),
                                          '-pthread', '-ldl', '-Wl,--exclude-libs,ALL']
        else:
            extension.extra_compile_args += pkg_config('--cflags', 'alice')
            extension.extra_link_args += pkg_config('--libs', 'alice')
        super().build_extension(extension)


setup(
    version=version(),
    cmdclass={'build_ext': Build},
    options={'bdist_wheel': {'py_limited_api': 'cp39'}},
    ext_modules=[Extension(
        'alice._alice', sorted(os.path.relpath(path, HERE) for path in glob.glob(os.path.join(HERE, 'src', '*.c'))),
        depends=['src/alice_py.h'], py_limited_api=True,
        extra_compile_args=['-std=c17', '-fvisibility=hidden', '-D_POSIX_C_SOURCE=200809L', '-D_FILE_OFFSET_BITS=64'])],
)
