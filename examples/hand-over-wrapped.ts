/**
 * Hand over a reply so that it can be taken once, and look at the wrapping before opening it.
 *
 *     node examples/hand-over-wrapped.ts
 */

import { ApiError, createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const client = createClient(settingsFromEnvironment())
await client.write("secret/data/examples/door", { data: { code: "4711" } })

const wrapped = await client.with({ wrapTtl: "5m" }).read("secret/data/examples/door")
const token = wrapped?.wrap_info?.token

const seen = await client.write<{ creation_path: string }>("sys/wrapping/lookup", { token })
console.log("made by", seen?.data?.creation_path)

const opened = await client.unwrap<{ data: { code: string } }>(token)
console.log("the code is", opened?.data?.data.code)

try {
  await client.unwrap(token)
} catch (error) {
  if (error instanceof ApiError) console.log("a second time:", error.status, error.errors[0])
}

// prints:
// made by secret/data/examples/door
// the code is 4711
// a second time: 400 wrapping token is not valid or does not exist
