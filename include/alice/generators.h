/* SPDX-License-Identifier: MIT */
#ifndef ALICE_GENERATORS_H
#define ALICE_GENERATORS_H

/**
 * @file generators.h
 * The closed list of generators: one row is all that is known of one, but for programs that
 * write parameters of a form of their own.
 *
 * X(enumerator, name, words, common words, in names, before names, describes). Words are in
 * lower case and divided by '|'; of two generators whose words stand in one text the first row
 * counts.
 *
 *  - words: mean nothing else; count in any field that names a program, a person or a firm
 *  - common words: of language, too; count in fields that name a program
 *  - in names: words that mean it wherever they stand alone in a file's name
 *  - before names: words of language that mean it at a name's start, with _, - or a digit
 * behind
 *  - describes: it leaves the prompt as a plain description
 */
/** Every generator, a row each: see above. */
/* clang-format off */
#define ALICE_GENERATOR_LIST(X) \
    X(ALICE_GEN_NONE, "", "", "", "", "", false) \
    X(ALICE_GEN_COMFYUI, "comfyui", "comfyui", "", "comfyui", "", false) \
    X(ALICE_GEN_FOOOCUS, "fooocus", "fooocus", "", "fooocus", "", false) \
    X(ALICE_GEN_INVOKEAI, "invokeai", "invokeai|invoke ai", "", "invokeai", "", false) \
    X(ALICE_GEN_NOVELAI, "novelai", "novelai", "", "novelai", "", true) \
    X(ALICE_GEN_SWARMUI, "swarmui", "swarmui", "", "swarmui", "", false) \
    X(ALICE_GEN_DRAWTHINGS, "drawthings", "draw things", "", "", "", false) \
    X(ALICE_GEN_EASYDIFFUSION, "easydiffusion", "easy diffusion", "", "", "", true) \
    X(ALICE_GEN_MIDJOURNEY, "midjourney", "midjourney", "", "midjourney", "", true) \
    X(ALICE_GEN_SORA, "sora", "", "sora", "", "sora", false) \
    X(ALICE_GEN_CHATGPT, "chatgpt", "chatgpt", "", "chatgpt image|chatgpt_image", "", false) \
    X(ALICE_GEN_DALLE, "dalle", "dall-e|dall·e|dalle|openai|gpt-4o|gpt-image", "", "dall·e|dall-e|dall_e|dalle", "", false) \
    X(ALICE_GEN_VEO, "veo", "", "veo", "", "veo", false) \
    X(ALICE_GEN_GEMINI, "gemini", "made with google ai|google generative ai|google gemini", "gemini|imagen", "gemini_generated_image|gemini generated image", "gemini", false) \
    X(ALICE_GEN_FIREFLY, "firefly", "adobe firefly|adobe_firefly", "firefly", "adobe_firefly|adobe firefly", "firefly", false) \
    X(ALICE_GEN_BING, "bing", "bing image creator|microsoft designer|microsoft_designer|image creator from designer|microsoft_responsible_ai|microsoft responsible ai", "", "", "", false) \
    X(ALICE_GEN_LEONARDO, "leonardo", "leonardo.ai|leonardo ai", "leonardo", "leonardoai|leonardo_ai|leonardo.ai", "leonardo", false) \
    X(ALICE_GEN_IDEOGRAM, "ideogram", "ideogram", "", "ideogram", "", false) \
    X(ALICE_GEN_FLUX, "flux", "black forest labs|flux.1", "flux", "flux|flux1|flux2", "", false) \
    X(ALICE_GEN_RUNWAY, "runway", "runwayml", "runway", "runwayml", "runway|gen-2|gen-3|gen-4", false) \
    X(ALICE_GEN_KLING, "kling", "klingai|kling ai", "kling", "kling|klingai", "", false) \
    X(ALICE_GEN_PIKA, "pika", "pika labs", "pika", "pikalabs", "pika", false) \
    X(ALICE_GEN_LUMA, "luma", "luma ai|luma dream machine", "dream machine", "lumaai", "luma", false) \
    X(ALICE_GEN_HAILUO, "hailuo", "hailuo", "minimax", "hailuo", "", false) \
    X(ALICE_GEN_GROK, "grok", "", "grok|xai", "", "grok", false) \
    X(ALICE_GEN_RECRAFT, "recraft", "recraft", "", "recraft", "", false) \
    X(ALICE_GEN_PLAYGROUND, "playground", "playground.com|playground ai", "", "", "", false) \
    X(ALICE_GEN_META, "meta", "imagined with ai|imagine with meta|meta ai", "", "", "", false) \
    X(ALICE_GEN_STABLEDIFFUSION, "stablediffusion", "stability ai|stability.ai|stable diffusion|automatic1111|sd.next|dreamstudio", "", "stablediffusion|stable-diffusion|stable_diffusion|stable diffusion", "", false) \
    X(ALICE_GEN_UNNAMED, "ai-generated", "", "", "", "", false)
/* clang-format on */

#endif
