/**
 * Two writers change one secret: with `cas` each says which version it replaces, and nobody's change is lost.
 *
 *     node examples/check-and-set.ts
 */

import { ApiError, type Client, createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const client = createClient(settingsFromEnvironment())
const path = "secret/data/examples/counter"
await client.write(path, { data: { count: 0 } })

await Promise.all([increment(client), increment(client), increment(client)])
const result = await client.read<{ data: { count: number } }>(path)
console.log("counted to", result?.data?.data.count)

async function increment(by: Client): Promise<void> {
  for (;;) {
    const read = await by.read<{ data: { count: number }; metadata: { version: number } }>(path)
    const { data, metadata } = read?.data ?? { data: { count: 0 }, metadata: { version: 0 } }
    try {
      await by.write(path, { options: { cas: metadata.version }, data: { count: data.count + 1 } })
      return
    } catch (error) {
      if (!(error instanceof ApiError) || !error.message.includes("check-and-set")) throw error
    }
  }
}

// prints:
// counted to 3
