/** By shell: a script that asks `NAME __complete` for what may stand at the cursor, and takes files when there is none. */
export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', (name: string) => string>> = {
  bash: (name) => `# source <(${name} completion bash)
_${name}() {
  local IFS=$'\\n'
  COMPREPLY=($(${name} __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
  if [[ \${COMP_WORDS[COMP_CWORD-1]} == = || \${COMP_WORDS[COMP_CWORD]} == = ]]; then
    COMPREPLY=("\${COMPREPLY[@]#*=}")
  fi
  if [[ \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _${name} ${name}
`,
  zsh: (name) => `#compdef ${name}
# source <(${name} completion zsh)
_${name}() {
  local -a lines values
  local line
  lines=("\${(@f)$(${name} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -z \${lines[1]} ]]; then
    _files
    return
  fi
  for line in "\${lines[@]}"; do values+=("\${\${line//:/\\\\:}/$'\\t'/:}"); done
  _describe '${name}' values
}
compdef _${name} ${name}
`,
  fish: (name) => `# ${name} completion fish | source
function __${name}_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -e words[1]
    set -l found (${name} __complete -- $words "$token" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path "$token"
    end
end
complete -c ${name} -f -a '(__${name}_complete)'
`,
}
