/**
 * Tokens beside a model of them: a tree of tokens with lives, periods, hard ends and counted uses, told random stories.
 * The model is written from Vault's documentation and shares no code with the server.
 */

import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { testServer } from "../../server/testing.ts"
import { PARAMETERS, STORY } from "./runs.ts"

const MAX = 768 * 3600

interface Token {
  readonly text: string
  readonly accessor: string
  readonly type: "service" | "batch"
  readonly createdAt: number
  /** What a renewal without a wish gives: the first life, or what the last renewal gave. */
  ttl: number
  readonly firstTtl: number
  expiresAt: number
  readonly explicitMax: number
  readonly period: number
  /** 0 is without limit. */
  uses: number
  parent: Token | undefined
  dead: boolean
}

type Sentence =
  | {
      say: "create"
      by: number
      ttl: number
      explicitMax: number
      period: number
      uses: number
      orphan: boolean
      batch: boolean
    }
  | { say: "lookup" | "renew" | "revoke-self"; by: number; increment: number }
  | { say: "revoke" | "revoke-orphan" | "revoke-accessor" | "lookup-accessor" | "renew-accessor"; of: number }
  | { say: "wait"; seconds: number }

const which = fc.nat({ max: 9 })
const sentence: fc.Arbitrary<Sentence> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      say: fc.constant("create" as const),
      by: which,
      ttl: fc.constantFrom(0, 60, 3600, 2 * MAX),
      explicitMax: fc.constantFrom(0, 0, 90, 7200),
      period: fc.constantFrom(0, 0, 0, 120),
      uses: fc.constantFrom(0, 0, 1, 3),
      orphan: fc.boolean(),
      batch: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      say: fc.constantFrom("lookup" as const, "lookup" as const, "renew" as const, "revoke-self" as const),
      by: which,
      increment: fc.constantFrom(0, 30, 10_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constantFrom(
        "revoke" as const,
        "revoke-orphan" as const,
        "revoke-accessor" as const,
        "lookup-accessor" as const,
        "renew-accessor" as const,
      ),
      of: which,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      say: fc.constant("wait" as const),
      seconds: fc.constantFrom(1, 30, 60, 120, 3600, MAX / 2),
    }),
  },
)

type Vault = Awaited<ReturnType<typeof testServer>>

/** The world as it should be. `root` has index 0 and never ends. */
class World {
  readonly tokens: Token[]
  now: number

  constructor(root: string, now: number) {
    this.now = now
    const endless = { ttl: 0, firstTtl: 0, expiresAt: Number.POSITIVE_INFINITY, explicitMax: 0, period: 0, uses: 0 }
    this.tokens = [
      { text: root, accessor: "", type: "service", createdAt: now, ...endless, parent: undefined, dead: false },
    ]
  }

  token(index: number): Token {
    const found = this.tokens[index % this.tokens.length]
    assert.ok(found)
    return found
  }

  lives(token: Token): boolean {
    // A batch token cannot be revoked; it ends with its own time, or with its parent.
    if (token.type === "batch")
      return token.expiresAt > this.now && (token.parent === undefined || this.lives(token.parent))
    return !token.dead && token.expiresAt > this.now
  }

  kill(token: Token): void {
    token.dead = true
    for (const child of this.tokens) if (child.parent === token && !child.dead) this.kill(child)
  }

  orphan(token: Token): void {
    for (const child of this.tokens) if (child.parent === token && child.type === "service") child.parent = undefined
    token.dead = true
  }

  /** A request with the token: false when it is refused. Takes a use. */
  use(token: Token): boolean {
    if (!this.lives(token)) return false
    if (token.uses === 1) this.kill(token)
    else if (token.uses > 1) token.uses--
    return true
  }

  wait(seconds: number): void {
    this.now += seconds
    for (const token of this.tokens) if (token.expiresAt <= this.now && !token.dead) this.kill(token)
  }
}

/** The first life of a token. */
function life(one: { ttl: number; explicitMax: number; period: number }): number {
  const wished = one.period || one.ttl || MAX
  return Math.min(wished, MAX, one.explicitMax || MAX)
}

/** The life that a renewal gives from now on. */
function renewed(token: Token, increment: number, now: number): number {
  const age = now - token.createdAt
  const wished = token.period || increment || token.ttl
  const mount = token.period > 0 ? MAX : MAX - age
  return Math.max(0, Math.min(wished, mount, token.explicitMax > 0 ? token.explicitMax - age : MAX))
}

