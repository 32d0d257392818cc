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

interface StorageType {
  readonly about: string
  /** What each option means; those that say nothing are accepted without effect. */
  readonly options: Readonly<Record<string, string>>
  readonly open: Open
}

const PATH = "The directory of the store."

const IN_MEMORY = "Everything in memory; it is lost when the server ends."
const STAND_IN = "Vault's, from existing configurations: an LMDB store at its path stands in for it."

/** The stores there are, by the name of their stanza. */
export const STORAGE_TYPES: Readonly<Record<string, StorageType>> = {
  lmdb: {
    about: "A store on this machine's disk. Several workers share it.",
    options: { path: PATH, map_size: "Bytes that the store may grow to." },
    open: openLmdb,
  },
  postgresql: {
    about: "A PostgreSQL database that any number of nodes share.",
    options: {
      connection_url: "How to reach it: `postgresql://user:password@host/database`.",
      table: "How tables are called; `arca` unless told otherwise: the start of the names of its tables.",
      max_parallel: "Connections at the same time.",
      skip_create_table: "`true` leaves making the tables to you.",
      max_idle_connections: "",
      max_connect_retries: "",
      ha_enabled: "",
      ha_table: "",
    },
    open: openPostgresql,
  },
  inmem: { about: IN_MEMORY, options: {}, open: openMemory },
  inmem_ha: { about: IN_MEMORY, options: {}, open: openMemory },
  file: { about: STAND_IN, options: { path: PATH }, open: openAsLmdb("file") },
  raft: {
    about: STAND_IN,
    options: {
      path: PATH,
      node_id: "",
      retry_join: "",
      performance_multiplier: "",
      trailing_logs: "",
      snapshot_threshold: "",
    },
    open: openAsLmdb("raft"),
  },
}

/**
 * Opens the store that `stanza` names: `lmdb`, `postgresql`, `inmem`, and Vault's `file` and `raft`, which an LMDB file at
 * their `path` stands in for. What the operator should know besides is given to `notice`, an unknown option too.
 * Throws `StorageFailed` with a sentence for the operator when there is no such store or it cannot be opened.
 */
export async function openStorage(stanza: Stanza, notice: Notice, clock: Clock = systemClock): Promise<Storage> {
  const type = Object.hasOwn(STORAGE_TYPES, stanza.type) ? STORAGE_TYPES[stanza.type] : undefined
  if (type === undefined) {
    const known = Object.keys(STORAGE_TYPES)
      .map(name => `"${name}"`)
      .join(", ")
    throw new StorageFailed(`There is no storage of type "${stanza.type}"; known are ${known}`)
  }
  for (const name of stanza.options.keys()) {
    if (!Object.hasOwn(type.options, name))
      notice(`The storage "${stanza.type}" has no option "${name}"; it is ignored`)
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
