/* SPDX-License-Identifier: MIT */
/* Evidence of generators: each one's own text, graphs of many shapes, hostile ones, and what
 * proves nothing. */
#include "test.h"

#include "media/evidence/workspace.h"
#include "media/facts.h"
#include "media/evidence/evidence.h"

enum { NOW = 1767225600, ARENA = 32768, DESK = 72 * 1024 };

typedef struct workspace {
    alice__facts f;
    alice_media_info info;
    char arena[ARENA];
    _Alignas(16) char memory[DESK];
} workspace;

static workspace d;

static void begin(void)
{
    alice__facts_begin(&d.f, &d.info, d.arena, sizeof d.arena, NOW);
    d.f.workspace = d.memory;
    d.f.workspace_size = sizeof d.memory;
}

static void tell(alice__where where, const char *key, const char *text)
{
    alice__evidence_text(&d.f, where, key, text, strlen(text));
}

static void expect_text(alice_fact which, const char *want)
{
    alice_text t = d.info.fact[which];
    if (t.n != strlen(want) || (t.n && memcmp(t.p, want, t.n) != 0))
        fail_msg("%s is \"%.*s\" instead of \"%s\"", alice_fact_name(which), (int)t.n,
                 t.p ? t.p : "", want);
}

/* Ends the file, and compares: generator, its source, prompt, negative prompt, model, seed,
 * sampler. */
static void expect(alice_generator g, const char *from, const char *prompt,
                   const char *negative, const char *model, const char *seed,
                   const char *sampler)
{
    alice__facts_end(&d.f);
    if (d.info.generator != g)
        fail_msg("%s instead of %s", alice_generator_name(d.info.generator),
                 alice_generator_name(g));
    if (g != ALICE_GEN_NONE)
        assert_string_equal(d.info.generator_source, from);
    expect_text(ALICE_FACT_PROMPT, prompt);
    expect_text(ALICE_FACT_NEGATIVE_PROMPT, negative);
    expect_text(ALICE_FACT_AI_MODEL, model);
    expect_text(ALICE_FACT_SEED, seed);
    expect_text(ALICE_FACT_SAMPLER, sampler);
}

static void expect_none(void)
{
    expect(ALICE_GEN_NONE, NULL, "", "", "", "", "");
}

/* ---- parameters ---- */

static void parameters_of_the_web_ui(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_PNG, "parameters",
         "a red boat,\nevening light\nNegative prompt: blurry,\ntext\nSteps: 20, Sampler: "
         "Euler a, "
         "CFG scale: 7, Seed: 42, Size: 512x512, Model hash: 0123, Model: \"boat, red\", "
         "Lora hashes: \"a: b, c: d\", Civitai resources: [{\"type\":\"x\",\"a\":1}], "
         "Version: v1.6.0");
    expect(ALICE_GEN_STABLEDIFFUSION, "png:parameters", "a red boat,\nevening light",
           "blurry,\ntext", "boat, red", "42", "Euler a");
    begin(); /* without a negative prompt, in EXIF, with other line ends */
    tell(ALICE__IN_EXIF, "UserComment",
         "a red boat\r\nSteps: 20, Sampler: DPM++ 2M, Seed: 42, Model hash: 0123");
    expect(ALICE_GEN_STABLEDIFFUSION, "exif:UserComment", "a red boat", "", "0123", "42",
           "DPM++ 2M");
    begin(); /* a prompt that talks of steps */
    tell(ALICE__IN_PNG, "parameters",
         "Steps: of stone\nNegative prompt: Steps: 3 of wood\nSteps: 9, Sampler: Euler, Seed: "
         "1, "
         "Size: 1x1");
    expect(ALICE_GEN_STABLEDIFFUSION, "png:parameters", "Steps: of stone", "Steps: 3 of wood",
           "", "1", "Euler");
    begin(); /* Draw Things */
    tell(ALICE__IN_XMP, "Description",
         "a red boat\n-blurry\nSteps: 9, Sampler: Euler, Guidance Scale: 7, Seed: 1");
    expect(ALICE_GEN_STABLEDIFFUSION, "xmp:Description", "a red boat", "blurry", "", "1",
           "Euler");
    begin(); /* saved by a node of ComfyUI */
    tell(ALICE__IN_PNG, "parameters",
         "a red boat\nSteps: 9, Sampler: euler, Seed: 1, Model: b, Version: ComfyUI");
    expect(ALICE_GEN_COMFYUI, "png:parameters", "a red boat", "", "b", "1", "euler");
    begin(); /* Fooocus in the web UI's form */
    tell(ALICE__IN_PNG, "parameters",
         "a red boat\nSteps: 9, Sampler: euler, Seed: 1, Model: b, Version: Fooocus v2.5");
    tell(ALICE__IN_PNG, "fooocus_scheme", "a1111");
    expect(ALICE_GEN_FOOOCUS, "png:parameters", "a red boat", "", "b", "1", "euler");
    begin(); /* the same, of a version that does not say so */
    tell(ALICE__IN_PNG, "parameters", "a red boat\nSteps: 9, Sampler: euler, Seed: 1");
    tell(ALICE__IN_PNG, "fooocus_scheme", "a1111");
    expect(ALICE_GEN_FOOOCUS, "png:fooocus_scheme", "a red boat", "", "", "1", "euler");
}

