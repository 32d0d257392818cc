import assert from "node:assert/strict"
import { test } from "node:test"
import * as mariadb from "../../tests/parts/mariadb.ts"
import * as postgresql from "../../tests/parts/postgresql.ts"
import * as redis from "../../tests/parts/redis.ts"
import { findingOf } from "./testing.ts"
import { verify } from "./verify.ts"

const options = { connect: true, allowPrivate: true, timeoutMs: 5000 }

async function verdictOn(rule: string, url: string, given = options) {
  const password = new URL(url).password
  const [judged] = await verify([findingOf(rule, password, { match: url })], given)
  return judged?.verification
}

test("nobody logs in anywhere unless asked to, and never to a private address unless asked to", async () => {
  const url = "postgres://app:hunter2hunter2@127.0.0.1:1/app"
  const off = await verdictOn("postgres-url", url, { ...options, connect: false })
  assert.equal(off?.reason, "logging in to databases is off (--verify-connect allows it)")
  const inside = await verdictOn("postgres-url", url, { ...options, allowPrivate: false })
  assert.equal(inside?.reason, "127.0.0.1 leads to a private or special address")
  const closed = await verdictOn("postgres-url", url)
  assert.equal(closed?.reason, "cannot connect: ECONNREFUSED")
})

test("PostgreSQL tells a right password from a wrong one", async t => {
  const reason = await postgresql.missing()
  if (reason !== undefined) return t.skip(reason)
  const server = await postgresql.start({ password: "right-password" })
  t.after(() => server.stop())
  const verdict = (user: string, path: string) =>
    verdictOn("postgres-url", `postgres://${user}@127.0.0.1:${server.port}/${path}`)
  assert.deepEqual(await verdict("postgres:right-password", "postgres"), {
    status: "verified",
    facts: { server: `127.0.0.1:${server.port}`, user: "postgres", database: "postgres" },
  })
  assert.equal((await verdict("postgres:right-password", "absent"))?.status, "verified")
  assert.equal((await verdict("postgres:wrong-password", "postgres"))?.status, "dead")
})

test("Redis tells a right password from a wrong one", async t => {
  const reason = redis.missing()
  if (reason !== undefined) return t.skip(reason)
  const server = await redis.start({ password: "right-password" })
  t.after(() => server.stop())
  const verdict = async (login: string) =>
    (await verdictOn("redis-url", `redis://${login}@127.0.0.1:${server.port}/0`))?.status
  assert.equal(await verdict(":right-password"), "verified")
  assert.equal(await verdict("default:right-password"), "verified")
  assert.equal(await verdict("default:wrong-password"), "dead")
})

test("MariaDB tells a right password from a wrong one", async t => {
  const reason = mariadb.missing()
  if (reason !== undefined) return t.skip(reason)
  const server = await mariadb.start({ password: "right-password" })
  t.after(() => server.stop())
  const verdict = async (login: string, path: string) =>
    (await verdictOn("mysql-url", `mysql://${login}@127.0.0.1:${server.port}/${path}`))?.status
  assert.equal(await verdict("root:right-password", ""), "verified")
  assert.equal(await verdict("root:right-password", "absent"), "verified")
  assert.equal(await verdict("root:wrong-password", ""), "dead")
})
