/** Server configuration: files and folders of HCL or JSON, read into one typed value, with a place for every complaint. */

import { readdir, readFile, stat } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import {
  attribute,
  blocks,
  type HclBlock,
  HclError,
  type HclItem,
  nearest,
  parseHcl,
  plainObject,
  readBool,
  readInteger,
  readString,
  readStrings,
} from "@arca/hcl"
import type { Stanza } from "@arca/storage"
import type { ListenerOptions } from "../listener/options.ts"
import type { LockoutStanzas } from "../lockout.ts"
import { TELEMETRY_DEFAULTS, type Telemetry } from "../metrics/telemetry.ts"
import type { OutboundRules } from "../outbound.ts"
import { ROLLBACK_POLICIES, type RollbackPolicy } from "../rollback.ts"
import { listenerKeys, namesOf, outboundKeys, topKeys } from "./keys.ts"
import { listenerOptions } from "./listener.ts"
import { lockoutStanza, lockoutWarning } from "./lockout.ts"
import { outboundRules } from "./outbound.ts"
import { telemetryOf, telemetryWarnings } from "./telemetry.ts"
import { countOf, secondsOf, textsOf } from "./values.ts"

export interface SealStanza {
  readonly type: string
  readonly options: ReadonlyMap<string, string>
  /** The seal to move away from. */
  readonly disabled: boolean
}

/** One request of an `initialize` stanza: made once, when the store is new, with a token that nobody sees. */
export interface InitRequest {
  readonly name: string
  readonly operation: string
  readonly path: string
  readonly data: unknown
  readonly allowFailure: boolean
}

export interface AuditStanza {
  readonly type: string
  readonly path: string
  readonly options: ReadonlyMap<string, string>
}

/** Times are seconds; undefined is "not said". */
export interface ServerConfig {
  readonly storage: Stanza | undefined
  readonly listeners: readonly ListenerOptions[]
  readonly seals: readonly SealStanza[]
  readonly audit: readonly AuditStanza[]
  readonly initialize: readonly InitRequest[]
  readonly apiAddress: string
  readonly clusterAddress: string
  readonly clusterName: string
  readonly defaultTtl: number | undefined
  readonly maxTtl: number | undefined
  readonly logLevel: string
  readonly logFormat: string
  readonly logFile: string
  readonly logRotateBytes: number
  /** Seconds. */
  readonly logRotateDuration: number
  readonly logRotateMaxFiles: number
  readonly pidFile: string
  readonly auditDirectories: readonly string[]
  readonly snapshotDirectories: readonly string[]
  readonly onStoreRollback: RollbackPolicy
  readonly workers: number | undefined
  readonly introspection: boolean
  readonly lockout: LockoutStanzas
  readonly outbound: OutboundRules | undefined
  readonly telemetry: Telemetry
  readonly warnings: readonly string[]
}

/** The configuration cannot be used; the message names the file and the line. */
export class BadConfig extends Error {
  override readonly name = "BadConfig"
}

type Body = HclBlock["body"]

interface Source {
  readonly file: string
  readonly body: Body
}

/** Reads and merges files, or all `*.hcl` and `*.json` of folders; later files win. Throws `BadConfig`. */
export async function readConfig(paths: readonly string[]): Promise<ServerConfig> {
  const sources: Source[] = []
  for (const path of paths) {
    for (const file of await filesOf(path)) sources.push({ file, body: parse(file, await readText(file)) })
  }
  return configOf(sources)
}

async function filesOf(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new BadConfig(`cannot read the configuration ${JSON.stringify(path)}: ${error.code ?? error.message}`)
  })
  if (!info.isDirectory()) return [path]
  const names = (await readdir(path)).filter(name => /\.(hcl|json)$/.test(name)).sort()
  if (names.length === 0) throw new BadConfig(`the folder ${JSON.stringify(path)} holds no *.hcl or *.json file`)
  return names.map(name => join(path, name))
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new BadConfig(`cannot read the configuration ${JSON.stringify(file)}: ${error.code ?? error.message}`)
  })
}

/** The two stores in the file of `operator migrate`: `storage_source "…"` and `storage_destination "…"`. Throws `BadConfig`. */
export async function migrationOf(file: string): Promise<{ source: Stanza; destination: Stanza }> {
  const body = parse(file, await readText(file))
  const only = (name: string): Stanza => {
    const found = located(file, () => blocks(body, name, 1).map(stanzaOf))
    if (found.length !== 1 || found[0] === undefined)
      throw new BadConfig(`${file}: it needs one stanza ${name} "<type>" { … }, and has ${found.length}`)
    return found[0]
  }
  return { source: only("storage_source"), destination: only("storage_destination") }
}

/** Parses one file; for tests too. */
export function parse(file: string, text: string): Body {
  return located(file, () => parseHcl(text))
}

/** Runs `read` with its complaints put in front of the file's name. */
function located<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof HclError) throw new BadConfig(`${file}: ${error.message}`)
    throw error
  }
}