static void texts_that_prove_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a walk in the park",
        "Steps: 20",
        "Recipe\nSteps: 4, Eggs: 2, Flour: 3",
        "Steps: many, Sampler: none, Seed: 1",
        "Job ID: 17",
        "Signature: me",
        "{}",
        "{\"prompt\": \"a question\"}",
        "{\"nodes\": [], \"links\": []}",
        "{\"name\": \"x\", \"size\": {\"w\": 1}, \"model\": \"Box\"}",
        "{\"prompt\": ",
        "[1, 2]",
        "",
        "   ",
    };
    static const char *const keys[] = {"parameters", "UserComment", "Description", "prompt",
                                       "Comment"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            begin();
            tell(k == 1 ? ALICE__IN_EXIF : ALICE__IN_PNG, keys[k], texts[i]);
            expect_none();
        }
    begin();
    tell(ALICE__IN_PNG, "Software", "Adobe Photoshop CC 2015.5 (Windows)");
    tell(ALICE__IN_EXIF, "Make", "Leonardo"); /* a person, a city, a phone may be called so */
    tell(ALICE__IN_EXIF, "Artist", "Sora Runway");
    tell(ALICE__IN_XMP, "CreatorTool", "Adobe Fireworks CS5, influx 2, LumaFusion");
    tell(ALICE__IN_PNG, "unheard-of", "Midjourney");
    expect_none();
}

static void keys_are_wanted(void **state)
{
    (void)state;
    assert_true(alice__evidence_wanted(ALICE__IN_PNG, "parameters"));
    assert_true(alice__evidence_wanted(ALICE__IN_MATROSKA, "PROMPT"));
    assert_true(alice__evidence_wanted(ALICE__IN_MP4, "com.apple.quicktime.comment"));
    assert_true(alice__evidence_wanted(ALICE__IN_MP4, "\xA9"
                                                      "too"));
    assert_true(alice__evidence_wanted(ALICE__IN_C2PA, "anything"));
    assert_false(alice__evidence_wanted(ALICE__IN_PNG, "ICC Profile Name"));
    assert_false(alice__evidence_wanted(ALICE__IN_PNG, ""));
}

/* ---- ComfyUI ---- */

#define LOADER                                                    \
    "\"4\": {\"inputs\": {\"ckpt_name\": \"boat.safetensors\"}, " \
    "\"class_type\": \"CheckpointLoaderSimple\"}"
#define NEGATIVE                                                         \
    "\"7\": {\"inputs\": {\"text\": \"blurry\", \"clip\": [\"4\", 1]}, " \
    "\"class_type\": \"CLIPTextEncode\"}"
#define SAMPLER(positive)                                                                     \
    "\"3\": {\"inputs\": {\"seed\": 42, \"steps\": 20, \"sampler_name\": "                    \
    "\"euler\", \"scheduler\": \"normal\", \"model\": [\"4\", 0], \"positive\": [\"" positive \
    "\", 0], \"negative\": [\"7\", 0], \"latent_image\": [\"5\", 0]}, \"class_type\": "       \
    "\"KSampler\"}"

static void expect_boat(const char *from)
{
    expect(ALICE_GEN_COMFYUI, from, "a red boat", "blurry", "boat.safetensors", "42", "euler");
}

