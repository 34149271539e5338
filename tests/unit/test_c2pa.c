/* SPDX-License-Identifier: MIT */
/* Content credentials: who made a picture, as against who edited it and from what. */
#include "make_boxes.h"
#include "read_media.h"

#define TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/"

static reading r;

static alice_status span_read(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const alice_bytes *b = ctx;
    size_t left = offset < b->n ? b->n - (size_t)offset : 0;
    *got = n < left ? n : left;
    if (*got)
        memcpy(to, b->p + offset, *got);
    return ALICE_OK;
}

static void read_store(const uint8_t *p, size_t n)
{
    alice_bytes all = {p, n};
    alice__span_reader reader = {.read = span_read, .ctx = &all, .size = n};
    alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
    alice__c2pa(&r.facts, NULL, &reader);
    alice__facts_end(&r.facts);
}

static void read_manifests(const make_manifest *m, size_t n)
{
    blob b = {0};
    make_c2pa(&b, m, n);
    read_store(b.p, b.n);
    blob_free(&b);
}

static const make_action generated[] = {
    {"c2pa.created", TYPE "trainedAlgorithmicMedia", "GPT-4o", NULL, true},
    {"c2pa.converted", NULL, NULL, NULL, false}};
static const make_action taken[] = {{"c2pa.created", TYPE "digitalCapture", NULL, NULL, false}};
static const make_action plain[] = {{"c2pa.created", NULL, NULL, NULL, false}};
static const make_action opened[] = {{"c2pa.opened", NULL, NULL, NULL, false},
                                     {"c2pa.color_adjustments", NULL, NULL, NULL, false}};
static const make_action filled[] = {
    {"c2pa.opened", NULL, NULL, NULL, false},
    {"c2pa.edited", TYPE "compositeWithTrainedAlgorithmicMedia", "Adobe Firefly", NULL, false}};

static void test_generated(void **state)
{
    (void)state;
    for (unsigned open = 0; open < 2; open++) {
        make_manifest m = {.label = "urn:uuid:1",
                           .generator = "Some_Service/1.0",
                           .actions = generated,
                           .action_count = 2,
                           .open = open};
        read_manifests(&m, 1);
        assert_true(r.facts.synthetic);
        assert_int_not_equal(r.info.generator, ALICE_GEN_NONE);
        assert_false(r.info.ai_edited);
    }
}

/* A service that only packs what its model made: the parent says what it is. */
static void test_generated_parent(void **state)
{
    const make_manifest m[] = {
        {.label = "urn:uuid:1", .generator = "Model", .actions = generated, .action_count = 2},
        {.label = "urn:uuid:2",
         .generator = "Packer",
         .actions = opened,
         .action_count = 2,
         .parent = "urn:uuid:1"}};
    (void)state;
    read_manifests(m, 2);
    assert_true(r.facts.synthetic);
    assert_int_not_equal(r.info.generator, ALICE_GEN_NONE);
}

