import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { test } from "node:test"
import { memoryStorage, type Storage } from "@arca/storage"
import { assemble, type Parts } from "./assemble.ts"
import { auditBroker } from "./audit/index.ts"
import { logsTo } from "./logs/logs.ts"
import { openLater } from "./open-by-itself.ts"
import { type AutoSeal, unwrapUnderShares, wrapUnderShares } from "./seal/seal.ts"

const RECOVERY = { recovery_shares: 1, recovery_threshold: 1 }

/** A seal whose key lies elsewhere, where it can be away. */
function remoteSeal(): AutoSeal & { away: boolean } {
  const key = randomBytes(32)
  const seal = {
    kind: "auto" as const,
    type: "remote",
    away: false,
    wrap: async (rootKey: Uint8Array) => wrapUnderShares(key, rootKey),
    unwrap: async (wrapped: Uint8Array) => {
      if (seal.away) throw new Error("the other server does not answer")
      return unwrapUnderShares(key, wrapped) ?? new Uint8Array()
    },
  }
  return seal
}

function nodeOn(inner: Storage, seal: AutoSeal, more: Partial<Parts> = {}) {
  const complaints: string[] = []
  const logs = logsTo([{ write: text => complaints.push(text) }], { level: "error", format: "standard", now: () => 0 })
  const now = () => 1_767_225_600
  const audit = auditBroker([], { now })
  const server = assemble({ inner, seal, audit, now, random: randomBytes, engines: [], logs, ...more })
  return { server, complaints }
}

const stores = () => memoryStorage({ clock: { now: () => 1_767_225_600, sleep: async () => {} } })

/** What happens in each pause; a pause more is a failure. */
function pauses(...acts: readonly (() => unknown)[]): () => Promise<void> {
  const left = [...acts]
  return async () => {
    const act = left.shift()
    if (act === undefined) throw new Error("it waits for ever")
    await act()
  }
}

test("a node that was there before the store was made opens as soon as another one has made it", async () => {
  const [inner, seal] = [stores(), remoteSeal()]
  const [first, other] = [nodeOn(inner, seal), nodeOn(inner, seal)]
  await openLater(
    other.server,
    pauses(
      () => undefined,
      () => first.server.seal.init(RECOVERY),
    ),
  )
  assert.deepEqual([first.server.sealed(), other.server.sealed(), other.complaints], [false, false, []])
})

test("a node whose seal is away opens when it is back, and complains once", async () => {
  const [inner, seal] = [stores(), remoteSeal()]
  await nodeOn(inner, seal).server.seal.init(RECOVERY)
  const { server, complaints } = nodeOn(inner, seal)
  seal.away = true
  const back = () => {
    seal.away = false
  }
  await openLater(
    server,
    pauses(
      () => undefined,
      () => undefined,
      () => undefined,
      back,
    ),
  )
  assert.equal(server.sealed(), false)
  assert.equal(complaints.length, 1)
  assert.match(complaints.join(), /the seal does not open the store yet.*the other server does not answer/)
})

test("a node that somebody has sealed stays sealed", async () => {
  const [inner, seal] = [stores(), remoteSeal()]
  const { server } = nodeOn(inner, seal)
  await server.seal.init(RECOVERY)
  await server.seal.close()
  await openLater(server, pauses())
  assert.equal(server.sealed(), true)
})

test("one of several nodes initialises the store, the others are refused, and all have the same keys", async () => {
  for (let round = 0; round < 10; round++) {
    const [inner, seal] = [stores(), remoteSeal()]
    const nodes = [1, 2, 3].map(() => nodeOn(inner, seal).server)
    const settled = await Promise.allSettled(nodes.map(one => one.seal.init(RECOVERY)))
    const refused = settled.filter(one => one.status === "rejected")
    assert.deepEqual(
      refused.map(({ reason }) => reason.message),
      Array(2).fill("Vault is already initialized"),
    )
    for (const one of nodes)
      await openLater(
        one,
        pauses(() => undefined),
      )
    const keys = nodes.map(one => Buffer.from(one.seal.barrier.rootKey()).toString("hex"))
    assert.deepEqual([new Set(keys).size, nodes.some(one => one.sealed())], [1, false])
  }
})
