import { parseDuration } from "@arca/api/duration"
import { Failure } from "./failure.ts"

/**
 * A flag of a command. `Value` is what the command reads; a flag that was not given is undefined, unless it has a default
 * (a list or a set of pairs is empty).
 */
export interface Flag<Value = unknown> {
  readonly kind: "string" | "bool" | "int" | "duration" | "list" | "pairs"
  readonly about: string
  readonly default: Value
  /** A shorter name, `f` for `force`. */
  readonly alias?: string
  /** The variable behind ARCA_, BAO_ and VAULT_ that sets it too. */
  readonly env?: string
  /** Words to complete with. */
  readonly choices?: readonly string[]
  /** What `-name=<…>` shows in help, where the kind says too little. */
  readonly shown?: string
  /** Accepted for the sake of existing scripts, but not in help. */
  readonly hidden?: boolean
}

export type FlagTable = Readonly<Record<string, Flag>>
export type Values<Table extends FlagTable> = { readonly [Name in keyof Table]: Table[Name]["default"] }
type Extras = Pick<Flag, "alias" | "env" | "choices" | "shown" | "hidden">

export const text = (about: string, extras: Extras = {}): Flag<string | undefined> => ({
  kind: "string",
  about,
  default: undefined,
  ...extras,
})
export const bool = (about: string, extras: Extras = {}): Flag<boolean> => ({
  kind: "bool",
  about,
  default: false,
  ...extras,
})
/** A bool whose absence differs from false. */
export const choice = (about: string, extras: Extras = {}): Flag<boolean | undefined> => ({
  kind: "bool",
  about,
  default: undefined,
  ...extras,
})
export const int = (about: string, extras: Extras = {}): Flag<number | undefined> => ({
  kind: "int",
  about,
  default: undefined,
  ...extras,
})
/** Seconds; `system` reads as -1, as in Vault. */
export const duration = (about: string, extras: Extras = {}): Flag<number | undefined> => ({
  kind: "duration",
  about,
  default: undefined,
  ...extras,
})
/** May be given several times. */
export const list = (about: string, extras: Extras = {}): Flag<readonly string[]> => ({
  kind: "list",
  about,
  default: [],
  ...extras,
})
/** `key=value`, may be given several times. */
export const pairs = (about: string, extras: Extras = {}): Flag<ReadonlyMap<string, string>> => ({
  kind: "pairs",
  about,
  default: new Map(),
  ...extras,
})

export interface ParsedLine {
  /** Values by name, of given flags only. */
  readonly flags: ReadonlyMap<string, unknown>
  readonly args: readonly string[]
}

/**
 * Reads flags anywhere on the line: `-name=value`, `-name value`, the same with two dashes, and `-name` for a bool, up to
 * `--`. A single `-` is an argument (stdin). Throws Failure, in the words of Vault's parser.
 */
export function parseFlags(table: FlagTable, line: readonly string[]): ParsedLine {
  const flags = new Map<string, unknown>()
  const args: string[] = []
  const words = line[Symbol.iterator]()
  for (const word of words) {
    if (word === "--") return { flags, args: [...args, ...words] }
    if (!/^--?[^-]/.test(word)) {
      args.push(word)
      continue
    }
    const [given, inline] = split(word.replace(/^--?/, ""))
    const name = nameOf(table, given)
    const flag = name === undefined ? undefined : table[name]
    if (name === undefined || flag === undefined) throw unknownFlag(table, given)
    const raw = inline ?? (flag.kind === "bool" ? "true" : words.next().value)
    if (raw === undefined) throw new Failure(`flag needs an argument: -${given}`, 1)
    flags.set(name, merge(flags.get(name), readValue(flag, given, raw)))
  }
  return { flags, args }
}

/** The values a command reads: given ones, else from the environment, else the defaults. */
export function valuesOf<Table extends FlagTable>(
  table: Table,
  given: ReadonlyMap<string, unknown>,
  env: (name: string) => string | undefined,
): Values<Table> {
  const entries = Object.entries(table).map(([name, flag]) => {
    if (given.has(name)) return [name, given.get(name)]
    const found = flag.env === undefined ? undefined : env(flag.env)
    return [name, found === undefined || found === "" ? flag.default : readValue(flag, name, found)]
  })
  return Object.fromEntries(entries) as Values<Table>
}

export function split(pair: string): [string, string | undefined] {
  const at = pair.indexOf("=")
  return at < 0 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)]
}

function nameOf(table: FlagTable, given: string): string | undefined {
  if (Object.hasOwn(table, given)) return given
  return Object.keys(table).find(name => table[name]?.alias === given)
}

function unknownFlag(table: FlagTable, given: string): Failure {
  return new Failure(`flag provided but not defined: -${given}`, 1, {
    meant: { typed: given, known: Object.keys(table), shown: name => `-${name}` },
    hints: ["Arguments that begin with a dash go after --"],
  })
}

/** Lists and pairs grow with each use; of the others the last wins. */
function merge(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) return [...before, ...value]
  if (before instanceof Map && value instanceof Map) return new Map([...before, ...value])
  return value
}

function readValue(flag: Flag, name: string, raw: string): unknown {
  const refuse = (reason: string) => new Failure(`invalid value "${raw}" for flag -${name}: ${reason}`, 1)
  switch (flag.kind) {
    case "string":
      return raw
    case "list":
      return [raw.trim()]
    case "bool":
      return need(BOOLS.get(raw), () => refuse("parse error"))
    case "int":
      return need(/^[+-]?\d+$/.test(raw) ? Number(raw) : undefined, () => refuse("not a whole number"))
    case "duration":
      return need(raw === "system" ? -1 : parseDuration(raw), () => refuse(`time: invalid duration "${raw}"`))
    case "pairs": {
      const [key, value] = split(raw)
      return new Map([[key, need(value, () => refuse(`missing = in KV pair: "${raw}"`))]])
    }
  }
}

const BOOLS = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word): [string, boolean] => [word, true]),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word): [string, boolean] => [word, false]),
])

function need<T>(value: T | undefined, refusal: () => Failure): T {
  if (value === undefined) throw refusal()
  return value
}