static void graph_plain(void **state)
{
    (void)state;
    static const char graph[] =
        "{" SAMPLER("6") ", " LOADER ", " NEGATIVE
                         ", \"6\": {\"_meta\": {\"title\": \"x\"}, \"class_type\": "
                         "\"CLIPTextEncode\", \"inputs\": "
                         "{\"text\": \"a red boat\"}}, \"9\": {\"inputs\": {\"images\": "
                         "[\"8\", 0]}, \"class_type\": "
                         "\"SaveImage\"}}";
    begin();
    tell(ALICE__IN_PNG, "prompt", graph);
    expect_boat("png:prompt");
    begin(); /* without the analyzer's workspace */
    d.f.workspace = NULL;
    tell(ALICE__IN_PNG, "prompt", graph);
    expect_boat("png:prompt");
    begin(); /* as EXIF has it */
    char text[2048];
    snprintf(text, sizeof text, "Prompt: %s", graph);
    tell(ALICE__IN_EXIF, "Model", text);
    expect_boat("exif:Model");
    begin(); /* beside a parameters text, which it beats */
    tell(ALICE__IN_PNG, "parameters",
         "other\nSteps: 9, Sampler: Euler a, Seed: 7, Model: other");
    tell(ALICE__IN_PNG, "prompt", graph);
    expect_boat("png:prompt");
    begin(); /* the other order */
    tell(ALICE__IN_PNG, "prompt", graph);
    tell(ALICE__IN_PNG, "parameters",
         "other\nSteps: 9, Sampler: Euler a, Seed: 7, Model: other");
    expect_boat("png:prompt");
}

/* What lies between the sampler and its text. */
static void graph_ways(void **state)
{
    (void)state;
    static const char *const ways[] = {
        /* a text that is linked */
        "\"6\": {\"inputs\": {\"text\": [\"20\", 0]}, \"class_type\": \"CLIPTextEncode\"}, "
        "\"20\": {\"inputs\": {\"value\": \"a red boat\"}, \"class_type\": "
        "\"PrimitiveString\"}",
        /* guidance and ControlNet */
        "\"6\": {\"inputs\": {\"guidance\": 3.5, \"conditioning\": [\"20\", 0]}, "
        "\"class_type\": "
        "\"FluxGuidance\"}, \"20\": {\"inputs\": {\"strength\": 1, \"positive\": [\"21\", 0], "
        "\"negative\": [\"7\", 0], \"control_net\": [\"30\", 0], \"image\": [\"31\", 0]}, "
        "\"class_type\": \"ControlNetApplyAdvanced\"}, \"21\": {\"inputs\": {\"text\": \"a red "
        "boat\"}, \"class_type\": \"CLIPTextEncode\"}",
        /* an encoder of two texts that are the same */
        "\"6\": {\"inputs\": {\"text_g\": \"a red boat\", \"text_l\": \"a red boat\", "
        "\"width\": 1}, "
        "\"class_type\": \"CLIPTextEncodeSDXL\"}",
        /* wildcards, filled in */
        "\"6\": {\"inputs\": {\"text\": [\"20\", 0]}, \"class_type\": \"CLIPTextEncode\"}, "
        "\"20\": "
        "{\"inputs\": {\"wildcard_text\": \"a {red|blue} boat\", \"populated_text\": \"a red "
        "boat\"}, "
        "\"class_type\": \"ImpactWildcardProcessor\"}",
        /* a node of somebody's own */
        "\"6\": {\"inputs\": {\"any_01\": [\"20\", 0]}, \"class_type\": \"Any Switch\"}, "
        "\"20\": "
        "{\"inputs\": {\"my_prompt_text\": \"a red boat\"}, \"class_type\": \"MyTextThing\"}",
        /* a loop beside the way */
        "\"6\": {\"inputs\": {\"conditioning_1\": [\"20\", 0], \"conditioning_2\": [\"6\", "
        "0]}, "
        "\"class_type\": \"ConditioningCombine\"}, \"20\": {\"inputs\": {\"conditioning_to\": "
        "[\"6\", "
        "0], \"conditioning_from\": [\"21\", 0]}, \"class_type\": \"ConditioningConcat\"}, "
        "\"21\": "
        "{\"inputs\": {\"text\": \"a red boat\"}, \"class_type\": \"CLIPTextEncode\"}",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char text[4096];
        snprintf(text, sizeof text, "{" SAMPLER("6") ", " LOADER ", " NEGATIVE ", %s}",
                 ways[i]);
        begin();
        tell(ALICE__IN_PNG, "prompt", text);
        expect_boat("png:prompt");
    }
}

