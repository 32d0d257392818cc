/**
 * A real server (LMDB, a file audit device) for one class of attacks, and the postconditions that hold after every case,
 * whoever wrote it:
 *
 * - P1: nothing was answered 5xx unless the case says so, the process lives, `sys/health` is 200.
 * - P2: every request that was answered by an engine has one request record and one response record; no record and no line
 *   of the log holds a canary in clear, in base64, in hex or JSON-escaped.
 * - P3: what was refused (`refused`) has left the store as it was, byte for byte.
 * - P4: an error is `{"errors": [...]}` without a stack, a file name or a secret that was sent.
 * - P5: all requests of the class, sent over and over, leave memory bounded (`memoryStaysBounded`).
 */

import assert from "node:assert/strict"
import { createHash, randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { after, test } from "node:test"
import type { Storage } from "@arca/storage"
import { lmdbStorage } from "../../storage/lmdb.ts"
import { fields, type Running, type StartOptions, startUnsealed } from "../parts/arca.ts"
import { type Answer, type Ask, requestBytes, sendOne, sendRaw, sendTogether } from "./wire.ts"

interface Exchange {
  readonly bytes: Buffer
  readonly answer: Answer
  /** The stamp that the audit shows, for requests that have one. */
  readonly stamp: string | undefined
}

export interface House {
  readonly running: Running
  readonly port: number
  readonly root: string
  readonly share: string
  /** One request as root, or with the token given (`token: ""` is none). */
  ask(ask: Ask): Promise<Answer>
  /** A request that must succeed; returns its `data` (or `auth`, or the whole body). */
  must(ask: Ask): Promise<Record<string, unknown>>
  raw(pieces: string | Buffer | readonly Buffer[], silence?: number): Promise<Answer[]>
  together(asks: readonly Ask[]): Promise<Answer[]>
  /** Runs requests that must all be refused (4xx) without any effect on the store (P3, P4). */
  refused(act: () => Promise<Answer | readonly Answer[]>): Promise<Answer[]>
  /** A value that must never be seen in a record, a log or an error. */
  canary(): string
  /** A token with these policies; `rules` become a policy of its own. */
  token(rules: string, more?: Record<string, unknown>): Promise<string>
  /** The case may be answered with these codes, although they are 5xx. */
  allow(...statuses: number[]): void
  /** A digest of the whole store, without what background work writes. */
  digest(): Promise<string>
  readonly storage: Storage
  /** Called by `attack` around each case. */
  begin(): Promise<void>
  end(): Promise<void>
  /** All requests that were sent so far. */
  readonly sent: Buffer[]
}

const STAMP = "X-Case"

/** Starts the house of a test file; it is torn down after the file's last test. */
export async function openHouse(options: StartOptions = {}): Promise<House> {
  const running = await startUnsealed({ plain: true, ...options })
  after(() => running.stop())
  const storage = await lmdbStorage({ path: join(running.dir, "store") })
  after(() => storage[Symbol.asyncDispose]())
  const house = houseOf(running, storage, running.token, running.share)
  await furnish(house)
  return house
}

async function furnish(house: House): Promise<void> {
  const put = (path: string, body: unknown) => house.must({ method: "PUT", path, body })
  await put("sys/audit/file", { type: "file", options: { file_path: join(house.running.dir, "audit.log") } })
  await put(`sys/config/auditing/request-headers/${STAMP.toLowerCase()}`, { hmac: false })
  await put("sys/mounts/secret", { type: "kv", options: { version: "2" } })
  await put("sys/mounts/kv1", { type: "kv", options: { version: "1" } })
}

/** What background work writes by itself, and what the server notes about its own keys. */
const OWN_WORK = /^(claims\/|core\/(keyring|ledger$|audit-checkpoint\/))/

function houseOf(running: Running, storage: Storage, root: string, share: string): House {
  const port = Number(new URL(running.url).port)
  const sent: Buffer[] = []
  const canaries: string[] = []
  let exchanges: Exchange[] = []
  let allowed = new Set<number>()
  let auditFrom = 0
  let logFrom = 0
  let stamps = 0

  const stamped = (ask: Ask): { ask: Ask; stamp: string } => {
    const stamp = `case-${++stamps}`
    return { ask: { token: root, ...ask, headers: { [STAMP]: stamp, ...ask.headers } }, stamp }
  }
  const note = (bytes: Buffer, answer: Answer, stamp?: string): Answer => {
    exchanges.push({ bytes, answer, stamp })
    return answer
  }
  const ask = async (wanted: Ask): Promise<Answer> => {
    const { ask: full, stamp } = stamped(wanted)
    const bytes = requestBytes(full)
    return note(bytes, await sendOne(port, full), stamp)
  }
  const digest = async (): Promise<string> => {
    const hash = createHash("sha256")
    using view = storage.view()
    for (const key of await view.keys("")) {
      if (OWN_WORK.test(key)) continue
      hash
        .update(key)
        .update("\0")
        .update((await view.get(key)) ?? "")
        .update("\0")
    }
    return hash.digest("hex")
  }
  const auditFile = join(running.dir, "audit.log")
  const house: House = {
    running,
    port,
    root,
    share,
    storage,
    sent,
    ask,
    must: async wanted => {
      const answer = await ask(wanted)
      assert.ok(answer.status < 300, `${wanted.method ?? "GET"} ${wanted.path}: ${answer.status} ${answer.text}`)
      const body = fields(answer.json)
      return body.auth ? fields(body.auth) : body.data ? fields(body.data) : body
    },
    raw: async (pieces, silence) => {
      const bytes = typeof pieces === "string" ? Buffer.from(pieces, "latin1") : pieces
      const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes)
      const answers = await sendRaw(port, bytes, silence)
      for (const answer of answers) note(whole, answer)
      return answers
    },
    together: async asks => {
      const all = asks.map(stamped)
      const answers = await sendTogether(
        [port],
        all.map(one => one.ask),
      )
      return answers.map((answer, index) =>
        note(requestBytes(all[index]?.ask ?? { path: "" }), answer, all[index]?.stamp),
      )
    },
    refused: async act => {
      const before = await digest()
      const answers = [await act()].flat()
      for (const { status, text } of answers) assert.ok(status >= 400 && status < 500, `not refused: ${status} ${text}`)
      assert.equal(await digest(), before, "P3: a refused request changed the store")
      return answers
    },
    canary: () => {
      const made = `canary-"${randomBytes(9).toString("hex")}"`
      canaries.push(made)
      return made
    },
    token: async (rules, more = {}) => {
      const name = `case-${++stamps}`
      await house.must({ method: "PUT", path: `sys/policies/acl/${name}`, body: { policy: rules } })
      const auth = await house.must({ method: "POST", path: "auth/token/create", body: { policies: [name], ...more } })
      return String(auth.client_token)
    },
    allow: (...statuses) => {
      allowed = new Set([...allowed, ...statuses])
    },
    digest,
    begin: async () => {
      exchanges = []
      allowed = new Set()
      auditFrom = (await readFile(auditFile)).length
      logFrom = running.log().length
    },
    end: async () => {
      for (const { bytes } of exchanges) if (bytes.length < 65_536) sent.push(bytes)
      for (const { answer, bytes } of exchanges) mustBeWellFormed(answer, bytes, allowed, canaries, running.dir)
      const health = await sendOne(port, { path: "sys/health" })
      assert.equal(running.process.exitCode, null, "P1: the process lives")
      assert.equal(health.status, 200, "P1: sys/health")
      const written = (await readFile(auditFile)).subarray(auditFrom).toString()
      mustBeRecorded(written, exchanges)
      mustHideCanaries(written, canaries, "the audit")
      mustHideCanaries(running.log().slice(logFrom), canaries, "the log")
    },
  }
  return house
}

