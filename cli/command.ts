import type { Client } from "@arca/sdk"
import { variable } from "@arca/sdk/variable"
import { Failure } from "./failure.ts"
import { type Flag, type FlagTable, parseFlags, type Values, valuesOf } from "./flags.ts"
import { type GlobalValues, globals, httpFlags, outputFlags } from "./global-flags.ts"
import type { Io } from "./io.ts"
import { type Output, outputFor } from "./output/output.ts"

/** How many words a command takes besides flags. */
export interface Arguments {
  /** As help shows it: `KEY [DATA]`. */
  readonly usage: string
  readonly min: number
  readonly max: number
  /** How Vault words the expected number, where it is not simply the number. */
  readonly expected?: string
}

/** What it does, and the line to type for it (without the program's name). */
export type Example = readonly [purpose: string, line: string]

interface Declared {
  readonly name: string
  readonly summary: string
  /** Paragraphs for help, below the summary. */
  readonly about?: string
  readonly examples: readonly Example[]
}

export interface Declaration<Table extends FlagTable> extends Declared {
  readonly args?: Arguments
  readonly flags?: Table
  /** Whether it prints a value that -format and -field shape. */
  readonly prints?: "nothing" | "value" | "fields"
  readonly raw?: boolean
  /** Needs no server: no HTTP flags. */
  readonly local?: boolean
  run(call: Call<Values<Table>>): Promise<number | undefined> | Promise<void>
}

export interface Command extends Declared {
  readonly kind: "command"
  readonly args: Arguments
  readonly flags: FlagTable
  readonly local: boolean
  readonly prints: "nothing" | "value" | "fields"
  start(line: readonly string[], io: Io): Promise<number>
}

export interface Family extends Declared {
  readonly kind: "family"
  readonly commands: readonly Entry[]
}

/** A command that reads its line itself: the scanner and the server have their own. */
export interface Foreign extends Declared {
  readonly kind: "foreign"
  /** What may follow its name, where help is made from this declaration; without it the command has help of its own. */
  readonly usage?: string
  start(line: readonly string[], io: Io): Promise<number>
}

export type Entry = Command | Family | Foreign

/** One run of a command. */
export interface Call<Flags> {
  readonly flags: Flags
  readonly globals: GlobalValues
  readonly args: readonly string[]
  /** Whether a flag stands on the line (or in the environment), rather than at its default. */
  given(name: string): boolean
  readonly io: Io
  readonly out: Output
  /** The client for the request that the command is about; -output-curl-string and -wrap-ttl apply to it. */
  client(): Promise<Client>
  /** For what must be known before: always sent, never wrapped. */
  preflight(): Promise<Client>
}

const NO_ARGUMENTS: Arguments = { usage: "", min: 0, max: 0 }

/** Declares a command; its flags' types follow from the table. */
export function command<Table extends FlagTable = Record<never, never>>(declaration: Declaration<Table>): Command {
  const own: FlagTable = declaration.flags ?? {}
  const { args = NO_ARGUMENTS, prints = "nothing", local = false } = declaration
  const table: Record<string, Flag> = { ...httpFlags, ...outputFlags, ...own }
  return {
    ...declaration,
    kind: "command",
    args,
    flags: own,
    local,
    prints,
    start: async (line, io) => {
      const parsed = parseFlags(table, line)
      const env = (name: string) => variable(io.env, name)
      const shared = globals(parsed.flags, env)
      const out = outputFor(shared, io, declaration.raw === true)
      checkCount(args, parsed.args.length)
      let opened: Promise<Client> | undefined
      const client = () => (opened ??= import("./connect.ts").then(({ connect }) => connect(shared, io)))
      const code = await declaration.run({
        flags: valuesOf((declaration.flags ?? {}) as Table, parsed.flags, env),
        globals: shared,
        args: parsed.args,
        given: name => parsed.flags.has(name),
        io,
        out,
        client,
        preflight: async () => (await client()).with({ onRequest: undefined, wrapTtl: undefined }),
      })
      return code ?? 0
    },
  }
}

export const family = (declaration: Omit<Family, "kind">): Family => ({ kind: "family", ...declaration })

function checkCount({ min, max, expected }: Arguments, count: number): void {
  const wanted = expected ?? (min === max || max === Number.POSITIVE_INFINITY ? String(min) : `${min}-${max}`)
  if (count < min) throw new Failure(`Not enough arguments (expected ${wanted}, got ${count})`, 1)
  if (count > max) throw new Failure(`Too many arguments (expected ${wanted}, got ${count})`, 1)
}
