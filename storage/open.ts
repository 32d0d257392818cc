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
      connection_url: "How to reach it: `postgresql://user:password@host/database`, or `host=… user=… dbname=…`.",
      table: "How tables are called; `arca` unless told otherwise: the start of the names of its tables.",
      max_parallel: "Connections at the same time.",
      skip_create_table: "`true` leaves making the tables to you.",
      max_idle_connections: "",
      max_connect_retries: "How often to try to connect at the start, a second apart.",
      ha_enabled: "",
      ha_table: "",
    },
    open: openPostgresql,
  },
  etcd: {
    about: "An etcd cluster (3.4 or newer) that any number of nodes share.",
    options: {
      address: "The members, separated by commas: `https://a:2379,https://b:2379`. Or `ETCD_ADDR`.",
      path: "What the store's keys begin with; `arca/` unless told otherwise.",
      username: "The user, where etcd asks for one. Or `ETCD_USERNAME`.",
      password: "Its password. Or `ETCD_PASSWORD`.",
      tls_ca_file: "The authority of the members' certificates, in PEM.",
      tls_cert_file: "The certificate shown to etcd, in PEM.",
      tls_key_file: "Its key, in PEM.",
      request_timeout: "How long a member may take to answer before the next is asked; `2s` unless told otherwise.",
      max_txn_ops: "etcd's `--max-txn-ops`, when it is not 128.",
      max_request_size: "etcd's `--max-request-bytes`, when it is not 1572864.",
      compact: "`false` when something else compacts the cluster's history.",
      ha_enabled: "",
      etcd_api: "",
      sync: "",
    },
    open: openEtcd,
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
 * Opens the store that `stanza` names: `lmdb`, `postgresql`, `etcd`, `inmem`, and Vault's `file` and `raft`, which an LMDB file at
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

  /** Seconds, as `10`, `10s` or `1.5s`. */
  seconds(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined || value === "") return undefined
    const found = /^(\d{1,6}(?:\.\d{1,3})?)(s|m)?$/.exec(value)
    if (found === null || Number(found[1]) === 0) {
      throw new StorageFailed(
        `The option "${name}" of the storage "${this.#stanza.type}" must be a time such as "5s", not "${value}"`,
      )
    }
    return Number(found[1]) * (found[2] === "m" ? 60 : 1)
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

/** A setting that must not stand in a file, as the command line looks for its own. */
const fromEnvironment = (name: string): string | undefined =>
  process.env[`ARCA_${name}`] ?? process.env[`BAO_${name}`] ?? process.env[`VAULT_${name}`]

async function openPostgresql(options: Options, clock: Clock, notice: Notice): Promise<Storage> {
  for (const name of ["max_idle_connections", "ha_table"]) {
    if (options.text(name) !== undefined) notice(`The option "${name}" of the storage "postgresql" has no effect`)
  }
  if (options.text("ha_enabled") === "false") {
    notice('The option "ha_enabled" of the storage "postgresql" has no effect: nodes always share the database')
  }
  const { postgresqlStorage } = await import("./postgresql.ts")
  const table = options.text("table")
  const retries = options.count("max_connect_retries")
  const parallel = options.count("max_parallel")
  return await postgresqlStorage({
    connection_url: fromEnvironment("PG_CONNECTION_URL") ?? options.required("connection_url"),
    skip_create_table: options.text("skip_create_table") === "true",
    clock,
    notice,
    ...(table === undefined ? {} : { table }),
    ...(retries === undefined ? {} : { max_connect_retries: retries }),
    ...(parallel === undefined ? {} : { max_parallel: parallel }),
  })
}

async function openEtcd(options: Options, clock: Clock, notice: Notice): Promise<Storage> {
  for (const name of ["ha_enabled", "sync"]) {
    if (options.text(name) !== undefined) notice(`The option "${name}" of the storage "etcd" has no effect`)
  }
  if (options.text("etcd_api") === "v2") throw new StorageFailed('The storage "etcd" speaks only the API "v3"')
  const { endpointsOf, etcdStorage } = await import("./etcd.ts")
  const address = options.text("address") ?? process.env.ETCD_ADDR ?? "http://127.0.0.1:2379"
  let endpoints: readonly string[]
  try {
    endpoints = endpointsOf(address)
  } catch (error) {
    throw new StorageFailed(`The option "address" of the storage "etcd" ${error instanceof Error ? error.message : ""}`)
  }
  return await etcdStorage({
    endpoints,
    path: options.text("path"),
    username: options.text("username") ?? process.env.ETCD_USERNAME,
    password: options.text("password") ?? process.env.ETCD_PASSWORD,
    tls_ca_file: options.text("tls_ca_file"),
    tls_cert_file: options.text("tls_cert_file"),
    tls_key_file: options.text("tls_key_file"),
    request_timeout: options.seconds("request_timeout"),
    max_txn_ops: options.count("max_txn_ops"),
    max_request_size: options.count("max_request_size"),
    compact: options.text("compact") !== "false",
    clock,
  })
}
