/* SPDX-License-Identifier: MIT */
#include "media/types.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Sorted by extension: it is searched by halves. */
static const alice__name_kind kinds[] = {
    {"3fr", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"3g2", ALICE_MEDIA_3GP, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"3gp", ALICE_MEDIA_3GP, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"3gpp", ALICE_MEDIA_3GP, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"aae", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_AAE},
    {"apng", ALICE_MEDIA_APNG, ALICE_CLASS_IMAGE, "png", ALICE__PARTNER_PHOTO},
    {"arp", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"arw", ALICE_MEDIA_ARW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"avi", ALICE_MEDIA_AVI, ALICE_CLASS_VIDEO, "avi", ALICE__PARTNER_VIDEO},
    {"avif", ALICE_MEDIA_AVIF, ALICE_CLASS_IMAGE, "bmff", ALICE__PARTNER_PHOTO},
    {"bmp", ALICE_MEDIA_BMP, ALICE_CLASS_IMAGE, "bmp", ALICE__PARTNER_PHOTO},
    {"cr2", ALICE_MEDIA_CR2, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"cr3", ALICE_MEDIA_CR3, ALICE_CLASS_RAW, "bmff", ALICE__PARTNER_RAW},
    {"crw", ALICE_MEDIA_CRW, ALICE_CLASS_RAW, "crw", ALICE__PARTNER_RAW},
    {"dcr", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"dng", ALICE_MEDIA_DNG, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"dop", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"erf", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"fff", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"flv", ALICE_MEDIA_FLV, ALICE_CLASS_VIDEO, "flv", ALICE__PARTNER_VIDEO},
    {"gif", ALICE_MEDIA_GIF, ALICE_CLASS_IMAGE, "gif", ALICE__PARTNER_PHOTO},
    {"gpr", ALICE_MEDIA_DNG, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"heic", ALICE_MEDIA_HEIC, ALICE_CLASS_IMAGE, "bmff", ALICE__PARTNER_PHOTO},
    {"heif", ALICE_MEDIA_HEIF, ALICE_CLASS_IMAGE, "bmff", ALICE__PARTNER_PHOTO},
    {"hif", ALICE_MEDIA_HEIF, ALICE_CLASS_IMAGE, "bmff", ALICE__PARTNER_PHOTO},
    {"iiq", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"insp", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"insv", ALICE_MEDIA_MP4, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"j2k", ALICE_MEDIA_JP2, ALICE_CLASS_IMAGE, "jp2", ALICE__PARTNER_PHOTO},
    {"jfif", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"jp2", ALICE_MEDIA_JP2, ALICE_CLASS_IMAGE, "jp2", ALICE__PARTNER_PHOTO},
    {"jpe", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"jpeg", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"jpg", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"jpx", ALICE_MEDIA_JP2, ALICE_CLASS_IMAGE, "jp2", ALICE__PARTNER_PHOTO},
    {"json", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_JSON},
    {"jxl", ALICE_MEDIA_JXL, ALICE_CLASS_IMAGE, "jxl", ALICE__PARTNER_PHOTO},
    {"k25", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"kdc", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"lrv", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "bmff", ALICE__PARTNER_LOW_RES},
    {"m1v", ALICE_MEDIA_MPG, ALICE_CLASS_VIDEO, "mpegps", ALICE__PARTNER_VIDEO},
    {"m2t", ALICE_MEDIA_MTS, ALICE_CLASS_VIDEO, "mpegts", ALICE__PARTNER_VIDEO},
    {"m2ts", ALICE_MEDIA_MTS, ALICE_CLASS_VIDEO, "mpegts", ALICE__PARTNER_VIDEO},
    {"m2v", ALICE_MEDIA_MPG, ALICE_CLASS_VIDEO, "mpegps", ALICE__PARTNER_VIDEO},
    {"m4v", ALICE_MEDIA_M4V, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"mef", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"mk3d", ALICE_MEDIA_MKV, ALICE_CLASS_VIDEO, "matroska", ALICE__PARTNER_VIDEO},
    {"mkv", ALICE_MEDIA_MKV, ALICE_CLASS_VIDEO, "matroska", ALICE__PARTNER_VIDEO},
    {"mos", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"mov", ALICE_MEDIA_MOV, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"mp", ALICE_MEDIA_NONE, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"mp4", ALICE_MEDIA_MP4, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"mpeg", ALICE_MEDIA_MPG, ALICE_CLASS_VIDEO, "mpegps", ALICE__PARTNER_VIDEO},
    {"mpg", ALICE_MEDIA_MPG, ALICE_CLASS_VIDEO, "mpegps", ALICE__PARTNER_VIDEO},
    {"mpo", ALICE_MEDIA_JPEG, ALICE_CLASS_IMAGE, "jpeg", ALICE__PARTNER_PHOTO},
    {"mrw", ALICE_MEDIA_MRW, ALICE_CLASS_RAW, "mrw", ALICE__PARTNER_RAW},
    {"mts", ALICE_MEDIA_MTS, ALICE_CLASS_VIDEO, "mpegts", ALICE__PARTNER_VIDEO},
    {"nef", ALICE_MEDIA_NEF, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"nksc", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"nrw", ALICE_MEDIA_NEF, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"on1", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"orf", ALICE_MEDIA_ORF, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"ori", ALICE_MEDIA_ORF, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"pef", ALICE_MEDIA_PEF, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"png", ALICE_MEDIA_PNG, ALICE_CLASS_IMAGE, "png", ALICE__PARTNER_PHOTO},
    {"pp3", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"psb", ALICE_MEDIA_PSD, ALICE_CLASS_IMAGE, "psd", ALICE__PARTNER_PHOTO},
    {"psd", ALICE_MEDIA_PSD, ALICE_CLASS_IMAGE, "psd", ALICE__PARTNER_PHOTO},
    {"qt", ALICE_MEDIA_MOV, ALICE_CLASS_VIDEO, "bmff", ALICE__PARTNER_VIDEO},
    {"raf", ALICE_MEDIA_RAF, ALICE_CLASS_RAW, "raf", ALICE__PARTNER_RAW},
    {"raw", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"rw2", ALICE_MEDIA_RW2, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"rwl", ALICE_MEDIA_RW2, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"sr2", ALICE_MEDIA_ARW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"srf", ALICE_MEDIA_ARW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"srt", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SUBTITLES},
    {"srw", ALICE_MEDIA_SRW, ALICE_CLASS_RAW, "tiff", ALICE__PARTNER_RAW},
    {"thm", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "jpeg", ALICE__PARTNER_THUMBNAIL},
    {"tif", ALICE_MEDIA_TIFF, ALICE_CLASS_IMAGE, "tiff", ALICE__PARTNER_PHOTO},
    {"tiff", ALICE_MEDIA_TIFF, ALICE_CLASS_IMAGE, "tiff", ALICE__PARTNER_PHOTO},
    {"txt", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_TEXT},
    {"vob", ALICE_MEDIA_MPG, ALICE_CLASS_VIDEO, "mpegps", ALICE__PARTNER_VIDEO},
    {"vrd", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_SETTINGS},
    {"wav", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_AUDIO},
    {"webm", ALICE_MEDIA_WEBM, ALICE_CLASS_VIDEO, "matroska", ALICE__PARTNER_VIDEO},
    {"webp", ALICE_MEDIA_WEBP, ALICE_CLASS_IMAGE, "webp", ALICE__PARTNER_PHOTO},
    {"wmv", ALICE_MEDIA_WMV, ALICE_CLASS_VIDEO, "asf", ALICE__PARTNER_VIDEO},
    {"x3f", ALICE_MEDIA_RAW, ALICE_CLASS_RAW, "x3f", ALICE__PARTNER_RAW},
    {"xml", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_XML},
    {"xmp", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "", ALICE__PARTNER_XMP},
};

