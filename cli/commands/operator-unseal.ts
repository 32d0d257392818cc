import { command } from "../command.ts"
import { attempt } from "../failure.ts"
import { bool } from "../flags.ts"
import { shareOf } from "../key-shares.ts"
import { type SealStatus, sealStatus, showSealStatus } from "../seal-status.ts"

export const unseal = command({
  name: "unseal",
  summary: "Gives one key share to a sealed server; asks for it when left out.",
  about: "The share that completes the threshold unseals it. Each server of a cluster needs its own.",
  examples: [
    ["Type a share where nobody sees it", "operator unseal"],
    ["Take it from a file", "operator unseal - < share"],
    ["Forget the shares given so far", "operator unseal -reset"],
  ],
  args: { usage: "[KEY]", min: 0, max: 1, expected: "1" },
  flags: {
    migrate: bool("The share is given to move the server to another seal."),
    reset: bool("Forget the shares given so far."),
  },
  prints: "value",
  run: async ({ args: [given], flags, globals, io, out, client }) => {
    const server = await client()
    const key = flags.reset ? "" : await shareOf(given, io, globals["non-interactive"])
    const body = flags.reset ? { reset: true } : { key, ...(flags.migrate ? { migrate: true } : {}) }
    const doing = flags.reset ? "Error resetting unseal process" : "Error unsealing"
    const seal = await attempt(doing, server.json<SealStatus>({ method: "PUT", path: "sys/unseal", body }))
    await showSealStatus(out, await sealStatus(server, seal))
  },
})
