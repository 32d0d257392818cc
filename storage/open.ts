/** From the configuration's `storage` stanza to a store. Drivers are loaded when they are used. */

import { type Clock, systemClock } from "./clock.ts"
import { memoryStorage } from "./memory.ts"
import { type Storage, StorageFailed } from "./view.ts"

/** `storage "<type>" { … }` (or `backend`): options as text, as the file has them. */
export interface Stanza {
  readonly type: string
  readonly options: ReadonlyMap<string, string>
}

/** A sentence for the operator's log. */
export type Notice = (text: string) => void

type Open = (options: Options, clock: Clock, notice: Notice) => Promise<Storage>

const TYPES: ReadonlyMap<string, { readonly options: readonly string[]; readonly open: Open }> = new Map([
  ["lmdb", { options: ["path", "map_size"], open: openLmdb }],
  ["file", { options: ["path"], open: openAsLmdb("file") }],
  [
    "raft",
    {
      options: ["path", "node_id", "retry_join", "performance_multiplier", "trailing_logs", "snapshot_threshold"],
      open: openAsLmdb("raft"),
    },
  ],
  [
    "postgresql",
    {
      options: [
        ...["connection_url", "table", "max_parallel", "max_idle_connections", "max_connect_retries"],
        ...["skip_create_table", "ha_enabled", "ha_table"],
      ],
      open: openPostgresql,
    },
  ],
  ["inmem", { options: [], open: openMemory }],
  ["inmem_ha", { options: [], open: openMemory }],
])

/**
 * Opens the store that `stanza` names: `lmdb`, `postgresql`, `inmem`, and Vault's `file` and `raft`, which an LMDB file at
 * their `path` stands in for. What the operator should know besides is given to `notice`, an unknown option too.
 * Throws `StorageFailed` with a sentence for the operator when there is no such store or it cannot be opened.
 */
export async function openStorage(stanza: Stanza, notice: Notice, clock: Clock = systemClock): Promise<Storage> {
  const type = TYPES.get(stanza.type)
  if (type === undefined) {
    const known = [...TYPES.keys()].map(name => `"${name}"`).join(", ")
    throw new StorageFailed(`There is no storage of type "${stanza.type}"; known are ${known}`)
  }
  for (const name of stanza.options.keys()) {
    if (!type.options.includes(name)) notice(`The storage "${stanza.type}" has no option "${name}"; it is ignored`)
  }
  return await type.open(new Options(stanza), clock, notice)
}

/** Reads options, with errors that name the stanza and the option, never a connection URL's password. */
class Options {
  readonly #stanza: Stanza

  constructor(stanza: Stanza) {
    this.#stanza = stanza
  }

  text(name: string): string | undefined {
    return this.#stanza.options.get(name)
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined || value === "") {
      throw new StorageFailed(`The storage "${this.#stanza.type}" needs the option "${name}"`)
    }
    return value
  }

  count(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined || value === "") return undefined
    if (!/^[1-9]\d{0,15}$/.test(value)) {
      throw new StorageFailed(
        `The option "${name}" of the storage "${this.#stanza.type}" must be a positive number, not "${value}"`,
      )
    }
    return Number(value)
  }
}

async function openMemory(_: Options, clock: Clock, notice: Notice): Promise<Storage> {
  notice("The storage is in memory: everything is lost when the server ends")
  return memoryStorage({ clock })
}

async function openLmdb(options: Options, clock: Clock): Promise<Storage> {
  const { lmdbStorage } = await import("./lmdb.ts")
  const mapSize = options.count("map_size")
  return await lmdbStorage({ path: options.required("path"), clock, ...(mapSize === undefined ? {} : { mapSize }) })
}

function openAsLmdb(type: string): Open {
  return async (options, clock, notice) => {
    notice(
      `The storage "${type}" is kept in an LMDB file in "${options.required("path")}"; ` +
        `data that Vault wrote there is not read. For several nodes use the storage "postgresql"`,
    )
    return await openLmdb(options, clock)
  }
}

async function openPostgresql(options: Options, clock: Clock, notice: Notice): Promise<Storage> {
  for (const name of ["max_idle_connections", "max_connect_retries", "ha_table"]) {
    if (options.text(name) !== undefined) notice(`The option "${name}" of the storage "postgresql" has no effect`)
  }
  if (options.text("ha_enabled") === "false") {
    notice('The option "ha_enabled" of the storage "postgresql" has no effect: nodes always share the database')
  }
  const { postgresqlStorage } = await import("./postgresql.ts")
  const table = options.text("table")
  const parallel = options.count("max_parallel")
  return await postgresqlStorage({
    connection_url: options.required("connection_url"),
    skip_create_table: options.text("skip_create_table") === "true",
    clock,
    ...(table === undefined ? {} : { table }),
    ...(parallel === undefined ? {} : { max_parallel: parallel }),
  })
}