static void graph_of_several_texts(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_PNG, "prompt",
         "{" SAMPLER("6") ", " LOADER ", " NEGATIVE
                          ", \"6\": {\"inputs\": {\"conditioning_1\": [\"20\", 0], "
                          "\"conditioning_2\": [\"21\", 0]}, "
                          "\"class_type\": \"ConditioningCombine\"}, \"20\": {\"inputs\": "
                          "{\"text\": \"night \\n\"}, "
                          "\"class_type\": \"CLIPTextEncode\"}, \"21\": {\"inputs\": "
                          "{\"text\": \"morning\"}, "
                          "\"class_type\": \"CLIPTextEncode\"}}");
    expect(ALICE_GEN_COMFYUI, "png:prompt", "night\nmorning", "blurry", "boat.safetensors",
           "42", "euler");
}

static void graph_of_custom_sampling(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_PNG, "prompt",
         "{\"1\": {\"inputs\": {\"noise\": [\"2\", 0], \"guider\": [\"3\", 0], \"sampler\": "
         "[\"4\", 0], "
         "\"sigmas\": [\"9\", 0]}, \"class_type\": \"SamplerCustomAdvanced\"}, \"2\": "
         "{\"inputs\": "
         "{\"noise_seed\": 7}, \"class_type\": \"RandomNoise\"}, \"3\": {\"inputs\": "
         "{\"model\": "
         "[\"8\", 0], \"positive\": [\"6\", 0], \"negative\": [\"7\", 0], \"cfg\": 1}, "
         "\"class_type\": "
         "\"CFGGuider\"}, \"4\": {\"inputs\": {\"sampler_name\": \"res_multistep\"}, "
         "\"class_type\": "
         "\"KSamplerSelect\"}, \"5\": {\"inputs\": {\"unet_name\": \"flux.safetensors\"}, "
         "\"class_type\": \"UNETLoader\"}, \"6\": {\"inputs\": {\"clip_l\": \"a boat\", "
         "\"t5xxl\": \"a "
         "red boat\", \"guidance\": 3.5}, \"class_type\": \"CLIPTextEncodeFlux\"}, \"7\": "
         "{\"inputs\": "
         "{\"conditioning\": [\"6\", 0]}, \"class_type\": \"ConditioningZeroOut\"}, \"8\": "
         "{\"inputs\": "
         "{\"model\": [\"5\", 0], \"lora_name\": \"l\"}, \"class_type\": "
         "\"LoraLoaderModelOnly\"}}");
    expect(ALICE_GEN_COMFYUI, "png:prompt", "a boat\na red boat", "", "flux.safetensors", "7",
           "res_multistep");
    begin(); /* a guider without a negative side */
    tell(ALICE__IN_PNG, "prompt",
         "{\"1\": {\"inputs\": {\"noise\": [\"2\", 0], \"guider\": [\"3\", 0], \"sampler\": "
         "[\"4\", 0]}, "
         "\"class_type\": \"SamplerCustomAdvanced\"}, \"2\": {\"inputs\": {\"noise_seed\": "
         "[\"10\", "
         "0]}, \"class_type\": \"RandomNoise\"}, \"10\": {\"inputs\": {\"value\": 99}, "
         "\"class_type\": "
         "\"PrimitiveInt\"}, \"3\": {\"inputs\": {\"conditioning\": [\"6\", 0]}, "
         "\"class_type\": "
         "\"BasicGuider\"}, \"4\": {\"inputs\": {}, \"class_type\": \"SamplerLCM\"}, \"6\": "
         "{\"inputs\": "
         "{\"text\": \"a red boat\"}, \"class_type\": \"CLIPTextEncode\"}}");
    expect(ALICE_GEN_COMFYUI, "png:prompt", "a red boat", "", "", "99", "");
}

