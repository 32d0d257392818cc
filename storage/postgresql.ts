/**
 * The shared store: any number of nodes on one PostgreSQL server.
 *
 * A view is a read-only transaction at one snapshot (REPEATABLE READ). All commits of a node that wait go to the server in
 * one call, which locks the head, checks what was read, writes and answers: no two commits are ever checked at once, so
 * none can miss the other. Read replicas are refused: their order of visibility is not the primary's.
 */

import { randomUUID } from "node:crypto"
import { Client, type ClientConfig, Pool, type PoolClient } from "pg"
import { type Clock, systemClock } from "./clock.ts"
import { CommitQueue, type Waiting } from "./commit-queue.ts"
import { type CommitRecord, type FeedSource, feed, mustReach, Signal } from "./feed.ts"
import { Memo, type MemoLimits } from "./memo.ts"
import { argumentsOf, takeGroup } from "./postgresql-commit.ts"
import { type Names, namesOf, schemaSql } from "./postgresql-schema.ts"
import { type Listing, type Snapshot, Transaction, taken } from "./transaction.ts"
import {
  Conflict,
  type Found,
  type Page,
  type Storage,
  StorageFailed,
  StorageUnavailable,
  type Version,
} from "./view.ts"

export interface PostgresqlOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`, as in Vault's configuration. */
  readonly connection_url: string
  /** The start of the names of our tables, with or without a schema: `arca` gives `arca_entries` and others. */
  readonly table?: string
  /** How many views may read at once, each on its own connection; more wait. One more connection commits. */
  readonly max_parallel?: number
  /** The tables exist already, and this user may not create any. */
  readonly skip_create_table?: boolean
  readonly clock?: Clock
  readonly memo?: MemoLimits
  /** How many commits the change feed remembers. */
  readonly remembered?: number
  /** How often a change feed looks for commits whose notification was lost, in seconds. */
  readonly poll?: number
  /** How long a commit is tried again while the server does not answer, in seconds. */
  readonly patience?: number
}

type Row = Record<string, unknown>

/** A snapshot, taken at the first read; until then it costs nothing. */
class PostgresqlSnapshot implements Snapshot {
  readonly #pool: Pool
  readonly #names: Names
  #client: Promise<PoolClient> | undefined
  #broken = false

  constructor(pool: Pool, names: Names) {
    this.#pool = pool
    this.#names = names
  }

  async get(key: string, known?: Version): Promise<Found | undefined> {
    const [row] = await this.#query(
      "get",
      `SELECT version, CASE WHEN version <> $2 THEN value END AS value FROM ${this.#names.entries} WHERE key = $1`,
      [key, known ?? 0],
    )
    if (row === undefined) return undefined
    // A plain array: a Buffer's slice would share memory, where that of a Uint8Array copies.
    return {
      version: Number(row.version),
      value: row.value instanceof Uint8Array ? new Uint8Array(row.value) : undefined,
    }
  }

  async names(listing: Listing, prefix: string, page: Page): Promise<string[]> {
    const { after = null, before = null, limit = null } = page
    const rows = await this.#query("names", `SELECT ${this.#names.listing}($1, $2, $3, $4, $5) AS name`, [
      listing,
      prefix,
      after,
      before,
      limit,
    ])
    return rows.map(row => String(row.name))
  }

  async version(): Promise<Version> {
    const [row] = await this.#query("version", `SELECT version FROM ${this.#names.head}`, [])
    return Number(row?.version)
  }

  close(): void {
    const opened = this.#client
    if (opened === undefined) return
    this.#client = undefined
    void opened.then(
      client => {
        // Not waited for: the next user's statements are sent behind it on the same connection.
        client.query("COMMIT").catch(() => undefined)
        client.release(this.#broken)
      },
      () => undefined,
    )
  }

  async #query(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      this.#client ??= this.#begin()
      const client = await this.#client
      // The connection is pipelined: what is asked at the same time is sent at once. Names make it prepare once.
      return (await client.query<Row>({ name: `arca-${name}`, text, values })).rows
    } catch (cause) {
      this.#broken = true
      throw new StorageUnavailable(`PostgreSQL could not be read: ${textOf(cause)}`, { cause })
    }
  }

  async #begin(): Promise<PoolClient> {
    const client = await this.#pool.connect()
    client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").catch(() => {
      this.#broken = true
    })
    return client
  }
}

const textOf = (cause: unknown): string =>
  cause instanceof Error && cause.message !== "" ? cause.message : String(cause)

/** The one connection that commits and hears of commits; made again when it is lost. */
class Writer {
  readonly #config: ClientConfig
  readonly #names: Names
  readonly #committed: Signal
  #client: Promise<Client> | undefined

