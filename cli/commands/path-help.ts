import type { JsonObject } from "@arca/api/json"
import { ApiError } from "@arca/sdk"
import { command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { cleanPath } from "../paths.ts"

export const pathHelp = command({
  name: "path-help",
  summary: "Explains a path of the API: what it is for, its parameters.",
  examples: [
    ["Learn about a role's parameters", "path-help pki/roles/servers"],
    ["See all paths of an engine", "path-help transit"],
  ],
  args: { usage: "PATH", min: 1, max: 1 },
  prints: "value",
  run: async ({ args: [given = ""], out, client }) => {
    const path = cleanPath(given)
    const reply = (await client()).json<{ help: string; openapi: JsonObject }>({
      method: "GET",
      path,
      query: { help: "1" },
    })
    const help = await attempt("Error retrieving help", reply.catch(explainSealed))
    if (out.format === "table") out.line(help.help)
    else await out.value(help.openapi)
  },
})

function explainSealed(error: unknown): never {
  if (!(error instanceof ApiError) || !error.errors.some(one => one.includes("Vault is sealed"))) throw error
  const text =
    "Error: Vault is sealed.\n\nHelp comes from the engine behind a path, and a sealed server does not know which that is."
  throw new Failure(text, 2, { cause: error })
}
