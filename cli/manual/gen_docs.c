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

/* ---- the table, seen from outside ---- */

/* The first word of a command's name, when it has two: its group. */
static size_t group_length(const cli_command *c)
{
    const char *space = strchr(c->name, ' ');
    return space ? (size_t)(space - c->name) : 0;
}

static bool same_group(const cli_command *a, const cli_command *b)
{
    size_t n = group_length(a);
    return n && n == group_length(b) && memcmp(a->name, b->name, n) == 0;
}

/* Whether `c` is the first command of its group. */
static bool opens_group(const cli_command *c)
{
    for (const cli_command *const *b = cli_commands; *b != c; b++)
        if (same_group(*b, c))
            return false;
    return group_length(c) != 0;
}

/* Every option that some command has, once by its name. */
static const cli_option *options[2 * OPT_COUNT];
static size_t option_count;

static void add_option(const cli_option *o)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(options[i]->name, o->name) == 0)
            return;
    if (option_count < sizeof options / sizeof *options)
        options[option_count++] = o;
}

static void collect_options(void)
{
    for (const cli_command *const *c = cli_commands; *c; c++)
        for (const cli_opt *o = (*c)->options; *o != OPT_END; o++)
            add_option(cli_option_of(*c, *o));
}

/* Whether the option takes a value of this kind. */
static bool takes_value(const cli_option *o, const char *what)
{
    return o->value && o->choice && strcmp(o->choice, what) == 0;
}

static void put_profiles(const char *between)
{
    for (size_t i = 0; alice_config_profile_name(i); i++)
        printf("%s%s", i ? between : "", alice_config_profile_name(i));
}

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
    put_profiles("\\fR, \\fB");
    puts("\\fR.");
}

static void write_man(void)
{
    printf(".\\\" Generated from the table of commands: see cli/manual/gen_docs.c.\n"
           ".TH ALICE 1 \"2026-11-22\" \"alice %s\" \"User Commands\"\n",
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
         ".TP\n\\fB\\-\\-version\\fR\nprint the version\n"
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

/* ---- bash ---- */

/* Text inside single quotes of a shell. */
static void put_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

static void put_names(const char *between, bool groups_only_once)
{
    bool first = true;
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        size_t n = group_length(c);
        if (n && groups_only_once && !opens_group(c))
            continue;
        printf("%s%.*s", first ? "" : between, n ? (int)n : (int)strlen(c->name), c->name);
        first = false;
    }
}

static void put_bash_options(const cli_command *c)
{
    for (const cli_opt *o = c->options; *o != OPT_END; o++) {
        const cli_option *option = cli_option_of(c, *o);
        printf(" --%s", option->name);
        if (option->letter)
            printf(" -%c", option->letter);
    }
}

/* The patterns of all options whose value is of this kind; `any`: of no kind we know. */
static void put_bash_values(const char *kind, const char *action)
{
    bool first = true;
    for (size_t i = 0; i < option_count; i++) {
        const cli_option *o = options[i];
        if (!o->value || (kind ? !takes_value(o, kind) : o->choice != NULL))
            continue;
        printf("%s--%s", first ? "    " : "|", o->name);
        if (o->letter)
            printf("|-%c", o->letter);
        first = false;
    }
    if (!first)
        printf(") %s ;;\n", action);
}

static void write_bash(void)
{
    puts("# bash completion for alice. Generated from the table of commands.\n"
         "\n"
         "_alice_words()\n{\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n}\n"
         "\n"
         "_alice_paths()\n{\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n"
         "\n"
         "_alice_keys()\n{\n"
         "    compopt -o nospace 2>/dev/null\n"
         "    _alice_words \"$1\"\n}\n"
         "\n"
         "# The value of option $1; fails where $1 takes none.\n"
         "_alice_value()\n{\n    case $1 in");
    put_bash_values("dir", "_alice_paths -d");
    put_bash_values("file", "_alice_paths -f");
    put_bash_values("pid", "_alice_words \"$(pgrep -u \"$(id -u)\" -x alice 2>/dev/null)\"");
    for (size_t i = 0; i < option_count; i++)
        if (takes_value(options[i], "profile")) {
            printf("    --%s) _alice_words '", options[i]->name);
            put_profiles(" ");
            puts("' ;;");
        }
    for (size_t i = 0; i < option_count; i++)
        if (takes_value(options[i], "key")) {
            printf("    --%s) _alice_keys '", options[i]->name);
            for (size_t k = 0; alice_config_field(k); k++)
                printf("%s%s=", k ? " " : "", alice_config_field(k)->key);
            puts("' ;;");
        }
    put_bash_values(NULL, "COMPREPLY=()");
    puts("    *) return 1 ;;\n    esac\n}\n");

    puts("_alice()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=1 "
         "command\n"
         "    COMPREPLY=()\n"
         "    # \"--option=value\" comes as three words.\n"
         "    if [[ $cur == = ]]; then\n"
         "        cur=\n"
         "    elif [[ $prev == = ]]; then\n"
         "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    fi\n"
         "    while [[ $at -lt $COMP_CWORD && ${COMP_WORDS[at]} == @(--debug|debug|help) ]]; "
         "do\n"
         "        at=$((at + 1))\n"
         "    done\n"
         "    if [[ $at -eq $COMP_CWORD ]]; then");
    fputs("        _alice_words '", stdout);
    put_names(" ", true);
    puts(" help debug --debug --version --help -h'\n        return\n    fi\n"
         "    command=${COMP_WORDS[at]}\n"
         "    case $command in");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        if (!opens_group(c))
            continue;
        int n = (int)group_length(c);
        printf("    %.*s)\n        at=$((at + 1))\n        if [[ $at -eq $COMP_CWORD ]]; then\n"
               "            _alice_words '",
               n, c->name);
        for (const cli_command *const *b = at; *b; b++)
            if (same_group(*b, c))
                printf("%s%s", b == at ? "" : " ", (*b)->name + n + 1);
        puts("'\n            return\n        fi\n        command+=\" ${COMP_WORDS[at]}\" ;;");
    }
    puts("    esac\n"
         "    [[ $prev == -* ]] && _alice_value \"$prev\" && return\n"
         "    case $command in");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        printf("    ");
        put_quoted(c->name);
        printf(")\n        if [[ $cur == -* ]]; then\n            _alice_words '");
        put_bash_options(c);
        puts("'");
        if (c->completes)
            printf("        else\n            _alice_paths -%c\n", c->completes[0]);
        puts("        fi ;;");
    }
    puts("    esac\n}\ncomplete -F _alice alice");
}

