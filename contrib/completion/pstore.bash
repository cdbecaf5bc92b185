# Completion of pstore in bash. In ~/.bashrc: eval "$(pstore --completion bash)"
# pstore makes this from its own table of options: changes made here are lost.

# Prints names, one a line. pstore asks nobody for them, and waits no longer than 2 seconds.
_pstore_lookup() {
  command pstore "${store[@]}" "$@" 2>/dev/null </dev/null
}

# Offers the lines of its input, with $1 in front, that begin with what is typed.
_pstore_offer() {
  local name rest
  while IFS= read -r name; do
    name=$1$name
    [[ $name == "$cur"* ]] || continue
    rest=${name:kept}
    case $quote in
      \")
        rest=${rest//\\/\\\\}
        rest=${rest//\"/\\\"}
        rest=${rest//\$/\\\$}
        rest=${rest//\`/\\\`}
        rest=${rest//!/\"\\!\"} ;;
      \') rest=${rest//\'/\'\\\'\'} ;;
      *) [[ $rest == *[!A-Za-z0-9_.,:=@%/+^-]* ]] && printf -v rest %q "$rest" ;;
    esac
    # Readline closes the quote, unless the word ends with one.
    [[ -n $quote && $rest == *"$quote" ]] && rest+=$quote
    COMPREPLY+=("$rest")
  done
}

# Offers what the argument of an option may be, with $2 in front.
_pstore_value() {
  case $1 in
    file) compopt -o default 2>/dev/null ;;
    user) _pstore_offer "$2" < <(_pstore_lookup --lookup-user) ;;
    context) _pstore_offer "$2" < <(sed -n 's/^[[:space:]]*\[[[:space:]]*\([^][[:space:]]*\)[[:space:]]*\].*/\1/p' ~/.pstorerc 2>/dev/null) ;;
    property) [[ -n $machine ]] && _pstore_offer "$2" < <(_pstore_lookup --lookup-property -- "$machine") ;;
    words\ *) _pstore_offer "$2" < <(printf '%s\n' ${1#words }) ;;
  esac
}

# Completes the command that begins at word $1.
_pstore_command() {
  local at
  for ((at = 1; at < COMP_CWORD; at++)); do [[ ${COMP_WORDS[at]} == -- ]] && break; done
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset $((at + 1))
  elif declare -F _command_offset >/dev/null; then
    _command_offset $((at + 1))
  elif (($1 == ${#words[@]})) && [[ $cur != */* ]]; then
    _pstore_offer '' < <(compgen -c -- "$cur" | sort -u)
  else
    compopt -o default 2>/dev/null
  fi
}

_pstore() {
  COMPREPLY=()
  local IFS=$' \t\n'
  # The words as the shell will read them: those of COMP_WORDS end at each = : and @ too, which names may hold.
  # Readline replaces what stands behind the last of these; kept says how much of the word stands before it.
  local line=${COMP_LINE:0:COMP_POINT} cur= quote= begun= opened= kept=0 char i
  local -a words=()
  for ((i = 0; i < ${#line}; i++)); do
    char=${line:i:1}
    if [[ $quote == \' ]]; then
      if [[ $char == \' ]]; then quote=; else cur+=$char; fi
    elif [[ $char == \\ ]]; then
      ((i++))
      [[ -n $quote && ${line:i:1} != [\"\\\$\`] ]] && cur+=\\
      cur+=${line:i:1} begun=1
    elif [[ $quote == \" ]]; then
      if [[ $char == \" ]]; then quote=; else cur+=$char; fi
    elif [[ $char == [\'\"] ]]; then
      quote=$char begun=1 opened=${#cur}
    elif [[ $char == [[:space:]] ]]; then
      [[ -n $begun ]] && words+=("$cur")
      cur= begun= kept=0
    else
      cur+=$char begun=1
      if [[ $char == @ ]] && shopt -q hostcomplete; then
        kept=$((${#cur} - 1))
      elif [[ $COMP_WORDBREAKS == *"$char"* ]]; then
        kept=${#cur}
      fi
    fi
  done
  [[ -n $quote ]] && kept=$opened

  local w value= takes='mp+^' pattern= ended= handed= machine= plain=0 command=0
  local -a store=()
  for ((i = 1; i < ${#words[@]}; i++)); do
    w=${words[i]}
    if [[ -n $value ]]; then
      [[ -n $handed ]] && store+=("$handed" "$w")
      value= handed=
    elif [[ -z $ended && $w == -?* ]]; then
      case $w in
        --)
          ended=1
          [[ $takes == M ]] && command=$((i + 1)) && break ;;
        -c|--create) takes='+' ;;
        -P|--password) takes='m+^' ;;
        -D|--delete) takes=m ;;
        --rename) value=text; takes='m+^' ;;
        --rename=*) takes='m+^' ;;
        --history) takes=mp ;;
        --restore) value=text; takes='mp+^' ;;
        --restore=*) takes='mp+^' ;;
        --each) value=text; pattern=1 ;;
        --each=*) pattern=1 ;;
        --rewrap) takes='' ;;
        --offboard) value=user; takes='' ;;
        --offboard=*) takes='' ;;
        -pg) takes=mp ;;
        -pl) takes=m ;;
        -ps) takes='mp+^' ;;
        -pe) takes='mp+^' ;;
        -pd) takes='mp+^' ;;
        -s|--search) value=text; takes='' ;;
        -s?*|--search=*) takes='' ;;
        -o|--output) value=file ;;
        --completion) value='words bash zsh fish'; takes='' ;;
        --completion=*) takes='' ;;
        --lookup-machine) takes=m ;;
        --lookup-property) takes=m ;;
        --lookup-member) takes=m ;;
        --lookup-user) takes=m ;;
        --ssh) takes=ms ;;
        --run) takes=M ;;
        --only) value=property ;;
        --prefix) value=text ;;
        --template) value=file; takes='' ;;
        --template=*) takes='' ;;
        -u|--user) value=user; handed=$w ;;
        -u?*|--user=*) store+=("$w") ;;
        --store-url) value=text; handed=$w ;;
        --store-url=*) store+=("$w") ;;
        -t|--context) value=context; handed=$w ;;
        -t?*|--context=*) store+=("$w") ;;
        --patience) value=text ;;
        --allow-http) store+=("$w") ;;
        --ca-file) value=file; handed=$w ;;
        --ca-file=*) store+=("$w") ;;
        --trust-mode) value='words tofu strict' ;;
        --trust) value=user ;;
        --identity) value=file; handed=$w ;;
        --identity=*) store+=("$w") ;;
        --passphrase-fd) value=text ;;
        --keys) takes='' ;;
        --web) takes='' ;;
        --doctor) takes='' ;;
        --consistency-check) takes='' ;;
      esac
    elif [[ $w != [+^]* ]]; then
      [[ $takes == *s ]] && return
      [[ -z $machine ]] && machine=$w
      ((plain++))
    fi
  done
  [[ -n $pattern ]] && takes=${takes//[mp]/}

  if ((command)); then
    _pstore_command "$command"
  elif [[ -n $value ]]; then
    _pstore_value "$value"
  elif [[ -z $ended && $cur == --*=* ]]; then
    case ${cur%%=*} in
      --offboard) value=user ;;
      --output) value=file ;;
      --completion) value='words bash zsh fish' ;;
      --only) value=property ;;
      --template) value=file ;;
      --user) value=user ;;
      --context) value=context ;;
      --ca-file) value=file ;;
      --trust-mode) value='words tofu strict' ;;
      --trust) value=user ;;
      --identity) value=file ;;
    esac
    _pstore_value "$value" "${cur%%=*}="
  elif [[ -z $ended && $cur == -* ]]; then
    _pstore_offer '' < <(printf '%s\n' -c --create -P --password --generate --words -D --delete --rename --history --restore --each --pending --rewrap --offboard -pg -pl -ps -pe -pd -s --search -o --output --clip -a --all --json -v --verbose --yes -h --help --version --completion --ssh --run --only --prefix --template -u --user --store-url -t --context --patience --allow-http --ca-file --trust-mode --trust --accept-unsigned --no-session --identity --passphrase-fd --keys --web --doctor --consistency-check)
  elif [[ $cur == +*:* && $takes == *+* ]]; then
    _pstore_offer "${cur%%:*}:" <<<read
  elif [[ $cur == +* && $takes == *+* ]]; then
    _pstore_offer + < <(_pstore_lookup --lookup-user)
  elif [[ $cur == ^* && $takes == *^* && $takes == m* && -n $machine ]]; then
    _pstore_offer ^ < <(_pstore_lookup --lookup-member -- "$machine")
  elif [[ $cur == ^* && $takes == *^* ]]; then
    _pstore_offer ^ < <(_pstore_lookup --lookup-user)
  elif [[ $takes == M ]] || [[ $takes == m* && $plain == 0 ]]; then
    _pstore_offer '' < <(_pstore_lookup --lookup-machine ${cur:+-- "$cur"})
  elif [[ $takes == mp* && $plain == 1 ]]; then
    _pstore_offer '' < <(_pstore_lookup --lookup-property -- "$machine")
  fi
}

complete -F _pstore pstore
