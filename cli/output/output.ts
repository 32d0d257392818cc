import type { Secret } from "@arca/sdk"
import { Failure } from "../failure.ts"
import type { GlobalValues } from "../global-flags.ts"
import type { Io } from "../io.ts"
import { goValue } from "./go.ts"
import { goJson } from "./json.ts"
import { dataRows, ownField, secretField, secretJson, secretRows } from "./secret.ts"
import { inert, table, wrap } from "./table.ts"

export type Format = "table" | "json" | "yaml" | "pretty" | "raw"

/** Prints results on stdout and words on stderr, in the format asked for. */
export interface Output {
  readonly format: Format
  /** The one field asked for by -field. */
  readonly field: string | undefined
  readonly detailed: boolean
  /** A line on stdout, whatever the format. */
  line(text: string): void
  /** A line that only people read: left out when the format is for machines. */
  note(text: string): void
  /** Lines on stderr. */
  warn(text: string): void
  /** A reply with its envelope; only its field when one is asked for. */
  secret(secret: Secret): Promise<void>
  /** The names in a list's reply. */
  names(secret: Secret, keys: readonly string[]): Promise<void>
  /** Any value; as a table of keys and values when it is an object. */
  value(value: object): Promise<void>
  /** One value as it is, without a newline when stdout is not a terminal. */
  bare(value: unknown): Promise<void>
  /** The field of `data` that -field names. */
  fieldOf(data: object, kind: string): Promise<void>
  /** A reply's warnings, when people read along. */
  warnings(secret: Secret): void
}

export function outputFor(flags: GlobalValues, io: Io, allowRaw: boolean): Output {
  const format = formatOf(flags, allowRaw)
  const { stdout, stderr } = io
  const line = (text: string) => stdout.write(`${text}\n`)
  const warn = (text: string) => stderr.write(`${coloured(io, text)}\n`)
  const print = async (value: unknown) => line(await encoded(format, value))
  const people = format === "table"

  const warnings = ({ warnings }: Secret) => {
    if (warnings === null || warnings === undefined || warnings.length === 0) return
    warn("WARNING! The following warnings were returned from Vault:\n")
    for (const warning of warnings) warn(`${wrap(`* ${inert(warning)}`, 2)}\n`)
  }
  const bare = async (value: unknown) => {
    const text = people || format === "raw" ? goValue(value) : await encoded(format, value)
    stdout.write(stdout.isTerminal ? `${text}\n` : text)
  }
  const field = (value: unknown, name: string, kind: string) => {
    if (value === null || value === undefined) throw new Failure(`Field "${name}" not present in ${kind}`, 1)
    return bare(value)
  }
  const rows = (pairs: readonly (readonly [string, string])[]) => {
    if (pairs.length > 0) line(table(["Key", "Value"], pairs))
  }
  return {
    format,
    field: flags.field,
    detailed: flags.detailed,
    line,
    warn,
    warnings,
    bare,
    note: text => {
      if (people) line(text)
    },
    secret: async secret => {
      if (people) warnings(secret)
      if (flags.field !== undefined) return field(secretField(secret, flags.field), flags.field, "secret")
      return people ? rows(secretRows(secret)) : print(secretJson(secret))
    },
    names: async (secret, keys) => {
      if (!people) return print(flags.detailed ? secretJson(secret) : keys)
      warnings(secret)
      if (keys.length > 0) line(namesTable(secret, keys, flags.detailed))
    },
    value: async value => (people ? rows(dataRows(value)) : print(value)),
    fieldOf: async (data, kind) => field(ownField(data, flags.field ?? ""), flags.field ?? "", kind),
  }
}

function formatOf(flags: GlobalValues, allowRaw: boolean): Format {
  const asked = (flags.json ? "json" : (flags.format ?? "table")).toLowerCase()
  const format = FORMATS.find(name => name === asked)
  if (format === undefined) throw new Failure(`Invalid output format: ${asked}`, 1)
  if (format === "raw" && !allowRaw) throw new Failure("This command does not support the -format=raw option.", 1)
  return format
}

const FORMATS: readonly Format[] = ["table", "json", "yaml", "pretty", "raw"]

async function encoded(format: Format, value: unknown): Promise<string> {
  if (format === "json") return goJson(value)
  if (format === "yaml") return (await import("./yaml.ts")).yamlText(value)
  throw new Failure(`Could not parse output: cannot use the ${format} formatter for this type`, 1)
}

/** One column of names; with -detailed, what the server says of each beside it. */
function namesTable({ data }: Secret, keys: readonly string[], detailed: boolean): string {
  const facts = detailed ? keyFacts(data) : new Map<string, ReadonlyMap<string, string>>()
  const known = keys.flatMap(key => [...(facts.get(key)?.keys() ?? [])])
  const titles = [...new Set(known)].sort()
  return table(
    ["Keys", ...titles],
    [...keys].sort().map(key => [key, ...titles.map(title => facts.get(key)?.get(title) ?? "n/a")]),
  )
}

function keyFacts(data: object | null): Map<string, ReadonlyMap<string, string>> {
  const facts = ownField(data, "key_info")
  if (typeof facts !== "object" || facts === null) return new Map()
  return new Map(
    Object.entries(facts).map(([key, about]) => [
      key,
      new Map(dataRows(typeof about === "object" && about !== null ? about : {})),
    ]),
  )
}

/** Yellow on a terminal that wants colours. */
function coloured({ env, stderr }: Io, text: string): string {
  const plain =
    !stderr.isTerminal || env.NO_COLOR || env.TERM === "dumb" || env.VAULT_CLI_NO_COLOR || env.BAO_CLI_NO_COLOR
  return plain && !env.FORCE_COLOR ? text : `\u001b[33m${text}\u001b[39m`
}