const LEAKS = /\bat .*\.[cm]?[jt]s:\d+|node:internal|node_modules|\bSELECT\b/

/** P1 and P4. */
function mustBeWellFormed(
  { status, text, json }: Answer,
  sent: Buffer,
  allowed: ReadonlySet<number>,
  canaries: readonly string[],
  dir: string,
): void {
  assert.ok(status < 500 || allowed.has(status), `P1: ${status} ${text}`)
  if (status < 400) return
  const { errors, data, warnings } = fields(json)
  const sentences = Array.isArray(errors) && errors.every(one => typeof one === "string")
  assert.ok(
    sentences || (status === 404 && (text === "" || data !== undefined || warnings !== undefined)),
    `P4: ${status} ${text}`,
  )
  // A path that the caller sent is no news to it.
  assert.ok(!LEAKS.test(text) && (!text.includes(dir) || sent.includes(dir)), `P4: ${text}`)
  mustHideCanaries(text, canaries, "an error")
}

interface Line {
  readonly type: string
  readonly request?: { readonly id?: string; readonly headers?: Readonly<Record<string, readonly string[]>> }
}

/** P2: records come in pairs, and what was served has them. */
function mustBeRecorded(written: string, exchanges: readonly Exchange[]): void {
  const pairs = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const text of written.split("\n").filter(line => line !== "")) {
    const line = JSON.parse(text) as Line
    if (line.request?.id === undefined) continue
    pairs.set(line.request.id, [...(pairs.get(line.request.id) ?? []), line.type])
    for (const stamp of line.request.headers?.[STAMP.toLowerCase()] ?? []) seen.add(stamp)
  }
  for (const [id, types] of pairs) assert.deepEqual(types, ["request", "response"], `P2: records of request ${id}`)
  for (const { stamp, answer } of exchanges) {
    if (stamp === undefined || seen.has(stamp)) continue
    const bare = fields(answer.json).request_id === undefined && answer.status < 300
    assert.ok(
      bare || (answer.status >= 400 && answer.status !== 403),
      `P2: served without a record: ${answer.status} ${answer.text}`,
    )
  }
}

