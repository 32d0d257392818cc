import { formatDuration } from "@arca/api/duration"
import { command, family } from "../command.ts"
import { attempt } from "../failure.ts"
import { bool, text } from "../flags.ts"
import { optionsOf, ttlText, tuning, tuningBody } from "../mount-flags.ts"
import { moveMount, printMounts, readMounts } from "../mount-table.ts"
import { cleanPath, mountPath } from "../paths.ts"
import { post } from "../send.ts"

const enable = command({
  name: "enable",
  summary: "Mounts a secrets engine.",
  examples: [
    ["Key-value secrets with versions", "secrets enable -path=secret -version=2 kv"],
    ["Encryption as a service", "secrets enable transit"],
    ["Database credentials that live an hour", "secrets enable -default-lease-ttl=1h database"],
  ],
  args: { usage: "TYPE", min: 1, max: 1 },
  flags: {
    ...tuning,
    "external-entropy-access": bool("Accepted for Vault Enterprise's scripts."),
    "force-no-cache": bool("Never serve from the cache."),
    local: bool("Do not replicate it."),
    path: text("Where to mount it; its type unless told."),
    "plugin-name": text("Name of the plugin, when TYPE is plugin."),
    "seal-wrap": bool("Encrypt critical values by the seal as well."),
  },
  run: async ({ args: [given = ""], flags, given: isGiven, out, client }) => {
    const type = given.trim() === "plugin" ? (flags["plugin-name"] ?? "") : given.trim()
    const path = mountPath(flags.path ?? type)
    const body = {
      type,
      description: flags.description ?? "",
      local: flags.local,
      seal_wrap: flags["seal-wrap"],
      external_entropy_access: flags["external-entropy-access"],
      config: {
        default_lease_ttl: formatDuration(flags["default-lease-ttl"] ?? 0),
        max_lease_ttl: formatDuration(flags["max-lease-ttl"] ?? 0),
        force_no_cache: flags["force-no-cache"],
        ...tuningBody(flags, isGiven),
      },
      options: optionsOf(flags) ?? null,
    }
    await attempt("Error enabling", post(await client(), `sys/mounts/${cleanPath(path)}`, body).then(out.warnings))
    const version = flags["plugin-version"] ? ` version ${flags["plugin-version"]}` : ""
    out.line(`Success! Enabled the ${type} secrets engine${version} at: ${path}`)
  },
})

const disable = command({
  name: "disable",
  summary: "Unmounts a secrets engine: revokes its leases and deletes its data.",
  examples: [["Remove an engine with all it holds", "secrets disable database"]],
  args: { usage: "PATH", min: 1, max: 1 },
  run: async ({ args: [given = ""], out, client }) => {
    const path = mountPath(cleanPath(given))
    await attempt(`Error disabling secrets engine at ${path}`, (await client()).delete(`sys/mounts/${cleanPath(path)}`))
    out.line(`Success! Disabled the secrets engine (if it existed) at: ${path}`)
  },
})

const list = command({
  name: "list",
  summary: "Lists the mounted secrets engines.",
  examples: [
    ["See them", "secrets list"],
    ["With their settings", "secrets list -detailed"],
  ],
  prints: "value",
  run: async ({ out, client }) => {
    const mounts = await readMounts(await client(), "sys/mounts", "Error listing secrets engines")
    await printMounts(out, "secrets", mounts, out.detailed)
  },
})

const move = command({
  name: "move",
  summary: "Moves a secrets engine to another path; its leases are revoked.",
  examples: [["Rename one", "secrets move secret/ generic/"]],
  args: { usage: "SOURCE DESTINATION", min: 2, max: 2 },
  run: async ({ args: [from = "", to = ""], out, client }) =>
    moveMount(out, await client(), mountPath(from), mountPath(to), "secrets engine"),
})

const tune = command({
  name: "tune",
  summary: "Changes an engine's settings; those that are not given stay.",
  examples: [
    ["Let leases live an hour", "secrets tune -default-lease-ttl=1h database"],
    ["Go back to the server's setting", "secrets tune -default-lease-ttl=system database"],
  ],
  args: { usage: "PATH", min: 1, max: 1 },
  flags: tuning,
  run: async ({ args: [given = ""], flags, given: isGiven, out, client }) => {
    const path = mountPath(cleanPath(given))
    const body = {
      default_lease_ttl: ttlText(flags["default-lease-ttl"]),
      max_lease_ttl: ttlText(flags["max-lease-ttl"]),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      ...tuningBody(flags, isGiven),
      options: optionsOf(flags) ?? null,
    }
    await attempt(
      `Error tuning secrets engine ${path}`,
      post(await client(), `sys/mounts/${path}tune`, body).then(out.warnings),
    )
    out.line(`Success! Tuned the secrets engine at: ${path}`)
  },
})

export const secrets = family({
  name: "secrets",
  summary: "Mounts, tunes, moves and removes secrets engines.",
  examples: [
    ["See which there are", "secrets list"],
    ["Mount one", "secrets enable -path=secret -version=2 kv"],
  ],
  commands: [disable, enable, list, move, tune],
})
