import type { JsonObject } from "@arca/api/json"
import type { Client, Secret } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { dataOf } from "../data.ts"
import { Failure } from "../failure.ts"
import { bool } from "../flags.ts"
import { cleanPath } from "../paths.ts"
import { wrote } from "../wrote.ts"

const flags = { force: bool("Go ahead without data, for paths that need none.", { alias: "f" }) }
const args = { usage: "PATH [DATA K=V...]", min: 1, max: Number.POSITIVE_INFINITY }

export const write = command({
  name: "write",
  summary: "Writes data to a path: a secret, a role, a configuration.",
  about:
    'A value that begins with "@" is read from that file; the value "-" is read from stdin. A word "@file" or "-" alone stands for a JSON object.',
  examples: [
    ["Configure a role", "write auth/approle/role/web token_policies=web token_ttl=20m"],
    ["Make an encryption key", "write -f transit/keys/orders"],
    ["Send a whole JSON document", "write pki/roles/servers @role.json"],
  ],
  args,
  flags,
  prints: "fields",
  run: call => send(call, (server, path, data) => server.write(path, data)),
})

export const patch = command({
  name: "patch",
  summary: "Changes only the given fields of what is at a path.",
  examples: [
    ["Change one setting of a role", "patch pki/roles/servers allow_localhost=false"],
    ["Take the changes from a file", "patch pki/roles/servers @changes.json"],
  ],
  args,
  flags,
  prints: "fields",
  run: call => send(call, (server, path, data) => server.patch(path, data)),
})

type Verb = (server: Client, path: string, data: JsonObject) => Promise<Secret | null>

async function send(
  { args: [given = "", ...words], flags, globals, io, out, client }: Call<{ force: boolean }>,
  verb: Verb,
) {
  if (words.length === 0 && !flags.force) throw new Failure("Must supply data or use -force", 1)
  const path = cleanPath(given)
  const data = await dataOf(words, io, globals)
  await wrote(out, path, verb(await client(), path, data))
}
