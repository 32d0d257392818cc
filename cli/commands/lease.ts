import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, duration } from "../flags.ts"
import { inert, wrap } from "../output/table.ts"
import { cleanPath } from "../paths.ts"
import { NOTHING, put } from "../send.ts"
import { watch } from "./lease-watch.ts"

const ID = { usage: "ID", min: 0, max: 1, expected: "1" }

function idOf(given: string | undefined): string {
  if (given === undefined) throw new Failure("Missing ID!", 1)
  return given.trim()
}

const lookup = command({
  name: "lookup",
  summary: "Shows how long a lease still lives.",
  examples: [["Look at one", "lease lookup database/creds/readonly/2f6a614c"]],
  args: ID,
  prints: "fields",
  run: async ({ args: [given], out, client }) => {
    const lease_id = idOf(given)
    await out.secret(
      await attempt(`error looking up lease id ${lease_id}`, put(await client(), "sys/leases/lookup", { lease_id })),
    )
  },
})

const renew = command({
  name: "renew",
  summary: "Extends a lease.",
  examples: [["Ask for another hour", "lease renew -increment=1h database/creds/readonly/2f6a614c"]],
  args: ID,
  flags: { increment: duration("How much to ask for; the server may give less.", { alias: "i" }) },
  prints: "fields",
  run: async ({ args: [given], flags, out, client }) => {
    const lease_id = idOf(given)
    const increment = Math.max(0, Math.trunc(flags.increment ?? 0))
    await out.secret(
      await attempt(`Error renewing ${lease_id}`, put(await client(), "sys/leases/renew", { lease_id, increment })),
    )
  },
})

const revoke = command({
  name: "revoke",
  summary: "Ends a lease, and with it the credentials behind it.",
  examples: [
    ["End one", "lease revoke database/creds/readonly/2f6a614c"],
    ["End all of a role", "lease revoke -prefix database/creds/readonly"],
    ["Forget leases whose database is gone", "lease revoke -force -prefix database/creds"],
  ],
  args: { usage: "ID", min: 1, max: 1 },
  flags: {
    force: bool("Forget the leases even if their engine cannot remove the credentials; with -prefix.", { alias: "f" }),
    prefix: bool("ID is a prefix: end all leases below it."),
    sync: bool("Wait until it is done."),
  },
  run: async ({ args: [given = ""], flags: { force, prefix, sync }, out, client }) => {
    if (force && !prefix) throw new Failure("Specifying -force requires also specifying -prefix", 1)
    const id = given.trim()
    if (force)
      out.warn(wrap("Warning! Force-removing leases can cause Vault to become out of sync with secret engines!"))
    const server = await client()
    const doing = force
      ? `Error force revoking leases with prefix ${id}`
      : prefix
        ? `Error revoking leases with prefix ${id}`
        : `Error revoking lease ${id}`
    const sent = force
      ? server.write(`sys/leases/revoke-force/${cleanPath(id)}`)
      : prefix
        ? server.write(`sys/leases/revoke-prefix/${cleanPath(id)}`, { sync })
        : server.write("sys/leases/revoke", { lease_id: id, sync })
    const reply = await attempt(doing, sent)
    out.warnings(reply ?? NOTHING)
    if (force) out.line(`Success! Force revoked any leases with prefix: ${id}`)
    else if (!sync) out.line("All revocation operations queued successfully!")
    else out.line(prefix ? `Success! Revoked any leases with prefix: ${id}` : `Success! Revoked lease: ${id}`)
  },
})

const explain = command({
  name: "explain",
  summary: "Tells why a lease is there: who asked for it, by which policy, when, and until when it can live.",
  examples: [["Find out who holds a database user", "lease explain database/creds/readonly/2f6a614c"]],
  args: ID,
  prints: "fields",
  run: async ({ args: [given], out, client }) => {
    const lease_id = idOf(given)
    const doing = `error explaining lease id ${lease_id}`
    const reply = await attempt(doing, put(await client(), "sys/leases/explain", { lease_id }))
    if (out.format === "table" && out.field === undefined) return out.line(explanation(reply.data ?? {}))
    await out.secret(reply)
  },
})

/** What `sys/leases/explain` answers, as sentences. */
function explanation(data: Readonly<Record<string, unknown>>): string {
  const asked = (data.asked_by ?? {}) as Readonly<Record<string, unknown>>
  const words = (value: unknown) => (Array.isArray(value) && value.length > 0 ? value.join(", ") : "none")
  const lines = [
    `Lease       ${data.id}`,
    `Issued      ${data.issue_time} by the ${data.engine} engine at ${data.mount}, role ${data.role}`,
    ...(data.asked_by === null
      ? ["Asked by    unknown: it was issued before this was kept"]
      : [
          `Asked by    ${asked.display_name} (accessor ${asked.accessor}) from ${asked.remote_address}`,
          ...(asked.entity_id === "" ? [] : [`Entity      ${asked.entity_id}`]),
          `Allowed by  policy ${words(asked.allowed_by)}, of ${words(asked.policies)}`,
          `Request     ${asked.request_id}`,
        ]),
    `Ends        ${data.expire_time} (in ${data.ttl} s)`,
    ...(data.renewable === true && data.longest_until !== null
      ? [`Renewable   until ${data.longest_until} at the latest`]
      : [`Renewable   ${data.renewable === true ? "yes" : "no"}`]),
    ...(data.token_until === null
      ? []
      : [`With token  it ends with the token that asked, ${data.token_until} unless that is renewed`]),
    ...(data.state === "active"
      ? []
      : [`State       ${data.state}, after ${data.failed_revocations} failed tries: ${data.revoke_error ?? "-"}`]),
  ]
  return lines.map(inert).join("\n")
}

export const lease = family({
  name: "lease",
  summary: "Looks at, watches, explains, extends and ends leases.",
  examples: [
    ["Extend one", "lease renew database/creds/readonly/2f6a614c"],
    ["End all of a role", "lease revoke -prefix database/creds/readonly"],
  ],
  commands: [lookup, renew, revoke, watch, explain],
})
