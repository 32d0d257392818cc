import { formatDuration } from "@arca/api/duration"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, choice, duration, int, list, pairs, text } from "../flags.ts"
import { cleanPath } from "../paths.ts"
import { NOTHING, post, put } from "../send.ts"

const seconds = (value: number | undefined): string => formatDuration(value ?? 0)

const create = command({
  name: "create",
  summary: "Makes a token, a child of the one in use.",
  about: "It has the same policies, unless some of them are named; it ends with its parent, unless it is an orphan.",
  examples: [
    ["A token that may read the application's secrets for an hour", "token create -policy=app-read -ttl=1h"],
    ["Hand it over in a wrapper that opens once", "token create -policy=app-read -wrap-ttl=60s"],
    ["A token that lives as long as it is renewed in time", "token create -policy=worker -period=24h -orphan"],
  ],
  flags: {
    "display-name": text("Name that shows in logs and lists."),
    "entity-alias": text("Entity alias to stand for; needs -role, which must allow it."),
    "explicit-max-ttl": duration("Longest life, renewals included."),
    id: text("The token itself, in place of a generated one."),
    metadata: pairs("Note that shows in the audit log."),
    "no-default-policy": bool('Leave out the policy "default".'),
    orphan: bool("Without a parent: it outlives the token in use."),
    period: duration("Each renewal gives it this much, without end."),
    policy: list("Policy to attach."),
    renewable: choice("Whether it may be renewed; true unless told."),
    role: text("Role to make it by (auth/token/roles); the role may override other flags."),
    ttl: duration("How long it lives until renewed."),
    type: text("service or batch.", { choices: ["service", "batch"] }),
    "use-limit": int("Number of requests it is good for."),
  },
  prints: "fields",
  run: async ({ flags, out, client }) => {
    const { policy, metadata, role, id } = flags
    const type = flags.type ?? "service"
    const body = {
      ...(id === undefined ? {} : { id }),
      ...(policy.length === 0 ? {} : { policies: policy }),
      ...(metadata.size === 0 ? {} : { meta: Object.fromEntries(metadata) }),
      ttl: seconds(flags.ttl),
      explicit_max_ttl: seconds(flags["explicit-max-ttl"]),
      period: seconds(flags.period),
      ...(flags.orphan ? { no_parent: true } : {}),
      ...(flags["no-default-policy"] ? { no_default_policy: true } : {}),
      display_name: flags["display-name"] ?? "",
      num_uses: flags["use-limit"] ?? 0,
      renewable: type === "batch" ? false : (flags.renewable ?? true),
      type,
      entity_alias: flags["entity-alias"] ?? "",
    }
    const path = role === undefined ? "auth/token/create" : `auth/token/create/${role}`
    await out.secret(await attempt("Error creating token", post(await client(), path, body)))
  },
})

const lookup = command({
  name: "lookup",
  summary: "Shows what a token is: policies, age, uses; without TOKEN, the one in use.",
  examples: [
    ["Look at the token in use", "token lookup"],
    ["Look at another by its accessor", "token lookup -accessor 9793c9b3-e04a"],
  ],
  args: { usage: "[TOKEN | ACCESSOR]", min: 0, max: 1 },
  flags: { accessor: bool("The argument is an accessor; the token itself is not shown.") },
  prints: "fields",
  run: async ({ args, flags, out, client }) => {
    if (flags.accessor && args.length === 0)
      throw new Failure("Not enough arguments with -accessor (expected 1, got 0)", 1)
    const token = args[0]?.trim() ?? ""
    const server = await client()
    const found =
      token === ""
        ? server.read("auth/token/lookup-self").then(secret => secret ?? NOTHING)
        : flags.accessor
          ? post(server, "auth/token/lookup-accessor", { accessor: token })
          : post(server, "auth/token/lookup", { token })
    await out.secret(await attempt("Error looking up token", found))
  },
})

const renew = command({
  name: "renew",
  summary: "Extends a token's life; without TOKEN, of the one in use.",
  examples: [
    ["Renew the token in use", "token renew"],
    ["Ask for half an hour", "token renew -increment=30m hvs.CAESIJ…"],
  ],
  args: { usage: "[TOKEN]", min: 0, max: 1, expected: "1" },
  flags: {
    accessor: bool("The argument is an accessor; the token itself is not shown."),
    increment: duration("How much to ask for; the server may give less.", { alias: "i" }),
  },
  prints: "fields",
  run: async ({ args, flags, out, client }) => {
    const token = args[0]?.trim() ?? ""
    const increment = Math.max(0, Math.trunc(flags.increment ?? 0))
    const server = await client()
    const renewed =
      token === ""
        ? put(server, "auth/token/renew-self", { increment })
        : flags.accessor
          ? post(server, "auth/token/renew-accessor", { accessor: token, increment })
          : put(server, "auth/token/renew", { token, increment })
    await out.secret(await attempt("Error renewing token", renewed))
  },
})