async function create(vault: Vault, world: World, one: Extract<Sentence, { say: "create" }>): Promise<void> {
  const by = world.token(one.by)
  const limited = by.uses > 0
  const allowed = world.use(by)
  const type = one.batch ? "batch" : "service"
  const body = {
    policies: ["maker"],
    ttl: one.ttl,
    explicit_max_ttl: one.explicitMax,
    period: one.period,
    num_uses: one.uses,
    no_parent: one.orphan,
    type,
  }
  const reply = await vault.write("auth/token/create", body, { token: by.text })
  if (!allowed) return assert.equal(reply.status, 403, JSON.stringify(one))
  const refused =
    by.type === "batch" || limited || (one.batch && (one.explicitMax > 0 || one.period > 0 || one.uses > 0))
  if (refused) return assert.equal(reply.status, 400, JSON.stringify(reply.body))
  assert.equal(reply.status, 200, JSON.stringify(reply.body))
  const ttl = life(one)
  assert.equal(reply.auth.lease_duration, ttl)
  assert.equal(reply.auth.orphan, one.orphan)
  world.tokens.push({
    text: String(reply.auth.client_token),
    accessor: String(reply.auth.accessor),
    type,
    createdAt: world.now,
    ttl,
    firstTtl: ttl,
    expiresAt: world.now + ttl,
    explicitMax: one.explicitMax,
    period: one.period,
    uses: one.uses,
    parent: one.orphan ? undefined : by,
    dead: false,
  })
}

async function byItself(
  vault: Vault,
  world: World,
  one: Extract<Sentence, { by: number; increment: number }>,
): Promise<void> {
  const token = world.token(one.by)
  if (token === world.tokens[0]) return
  const allowed = world.use(token)
  if (one.say === "lookup") {
    const reply = await vault.read("auth/token/lookup-self", { token: token.text })
    assert.equal(reply.status, allowed ? 200 : 403, JSON.stringify(reply.body))
    if (!allowed) return
    assert.equal(reply.data.ttl, Math.floor(token.expiresAt - world.now))
    assert.equal(reply.data.creation_ttl, token.firstTtl)
    return
  }
  if (one.say === "renew") {
    const reply = await vault.write("auth/token/renew-self", { increment: one.increment }, { token: token.text })
    if (!allowed) return assert.equal(reply.status, 403)
    if (token.type === "batch") return assert.equal(reply.status, 400)
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    const ttl = renewed(token, one.increment, world.now)
    assert.equal(reply.auth.lease_duration, ttl)
    token.expiresAt = world.now + ttl
    token.ttl = ttl
    return
  }
  const reply = await vault.write("auth/token/revoke-self", {}, { token: token.text })
  if (!allowed) return assert.equal(reply.status, 403)
  if (token.type === "batch") return assert.equal(reply.status, 400, JSON.stringify(reply.body))
  assert.equal(reply.status, 204)
  world.kill(token)
}

async function byRoot(vault: Vault, world: World, one: Extract<Sentence, { of: number }>): Promise<void> {
  const token = world.token(one.of)
  if (token === world.tokens[0] || token.type === "batch") return
  const { accessor } = token
  if (one.say === "lookup-accessor") {
    const reply = await vault.write("auth/token/lookup-accessor", { accessor })
    assert.equal(reply.status === 200, world.lives(token), JSON.stringify(reply.body))
    if (reply.status === 200) assert.equal(reply.data.num_uses, token.uses)
    return
  }
  if (one.say === "renew-accessor") {
    const reply = await vault.write("auth/token/renew-accessor", { accessor })
    assert.equal(reply.status === 200, world.lives(token), JSON.stringify(reply.body))
    if (reply.status !== 200) return
    token.ttl = renewed(token, 0, world.now)
    token.expiresAt = world.now + token.ttl
    return
  }
  const lived = world.lives(token)
  if (one.say === "revoke-accessor") await vault.write("auth/token/revoke-accessor", { accessor })
  else await vault.write(`auth/token/${one.say}`, { token: token.text })
  if (!lived) return
  if (one.say === "revoke-orphan") world.orphan(token)
  else world.kill(token)
}

test("whatever is done to a tree of tokens, the server says what the model says", async () => {
  const story = fc.asyncProperty(fc.array(sentence, STORY), async sentences => {
    const vault = await testServer()
    await vault.policy("maker", 'path "auth/token/create" { capabilities = ["create", "update", "sudo"] }')
    const world = new World(vault.root, vault.clock.now())
    for (const one of sentences) {
      if (one.say === "wait") {
        vault.clock.advance(`${one.seconds}s`)
        await vault.runJobs()
        world.wait(one.seconds)
      } else if (one.say === "create") await create(vault, world, one)
      else if ("by" in one) await byItself(vault, world, one)
      else await byRoot(vault, world, one)
    }
    const living = world.tokens.filter(token => token.type === "service" && world.lives(token))
    const { data } = await vault.list("auth/token/accessors")
    assert.equal((data.keys as unknown[]).length, living.length, "no token is left over, none is missing")
    for (const token of world.tokens) {
      const reply = await vault.read("auth/token/lookup-self", { token: token.text })
      assert.equal(reply.status === 200, world.lives(token), JSON.stringify(token, ["type", "ttl", "uses", "dead"]))
    }
  })
  await fc.assert(story, PARAMETERS)
})
