/**
 * KV version 2 beside a model of it: random stories (fast-check, shrunk to the shortest that fails) are told to the server
 * and to a table in memory, and both must say the same after every sentence.
 *
 * `ARCA_MODEL_RUNS` says how many stories; the seed of a failure is printed and can be given as `ARCA_MODEL_SEED`.
 */

import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonObject } from "@arca/api"
import fc from "fast-check"
import { type Told, testServer } from "../../server/testing.ts"
import { PARAMETERS, STORY } from "./runs.ts"

/** Seconds since 1970; undefined is never. */
interface Version {
  data: JsonObject | undefined
  deletedAt: number | undefined
  destroyed: boolean
}

interface Secret {
  current: number
  readonly versions: Map<number, Version>
  maxVersions: number
  casRequired: boolean
  /** Seconds: 0 leaves it to the mount, negative is never. */
  deleteAfter: number
}

interface Model {
  readonly secrets: Map<string, Secret>
  config: { maxVersions: number; casRequired: boolean; deleteAfter: number }
}

type Sentence =
  | { say: "put"; path: string; data: JsonObject; cas: number | undefined }
  | { say: "patch"; path: string; data: JsonObject; cas: number | undefined }
  | { say: "get"; path: string; version: number | undefined }
  | { say: "delete"; path: string }
  | { say: "delete-versions" | "undelete" | "destroy"; path: string; versions: number[] }
  | { say: "metadata"; path: string; maxVersions: number; casRequired: boolean; deleteAfter: number }
  | { say: "forget"; path: string }
  | { say: "config"; maxVersions: number; casRequired: boolean; deleteAfter: number }
  | { say: "wait"; seconds: number }

const path = fc.constantFrom("a", "b", "c/d", "c/e")
const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom("x", "y", true, null))
const data = fc.dictionary(fc.constantFrom("k", "l", "__proto__", "m"), value, { maxKeys: 3 })
const cas = fc.option(fc.nat({ max: 4 }), { nil: undefined })
const versions = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 })
const settings = {
  maxVersions: fc.nat({ max: 4 }),
  casRequired: fc.boolean(),
  deleteAfter: fc.constantFrom(0, 60, 3600, -1),
}

const sentence: fc.Arbitrary<Sentence> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ say: fc.constant("put" as const), path, data, cas }) },
  { weight: 3, arbitrary: fc.record({ say: fc.constant("patch" as const), path, data, cas }) },
  {
    weight: 3,
    arbitrary: fc.record({
      say: fc.constant("get" as const),
      path,
      version: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ say: fc.constant("delete" as const), path }) },
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constantFrom("delete-versions" as const, "undelete" as const, "destroy" as const),
      path,
      versions,
    }),
  },
  { weight: 2, arbitrary: fc.record({ say: fc.constant("metadata" as const), path, ...settings }) },
  { weight: 1, arbitrary: fc.record({ say: fc.constant("forget" as const), path }) },
  { weight: 1, arbitrary: fc.record({ say: fc.constant("config" as const), ...settings }) },
  { weight: 2, arbitrary: fc.record({ say: fc.constant("wait" as const), seconds: fc.constantFrom(1, 59, 60, 3600) }) },
)

const isGone = ({ deletedAt, destroyed }: Version, now: number): boolean =>
  destroyed || (deletedAt !== undefined && deletedAt <= now)

const fresh = (): Secret => ({ current: 0, versions: new Map(), maxVersions: 0, casRequired: false, deleteAfter: 0 })

/** When something written now deletes itself: the sooner of two wishes; the secret's "never" beats the mount. */
function endOf(model: Model, secret: Secret, now: number): number | undefined {
  if (model.config.deleteAfter < 0) return undefined
  const wishes = [secret.deleteAfter, model.config.deleteAfter].filter(one => one > 0)
  return wishes.length === 0 ? undefined : now + Math.min(...wishes)
}

/** The status of a write with check-and-set, before it is done. */
function casFault(model: Model, secret: Secret, given: number | undefined): boolean {
  if (given === undefined) return secret.casRequired || model.config.casRequired
  return given !== secret.current
}

function add(model: Model, name: string, secret: Secret, value: JsonObject, now: number): number {
  secret.current++
  secret.versions.set(secret.current, { data: value, deletedAt: endOf(model, secret, now), destroyed: false })
  const kept = Math.max(secret.maxVersions, model.config.maxVersions) || 10
  for (const number of secret.versions.keys()) if (number <= secret.current - kept) secret.versions.delete(number)
  model.secrets.set(name, secret)
  return secret.current
}

/** RFC 7396, for objects without inner ones. */
function merged(target: JsonObject, change: JsonObject): JsonObject {
  const entries = new Map(Object.entries(target))
  for (const [key, one] of Object.entries(change)) {
    if (one === null) entries.delete(key)
    else entries.set(key, one)
  }
  return Object.fromEntries(entries)
}

