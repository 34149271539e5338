/* SPDX-License-Identifier: MIT */
/* The page that `alice memory profile --html` writes: one file, no script, nothing from
 * elsewhere. */
#include "profile_run.h"

#include <string.h>

static const char head[] = PROFILE_PAGE_BEGINS
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; img-src data:\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n";

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f27;--soft:#667085;"
    "--line:#e3e6ec;--main:#2f6fde;--second:#8a5cd6;--third:#1a9e8f;--limit:#d23b4b;--warn:#"
    "d98a00}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#12151b;--card:#1b2029;--ink:#e8ebf1;"
    "--soft:#98a2b3;--line:#2d3441;--main:#6ea2ff;--second:#b594f5;--third:#4fd0bf;--limit:#"
    "ff6b7a;"
    "--warn:#f0b44c}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n"
    "main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}\n"
    "h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:17px;margin:0 0 "
    "12px}\n"
    ".path{color:var(--soft);margin:0 0 24px;overflow-wrap:anywhere}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:12px;"
    "padding:20px 22px;margin:0 0 18px}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;"
    "margin:0 0 18px}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px "
    "16px}\n"
    ".card span{display:block;color:var(--soft);font-size:13px}\n"
    ".card strong{display:block;font-size:22px;font-variant-numeric:tabular-nums}\n"
    ".card small{color:var(--soft)}\n"
    ".wide{overflow-x:auto}\n"
    "svg{display:block;width:100%;min-width:640px;height:auto}\n"
    ".tick{font-size:12px;fill:var(--soft)}.mark{font-size:12px;fill:var(--soft)}\n"
    ".label{font-size:12.5px;fill:#10131a}\n"
    ".grid{stroke:var(--line)}\n"
    ".level{stroke:var(--warn);stroke-dasharray:2 5}.l1{opacity:.45}.l2{opacity:.7}\n"
    ".floor{stroke:var(--soft);opacity:.6}\n"
    ".limit{stroke:var(--limit);stroke-width:2;stroke-dasharray:8 5}\n"
    ".area{fill:var(--main);opacity:.16}.third{fill:var(--third);opacity:.4}\n"
    ".line{fill:none;stroke:var(--main);stroke-width:2;stroke-linejoin:round}\n"
    ".second{stroke:var(--second)}.peak{fill:var(--limit);stroke:var(--card);stroke-width:2}\n"
    ".touch{fill:transparent}.touch:hover{fill:var(--main);fill-opacity:.18}\n"
    ".c0{fill:#5b8def;background:#5b8def}.c1{fill:#efb118;background:#efb118}"
    ".c2{fill:#ff8a70;background:#ff8a70}.c3{fill:#5cc2ad;background:#5cc2ad}"
    ".c4{fill:#56b65c;background:#56b65c}.c5{fill:#ff9cc2;background:#ff9cc2}"
    ".c6{fill:#b183f2;background:#b183f2}.c7{fill:#97bbf5;background:#97bbf5}"
    ".c8{fill:#c19a7b;background:#c19a7b}.c9{fill:#a9b665;background:#a9b665}"
    ".c10{fill:#7fd1e0;background:#7fd1e0}.c11{fill:#aab2bf;background:#aab2bf}\n"
    ".d2{opacity:.8}.d3{opacity:.62}.flame g:hover rect{stroke:var(--ink);stroke-width:1.5}\n"
    "@media(prefers-color-scheme:dark){.d2{opacity:.9}.d3{opacity:.8}}\n"
    ".note{color:var(--soft);font-size:13px;margin:10px 0 0}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:10px 0 "
    "0;font-size:13px;color:var(--soft)}\n"
    ".legend "
    "i{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px;margin-top:14px}\n"
    "th{text-align:left;color:var(--soft);font-weight:500;border-bottom:1px solid "
    "var(--line);padding:5px 8px}\n"
    "td{border-bottom:1px solid var(--line);padding:5px 8px}tr:last-child td{border-bottom:0}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "th.n{text-align:right}\n"
    "code{font:13px ui-monospace,\"SF Mono\",Menlo,Consolas,monospace;overflow-wrap:anywhere}\n"
    ".bar{display:inline-block;width:110px;height:8px;border-radius:4px;background:var(--line);"
    "overflow:hidden}\n"
    ".bar b{display:block;height:100%;border-radius:4px}\n";

static void card(FILE *to, const char *name, const char *value, const char *more)
{
    fprintf(to,
            "<div class=\"card\"><span>%s</span><strong>%s</strong><small>%s</small></div>\n",
            name, value, more);
}

