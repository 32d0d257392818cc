/**
 * An application logs in: a role id from its configuration, a secret id that was handed over wrapped.
 *
 *     node examples/approle-login.ts
 */

import { createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

// The operator's part: a role, its id, and a secret id behind a token that opens once.
const operator = createClient(settingsFromEnvironment())
await operator.write("sys/auth/example-approle", { type: "approle" })
await operator.write("auth/example-approle/role/web", { token_ttl: "20m", secret_id_num_uses: 1 })
const role = await operator.read<{ role_id: string }>("auth/example-approle/role/web/role-id")
const handed = await operator.with({ wrapTtl: "2m" }).write("auth/example-approle/role/web/secret-id")

// The application's part: it has the role id and the wrapping token, and nothing else.
const app = operator.with({ token: "" })
const opened = await app.unwrap<{ secret_id: string }>(handed?.wrap_info?.token)
const login = await app.write("auth/example-approle/login", {
  role_id: role?.data?.role_id,
  secret_id: opened?.data?.secret_id,
})
const own = app.with({ token: login?.auth?.client_token ?? "" })

console.log("logged in for", login?.auth?.lease_duration, "seconds as", login?.auth?.metadata)
const { data } = (await own.read<{ display_name: string }>("auth/token/lookup-self")) ?? {}
console.log("the audit calls it", data?.display_name)

// prints:
// logged in for 1200 seconds as { role_name: 'web' }
// the audit calls it example-approle
