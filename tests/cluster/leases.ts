/**
 * Leases whose effect is a role in a real database. A book is kept of all that were handed out over many runs: none may be
 * there after its revocation was answered, none long after its time, none may be ended twice.
 */

import { Pool } from "pg"
import { fields } from "../parts/arca.ts"
import { type Server, start } from "../parts/postgresql.ts"
import { type Asked, type Cluster, must, type Told } from "./nodes.ts"
import { Violation } from "./shortest.ts"

/** The mount that is always there. */
export const MOUNT = "db"
/** How long a credential lives, in seconds. */
const TTL = 3
/**
 * How long after its time one may still be there: a lease whose request or revocation was in the hands of a node that was stopped is
 * held for 30 seconds, and jobs are taken over within 15.
 */
const PATIENCE = 60

const CREATION = `INSERT INTO made (name) VALUES ('{{name}}'); CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`
/** An end counts when there was a role to end. */
const REVOCATION = `INSERT INTO ended (name) SELECT rolname FROM pg_roles WHERE rolname = '{{name}}'; DROP ROLE IF EXISTS "{{name}}"`

interface Lease {
  readonly seed: number
  /** The mount that made it. */
  readonly mount: string
  readonly name: string
  readonly id: string
  readonly endsAt: number
}

export interface LeaseTotals {
  readonly handedOut: number
  readonly revoked: number
  readonly made: number
  readonly ended: number
}

export interface LeaseBook {
  /** Enables a mount beside the one that is always there. */
  mount(path: string): Promise<void>
  /** A client asks a mount for a credential of the run. */
  ask(seed: number, mount: string, send: (asked: Asked) => Promise<Told>): Promise<void>
  /** A client revokes one that the run was given, if there is any; it may send the request twice at once. */
  revoke(seed: number, times: 1 | 2, send: (asked: Asked) => Promise<Told>): Promise<void>
  /** A client disables a mount. */
  unmount(path: string, send: (asked: Asked) => Promise<Told>): Promise<void>
  /** Throws when something was ended twice, is there although its end was acknowledged, or although its time was over long ago. */
  check(): Promise<void>
  /** Waits until all have ended, and none is left without a lease. */
  settle(): Promise<LeaseTotals>
  stop(): Promise<void>
}

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))

const seconds = (): number => performance.now() / 1000

