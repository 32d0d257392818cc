/**
 * The server is killed at random moments while clients ask for users of a real PostgreSQL, renew and revoke them, and rotate
 * passwords. Whatever it was in the middle of: users and leases agree in the end, no user outlives its lease by more than five
 * seconds of the server being up, and no password is lost.
 *
 * ARCA_CRASH_KILLS is how often it is killed (5 unless told otherwise; CI and `npm run test:crash` do it 300 times),
 * ARCA_CRASH_SEED makes the moments and the clients' choices those of another run.
 */

import assert from "node:assert/strict"
import { randomInt } from "node:crypto"
import { test } from "node:test"
import { setTimeout } from "node:timers/promises"
import pg from "pg"
import { fields } from "../parts/arca.ts"
import { missing, type Server, start } from "../parts/postgresql.ts"
import { type Mortal, mortalServer } from "./server.ts"

const KILLS = Number(process.env.ARCA_CRASH_KILLS ?? 5)
const SEED = Number(process.env.ARCA_CRASH_SEED ?? randomInt(2 ** 31))
const CLIENTS = 4
const STATIC_ROLES = ["first", "second", "third"]
/** Seconds that an unanswered request's user may live (server/leases.ts). */
const PREPARED = 30
const SHORT = 4
const SLACK = 5

/** A generator of its own: the choices depend on the seed, their moments on the machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Known {
  readonly username: string
  readonly lease: string
  readonly kind: "short" | "long"
  /** Milliseconds since 1970 after which it must be gone; the latest that any request may have made it. */
  endsAt: number
  revoked: "no" | "asked" | "done"
}

interface World {
  readonly server: Mortal
  readonly database: Server
  readonly known: Map<string, Known>
  readonly counts: Record<string, number>
  /** No more requests and kills. */
  over: boolean
  /** Nothing is watched any more. */
  ended: boolean
}

const CREATION = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}"`

