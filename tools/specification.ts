/** The whole API as one OpenAPI document: a server with one mount of every engine and auth method there is. */

import type { JsonObject } from "@arca/api"
import { type TestServer, testServer } from "../server/testing.ts"

/** Mounts one of everything, at a path that names its kind: `kv-v1/`, `kv-v2/`, `auth/approle/`. */
export async function mountEverything(vault: TestServer): Promise<void> {
  for (const engine of vault.server.registry.engines) {
    if (engine.singleton) continue
    const versions = engine.versions === undefined ? [undefined] : ["1", ...Object.keys(engine.versions)]
    for (const version of versions) {
      const name = version === undefined ? engine.type : `${engine.type}-v${version}`
      const options = version === undefined ? {} : { options: { version } }
      const sys = engine.kind === "auth" ? "auth" : "mounts"
      const { status, errors } = await vault.write(`sys/${sys}/${name}`, { type: engine.type, ...options })
      if (status !== 204) throw new Error(`cannot mount ${name}: ${errors.join("; ")}`)
    }
  }
}

/** The document that generators of clients work from: mounts are parameters. */
export async function specification(): Promise<JsonObject> {
  const vault = await testServer()
  await mountEverything(vault)
  const { body } = await vault.write("sys/internal/specs/openapi", { generic_mount_paths: true })
  return body
}