  constructor(config: ClientConfig, names: Names, committed: Signal) {
    this.#config = config
    this.#names = names
    this.#committed = committed
  }

  async query(text: string, values?: unknown[], name?: string): Promise<Row[]> {
    this.#client ??= this.#connect()
    const client = await this.#client
    const query = name === undefined ? { text, values: values ?? [] } : { name, text, values: values ?? [] }
    return (await client.query<Row>(query)).rows
  }

  /** Drops the connection, so that the next query makes a new one. */
  async drop(): Promise<void> {
    const lost = this.#client
    this.#client = undefined
    await lost?.then(client => client.end()).catch(() => undefined)
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.#config)
    client.on("notification", () => this.#committed.raise())
    // Without a listener a lost connection would end the process; the next query reports it.
    client.on("error", () => void this.drop())
    client.on("end", () => this.#committed.raise())
    try {
      await client.connect()
      await client.query("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
      await client.query(`LISTEN ${this.#names.channel}`)
    } catch (error) {
      this.#client = undefined
      client.end().catch(() => undefined)
      throw error
    }
    return client
  }
}

/**
 * Errors after which the same request is sent again: the connection is gone (nobody knows whether the commit took
 * effect; its id makes that harmless), the server is starting or stopping, or another transaction was in the way.
 */
const TRANSIENT = /^(08...|57P0.|40001|40P01|55P03|53300)$/

const isTransient = (error: unknown): boolean =>
  !(error instanceof Error && "code" in error && "severity" in error) || TRANSIENT.test(String(error.code))

interface CommitLimits {
  readonly clock: Clock
  readonly remembered: number
  readonly patience: number
}

/** Sends groups of commits, each until it is answered or patience ends. */
class Committer {
  readonly #writer: Writer
  readonly #sql: string
  readonly #limits: CommitLimits
  readonly #committed: Signal
  #newest: Version = 0

  constructor(writer: Writer, names: Names, limits: CommitLimits, committed: Signal) {
    this.#writer = writer
    this.#sql = `SELECT ${names.commit}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS versions`
    this.#limits = limits
    this.#committed = committed
  }

  /** The newest version that this node has committed. */
  get newest(): Version {
    return this.#newest
  }

  async commitGroup(waiting: Waiting<PostgresqlSnapshot>[]): Promise<void> {
    const { members, overtaken } = takeGroup(waiting)
    let versions: Version[]
    try {
      versions = await this.#send(members)
    } catch (error) {
      for (const { done } of members) done.reject(error)
      return
    }
    this.#newest = Math.max(this.#newest, ...versions)
    const succeeded = new Set(members.filter((_, at) => versions[at] !== 0))
    for (const [at, { done }] of members.entries()) {
      const version = versions[at] ?? 0
      if (version > 0) done.resolve(version)
      else done.reject(new Conflict("Something that was read was changed by another commit"))
    }
    for (const [one, writer] of overtaken) {
      if (!succeeded.has(writer)) continue
      waiting.splice(waiting.indexOf(one), 1)
      one.done.reject(new Conflict("A value that was read was changed by another commit"))
    }
    if (succeeded.size > 0) this.#committed.raise()
  }

  async #send(members: readonly Waiting<PostgresqlSnapshot>[]): Promise<Version[]> {
    const { clock, remembered, patience } = this.#limits
    const values = [randomUUID(), ...argumentsOf(members), remembered]
    const deadline = clock.now() + patience
    for (let pause = 0.05; ; pause = Math.min(pause * 2, 1)) {
      try {
        const [row] = await this.#writer.query(this.#sql, values, "arca-commit")
        return numbersOf(row?.versions)
      } catch (cause) {
        if (!isTransient(cause)) {
          throw new StorageUnavailable(`PostgreSQL refused the commit: ${textOf(cause)}`, { cause })
        }
        await this.#writer.drop()
        if (clock.now() + pause > deadline) {
          const text = `PostgreSQL did not answer a commit within ${patience} seconds; whether it took effect is unknown`
          throw new StorageUnavailable(`${text}: ${textOf(cause)}`, { cause })
        }
        await clock.sleep(pause, new AbortController().signal)
      }
    }
  }
}

/** 64-bit integers come as text; versions fit a double for 2^53 commits. */
const numbersOf = (versions: unknown): Version[] => (Array.isArray(versions) ? versions.map(Number) : [])

/** Connects and makes the tables that are missing. Throws `StorageFailed` when this database cannot be a store. */
export async function postgresqlStorage(options: PostgresqlOptions): Promise<Storage> {
  const clock = options.clock ?? systemClock
  const memo = new Memo(options.memo)
  const names = namesOf(options.table ?? "arca")
  const limits = { clock, remembered: options.remembered ?? 32_768, patience: options.patience ?? 10 }
  const config = {
    connectionString: options.connection_url,
    application_name: "arca",
    keepAlive: true,
    connectionTimeoutMillis: limits.patience * 1000,
    // A server that no longer answers must not hold requests for ever.
    query_timeout: limits.patience * 1000,
  }
  const committed = new Signal()
  const writer = new Writer(config, names, committed)
  try {
    await prepare(writer, names, options.skip_create_table ?? false)
  } catch (cause) {
    await writer.drop()
    throw new StorageFailed(`Cannot use the PostgreSQL database: ${textOf(cause)}`, { cause })
  }
  const pool = new Pool({
    ...config,
    max: options.max_parallel ?? 32,
    min: 0,
    idleTimeoutMillis: 60_000,
    pipeline: true,
  })
  // Without listeners a lost connection would end the process; the next query on it reports the loss.
  pool.on("error", () => undefined)
  pool.on("connect", client => client.on("error", () => undefined))
  const committer = new Committer(writer, names, limits, committed)
  const queue = new CommitQueue<PostgresqlSnapshot>(waiting => committer.commitGroup(waiting))
  let open = true
  const source: FeedSource = {
    committed,
    poll: options.poll ?? 1,
    clock,
    closed: () => !open,
    read: since => recordsAfter(pool, names, since),
  }
  const version = async () => {
    const snapshot = new PostgresqlSnapshot(pool, names)
    try {
      return await snapshot.version()
    } finally {
      snapshot.close()
    }
  }
  return {
    view: () => {
      if (!open) throw new StorageFailed("The store is closed")
      return new Transaction(new PostgresqlSnapshot(pool, names), memo)
    },
    commit: async view => {
      const transaction = taken(view, memo, PostgresqlSnapshot)
      return transaction.writes.size === 0 ? committer.newest : queue.add(transaction)
    },
    changes: since => feed(since, source),
    version,
    now: async () => {
      const { rows } = await pool.query<Row>("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
      return Number(rows[0]?.now)
    },
    [Symbol.asyncDispose]: async () => {
      if (!open) return
      open = false
      committed.raise()
      await queue.close()
      await Promise.all([writer.drop(), pool.end()])
    },
  }
}

/** Makes what is missing, one node at a time, and refuses a database that cannot keep the promises. */
async function prepare(writer: Writer, names: Names, skip: boolean): Promise<void> {
  const [server] = await writer.query(
    `SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica,
       current_setting('fsync') AS fsync, current_setting('server_version_num')::int AS version`,
  )
  if (server?.encoding !== "UTF8") throw new Error(`its encoding is "${server?.encoding}"; it must be UTF8`)
  if (server.replica === true) throw new Error("it is a read replica; name the primary in connection_url")
  if (Number(server.version) < 130_000) throw new Error("the server is older than PostgreSQL 13")
  if (server.fsync !== "on") throw new Error('the server runs with "fsync = off", so a power cut would lose commits')
  const [present] = await writer.query(
    "SELECT to_regclass($1) IS NOT NULL AND to_regproc($2) IS NOT NULL AND to_regproc($3) IS NOT NULL AS all",
    [names.head, names.listing, names.commit],
  )
  if (present?.all === true) return
  if (skip) throw new Error("its tables and functions are not there, and skip_create_table forbids to make them")
  await writer.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${schemaSql(names)} COMMIT`)
}

/** The key of the advisory lock under which nodes make the schema: "arca" in ASCII. */
const SCHEMA_LOCK = 0x61726361

/** The oldest commits after `since`. Their order is that of their visibility, as each holds the head's lock to its end. */
async function recordsAfter(pool: Pool, names: Names, since: Version): Promise<CommitRecord[]> {
  const { rows } = await pool.query<Row>({
    name: "arca-records",
    text: `SELECT h.version AS head, c.version, c.keys, c.puts FROM ${names.head} h
      LEFT JOIN LATERAL (
        SELECT * FROM ${names.commits} WHERE version > $1 ORDER BY version LIMIT 256) c ON true
      ORDER BY c.version`,
    values: [since],
  })
  const head = Number(rows[0]?.head ?? 0)
  if (since === head) return []
  const records = rows.flatMap(row => (row.version === null ? [] : [recordFrom(row)]))
  mustReach(since, records[0]?.version ?? head + 1, head)
  return records
}

function recordFrom(row: Row): CommitRecord {
  const version = Number(row.version)
  const puts = Array.isArray(row.puts) ? row.puts : []
  const keys = Array.isArray(row.keys) ? row.keys : []
  return {
    version,
    changes: keys.map((key, at) => ({ version, key: String(key), kind: puts[at] === true ? "put" : "delete" })),
  }
}