static void put_cards(FILE *to, const profile_run *run)
{
    const alice_organize_result *r = &run->result;
    const double mb = (double)ALICE_MB;
    char value[48], more[64];
    fputs("<div class=\"cards\">\n", to);
    snprintf(value, sizeof value, "%.1f MB", (double)r->memory.peak_bytes / mb);
    snprintf(more, sizeof more, "%.0f %% of %.0f MB",
             r->memory.limit_bytes
                 ? 100 * (double)r->memory.peak_bytes / (double)r->memory.limit_bytes
                 : 0,
             (double)r->memory.limit_bytes / mb);
    card(to, "Peak Memory", value, more);
    snprintf(value, sizeof value, "%.0f/s",
             r->seconds > 0 ? (double)r->tally.files / r->seconds : 0);
    snprintf(more, sizeof more, "%llu files in %.2f s", (unsigned long long)r->tally.files,
             r->seconds);
    card(to, "Files", value, more);
    snprintf(value, sizeof value, "%llu", (unsigned long long)r->memory.gc_collections);
    card(to, "GC Collections", value, "of reclaimable memory");
    snprintf(value, sizeof value, "%.1f %%", 100 * profile_hit_rate(&run->end));
    card(to, "Cache Hit Rate", value, "of all caches");
    snprintf(
        value, sizeof value, "%.1f MB",
        (double)(r->memory.cache_stats.size_bytes + r->memory.hash_cache_stats.size_bytes) /
            mb);
    snprintf(more, sizeof more, "of %.0f MB",
             (double)(r->memory.cache_stats.max_size_bytes +
                      r->memory.hash_cache_stats.max_size_bytes) /
                 mb);
    card(to, "Cache Size", value, more);
    fputs("</div>\n", to);
}

static void put_top(FILE *to, const alice_profile_snapshot *snapshot, size_t top, bool live)
{
    const alice_profile_row *row;
    char name[96];
    fputs("<div class=\"wide\"><table><thead><tr><th>Function</th><th>Place</th><th "
          "class=\"n\">Bytes</th>"
          "<th class=\"n\">Blocks</th></tr></thead><tbody>\n",
          to);
    for (size_t i = 0;
         i < top && snapshot && (row = alice_profile_snapshot_row(snapshot, i)) != NULL; i++) {
        fputs("<tr><td><code>", to);
        page_text(to, profile_function(row, name, sizeof name));
        fputs("</code></td><td><code>", to);
        page_text(to, profile_file(row));
        if (row->line)
            fprintf(to, ":%d", row->line);
        fputs("</code></td><td class=\"n\">", to);
        page_bytes(to, (double)(live ? row->live_bytes : row->total_bytes));
        fprintf(to, "</td><td class=\"n\">%lld</td></tr>\n",
                (long long)(live ? row->live_blocks : row->total_blocks));
    }
    fputs("</tbody></table></div>\n", to);
}

static void put_ledger(FILE *to, const profile_run *run)
{
    fputs(
        "<section><h2>The ledger by account</h2><div "
        "class=\"wide\"><table><thead><tr><th>Account</th>"
        "<th class=\"n\">At the peak</th><th class=\"n\">Most</th><th class=\"n\">Charges</th>"
        "<th class=\"n\">Refusals</th></tr></thead><tbody>\n",
        to);
    for (size_t i = 0; i < run->end.memory.account_count; i++) {
        const alice_ledger_row *row = &run->end.memory.accounts[i];
        size_t then = 0;
        for (size_t k = 0; k < run->at_peak.memory.account_count; k++)
            if (strcmp(run->at_peak.memory.accounts[k].name, row->name) == 0)
                then = run->at_peak.memory.accounts[k].current;
        fprintf(to, "<tr><td style=\"padding-left:%upx\">", 8 + 18 * row->depth);
        page_text(to, row->name);
        fputs("</td><td class=\"n\">", to);
        page_bytes(to, (double)then);
        fputs("</td><td class=\"n\">", to);
        page_bytes(to, (double)row->peak);
        fprintf(to, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td></tr>\n",
                (unsigned long long)row->charges, (unsigned long long)row->refusals);
    }
    fputs("</tbody></table></div></section>\n", to);
}

bool profile_page(FILE *to, const profile_run *run)
{
    fputs(head, to);
    fputs("<title>Memory profile: ", to);
    page_text(to, run->path);
    fprintf(to,
            "</title>\n<style>\n%s</style></head>\n<body><main>\n<h1>Memory profile</h1>\n<p "
            "class=\"path\">",
            style);
    page_text(to, run->path);
    fprintf(to, " · organized as a dry run by alice %s</p>\n", alice_version());
    put_cards(to, run);
    fputs("<section><h2>Resident memory</h2>\n", to);
    page_resident(to, run);
    fputs("</section>\n<section><h2>Batch size</h2>\n", to);
    page_batches(to, run);
    fputs("</section>\n<section><h2>What the memory is for: accounts</h2>\n", to);
    page_accounts(to, run);
    fputs("</section>\n<section><h2>Caches</h2>\n", to);
    page_caches(to, run);
    fputs("</section>\n<section><h2>Allocation sites: live at the moment of the highest "
          "use</h2>\n",
          to);
    page_sites(to, run->live, true);
    put_top(to, run->live, run->top, true);
    fputs("</section>\n<section><h2>Allocation sites: all that was taken</h2>\n", to);
    page_sites(to, run->total, false);
    put_top(to, run->total, run->top, false);
    fputs("</section>\n", to);
    put_ledger(to, run);
    fprintf(
        to,
        "<p class=\"note\">Sites are sampled, one block in about 64 KB, and their figures are "
        "estimates: "
        "%llu blocks were counted%s. What no account explains is charged to “untracked”.</p>\n"
        "</main></body></html>\n",
        (unsigned long long)run->stats.sampled,
        run->stats.lost_blocks || run->stats.lost_sites ? ", and some could not be followed"
                                                        : "");
    return !ferror(to);
}
