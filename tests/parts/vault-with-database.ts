/** A server in the test's hand that a database is connected to. */

import assert from "node:assert/strict"
import type { JsonObject } from "@arca/api"
import { type TestServer, testServer } from "../../server/testing.ts"

/** The connection `name` is for all roles. `cleanup` is given what closes its connections, which would keep the process alive. */
export async function vaultWithDatabase(
  cleanup: (() => unknown)[],
  name: string,
  config: JsonObject,
): Promise<TestServer> {
  const vault = await testServer()
  cleanup.push(() => vault.write("sys/seal"))
  await vault.write("sys/mounts/database", { type: "database" })
  const written = await vault.write(`database/config/${name}`, { allowed_roles: "*", ...config })
  assert.deepEqual(written.errors, [])
  return vault
}
