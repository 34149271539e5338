/* SPDX-License-Identifier: MIT */
/* A profile, a smaller limit over it, and what follows; then a mistake. */
#include <stdio.h>

#include <alice/config.h>

int main(void)
{
    alice_config config = {.max_memory_mb = 64}; /* what is not set follows */
    alice_error error;
    if (alice_config_use_profile(&config, "memory_constrained") ||
        alice_config_set(&config, "chunk_size_kb", "128K", &error))
        return 1;
    alice_config_resolve(&config);
    if (alice_config_check(&config, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    const alice_config_field_info *field;
    for (size_t i = 0; (field = alice_config_field(i)) != NULL; i++) {
        char value[32];
        if (alice_config_get(&config, field->key, value, sizeof value))
            return 1;
        printf("%-28s %6s %-2s  %s\n", field->key, value, field->unit, field->text);
    }
    alice_cache_shares shares;
    alice_config_shares(&config, &shares);
    printf("caches: metadata %zu, hash %zu, result %zu, directory %zu bytes\n", shares.metadata,
           shares.hash, shares.result, shares.directory);

    if (alice_config_set(&config, "cache_sise", "8", &error) == ALICE_E_NOENT)
        printf("%s\n", error.text);
    return 0;
}
