#!/usr/bin/env python3
"""Writes files as C: embed.py OUT FILE… makes the table that cli/web_files.h declares."""
import os
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}

with open(sys.argv[1], 'w', encoding='ascii') as out:
    out.write('#include "web_files.h"\n')
    rows = ''
    for i, path in enumerate(sys.argv[2:]):
        with open(path, 'rb') as f:
            data = f.read()
        lines = [','.join(map(str, data[at:at + 24])) for at in range(0, len(data), 24)]
        out.write('static const unsigned char file_%d[] = {\n%s};\n' % (i, ',\n'.join(lines)))
        name = os.path.basename(path)
        rows += '    {"%s", "%s", file_%d, %d},\n' % (name, TYPES[os.path.splitext(name)[1]], i, len(data))
    out.write('const web_file web_files[] = {\n%s    {NULL, NULL, NULL, 0}};\n' % rows)
