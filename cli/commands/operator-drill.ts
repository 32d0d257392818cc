import { command } from "../command.ts"
import { Failure } from "../failure.ts"
import { text } from "../flags.ts"
import { shareOf } from "../key-shares.ts"
import { columns } from "../output/table.ts"
import { serverFunction } from "../server-part.ts"

export const drill = command({
  name: "drill",
  summary: "Rehearses a restore: opens every entry of a backup, in an empty store on this machine.",
  about:
    "It asks for the key shares that a restore would need, reads them from stdin where that is no terminal, or takes the seal of the server's configuration. No server is touched, and what was laid out is erased. Run it for each backup that you count on.",
  examples: [
    ["With key shares", "operator raft snapshot drill backup.snap"],
    ["With shares from a file, a line each", "operator raft snapshot drill backup.snap < shares"],
    ["With the server's seal", "operator raft snapshot drill -config=/etc/arca/arca.hcl backup.snap"],
  ],
  args: { usage: "FILE", min: 1, max: 1, expected: "1" },
  flags: { config: text("The server's configuration, whose seal opens the backup.", { shown: "file" }) },
  prints: "value",
  local: true,
  run: async ({ args: [path = ""], flags, globals, io, out }) => {
    const needed = Number(await told((await serverFunction("snapshot/drill", "sharesNeeded"))(path)))
    const shares = io.stdin.isTerminal ? [] : (await io.stdin.text()).split(/\s+/).filter(share => share !== "")
    while (io.stdin.isTerminal && shares.length < needed) {
      const question = `Unseal Key ${shares.length + 1} of ${needed}`
      shares.push(await shareOf(undefined, io, globals["non-interactive"], question))
    }
    const rehearse = await serverFunction("snapshot/drill", "drillSnapshot")
    const done = await told(rehearse({ path, shares, config: flags.config }))
    const facts = new Map(Object.entries(typeof done === "object" && done !== null ? done : {}))
    const shown = {
      created: String(facts.get("created")),
      cluster_id: String(facts.get("cluster")),
      entries: Number(facts.get("entries")),
      bytes: Number(facts.get("bytes")),
    }
    if (out.format !== "table") return out.value(shown)
    out.line("Success! Every entry of the backup opens.")
    out.line(
      columns([
        ["Created", shown.created],
        ["Cluster ID", shown.cluster_id],
        ["Entries", String(shown.entries)],
        ["Size", String(shown.bytes)],
      ]),
    )
  },
})

async function told(doing: unknown): Promise<unknown> {
  try {
    return await doing
  } catch (error) {
    throw new Failure(`Error rehearsing the restore: ${error instanceof Error ? error.message : String(error)}`, 2, {
      cause: error,
    })
  }
}
