/**
 * The shared store: any number of nodes on one PostgreSQL server.
 *
 * A view is a read-only transaction at one snapshot (REPEATABLE READ), or a single statement when it was foreseen what the
 * view reads (postgresql-snapshot.ts). All commits of a node that wait go to the server in
 * one call, which locks the head, checks what was read, writes and answers: no two commits are ever checked at once, so
 * none can miss the other. Read replicas are refused: their order of visibility is not the primary's.
 */

import { randomUUID } from "node:crypto"
import { Client, type ClientConfig, Pool } from "pg"
import { type Clock, pause, systemClock } from "./clock.ts"
import { CommitQueue, type Waiting } from "./commit-queue.ts"
import { type CommitRecord, type FeedSource, feed, mustReach, Signal } from "./feed.ts"
import { Foresight } from "./foresight.ts"
import { Memo, type MemoLimits } from "./memo.ts"
import { addressOf } from "./postgresql-address.ts"
import { argumentsOf, takeGroup } from "./postgresql-commit.ts"
import { migrate, Unfit } from "./postgresql-migrations.ts"
import { type Names, namesOf } from "./postgresql-schema.ts"
import { isTransient, PostgresqlSnapshot, type Reading, type Row, textOf } from "./postgresql-snapshot.ts"
import { Transaction, taken } from "./transaction.ts"
import { Conflict, momentOf, type Storage, StorageFailed, StorageUnavailable, type Version } from "./view.ts"

