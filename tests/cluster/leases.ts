/** Leases whose effect is a role in a real database, made and ended while nodes die and are paused. */

import { Client } from "pg"
import { fields } from "../parts/arca.ts"
import type { Server } from "../parts/postgresql.ts"
import { type Cluster, must } from "./nodes.ts"
import { sequence, trouble } from "./story.ts"

/** How long a credential lives, in seconds. */
const TTL = 3

const CREATION = `INSERT INTO made (name) VALUES ('{{name}}'); CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`
/** An end counts when there was a role to end. */
const REVOCATION = `INSERT INTO ended (name) SELECT rolname FROM pg_roles WHERE rolname = '{{name}}'; DROP ROLE IF EXISTS "{{name}}"`

export interface LeaseResult {
  readonly seed: number
  readonly handedOut: number
  readonly made: number
  readonly ended: number
  /** Roles whose end was written down more than once. */
  readonly twice: readonly string[]
  /** Handed out, and still there although their time was over long ago. */
  readonly overdue: readonly string[]
  /** Roles that are still there, and the leases that will end them. */
  readonly left: number
  readonly leases: number
}

/** `target` is where the roles are made; `patience` how long, in seconds, leases whose time is over may take to end. */
export async function runLeases(
  cluster: Cluster,
  target: Server,
  options: { readonly seed: number; readonly seconds: number; readonly longest: number; readonly patience: number },
): Promise<LeaseResult> {
  const mount = `db${options.seed}`
  const query = async (text: string) => {
    const client = new Client({ connectionString: target.url })
    await client.connect()
    return await client.query<{ name: string }>(text).finally(() => client.end())
  }
  await query(
    "CREATE TABLE IF NOT EXISTS made (name text); CREATE TABLE IF NOT EXISTS ended (name text); TRUNCATE made, ended",
  )
  await setUp(cluster, target, mount)
  const handedOut: string[] = []
  let over = false
  const client = async (id: number) => {
    const random = sequence(options.seed * 100 + id)
    while (!over) {
      const node = Math.floor(random() * cluster.size)
      const told = await cluster.ask(node, { method: "GET", path: `${mount}/creds/app`, token: cluster.root })
      if (told?.status === 200) handedOut.push(String(fields(told.json.data).username))
      await new Promise(resolve => setTimeout(resolve, 50 + random() * 150))
    }
  }
  const working = [1, 2, 3, 4].map(client)
  await trouble(cluster.troubles, sequence(options.seed), { ...options, clients: working.length })
  over = true
  await Promise.all(working)
  await cluster.healed()
  const present = async () =>
    (await query(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'v-%'`)).rows.map(row => row.name)
  const overdueNow = async () => {
    const there = new Set(await present())
    return handedOut.filter(name => there.has(name))
  }
  for (let waited = 0; waited < options.patience && (await overdueNow()).length > 0; waited++) {
    await new Promise(resolve => setTimeout(resolve, 1000))
  }
  const count = async (table: string) => (await query(`SELECT name FROM ${table}`)).rows.length
  const twice = await query("SELECT name FROM ended GROUP BY name HAVING count(*) > 1")
  return {
    seed: options.seed,
    handedOut: handedOut.length,
    made: await count("made"),
    ended: await count("ended"),
    twice: twice.rows.map(row => row.name),
    overdue: await overdueNow(),
    left: (await present()).length,
    leases: await leasesOf(cluster, mount),
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

async function leasesOf(cluster: Cluster, mount: string): Promise<number> {
  const told = await cluster.ask(0, {
    method: "LIST",
    path: `sys/leases/lookup/${mount}/creds/app`,
    token: cluster.root,
  })
  const { keys } = fields(told?.json.data)
  return Array.isArray(keys) ? keys.length : 0
}