/** One configuration from parsed files. */
export function configOf(sources: readonly Source[]): ServerConfig {
  const warnings = sources.flatMap(source => unknownKeys(source, namesOf(topKeys), ""))
  const last = <T>(name: string, read: (item: HclItem) => T): T | undefined => {
    const values = sources.flatMap(({ file, body }) => {
      const item = located(file, () => attribute(body, name))
      return item === undefined ? [] : [located(file, () => read(item))]
    })
    return values.at(-1)
  }
  const all = <T>(name: string, labels: number, read: (block: HclBlock, file: string) => T): T[] =>
    sources.flatMap(({ file, body }) => located(file, () => blocks(body, name, labels).map(block => read(block, file))))
  const storages = [...all("storage", 1, stanzaOf), ...all("backend", 1, stanzaOf)]
  if (storages.length > 1) throw new BadConfig("the configuration has more than one storage stanza")
  return {
    storage: storages[0],
    listeners: all("listener", 1, (block, file) => {
      warnings.push(
        ...unknownKeys({ file, body: block.body }, namesOf(listenerKeys), `listener "${block.labels[0]}": `),
      )
      return listenerOptions(block.labels[0] ?? "", block.body)
    }),
    seals: all("seal", 1, sealOf),
    audit: all("audit", 2, auditOf),
    initialize: all("initialize", 1, block => requestsOf(block)).flat(),
    apiAddress: last("api_addr", readString) ?? "",
    clusterAddress: last("cluster_addr", readString) ?? "",
    clusterName: last("cluster_name", readString) ?? "",
    defaultTtl: last("default_lease_ttl", secondsOf),
    maxTtl: last("max_lease_ttl", secondsOf),
    logLevel: last("log_level", readString) ?? "",
    logFormat: last("log_format", readString) ?? "",
    logFile: last("log_file", readString) ?? "",
    logRotateBytes: last("log_rotate_bytes", countOf) ?? 0,
    logRotateDuration: last("log_rotate_duration", secondsOf) ?? 86_400,
    logRotateMaxFiles: last("log_rotate_max_files", countOf) ?? 0,
    pidFile: last("pid_file", readString) ?? "",
    auditDirectories: last("audit_allowed_directories", readStrings) ?? [],
    snapshotDirectories: last("snapshot_directories", readStrings) ?? [],
    onStoreRollback: last("on_store_rollback", rollbackPolicyOf) ?? "warn",
    workers: last("workers", readInteger),
    introspection: last("introspection_endpoint", readBool) ?? false,
    lockout: new Map(
      all("user_lockout", 1, (block, file) => {
        const [type, rule] = lockoutStanza(block)
        const warning = lockoutWarning(type)
        if (warning !== undefined) warnings.push(`${file}: line ${block.position.line}: ${warning}`)
        return [type, rule] as const
      }),
    ),
    outbound: all("outbound", 0, (block, file) => {
      warnings.push(...unknownKeys({ file, body: block.body }, namesOf(outboundKeys), "outbound: "))
      return outboundRules(block.body)
    }).at(-1),
    telemetry:
      all("telemetry", 0, (block, file) => {
        warnings.push(...telemetryWarnings(block).map(text => `${file}: ${text}`))
        return telemetryOf(block, hostname())
      }).at(-1) ?? TELEMETRY_DEFAULTS,
    warnings,
  }
}

function rollbackPolicyOf(item: HclItem): RollbackPolicy {
  const text = readString(item)
  const policy = ROLLBACK_POLICIES.find(one => one === text)
  if (policy === undefined)
    throw new HclError(`on_store_rollback is "warn" or "refuse", not ${JSON.stringify(text)}`, item.position)
  return policy
}

function unknownKeys({ file, body }: Source, known: readonly string[], where: string): string[] {
  return body.items.flatMap(({ keys, position }) => {
    const name = keys[0]?.name ?? ""
    if (known.includes(name)) return []
    const near = nearest(name, known)
    const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`
    return [`${file}: line ${position.line}: ${where}unknown key ${JSON.stringify(name)} is ignored${hint}`]
  })
}

const stanzaOf = ({ labels, body }: HclBlock): Stanza => ({ type: labels[0] ?? "", options: textsOf(body) })

function sealOf({ labels, body }: HclBlock): SealStanza {
  const options = textsOf(body)
  return { type: labels[0] ?? "", options, disabled: /^(1|t|true)$/i.test(options.get("disabled") ?? "") }
}

/** OpenBao's form: `audit "file" "path" { options { … } }`. */
function auditOf({ labels, body }: HclBlock): AuditStanza {
  const [inner] = blocks(body, "options")
  return {
    type: labels[0] ?? "",
    path: `${(labels[1] ?? "").replace(/\/+$/, "")}/`,
    options: textsOf(inner?.body ?? body),
  }
}

function requestsOf({ labels, body }: HclBlock): InitRequest[] {
  return blocks(body, "request", 1).map(request => {
    const text = (name: string): string => {
      const item = attribute(request.body, name)
      if (item === undefined) throw new HclError(`request "${request.labels[0]}" needs ${name}`, request.position)
      return readString(item)
    }
    const allow = attribute(request.body, "allow_failure")
    return {
      name: `${labels[0]}/${request.labels[0]}`,
      operation: text("operation"),
      path: text("path"),
      data: plainJson(plainObject(request.body).get("data") ?? new Map()),
      allowFailure: allow === undefined ? false : readBool(allow),
    }
  })
}

/** Maps become objects: what a request's body is. */
function plainJson(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plainJson(inner)]))
  if (Array.isArray(value)) {
    // HCL1 wraps a nested block in a list of one.
    return value.length === 1 && value[0] instanceof Map ? plainJson(value[0]) : value.map(plainJson)
  }
  return typeof value === "bigint" ? Number(value) : value
}
