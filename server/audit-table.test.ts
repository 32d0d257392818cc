import assert from "node:assert/strict"
import { createPublicKey } from "node:crypto"
import { join } from "node:path"
import { test } from "node:test"
import { Conflict, memoryStorage, type Storage } from "@arca/storage"
import { auditBroker } from "./audit/index.ts"
import { testWorld } from "./audit/testing.ts"
import { verifyAudit } from "./audit/verify.ts"
import { layout } from "./layout.ts"
import { testServer } from "./testing.ts"

test("a device whose enabling has to be tried again is enabled, and all that it wrote can be verified", async () => {
  await using world = await testWorld()
  const inner = memoryStorage()
  let conflicts = 0
  const busy: Storage = {
    ...inner,
    commit: async view => {
      // Somebody else was faster, twice.
      if ((await view.get(layout.auditDevices)) !== undefined && conflicts++ < 2) throw new Conflict("for the test")
      return inner.commit(view)
    },
  }
  const vault = await testServer({
    inner: busy,
    parts: {
      audit: auditBroker([], world),
      auditPlaces: { context: world, allowed: [world.directory], denied: [], worker: 0 },
    },
  })
  const file = join(world.directory, "audit.log")
  const enabled = await vault.write("sys/audit/file", { type: "file", options: { file_path: file } })
  assert.deepEqual([enabled.status, enabled.errors], [204, []])
  assert.ok(conflicts > 2, "it was tried three times")
  assert.deepEqual(Object.keys((await vault.read("sys/audit")).data), ["file/"])
  const { data } = await vault.read("sys/audit/verification-key")
  await vault.server.audit.close()
  const verified = await verifyAudit([file], { publicKey: createPublicKey(String(data.public_key)) })
  assert.deepEqual(verified.findings, [])
  assert.ok(verified.intact)
})
