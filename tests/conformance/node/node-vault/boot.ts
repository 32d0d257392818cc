/** The chapters Boot and Keys. */

import { type Data, decodeToken, holds, known, part, refused, same, spoilt, step, strings, third } from "../story.ts"
import { ask, dead, lookup, read, secretOf, vault } from "./client.ts"

const unsealWith = async (...keys: string[]): Promise<Data[]> => {
  const replies: Data[] = []
  for (const key of keys) replies.push(await ask<Data>(vault.unseal({ key })))
  return replies
}

export async function boot() {
  const init = () =>
    ask<{ keys: string[]; keys_base64: string[]; root_token: string }>(
      vault.init({ secret_shares: 5, secret_threshold: 3 }),
    )
  await step("not-initialized", async () => same(await ask<unknown>(vault.initialized()), { initialized: false }))
  await step("init", async () => {
    const reply = await init()
    known.shares = reply.keys
    known.root = reply.root_token
    vault.token = known.root
    same(known.shares.length, 5)
    same(
      reply.keys_base64.map(key => Buffer.from(key, "base64").toString("hex")),
      known.shares,
    )
  })
  await step("init-twice", () => refused(400, init(), "already initialized"))
  await step("unseal-wrong-share", async () => {
    await unsealWith(...known.shares.slice(0, 2))
    await refused(400, unsealWith(spoilt(known.shares[2] ?? "")))
    same((await vault.status()).progress, 0)
  })
  await step("unseal-reset", async () => {
    same((await unsealWith(known.shares[4] ?? ""))[0]?.progress, 1)
    same((await ask<Data>(vault.unseal({ reset: true }))).progress, 0)
  })
  await step("unseal", async () => {
    const replies = await unsealWith(...known.shares.slice(1, 4))
    same(
      replies.slice(0, 2).map(reply => reply.progress),
      [1, 2],
    )
    same(
      replies.map(reply => reply.sealed),
      [true, true, false],
    )
  })
  await step("seal-status", async () => {
    const status = await ask<Data>(vault.status())
    const want = { type: "shamir", t: 3, n: 5, sealed: false, initialized: true, progress: 0 }
    same(part(status, "type", "t", "n", "sealed", "initialized", "progress"), want)
    holds(status.version, "a version")
  })
  await step("health", async () => {
    const health = await ask<Data>(vault.health())
    same(part(health, "initialized", "sealed", "standby"), { initialized: true, sealed: false, standby: false })
  })
  await step("leader", async () => {
    const leader = await ask<Data>(vault.leader())
    same(typeof leader.ha_enabled, "boolean")
    same(leader.is_self ?? false, leader.ha_enabled)
  })
}

export async function keys() {
  const term = async () => (await read("sys/key-status")).term
  const rekeyStatus = () => ask<Data>(vault.read("sys/rekey/init"))
  const startRekey = () => ask<Data>(vault.write("sys/rekey/init", { secret_shares: 3, secret_threshold: 2 }))
  await step("rotate", async () => {
    const before = await term()
    await ask(vault.rotate())
    same([before, await term()], [1, 2])
  })
  await step("rekey-cancel", async () => {
    const { nonce } = await startRekey()
    const want = { started: true, required: 3, t: 2, n: 3 }
    same(part(await rekeyStatus(), ...Object.keys(want)), want)
    await ask(vault.delete("sys/rekey/init", { json: { nonce } }))
    same((await rekeyStatus()).started, false)
  })
  await step("rekey", async () => {
    const { nonce } = await startRekey()
    let reply: Data = {}
    for (const key of known.shares.slice(0, 3)) reply = await ask<Data>(vault.write("sys/rekey/update", { key, nonce }))
    same(part(reply, "complete", "nonce"), { complete: true, nonce })
    known.shares = strings(reply.keys)
    same(known.shares.length, 3)
  })
}

export async function rootToken() {
  const attempt = () => ask<Data>(vault.read("sys/generate-root/attempt"))
  await step("generate-root-cancel", async () => {
    await ask(vault.generateRootInit({}))
    same((await attempt()).started, true)
    await ask(vault.generateRootCancel())
    same((await attempt()).started, false)
  })
  await step("generate-root", async () => {
    const { nonce, otp } = await ask<{ nonce: string; otp: string }>(vault.generateRootInit({}))
    let reply: Data = {}
    for (const key of known.shares.slice(0, 2)) reply = await ask<Data>(vault.generateRootUpdate({ key, nonce }))
    same(reply.complete, true)
    const token = decodeToken(`${reply.encoded_token}`, otp)
    same((await lookup(token)).policies, ["root"])
    await ask(vault.tokenRevoke({ token }))
  })
}

export async function end() {
  await step("seal", async () => {
    await ask(vault.seal())
    same((await vault.status()).sealed, true)
    await refused(503, secretOf("app"))
  })
  await step("unseal-again", async () => {
    same((await unsealWith(...known.shares.slice(1)))[1]?.sealed, false)
    same(await secretOf("app"), third)
  })
  await step("token-revoke-self", async () => {
    await ask(vault.tokenRevokeSelf())
    await dead(known.root)
  })
}
