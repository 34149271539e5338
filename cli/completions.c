/* SPDX-License-Identifier: MIT */
/*
 * The completions of the shells, from the same table that --help prints and from
 * the library's own lists of profiles and settings.
 */
#include "completions.h"

#include <stdio.h>
#include <string.h>

#include <alice/config.h>

#include "command.h"
#include "terminal.h"

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

void completions_put_profiles(const char *between)
{
    for (size_t i = 0; alice_config_profile_name(i); i++)
        printf("%s%s", i ? between : "", alice_config_profile_name(i));
}
/* ---- bash ---- */

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

/* The values that options take. */
static void write_bash_values(void)
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
            completions_put_profiles(" ");
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
}

/* The first word, and the second where a command has two. */
static void write_bash_names(void)
{
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
}

static void write_bash(void)
{
    write_bash_values();
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
    write_bash_names();
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
        completions_put_profiles(" ");
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
        completions_put_profiles(" ");
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

bool completions_write(const char *shell)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            collect_options();
            shells[i].write();
            return true;
        }
    }
    return false;
}
