import { command } from "../command.ts"
import { queryOf } from "../data.ts"
import { cleanPath } from "../paths.ts"
import { deleted } from "../wrote.ts"

export const remove = command({
  name: "delete",
  summary: "Deletes what is at a path.",
  examples: [
    ["Remove a role", "delete auth/approle/role/web"],
    ["Remove an encryption key", "delete transit/keys/orders"],
  ],
  args: { usage: "PATH [K=V...]", min: 1, max: Number.POSITIVE_INFINITY, expected: "at least 1" },
  prints: "fields",
  run: async ({ args: [given = "", ...words], globals, io, out, client }) => {
    const path = cleanPath(given)
    const query = await queryOf(words, io, globals)
    await deleted(out, path, (await client()).delete(path, query))
  },
})
