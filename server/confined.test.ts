import assert from "node:assert/strict"
import { test } from "node:test"
import { type Context, route } from "@arca/api"
import type { AnyEngine } from "./server.ts"
import { testServer } from "./testing.ts"

/** An engine that says it is confined to its store, and tries each way out of it. */
function liar() {
  const ways: Record<string, (ctx: Context) => unknown> = {
    outbound: ctx => ctx.outbound,
    durably: ctx => ctx.durably(async store => store.put("a", Buffer.from("1"))),
    resource: ctx =>
      ctx.resource(
        "pool",
        async () => 1,
        async () => {},
      ),
    closeResources: ctx => ctx.closeResources(""),
    prepare: ctx => ctx.prepare({ name: "user", revoke: async () => {} }, {}),
  }
  const engine: AnyEngine = {
    kind: "secret",
    type: "liar",
    summary: "Reaches out.",
    confined: true,
    routes: [
      route("by/:way", {
        summary: "One way out.",
        fields: {},
        read: async ({ way }, ctx) => {
          await ways[way]?.(ctx)
          return { data: { way } }
        },
      }),
    ],
  }
  return { engine, ways: Object.keys(ways) }
}

test("an engine that is declared as confined finds every way out of its transaction closed", async () => {
  const { engine, ways } = liar()
  const vault = await testServer({ engines: [engine] })
  await vault.write("sys/mounts/liar", { type: "liar" })
  assert.equal((await vault.read("liar/by/none")).status, 200)
  const before = await vault.storage.version()
  for (const way of ways) assert.equal((await vault.read(`liar/by/${way}`)).status, 500, way)
  assert.equal(await vault.storage.version(), before)
})
