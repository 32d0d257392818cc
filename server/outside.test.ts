import assert from "node:assert/strict"
import { test } from "node:test"
import { type Context, engine, field, route } from "@arca/api"
import { testServer } from "./testing.ts"

/** An account outside whose password the engine rotates, and connections to it. */
function accountEngine() {
  const outside = { password: "first", opened: 0, closed: [] as string[], dying: false, opening: Promise.resolve() }
  const text = (value: Uint8Array | undefined) => (value === undefined ? "" : Buffer.from(value).toString())
  const rotate = async (ctx: Context) => {
    const next = await ctx.durably(async store => {
      const pending = text(await store.get("pending")) || Buffer.from(ctx.random(8)).toString("hex")
      store.put("pending", Buffer.from(pending))
      return pending
    })
    outside.password = next
    if (outside.dying) throw new Error("died")
    await ctx.durably(async store => {
      store.put("password", Buffer.from(next))
      store.delete("pending")
    })
    return next
  }
  const declared = engine({
    kind: "secret",
    type: "account",
    summary: "An account outside.",
    routes: [
      route("rotate", {
        summary: "Rotate.",
        write: async (_, ctx) => ({ data: { known: text(await ctx.store.get("password")), next: await rotate(ctx) } }),
      }),
      route("password", {
        summary: "The password.",
        read: async (_, ctx) => ({ data: { password: text(await ctx.store.get("password")) } }),
      }),
      route("connect", {
        summary: "Use a connection.",
        fields: { version: field.string("Of the configuration.", { default: "1" }) },
        read: async ({ version }, ctx) => ({
          data: {
            connection: await ctx.resource(
              `pool/${version}`,
              async () => {
                await outside.opening
                return `connection ${++outside.opened}`
              },
              async connection => void outside.closed.push(connection),
            ),
          },
        }),
        delete: async (_, ctx) => {
          await ctx.closeResources("pool/")
          return undefined
        },
      }),
    ],
    jobs: [
      {
        name: "finish rotations",
        everySeconds: 5,
        run: async ctx => void ((await ctx.store.get("pending")) && (await rotate(ctx))),
      },
    ],
  })
  return { declared, outside }
}

async function withAccount() {
  const { declared, outside } = accountEngine()
  const vault = await testServer({ engines: [declared] })
  await vault.write("sys/mounts/account", { type: "account" })
  return { vault, outside }
}

test("a rotation that dies after its outside effect is finished by the job, with the same password", async () => {
  const { vault, outside } = await withAccount()
  outside.dying = true
  assert.equal((await vault.write("account/rotate")).status, 500)
  const set = outside.password
  assert.equal((await vault.read("account/password")).data.password, "")
  outside.dying = false
  vault.clock.advance("6s")
  await vault.runJobs()
  assert.equal(outside.password, set)
  assert.equal((await vault.read("account/password")).data.password, set)
})

test("a request that made something durable is not run again when it conflicts with itself", async () => {
  const { vault, outside } = await withAccount()
  // Wrapping writes in the request's own transaction, which has read what the rotation changed.
  const wrapped = await vault.write("account/rotate", {}, { wrapTtl: 60 })
  assert.deepEqual([wrapped.status, wrapped.errors.length], [503, 1])
  assert.equal((await vault.read("account/password")).data.password, outside.password)
})

test("connections are opened once for all who ask at the same time, and again for another version", async () => {
  const { vault, outside } = await withAccount()
  let go: () => void = () => {}
  outside.opening = new Promise(resolve => (go = resolve))
  const asking = Array.from({ length: 5 }, () => vault.read("account/connect"))
  go()
  const names = (await Promise.all(asking)).map(reply => reply.data.connection)
  assert.deepEqual([new Set(names), outside.opened], [new Set(["connection 1"]), 1])
  const other = await vault.ask("read", "account/connect", { version: "2" })
  assert.equal(other.data.connection, "connection 2")
})

test("mounts do not see each other's connections", async () => {
  const { vault } = await withAccount()
  await vault.write("sys/mounts/second", { type: "account" })
  const first = await vault.read("account/connect")
  const second = await vault.read("second/connect")
  assert.notEqual(first.data.connection, second.data.connection)
})

test("an opening that failed is tried again", async () => {
  const { vault, outside } = await withAccount()
  outside.opening = Promise.reject(new Error("nobody there"))
  outside.opening.catch(() => {})
  assert.equal((await vault.read("account/connect")).status, 500)
  outside.opening = Promise.resolve()
  assert.equal((await vault.read("account/connect")).status, 200)
})

test("connections end when the engine says so, when they are idle, when the mount goes, and when the server is sealed", async () => {
  const { vault, outside } = await withAccount()
  const use = () => vault.read("account/connect")
  await use()
  await vault.delete("account/connect")
  assert.deepEqual(outside.closed, ["connection 1"])
  await use()
  vault.clock.advance("9m")
  await use()
  vault.clock.advance("9m")
  await vault.runJobs()
  assert.deepEqual(outside.closed.length, 1)
  vault.clock.advance("2m")
  await vault.runJobs()
  assert.deepEqual(outside.closed, ["connection 1", "connection 2"])
  await use()
  await vault.delete("sys/mounts/account")
  assert.deepEqual(outside.closed.length, 3)
  await vault.write("sys/mounts/account", { type: "account" })
  await use()
  await vault.write("sys/seal")
  assert.deepEqual(outside.closed.length, 4)
})