interface Revocation {
  readonly self: boolean
  readonly accessor: boolean
  readonly mode: string | undefined
}

const revoke = command({
  name: "revoke",
  summary: "Ends a token and all that was made with it.",
  examples: [
    ["End a token and its children", "token revoke hvs.CAESIJ…"],
    ["End the token in use", "token revoke -self"],
    ["End a token by its accessor", "token revoke -accessor 9793c9b3-e04a"],
    ["End all tokens of an auth method", "token revoke -mode=path auth/approle"],
  ],
  args: { usage: "[TOKEN | ACCESSOR]", min: 0, max: Number.POSITIVE_INFINITY },
  flags: {
    accessor: bool("The argument is an accessor."),
    mode: text('"orphan": leave its children alive; "path": all tokens of an auth method.', {
      choices: ["orphan", "path"],
    }),
    self: bool("The token in use."),
  },
  run: async ({ args, flags, out, client }) => {
    checkRevocation(args, flags)
    const { path, body } = revocation(args[0]?.trim() ?? "", flags)
    await attempt("Error revoking token", (await client()).write(path, body))
    out.line("Success! Revoked token (if it existed)")
  },
})

function checkRevocation(args: readonly string[], { self, accessor, mode }: Revocation): void {
  const refuse = (text: string): never => {
    throw new Failure(text, 1)
  }
  if (mode !== undefined && mode !== "" && mode !== "orphan" && mode !== "path") refuse(`Invalid mode: ${mode}`)
  if (self && args.length > 0) refuse(`Too many arguments with -self (expected 0, got ${args.length})`)
  if (!self && args.length > 1) refuse(`Too many arguments (expected 1 or -self, got ${args.length})`)
  if (!self && args.length < 1) refuse(`Not enough arguments (expected 1 or -self, got ${args.length})`)
  if (self && accessor) refuse("Cannot use -self with -accessor!")
  if (self && mode) refuse("Cannot use -self with -mode!")
  if (accessor && mode) refuse(`Cannot use -accessor with -mode=${mode}!`)
}

function revocation(token: string, { self, accessor, mode }: Revocation): { path: string; body: object | undefined } {
  if (self) return { path: "auth/token/revoke-self", body: undefined }
  if (accessor) return { path: "auth/token/revoke-accessor", body: { accessor: token } }
  if (mode === "orphan") return { path: "auth/token/revoke-orphan", body: { token } }
  if (mode === "path") return { path: `sys/leases/revoke-prefix/${cleanPath(token)}`, body: undefined }
  return { path: "auth/token/revoke", body: { token } }
}

const capabilities = command({
  name: "capabilities",
  summary: "Shows what a token may do at a path; without TOKEN, the one in use.",
  examples: [
    ["What may I do here", "token capabilities secret/data/app"],
    ["What may another token do", "token capabilities hvs.CAESIJ… secret/data/app"],
  ],
  args: { usage: "[TOKEN] PATH", min: 1, max: 2 },
  prints: "value",
  run: async ({ args, out, client }) => {
    const [path = "", token] = args.toReversed()
    const server = await client()
    const asked =
      token === undefined
        ? post(server, "sys/capabilities-self", { path })
        : post(server, "sys/capabilities", { token, path })
    const { data } = await attempt("Error listing capabilities", asked)
    const found = data?.[path] ?? data?.capabilities
    if (!Array.isArray(found)) throw new Failure("No capabilities found", 1)
    if (out.format === "table") out.line(found.map(String).sort().join(", "))
    else await out.value(found)
  },
})

export const token = family({
  name: "token",
  summary: "Makes, looks at, renews and ends tokens.",
  examples: [
    ["Make a token", "token create -policy=app-read -ttl=1h"],
    ["Look at the one in use", "token lookup"],
    ["End one", "token revoke hvs.CAESIJ…"],
  ],
  commands: [capabilities, create, lookup, renew, revoke],
})