function mustHideCanaries(text: string, canaries: readonly string[], where: string): void {
  for (const canary of canaries) {
    const bytes = Buffer.from(canary)
    const forms = [
      canary,
      JSON.stringify(canary).slice(1, -1),
      bytes.toString("hex"),
      bytes.toString("base64").replace(/=+$/, ""),
    ]
    // The middle has no quotes: it shows however the rest is escaped.
    for (const form of [...forms, canary.slice(8, -1)]) assert.ok(!text.includes(form), `P2: ${where} holds ${form}`)
  }
}

/** A case of the catalogue: its id, what must hold, and the attack. The postconditions are checked after it. */
export function attack(house: House, id: string, must: string, act: (house: House) => Promise<void>): void {
  test(`${id}: ${must}`, async () => {
    await house.begin()
    await act(house)
    await house.end()
  })
}

/** How often all requests of a class are sent for P5. The catalogue asks for 1,000; the default is what a quick run bears. */
const REPEATS = Number(process.env.ARCA_SECURITY_REPEATS ?? 1)
const MAX_GROWTH_KB = 96 * 1024

const residentKb = async (house: House): Promise<number> => {
  const status = await readFile(`/proc/${house.running.process.pid}/status`, "utf8")
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0)
}

/** P5, as the last test of a class. */
export function memoryStaysBounded(house: House): void {
  test(`P5: every request of this class, ${REPEATS} times, leaves memory bounded`, {
    skip: process.platform !== "linux",
  }, async t => {
    const round = async () => {
      const left = house.sent.values()
      const client = async () => {
        for (const bytes of left) await sendRaw(house.port, bytes, 150)
      }
      await Promise.all(Array.from({ length: 8 }, client))
    }
    await round()
    const before = await residentKb(house)
    for (let nth = 0; nth < REPEATS; nth++) await round()
    const growth = (await residentKb(house)) - before
    t.diagnostic(`${house.sent.length} requests × ${REPEATS}: ${Math.round(growth / 1024)} MB more`)
    assert.ok(growth < MAX_GROWTH_KB, `grew by ${growth} kB`)
    assert.equal((await sendOne(house.port, { path: "sys/health" })).status, 200)
  })
}
