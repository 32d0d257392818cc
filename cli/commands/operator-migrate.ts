import { command } from "../command.ts"
import { Failure } from "../failure.ts"
import { bool, text } from "../flags.ts"
import { serverPart } from "../server-part.ts"

export const migrate = command({
  name: "migrate",
  summary: "Copies all data from one store into another, while the server is stopped.",
  about:
    "The file names both stores: storage_source and storage_destination, each like a storage stanza. Data is copied as it lies there, encrypted: the same unseal keys open the copy. What was copied is compared at the end. When the command is interrupted, run it again: it goes on where it was. A server does not start on a destination that is incomplete.",
  examples: [["Move from one machine's disk to PostgreSQL", "operator migrate -config=migrate.hcl"]],
  flags: {
    config: text("The file that names both stores.", { shown: "file" }),
    reset: bool("Start over in a destination that another copy was begun into."),
    start: text("Accepted without effect: an interrupted copy goes on by itself.", { shown: "key" }),
    "max-parallel": text("Accepted without effect.", { shown: "count" }),
  },
  local: true,
  run: async ({ flags, io }) => {
    const { config, reset } = flags
    if (config === undefined) throw new Failure("Must specify exactly one config path using -config", 1)
    const run = await serverPart("migrate/command", "migrateCommand")
    return await run([JSON.stringify({ config, reset: reset === true })], io)
  },
})
