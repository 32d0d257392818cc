import { command } from "../command.ts"
import { queryOf } from "../data.ts"
import { attempt, Failure } from "../failure.ts"
import { cleanPath } from "../paths.ts"

export const read = command({
  name: "read",
  summary: "Reads what is at a path: a secret, new credentials, a configuration.",
  examples: [
    ["Get new credentials for a database", "read database/creds/readonly"],
    ["Look at one field of a role", "read -field=token_ttl auth/approle/role/web"],
    ["See a reply just as the server sent it", "read -format=raw sys/health"],
  ],
  args: { usage: "PATH [K=V...]", min: 1, max: Number.POSITIVE_INFINITY },
  prints: "fields",
  raw: true,
  run: async ({ args: [given = "", ...words], globals, io, out, client }) => {
    const path = cleanPath(given)
    const query = await queryOf(words, io, globals)
    const server = await client()
    if (out.format === "raw") {
      const reply = await attempt(`Error reading: ${path}`, server.request({ method: "GET", path, query }))
      return out.line(await reply.text())
    }
    const secret = await attempt(`Error reading ${path}`, server.read(path, query))
    if (secret === null) throw new Failure(`No value found at ${path}`, 2)
    await out.secret(secret)
  },
})
