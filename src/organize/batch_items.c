/* SPDX-License-Identifier: MIT */
#include "organize/batch_items.h"

#include <string.h>

/* Most that one file can need of the text: name, path, folder names, camera, reason. */
enum { TEXT_PER_ITEM = 2048 };

alice_status alice__items_open(alice__items *items, const alice_env *env, size_t most,
                               size_t text_size, size_t folders_most)
{
    void *room = NULL;
    *items = (alice__items){.env = *env,
                            .most = most,
                            .room = most,
                            .text_size = text_size,
                            .folders_most = folders_most};
    alice_status st = alice_env_alloc(env, most * sizeof(alice__item), ALICE_HERE, &room);
    items->all = room;
    room = NULL;
    if (st == ALICE_OK)
        st = alice_env_alloc(env, text_size, ALICE_HERE, &room);
    items->text = room;
    if (st != ALICE_OK)
        alice__items_close(items);
    return st;
}

void alice__items_close(alice__items *items)
{
    alice__items_clear(items); /* none, where it was never opened */
    alice_env_free(&items->env, items->text, items->text_size);
    alice_env_free(&items->env, items->all, items->room * sizeof(alice__item));
    items->text = NULL;
    items->all = NULL;
}

bool alice__items_full(const alice__items *items)
{
    return items->count >= items->most || items->folders >= items->folders_most ||
           items->text_size - items->text_used < TEXT_PER_ITEM;
}

alice__item *alice__items_add(alice__items *items, alice__folder *folder,
                              const alice__file *file)
{
    alice__item *item = &items->all[items->count++];
    *item = (alice__item){.folder = alice__folder_ref(folder), .file = *file};
    item->file.name = alice__items_text(items, file->name, strlen(file->name));
    if (items->last_folder != alice__folder_serial(folder)) {
        items->last_folder = alice__folder_serial(folder);
        items->folders++;
    }
    return item;
}

const char *alice__items_text(alice__items *items, const char *text, size_t n)
{
    size_t room = items->text_size - items->text_used;
    if (room == 0)
        return "";
    if (n >= room)
        n = room - 1;
    char *to = items->text + items->text_used;
    memcpy(to, text, n);
    to[n] = 0;
    items->text_used += n + 1;
    return to;
}

const char *alice__items_replace(alice__items *items, const char *old, const char *text)
{
    size_t n = strlen(text), had = strlen(old);
    if (n <= had) {
        char *to = items->text + (old - items->text);
        memcpy(to, text, n + 1);
        return to;
    }
    if (n >= items->text_size - items->text_used)
        return NULL;
    return alice__items_text(items, text, n);
}

void alice__items_clear(alice__items *items)
{
    for (size_t i = 0; i < items->count; i++)
        alice__folder_unref(items->all[i].folder);
    items->count = 0;
    items->text_used = 0;
    items->folders = 0;
    items->last_folder = 0;
}