/* Services by what they write about themselves. */
static void test_services(void **state)
{
    static const make_action google[] = {{"c2pa.created", TYPE "trainedAlgorithmicMedia", NULL,
                                          "Created by Google Generative AI.", false},
                                         {"c2pa.edited", TYPE "trainedAlgorithmicMedia", NULL,
                                          "Applied imperceptible SynthID watermark.", false}};
    static const make_action openai[] = {
        {"c2pa.created", TYPE "trainedAlgorithmicMedia", "GPT-4o", NULL, true},
        {"c2pa.converted", NULL, "OpenAI API", NULL, true}};
    static const make_action bing[] = {
        {"c2pa.created", NULL, "Bing Image Creator", "AI Generated Image", false}};
    static const make_action adobe[] = {
        {"c2pa.created", TYPE "trainedAlgorithmicMedia", "Adobe Firefly", NULL, false}};
    const struct {
        make_manifest m;
        alice_generator want;
    } services[] = {
        {{.generator = "Google C2PA Core Generator Library/1",
          .actions = google,
          .action_count = 2},
         ALICE_GEN_GEMINI},
        {{.generator_info = "ChatGPT", .actions = openai, .action_count = 2}, ALICE_GEN_DALLE},
        {{.generator = "Microsoft_Responsible_AI/1.0", .actions = bing, .action_count = 1},
         ALICE_GEN_BING},
        {{.generator = "Adobe_Firefly", .actions = adobe, .action_count = 1},
         ALICE_GEN_FIREFLY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        make_manifest m = services[i].m;
        m.label = "urn:uuid:1";
        read_manifests(&m, 1);
        assert_string_equal(alice_generator_name(r.info.generator),
                            alice_generator_name(services[i].want));
        assert_false(r.info.ai_edited);
    }
}

static void test_camera(void **state)
{
    make_manifest m = {
        .label = "urn:uuid:1", .generator = "Leica", .actions = taken, .action_count = 1};
    (void)state;
    read_manifests(&m, 1);
    assert_true(r.facts.camera_claim);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
    assert_false(r.info.ai_edited);
}

static void test_camera_then_filled(void **state)
{
    const make_manifest m[] = {
        {.label = "urn:uuid:1", .generator = "Leica", .actions = taken, .action_count = 1},
        {.label = "urn:uuid:2",
         .generator = "Adobe Photoshop",
         .actions = filled,
         .action_count = 2,
         .parent = "urn:uuid:1"}};
    (void)state;
    read_manifests(m, 2);
    assert_true(r.facts.camera_claim);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
    assert_true(r.info.ai_edited);
}

/* Opened from a file that had no credentials. */
static void test_unknown_then_filled(void **state)
{
    make_manifest m = {.label = "urn:uuid:1",
                       .generator = "Adobe Photoshop",
                       .actions = filled,
                       .action_count = 2,
                       .parent = ""};
    (void)state;
    read_manifests(&m, 1);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
    assert_true(r.info.ai_edited);
}

/* A picture with a generated part is no generated picture. */
static void test_generated_component(void **state)
{
    const make_manifest m[] = {
        {.label = "urn:uuid:1", .generator = "Model", .actions = generated, .action_count = 2},
        {.label = "urn:uuid:2",
         .generator = "Layout",
         .actions = plain,
         .action_count = 1,
         .component = "urn:uuid:1"}};
    const make_manifest told = {.label = "urn:uuid:2",
                                .generator = "Layout",
                                .actions = plain,
                                .action_count = 1,
                                .component = "",
                                .component_source_type = TYPE "trainedAlgorithmicMedia"};
    (void)state;
    read_manifests(m, 2);
    assert_false(r.facts.synthetic);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
    assert_true(r.info.ai_edited);
    read_manifests(&told, 1);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
    assert_true(r.info.ai_edited);
}

/* An ingredient that nothing refers to tells nothing of this file. */
static void test_other_manifests(void **state)
{
    const make_manifest m[] = {
        {.label = "urn:uuid:1", .generator = "Model", .actions = generated, .action_count = 2},
        {.label = "urn:uuid:2", .generator = "Layout", .actions = plain, .action_count = 1}};
    (void)state;
    read_manifests(m, 2);
    assert_false(r.facts.synthetic);
    assert_false(r.info.ai_edited);
}

/* Parents in a circle. */
static void test_circle(void **state)
{
    const make_manifest m[] = {
        {.label = "a", .actions = opened, .action_count = 2, .parent = "b"},
        {.label = "b", .actions = opened, .action_count = 2, .parent = "a"},
        {.label = "c", .actions = opened, .action_count = 2, .parent = "b"}};
    (void)state;
    read_manifests(m, 3);
    assert_int_equal(r.info.generator, ALICE_GEN_NONE);
}

static void test_damage(void **state)
{
    static const uint8_t bent[] = {0x00, 0x1b, 0x5f, 0x7f, 0x9f, 0xbb, 0xbf, 0xff};
    const make_manifest m[] = {
        {.label = "urn:uuid:1", .generator = "Model", .actions = generated, .action_count = 2},
        {.label = "urn:uuid:2",
         .generator_info = "Packer",
         .actions = filled,
         .action_count = 2,
         .parent = "urn:uuid:1",
         .component = "urn:uuid:1",
         .open = true}};
    blob b = {0};
    (void)state;
    make_c2pa(&b, m, 2);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.p, n);
        read_store(copy, n);
        free(copy);
    }
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (size_t k = 0; k < sizeof bent; k++) {
            b.p[i] = bent[k];
            read_store(b.p, b.n);
        }
        b.p[i] = was;
    }
    blob_free(&b);
}

/* Five bytes that claim four thousand million items, and arrays in arrays without end. */
static void test_hostile_cbor(void **state)
{
    static const uint8_t huge[][9] = {{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                      {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                      {0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                      {0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf7}};
    (void)state;
    for (size_t i = 0; i <= 4; i++) {
        blob b = {0};
        size_t store = make_jumb(&b, "c2pa", "c2pa"), manifest = make_jumb(&b, "c2ma", "x");
        size_t claim = make_jumb(&b, "cbor", "c2pa.claim"), cbor = make_box(&b, "cbor");
        if (i < 4)
            blob_add(&b, huge[i], 9);
        for (unsigned k = 0; k < 100000; k++)
            blob_u8(&b, 0x81);
        make_box_end(&b, cbor);
        make_box_end(&b, claim);
        make_box_end(&b, manifest);
        make_box_end(&b, store);
        read_store(b.p, b.n);
        assert_int_equal(r.info.generator, ALICE_GEN_NONE);
        blob_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_generated_parent),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_camera),
        cmocka_unit_test(test_camera_then_filled),
        cmocka_unit_test(test_unknown_then_filled),
        cmocka_unit_test(test_generated_component),
        cmocka_unit_test(test_other_manifests),
        cmocka_unit_test(test_circle),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_hostile_cbor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