static const char workflow[] =
    "{\"last_node_id\": 9, \"version\": 0.4, \"nodes\": ["
    "{\"id\": 1, \"type\": \"KSampler\", \"pos\": [1, 2], \"size\": {\"0\": 1}, \"mode\": 0, "
    "\"inputs\": [{\"name\": \"model\", \"type\": \"MODEL\", \"link\": 1}, {\"name\": "
    "\"positive\", "
    "\"type\": \"CONDITIONING\", \"link\": 2}, {\"name\": \"negative\", \"type\": "
    "\"CONDITIONING\", "
    "\"link\": 3}, {\"name\": \"latent_image\", \"type\": \"LATENT\", \"link\": 5}], "
    "\"outputs\": "
    "[{\"name\": \"LATENT\", \"type\": \"LATENT\", \"links\": [9]}], \"widgets_values\": [42, "
    "\"randomize\", 20, 8, \"euler\", \"normal\", 1]},"
    "{\"id\": 2, \"type\": \"CheckpointLoaderSimple\", \"outputs\": [{\"name\": \"MODEL\", "
    "\"type\": "
    "\"MODEL\", \"links\": [1]}], \"widgets_values\": [\"boat.safetensors\"]},"
    "{\"id\": 3, \"type\": \"Reroute\", \"inputs\": [{\"name\": \"\", \"type\": \"*\", "
    "\"link\": 6}], "
    "\"outputs\": [{\"name\": \"\", \"type\": \"CONDITIONING\", \"links\": [2]}]},"
    "{\"id\": 4, \"type\": \"CLIPTextEncode\", \"outputs\": [{\"name\": \"CONDITIONING\", "
    "\"type\": "
    "\"CONDITIONING\", \"links\": [6, 7]}], \"widgets_values\": [\"a red boat\"]},"
    "{\"id\": 5, \"type\": \"CLIPTextEncode\", \"mode\": 0, \"outputs\": [{\"name\": "
    "\"CONDITIONING\", "
    "\"type\": \"CONDITIONING\", \"links\": [3]}], \"widgets_values\": [\"blurry\"]},"
    "{\"id\": 6, \"type\": \"Note\", \"widgets_values\": [\"remember the milk\"]}],"
    "\"links\": [[1, 2, 0, 1, 0, \"MODEL\"]], \"groups\": [], \"config\": {}, \"extra\": "
    "{\"ds\": {}}}";

static void workflows(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_PNG, "workflow", workflow);
    expect_boat("png:workflow");
    /* The prompt's form tells more exactly what was run. */
    begin();
    tell(ALICE__IN_PNG, "workflow", workflow);
    tell(ALICE__IN_PNG, "prompt",
         "{\"3\": {\"inputs\": {\"seed\": 43, \"sampler_name\": \"ddim\", \"positive\": "
         "[\"6\", 0]}, "
         "\"class_type\": \"KSampler\"}, \"6\": {\"inputs\": {\"text\": \"as it was run\"}, "
         "\"class_type\": \"CLIPTextEncode\"}}");
    expect(ALICE_GEN_COMFYUI, "png:workflow", "as it was run", "blurry", "boat.safetensors",
           "43", "ddim");
}

static void wrappers_of_video_nodes(void **state)
{
    (void)state;
    char text[8192], escaped[4096];
    size_t n = 0;
    static const char graph[] =
        "{" SAMPLER("6") ", " LOADER ", " NEGATIVE
                         ", \"6\": {\"inputs\": {\"text\": \"a red boat\"}, \"class_type\": "
                         "\"CLIPTextEncode\"}}";
    for (const char *p = graph; *p; p++) {
        if (*p == '"')
            escaped[n++] = '\\';
        escaped[n++] = *p;
    }
    escaped[n] = 0;
    snprintf(text, sizeof text, "{\"prompt\": \"%s\", \"workflow\": %s, \"CreationTime\": 1}",
             escaped, workflow);
    begin();
    tell(ALICE__IN_MP4,
         "\xA9"
         "cmt",
         text);
    expect_boat("mp4:comment");
    snprintf(text, sizeof text, "{\"prompt\": %s, \"extra_pnginfo\": {\"workflow\": {}}}",
             graph);
    begin();
    tell(ALICE__IN_MATROSKA, "COMMENT", text);
    expect_boat("matroska:COMMENT");
}

/* A graph far beyond every table: what is kept is bounded, and the beginning still tells. */
static void graphs_without_end(void **state)
{
    (void)state;
    size_t room = 4 * 1024 * 1024, n = 0;
    char *text = malloc(room);
    assert_non_null(text);
    n += (size_t)snprintf(
        text + n, room - n,
        "{" SAMPLER("6") ", " LOADER ", " NEGATIVE
                         ", \"6\": {\"inputs\": {\"text\": \"a red boat\"}, \"class_type\": "
                         "\"CLIPTextEncode\"}");
    for (unsigned i = 100; n + 400 < room; i++)
        n += (size_t)snprintf(text + n, room - n,
                              ", \"%u\": {\"inputs\": {\"text\": \"another %u\", \"positive\": "
                              "[\"%u\", 0], \"seed\": %u}, \"class_type\": \"KSampler\"}",
                              i, i, i + 1, i);
    n += (size_t)snprintf(text + n, room - n, "}");
    begin();
    alice__evidence_text(&d.f, ALICE__IN_PNG, "prompt", text, n);
    expect_boat("png:prompt");
    free(text);
}