/* ---- zsh ---- */

/* A description inside [ ] of _arguments, in single quotes. */
static void put_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void put_zsh_action(const cli_option *o)
{
    printf(":%s:", o->value);
    if (takes_value(o, "dir")) {
        fputs("_files -/", stdout);
    } else if (takes_value(o, "file")) {
        fputs("_files", stdout);
    } else if (takes_value(o, "pid")) {
        fputs("_pids", stdout);
    } else if (takes_value(o, "profile")) {
        putchar('(');
        put_profiles(" ");
        putchar(')');
    } else if (takes_value(o, "key")) {
        fputs("_alice_keys", stdout);
    }
}

static void put_zsh_option(const cli_option *o)
{
    fputs("        ", stdout);
    bool many = o->choice && strcmp(o->choice, "key") == 0;
    if (o->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
               o->value ? "+" : "", o->name, o->value ? "=" : "");
    else
        printf("'%s--%s%s[", many ? "*" : "", o->name, o->value ? "=" : "");
    put_zsh_text(o->text);
    putchar(']');
    if (o->value)
        put_zsh_action(o);
    puts("' \\");
}

static void put_zsh_function(const cli_command *c)
{
    fputs("_alice-", stdout);
    for (const char *p = c->name; *p; p++)
        putchar(*p == ' ' ? '-' : *p);
    puts("()\n{\n    _arguments -s \\");
    for (const cli_opt *o = c->options; *o != OPT_END; o++)
        put_zsh_option(cli_option_of(c, *o));
    if (!c->completes)
        puts("        ':: :'");
    else
        printf("        '*:%s:_files%s'\n", c->completes, *c->completes == 'd' ? " -/" : "");
    puts("}\n");
}

