import { rootCommands } from "./commands/index.ts"
import type { Flag, FlagTable } from "./flags.ts"
import { httpFlags, outputFlags } from "./global-flags.ts"
import { findCommand } from "./tree.ts"

/** What the word being typed may become after `words`: commands, flags in the dash style of the word, a flag's choices. */
export async function candidates(words: readonly string[], word: string, program: string): Promise<string[]> {
  const found = await findCommand(rootCommands(program), words)
  if (found.unknown !== undefined) return []
  const flags = found.entry?.kind === "command" ? allFlags(found.entry) : {}
  const choices = choicesOf(flags, words.at(-1) ?? "", word)
  if (choices !== undefined) return choices
  const dashes = /^--?/.exec(word)?.[0]
  if (dashes !== undefined)
    return Object.keys(flags)
      .map(name => dashes + name)
      .filter(name => name.startsWith(word))
  const names = found.siblings.filter(({ hidden }) => hidden !== true).map(({ name }) => name)
  return names.filter(name => name.startsWith(word))
}

function allFlags({ flags, local, prints }: { flags: FlagTable; local: boolean; prints: string }): FlagTable {
  return { ...flags, ...(prints === "nothing" ? {} : outputFlags), ...(local ? {} : httpFlags) }
}

/** After `-format` or in `-format=j`. */
function choicesOf(flags: FlagTable, previous: string, word: string): string[] | undefined {
  const inline = /^(--?([^=]+)=)(.*)$/.exec(word)
  const name = inline?.[2] ?? /^--?(.+)$/.exec(previous)?.[1]
  const flag: Flag | undefined = name === undefined || !Object.hasOwn(flags, name) ? undefined : flags[name]
  if (flag?.choices === undefined || (inline === null && flag.kind === "bool")) return undefined
  return flag.choices
    .filter(choice => choice.startsWith(inline?.[3] ?? word))
    .map(choice => (inline?.[1] ?? "") + choice)
}