export interface PostgresqlOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`, as in Vault's configuration. */
  readonly connection_url: string
  /** The start of the names of our tables, with or without a schema: `arca` gives `arca_entries` and others. */
  readonly table?: string
  /** How many views may read at once, each on its own connection; more wait. One more connection commits. */
  readonly max_parallel?: number
  /** The tables exist already, and this user may not create any. */
  readonly skip_create_table?: boolean
  /** How often to try to connect at the start, a second apart; 1 unless told otherwise. */
  readonly max_connect_retries?: number
  /** Takes what the operator should know while the server is waited for. */
  readonly notice?: (text: string) => void
  readonly clock?: Clock
  readonly memo?: MemoLimits
  /** How many commits the change feed remembers. */
  readonly remembered?: number
  /** How often a change feed looks for commits whose notification was lost, in seconds. */
  readonly poll?: number
  /** How long a commit is tried again while the server does not answer, in seconds. */
  readonly patience?: number
}

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
  sent = 0

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
    for (let wait = 0.05; ; wait = Math.min(wait * 2, 1)) {
      try {
        this.sent++
        const [row] = await this.#writer.query(this.#sql, values, "arca-commit")
        return numbersOf(row?.versions)
      } catch (cause) {
        if (!isTransient(cause)) {
          throw new StorageUnavailable(`PostgreSQL refused the commit: ${textOf(cause)}`, { cause })
        }
        await this.#writer.drop()
        if (clock.now() + wait > deadline) {
          const text = `PostgreSQL did not answer a commit within ${patience} seconds; whether it took effect is unknown`
          throw new StorageUnavailable(`${text}: ${textOf(cause)}`, { cause })
        }
        await pause(clock, wait)
      }
    }
  }
}

/** 64-bit integers come as text; versions fit a double for 2^53 commits. */
const numbersOf = (versions: unknown): Version[] => (Array.isArray(versions) ? versions.map(Number) : [])

export interface PostgresqlStorage extends Storage {
  /** How many statements were sent whose answer someone waited for. */
  sent(): number
}

/** Connects and makes the tables that are missing. Throws `StorageFailed` when this database cannot be a store. */
export async function postgresqlStorage(options: PostgresqlOptions): Promise<PostgresqlStorage> {
  const clock = options.clock ?? systemClock
  const memo = new Memo(options.memo)
  const names = namesOf(options.table ?? "arca")
  const limits = { clock, remembered: options.remembered ?? 32_768, patience: options.patience ?? 10 }
  const config = {
    connectionString: addressOf(options.connection_url),
    application_name: "arca",
    keepAlive: true,
    connectionTimeoutMillis: limits.patience * 1000,
    // A server that no longer answers must not hold requests for ever.
    query_timeout: limits.patience * 1000,
  }
  const committed = new Signal()
  const writer = new Writer(config, names, committed)
  // Making tables may take longer than a commit may.
  const first = new Writer({ ...config, query_timeout: 60_000 }, names, committed)
  await connectFirst(first, names, options, clock)
  await first.drop()
  const pool = new Pool({
    ...config,
    max: options.max_parallel ?? 32,
    min: 0,
    idleTimeoutMillis: 60_000,
    pipeline: true,
  })
  // Without listeners a lost connection would end the process; the next query on it reports the loss.
  pool.on("error", () => undefined)
  pool.on("connect", client => {
    client.on("error", () => undefined)
    // Not as parameters of the connection: poolers refuse those. A view of a node that hangs must not hold back vacuum.
    client
      .query(
        `SET statement_timeout = '${Math.ceil(limits.patience)}s'; SET idle_in_transaction_session_timeout = '${IDLE_VIEW}s'`,
      )
      .catch(() => undefined)
  })
  const reading: Reading = {
    pool,
    names,
    foresight: new Foresight(),
    clock,
    retry: Math.min(limits.patience, 2),
    sent: 0,
  }
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
    const snapshot = new PostgresqlSnapshot(reading, [])
    try {
      return await snapshot.version()
    } finally {
      snapshot.close([])
    }
  }
  const view: Storage["view"] = hints => {
    if (!open) throw new StorageFailed("The store is closed")
    return new Transaction(new PostgresqlSnapshot(reading, hints?.() ?? []), memo)
  }
  return {
    view,
    moment: () => momentOf(view),
    commit: async view => {
      const transaction = taken(view, memo, PostgresqlSnapshot)
      return transaction.writes.size === 0 ? committer.newest : queue.add(transaction)
    },
    changes: since => feed(since, source),
    sent: () => reading.sent + committer.sent,
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

/** How long a view may stay open without a question, in seconds. */
const IDLE_VIEW = 60

/** Looks at the server and makes what is missing; waits for a server that is starting, as often as it was told to. */
async function connectFirst(writer: Writer, names: Names, options: PostgresqlOptions, clock: Clock): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await prepare(writer, names, options.skip_create_table ?? false)
    } catch (cause) {
      await writer.drop()
      const most = options.max_connect_retries ?? 1
      const hint = HINTS.find(([pattern]) => pattern.test(textOf(cause)))?.[1]
      // What only the operator can put right is not waited for.
      if (isTransient(cause) && !(cause instanceof Unfit) && hint === undefined && tries < most) {
        if (tries === 1)
          options.notice?.(`The PostgreSQL database does not answer yet (${textOf(cause)}); it is tried ${most} times`)
        await pause(clock, 1)
        continue
      }
      const text = `Cannot use the PostgreSQL database: ${textOf(cause)}${hint === undefined ? "" : `; ${hint}`}`
      throw new StorageFailed(text, { cause })
    }
  }
}

/** What the operator can do about a failure, by its text. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /self-signed certificate|unable to (get|verify)/,
    "name its authority with sslrootcert=/path/ca.pem in connection_url, or give up knowing the server with sslmode=no-verify",
  ],
  [/does not match certificate/, "name the server in connection_url as its certificate does"],
  [
    /certificate has expired|certificate is not yet valid/,
    "give the server a certificate for today, or look at the clocks",
  ],
  [/does not support SSL/, "the server has no TLS; on a network that you trust say sslmode=disable"],
  [/no pg_hba.conf entry|no encryption/, "the server may want TLS: say sslmode=verify-full in connection_url"],
  [/permission denied for schema/, "grant the user CREATE on the schema, or make the tables and set skip_create_table"],
]

/** Refuses a database that cannot keep the promises, and brings its tables up to date. */
async function prepare(writer: Writer, names: Names, skip: boolean): Promise<void> {
  const [server] = await writer.query(
    `SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica,
       current_setting('fsync') AS fsync, current_setting('server_version_num')::int AS version`,
  )
  if (server?.encoding !== "UTF8") throw new Unfit(`its encoding is "${server?.encoding}"; it must be UTF8`)
  if (server.replica === true) throw new Unfit("it is a read replica; name the primary in connection_url")
  if (Number(server.version) < 130_000) throw new Unfit("the server is older than PostgreSQL 13")
  if (server.fsync !== "on") throw new Unfit('the server runs with "fsync = off", so a power cut would lose commits')
  await migrate((text, values) => writer.query(text, values), names, skip)
}

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