const alice__name_kind *alice__name_kinds(size_t *count)
{
    *count = sizeof kinds / sizeof *kinds;
    return kinds;
}

static int compare(const void *key, const void *row)
{
    return memcmp(key, ((const alice__name_kind *)row)->extension, ALICE__EXTENSION);
}

const alice__name_kind *alice__name_kind_of(const char *name)
{
    static const alice__name_kind none = {"", ALICE_MEDIA_NONE, ALICE_CLASS_NONE, "",
                                          ALICE__PARTNER_NONE};
    const char *dot = strrchr(name, '.');
    char low[ALICE__EXTENSION] = {0};
    if (!dot || dot == name)
        return &none;
    for (size_t i = 0; dot[i + 1]; i++) {
        if (i + 1 >= sizeof low)
            return &none;
        low[i] = alice__lower(dot[i + 1]);
    }
    const alice__name_kind *row =
        bsearch(low, kinds, sizeof kinds / sizeof *kinds, sizeof *kinds, compare);
    return row ? row : &none;
}

alice_media_type alice__name_type(const char *name)
{
    return alice__name_kind_of(name)->type;
}

alice_media_class alice__name_class(const char *name)
{
    return alice__name_kind_of(name)->kind;
}

bool alice__types_share_names(alice_media_type a, alice_media_type b)
{
    static const alice_media_type same[][2] = {
        {ALICE_MEDIA_APNG, ALICE_MEDIA_PNG},
        {ALICE_MEDIA_HEIF, ALICE_MEDIA_HEIC},
        {ALICE_MEDIA_M4V, ALICE_MEDIA_MP4},
        {ALICE_MEDIA_RW2, ALICE_MEDIA_RAW} /* older: .raw */};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        a = a == same[i][0] ? same[i][1] : a;
        b = b == same[i][0] ? same[i][1] : b;
    }
    return a == b;
}
