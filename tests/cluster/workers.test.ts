/**
 * One machine, LMDB: what clients on kept connections see of secrets and rights is what one correct server would answer, with one
 * worker and with several. Requests that arrive together share a state of the store, which must be none from before them.
 */

import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout } from "node:timers/promises"
import { sequence } from "@arca/storage/fault"
import { fields, type Running, startUnsealed } from "../parts/arca.ts"
import { violation } from "./linearizable.ts"
import { type Asked, type Asker, asker } from "./nodes.ts"
import {
  policyOf,
  Recorder,
  type RightInput,
  type RightOutput,
  type RightParts,
  rightActs,
  rightModel,
  type SecretInput,
  type SecretOutput,
  secretActs,
  secretModel,
} from "./things.ts"

const CLIENTS = 10
const ROUNDS = 6
/** How long clients are at work in each, in milliseconds. */
const LENGTH = 700

interface Acts {
  readonly secrets: Recorder<SecretInput, SecretOutput>
  readonly rights: Recorder<RightInput, RightOutput>
}

type Server = Running & { readonly token: string }

async function must(send: Asker, { url, token }: Server, asked: Asked): Promise<Record<string, unknown>> {
  const told = await send(url, { token, ...asked })
  assert.ok(told !== undefined && told.status < 300, `${asked.path}: ${JSON.stringify(told)}`)
  return told.json
}

/** The kernel spreads connections over the workers: each has to be open before the first round. */
async function allOpen({ url }: Server, askers: readonly Asker[]): Promise<void> {
  for (let inRow = 0; inRow < 5; ) {
    const told = await Promise.all(askers.map(ask => ask(url, { method: "GET", path: "sys/health" })))
    inRow = told.every(one => one?.status === 200) ? inRow + 1 : 0
    for (const ask of askers) ask.cut()
    await setTimeout(20)
  }
}

/** A round on things of its own: a secret, and a token that is permitted and forbidden, and revoked in the midst. */
async function round(server: Server, askers: readonly Asker[], nth: number): Promise<Acts> {
  const { url, token: root } = server
  const acts: Acts = { secrets: new Recorder(), rights: new Recorder() }
  const [s, r] = [secretActs(root), rightActs(root)]
  const [secret, right] = [`k${nth}`, `r${nth}`]
  const [first = asker()] = askers
  await must(first, server, { method: "PUT", path: `sys/policies/acl/${right}`, body: { policy: policyOf(true) } })
  const body = { policies: [right], no_default_policy: true }
  const made = fields((await must(first, server, { method: "POST", path: "auth/token/create", body })).auth)
  const token = String(made.client_token)
  const parts: RightParts = { token, end: { method: "POST", path: "auth/token/revoke", body: { token } } }
  const until = performance.now() + LENGTH
  const client = async (ask: Asker, id: number): Promise<void> => {
    const random = sequence(nth * 1000 + id)
    const send = (asked: Asked) => ask(url, asked)
    for (let step = 0; performance.now() < until; step++) {
      const dice = random()
      if (id === 0 && performance.now() > until - LENGTH / 2) {
        await acts.rights.record(id, r.revoke(right, parts), send)
        return
      }
      if (dice < 0.15) await acts.secrets.record(id, s.write(secret, `${id}.${step}`), send)
      else if (dice < 0.5) await acts.secrets.record(id, s.read(secret), send)
      else if (dice < 0.6) await acts.rights.record(id, r.permit(right, random() < 0.5), send)
      else await acts.rights.record(id, r.use(right, parts), send)
      // A pace at which a history stays short enough to be searched.
      await setTimeout(random() * 30)
    }
  }
  await Promise.all(askers.map(client))
  return acts
}

for (const workers of [1, 2]) {
  test(`${workers} on LMDB: what clients see could come from one server`, async t => {
    const server = await startUnsealed({ plain: true, config: `workers = ${workers}` })
    const askers = Array.from({ length: CLIENTS }, () => asker())
    t.after(async () => {
      for (const one of askers) one.cut()
      await server.stop()
    })
    await allOpen(server, askers)
    const mount = { method: "POST", path: "sys/mounts/kv", body: { type: "kv", options: { version: "2" } } } as const
    await must(asker(), server, mount)
    let operations = 0
    let revoked = 0
    for (let nth = 0; nth < ROUNDS; nth++) {
      const { secrets, rights } = await round(server, askers, nth)
      assert.equal(violation(secretModel, secrets.histories), undefined, "no linearizable history of the secret")
      assert.equal(violation(rightModel, rights.histories), undefined, "no linearizable history of the right")
      operations += secrets.operations + rights.operations
      revoked += [...rights.histories.values()].flat().filter(({ input }) => input.do === "revoke").length
    }
    t.diagnostic(`${operations} operations`)
    assert.equal(revoked, ROUNDS)
    assert.ok(operations > ROUNDS * CLIENTS * 5, `only ${operations} operations`)
  })
}
