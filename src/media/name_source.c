/* SPDX-License-Identifier: MIT */
/*
 * Where a file comes from, by what it is called and what is known of it: whether it is a
 * screenshot, which program sent it, and the name of the folder for its source.
 */
#include "media/names_int.h"

static bool bounded_word(span s, const char *word)
{
    size_t n = strlen(word);
    for (size_t at = 0; at + n <= s.n; at++)
        if (at_word(s, at, word) && (at == 0 || !alice__is_alpha(s.p[at - 1])) &&
            (at + n == s.n || !alice__is_alpha(s.p[at + n])))
            return true;
    return false;
}

/* A PNG of exactly the size of a phone's screen that no camera took. Only sizes that nothing
 * else has: not 1080 × 1920. */
static bool has_screen_size(const alice_media_info *info)
{
    static const uint16_t sizes[][2] = {
        {640, 1136},  {750, 1334},  {828, 1792},  {1125, 2436}, {1170, 2532},
        {1179, 2556}, {1206, 2622}, {1242, 2208}, {1242, 2688}, {1284, 2778},
        {1290, 2796}, {1320, 2868}, {1440, 3088}, {1440, 3120}, {1440, 3200},
        {1620, 2160}, {1640, 2360}, {1668, 2224}, {1668, 2388}, {2048, 2732},
    };
    if (info->type != ALICE_MEDIA_PNG || info->fact[ALICE_FACT_MAKE].n ||
        info->fact[ALICE_FACT_MODEL].n)
        return false;
    uint32_t less = info->width < info->height ? info->width : info->height;
    uint32_t more = info->width < info->height ? info->height : info->width;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (less == sizes[i][0] && more == sizes[i][1])
            return true;
    return false;
}

bool alice__is_screenshot(const char *name, const alice_media_info *info)
{
    static const char *const words[] = {"screenshot",  "screenshots",   "screen shot",
                                        "screen_shot", "screen-shot",   "screencap",
                                        "screengrab",  "bildschirmfoto"};
    /* As the systems of other languages begin the name. */
    static const char *const starts[] = {
        "capture d\xE2\x80\x99\xC3\xA9"
        "cran",
        "capture d'\xC3\xA9"
        "cran",
        "captura de pantalla",
        "captura de tela",
        "captura de ecr\xC3\xA3",
        "schermata",
        "schermafbeelding",
        "zrzut ekranu",
        "ekran resmi",
        "sk\xC3\xA4rmavbild",
        "sk\xC3\xA4rmbild",
        "skjermbilde",
        "sk\xC3\xA6rmbillede",
        "\xD0\xA1\xD0\xBD\xD0\xB8\xD0\xBC\xD0\xBE\xD0\xBA "
        "\xD1\x8D\xD0\xBA\xD1\x80\xD0\xB0\xD0\xBD\xD0\xB0",
        "\xE3\x82\xB9\xE3\x82\xAF\xE3\x83\xAA\xE3\x83\xBC\xE3\x83\xB3\xE3\x82\xB7\xE3\x83\xA7"
        "\xE3\x83\x83\xE3\x83\x88",
        "\xE6\x88\xAA\xE5\xB1\x8F",
        "\xE6\x88\xAA\xE5\x9B\xBE",
        "\xE5\xB1\x8F\xE5\xB9\x95\xE6\x88\xAA\xE5\x9B\xBE",
        "\xEC\x8A\xA4\xED\x81\xAC\xEB\xA6\xB0\xEC\x83\xB7",
    };
    span s = stem_of(name);
    if (info && (info->screenshot || has_screen_size(info)))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bounded_word(s, words[i]))
            return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (at_word(s, 0, starts[i]))
            return true;
    if (info && info->fact[ALICE_FACT_SOFTWARE].n > 0) {
        alice_text t = info->fact[ALICE_FACT_SOFTWARE];
        return bounded_word((span){t.p, t.n}, "screenshot") ||
               bounded_word((span){t.p, t.n}, "flameshot");
    }
    return false;
}

/* Append text as lower-case letters and digits, all else as single dashes. */
static size_t add_safe(char *buf, size_t cap, size_t used, const char *p, size_t n)
{
    bool dash = used > 0 && buf[used - 1] != '-';
    for (size_t i = 0; i < n; i++) {
        if (!alice__is_alnum(p[i])) {
            dash = used > 0 && buf[used - 1] != '-';
            continue;
        }
        if (used + 2 >= cap)
            break;
        if (dash)
            buf[used++] = '-';
        dash = false;
        buf[used++] = alice__lower(p[i]);
    }
    return used;
}

