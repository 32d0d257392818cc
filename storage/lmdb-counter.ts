/**
 * Adds to a counter in a process of its own, for the tests: `node lmdb-counter.ts <directory> <times>`.
 */

import { bytes, retrying, text } from "./conformance-steps.ts"
import { lmdbStorage } from "./lmdb.ts"

const [directory = "", times = "1"] = process.argv.slice(2)
await using storage = await lmdbStorage({ path: directory })
for (let nth = 0; nth < Number(times); nth++) {
  await retrying(storage, async view => view.put("n", bytes(String(Number(text(await view.get("n")) ?? "0") + 1))))
}