static void write_zsh(void)
{
    puts("#compdef alice\n# Generated from the table of commands.\n\n_alice_keys()\n{\n"
         "    local -a keys=(");
    for (size_t i = 0; alice_config_field(i); i++) {
        fputs("        '", stdout);
        put_zsh_text(alice_config_field(i)->key);
        putchar(':');
        put_zsh_text(alice_config_field(i)->text);
        puts("'");
    }
    puts("    )\n    _describe -t keys setting keys -S =\n}\n");
    for (const cli_command *const *at = cli_commands; *at; at++)
        put_zsh_function(*at);
    puts("_alice()\n{\n    local -a commands\n"
         "    while (( CURRENT > 2 )) && [[ $words[2] == (--debug|debug|help) ]]; do\n"
         "        words[2]=()\n        (( CURRENT-- ))\n    done\n"
         "    if (( CURRENT == 2 )); then\n        commands=(");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        size_t n = group_length(c);
        if (n && !opens_group(c))
            continue;
        fputs("            '", stdout);
        printf("%.*s:", n ? (int)n : (int)strlen(c->name), c->name);
        put_zsh_text(n ? "see, test and tune what memory is used for" : c->summary);
        puts("'");
    }
    puts("            'help:how to use a command'\n        )\n"
         "        _describe -t commands command commands\n"
         "        _arguments '--debug[say more about what happens]' '--version[print the "
         "version]' "
         "'(-h --help)'{-h,--help}'[list the commands]'\n        return\n    fi\n"
         "    local name=$words[2]\n    case $name in");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        if (!opens_group(c))
            continue;
        int n = (int)group_length(c);
        printf("    %.*s)\n        if (( CURRENT == 3 )); then\n            commands=(\n", n,
               c->name);
        for (const cli_command *const *b = at; *b; b++)
            if (same_group(*b, c)) {
                printf("                '%s:", (*b)->name + n + 1);
                put_zsh_text((*b)->summary);
                puts("'");
            }
        puts("            )\n            _describe -t commands command commands\n            "
             "return\n"
             "        fi\n        name+=-$words[3]\n        words[2]=()\n        (( CURRENT-- "
             ")) ;;");
    }
    puts("    esac\n    words[1]=()\n    (( CURRENT-- ))\n"
         "    (( $+functions[_alice-$name] )) && _alice-$name\n}\n\n_alice \"$@\"");
}

/* ---- fish ---- */

static void put_fish_option(const cli_command *c, const cli_option *o)
{
    printf("complete -c alice -n '__alice_at %s' -l %s", c->name, o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (takes_value(o, "dir")) {
        fputs(" -x -a '(__fish_complete_directories)'", stdout);
    } else if (takes_value(o, "file")) {
        fputs(" -r -F", stdout);
    } else if (takes_value(o, "pid")) {
        fputs(" -x -a '(__fish_complete_pids)'", stdout);
    } else if (takes_value(o, "profile")) {
        fputs(" -x -a '", stdout);
        put_profiles(" ");
        putchar('\'');
    } else if (takes_value(o, "key")) {
        fputs(" -x -a '", stdout);
        for (size_t i = 0; alice_config_field(i); i++)
            printf("%s%s=", i ? " " : "", alice_config_field(i)->key);
        putchar('\'');
    } else if (o->value) {
        fputs(" -x", stdout);
    }
    fputs(" -d ", stdout);
    put_quoted(o->text);
    putchar('\n');
}

static void write_fish(void)
{
    puts("# fish completion for alice. Generated from the table of commands.\n\n"
         "# The words before the cursor that are neither options nor the guide's \"debug\".\n"
         "function __alice_words\n"
         "    set -l words (commandline -opc)\n"
         "    for word in $words[2..-1]\n"
         "        string match -qr -- '^(-.*|debug|help)$' $word; or echo $word\n"
         "    end\nend\n\n"
         "# Whether the command is $argv; with none, whether there is no command yet.\n"
         "function __alice_at\n"
         "    set -l words (__alice_words)\n"
         "    if test (count $argv) -eq 0\n"
         "        test (count $words) -eq 0\n"
         "        return\n"
         "    end\n"
         "    test (count $words) -ge (count $argv); and test \"$words[1..$(count $argv)]\" = "
         "\"$argv\"\n"
         "end\n\n"
         "function __alice_in_group\n"
         "    set -l words (__alice_words)\n"
         "    test (count $words) -eq 1; and test \"$words[1]\" = $argv[1]\n"
         "end\n\n"
         "complete -c alice -f\n"
         "complete -c alice -n __alice_at -l debug -d 'say more about what happens'\n"
         "complete -c alice -n __alice_at -l version -d 'print the version'\n"
         "complete -c alice -n __alice_at -l help -s h -d 'list the commands'");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        int n = (int)group_length(c);
        if (!n) {
            printf("complete -c alice -n __alice_at -a %s -d ", c->name);
            put_quoted(c->summary);
            putchar('\n');
        } else {
            if (opens_group(c))
                printf("complete -c alice -n __alice_at -a %.*s -d "
                       "'see, test and tune what memory is used for'\n",
                       n, c->name);
            printf("complete -c alice -n '__alice_in_group %.*s' -a %s -d ", n, c->name,
                   c->name + n + 1);
            put_quoted(c->summary);
            putchar('\n');
        }
        if (c->completes)
            printf("complete -c alice -n '__alice_at %s' %s\n", c->name,
                   *c->completes == 'd' ? "-a '(__fish_complete_directories)'" : "-F");
        for (const cli_opt *o = c->options; *o != OPT_END; o++)
            put_fish_option(c, cli_option_of(c, *o));
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } kinds[] = {
        {"man", write_man}, {"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
    collect_options();
    for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].write();
            return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
        }
    }
    fputs("usage: gen_docs man | bash | zsh | fish\n", stderr);
    return 2;
}
