import { formatDuration } from "@arca/api/duration"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, choice, duration, int, text } from "../flags.ts"
import { methodHelp } from "../method-help.ts"
import { optionsOf, tokenType, ttlText, tuning, tuningBody } from "../mount-flags.ts"
import { moveMount, printMounts, readMounts } from "../mount-table.ts"
import { cleanPath, mountPath } from "../paths.ts"
import { post } from "../send.ts"
import { isObject, string } from "../shape.ts"

const enable = command({
  name: "enable",
  summary: "Mounts an auth method.",
  examples: [
    ["Let people log in by name and password", "auth enable userpass"],
    ["Let applications log in, at a path of its own", "auth enable -path=apps approle"],
  ],
  args: { usage: "TYPE", min: 1, max: 1 },
  flags: {
    ...tuning,
    ...tokenType,
    "external-entropy-access": bool("Accepted for Vault Enterprise's scripts."),
    local: bool("Do not replicate it."),
    path: text("Where to mount it, below auth/; its type unless told."),
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
        ...tuningBody(flags, isGiven),
      },
      options: optionsOf(flags) ?? null,
    }
    await attempt(
      `Error enabling ${type} auth`,
      post(await client(), `sys/auth/${cleanPath(path)}`, body).then(out.warnings),
    )
    const version = flags["plugin-version"] ? ` version ${flags["plugin-version"]}` : ""
    out.line(`Success! Enabled ${type} auth method${version} at: ${path}`)
  },
})

const disable = command({
  name: "disable",
  summary: "Unmounts an auth method; tokens it issued are revoked.",
  examples: [["Remove one", "auth disable userpass"]],
  args: { usage: "PATH", min: 1, max: 1 },
  run: async ({ args: [given = ""], out, client }) => {
    const path = mountPath(cleanPath(given))
    await attempt(`Error disabling auth method at ${path}`, (await client()).delete(`sys/auth/${cleanPath(path)}`))
    out.line(`Success! Disabled the auth method (if it existed) at: ${path}`)
  },
})

const list = command({
  name: "list",
  summary: "Lists the mounted auth methods.",
  examples: [
    ["See them", "auth list"],
    ["With their settings", "auth list -detailed"],
  ],
  prints: "value",
  run: async ({ out, client }) => {
    const mounts = await readMounts(await client(), "sys/auth", "Error listing enabled authentications")
    await printMounts(out, "auth", mounts, out.detailed)
  },
})

const move = command({
  name: "move",
  summary: "Moves an auth method to another path; its tokens are revoked.",
  examples: [["Rename one", "auth move auth/approle/ auth/apps/"]],
  args: { usage: "SOURCE DESTINATION", min: 2, max: 2 },
  run: async ({ args: [from = "", to = ""], out, client }) =>
    moveMount(out, await client(), mountPath(from), mountPath(to), "auth method"),
})

const lockout = {
  "user-lockout-counter-reset-duration": duration("Forget failed logins after so long."),
  "user-lockout-disable": choice("Never lock a user out."),
  "user-lockout-duration": duration("How long a user stays locked out."),
  "user-lockout-threshold": int("Failed logins that lock a user out."),
}

const tune = command({
  name: "tune",
  summary: "Changes an auth method's settings; those that are not given stay.",
  examples: [
    ["Let tokens live an hour", "auth tune -default-lease-ttl=1h userpass"],
    ["Lock people out after five wrong passwords", "auth tune -user-lockout-threshold=5 userpass"],
  ],
  args: { usage: "PATH", min: 1, max: 1 },
  flags: { ...tuning, ...tokenType, ...lockout },
  run: async ({ args: [given = ""], flags, given: isGiven, out, client }) => {
    const path = mountPath(cleanPath(given))
    const user_lockout_config = {
      ...(flags["user-lockout-threshold"] === undefined
        ? {}
        : { lockout_threshold: String(flags["user-lockout-threshold"]) }),
      ...(flags["user-lockout-duration"] === undefined
        ? {}
        : { lockout_duration: ttlText(flags["user-lockout-duration"]) }),
      ...(flags["user-lockout-counter-reset-duration"] === undefined
        ? {}
        : { lockout_counter_reset_duration: ttlText(flags["user-lockout-counter-reset-duration"]) }),
      ...(flags["user-lockout-disable"] === undefined ? {} : { lockout_disable: flags["user-lockout-disable"] }),
    }
    const body = {
      default_lease_ttl: ttlText(flags["default-lease-ttl"]),
      max_lease_ttl: ttlText(flags["max-lease-ttl"]),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      ...tuningBody(flags, isGiven),
      options: optionsOf(flags) ?? null,
      ...(Object.keys(user_lockout_config).length === 0 ? {} : { user_lockout_config }),
    }
    await attempt(
      `Error tuning auth method ${path}`,
      post(await client(), `sys/mounts/auth/${path}tune`, body).then(out.warnings),
    )
    out.line(`Success! Tuned the auth method at: ${path}`)
  },
})

const help = command({
  name: "help",
  summary: "Explains how to log in by a method, named by its type or its path.",
  examples: [["How to log in by name and password", "auth help userpass"]],
  args: { usage: "TYPE | PATH", min: 1, max: 1 },
  run: async ({ args: [given = ""], io, out, client }) => {
    const known = methodHelp(given.trim(), io.program)
    if (known !== undefined) return out.line(known)
    const path = mountPath(cleanPath(given))
    const mounts = await readMounts(await client(), "sys/auth", "Error listing auth methods")
    const mount = new Map(Object.entries(mounts)).get(path)
    if (!isObject(mount)) throw new Failure(`No auth method available on the server at "${path}"`, 1)
    const byType = methodHelp(string(mount.type), io.program)
    if (byType === undefined)
      throw new Failure(`No method-specific CLI handler available for auth method "${given}"`, 2)
    out.line(byType)
  },
})

export const auth = family({
  name: "auth",
  summary: "Mounts, tunes, moves and removes auth methods.",
  about: 'To log in by one of them, see "login".',
  examples: [
    ["See which there are", "auth list"],
    ["Mount one", "auth enable userpass"],
    ["Learn how to log in by it", "auth help userpass"],
  ],
  commands: [disable, enable, help, list, move, tune],
})
