import type { Json, JsonObject } from "@arca/api/json"
import type { Client } from "@arca/sdk"
import { attempt, Failure } from "./failure.ts"
import { goValue } from "./output/go.ts"
import { byBytes } from "./output/order.ts"
import type { Output } from "./output/output.ts"
import { table } from "./output/table.ts"
import { isObject, number, string } from "./shape.ts"

type Column = readonly [title: string, cell: (path: string, mount: JsonObject) => string]
const text = (title: string, key: string): Column => [title, (_, mount) => string(mount[key])]
const setting = (mount: JsonObject, key: string): Json | undefined =>
  isObject(mount.config) ? mount.config[key] : undefined
const flag = (title: string, key: string): Column => [title, (_, mount) => String(mount[key] === true)]

const ttl = (title: string, key: string): Column => [
  title,
  (_, mount) => {
    if (mount.type === "system" || mount.type === "cubbyhole") return ""
    const seconds = number(setting(mount, key))
    return seconds === 0 ? "system" : String(seconds)
  },
]

const path: Column = ["Path", name => name]
const between: readonly Column[] = [
  ["Replication", (_, mount) => (mount.local === true ? "local" : "replicated")],
  flag("Seal Wrap", "seal_wrap"),
  flag("External Entropy Access", "external_entropy_access"),
  ["Options", (_, mount) => goValue(mount.options ?? {})],
  text("Description", "description"),
  text("UUID", "uuid"),
  text("Version", "plugin_version"),
  text("Running Version", "running_plugin_version"),
  text("Running SHA256", "running_sha256"),
  text("Deprecation Status", "deprecation_status"),
]
const start: readonly Column[] = [
  path,
  text("Plugin", "type"),
  text("Accessor", "accessor"),
  ttl("Default TTL", "default_lease_ttl"),
  ttl("Max TTL", "max_lease_ttl"),
]

/** The columns of Vault's lists of mounts. */
export const columnsOf = {
  secrets: {
    simple: [path, text("Type", "type"), text("Accessor", "accessor"), text("Description", "description")],
    detailed: [
      ...start,
      ["Force No Cache", (_, mount) => String(setting(mount, "force_no_cache") === true)] as Column,
      ...between,
    ],
  },
  auth: {
    simple: [
      path,
      text("Type", "type"),
      text("Accessor", "accessor"),
      text("Description", "description"),
      text("Version", "plugin_version"),
    ],
    detailed: [...start, ["Token Type", (_, mount) => string(setting(mount, "token_type"))] as Column, ...between],
  },
  audit: {
    simple: [path, text("Type", "type"), text("Description", "description")],
    detailed: [
      path,
      text("Type", "type"),
      text("Description", "description"),
      ["Replication", (_, mount) => (mount.local === true ? "local" : "replicated")] as Column,
      ["Options", (_, mount) => optionPairs(mount.options)] as Column,
    ],
  },
} satisfies Record<string, { simple: readonly Column[]; detailed: readonly Column[] }>

const optionPairs = (options: Json | undefined): string =>
  isObject(options)
    ? Object.entries(options)
        .map(([key, value]) => `${key}=${goValue(value)}`)
        .join(" ")
    : ""

/** Prints a table of mounts, or their JSON by path. */
export async function printMounts(
  out: Output,
  kind: keyof typeof columnsOf,
  mounts: JsonObject,
  detailed: boolean,
): Promise<void> {
  if (out.format !== "table") return out.value(mounts)
  const columns = columnsOf[kind][detailed ? "detailed" : "simple"]
  const rows = Object.entries(mounts).map(([name, mount]) =>
    columns.map(([, cell]) => cell(name, isObject(mount) ? mount : {})),
  )
  out.line(
    table(
      columns.map(([title]) => title),
      rows,
    ),
  )
}

/** The mounts at a `sys/` path, sorted by their paths. */
export async function readMounts(server: Client, path: string, doing: string): Promise<JsonObject> {
  const secret = await attempt(doing, server.read(path))
  const entries = Object.entries(secret?.data ?? {}).sort(([a], [b]) => byBytes(a, b))
  return Object.fromEntries(entries)
}

/** Moves a mount and waits until it has arrived. */
export async function moveMount(out: Output, server: Client, from: string, to: string, thing: string): Promise<number> {
  const doing = `Error moving ${thing} ${from} to ${to}`
  const started = await attempt(
    doing,
    server.json<JsonObject>({ method: "POST", path: "sys/remount", body: { from, to } }),
  )
  const id = string(isObject(started.data) ? started.data.migration_id : started.migration_id)
  out.line(`Started moving ${thing} ${from} to ${to}, with migration ID ${id}`)
  for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
    const secret = await attempt(
      `Error checking migration status of ${thing} ${from} to ${to}`,
      server.read(`sys/remount/status/${id}`),
    )
    const facts = secret?.data?.migration_info
    const status = isObject(facts) ? facts.status : undefined
    if (status === "success") {
      out.line(`Success! Finished moving ${thing} ${from} to ${to}, with migration ID ${id}`)
      return 0
    }
    if (status === "failure") {
      throw new Failure(`Failure! Error encountered moving ${thing} ${from} to ${to}, with migration ID ${id}`, 2)
    }
    if (pause === 100)
      out.line(`Waiting for terminal status in migration of ${thing} ${from} to ${to}, with migration ID ${id}`)
    await server.settings.wait(pause, AbortSignal.timeout(600_000))
  }
}