export async function openLeases(cluster: Cluster): Promise<LeaseBook> {
  // Each node keeps connections for a while, also those of mounts that are gone.
  const target = await start({ args: ["-c", "max_connections=400"] })
  const pool = new Pool({ connectionString: target.url, max: 2 })
  const names = async (text: string, values: unknown[] = []): Promise<string[]> =>
    (await pool.query<{ name: string }>(text, values)).rows.map(({ name }) => name)
  await pool.query("CREATE TABLE made (name text); CREATE TABLE ended (name text)")
  const mount = (path: string) => setUp(cluster, target, path)
  await mount(MOUNT).catch(async (error: unknown) => {
    await pool.end()
    await target.stop()
    throw error
  })
  const live = new Map<string, Lease>()
  const revoked = new Map<string, Lease>()
  const handedOut = new Set<string>()
  const there = (some: readonly string[]) =>
    names("SELECT rolname AS name FROM pg_roles WHERE rolname = ANY($1)", [some])
  const all = () => names("SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'v-%'")
  const wrong = (lease: Lease | undefined, text: string): Violation =>
    new Violation(`seed ${lease?.seed}: the credential ${lease?.name} (lease ${lease?.id}) ${text}`)
  const check = async (): Promise<void> => {
    const [twice] = await names("SELECT name FROM ended GROUP BY name HAVING count(*) > 1")
    if (twice !== undefined) throw wrong(live.get(twice) ?? revoked.get(twice), `was ended twice: ${twice}`)
    const present = new Set(await all())
    for (const lease of revoked.values())
      if (present.has(lease.name)) throw wrong(lease, "is there, although its revocation was acknowledged")
    for (const [name, lease] of live) {
      if (lease.endsAt > seconds()) continue
      if (!present.has(name)) live.delete(name)
      else if (lease.endsAt + PATIENCE < seconds()) throw wrong(lease, `is there ${PATIENCE} seconds after its time`)
    }
  }
  return {
    mount,
    ask: async (seed, from, send) => {
      const told = await send({ method: "GET", path: `${from}/creds/app`, token: cluster.root })
      if (told?.status !== 200) return
      const name = String(fields(told.json.data).username)
      handedOut.add(String(told.json.lease_id))
      live.set(name, { seed, mount: from, name, id: String(told.json.lease_id), endsAt: seconds() + TTL })
    },
    revoke: async (seed, times, send) => {
      const lease = [...live.values()].find(one => one.seed === seed)
      if (lease === undefined) return
      const asked = { method: "PUT", path: "sys/leases/revoke", token: cluster.root } as const
      const once = async () => {
        const told = await send({ ...asked, body: { lease_id: lease.id, sync: true } })
        if (told?.status !== 204) return
        live.delete(lease.name)
        revoked.set(lease.name, lease)
        if ((await there([lease.name])).length > 0)
          throw wrong(lease, "was there when its revocation had been answered")
      }
      await Promise.all(Array.from({ length: times }, once))
    },
    unmount: async (path, send) => {
      const known = [...live.values()].filter(lease => lease.mount === path)
      const told = await send({ method: "DELETE", path: `sys/mounts/${path}`, token: cluster.root })
      if (told?.status !== 204) return
      const present = await there(known.map(({ name }) => name))
      const lease = known.find(({ name }) => present.includes(name))
      if (lease !== undefined) throw wrong(lease, "was there when its mount had been disabled")
      for (const one of known) {
        live.delete(one.name)
        revoked.set(one.name, one)
      }
    },
    check,
    settle: async () => {
      const began = seconds()
      for (;;) {
        await check()
        // Those of requests that failed undid their roles already, and stay for a while.
        const leases = (await leasesNow(cluster)).filter(id => handedOut.has(id))
        const roles = await all()
        if (live.size === 0 && roles.length === 0 && leases.length === 0) break
        if (seconds() - began > TTL + PATIENCE)
          throw new Violation(`left in the end: the roles ${roles.join()}, the leases ${leases.join()}`)
        await pause(200)
      }
      const count = async (table: string) => (await names(`SELECT name FROM ${table}`)).length
      return {
        handedOut: handedOut.size,
        revoked: revoked.size,
        made: await count("made"),
        ended: await count("ended"),
      }
    },
    stop: async () => {
      await pool.end()
      await target.stop()
    },
  }
}

async function setUp(cluster: Cluster, target: Server, mount: string): Promise<void> {
  const token = cluster.root
  await must(cluster, { method: "POST", path: `sys/mounts/${mount}`, token, body: { type: "database" } })
  const connection = {
    plugin_name: "postgresql-database-plugin",
    connection_url: `postgresql://{{username}}@127.0.0.1:${target.port}/postgres?sslmode=disable`,
    username: "postgres",
    password: "",
    allowed_roles: "*",
  }
  await must(cluster, { method: "POST", path: `${mount}/config/pg`, token, body: connection })
  const role = {
    db_name: "pg",
    creation_statements: [CREATION],
    revocation_statements: [REVOCATION],
    default_ttl: TTL,
    max_ttl: TTL,
  }
  await must(cluster, { method: "POST", path: `${mount}/roles/app`, token, body: role })
}

async function leasesNow(cluster: Cluster): Promise<string[]> {
  const told = await cluster.ask(0, {
    method: "LIST",
    path: `sys/leases/lookup/${MOUNT}/creds/app`,
    token: cluster.root,
  })
  if (told?.status !== 200 && told?.status !== 404) throw new Error(`the leases cannot be listed: ${told?.status}`)
  const { keys } = fields(told.json.data)
  return Array.isArray(keys) ? keys.map(key => `${MOUNT}/creds/app/${key}`) : []
}
