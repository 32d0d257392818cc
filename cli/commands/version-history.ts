import { command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { keysOf } from "../listing.ts"
import { ownField } from "../output/secret.ts"
import { table } from "../output/table.ts"

export const versionHistory = command({
  name: "version-history",
  summary: "Prints which versions the server has run, and since when.",
  examples: [["See the history", "version-history"]],
  prints: "value",
  run: async ({ out, client }) => {
    const reply = await attempt("Error reading version history", (await client()).list<object>("sys/version-history"))
    if (reply === null) throw new Failure("Invalid response returned from Vault", 2)
    if (out.format !== "table") return out.value(reply)
    const facts = ownField(reply.data, "key_info")
    const rows = (keysOf({ ...reply, data: { ...reply.data } }) ?? []).map(version => {
      const about = ownField(isObject(facts) ? facts : null, version)
      const of = (name: string) => String(ownField(isObject(about) ? about : null, name) ?? "")
      return [version, of("timestamp_installed"), of("build_date") || of("commit_date")]
    })
    out.line(table(["Version", "Installation Time", "Build Date"], rows))
  },
})

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null
