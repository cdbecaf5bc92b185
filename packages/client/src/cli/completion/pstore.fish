# Completion of pstore in fish. In ~/.config/fish/config.fish: pstore --completion fish | source
# pstore makes this from its own table of options: changes made here are lost.

# Prints names. pstore asks nobody for them, and waits no longer than 2 seconds.
function __pstore_lookup
    command pstore $__pstore_store $argv 2>/dev/null </dev/null
end

# Says of the words before the cursor what they are, in the variables __pstore_….
function __pstore_read
    set -g __pstore_words (commandline -opc)
    set -g __pstore_takes '@USUAL@'
    set -g __pstore_store
    set -g __pstore_machine
    set -g __pstore_plain 0
    set -g __pstore_command 0
    set -l value
    set -l handed
    set -l ended
    set -l pattern
    set -l at 1
    for w in $__pstore_words[2..]
        set at (math $at + 1)
        if test -n "$value"
            test -n "$handed"; and set -a __pstore_store $handed $w
            set value
            set handed
        else if test -z "$ended"; and string match -qr -- '^-.' $w
            switch $w
                case --
                    set ended 1
                    if test "$__pstore_takes" = M
                        set __pstore_command (math $at + 1)
                        break
                    end
                @ARMS@
            end
        else if not string match -qr '^[+^]' -- $w
            string match -q '*s' -- $__pstore_takes; and set __pstore_takes ''
            test $__pstore_plain -eq 0; and set __pstore_machine $w
            set __pstore_plain (math $__pstore_plain + 1)
        end
    end
    test -n "$pattern"; and set __pstore_takes (string replace -ar '[mp]' '' -- $__pstore_takes)
end

# Offers users, and the properties of the machine, for options that take one.
function __pstore_users
    __pstore_read
    __pstore_lookup --lookup-user
end

function __pstore_properties
    __pstore_read
    test -n "$__pstore_machine"; and __pstore_lookup --lookup-property -- $__pstore_machine
end

function __pstore_contexts
    sed -n 's/^[[:space:]]*\[[[:space:]]*\([^][[:space:]]*\)[[:space:]]*\].*/\1/p' ~/.pstorerc 2>/dev/null
end

# Offers what may stand at the cursor and is no option.
function __pstore_plain
    __pstore_read
    set -l word (commandline -ct)
    set -l takes $__pstore_takes
    if test $__pstore_command -gt 0
        complete -C (string join ' ' -- (string escape -- $__pstore_words[$__pstore_command..]) $word)
    else if string match -qr '^\+.*:' -- $word; and string match -q '*+*' -- $takes
        echo (string replace -r ':.*' '' -- $word):read
    else if string match -q '+*' -- $word
        string match -q '*+*' -- $takes; and printf '+%s\n' (__pstore_lookup --lookup-user)
    else if string match -q '^*' -- $word
        if not string match -q '*^*' -- $takes
            return
        else if string match -q 'm*' -- $takes; and test -n "$__pstore_machine"
            printf '^%s\n' (__pstore_lookup --lookup-member -- $__pstore_machine)
        else
            printf '^%s\n' (__pstore_lookup --lookup-user)
        end
    else if test "$takes" = M; or begin; string match -q 'm*' -- $takes; and test $__pstore_plain -eq 0; end
        __pstore_lookup --lookup-machine
    else if string match -q 'mp*' -- $takes; and test $__pstore_plain -eq 1
        __pstore_lookup --lookup-property -- $__pstore_machine
    end
end

complete -c pstore -f -a '(__pstore_plain)'
@COMPLETES@