/* The first word of a make, of which the others are but the company's legal form. */
static span brand_of(alice_text make)
{
    size_t n = 0;
    while (n < make.n && alice__is_alnum(make.p[n]))
        n++;
    if (at_word((span){make.p, make.n}, 0, "eastman kodak"))
        return (span){"kodak", 5};
    if (at_word((span){make.p, make.n}, 0, "hewlett"))
        return (span){"hp", 2};
    return n > 0 ? (span){make.p, n} : (span){make.p, make.n};
}

/* Models whose name is known without their maker's. */
static bool model_stands_alone(span model)
{
    static const char *const begins[] = {
        "iphone", "ipad",  "ipod",   "coolpix", "finepix", "powershot", "galaxy",
        "pixel ", "lumix", "xperia", "dimage",  "digimax", "cybershot", "gopro"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (at_word(model, 0, begins[i]))
            return true;
    return false;
}

static bool contains_word(span s, span word)
{
    for (size_t at = 0; word.n > 0 && at + word.n <= s.n; at++) {
        size_t i = 0;
        while (i < word.n && alice__lower(s.p[at + i]) == alice__lower(word.p[i]))
            i++;
        if (i == word.n && (at == 0 || !alice__is_alnum(s.p[at - 1])))
            return true;
    }
    return false;
}

static size_t plain(char *buf, size_t cap, const char *text)
{
    size_t n = strlen(text);
    if (n >= cap)
        n = cap - 1;
    memcpy(buf, text, n);
    buf[n] = 0;
    return n;
}

/* How programs name what they receive and send; '#' is a digit. */
static const struct {
    const char *begins, *origin;
} senders[] = {
    {"img-########-wa#", "whatsapp"},          {"vid-########-wa#", "whatsapp"},
    {"whatsapp image ", "whatsapp"},           {"whatsapp video ", "whatsapp"},
    {"whatsapp-image-", "whatsapp"},           {"whatsapp-video-", "whatsapp"},
    {"signal-####-##-##", "signal"},           {"signal-attachment-", "signal"},
    {"photo_####-##-##_##-##-##", "telegram"}, {"video_####-##-##_##-##-##", "telegram"},
    {"telegram-cloud-", "telegram"},           {"fb_img_#", "facebook"},
    {"received_##########", "facebook"},
};

const char *alice__sender_of(const char *name)
{
    span s = stem_of(name);
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        const char *p = senders[i].begins;
        size_t at = 0;
        while (p[at] && at < s.n &&
               (p[at] == '#' ? alice__is_digit(s.p[at]) : alice__lower(s.p[at]) == p[at]))
            at++;
        if (!p[at])
            return senders[i].origin;
    }
    return NULL;
}

static bool has_letter(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (alice__is_alpha(p[i]))
            return true;
    return false;
}

size_t alice__source_name(const alice_media_info *info, const char *name, char *buf, size_t cap)
{
    if (cap == 0)
        return 0;
    if (info->generator != ALICE_GEN_NONE)
        return plain(buf, cap, alice_generator_name(info->generator));
    if (info->screenshot)
        return plain(buf, cap, "screenshot");
    alice_text make = info->fact[ALICE_FACT_MAKE], model = info->fact[ALICE_FACT_MODEL];
    if (make.n > 0 || model.n > 0) {
        size_t start = plain(buf, cap, "camera"), used = start;
        span brand = brand_of(make), of_model = {model.p, model.n};
        if (model.n == 0 || (!contains_word(of_model, brand) && !model_stands_alone(of_model)))
            used = add_safe(buf, cap, used, brand.p, brand.n);
        used = add_safe(buf, cap, used, model.p, model.n);
        buf[used] = 0;
        if (has_letter(buf + start, used - start)) /* "00" is a broken field, no camera */
            return used;
    }
    const char *sender = alice__sender_of(name);
    if (sender)
        return plain(buf, cap, sender);
    alice_media_class cls = alice_media_class_of(info->type);
    if (cls != ALICE_CLASS_VIDEO && alice__is_screenshot(name, info))
        return plain(buf, cap, "screenshot");
    return plain(buf, cap, cls == ALICE_CLASS_VIDEO ? "video" : "unknown");
}
