/** Attack class 1.6: seal, root tokens, rekeying. */

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { memoryStorage, type Storage, StorageFailed } from "@arca/storage"
import { testServer } from "../../server/testing.ts"
import { fields, start } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"
import { sendOne, sendTogether } from "./wire.ts"

/** Without what tests of older clients opt in to. */
const closed = await openHouse({ env: { ARCA_UNAUTHED_ENDPOINTS: "" }, closedEndpoints: true })
const opted = await openHouse()
const ATTEMPTS = ["generate-root/attempt", "rekey/init", "rekey-recovery-key/init", "rotate/root/init"]

attack(closed, "F01", "without a token nobody starts, sees or ends the making of keys and root tokens", async () => {
  const shares = { secret_shares: 1, secret_threshold: 1 }
  await closed.refused(async () => {
    const answers = []
    for (const token of ["", "hvs.nonsense"]) {
      for (const path of [
        ...ATTEMPTS,
        "generate-root/update",
        "rekey/update",
        "rekey/verify",
        "rekey/backup",
        "rotate/root/verify",
      ]) {
        for (const method of ["GET", "PUT", "DELETE"]) {
          answers.push(
            await closed.ask({ method, path: `sys/${path}`, token, body: method === "PUT" ? shares : undefined }),
          )
        }
      }
    }
    for (const { status, text } of answers) assert.ok(status === 403 || status === 405, `${status} ${text}`)
    return answers
  })
})

attack(closed, "F10", "what is initialised is not initialised again", async () => {
  const body = { secret_shares: 1, secret_threshold: 1 }
  await closed.refused(async () => [
    await closed.ask({ method: "PUT", path: "sys/init", token: "", body }),
    ...(await closed.together(
      Array.from({ length: 10 }, () => ({ method: "PUT", path: "sys/init", token: "", body })),
    )),
  ])
})

memoryStaysBounded(closed)

attack(
  opted,
  "F02",
  "where it is opted in, an attempt is ended only by its nonce, and a flood does not end it",
  async () => {
    const none = (method: string, path: string, body?: unknown) => opted.ask({ method, path, token: "", body })
    const begun = await none("PUT", "sys/generate-root/attempt", {})
    const { nonce, otp } = fields(begun.json)
    const refused = [400, 403, 404, 405]
    for (let nth = 0; nth < 20; nth++) {
      assert.ok(refused.includes((await none("DELETE", "sys/generate-root/attempt")).status))
      assert.ok(refused.includes((await none("DELETE", "sys/generate-root/attempt", { nonce: "wrong" })).status))
      assert.ok(refused.includes((await none("PUT", "sys/generate-root/attempt", {})).status))
    }
    const made = fields((await none("PUT", "sys/generate-root/update", { key: opted.share, nonce })).json)
    assert.equal(made.complete, true)
    const { token } = await opted.must({
      method: "PUT",
      path: "sys/decode-token",
      token: "",
      body: { encoded_token: made.encoded_token, otp },
    })
    assert.equal((await opted.ask({ path: "auth/token/lookup-self", token: String(token) })).status, 200)
  },
)

attack(opted, "F02", "a share that is wrong makes no root token and says nothing about the right one", async () => {
  const begun = await opted.ask({ method: "PUT", path: "sys/generate-root/attempt", token: "", body: {} })
  const { nonce } = fields(begun.json)
  const share = Buffer.from(opted.share, "hex")
  for (const wrong of [
    Buffer.alloc(share.length),
    share.subarray(1),
    Buffer.concat([share, Buffer.from([1])]),
    Buffer.from("x"),
  ]) {
    const answer = await opted.ask({
      method: "PUT",
      path: "sys/generate-root/update",
      token: "",
      body: { key: wrong.toString("hex"), nonce },
    })
    assert.ok(answer.status >= 400, answer.text)
    assert.ok(!answer.text.includes(opted.share))
  }
  await opted.ask({ method: "DELETE", path: "sys/generate-root/attempt", body: { nonce } })
})

