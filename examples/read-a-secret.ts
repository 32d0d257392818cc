/**
 * Write a secret, read it, change one key of it, read the version before.
 *
 *     node examples/read-a-secret.ts        (VAULT_ADDR and VAULT_TOKEN say where and as whom)
 */

import { createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const client = createClient(settingsFromEnvironment())

await client.write("secret/data/examples/db", { data: { username: "app", password: "correct-horse" } })
await client.patch("secret/data/examples/db", { data: { password: "battery-staple" } })

const now = await client.read("secret/data/examples/db")
const before = await client.read("secret/data/examples/db", { version: "1" })
console.log("now:", now?.data?.data)
console.log("before:", before?.data?.data)
console.log("nothing there:", await client.read("secret/data/examples/nothing"))

// prints:
// now: { username: 'app', password: 'battery-staple' }
// before: { username: 'app', password: 'correct-horse' }
// nothing there: null
