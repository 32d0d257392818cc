/**
 * Every secret below a folder that the token may read, however deep, a page at a time.
 *
 *     node examples/find-secrets.ts
 */

import { createClient } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const client = createClient(settingsFromEnvironment())
for (const name of ["api/key", "api/old/key", "db", "mail"]) {
  await client.write(`secret/data/examples/tree/${name}`, { data: { name } })
}

let after = ""
for (;;) {
  const page = await client.scan("secret/metadata/examples/tree", { after, limit: 3 })
  const names = page?.data?.keys ?? []
  if (names.length === 0) break
  console.log(names.join(" "))
  after = names.at(-1) ?? ""
}

// prints:
// api/key api/old/key db
// mail
