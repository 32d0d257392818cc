import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"

const ROOT = join(import.meta.dirname, "..")

/** Where an import leads in a browser; undefined for what is no file of ours. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier === "#transport") return join(ROOT, "sdk/transport-browser.ts")
  if (specifier.startsWith("@arca/api/")) return join(ROOT, "api", `${specifier.slice("@arca/api/".length)}.ts`)
  return specifier.startsWith(".") ? join(dirname(from), specifier) : undefined
}

test("nothing that a browser loads needs Node or a package", () => {
  const seen = new Set<string>()
  const foreign: string[] = []
  const queue = [join(ROOT, "sdk/index.ts")]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(
      /^(?:import|export)(?! type).* from "(.*)"$/gm,
    )) {
      const target = resolve(file, specifier)
      if (target === undefined) foreign.push(`${file}: ${specifier}`)
      else queue.push(target)
    }
  }
  assert.deepEqual(foreign, [])
  assert.ok(seen.size > 5)
})

test("the browser's part speaks to a server with nothing but fetch", async () => {
  const server = createServer((request, response) => {
    response.end(
      JSON.stringify({ request_id: "1", data: { token: request.headers["x-vault-token"], path: request.url } }),
    )
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? address?.port : undefined
  const script = `const { createClient } = await import(${JSON.stringify(join(ROOT, "sdk/index.ts"))})
    const client = createClient({ address: "http://127.0.0.1:${port}", token: "t" })
    console.log(JSON.stringify((await client.read("secret/data/app", { version: 1 })).data))`
  try {
    const flags = ["--conditions=browser", "--input-type=module", "-e", script]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: ROOT })
    assert.deepEqual(JSON.parse(stdout), { token: "t", path: "/v1/secret/data/app?version=1" })
  } finally {
    server.close()
  }
})
