import type { Command, Entry, Example, Foreign } from "./command.ts"
import type { Flag, FlagTable } from "./flags.ts"
import { httpFlags, outputFlags } from "./global-flags.ts"
import { wrap } from "./output/table.ts"

interface Listed {
  readonly name: string
  readonly summary: string
  readonly common?: boolean
  readonly hidden?: boolean
}

/** What `arca -h` prints. */
export function rootHelp(entries: readonly Listed[], program: string): string {
  const shown = entries.filter(({ hidden }) => hidden !== true)
  return [
    `Usage: ${program} <command> [args]`,
    `Common commands:\n${listing(shown.filter(({ common }) => common === true))}`,
    `Other commands:\n${listing(shown.filter(({ common }) => common !== true))}`,
    `Type "${program} <command> -h" for examples and flags of one command.`,
  ].join("\n\n")
}

/** What `-h` prints below the root: what it is for, how to call it, examples, then all flags. */
export function helpFor(path: readonly string[], entry: Entry, program: string): string {
  const words = [program, ...path].join(" ")
  const top = [
    `Usage: ${words}${usageOf(entry)}`,
    wrap(entry.summary, 2),
    ...(entry.about === undefined ? [] : [wrap(entry.about, 2)]),
  ]
  const examples =
    entry.examples.length === 0
      ? []
      : [`Examples:\n\n${entry.examples.map(one => exampleText(one, program)).join("\n\n")}`]
  if (entry.kind === "family") return [...top, ...examples, `Subcommands:\n${listing(entry.commands)}`].join("\n\n")
  return [...top, ...examples, ...(entry.kind === "command" ? flagSections(entry) : [])].join("\n\n")
}

function usageOf(entry: Entry): string {
  if (entry.kind === "family") return " <subcommand> [options] [args]"
  if (entry.kind === "foreign") return ` ${entry.usage ?? "[options] [args]"}`
  return ` [options]${entry.args.usage === "" ? "" : ` ${entry.args.usage}`}`
}

const exampleText = ([purpose, line]: Example, program: string): string =>
  `${wrap(`${purpose}:`, 2)}\n\n      $ ${line.includes(`$0`) ? line.replaceAll("$0", program) : `${program} ${line}`}`

function listing(entries: readonly Listed[]): string {
  const width = Math.max(...entries.map(({ name }) => name.length)) + 4
  return entries.map(({ name, summary }) => `    ${name.padEnd(width)}${summary}`).join("\n")
}

function flagSections(entry: Command): string[] {
  return [
    section("Command options", entry.flags),
    section("Output options", outputOptions(entry)),
    section("HTTP options", entry.local ? {} : httpFlags),
  ].filter(text => text !== "")
}

function outputOptions({ prints }: Command | (Foreign & { prints: "nothing" })): FlagTable {
  if (prints === "nothing") return {}
  const { field, detailed: _, ...always } = outputFlags
  return prints === "fields" ? { field, ...always } : always
}

function section(title: string, flags: FlagTable): string {
  const shown = Object.entries(flags).filter(([, { hidden }]) => hidden !== true)
  if (shown.length === 0) return ""
  return `${title}:\n\n${shown.map(([name, flag]) => flagText(name, flag)).join("\n\n")}`
}

const VALUE = { string: "string", bool: "", int: "int", duration: "duration", list: "string", pairs: "key=value" }

function flagText(name: string, flag: Flag): string {
  const value = flag.shown ?? VALUE[flag.kind]
  const more = [
    flag.about,
    flag.kind === "list" || flag.kind === "pairs" ? "May be given several times." : "",
    flag.alias === undefined ? "" : `Short: -${flag.alias}.`,
    flag.env === undefined ? "" : `Variable: VAULT_${flag.env}, BAO_${flag.env} or ARCA_${flag.env}.`,
  ]
  return `  -${name}${value === "" ? "" : `=<${value}>`}\n${wrap(more.filter(part => part !== "").join(" "), 6)}`
}
