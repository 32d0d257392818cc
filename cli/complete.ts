import { variable } from "@arca/sdk/variable"
import { rootCommands } from "./commands/index.ts"
import { type Flag, type FlagTable, parseFlags } from "./flags.ts"
import { globals, httpFlags, outputFlags } from "./global-flags.ts"
import type { Io } from "./io.ts"
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

/** What the server knows of the word: paths, and the parameters of a path. Nothing when it cannot be asked. */
export async function serverCandidates(words: readonly string[], word: string, io: Io): Promise<string[]> {
  if (word.startsWith("-")) return []
  const { entry, line } = await findCommand(rootCommands(io.program), words)
  if (entry?.kind !== "command" || entry.local) return []
  const takes = { usage: entry.args.usage, writes: entry.name === "write" || entry.name === "patch" }
  try {
    const { flags, args } = parseFlags(allFlags(entry), line)
    const shared = globals(flags, name => variable(io.env, name))
    const [{ pathCandidates }, { connect }] = await Promise.all([import("./complete-path.ts"), import("./connect.ts")])
    return await pathCandidates(takes, args, word, await connect(shared, io))
  } catch {
    return []
  }
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
