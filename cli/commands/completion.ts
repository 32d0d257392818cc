import { command, type Foreign } from "../command.ts"
import { Failure } from "../failure.ts"
import type { Io } from "../io.ts"

const SHELLS = ["bash", "zsh", "fish"]

export const completion = command({
  name: "completion",
  summary: "Prints what a shell needs to complete commands and flags.",
  examples: [
    ["For bash, now and in new shells", 'eval "$($0 completion bash)"    # put it into ~/.bashrc'],
    ["For zsh", 'eval "$($0 completion zsh)"    # put it into ~/.zshrc'],
    ["For fish", "$0 completion fish > ~/.config/fish/completions/$0.fish"],
  ],
  args: { usage: "bash | zsh | fish", min: 1, max: 1 },
  local: true,
  run: async ({ args: [shell = ""], io, out }) => {
    const script = scripts.get(shell)
    if (script === undefined)
      throw new Failure(`There is no completion for "${shell}"; for these there is: ${SHELLS.join(", ")}`, 1)
    out.line(script(io.program))
  },
})

/** Each asks the program itself, so that they never fall behind it. */
const scripts = new Map<string, (program: string) => string>([
  [
    "bash",
    program => `_${program}_complete() {
  local IFS=$'\\n'
  COMPREPLY=($(${program} __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" -- "\${COMP_WORDS[COMP_CWORD]}" 2>/dev/null))
  [[ "\${COMPREPLY[*]}" == *[=/] ]] && compopt -o nospace
  return 0
}
complete -o default -F _${program}_complete ${program}`,
  ],
  [
    "zsh",
    program => `_${program}_complete() {
  local -a found
  found=("\${(@f)$(${program} __complete "\${words[@]:1:CURRENT-2}" -- "\${words[CURRENT]}" 2>/dev/null)}")
  [[ -n "$found" ]] || { _files; return }
  compadd -S '' -- \${(M)found:#*[=/]}
  compadd -- \${found:#*[=/]}
}
compdef _${program}_complete ${program}`,
  ],
  [
    "fish",
    program => `function __${program}_complete
  set -l words (commandline -opc)
  ${program} __complete $words[2..-1] -- (commandline -ct) 2>/dev/null
end
complete -c ${program} -a "(__${program}_complete)"`,
  ],
])

/** `arca __complete WORDS… -- WORD`: what WORD may become, one a line. Called by the shells' scripts. */
export const completeWord: Foreign = {
  kind: "foreign",
  name: "__complete",
  summary: "",
  examples: [],
  start: async (line: readonly string[], io: Io) => {
    const end = line.lastIndexOf("--")
    const { candidates, serverCandidates } = await import("../complete.ts")
    const [words, word] = [line.slice(0, end), line[end + 1] ?? ""]
    const found = await candidates(words, word, io.program)
    const all = found.length > 0 ? found : await serverCandidates(words, word, io)
    io.stdout.write(all.map(one => `${one}\n`).join(""))
    return 0
  },
}
