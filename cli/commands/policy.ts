import { writeFile } from "node:fs/promises"
import type { Json } from "@arca/api/json"
import { ApiError, type Client } from "@arca/sdk"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { readText } from "../files.ts"
import { list as names, text } from "../flags.ts"
import { keysOf } from "../listing.ts"
import { post } from "../send.ts"

const NAME = { usage: "NAME", min: 1, max: 1 }
const nameOf = (given: string | undefined): string => (given ?? "").trim().toLowerCase()
const expand = (path: string, home: string): string => path.trim().replace(/^~(?=\/|$)/, home)
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const write = command({
  name: "write",
  summary: "Creates or replaces a policy.",
  examples: [
    ["From a file", "policy write app-read app-read.hcl"],
    ["From stdin", "policy write app-read -"],
  ],
  args: { usage: "NAME PATH", min: 2, max: 2 },
  run: async ({ args: [given = "", path = ""], io, out, client }) => {
    const name = nameOf(given)
    const policy =
      path.trim() === "-" ? await io.stdin.text() : await readText(path.trim(), "Error opening policy file", 2)
    const server = await client()
    await attempt(
      "Error uploading policy",
      server.write(`sys/policies/acl/${name}`, { policy }).then(secret => secret && out.warnings(secret)),
    )
    if (given !== name) out.warn(`Policy name was converted from "${given}" to "${name}"`)
    out.line(`Success! Uploaded policy: ${name}`)
  },
})

const read = command({
  name: "read",
  summary: "Prints a policy.",
  examples: [["See what it allows", "policy read app-read"]],
  args: NAME,
  prints: "value",
  run: async ({ args: [given], out, client }) => {
    const name = nameOf(given)
    const secret = await attempt(
      `Error reading policy named ${name}`,
      (await client()).read(`sys/policies/acl/${name}`),
    )
    const policy = secret?.data?.policy
    if (typeof policy !== "string" || policy === "") throw new Failure(`No policy named: ${name}`, 2)
    if (out.format === "table") out.line(policy.trim())
    else await out.value({ policy })
  },
})

const list = command({
  name: "list",
  summary: "Lists all policies.",
  examples: [["See them", "policy list"]],
  prints: "value",
  run: async ({ out, client }) => {
    const names =
      keysOf(
        await attempt("Error listing policies", (await client()).list<Record<string, Json>>("sys/policies/acl")),
      ) ?? []
    if (out.format === "table") for (const name of names) out.line(name)
    else await out.value(names)
  },
})

const remove = command({
  name: "delete",
  summary: "Deletes a policy; tokens that carry it lose what it allowed at once.",
  examples: [["Delete one", "policy delete app-read"]],
  args: NAME,
  run: async ({ args: [given], out, client }) => {
    const name = nameOf(given)
    await attempt(`Error deleting ${name}`, (await client()).delete(`sys/policies/acl/${name}`))
    out.line(`Success! Deleted policy: ${name}`)
  },
})

const fmt = command({
  name: "fmt",
  summary: "Rewrites a policy file in the usual form.",
  about: "What it says stays the same, comments too.",
  examples: [["Tidy a file", "policy fmt app-read.hcl"]],
  args: { usage: "PATH", min: 1, max: 1 },
  local: true,
  run: async ({ args: [given = ""], io, out }) => {
    const path = expand(given, io.home)
    const { formatHcl } = await import("@arca/hcl")
    const source = await readText(path, "Error reading source file", 1)
    let formatted: string
    try {
      formatted = formatHcl(source)
    } catch (error) {
      throw new Failure(`Error parsing policy: ${reason(error)}`, 1)
    }
    await writeFile(path, formatted).catch(error => {
      throw new Failure(`Error writing result: ${reason(error)}`, 1)
    })
    out.line(`Success! Formatted policy: ${path}`)
  },
})

const explain = command({
  name: "explain",
  summary: "Says which rule of which policy allows or denies an operation at a path, and what would change that.",
  about:
    "PATH is the API's path: secret/data/app for a versioned secret. About another token, or about policies that no token carries yet, only those may ask who may look tokens up.",
  examples: [
    ["Why may I not write here", "policy explain secret/data/app update"],
    ["What decides for another token", "policy explain -accessor=DvMKtAEg secret/data/app read"],
    ["What would these two policies allow", "policy explain -policy=app-read -policy=deny-prod secret/data/app read"],
  ],
  args: { usage: "PATH [OPERATION]", min: 1, max: 2 },
  flags: {
    token: text("The token to ask about; the one in use unless told."),
    accessor: text("The same by its accessor."),
    policy: names("Policy to ask about, in place of a token's."),
  },
  prints: "fields",
  run: async ({ args: [first = "", second = "read"], flags, out, client, preflight }) => {
    // In the other order it reads as a sentence: "explain update secret/data/app".
    const [path, operation] = OPERATIONS.has(first) && !OPERATIONS.has(second) ? [second, first] : [first, second]
    const accessor = flags.token === undefined ? flags.accessor : await accessorOf(await preflight(), flags.token)
    const body = {
      path,
      operation,
      ...(accessor === undefined ? {} : { accessor }),
      ...(flags.policy.length === 0 ? {} : { policies: flags.policy }),
    }
    const secret = await attempt(
      `Error explaining ${path}`,
      post(await client(), "sys/policies/explain", body).catch(older),
    )
    const { text: told, snippet } = secret.data ?? {}
    if (out.format !== "table" || out.field !== undefined || typeof told !== "string") return out.secret(secret)
    out.warnings(secret)
    out.line(told)
    if (typeof snippet === "string") out.line(`\nA rule that would allow it:\n\n${snippet.trimEnd()}`)
  },
})

const OPERATIONS = new Set(["read", "list", "scan", "create", "update", "delete", "patch"])

async function accessorOf(server: Client, token: string): Promise<string> {
  const { data } = await attempt("Error looking up token", post(server, "auth/token/lookup", { token }))
  return typeof data?.accessor === "string" ? data.accessor : ""
}

function older(error: unknown): never {
  if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 405)) throw error
  throw new Failure(
    "This server does not explain policies; only Arca does. What the token may do there:\n    arca token capabilities PATH",
    2,
    { cause: error },
  )
}

export const policy = family({
  name: "policy",
  summary: "Writes, reads and explains policies.",
  examples: [
    ["Write one from a file", "policy write app-read app-read.hcl"],
    ["See what one allows", "policy read app-read"],
    ["See why a request is denied", "policy explain secret/data/app update"],
  ],
  commands: [remove, explain, fmt, list, read, write],
})
