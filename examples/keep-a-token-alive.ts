/**
 * A long-running program renews its token at two thirds of its life, and stops renewing when it ends.
 *
 *     node examples/keep-a-token-alive.ts
 */

import { setTimeout } from "node:timers/promises"
import { type Client, createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const admin = createClient(settingsFromEnvironment())
const made = await admin.write("auth/token/create", { ttl: "2s", explicit_max_ttl: "1h" })
const client = admin.with({ token: made?.auth?.client_token ?? "" })

const ended = new AbortController()
const renewing = keepAlive(client, made?.auth?.lease_duration ?? 0, ended.signal)

await setTimeout(2_500)
const own = await client.read("auth/token/lookup-self")
console.log("still valid after more than its first life:", own !== null)
ended.abort()
await renewing

async function keepAlive(of: Client, seconds: number, signal: AbortSignal): Promise<void> {
  for (let life = seconds; life > 0; ) {
    const gone = await setTimeout((life * 1000 * 2) / 3, false, { signal }).catch(() => true)
    if (gone) return
    life = (await of.write("auth/token/renew-self"))?.auth?.lease_duration ?? 0
  }
}

// prints:
// still valid after more than its first life: true
