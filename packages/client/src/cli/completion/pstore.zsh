#compdef pstore
# Completion of pstore in zsh. In a folder of $fpath as _pstore, or behind compinit in ~/.zshrc:
#   eval "$(pstore --completion zsh)"
# pstore makes this from its own table of options: changes made here are lost.

# Offers names that pstore looks up, as $1. It asks nobody for them, and waits no longer than 2 seconds.
_pstore_lookup() {
  local what=$1 expl
  shift
  local -a names=("${(@f)$(command pstore "${store[@]}" "$@" 2>/dev/null </dev/null)}")
  names=(${names:#})
  _wanted ${what}s expl $what compadd -a names
}

# Offers what the argument of an option may be.
_pstore_value() {
  local expl
  local -a contexts
  case $1 in
    file) _files ;;
    user) _pstore_lookup user --lookup-user ;;
    context)
      contexts=("${(@f)$(sed -n 's/^[[:space:]]*\[[[:space:]]*\([^][[:space:]]*\)[[:space:]]*\].*/\1/p' ~/.pstorerc 2>/dev/null)}")
      _wanted contexts expl context compadd -a contexts ;;
    property) [[ -n $machine ]] && _pstore_lookup property --lookup-property -- "$machine" ;;
    words\ *) _wanted values expl value compadd ${=1#words } ;;
    *) _message argument ;;
  esac
}

_pstore() {
  local w value= takes='@USUAL@' pattern= ended= machine= handed= i expl
  local -i plain=0 command=0
  local -a store=() options
  for ((i = 2; i < CURRENT; i++)); do
    w=${(Q)words[i]}
    if [[ -n $value ]]; then
      [[ -n $handed ]] && store+=("$handed" "$w")
      value= handed=
    elif [[ -z $ended && $w == -?* ]]; then
      case $w in
        (--)
          ended=1
          [[ $takes == M ]] && command=$((i + 1)) && break ;;
        @ARMS@
      esac
    elif [[ $w != [+^]* ]]; then
      [[ $takes == *s ]] && return
      [[ -z $machine ]] && machine=$w
      plain+=1
    fi
  done
  [[ -n $pattern ]] && takes=${takes//[mp]/}

  if ((command)); then
    words=("${(@)words[command,-1]}")
    CURRENT=$((CURRENT - command + 1))
    _normal
  elif [[ -n $value ]]; then
    _pstore_value "$value"
  elif [[ -z $ended && $PREFIX == --*=* ]]; then
    w=${PREFIX%%=*}
    compset -P '*='
    case $w in
      @VALUES@
    esac
    _pstore_value "$value"
  elif [[ -z $ended && $PREFIX == -* ]]; then
    options=(
      @DESCRIBED@
    )
    _describe -o option options
  elif [[ $PREFIX == +*:* && $takes == *+* ]]; then
    compset -P '*:'
    _wanted accesses expl access compadd read
  elif [[ $PREFIX == +* && $takes == *+* ]]; then
    compset -P +
    _pstore_lookup user --lookup-user
  elif [[ $PREFIX == [\^]* && $takes == *[\^]* && $takes == m* && -n $machine ]]; then
    compset -P '[\^]'
    _pstore_lookup member --lookup-member -- "$machine"
  elif [[ $PREFIX == [\^]* && $takes == *[\^]* ]]; then
    compset -P '[\^]'
    _pstore_lookup user --lookup-user
  elif [[ $takes == M ]] || [[ $takes == m* && $plain == 0 ]]; then
    _pstore_lookup machine --lookup-machine
  elif [[ $takes == mp* && $plain == 1 ]]; then
    _pstore_lookup property --lookup-property -- "$machine"
  fi
}

if [[ $funcstack[1] == _pstore ]]; then
  _pstore "$@"
elif (($+functions[compdef])); then
  compdef _pstore pstore
fi
