import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { call, reference, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "checked on our own process"
let server: Awaited<ReturnType<typeof startUnsealed>>

before(async () => {
  if (!skip) server = await startUnsealed({ plain: true })
})
after(() => server?.stop())

const from = (origin: string, method = "GET", more: Record<string, string> = {}) =>
  call(server, { method, path: "sys/mounts", token: server.token, headers: { Origin: origin, ...more } })

test("pages of origins that were allowed may call the API, others not", { skip }, async () => {
  assert.equal((await from("https://console.example")).headers["access-control-allow-origin"], undefined)
  const configured = await call(server, {
    method: "POST",
    path: "sys/config/cors",
    token: server.token,
    body: { allowed_origins: "https://console.example", allowed_headers: "X-Custom" },
  })
  assert.equal(configured.status, 204)
  const allowed = await from("https://console.example")
  assert.equal(allowed.status, 200)
  assert.equal(allowed.headers["access-control-allow-origin"], "https://console.example")
  assert.equal(allowed.headers.vary, "Origin")
  const refused = await from("https://evil.example")
  assert.deepEqual([refused.status, refused.json], [403, { errors: ["origin not allowed"] }])
  const preflight = await from("https://console.example", "OPTIONS", { "Access-Control-Request-Method": "POST" })
  assert.equal(preflight.status, 204)
  assert.match(String(preflight.headers["access-control-allow-headers"]), /X-Vault-Token.*X-Custom/)
  assert.equal(preflight.headers["access-control-max-age"], "300")
  const odd = await from("https://console.example", "OPTIONS", { "Access-Control-Request-Method": "TRACE" })
  assert.equal(odd.status, 405)
  await call(server, { method: "DELETE", path: "sys/config/cors", token: server.token })
  assert.equal((await from("https://evil.example")).status, 200, "without the configuration there is nothing to refuse")
})
