import { command } from "../command.ts"
import { attempt } from "../failure.ts"
import { readSealStatus, sealStatus, showSealStatus } from "../seal-status.ts"

export const status = command({
  name: "status",
  summary: "Prints whether the server is sealed, and who is active.",
  about: "The exit code says it as well: 0 unsealed, 1 error, 2 sealed.",
  examples: [
    ["See how the server is", "status"],
    ["Wait in a script until it is unsealed", "status > /dev/null || echo not yet"],
  ],
  prints: "fields",
  run: async ({ out, client }) => {
    const server = (await client()).with({ namespace: "" })
    const seal = await attempt("Error checking seal status", readSealStatus(server), 1)
    const full = await sealStatus(server, seal)
    if (out.field === undefined) await showSealStatus(out, full)
    else await out.fieldOf({ ...full, ha_mode: full.is_self ? "active" : "standby" }, "seal status")
    return seal.sealed ? 2 : 0
  },
})
