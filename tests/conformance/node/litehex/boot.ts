/** The chapters Boot and Keys. */

import { type Data, decodeToken, holds, known, part, refused, same, spoilt, step, strings, third } from "../story.ts"
import { ask, dead, lookup, read, remove, secretOf, vault, write } from "./client.ts"

const unsealWith = async (...keys: string[]): Promise<{ progress: number; sealed: boolean }[]> => {
  const replies: { progress: number; sealed: boolean }[] = []
  for (const key of keys) replies.push(await ask(vault.unseal({ key })))
  return replies
}

export async function boot() {
  const init = () => ask(vault.init({ secret_shares: 5, secret_threshold: 3 }))
  await step("not-initialized", async () => same(await ask(vault.initialized()), { initialized: false }))
  await step("init", async () => {
    const reply = await init()
    known.shares = reply.keys
    known.root = reply.root_token
    vault.token = known.root
    same(reply.keys.length, 5)
    same(
      reply.keys_base64.map(key => Buffer.from(key, "base64").toString("hex")),
      reply.keys,
    )
  })
  await step("init-twice", () => refused(400, init(), "already initialized"))
  await step("unseal-wrong-share", async () => {
    await unsealWith(...known.shares.slice(0, 2))
    await refused(400, unsealWith(spoilt(known.shares[2] ?? "")))
    const status = await ask<Data>(vault.read({ path: "sys/seal-status" }))
    same(status.progress, 0)
  })
  await step("unseal-reset", async () => {
    same((await unsealWith(known.shares[4] ?? ""))[0]?.progress, 1)
    same((await ask(vault.unseal({ key: "", reset: true }))).progress, 0)
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
    const status = await ask(vault.sealStatus())
    const want = { type: "shamir", t: 3, n: 5, sealed: false, initialized: true, progress: 0 }
    same(part(status, "type", "t", "n", "sealed", "initialized", "progress"), want)
    holds(status.version, "a version")
  })
  await step("health", async () => {
    const health = await ask(vault.health())
    same([health.initialized, health.sealed, health.standby], [true, false, false])
  })
  await step("leader", async () => {
    const leader = await ask<Data>(vault.read({ path: "sys/leader" }))
    same(typeof leader.ha_enabled, "boolean")
    same(leader.is_self ?? false, leader.ha_enabled)
  })
}

export async function keys() {
  const rekeyStatus = () => ask<Data>(vault.read({ path: "sys/rekey/init" }))
  const startRekey = () => write("sys/rekey/init", { secret_shares: 3, secret_threshold: 2 })
  await step("rotate", async () => {
    const { term } = await read("sys/key-status")
    await write("sys/rotate", {})
    same([term, (await read("sys/key-status")).term], [1, 2])
  })
  await step("rekey-cancel", async () => {
    await startRekey()
    const want = { started: true, required: 3, t: 2, n: 3 }
    same(part(await rekeyStatus(), ...Object.keys(want)), want)
    await remove("sys/rekey/init")
    same((await rekeyStatus()).started, false)
  })
  await step("rekey", async () => {
    const { nonce } = await startRekey()
    let reply: Data = {}
    for (const key of known.shares.slice(0, 3)) reply = await write("sys/rekey/update", { key, nonce })
    same(part(reply, "complete", "nonce"), { complete: true, nonce })
    known.shares = strings(reply.keys)
    same(known.shares.length, 3)
  })
}

export async function rootToken() {
  // The client wants a one-time password of the caller's own.
  const start = async () => {
    const otp = "x".repeat((await ask(vault.getRootGenerationProgress())).otp_length)
    return { ...(await ask(vault.startRootGeneration({ otp }))), otp }
  }
  await step("generate-root-cancel", async () => {
    await start()
    same((await ask(vault.getRootGenerationProgress())).started, true)
    await ask(vault.cancelRootGeneration())
    same((await ask(vault.getRootGenerationProgress())).started, false)
  })
  await step("generate-root", async () => {
    const { nonce, otp } = await start()
    const replies: { complete: boolean; encoded_token: string }[] = []
    for (const key of known.shares.slice(0, 2)) replies.push(await ask(vault.provideKeyShare({ key, nonce })))
    same(
      replies.map(reply => reply.complete),
      [false, true],
    )
    const token = decodeToken(`${replies[1]?.encoded_token}`, otp)
    same((await lookup(token)).policies, ["root"])
    await write("auth/token/revoke", { token })
  })
}

export async function end() {
  await step("seal", async () => {
    await ask(vault.seal())
    const status = await ask<Data>(vault.read({ path: "sys/seal-status" }))
    same(status.sealed, true)
    await refused(503, secretOf("app"))
  })
  await step("unseal-again", async () => {
    same((await unsealWith(...known.shares.slice(1)))[1]?.sealed, false)
    same(await secretOf("app"), third)
  })
  await step("token-revoke-self", async () => {
    await write("auth/token/revoke-self", {})
    await dead(known.root)
  })
}