/* Chains and loops of links: every walk ends. */
static void hostile_links(void **state)
{
    (void)state;
    size_t room = 256 * 1024, n = 0;
    char *text = malloc(room);
    assert_non_null(text);
    n += (size_t)snprintf(text, room, "{" SAMPLER("100"));
    for (unsigned i = 100; i < 600; i++) /* each to the next and back to all before */
        n += (size_t)snprintf(
            text + n, room - n,
            ", \"%u\": {\"inputs\": {\"conditioning_1\": [\"%u\", 0], "
            "\"conditioning_2\": [\"%u\", 0], \"conditioning_3\": [\"100\", 0]}, "
            "\"class_type\": \"ConditioningCombine\"}",
            i, i + 1, i - 1);
    n += (size_t)snprintf(text + n, room - n, "}");
    begin();
    alice__evidence_text(&d.f, ALICE__IN_PNG, "prompt", text, n);
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_COMFYUI);
    expect_text(ALICE_FACT_PROMPT, "");
    free(text);
    begin(); /* a sampler that is its own prompt, seed and model */
    tell(ALICE__IN_PNG, "prompt",
         "{\"1\": {\"inputs\": {\"seed\": [\"1\", 0], \"positive\": [\"1\", 0], \"negative\": "
         "[\"1\", 0], "
         "\"model\": [\"1\", 0], \"sampler_name\": [\"1\", 0], \"guider\": [\"1\", 0]}, "
         "\"class_type\": \"KSampler\"}}");
    expect(ALICE_GEN_COMFYUI, "png:prompt", "", "", "", "", "");
}

/* ---- the other generators ---- */

static void texts_of_their_own(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_PNG, "Dream",
         "\"a red boat [blurry]\" -s 50 -S 42 -W 512 -H 512 -C 7.5 -A k_lms -G 0.9");
    expect(ALICE_GEN_INVOKEAI, "png:Dream", "a red boat [blurry]", "", "", "42", "k_lms");
    begin();
    tell(ALICE__IN_PNG, "sd-metadata",
         "{\"model\": \"stable diffusion\", \"model_weights\": \"boat\", \"app_id\": "
         "\"invoke-ai/InvokeAI\", \"image\": {\"prompt\": [{\"prompt\": \"a red boat\", "
         "\"weight\": "
         "1.0}], \"seed\": 42, \"sampler\": \"k_lms\"}}");
    expect(ALICE_GEN_INVOKEAI, "png:sd-metadata", "a red boat", "", "boat", "42", "k_lms");
    begin();
    tell(ALICE__IN_PNG, "invokeai_metadata",
         "{\"generation_mode\":\"txt2img\",\"positive_prompt\":\"a red "
         "boat\",\"negative_prompt\":"
         "\"blurry\",\"seed\":42,\"scheduler\":\"euler\",\"model\":{\"name\":\"boat\",\"base\":"
         "\"sd-1\"},"
         "\"vae\":{\"name\":\"other\"}}");
    expect(ALICE_GEN_INVOKEAI, "png:invokeai_metadata", "a red boat", "blurry", "boat", "42",
           "euler");
    begin();
    tell(ALICE__IN_PNG, "parameters",
         "{\"base_model\":\"boat\",\"base_model_hash\":\"ab\",\"full_prompt\":[\"x\"],"
         "\"prompt\":\"a red "
         "boat\",\"negative_prompt\":\"blurry\",\"seed\":\"42\",\"sampler\":\"dpmpp_2m\","
         "\"scheduler\":"
         "\"karras\",\"version\":\"Fooocus v2.5\"}");
    tell(ALICE__IN_PNG, "fooocus_scheme", "fooocus");
    expect(ALICE_GEN_FOOOCUS, "png:parameters", "a red boat", "blurry", "boat", "42",
           "dpmpp_2m");
    begin();
    tell(ALICE__IN_PNG, "parameters",
         "{\"sui_image_params\":{\"prompt\":\"a red "
         "boat\",\"negativeprompt\":\"blurry\",\"model\":"
         "\"boat\",\"seed\":42,\"sampler\":\"euler\",\"swarm_version\":\"0.9\"},\"sui_extra_"
         "data\":{}}");
    expect(ALICE_GEN_SWARMUI, "png:parameters", "a red boat", "blurry", "boat", "42", "euler");
    begin();
    tell(ALICE__IN_PNG, "Title", "AI generated image");
    tell(ALICE__IN_PNG, "Description", "a red boat");
    tell(ALICE__IN_PNG, "Software", "NovelAI");
    tell(ALICE__IN_PNG, "Source", "Stable Diffusion 1D44365E");
    tell(ALICE__IN_PNG, "Comment",
         "{\"steps\": 28, \"sampler\": \"k_euler\", \"seed\": 42, \"uc\": \"blurry\"}");
    expect(ALICE_GEN_NOVELAI, "png:Comment", "a red boat", "blurry",
           "Stable Diffusion 1D44365E", "42", "k_euler");
    begin();
    tell(ALICE__IN_PNG, "Description",
         "a red boat --ar 16:9 --v 6.0 --seed 42 Job ID: f47ac10b-58cc-4372-a567-0e02b2c3d479");
    expect(ALICE_GEN_MIDJOURNEY, "png:Description", "a red boat --ar 16:9 --v 6.0 --seed 42",
           "", "", "42", "");
    begin();
    tell(
        ALICE__IN_EXIF, "UserComment",
        "{\"c\":\"a red boat\",\"uc\":\"blurry\",\"model\":\"boat.ckpt\",\"sampler\":\"Euler\","
        "\"seed\":42,\"scale\":7,\"v2\":{\"a\":1}}");
    expect(ALICE_GEN_DRAWTHINGS, "exif:UserComment", "a red boat", "blurry", "boat.ckpt", "42",
           "Euler");
    begin();
    tell(ALICE__IN_EXIF, "UserComment",
         "{\"prompt\":\"a red boat\",\"seed\":42,\"use_stable_diffusion_model\":\"boat\","
         "\"negative_prompt\":\"blurry\",\"sampler_name\":\"euler\",\"num_inference_steps\":"
         "25}");
    expect(ALICE_GEN_EASYDIFFUSION, "exif:UserComment", "a red boat", "blurry", "boat", "42",
           "euler");
    begin(); /* Easy Diffusion in PNG: a key for each */
    tell(ALICE__IN_PNG, "prompt", "a red boat");
    tell(ALICE__IN_PNG, "seed", "42");
    tell(ALICE__IN_PNG, "use_stable_diffusion_model", "boat");
    tell(ALICE__IN_PNG, "negative_prompt", "blurry");
    tell(ALICE__IN_PNG, "sampler_name", "euler");
    expect(ALICE_GEN_EASYDIFFUSION, "png:use_stable_diffusion_model", "a red boat", "blurry",
           "boat", "42", "euler");
}

