# Completion of pstore in fish. In ~/.config/fish/config.fish: pstore --completion fish | source
# pstore makes this from its own table of options: changes made here are lost.

# Prints names. pstore asks nobody for them, and waits no longer than 2 seconds.
function __pstore_lookup
    command pstore $__pstore_store $argv 2>/dev/null </dev/null
end

# Says of the words before the cursor what they are, in the variables __pstore_….
function __pstore_read
    set -g __pstore_words (commandline -opc)
    set -g __pstore_takes 'mp+^'
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
                case -c --create
                    set __pstore_takes '+'
                case -P --password
                    set __pstore_takes 'm+^'
                case -D --delete
                    set __pstore_takes m
                case --rename
                    set value text
                    set __pstore_takes 'm+^'
                case '--rename=*'
                    set __pstore_takes 'm+^'
                case --history
                    set __pstore_takes mp
                case --restore
                    set value text
                    set __pstore_takes 'mp+^'
                case '--restore=*'
                    set __pstore_takes 'mp+^'
                case --each
                    set value text
                    set pattern 1
                case '--each=*'
                    set pattern 1
                case --rewrap
                    set __pstore_takes ''
                case --offboard
                    set value user
                    set __pstore_takes ''
                case '--offboard=*'
                    set __pstore_takes ''
                case -pg
                    set __pstore_takes mp
                case -pl
                    set __pstore_takes m
                case -ps
                    set __pstore_takes 'mp+^'
                case -pe
                    set __pstore_takes 'mp+^'
                case -pd
                    set __pstore_takes 'mp+^'
                case -s --search
                    set value text
                    set __pstore_takes ''
                case '-s?*' '--search=*'
                    set __pstore_takes ''
                case -o --output
                    set value file
                case --completion
                    set value 'words bash zsh fish'
                    set __pstore_takes ''
                case '--completion=*'
                    set __pstore_takes ''
                case --lookup-machine
                    set __pstore_takes m
                case --lookup-property
                    set __pstore_takes m
                case --lookup-member
                    set __pstore_takes m
                case --lookup-user
                    set __pstore_takes m
                case --ssh
                    set __pstore_takes ms
                case --run
                    set __pstore_takes M
                case --only
                    set value property
                case --prefix
                    set value text
                case --template
                    set value file
                    set __pstore_takes ''
                case '--template=*'
                    set __pstore_takes ''
                case -u --user
                    set value user
                    set handed $w
                case '-u?*' '--user=*'
                    set -a __pstore_store $w
                case --store-url
                    set value text
                    set handed $w
                case '--store-url=*'
                    set -a __pstore_store $w
                case -t --context
                    set value context
                    set handed $w
                case '-t?*' '--context=*'
                    set -a __pstore_store $w
                case --patience
                    set value text
                case --allow-http
                    set -a __pstore_store $w
                case --ca-file
                    set value file
                    set handed $w
                case '--ca-file=*'
                    set -a __pstore_store $w
                case --trust-mode
                    set value 'words tofu strict'
                case --trust
                    set value user
                case --identity
                    set value file
                    set handed $w
                case '--identity=*'
                    set -a __pstore_store $w
                case --passphrase-fd
                    set value text
                case --keys
                    set __pstore_takes ''
                case --web
                    set __pstore_takes ''
                case --doctor
                    set __pstore_takes ''
                case --consistency-check
                    set __pstore_takes ''
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
complete -c pstore -s c -l create -d 'create a machine with a password, for you and +USER'
complete -c pstore -s P -l password -d 'change the password of a machine; also +USER and ^USER'
complete -c pstore -l generate -d 'with -c and -P: make the password up, 24 characters'
complete -c pstore -l words -d 'with -c and -P: make the password up, 6 words'
complete -c pstore -s D -l delete -d 'delete a machine'
complete -c pstore -l rename -x -d 'give a machine another name'
complete -c pstore -l history -d 'list who changed what, and when'
complete -c pstore -l restore -x -d 'bring back a value, or all, or a deleted machine'
complete -c pstore -l each -x -d 'change all machines whose name fits, in one go'
complete -c pstore -l pending -d 'let members in who had no usable key before'
complete -c pstore -l rewrap -d 'encrypt all machines to the present keys of USER'
complete -c pstore -l offboard -x -a '(__pstore_users)' -d 'revoke USER everywhere; list the secrets USER knows'
complete -c pstore -o pg -d 'print a property, byte for byte'
complete -c pstore -o pl -d 'list a machine\'s properties; with -v, sizes and kinds'
complete -c pstore -o ps -d 'store a public property from standard input'
complete -c pstore -o pe -d 'store an encrypted property from standard input'
complete -c pstore -o pd -d 'delete a property'
complete -c pstore -s s -l search -x -d 'find by property name and public value'
complete -c pstore -s o -l output -r -F -d 'write to FILE, mode 0600: complete, or not at all'
complete -c pstore -l clip -d 'copy instead of printing; cleared after 45 seconds'
complete -c pstore -s a -l all -d 'also list what is not yours (for privileged users)'
complete -c pstore -l json -d 'print lists and properties as JSON'
complete -c pstore -s v -l verbose -d 'say more; show a password in plain colours'
complete -c pstore -l yes -d 'answer every question with yes'
complete -c pstore -s h -l help -d 'print this help; with --verbose, all of it'
complete -c pstore -l version -d 'print the version'
complete -c pstore -l completion -x -a 'bash zsh fish' -d 'print the completion script for bash, zsh or fish'
complete -c pstore -l ssh -d 'log in with ssh, which gets the stored password'
complete -c pstore -l run -d 'run a command with properties in its environment'
complete -c pstore -l only -x -a '(__pstore_properties)' -d 'with --run: hand on this property alone; repeatable'
complete -c pstore -l prefix -x -d 'with --run: what the names of the variables begin with'
complete -c pstore -l template -r -F -d 'print FILE with each {{machine/property}} filled in'
complete -c pstore -s u -l user -x -a '(__pstore_users)' -d 'your name at the store (default: the login name)'
complete -c pstore -l store-url -x -d 'where the store is; may be given several times'
complete -c pstore -s t -l context -x -a '(__pstore_contexts)' -d 'use the section [CONTEXT] of ~/.pstorerc too'
complete -c pstore -l patience -x -d 'how long to try again while no server answers'
complete -c pstore -l allow-http -d 'speak http:// without TLS to another host'
complete -c pstore -l ca-file -r -F -d 'believe these authorities\' certificates alone'
complete -c pstore -l trust-mode -x -a 'tofu strict' -d 'whether the keys of a user seen first are trusted'
complete -c pstore -l trust -x -a '(__pstore_users)' -d 'show the keys of USER, and trust them after a question'
complete -c pstore -l accept-unsigned -d 'show what an old client wrote without a signature'
complete -c pstore -l no-session -d 'keep no session: sign in anew with every command'
complete -c pstore -l identity -r -F -d 'your private key: a file of OpenSSH or OpenPGP'
complete -c pstore -l passphrase-fd -x -d 'read the key file\'s passphrase from a descriptor'
complete -c pstore -l keys -d 'list users\' keys, what is pinned, what is stale'
complete -c pstore -l web -d 'sign in to the web admin in your browser, as staff'
complete -c pstore -l doctor -d 'look whether all is well, from the store to your key'
complete -c pstore -l consistency-check -d 'list the server\'s inconsistencies, with solutions'