/** What the model answers: the status, and the version or the data where there is some. */
function told(
  model: Model,
  one: Sentence,
  now: number,
): { status: number; version?: number; data?: JsonObject | null } {
  if (one.say === "wait") return { status: 0 }
  if (one.say === "config") {
    model.config = { maxVersions: one.maxVersions, casRequired: one.casRequired, deleteAfter: one.deleteAfter }
    return { status: 204 }
  }
  const secret = model.secrets.get(one.path)
  if (one.say === "put") {
    const target = secret ?? fresh()
    if (casFault(model, target, one.cas)) return { status: 400 }
    return { status: 200, version: add(model, one.path, target, one.data, now) }
  }
  if (one.say === "metadata") {
    if (one.deleteAfter < 0) return { status: 400 }
    const target = secret ?? fresh()
    model.secrets.set(
      one.path,
      Object.assign(target, {
        maxVersions: one.maxVersions,
        casRequired: one.casRequired,
        deleteAfter: one.deleteAfter,
      }),
    )
    // A secret cannot do without what its mount requires: that is told in a warning.
    return { status: model.config.casRequired && !one.casRequired ? 200 : 204 }
  }
  if (one.say === "forget") {
    model.secrets.delete(one.path)
    return { status: 204 }
  }
  const latest = secret?.versions.get(secret.current)
  if (one.say === "patch") {
    if (secret === undefined) return { status: 404 }
    if (casFault(model, secret, one.cas)) return { status: 400 }
    if (latest === undefined || isGone(latest, now) || latest.data === undefined) return { status: 404 }
    return { status: 200, version: add(model, one.path, secret, merged(latest.data, one.data), now) }
  }
  if (one.say === "get") {
    const number = one.version || secret?.current || 0
    const found = secret?.versions.get(number)
    if (found === undefined) return { status: 404 }
    if (isGone(found, now)) return { status: 404, version: number, data: null }
    return { status: 200, version: number, data: found.data ?? null }
  }
  const numbers = one.say === "delete" ? [secret?.current ?? 0] : one.versions
  for (const number of numbers) {
    const found = secret?.versions.get(number)
    if (secret === undefined || found === undefined) continue
    if (one.say === "destroy") Object.assign(found, { destroyed: true, data: undefined })
    else if (one.say === "undelete") {
      if (!found.destroyed && isGone(found, now)) found.deletedAt = endOf(model, secret, now)
    } else if (!isGone(found, now)) found.deletedAt = now
  }
  return { status: 204 }
}

type Vault = Awaited<ReturnType<typeof testServer>>

function said(vault: Vault, one: Sentence): Promise<Told> | undefined {
  const options = "cas" in one && one.cas !== undefined ? { options: { cas: one.cas } } : {}
  switch (one.say) {
    case "put":
      return vault.write(`kv/data/${one.path}`, { data: one.data, ...options })
    case "patch":
      return vault.patch(`kv/data/${one.path}`, { data: one.data, ...options })
    case "get":
      return vault.ask("read", `kv/data/${one.path}`, one.version === undefined ? {} : { version: one.version })
    case "delete":
      return vault.delete(`kv/data/${one.path}`)
    case "delete-versions":
      return vault.write(`kv/delete/${one.path}`, { versions: one.versions })
    case "undelete":
    case "destroy":
      return vault.write(`kv/${one.say}/${one.path}`, { versions: one.versions })
    case "metadata":
    case "config": {
      const { maxVersions: max_versions, casRequired: cas_required, deleteAfter } = one
      const body = { max_versions, cas_required, delete_version_after: `${deleteAfter}s` }
      return vault.write(one.say === "config" ? "kv/config" : `kv/metadata/${one.path}`, body)
    }
    case "forget":
      return vault.delete(`kv/metadata/${one.path}`)
    case "wait":
      vault.clock.advance(`${one.seconds}s`)
      return undefined
  }
}

/** The same state seen from outside: every version of every secret, and the lists. */
async function agree(vault: Vault, model: Model): Promise<void> {
  const now = vault.clock.now()
  for (const name of ["a", "b", "c/d", "c/e"]) {
    const secret = model.secrets.get(name)
    const meta = await vault.read(`kv/metadata/${name}`)
    assert.equal(meta.status, secret === undefined ? 404 : 200, name)
    if (secret === undefined) continue
    assert.equal(meta.data.current_version, secret.current)
    const shown = meta.data.versions as Record<string, { destroyed: boolean; deletion_time: string }>
    assert.deepEqual(Object.keys(shown).map(Number), [...secret.versions.keys()], name)
    for (const [number, version] of secret.versions) {
      assert.equal(shown[number]?.destroyed, version.destroyed)
      const time = shown[number]?.deletion_time ?? ""
      assert.equal(time === "" ? undefined : Math.round(Date.parse(time) / 1000), version.deletedAt)
      const read = await vault.ask("read", `kv/data/${name}`, { version: number })
      assert.equal(read.status, isGone(version, now) ? 404 : 200)
      assert.equal(JSON.stringify(read.data.data), JSON.stringify(isGone(version, now) ? null : version.data))
    }
  }
  const top = new Set([...model.secrets.keys()].map(name => (name.includes("/") ? `${name.split("/", 1)[0]}/` : name)))
  const list = await vault.list("kv/metadata")
  assert.deepEqual(list.data.keys ?? [], [...top].sort())
}

test("whatever is done to secrets with versions, the server says what the model says", async () => {
  const story = fc.asyncProperty(fc.array(sentence, STORY), async sentences => {
    const vault = await testServer()
    await vault.write("sys/mounts/kv", { type: "kv", options: { version: "2" } })
    const model: Model = { secrets: new Map(), config: { maxVersions: 0, casRequired: false, deleteAfter: 0 } }
    for (const one of sentences) {
      const expected = told(model, one, vault.clock.now())
      const reply = await said(vault, one)
      if (reply === undefined) continue
      assert.equal(reply.status, expected.status, `${JSON.stringify(one)}: ${JSON.stringify(reply.body)}`)
      if (one.say !== "get" && expected.version !== undefined) assert.equal(reply.data.version, expected.version)
      if (one.say === "get" && expected.data !== undefined) {
        assert.equal(JSON.stringify(reply.data.data), JSON.stringify(expected.data))
        assert.equal((reply.data.metadata as JsonObject).version, expected.version)
      }
    }
    await agree(vault, model)
  })
  await fc.assert(story, PARAMETERS)
})