static void fields_that_name_software(void **state)
{
    (void)state;
    static const struct {
        alice__where where;
        const char *key, *text, *from;
        alice_generator generator;
    } cases[] = {
        {ALICE__IN_XMP, "Credit", "Made with Google AI", "xmp:Credit", ALICE_GEN_GEMINI},
        {ALICE__IN_IPTC, "Credit", "Made with Google AI", "iptc:Credit", ALICE_GEN_GEMINI},
        {ALICE__IN_EXIF, "Software", "Midjourney", "exif:Software", ALICE_GEN_MIDJOURNEY},
        {ALICE__IN_XMP, "xmp:CreatorTool", "Adobe Firefly", "xmp:CreatorTool",
         ALICE_GEN_FIREFLY},
        {ALICE__IN_C2PA, "claim_generator", "Adobe_Firefly", "c2pa:claim_generator",
         ALICE_GEN_FIREFLY},
        {ALICE__IN_C2PA, "softwareAgent", "GPT-4o", "c2pa:softwareAgent", ALICE_GEN_DALLE},
        {ALICE__IN_C2PA, "claim_generator", "ChatGPT", "c2pa:claim_generator",
         ALICE_GEN_CHATGPT},
        {ALICE__IN_C2PA, "softwareAgent",
         "DALL\xC2\xB7"
         "E",
         "c2pa:softwareAgent", ALICE_GEN_DALLE},
        {ALICE__IN_C2PA, "description", "Created by Google Generative AI.", "c2pa:description",
         ALICE_GEN_GEMINI},
        {ALICE__IN_C2PA, "softwareAgent", "Sora", "c2pa:softwareAgent", ALICE_GEN_SORA},
        {ALICE__IN_C2PA, "softwareAgent", "Bing Image Creator", "c2pa:softwareAgent",
         ALICE_GEN_BING},
        {ALICE__IN_C2PA, "claim_generator", "Microsoft_Responsible_AI/1.0",
         "c2pa:claim_generator", ALICE_GEN_BING},
        {ALICE__IN_EXIF, "Software", "Leonardo.Ai", "exif:Software", ALICE_GEN_LEONARDO},
        {ALICE__IN_PNG, "Software", "Ideogram AI", "png:Software", ALICE_GEN_IDEOGRAM},
        {ALICE__IN_MP4,
         "\xA9"
         "too",
         "Runway", "mp4:encoder", ALICE_GEN_RUNWAY},
        {ALICE__IN_MATROSKA, "WritingApp", "KlingAI 2", "matroska:WritingApp", ALICE_GEN_KLING},
        {ALICE__IN_EXIF, "Software", "Draw Things", "exif:Software", ALICE_GEN_DRAWTHINGS},
        {ALICE__IN_EXIF, "Make", "Black Forest Labs", "exif:Make", ALICE_GEN_FLUX},
        {ALICE__IN_EXIF, "Software", "Recraft", "exif:Software", ALICE_GEN_RECRAFT},
        {ALICE__IN_EXIF, "Artist", "Imagined with AI", "exif:Artist", ALICE_GEN_META},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        tell(cases[i].where, cases[i].key, cases[i].text);
        expect(cases[i].generator, cases[i].from, "", "", "", "", "");
    }
    begin(); /* Grok signs what it draws */
    char signature[128] = "Signature: ";
    memset(signature + 11, 'Q', 100);
    tell(ALICE__IN_EXIF, "ImageDescription", signature);
    expect(ALICE_GEN_GROK, "exif:ImageDescription", "", "", "", "", "");
    begin(); /* a label required by law, which names nobody */
    tell(ALICE__IN_XMP, "AIGC", "{\"AIGC\": {\"Label\": \"1\", \"ContentProducer\": \"x\"}}");
    expect(ALICE_GEN_UNNAMED, "xmp:text", "", "", "", "", "");
}

