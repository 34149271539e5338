#!/usr/bin/env python3
"""The allocation-fault sweep leaves no public function of the toolkit out.

    covered.py INCLUDE_DIR SWEEP_SOURCE

Every ALICE_API function of the toolkit's headers is called in the sweep, or stands below with
those that only read or reckon and thus need no memory, whatever they are given.
"""
import os
import re
import sys

NOT_MEM = {'confine.h', 'media.h', 'duplicates.h', 'library.h', 'organize.h', 'preview.h', 'search.h', 'similar.h', 'verify.h', 'arrivals.h'}
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
DECLARED = re.compile(r'\bALICE_API\b[^;{}]*?\b(\w+)\s*\(')

NEED_NO_MEMORY = set('''
alice_account_budget alice_account_cap alice_account_free alice_account_name alice_account_peak
alice_account_write_off
alice_budget_limit alice_budget_peak
alice_batch_size_at alice_cache_reason_name
alice_batch_defaults_into alice_cache_defaults_into alice_reader_defaults_into
alice_weak_cache_defaults_into alice_profile_snapshot_sum_into
alice_batch_stats_into alice_cache_stats_into alice_executor_stats_into alice_pool_stats_into
alice_profile_stats_into alice_reader_stats_into alice_weak_cache_stats_into
alice_config_baseline_batch alice_config_check alice_config_field alice_config_for_ram
alice_config_for_system alice_config_get alice_config_base_batch alice_config_batch_chosen alice_config_profile_name
alice_config_resolve alice_config_set alice_config_shares alice_config_use_profile alice_config_workers
alice_edit_distance alice_level_name alice_level_of
alice_limit_effective alice_limit_effective_by alice_limit_ram alice_limit_resident
alice_limit_sanitized
alice_map_defaults_into alice_parse_size alice_task_wait_ms alice_status_text alice_utf8_decode alice_utf8_encode
alice_version
'''.split())


def main():
    include, sweep = sys.argv[1:]
    declared = set()
    for name in sorted(os.listdir(include)):
        if name.endswith('.h') and name not in NOT_MEM:
            with open(os.path.join(include, name), encoding='utf-8') as f:
                text = COMMENT.sub(' ', f.read())
            text = re.sub(r'^\s*#[^\n]*(\\\n[^\n]*)*', '', text, flags=re.M)
            declared |= set(DECLARED.findall(text))
    with open(sweep, encoding='utf-8') as f:
        text = COMMENT.sub(' ', f.read())
    called = declared & set(re.findall(r'\balice_\w+', text))  # or handed over
    bad = 0
    for name in sorted(declared - called - NEED_NO_MEMORY):
        print(f'not ok - {name} is in no sweep')
        bad += 1
    for name in sorted(NEED_NO_MEMORY - declared):
        print(f'not ok - {name} is not in the headers')
        bad += 1
    for name in sorted(NEED_NO_MEMORY & called):
        print(f'not ok - {name} is in the sweep and need not stand here')
        bad += 1
    print(f'{len(declared)} functions, {len(declared & called)} swept')
    return 1 if bad or not declared else 0


sys.exit(main())