async function prepared(server: Mortal, database: Server): Promise<void> {
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  await admin.query("CREATE TABLE things (id int)")
  await admin.query("CREATE ROLE manager SUPERUSER LOGIN PASSWORD 'first'")
  for (const name of STATIC_ROLES) await admin.query(`CREATE ROLE static_${name} LOGIN PASSWORD 'old'`)
  await admin.end()
  const write = async (path: string, body: unknown) => {
    const reply = await server.ask("POST", path, body)
    assert.ok(reply.status < 300, `${path}: ${reply.text}`)
  }
  await write("sys/mounts/database", { type: "database" })
  await write("database/config/pg", {
    plugin_name: "postgresql-database-plugin",
    connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${database.port}/postgres?sslmode=disable`,
    username: "manager",
    password: "first",
    allowed_roles: "*",
  })
  const role = { db_name: "pg", creation_statements: CREATION }
  await write("database/roles/short", { ...role, default_ttl: SHORT, max_ttl: 60 })
  await write("database/roles/long", { ...role, default_ttl: 3600, max_ttl: 7200 })
  for (const name of STATIC_ROLES)
    await write(`database/static-roles/${name}`, { db_name: "pg", username: `static_${name}`, rotation_period: 5 })
}

/** One client: asks, renews, revokes and rotates until the world is over; requests that fail are part of it. */
async function client(world: World, random: (below: number) => number): Promise<void> {
  while (!world.over) {
    const act = random(100)
    const done =
      act < 55
        ? await ask(world, random(3) === 0 ? "long" : "short")
        : act < 70
          ? await renew(world, random)
          : act < 90
            ? await revoke(world, random)
            : await rotate(world, random)
    world.counts[done] = (world.counts[done] ?? 0) + 1
    await setTimeout(random(20))
    await world.server.open()
  }
}

/** Why a request did not do what it asked for. */
const missed = (reply: { status: number } | undefined): string =>
  reply === undefined ? "unanswered" : reply.status === 503 ? "sealed or in conflict" : `refused with ${reply.status}`

async function ask({ server, known }: World, kind: "short" | "long"): Promise<string> {
  const reply = await server.ask("GET", `database/creds/${kind}`).catch(() => undefined)
  if (reply?.status !== 200) return missed(reply)
  const body = fields(reply.json)
  const username = String(fields(body.data).username)
  const lease = String(body.lease_id)
  known.set(username, { username, lease, kind, endsAt: Date.now() + Number(body.lease_duration) * 1000, revoked: "no" })
  return "asked"
}

function someOf({ known }: World, random: (below: number) => number): Known | undefined {
  const live = [...known.values()].filter(one => one.revoked === "no" && one.endsAt > Date.now())
  return live[random(live.length)]
}

async function renew(world: World, random: (below: number) => number): Promise<string> {
  const one = someOf(world, random)
  if (one === undefined) return "idle"
  // It may take effect even if no answer comes.
  const life = one.kind === "short" ? SHORT : 3600
  one.endsAt = Math.max(one.endsAt, Date.now() + (life + 2) * 1000)
  const reply = await world.server.ask("PUT", "sys/leases/renew", { lease_id: one.lease }).catch(() => undefined)
  one.endsAt = Math.max(one.endsAt, Date.now() + life * 1000)
  return reply?.status === 200 ? "renewed" : missed(reply)
}

async function revoke(world: World, random: (below: number) => number): Promise<string> {
  const one = someOf(world, random)
  if (one === undefined) return "idle"
  one.revoked = "asked"
  const reply = await world.server
    .ask("PUT", "sys/leases/revoke", { lease_id: one.lease, sync: true })
    .catch(() => undefined)
  if (reply?.status !== 204) return missed(reply)
  one.revoked = "done"
  return "revoked"
}

async function rotate(world: World, random: (below: number) => number): Promise<string> {
  const name = STATIC_ROLES[random(STATIC_ROLES.length)]
  const path = random(4) === 0 ? "database/rotate-root/pg" : `database/rotate-role/${name}`
  const reply = await world.server.ask("POST", path).catch(() => undefined)
  return reply?.status === 204 ? "rotated" : missed(reply)
}

/** Watches the database: how long, in seconds of the server being up, any user was there after its end. */
async function watch(world: World, usersNow: () => Promise<string[]>): Promise<{ worst: number; who: string }> {
  const since = new Map<string, number>()
  const found = { worst: 0, who: "" }
  while (!world.ended) {
    for (const username of await usersNow()) {
      const one = world.known.get(username)
      const created = Number(/-(\d+)$/.exec(username)?.[1] ?? 0) * 1000
      const life = one?.kind === "long" || username.includes("-long-") ? 3600 : PREPARED
      const endsAt = one?.revoked === "done" ? 0 : (one?.endsAt ?? created + life * 1000)
      if (Date.now() < endsAt) since.delete(username)
      else if (!since.has(username)) since.set(username, world.server.up())
      else {
        const late = world.server.up() - (since.get(username) ?? 0)
        if (late > found.worst)
          Object.assign(found, { worst: late, who: `${username} ${JSON.stringify(one ?? "unknown")}` })
      }
    }
    await setTimeout(200)
  }
  return found
}

/** How long the server runs until it is killed, in milliseconds: mostly hardly at all, now and then for a while. */
function lifeOf(random: (below: number) => number): number {
  const kind = random(100)
  return kind < 70 ? 100 + random(400) : kind < 95 ? 400 + random(600) : 1500 + random(1500)
}

/** Kills the server at a random moment: of its life, or of its start. */
async function kill({ server, counts }: World, random: (below: number) => number): Promise<void> {
  if (random(10) > 0) {
    await setTimeout(lifeOf(random))
    await server.kill()
    return server.start()
  }
  await server.kill()
  const starting = server.start()
  await setTimeout(random(600))
  await server.kill()
  await starting
  counts["killed in its start"] = (counts["killed in its start"] ?? 0) + 1
  return server.start()
}

test(`after ${KILLS} kills users and leases agree, and no password is lost (seed ${SEED})`, {
  skip: (await missing()) ?? false,
  timeout: 120_000 + KILLS * 5_000,
}, async t => {
  const database = await start({ password: "sesame" })
  const server = await mortalServer()
  const world: World = { server, database, known: new Map(), counts: {}, over: false, ended: false }
  const admin = new pg.Client({ connectionString: database.url })
  try {
    await prepared(server, database)
    await admin.connect()
    const usersNow = async () =>
      (await admin.query<{ name: string }>("SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'v-%'")).rows.map(
        row => row.name,
      )
    const watching = watch(world, usersNow)
    const clients = Array.from({ length: CLIENTS }, (_, index) => client(world, randomOf(SEED + index + 1)))
    const random = randomOf(SEED)
    const began = performance.now()
    for (let kills = 0; kills < KILLS; kills++) await kill(world, random)
    const seconds = (performance.now() - began) / 1000
    await setTimeout(500)
    // No more requests; what is due ends, what nobody answered for does too.
    world.over = true
    await Promise.all(clients)
    await agree(world, usersNow)
    world.ended = true
    const { worst, who } = await watching
    await passwordsHold(world)
    world.counts["ended at a second attempt or later"] = server.said("could not end what is due")
    t.diagnostic(
      `${KILLS} kills in ${seconds.toFixed(0)} s, ${server.up().toFixed(0)} s up, ${JSON.stringify(world.counts)}, longest overstay ${worst.toFixed(2)} s`,
    )
    assert.ok(world.known.size > KILLS, `only ${world.known.size} users were made`)
    assert.ok(worst <= SLACK, `${who} outlived its lease by ${worst.toFixed(1)} s`)
  } finally {
    world.over = true
    world.ended = true
    await admin.end().catch(() => {})
    await server.remove()
    await database.stop()
  }
})

/** Users of the database and leases of the server: one for one, as soon as what was under way has ended. */
async function agree(world: World, usersNow: () => Promise<string[]>): Promise<void> {
  const deadline = Date.now() + (PREPARED + SHORT + SLACK + 5) * 1000
  for (;;) {
    const problem = await disagreement(world, await usersNow(), await leasesOf(world.server))
    if (problem === undefined) return
    if (Date.now() > deadline) assert.fail(`${problem}\n${world.server.log().slice(-3000)}`)
    await setTimeout(500)
  }
}

async function leasesOf(server: Mortal): Promise<string[]> {
  const lists = await Promise.all(
    ["short", "long"].map(async kind => {
      const reply = await server.ask("GET", `sys/leases/lookup/database/creds/${kind}?list=true`)
      const { keys } = fields(fields(reply.json).data)
      return Array.isArray(keys) ? keys.map(key => `database/creds/${kind}/${key}`) : []
    }),
  )
  return lists.flat()
}

async function disagreement({ known }: World, users: string[], leases: string[]): Promise<string | undefined> {
  if (users.some(name => name.includes("-short-"))) return "users of the short role are still there"
  if (users.length !== leases.length) return `${users.length} users, ${leases.length} leases`
  for (const one of known.values()) {
    const live = one.kind === "long" && one.revoked === "no"
    if (live && !(users.includes(one.username) && leases.includes(one.lease))) return `${one.username} was lost`
    if (one.revoked === "done" && (users.includes(one.username) || leases.includes(one.lease)))
      return `${one.username} is still there`
  }
  return undefined
}

async function passwordsHold({ server, database }: World): Promise<void> {
  for (const name of STATIC_ROLES) {
    // Nobody rotates by hand any more, but the period goes on: a password read just before its rotation is asked for again.
    for (let tries = 1; ; tries++) {
      const data = fields(fields((await server.ask("GET", `database/static-creds/${name}`)).json).data)
      const said = await enter(database, String(data.username), String(data.password))
      if (said === "in") break
      if (tries === 3) assert.fail(`the password of static role ${name} is lost: ${said}`)
      await setTimeout(1000)
    }
  }
  const reply = await server.ask("GET", "database/creds/short")
  assert.equal(reply.status, 200, `the manager's password is lost: ${reply.text}`)
}

async function enter(database: Server, user: string, password: string): Promise<string> {
  const one = new pg.Client({ host: "127.0.0.1", port: database.port, database: "postgres", user, password })
  return one.connect().then(
    () => one.end().then(() => "in"),
    (error: Error) => error.message,
  )
}
