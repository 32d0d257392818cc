import { ApiError, type Client, type Secret } from "@arca/sdk"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { readText } from "../files.ts"
import { bool, int, list as listOf, pairs, text } from "../flags.ts"
import { shareOf } from "../key-shares.ts"
import { keysOf } from "../listing.ts"
import type { Output } from "../output/output.ts"
import { wrap } from "../output/table.ts"
import { cleanPath } from "../paths.ts"
import { pgpKeys } from "../pgp.ts"
import { type SealStatus, showSeal } from "../seal-status.ts"
import { post } from "../send.ts"
import { number } from "../shape.ts"

const PATH = { usage: "PATH", min: 1, max: 1 }
const at = (path: string): string => `sys/namespaces/${cleanPath(path)}`
const asObject = (pairs: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries(pairs)

async function show(out: Output, data: object): Promise<void> {
  if (out.field !== undefined) return out.fieldOf(data, "map")
  await out.value(data)
}

const create = command({
  name: "create",
  summary: "Makes a namespace: engines, policies and people of its own.",
  examples: [
    ["Make one", "namespace create team-a"],
    ["Make one inside another", "namespace create -ns=team-a staging"],
    ["With a seal of its own", "namespace create -key-shares=5 -key-threshold=3 vault-of-vaults"],
  ],
  args: PATH,
  flags: {
    "custom-metadata": pairs("Note on the namespace."),
    "key-shares": int("Seal it by itself, its key split into so many shares.", { alias: "n" }),
    "key-threshold": int("How many of the shares open it.", { alias: "t" }),
    "pgp-keys": text("Files with the public PGP keys to encrypt the shares for, separated by commas.", {
      shown: "files",
    }),
    seal: text("File with one seal stanza.", { shown: "file" }),
  },
  prints: "fields",
  run: async ({ args: [path = ""], flags, out, client }) => {
    const seal = await sealStanza(flags)
    const keys = flags["pgp-keys"] === undefined ? [] : await pgpKeys(flags["pgp-keys"])
    const body = {
      custom_metadata: asObject(flags["custom-metadata"]),
      ...(seal === undefined ? {} : { seal }),
      ...(keys.length === 0 ? {} : { pgp_keys: keys }),
    }
    const reply = await attempt("Error creating namespace", (await client()).write(at(path), body))
    const { key_shares, key_threshold, ...rest } = reply?.data ?? {}
    const shares = Array.isArray(key_shares) ? key_shares.map(String) : []
    if (out.format !== "table")
      return show(
        out,
        shares.length === 0 ? rest : { ...rest, key_shares: shares, key_threshold: number(key_threshold) },
      )
    for (const [index, share] of shares.entries()) out.line(`Unseal Key ${index + 1}: ${share}`)
    if (shares.length > 0) out.line(`\n${wrap(sharesText(shares.length, number(key_threshold)))}\n`)
    await show(out, rest)
  },
})

const sharesText = (shares: number, threshold: number): string =>
  `Namespace initialized with ${shares} key shares and a key threshold of ${threshold}. Please securely distribute the key shares printed above. When the namespace is re-sealed, you must supply at least ${threshold} of these keys to unseal it.`

async function sealStanza(flags: {
  seal: string | undefined
  "key-shares": number | undefined
  "key-threshold": number | undefined
}): Promise<string | undefined> {
  if (flags.seal !== undefined) {
    return readText(flags.seal, "Error reading seal config file", 2)
  }
  const { "key-shares": shares, "key-threshold": threshold } = flags
  if (!shares && !threshold) return undefined
  return `seal "shamir" {\n    shares = ${shares ?? 0}\n    threshold = ${threshold ?? 0}\n}`
}

const names = (name: "list" | "scan", summary: string, doing: string, example: readonly [string, string]) =>
  command({
    name,
    summary,
    examples: [example],
    prints: "value",
    run: async ({ out, client }) => {
      const server = await client()
      const reply = await attempt(
        `Error ${doing} namespaces`,
        server[name]<NonNullable<Secret["data"]>>("sys/namespaces"),
      )
      const keys = keysOf(reply)
      if (reply?.wrap_info) {
        await out.secret(reply)
        return 0
      }
      if (reply === null || keys === undefined) {
        if (out.format === "table") throw new Failure("No namespaces found", 2)
        await out.value({})
        return 2
      }
      const details = reply.data?.key_info
      if (out.detailed && out.format !== "table" && typeof details === "object" && details !== null)
        await out.value(details)
      else await out.names(reply, keys)
      return 0
    },
  })

const list = names("list", "Lists the namespaces right below the current one.", "listing", [
  "See them",
  "namespace list",
])
const scan = names("scan", "Lists all namespaces below the current one.", "scanning", ["See them", "namespace scan"])

const lookup = command({
  name: "lookup",
  summary: "Shows a namespace: its id, notes, whether it is locked.",
  examples: [["Look at one", "namespace lookup team-a"]],
  args: PATH,
  prints: "fields",
  run: async ({ args: [path = ""], out, client }) => {
    const reply = await attempt("Error looking up namespace", (await client()).read(at(path)))
    if (reply?.data == null) throw new Failure("Namespace not found", 2)
    await show(out, reply.data)
  },
})

const patch = command({
  name: "patch",
  summary: "Changes a namespace's notes.",
  examples: [["Add one", "namespace patch -custom-metadata=owner=payments team-a"]],
  args: PATH,
  flags: { "custom-metadata": pairs("Note to set."), "remove-custom-metadata": listOf("Note to remove.") },
  prints: "fields",
  run: async ({ args: [path = ""], flags, out, client }) => {
    const removed = flags["remove-custom-metadata"].map((name): [string, null] => [name, null])
    const custom_metadata = Object.fromEntries<string | null>([...flags["custom-metadata"], ...removed])
    if (Object.keys(custom_metadata).length === 0) {
      throw new Failure("Must supply at least one of -custom-metadata or -remove-custom-metadata", 1)
    }
    const server = await client()
    const reply = await attempt("Error patching namespace", server.patch(at(path), { custom_metadata }).catch(absent))
    await show(out, reply?.data ?? {})
  },
})

function absent(error: unknown): never {
  if (error instanceof ApiError && error.status === 404) throw new Failure("Namespace not found", 2)
  throw error
}

const remove = command({
  name: "delete",
  summary: "Deletes a namespace with all that is in it.",
  examples: [["Delete one", "namespace delete team-a"]],
  args: PATH,
  run: async ({ args: [path = ""], out, client }) => {
    const reply = await attempt("Error deleting namespace", (await client()).delete(at(path)))
    printDeletion(out, path, reply, reply?.data?.status)
  },
})

function printDeletion(out: Output, path: string, reply: Secret | null, status: unknown): void {
  if (reply === null || !status) out.warn("Requested namespace does not exist")
  else out.line(`Success! Namespace deleted at: ${cleanPath(path)}/`)
}

const deleteSealed = command({
  name: "delete-sealed",
  summary: "Deletes a sealed namespace without opening it.",
  examples: [["Delete one with its children", "namespace delete-sealed -force team-a"]],
  args: PATH,
  flags: { force: bool("Delete its child namespaces as well.") },
  run: async ({ args: [path = ""], flags, out, client }) => {
    const query = flags.force ? { force: "true" } : undefined
    const reply = await attempt(
      "Error deleting sealed namespace",
      (await client()).delete(`${at(path)}/delete-sealed`, query),
    )
    printDeletion(out, path, reply, reply?.data)
  },
})

const below = (path: string | undefined): string => (path === undefined ? "" : `/${cleanPath(path)}/`)

const lock = command({
  name: "lock",
  summary: "Refuses all requests to a namespace until it is unlocked; without PATH, to the current one.",
  examples: [["Lock one", "namespace lock team-a"]],
  args: { usage: "[PATH]", min: 0, max: 1 },
  prints: "fields",
  run: async ({ args: [path], out, client }) => {
    const reply = await attempt(
      "Error locking namespace",
      (await client()).write(`sys/namespaces/api-lock/lock${below(path)}`),
    )
    if (out.format !== "table" || out.field !== undefined) return show(out, reply?.data ?? {})
    out.line(`Unlock Key: ${String(reply?.data?.unlock_key ?? "")}`)
    out.line(
      "\nNamespace is now locked. Please securely store the unlock key printed above.\nYou must supply the unlock key to re-enable access to the namespace.\nIf the unlock key is lost, sudo capability is required to unlock the namespace without it.",
    )
  },
})

const unlock = command({
  name: "unlock",
  summary: "Serves requests to a namespace again; without PATH, to the current one.",
  examples: [["Unlock one", "namespace unlock -unlock-key=… team-a"]],
  args: { usage: "[PATH]", min: 0, max: 1 },
  run: async ({ args: [path], globals, out, client }) => {
    const body = { unlock_key: globals["unlock-key"] ?? "" }
    const reply = await attempt(
      "Error unlocking namespace",
      (await client()).write(`sys/namespaces/api-lock/unlock${below(path)}`, body),
    )
    const warning = reply?.warnings?.[0]
    if (warning === undefined) out.line("Namespace unlocked successfully!")
    else out.warn(warning)
  },
})

const seal = command({
  name: "seal",
  summary: "Seals a namespace that has a seal of its own.",
  examples: [["Seal one", "namespace seal team-a"]],
  args: PATH,
  run: async ({ args: [path = ""], out, client }) => {
    await attempt("Error sealing", (await client()).write(`${at(path)}/seal`))
    out.line(`Success! Namespace "${path.trim()}" is sealed.`)
  },
})

const unseal = command({
  name: "unseal",
  summary: "Gives one key share to a sealed namespace; asks for it when left out.",
  examples: [["Give a share", "namespace unseal team-a"]],
  args: { usage: "PATH [KEY]", min: 1, max: 2 },
  flags: { reset: bool("Forget the shares given so far.") },
  prints: "value",
  run: async ({ args: [path = "", given], flags, globals, io, out, client }) => {
    const body = flags.reset ? { reset: true } : { key: await shareOf(given, io, globals["non-interactive"]) }
    const server = await client()
    const doing = flags.reset ? "Error resetting unseal process" : "Error unsealing"
    await showSeal(out, await attempt(doing, statusFrom(post(server, `${at(path)}/unseal`, body))))
  },
})

const sealStatus = command({
  name: "seal-status",
  summary: "Shows whether a namespace is sealed.",
  examples: [["Look at one", "namespace seal-status team-a"]],
  args: PATH,
  prints: "fields",
  run: async ({ args: [path = ""], out, client }) => {
    const status = await attempt("Error reading seal status", statusOf(await client(), path))
    if (out.field !== undefined) return out.fieldOf(status, "seal status")
    await showSeal(out, status)
  },
})

const statusOf = (server: Client, path: string): Promise<SealStatus> =>
  statusFrom(server.read(`${at(path)}/seal-status`))

/** The status may come in the envelope or bare. */
async function statusFrom(reply: Promise<Secret | null>): Promise<SealStatus> {
  const secret = await reply
  const { type, initialized, sealed, t, n, progress, nonce } = { ...secret, ...secret?.data } as Partial<SealStatus>
  return {
    type: type ?? "",
    initialized: initialized ?? false,
    sealed: sealed ?? false,
    t: t ?? 0,
    n: n ?? 0,
    progress: progress ?? 0,
    nonce: nonce ?? "",
  }
}

export const namespace = family({
  name: "namespace",
  summary: "Makes, looks at, locks, seals and deletes namespaces.",
  about: "Other commands work in a namespace by -ns, or by the variable VAULT_NAMESPACE.",
  examples: [
    ["Make one", "namespace create team-a"],
    ["Work in it", "secrets enable -ns=team-a -path=secret -version=2 kv"],
  ],
  commands: [create, remove, deleteSealed, list, lock, lookup, patch, scan, seal, sealStatus, unlock, unseal],
})
