/* SPDX-License-Identifier: MIT */
/*
 * Writes the manual page and the completions of the shells from the table of
 * commands that --help prints, and from the library's own lists of profiles and
 * settings:
 *
 *     gen_docs man | bash | zsh | fish
 *
 * It runs while alice is built. What it writes depends on the table alone: no
 * clock, no path of the machine that builds.
 */
#include <stdio.h>
#include <string.h>

#include <alice/config.h>

#include "command.h"
#include "completions.h"

/* ---- the manual, for man(7) ---- */

/* One character of text for roff: what it would take for an escape, and dashes that have to
 * stay. */
static size_t put_roff_char(const char *text, size_t n)
{
    unsigned char c = (unsigned char)*text;
    const char *escape = c == '\\'   ? "\\e"
                         : c == '-'  ? "\\-"
                         : c == '~'  ? "\\(ti"
                         : c == '^'  ? "\\(ha"
                         : c == '\'' ? "\\(aq"
                                     : NULL;
    if (escape) {
        fputs(escape, stdout);
    } else if (c < 0x80) {
        putchar(c);
    } else { /* UTF-8: by its number, whatever the reader's locale */
        size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        unsigned code = c & (0x3Fu >> more);
        for (size_t i = 1; i <= more && i < n; i++)
            code = code << 6 | ((unsigned char)text[i] & 0x3Fu);
        printf("\\[u%04X]", code);
        return more + 1 < n ? more + 1 : n;
    }
    return 1;
}

static void put_roff(const char *text, size_t n)
{
    for (size_t i = 0; i < n;)
        i += put_roff_char(text + i, n - i);
}

/* A line of text that is filled: long ones are broken, and none begins like a request. */
static void put_roff_filled(const char *text, size_t n)
{
    size_t column = 0;
    for (size_t i = 0; i < n;) {
        if (text[i] == ' ' && column > 64) {
            putchar('\n');
            column = 0;
            i++;
            continue;
        }
        if (column == 0 && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", stdout);
        column += text[i] == '-' ? 2 : 1;
        i += put_roff_char(text + i, n - i);
    }
    putchar('\n');
}

/* A text of help: lines that begin with two blanks stay as they are, all else is filled. */
static void put_roff_text(const char *text)
{
    bool literal = false, paragraph = false;
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool quoted = n > 2 && text[0] == ' ' && text[1] == ' ';
        if (quoted != literal)
            puts(quoted ? ".PP\n.nf\n.RS 4" : ".RE\n.fi");
        else if (paragraph && n && !quoted)
            puts(".PP");
        if (literal && !quoted && n)
            puts(".PP");
        literal = quoted;
        paragraph = n == 0;
        if (n && !quoted) {
            put_roff_filled(text, n);
        } else if (n) {
            put_roff(text + 2, n - 2);
            putchar('\n');
        }
        text += n + (text[n] == '\n');
    }
    if (literal)
        puts(".RE\n.fi");
}

static void put_man_option(const cli_option *o)
{
    puts(".TP");
    if (o->letter)
        printf("\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", stdout);
    put_roff(o->name, strlen(o->name));
    fputs("\\fR", stdout);
    if (o->value) {
        fputs(" \\fI", stdout);
        put_roff(o->value, strlen(o->value));
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put_roff_filled(o->text, strlen(o->text));
}

static void put_notes(const char *title, const cli_note *notes)
{
    printf(".SH %s\n", title);
    for (; notes->name; notes++) {
        fputs(".TP\n.B ", stdout);
        put_roff_filled(notes->name, strlen(notes->name));
        put_roff_filled(notes->text, strlen(notes->text));
    }
}

static void put_man_settings(void)
{
    const alice_config_field_info *f;
    puts(".SH SETTINGS\n"
         "Any command takes \\fB\\-\\-set\\fR \\fIKEY\\fR=\\fIVALUE\\fR with these keys;\n"
         "sizes may have a unit (K, M, G), and \\fBalice config\\fR shows what is in\n"
         "force and why.");
    for (size_t i = 0; (f = alice_config_field(i)) != NULL; i++) {
        fputs(".TP\n.B ", stdout);
        put_roff_filled(f->key, strlen(f->key));
        put_roff(f->text, strlen(f->text));
        if (f->type == ALICE_CONFIG_BOOL)
            fputs(" (true or false)", stdout);
        else if (*f->unit)
            printf(" (in %s)", f->unit);
        putchar('\n');
    }
    puts(".SH PROFILES\nSets of settings that go together:");
    fputs("\\fB", stdout);
    completions_put_profiles("\\fR, \\fB");
    puts("\\fR.");
}

static void write_man(void)
{
    printf(".\\\" Generated from the table of commands: see cli/manual/gen_docs.c.\n"
           ".TH ALICE 1 \"2026-11-22\" \"alice %s\" \"User Commands\"\n"
           ".nh\n", /* a path that is hyphenated is another one */
           alice_version());
    puts(".SH NAME\nalice \\- organize media collections inside a memory budget\n.SH SYNOPSIS");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        printf("%s\\fBalice %s\\fR", at == cli_commands ? "" : ".br\n", c->name);
        if (*c->words) {
            putchar(' ');
            put_roff(c->words, strlen(c->words));
        }
        puts(" [\\fIoptions\\fR]");
    }
    puts(".br\n\\fBalice \\-\\-version\\fR | \\fB\\-\\-help\\fR\n.SH DESCRIPTION");
    put_roff_text(cli_about);
    puts(".PP\nEvery command shows its options and examples with \\fB\\-\\-help\\fR "
         "(\\fB\\-h\\fR).\n"
         "A \\fISIZE\\fR is a number of MB, or has a unit: 24, 24M, 1.5G.\n"
         ".SH OPTIONS BEFORE THE COMMAND\n"
         ".TP\n\\fB\\-\\-debug\\fR\nsay more about what happens; the word \\fBdebug\\fR may\n"
         "follow, as in \\fBalice \\-\\-debug debug memory monitor\\fR\n"
         ".TP\n\\fB\\-\\-version\\fR [\\fB\\-v\\fR]\nprint the version; with \\fB\\-v\\fR also "
         "those of the libraries,\n"
         "and which of the kernel's features are used here\n"
         ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nlist the commands\n"
         ".SH COMMANDS");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        printf(".SS alice %s", c->name);
        if (*c->words) {
            putchar(' ');
            put_roff(c->words, strlen(c->words));
        }
        putchar('\n');
        put_roff_text(c->text);
        for (const cli_opt *o = c->options; *o != OPT_END; o++)
            put_man_option(cli_option_of(c, *o));
    }
    put_man_settings();
    put_notes("EXIT STATUS", cli_exit_statuses);
    put_notes("ENVIRONMENT", cli_environment);
    put_notes("FILES", cli_files);
}

int main(int argc, char **argv)
{
    bool known = argc == 2 && strcmp(argv[1], "man") == 0;
    if (known)
        write_man();
    if (!known && !(argc == 2 && completions_write(argv[1]))) {
        fputs("usage: gen_docs man | bash | zsh | fish\n", stderr);
        return 2;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
