import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { STORAGE_TYPES } from "@arca/storage"
import { readConfig } from "../../server/config/read.ts"

const at = (name: string): string => join(import.meta.dirname, "../../deploy/cluster", name)

test("the nodes' configurations in deploy/ are read without a complaint, and name options that there are", async () => {
  for (const type of ["postgresql", "etcd"]) {
    const config = await readConfig([at("arca.hcl"), at(`storage-${type}.hcl`)])
    assert.deepEqual(config.warnings, [])
    assert.equal(config.storage?.type, type)
    for (const name of config.storage?.options.keys() ?? [])
      assert.ok(name in (STORAGE_TYPES[type]?.options ?? {}), name)
    assert.deepEqual(
      config.seals.map(seal => seal.type),
      ["static"],
    )
    assert.equal(config.listeners.length, 1)
  }
})
