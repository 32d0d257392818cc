import { type Call, command } from "../command.ts"
import { int, text } from "../flags.ts"
import { printNames } from "../listing.ts"
import { cleanPath } from "../paths.ts"

const flags = {
  after: text("Start with the name that follows this one, where the path supports pages."),
  limit: int("At most so many names, where the path supports pages."),
}
const args = { usage: "PATH", min: 1, max: 1 }

export const list = command({
  name: "list",
  summary: "Lists the names below a path.",
  examples: [
    ["See which roles there are", "list auth/approle/role"],
    ["Go through many certificates in pages", "list -after=17:67:16 -limit=50 pki/certs"],
    ["See more than the names", "list -detailed pki/issuers"],
  ],
  args,
  flags,
  prints: "value",
  run: call => names(call, "list"),
})

export const scan = command({
  name: "scan",
  summary: "Lists all names below a path, however deep.",
  examples: [["See every secret of a folder", "scan secret/metadata/team"]],
  args,
  flags,
  prints: "value",
  run: call => names(call, "scan"),
})

type Paged = Call<{ after: string | undefined; limit: number | undefined }>

async function names({ args: [given = ""], flags, out, client }: Paged, verb: "list" | "scan"): Promise<number> {
  const path = cleanPath(given)
  const server = await client()
  return printNames(out, path, verb === "list" ? "listing" : "scanning", server[verb](path, flags))
}
