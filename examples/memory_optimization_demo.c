/* SPDX-License-Identifier: MIT */
/*
 * Five demonstrations of memory optimization, with figures measured while they run:
 *
 *     1  streaming against reading a file whole
 *     2  a bounded cache that fills and evicts
 *     3  pooling against creating
 *     4  adaptive batches under a load that really rises
 *     5  organizing a made inbox inside a limit
 *
 * Each runs in a process of its own, so that what it measures is its own: a new process's peak
 * begins at what is resident then. Each says what it claims and whether that held (claim()),
 * and works in a folder that is made for it and removed after it. Public headers of libalice
 * only.
 */
#include "memory_optimization_demo.h"

#include <alice/mem.h>
#include <alice/organize.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- what all of them use ---- */

static double mb(size_t bytes)
{
    return (double)bytes / (double)ALICE_MB;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Say what ought to be, and whether it is. Answers whether. */
static bool claim(bool holds, const char *what)
{
    printf("   %s %s\n", holds ? "[held]  " : "[BROKEN]", what);
    return holds;
}

/* A step without which there is nothing to show: ends the demonstration's process. */
static void need(alice_status st, const char *what)
{
    if (st == ALICE_OK)
        return;
    printf("   could not %s: %s\n", what, alice_status_text(st));
    fflush(stdout);
    _exit(1);
}

static alice_process_usage process_now(void)
{
    alice_process_usage usage = {0};
    need(alice_monitor_process(0, &usage), "read what the kernel says of this process");
    return usage;
}

static void draw_bar(double share, int width)
{
    int full = (int)(share * width + 0.5);
    putchar('[');
    for (int i = 0; i < width; i++)
        putchar(i < full ? '#' : '.');
    putchar(']');
}

/* ---- 1: streaming ---- */

enum { BIG_FILE_MB = 64 };

/* What one way to read the file costs. */
typedef struct reading {
    uint64_t sum; /* of all its bytes: both ways have to come to the same */
    size_t grown; /* by how much the process's peak is above what it began with */
    double took;
} reading;

static void make_big_file(const char *path)
{
    static unsigned char block[64 * 1024];
    FILE *f = fopen(path, "wb");
    bool good = f != NULL;
    for (unsigned i = 0; good && i < BIG_FILE_MB * 16; i++) {
        for (unsigned j = 0; j < sizeof block; j++)
            block[j] = (unsigned char)((i * 31 + j * 7) >> 3);
        good = fwrite(block, sizeof block, 1, f) == 1;
    }
    if (f && fclose(f) != 0)
        good = false;
    need(good ? ALICE_OK : ALICE_E_IO, "write the file to read");
}

static uint64_t sum_of(const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    return sum;
}

static uint64_t read_whole(const char *path)
{
    size_t size = BIG_FILE_MB * ALICE_MB;
    uint8_t *all = malloc(size);
    FILE *f = fopen(path, "rb");
    need(all && f && fread(all, 1, size, f) == size ? ALICE_OK : ALICE_E_IO, "read the file");
    fclose(f);
    uint64_t sum = sum_of(all, size);
    free(all);
    return sum;
}

static alice_status add_chunk(void *sum, alice_bytes chunk, uint64_t offset)
{
    (void)offset;
    *(uint64_t *)sum += sum_of(chunk.p, chunk.n);
    return ALICE_OK;
}

static uint64_t read_streamed(const char *path)
{
    alice_reader *reader = NULL;
    uint64_t sum = 0;
    need(alice_reader_open(&reader, path, NULL, NULL), "open the file");
    need(alice_reader_read_chunks(reader, add_chunk, &sum, NULL), "read the file");
    alice_reader_close(&reader);
    return sum;
}

/* Read in a process of its own, whose peak is that of this reading alone. */
static reading measure_reading(uint64_t (*how)(const char *), const char *path)
{
    reading r = {0};
    int ends[2];
    need(pipe(ends) == 0 ? ALICE_OK : ALICE_E_SYSTEM, "make a pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        size_t before = process_now().current;
        double start = seconds();
        r.sum = how(path);
        r.took = seconds() - start;
        size_t peak = process_now().peak;
        r.grown = peak > before ? peak - before : 0;
        _exit(write(ends[1], &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
    }
    close(ends[1]);
    bool told = child > 0 && read(ends[0], &r, sizeof r) == (ssize_t)sizeof r;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    need(told ? ALICE_OK : ALICE_E_SYSTEM, "measure in a process");
    return r;
}

static bool demo_streaming(const alice_config *config)
{
    (void)config; /* its figures are those of the guide */
    make_big_file("large.bin");
    printf("   a file of %d MB, its bytes added up in two ways\n\n", BIG_FILE_MB);
    reading whole = measure_reading(read_whole, "large.bin");
    reading streamed = measure_reading(read_streamed, "large.bin");
    double most = (double)(whole.grown > streamed.grown ? whole.grown : streamed.grown);
    const reading *both[] = {&whole, &streamed};
    for (int i = 0; i < 2; i++) {
        printf("   %-10s ", i == 0 ? "read whole" : "streamed");
        draw_bar((double)both[i]->grown / most, 40);
        printf(" %6.1f MB more in %.3f s\n", mb(both[i]->grown), both[i]->took);
    }
    putchar('\n');
    bool held = claim(whole.sum == streamed.sum, "both came to the same sum");
    held &= claim(whole.grown >= BIG_FILE_MB * ALICE_MB * 9 / 10,
                  "reading it whole took its size in memory");
    held &= claim(streamed.grown < BIG_FILE_MB * ALICE_MB / 8,
                  "streaming took less than an eighth of it");
    return held;
}

/* ---- 2: a bounded cache ---- */

static uint64_t told_time(void *time_ns)
{
    return *(uint64_t *)time_ns;
}

static alice_bytes name_photo(char text[32], unsigned number)
{
    int n = snprintf(text, 32, "photo %u", number);
    return (alice_bytes){(const uint8_t *)text, (size_t)n};
}

/* 1 for a hit. */
static size_t look_up(alice_cache *cache, unsigned number)
{
    char text[32];
    alice_pin pin;
    alice_status st = alice_cache_get(cache, name_photo(text, number), &pin);
    need(st == ALICE_E_NOENT ? ALICE_OK : st, "look up");
    alice_cache_unpin(&pin);
    return st == ALICE_OK;
}

static bool demo_cache(const alice_config *config)
{
    (void)config; /* its figures are those of the guide */
    enum { ENTRIES = 4000, HOT = 50 };
    static uint8_t value[8 * 1024];
    uint64_t time_ns = 1;
    alice_clock clock = {.now_ns = told_time, .ctx = &time_ns};
    alice_cache_options options = alice_cache_defaults(NULL);
    options.env.clock = &clock;
    options.max_bytes = 8 * ALICE_MB;
    options.shards = 1;
    alice_cache *cache = NULL;
    need(alice_cache_open(&cache, &options), "open a cache");
    printf(
        "   a cache of %.0f MB, and %d values of 1 to 8 KB, %.0f MB in all; after each, one "
        "of\n"
        "   %d that are asked for again and again is looked up, and any one of all so far\n\n",
        mb(options.max_bytes), ENTRIES, mb(ENTRIES * sizeof value * 9 / 16), HOT);

    bool bounded = true;
    size_t taken = 0, hot_hits = 0, other_hits = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        size_t n = 1024 * (1 + i % 8);
        char text[32];
        need(alice_cache_set(cache, name_photo(text, i), (alice_bytes){value, n},
                             ALICE_TTL_DEFAULT),
             "store");
        taken += n;
        hot_hits += look_up(cache, i < HOT ? i : i * 7 % HOT);
        other_hits += look_up(cache, i * 2654435761u % (i + 1));

        alice_cache_stats s;
        alice_cache_get_stats(cache, &s);
        bounded &= s.size_bytes <= options.max_bytes;
        if (i % (ENTRIES / 8) == ENTRIES / 8 - 1) {
            printf("   %5.1f MB stored ", mb(taken));
            draw_bar(s.size_mb / s.max_size_mb, 32);
            printf(" %4.1f MB, %4zu items, %4" PRIu64 " evicted\n", s.size_mb, s.items,
                   s.evictions);
        }
    }
    alice_cache_stats full;
    alice_cache_get_stats(cache, &full);
    printf(
        "\n   hit rate %.1f %%: of those asked for again and again %.1f %%, of any %.1f %%\n",
        100 * full.hit_rate, 100.0 * (double)hot_hits / ENTRIES,
        100.0 * (double)other_hits / ENTRIES);
    time_ns += UINT64_C(301) * 1000000000;
    size_t expired = alice_cache_expire(cache, 0);
    printf("   301 s later (the time to live is %u s) %zu items have expired\n\n",
           options.ttl_ms / 1000, expired);
    alice_cache_stats empty;
    alice_cache_get_stats(cache, &empty);
    bool held = claim(bounded && full.peak_bytes <= options.max_bytes,
                      "at no moment was it above its bound");
    held &= claim(full.evictions > 0, "it made room by itself");
    held &= claim(hot_hits > ENTRIES * 98 / 100 && hot_hits > other_hits,
                  "what is asked for again and again stayed");
    held &=
        claim(empty.items == 0 && expired == full.items, "all was gone when its time was over");
    need(alice_cache_close(&cache), "close it");
    return held;
}

/* ---- 3: pooling ---- */

enum { ROUNDS = 200, THREADS = 8 };

static alice_status create_executor(void *ctx, void **object)
{
    alice_executor_options options = {.threads = THREADS};
    (void)ctx;
    return alice_executor_open((alice_executor **)object, &options);
}

static void destroy_executor(void *ctx, void *object)
{
    alice_executor *executor = object;
    (void)ctx;
    alice_executor_close(&executor);
}

static alice_status square(void *n)
{
    *(unsigned *)n *= *(unsigned *)n;
    return ALICE_OK;
}

/* Use an executor as a program would: a task, and wait for it. */
static unsigned use_executor(alice_executor *executor, unsigned n)
{
    alice_task task = {0};
    need(alice_executor_submit(executor, square, &n, &task), "submit a task");
    need(alice_task_wait(&task), "wait for a task");
    return n;
}

static bool demo_pool(const alice_config *config)
{
    (void)config; /* its figures are those of the guide */
    uint64_t sums[2] = {0, 0};
    printf("   %d times: %d threads, one task\n\n", ROUNDS, THREADS);
    double start = seconds();
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *executor = NULL;
        need(create_executor(NULL, &executor), "make threads");
        sums[0] += use_executor(executor, i);
        destroy_executor(NULL, executor);
    }
    double creating = seconds() - start;

    alice_pool_options options = {
        .factory = create_executor, .destroy = destroy_executor, .max_size = 3};
    alice_pool *pool = NULL;
    need(alice_pool_open(&pool, &options), "open a pool");
    start = seconds();
    for (unsigned i = 0; i < ROUNDS; i++) {
        alice_lease lease ALICE_LEASE_SCOPED = {0};
        need(alice_pool_acquire(pool, ALICE_POOL_FOREVER, &lease), "acquire");
        sums[1] += use_executor(lease.object, i);
    }
    double pooling = seconds() - start;
    alice_pool_stats s;
    alice_pool_get_stats(pool, &s);
    need(alice_pool_close(&pool), "close the pool");

    const double took[] = {creating, pooling};
    for (int i = 0; i < 2; i++) {
        printf("   %-10s ", i == 0 ? "created" : "pooled");
        draw_bar(took[i] / (creating > pooling ? creating : pooling), 40);
        printf(" %8.1f us each\n", took[i] * 1e6 / ROUNDS);
    }
    printf("\n   the pool made %" PRIu64 ", handed out %" PRIu64 " again: reuse rate %.1f %%, "
           "%.0f times as fast\n\n",
           s.created, s.reused, 100 * s.reuse_rate, creating / pooling);
    bool held = claim(sums[0] == sums[1], "both came to the same sum");
    held &= claim(s.created == 1 && s.reused == ROUNDS - 1, "one was made, for all rounds");
    held &= claim(pooling < creating, "pooling was faster than creating");
    return held;
}

/* ---- 4: adaptive batches ---- */

enum { ROOM_MB = 64, BLOCK_MB = 4, BLOCKS = ROOM_MB / BLOCK_MB };

/* What the batches do to memory: every batch takes a block, until the load turns. */
typedef struct load {
    alice_monitor *monitor;
    alice_batch *batch;
    void *blocks[BLOCKS];
    size_t held;
    unsigned batches, calm;
    bool falling;
    uint32_t shown;
    unsigned seen; /* bit i: a batch at level i while the load rose */
} load;

static alice_status next_item(void *ctx, void **item, size_t *bytes)
{
    const load *l = ctx;
    *item = NULL;
    *bytes = 0;
    return l->calm < 16 ? ALICE_OK : ALICE_E_END;
}

static void show_batch(load *l, size_t count)
{
    alice_monitor_usage u;
    need(alice_monitor_get_usage(l->monitor, &u), "ask the monitor");
    alice_batch_stats s;
    alice_batch_get_stats(l->batch, &s);
    if (!l->falling)
        l->seen |= 1u << s.level;
    if (l->shown == s.current)
        return;
    l->shown = s.current;
    printf("   %5.1f MB of %d ", mb(u.current - u.floor), ROOM_MB);
    draw_bar(u.steering_ratio, 32);
    printf(" %3.0f %%: batches of %3zu (%s)\n", 100 * u.steering_ratio, count,
           alice_level_name(s.level));
}

/* A batch's work: memory that is taken and written to, or, on the way down, given back. */
static alice_status load_batch(void *ctx, alice_batch_result *results, size_t count)
{
    load *l = ctx;
    (void)results;
    show_batch(l, count);
    l->batches++;
    if (!l->falling && l->held < BLOCKS - 1) {
        void *block = malloc(BLOCK_MB * ALICE_MB);
        if (!block)
            return ALICE_E_NOMEM;
        memset(block, 1, BLOCK_MB * ALICE_MB);
        l->blocks[l->held++] = block;
        return ALICE_OK;
    }
    l->falling = true;
    while (l->held > 0)
        free(l->blocks[--l->held]);
    l->calm++;
    return ALICE_OK;
}

static bool demo_batches(const alice_config *config)
{
    (void)config; /* its figures are those of the guide */
    load l = {0};
    alice_monitor_options m = {0};
    m.limit_bytes = process_now().current + ROOM_MB * ALICE_MB;
    need(alice_monitor_open(&l.monitor, &m), "open a monitor");
    alice_batch_options options = alice_batch_defaults(NULL);
    options.level = alice_batch_level_of_monitor;
    options.level_ctx = l.monitor;
    need(alice_batch_open(&l.batch, &options), "open batches");
    printf("   a base of 100 items; every batch takes %d MB more, and writes to them,\n"
           "   until %d MB are nearly full; then all of it is given back\n\n",
           BLOCK_MB, ROOM_MB);

    alice_batch_run run = {
        .next = next_item, .next_ctx = &l, .process = load_batch, .process_ctx = &l};
    need(alice_batch_process(l.batch, &run), "process the items");
    alice_batch_stats s;
    alice_batch_get_stats(l.batch, &s);
    printf("\n   %" PRIu64 " batches, %" PRIu64 " items, %" PRIu64
           " adjustments, smallest %u, largest %u\n\n",
           s.batches, s.items, s.adjustments, s.smallest, s.largest);
    bool held = claim(l.seen == 15, "the load passed through all four levels");
    held &= claim(s.smallest == 25 && s.largest == 100, "batches shrank from 100 to 25");
    if (alice_limit_sanitized())
        printf("   (under a sanitizer freed memory stays, so there is no growing again)\n");
    else
        held &= claim(s.current == 100, "and grew to 100 again when memory was free");
    alice_batch_close(&l.batch);
    alice_monitor_close(&l.monitor);
    return held;
}

/* ---- 5: the organizer ---- */

enum { PICTURES = 300, COPIES = 30 };

/* A GIF of one pixel with its number in a comment, so that no two are the same. */
static bool make_picture(const char *path, unsigned number)
{
    static const unsigned char head[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xfe\4";
    static const unsigned char tail[] = "\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";
    char text[8];
    snprintf(text, sizeof text, "%04u", number % 10000);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    bool good = fwrite(head, 1, sizeof head - 1, f) == sizeof head - 1 &&
                fwrite(text, 1, 4, f) == 4 &&
                fwrite(tail, 1, sizeof tail - 1, f) == sizeof tail - 1;
    return fclose(f) == 0 && good;
}

static bool make_inbox(void)
{
    static const char *const projects[] = {"inbox/garden", "inbox/harbour", "inbox/portraits"};
    char path[80];
    bool good = mkdir("inbox", 0700) == 0;
    for (size_t i = 0; good && i < 3; i++)
        good = mkdir(projects[i], 0700) == 0;
    for (unsigned i = 0; good && i < PICTURES; i++) {
        snprintf(path, sizeof path, "%s/IMG_2024%02u%02u_1200%02u.gif", projects[i % 3],
                 1 + i % 12, 1 + i % 28, i % 60);
        good = access(path, F_OK) != 0 && make_picture(path, i);
    }
    for (unsigned i = 0; good && i < COPIES; i++) {
        snprintf(path, sizeof path, "%s/copy %u.gif", projects[i % 3], i);
        good = make_picture(path, i * 3);
    }
    return good;
}

static void organize(const alice_config *config, alice_organize_result *result)
{
    alice_organizer_options options = {.inbox = "inbox", .organized = "organized"};
    alice_organizer *organizer = NULL;
    alice_error error = {0};
    options.config = *config;
    options.kernel_backstop = true;
    alice_status st = alice_organizer_open(&organizer, &options, &error);
    if (st == ALICE_OK)
        st = alice_organizer_organize(organizer, result, &error);
    if (st != ALICE_OK)
        printf("   %s\n", error.text);
    need(st, "organize");
    alice_organizer_close(&organizer);
}

static bool demo_organizer(const alice_config *config)
{
    size_t limit = config->max_memory_mb;
    need(make_inbox() ? ALICE_OK : ALICE_E_IO, "make an inbox");
    printf("   an inbox of %d pictures and %d copies of some, limit %zu MB\n\n", PICTURES,
           COPIES, limit);
    alice_organize_result first, second;
    organize(config, &first);
    organize(config, &second);
    const alice_organize_result *runs[] = {&first, &second};
    for (int i = 0; i < 2; i++)
        printf("   run %d: %" PRIu64 " organized, %" PRIu64 " duplicates, %" PRIu64
               " known already, %.0f files/s\n",
               i + 1, runs[i]->tally.organized, runs[i]->tally.duplicates,
               runs[i]->already_known, (double)runs[i]->tally.files / runs[i]->seconds);
    size_t peak = process_now().peak;
    printf("   peak ");
    draw_bar(mb(peak) / (double)limit, 32);
    printf(" %.1f of %zu MB; hit rate of the caches %.1f %%\n\n", mb(peak), limit,
           100 * first.memory.cache_stats.hit_rate);
    bool held = claim(first.tally.organized == PICTURES && first.tally.duplicates == COPIES &&
                          first.tally.errors == 0,
                      "every picture was placed once, every copy was found");
    held &= claim(second.tally.organized == 0, "a second run had nothing to do");
    held &= claim(peak <= limit * ALICE_MB, "the whole process stayed inside the limit");
    return held;
}

/* ---- running them ---- */

const char *demo_limit(void)
{
    return alice_limit_sanitized() ? "1024" : "32"; /* sanitizers take their own share */
}

typedef struct demonstration {
    const char *title;
    bool (*run)(const alice_config *config);
} demonstration;

static const demonstration DEMONSTRATIONS[] = {
    {"Streaming against reading a file whole", demo_streaming},
    {"A bounded cache that fills and evicts", demo_cache},
    {"Pooling against creating", demo_pool},
    {"Adaptive batches under a rising load", demo_batches},
    {"Organizing an inbox inside a limit", demo_organizer},
};

enum { COUNT = sizeof DEMONSTRATIONS / sizeof *DEMONSTRATIONS };

/* Remove a folder and all that is in it. Links are removed, not followed. */
static void remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    while (dir && (e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            unlinkat(fd, e->d_name, 0) != 0)
            remove_tree(fd, e->d_name);
    if (dir)
        closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/*
 * One demonstration in a process and a folder of its own. On disk, not in /tmp, which is often
 * memory. This process, which cleans up, outlives an interrupt; the demonstration does not.
 */
static bool show(size_t which, const alice_config *config)
{
    const char *base = getenv("TMPDIR");
    char folder[256];
    int status = -1;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, was;
    snprintf(folder, sizeof folder, "%s/alice-demo-XXXXXX", base && *base ? base : "/var/tmp");
    printf("\n%zu. %s\n", which + 1, DEMONSTRATIONS[which].title);
    if (!mkdtemp(folder)) {
        printf("   could not make the folder %s: %s\n", folder, strerror(errno));
        return false;
    }
    fflush(stdout);
    sigaction(SIGINT, &ignore, &was);
    pid_t child = fork();
    if (child == 0) {
        sigaction(SIGINT, &was, NULL);
        bool held = chdir(folder) == 0 && DEMONSTRATIONS[which].run(config);
        _exit(fflush(stdout) == 0 && held ? 0 : 1);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    remove_tree(AT_FDCWD, folder);
    sigaction(SIGINT, &was, NULL);
    if (child > 0 && WIFSIGNALED(status))
        printf("   ended by signal %d\n", WTERMSIG(status));
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool show_all(const alice_config *config)
{
    bool held = true;
    for (size_t i = 0; i < COUNT; i++)
        held &= show(i, config);
    printf("\n%s\n", held ? "Every claim held." : "Not every claim held.");
    return held;
}

static bool menu(const alice_config *config)
{
    bool held = true;
    char line[64];
    for (;;) {
        printf("\nMemory optimization\n\n");
        for (size_t i = 0; i < COUNT; i++)
            printf("  %zu  %s\n", i + 1, DEMONSTRATIONS[i].title);
        printf("  a  all of them\n  q  quit\n\nWhich? ");
        fflush(stdout);
        if (!fgets(line, sizeof line, stdin) || line[0] == 'q')
            return held;
        if (line[0] == 'a')
            held &= show_all(config);
        else if (line[0] >= '1' && line[0] < '1' + COUNT)
            held &= show((size_t)(line[0] - '1'), config);
        else if (line[0] != '\n')
            printf("There is no %.*s here.\n", (int)strcspn(line, "\n"), line);
    }
}

bool demo_run(bool all, const alice_config *config)
{
    alice_config own = config ? *config : (alice_config){0};
    if (!config)
        need(alice_config_set(&own, "max_memory_mb", demo_limit(), NULL), "set the limit");
    alice_config_resolve(&own);
    return all || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ? show_all(&own) : menu(&own);
}