test("F04: shares are put together without looking anything up by a secret", async () => {
  const source = await readFile(new URL("../../crypto/shamir.ts", import.meta.url), "utf8")
  const code = source
    .split("\n")
    .filter(line => !/^\s*(\*|\/\/|\/\*)/.test(line))
    .join("\n")
  // A table of logarithms would be indexed by bytes of the key; the only indices here are positions.
  for (const [, index] of code.matchAll(/\[([^\]"'`]+)\]/g)) {
    assert.match(index ?? "", /^[\w\s.+\-*,:()]*$/)
    assert.ok(!/\b(log|exp|table|inverse)s?\b/i.test(code), "no tables")
  }
})

test("F07: a sealed server answers what opens it, and nothing else", async () => {
  const running = await start({ plain: true })
  try {
    const port = Number(new URL(running.url).port)
    const made = fields(
      (await sendOne(port, { method: "PUT", path: "sys/init", body: { secret_shares: 1, secret_threshold: 1 } })).json,
    )
    const key = (made.keys as string[])[0]
    const token = String(made.root_token)
    await sendOne(port, { method: "PUT", path: "sys/unseal", body: { key } })
    await sendOne(port, { method: "PUT", path: "sys/mounts/kv", token, body: { type: "kv" } })
    await sendOne(port, { method: "PUT", path: "kv/x", token, body: { value: "kept" } })
    assert.equal((await sendOne(port, { path: "kv/x", token })).status, 200)
    await sendOne(port, { method: "PUT", path: "sys/seal", token })
    const server = (await testServer()).server
    const paths = [...(server.registry.engine("secret", "system")?.routes ?? [])].flatMap(route => route.paths)
    const all = [
      ...paths.map(path => `sys/${path.replaceAll(/[:*]\w+/g, "x")}`),
      "kv/x",
      "auth/token/lookup-self",
      "cubbyhole/x",
    ]
    assert.ok(all.length > 60)
    for (const path of all) {
      for (const method of ["GET", "PUT", "DELETE", "LIST"]) {
        if (path.endsWith("/") && method === "PUT") continue
        const { status, text } = await sendOne(port, { method, path, token })
        assert.equal(status, 503, `${method} ${path}: ${status} ${text}`)
        assert.ok(!text.includes("kept"))
      }
    }
    for (const path of ["sys/health", "sys/seal-status", "sys/init"])
      assert.notEqual((await sendOne(port, { path })).status, 0)
    assert.equal((await sendOne(port, { path: "sys/health" })).status, 503)
    await sendOne(port, { method: "PUT", path: "sys/unseal", body: { key } })
    assert.equal((await sendOne(port, { path: "kv/x", token })).status, 200)
  } finally {
    await running.stop()
  }
})

test("F10: of twenty that initialise at once, on two workers, one succeeds", async () => {
  const running = await start({ plain: true, config: "workers = 2" })
  try {
    const port = Number(new URL(running.url).port)
    const ask = { method: "PUT", path: "sys/init", body: { secret_shares: 1, secret_threshold: 1 } }
    const answers = await sendTogether(
      [port],
      Array.from({ length: 20 }, () => ask),
    )
    assert.deepEqual(answers.map(one => one.status).sort(), [200, ...Array.from({ length: 19 }, () => 400)])
  } finally {
    await running.stop()
  }
})

test("F08: a root token whose response cannot be recorded is not there", async () => {
  const vault = await testServer()
  const { body } = await vault.write("sys/generate-root/attempt", {})
  const before = await tokenCount(vault)
  vault.refuseAudit("response")
  const made = await vault.write("sys/generate-root/update", { key: vault.unsealKey, nonce: body.nonce as string })
  vault.refuseAudit("none")
  assert.equal(made.status, 500)
  assert.deepEqual(Object.keys(made.body), ["errors"])
  assert.equal(await tokenCount(vault), before)
})

test("F05: a minute after a rekey only the new shares are good", async () => {
  const inner = memoryStorage()
  const vault = await testServer({ inner })
  const { seen = "" } = await rekeyed(vault, vault.unsealKey, false)
  vault.clock.advance("61s")
  await vault.runJobs()
  await assert.rejects(reopened(inner, vault, vault.unsealKey), /unable to retrieve unseal key/)
  assert.equal((await reopened(inner, vault, seen)).server.sealed(), false)
})

test("F08: new shares whose response cannot be recorded are not in force", async () => {
  const inner = memoryStorage()
  const vault = await testServer({ inner })
  const { body } = await vault.write("sys/rekey/init", { secret_shares: 1, secret_threshold: 1 })
  vault.refuseAudit("response")
  const made = await vault.write("sys/rekey/update", { key: vault.unsealKey, nonce: body.nonce as string })
  vault.refuseAudit("none")
  assert.equal(made.status, 500)
  assert.equal((await reopened(inner, vault, vault.unsealKey)).server.sealed(), false)
})

const tokenCount = async (vault: Awaited<ReturnType<typeof testServer>>): Promise<number> =>
  ((await vault.list("auth/token/accessors")).data.keys as unknown[]).length

/** `storage` as a process has it that is killed behind its `nth` write: nothing after that happens. */
function killedAfter(storage: Storage, nth: number): Storage {
  let writes = 0
  return {
    ...storage,
    commit: async view => {
      if (writes >= nth) throw new StorageFailed("the process was killed")
      const before = await storage.version()
      const version = await storage.commit(view)
      if (version > before) writes++
      if (writes >= nth) throw new StorageFailed("the process was killed")
      return version
    },
  }
}

for (const verify of [false, true]) {
  test(`F05: a rekey${verify ? " with verification" : ""} that dies behind any write leaves the old shares good or the new ones`, async () => {
    for (let nth = 1; nth <= 8; nth++) {
      const inner = memoryStorage()
      const vault = await testServer({ inner })
      const dying = await reopened(killedAfter(inner, nth), vault, vault.unsealKey)
      const { seen, done } = await rekeyed(dying, vault.unsealKey, verify)
      const opens = async (key: string) =>
        (await reopened(inner, vault, key).catch(() => undefined))?.server.sealed() === false
      // Those that are used first decide: shares that somebody has seen, or else the old ones.
      const good = seen !== undefined && done ? seen : vault.unsealKey
      assert.ok((await opens(good)) || (seen !== undefined && (await opens(seen))), `write ${nth}: neither`)
    }
  })
}

type Vault = Awaited<ReturnType<typeof testServer>>

/** Another process on the same store, unsealed with `unsealKey`. */
const reopened = (inner: Storage, { root }: Vault, unsealKey: string): Promise<Vault> =>
  testServer({ inner, reopen: { root, unsealKey } })

/** Rekeys as far as it goes: the new share, if it was seen, and whether everything was answered. */
async function rekeyed(vault: Vault, key: string, verify: boolean): Promise<{ seen?: string; done: boolean }> {
  const begun = await vault.write("sys/rekey/init", {
    secret_shares: 1,
    secret_threshold: 1,
    require_verification: verify,
  })
  if (begun.status !== 200) return { done: false }
  const made = await vault.write("sys/rekey/update", { key, nonce: begun.body.nonce as string })
  const seen = (made.body.keys as string[] | undefined)?.[0]
  if (seen === undefined) return { done: false }
  if (!verify) return { seen, done: true }
  const verified = await vault.write("sys/rekey/verify", { key: seen, nonce: made.body.verification_nonce as string })
  return { seen, done: verified.status === 200 }
}
