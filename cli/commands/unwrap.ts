import { command } from "../command.ts"
import { attempt } from "../failure.ts"
import { keysOf } from "../listing.ts"

export const unwrap = command({
  name: "unwrap",
  summary: "Opens a wrapping token, once, and prints what it holds; without TOKEN, the token in use.",
  examples: [
    ["Open a token that someone sent", "unwrap hvs.CAESIJ…"],
    ["Take a wrapped secret-id straight into a file", "unwrap -field=secret_id hvs.CAESIJ… > secret-id"],
  ],
  args: { usage: "[TOKEN]", min: 0, max: 1 },
  prints: "fields",
  run: async ({ args: [token], out, client }) => {
    const secret = await attempt("Error unwrapping", (await client()).unwrap(token?.trim()))
    if (secret === null) return out.note("Successfully unwrapped. There was no data in the wrapped secret.")
    const keys = keysOf(secret)
    if (keys === undefined || out.field !== undefined) return out.secret(secret)
    await out.names(secret, keys)
  },
})
