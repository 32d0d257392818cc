/** Invariant I11, raced by nodes with connections of their own: a store has one initialisation, and a rekeying one outcome. */

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { type TestContext, test } from "node:test"
import { memoryStorage, type Storage } from "@arca/storage"
import { etcdStorage } from "@arca/storage/etcd"
import { postgresqlStorage } from "@arca/storage/postgresql"
import * as etcd from "../tests/parts/etcd.ts"
import * as postgresql from "../tests/parts/postgresql.ts"
import { assemble } from "./assemble.ts"
import { auditBroker } from "./audit/index.ts"
import { testServer } from "./testing.ts"

const NODES = 3
const now = () => Date.UTC(2026, 0, 1) / 1000
const WISH = { secret_shares: 1, secret_threshold: 1 }

interface Kind {
  readonly name: string
  readonly missing: string | undefined
  /** Connects one more node. */
  readonly start: (t: TestContext) => Promise<() => Promise<Storage>>
}

const KINDS: readonly Kind[] = [
  {
    name: "memory",
    missing: undefined,
    start: async () => {
      const one = memoryStorage({ clock: { now, sleep: async () => {} } })
      return async () => one
    },
  },
  {
    name: "PostgreSQL",
    missing: await postgresql.missing(),
    start: async t => {
      const server = await postgresql.start()
      t.after(() => server.stop())
      return () => postgresqlStorage({ connection_url: server.url })
    },
  },
  {
    name: "etcd",
    missing: etcd.missing(),
    start: async t => {
      const server = await etcd.start()
      t.after(() => server.stop())
      return () => etcdStorage({ endpoints: server.endpoints })
    },
  },
]

for (const { name, missing, start } of KINDS) {
  test(`of several nodes on ${name} one initialises the store, and one rekeying at a time takes effect`, {
    skip: missing ?? false,
  }, async t => {
    const connect = await start(t)
    const stores = await Promise.all(Array.from({ length: NODES }, connect))
    t.after(() => Promise.all(stores.map(one => one[Symbol.asyncDispose]())))
    const racers = stores.map(inner =>
      assemble({ inner, audit: auditBroker([], { now }), now, random: randomBytes, engines: [] }),
    )
    const settled = await Promise.allSettled(racers.map(one => one.seal.init(WISH)))
    const [made, ...more] = settled.flatMap(one => (one.status === "fulfilled" ? [one.value] : []))
    assert.equal(more.length, 0, "one initialisation")
    for (const one of settled)
      if (one.status === "rejected") assert.equal(one.reason.message, "Vault is already initialized")
    const { keys_base64, root_token } = made as { keys_base64: string[]; root_token: string }
    const reopen = { root: root_token, unsealKey: keys_base64[0] ?? "" }
    const nodes = await Promise.all(stores.map(inner => testServer({ inner, reopen, parts: { now } })))

    await Promise.all(nodes.map(one => one.write("sys/rekey/init", { secret_shares: 1, secret_threshold: 1 })))
    const nonce = String((await nodes[0]?.read("sys/rekey/init"))?.body.nonce)
    const told = await Promise.all(nodes.map(one => one.write("sys/rekey/update", { key: reopen.unsealKey, nonce })))
    const replies = told.map(({ status, body, errors }) => ({ status, keys: body.keys_base64, errors }))
    const changed = replies.filter(({ status }) => status === 200)
    assert.equal(changed.length, 1, JSON.stringify(replies))
    const unsealKey = String([changed[0]?.keys].flat()[0])
    const again = await testServer({ inner: await connect(), reopen: { ...reopen, unsealKey }, parts: { now } })
    t.after(() => again.server.seal.barrier.inner[Symbol.asyncDispose]())
    assert.equal((await again.read("sys/mounts")).status, 200)
  })
}
