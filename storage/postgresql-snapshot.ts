/**
 * Reads of one state of the database.
 *
 * When it is foreseen what a view reads, one statement reads all of it, which is a snapshot by itself and holds no
 * connection afterwards. A view that reads more begins a transaction, and sees to it that what the statement read still holds.
 */

import type { Pool, PoolClient } from "pg"
import { type Clock, pause } from "./clock.ts"
import { type Foresight, ReadAhead, type Wanted } from "./foresight.ts"
import type { Names } from "./postgresql-schema.ts"
import type { Listing, Snapshot } from "./transaction.ts"
import { Conflict, type Found, type Page, StorageUnavailable, type Version } from "./view.ts"

export type Row = Record<string, unknown>

export interface Reading {
  readonly pool: Pool
  readonly names: Names
  readonly foresight: Foresight
  readonly clock: Clock
  /** How long the first read of a view is tried again when the connection is lost, in seconds. */
  readonly retry: number
  /** How many statements were sent whose answer someone waited for. */
  sent: number
}

/** A snapshot, taken at the first read; until then it costs nothing. */
export class PostgresqlSnapshot implements Snapshot {
  readonly #reading: Reading
  readonly #ahead: ReadAhead
  readonly #foreseen: boolean
  /** What the single statement has found, of what it asked for. */
  #statement: Promise<{ readonly asked: Wanted; readonly found: Map<string, Found> }> | undefined
  #client: Promise<PoolClient> | undefined
  #broken = false

  constructor(reading: Reading, hints: readonly string[]) {
    this.#reading = reading
    this.#ahead = new ReadAhead(reading.foresight, hints, wanted => this.#fetch(wanted))
    const { entries, lists } = reading.foresight.expected(hints)
    this.#foreseen = entries.size > 0 && !lists
  }

  get(key: string, known?: Version): Promise<Found | undefined> {
    return this.#ahead.get(key, known)
  }

  async names(listing: Listing, prefix: string, page: Page): Promise<string[]> {
    this.#ahead.lists = true
    const { after = null, before = null, limit = null } = page
    const rows = await this.#query("names", `SELECT ${this.#reading.names.listing}($1, $2, $3, $4, $5) AS name`, [
      listing,
      prefix,
      after,
      before,
      limit,
    ])
    return rows.map(row => String(row.name))
  }

  async version(): Promise<Version> {
    const [row] = await this.#query("version", `SELECT version FROM ${this.#reading.names.head}`, [])
    return Number(row?.version)
  }

  close(written: Iterable<string>): void {
    this.#ahead.end(written)
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

  async #fetch(wanted: Wanted): Promise<Map<string, Found>> {
    if (this.#foreseen && this.#statement === undefined && this.#client === undefined) {
      const first = this.#single(wanted)
      this.#statement = first.then(found => ({ asked: wanted, found }))
      this.#statement.catch(() => undefined)
      return await first
    }
    return entriesOf(await this.#query("get", this.#entriesSql(), [[...wanted.keys()], [...wanted.values()]]))
  }

  #entriesSql(): string {
    return `SELECT e.key, e.version, CASE WHEN e.version <> w.known THEN e.value END AS value
      FROM unnest($1::text[], $2::bigint[]) AS w(key, known)
      JOIN ${this.#reading.names.entries} e ON e.key = w.key COLLATE "C"`
  }

  /** One statement outside of any transaction. It may be sent again: nobody has seen another state yet. */
  async #single(wanted: Wanted): Promise<Map<string, Found>> {
    const query = { name: "arca-get", text: this.#entriesSql(), values: [[...wanted.keys()], [...wanted.values()]] }
    return await this.#untilAnswered(async () => {
      this.#reading.sent++
      return entriesOf((await this.#reading.pool.query<Row>(query)).rows)
    })
  }

  async #query(name: string, text: string, values: unknown[]): Promise<Row[]> {
    if (this.#client === undefined) {
      this.#client = this.#untilAnswered(() => this.#begin())
      this.#client.catch(() => undefined)
    }
    const client = await this.#client
    try {
      this.#reading.sent++
      // The connection is pipelined: what is asked at the same time is sent at once. Names make it prepare once.
      return (await client.query<Row>({ name: `arca-${name}`, text, values })).rows
    } catch (cause) {
      this.#broken = true
      throw new StorageUnavailable(`PostgreSQL could not be read: ${textOf(cause)}`, { cause })
    }
  }

  /** Begins the transaction. What the single statement has shown must be what the transaction shows. */
  async #begin(): Promise<PoolClient> {
    const before = await this.#statement
    const client = await this.#reading.pool.connect()
    client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").catch(() => {
      this.#broken = true
    })
    if (before === undefined) return client
    try {
      const keys = [...before.asked.keys()].filter(key => this.#ahead.hasRead(key))
      const versions = keys.map(key => before.found.get(key)?.version ?? 0)
      this.#reading.sent++
      const { rows } = await client.query<Row>({
        name: "arca-check",
        text: this.#changedSql(),
        values: [keys, versions],
      })
      if (rows.length > 0) throw new Conflict("Something that was read was changed before the rest was")
      return client
    } catch (error) {
      client.query("COMMIT").catch(() => undefined)
      client.release(!(error instanceof Conflict))
      throw error
    }
  }

  #changedSql(): string {
    return `SELECT 1 FROM unnest($1::text[], $2::bigint[]) AS r(key, version)
      LEFT JOIN ${this.#reading.names.entries} e ON e.key = r.key COLLATE "C"
      WHERE coalesce(e.version, 0) <> r.version LIMIT 1`
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, retry } = this.#reading
    const deadline = clock.now() + retry
    for (let wait = 0.02; ; wait *= 2) {
      try {
        return await ask()
      } catch (cause) {
        if (cause instanceof Conflict) throw cause
        if (!isTransient(cause) || clock.now() + wait > deadline) {
          throw new StorageUnavailable(`PostgreSQL could not be read: ${textOf(cause)}`, { cause })
        }
        await pause(clock, wait)
      }
    }
  }
}

function entriesOf(rows: readonly Row[]): Map<string, Found> {
  const entries = new Map<string, Found>()
  for (const { key, version, value } of rows) {
    // A plain array: a Buffer's slice would share memory, where that of a Uint8Array copies.
    const plain = value instanceof Uint8Array ? new Uint8Array(value) : undefined
    entries.set(String(key), { version: Number(version), value: plain })
  }
  return entries
}

export const textOf = (cause: unknown): string =>
  cause instanceof Error && cause.message !== "" ? cause.message : String(cause)

/**
 * Errors after which the same request is sent again: the connection is gone (nobody knows whether a commit took effect; its
 * id makes that harmless), the server is starting or stopping, or another transaction was in the way.
 */
const TRANSIENT = /^(08...|57P0.|40001|40P01|55P03|53300)$/

export const isTransient = (error: unknown): boolean =>
  !(error instanceof Error && "code" in error && "severity" in error) || TRANSIENT.test(String(error.code))