static void claims_of_cameras(void **state)
{
    (void)state;
    begin();
    tell(ALICE__IN_C2PA, "claim_generator", "Google Pixel Camera");
    tell(ALICE__IN_C2PA, "softwareAgent", "Adobe Firefly");
    alice__facts_source_type(&d.f, "x/trainedAlgorithmicMedia", 25, "c2pa:digitalSourceType");
    expect_none();
    assert_true(d.info.ai_edited);
    begin(); /* a program for making pictures, though it has a phone's name */
    tell(ALICE__IN_C2PA, "claim_generator", "Pixel Studio");
    alice__facts_source_type(&d.f, "x/trainedAlgorithmicMedia", 25, "c2pa:digitalSourceType");
    expect(ALICE_GEN_UNNAMED, "c2pa:digitalSourceType", "", "", "", "", "");
    begin();
    tell(ALICE__IN_XMP, "Credit", "Edited with Google AI");
    expect_none();
    assert_true(d.info.ai_edited);
    assert_string_equal(d.info.ai_edited_source, "xmp:Credit");
}

/* Every cut of every kind of text, in a block of its exact size. */
static void every_cut_is_harmless(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
    } cases[] = {
        {"workflow", workflow},
        {"prompt", "{" SAMPLER("6") ", " LOADER ", " NEGATIVE "}"},
        {"parameters",
         "a\nNegative prompt: b\nSteps: 20, Sampler: \"E, u\\\"\", Seed: 4, X: [1,{2}]"},
        {"Dream", "\"a red boat\" -s 50 -S 42 -A k_lms"},
        {"Description", "a Job ID: f47ac10b-58cc-4372-a567-0e02b2c3d479 --seed 1"},
        {"Comment",
         "{\"prompt\": \"{\\\"a\\\": {\\\"class_type\\\": \\\"x\\\"}}\", \"uc\": \"\\ud83d\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t n = 0; n <= strlen(cases[i].text); n++) {
            char *exact = malloc(n ? n : 1);
            memcpy(exact, cases[i].text, n);
            begin();
            alice__evidence_text(&d.f, ALICE__IN_PNG, cases[i].key, exact, n);
            alice__facts_end(&d.f);
            free(exact);
            assert_true((unsigned)d.info.generator < ALICE_GEN_COUNT);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_of_the_web_ui),
        cmocka_unit_test(texts_that_prove_nothing),
        cmocka_unit_test(keys_are_wanted),
        cmocka_unit_test(graph_plain),
        cmocka_unit_test(graph_ways),
        cmocka_unit_test(graph_of_several_texts),
        cmocka_unit_test(graph_of_custom_sampling),
        cmocka_unit_test(workflows),
        cmocka_unit_test(wrappers_of_video_nodes),
        cmocka_unit_test(graphs_without_end),
        cmocka_unit_test(hostile_links),
        cmocka_unit_test(texts_of_their_own),
        cmocka_unit_test(fields_that_name_software),
        cmocka_unit_test(claims_of_cameras),
        cmocka_unit_test(every_cut_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
