#!/usr/bin/env python3
"""Every installed header compiles alone, twice over, as C11 and as C++17, without a warning; a
C++ program that uses the macros links and runs.

    headers.py BUILD SANITIZE CC…
"""
import os
import shutil
import sys

import installed

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wundef', '-Wshadow', '-Werror']

PROGRAM = r'''
#include <alice/budget.h>
#include <alice/pool.h>

static alice_status make(void *, void **object)
{
    static int thing;
    *object = &thing;
    return ALICE_OK;
}

int main()
{
    alice_budget_options options = {};
    options.limit = ALICE_MB;
    alice_budget *budget = nullptr;
    if (alice_budget_open(&budget, &options) != ALICE_OK)
        return 1;
    alice_env env = {};
    env.account = alice_budget_root(budget);
    void *p = nullptr;
    if (alice_env_alloc(&env, 100, ALICE_HERE, &p) != ALICE_OK)
        return 2;
    alice_env_free(&env, p, 100);

    alice_pool_options about = {};
    about.env = env;
    about.factory = make;
    alice_pool *pool = nullptr;
    if (alice_pool_open(&pool, &about) != ALICE_OK)
        return 3;
    {
        alice_lease lease ALICE_LEASE_SCOPED = {};
        if (alice_pool_acquire(pool, 0, &lease) != ALICE_OK)
            return 4;
    }
    alice_pool_stats stats;
    alice_pool_get_stats(pool, &stats);
    alice_pool_close(&pool);
    if (stats.in_use != 0 || stats.created != 1)
        return 5;
    return alice_budget_close(&budget, nullptr) == ALICE_OK ? 0 : 6;
}
'''


def main():
    build, sanitize, *cc = sys.argv[1:]
    cxx = [os.environ.get('CXX') or ('clang++' if 'clang' in cc[-1] else 'c++')]
    bad = 0
    with installed.install(build) as inst:
        headers = sorted(h for h in os.listdir(inst.include) if h.endswith('.h'))
        languages = [('C11', [*cc, '-std=c11', '-x', 'c'])]
        if shutil.which(cxx[0]):
            languages.append(('C++17', [*cxx, '-std=c++17', '-x', 'c++']))
        for name, command in languages:
            for header in headers:
                line = f'#include <alice/{header}>\n'
                status, out = installed.run(
                    [*command, *WARNINGS, '-fsyntax-only', '-I', os.path.dirname(inst.include),
                     '-'], input=line + line + 'int alice_test_unit_is_not_empty;\n')
                print(f'{"not ok" if status else "ok"} - {header} as {name}')
                if status:
                    bad += 1
                    print(out)
        if len(languages) == 2:
            source = os.path.join(inst.root, 'program.cc')
            with open(source, 'w', encoding='utf-8') as f:
                f.write(PROGRAM)
            installed.must([*cxx, '-std=gnu++17', '-Wall', '-Wextra', '-Werror', source, '-o',
                            source + '.out', *inst.flags('--cflags', '--libs', 'alice-mem'),
                            *installed.sanitizer_flags(sanitize)])
            status, out = installed.run([source + '.out'], env=inst.env)
            print(f'{"not ok" if status else "ok"} - a C++ program runs {out}')
            bad += status != 0
    print(f'{len(headers)} headers, {bad} wrong')
    return 1 if bad or not headers else 0


sys.exit(main())
