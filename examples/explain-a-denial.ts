/**
 * Why is a request denied? The server names the rule that decides, and the rule that would allow it.
 *
 *     node examples/explain-a-denial.ts
 */

import { ApiError, createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const admin = createClient(settingsFromEnvironment())
await admin.write("sys/policies/acl/example-reader", {
  policy: `path "secret/data/examples/*" { capabilities = ["read"] }`,
})
const made = await admin.write("auth/token/create", { policies: ["example-reader"], ttl: "5m" })
const reader = admin.with({ token: made?.auth?.client_token ?? "" })

const path = "secret/data/examples/db"
try {
  await reader.write(path, { data: { password: "guess" } })
} catch (error) {
  if (!(error instanceof ApiError)) throw error
  const why = await reader.write<{ text: string; snippet: string }>("sys/policies/explain", {
    path,
    operation: "update",
  })
  console.log(error.status, why?.data?.text)
  console.log(why?.data?.snippet)
}

// prints:
// 403 Denied: …
// …
