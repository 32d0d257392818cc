/** The flags of `arca server`. Single and double dashes, `-name=value` and `-name value`. */

export interface ServerFlags {
  readonly config: readonly string[]
  readonly dev: boolean
  readonly devRootTokenId: string
  readonly devListenAddress: string
  readonly devNoStoreToken: boolean
  readonly devKvV1: boolean
  readonly devTls: boolean
  readonly devTlsCertDir: string
  readonly logLevel: string
  readonly logFormat: string
  readonly logFile: string
  readonly logRotateBytes: string
  readonly logRotateDuration: string
  readonly logRotateMaxFiles: string
  /** Processes that share the store and the listeners; 0 is one for each core. */
  readonly workers: number | undefined
}

const SWITCHES = new Set([
  "dev",
  "dev-no-store-token",
  "dev-kv-v1",
  "dev-tls",
  "dev-ha",
  "dev-transactional",
  "dev-no-kv",
  "exit-on-core-shutdown",
  "disable-gated-logs",
])
const VALUES = new Set([
  "config",
  "dev-root-token-id",
  "dev-listen-address",
  "dev-tls-cert-dir",
  "dev-plugin-dir",
  "log-level",
  "log-format",
  "log-file",
  "log-rotate-bytes",
  "log-rotate-duration",
  "log-rotate-max-files",
  "workers",
])

/** A flag that cannot be understood; the message says which, and what there is. */
export class BadFlag extends Error {
  override readonly name = "BadFlag"
}

type Env = Readonly<Record<string, string | undefined>>

/** `ARCA_X`, else `BAO_X`, else `VAULT_X`. */
export const fromEnv = (env: Env, name: string): string | undefined =>
  env[`ARCA_${name}`] ?? env[`BAO_${name}`] ?? env[`VAULT_${name}`]

export function readFlags(argv: readonly string[], env: Env): ServerFlags {
  const given = new Map<string, string[]>()
  const words = [...argv]
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const found = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word)
    const name = found?.[1] ?? ""
    if (!SWITCHES.has(name) && !VALUES.has(name)) {
      throw new BadFlag(`unknown flag ${JSON.stringify(word)}; "arca server -help" shows those there are`)
    }
    const value = found?.[2] ?? (SWITCHES.has(name) ? "true" : words.shift())
    if (value === undefined) throw new BadFlag(`the flag -${name} needs a value`)
    given.set(name, [...(given.get(name) ?? []), value])
  }
  const last = (name: string) => given.get(name)?.at(-1)
  const on = (name: string) => /^(1|t|true)$/i.test(last(name) ?? "false")
  return {
    config: given.get("config") ?? [],
    dev: on("dev") || on("dev-tls"),
    devRootTokenId: last("dev-root-token-id") ?? fromEnv(env, "DEV_ROOT_TOKEN_ID") ?? "",
    devListenAddress: last("dev-listen-address") ?? fromEnv(env, "DEV_LISTEN_ADDRESS") ?? "127.0.0.1:8200",
    devNoStoreToken: on("dev-no-store-token"),
    devKvV1: on("dev-kv-v1"),
    devTls: on("dev-tls"),
    devTlsCertDir: last("dev-tls-cert-dir") ?? "",
    logLevel: last("log-level") ?? fromEnv(env, "LOG_LEVEL") ?? "",
    logFormat: last("log-format") ?? fromEnv(env, "LOG_FORMAT") ?? "",
    logFile: last("log-file") ?? fromEnv(env, "LOG_FILE") ?? "",
    logRotateBytes: last("log-rotate-bytes") ?? fromEnv(env, "LOG_ROTATE_BYTES") ?? "",
    logRotateDuration: last("log-rotate-duration") ?? fromEnv(env, "LOG_ROTATE_DURATION") ?? "",
    logRotateMaxFiles: last("log-rotate-max-files") ?? fromEnv(env, "LOG_ROTATE_MAX_FILES") ?? "",
    workers: last("workers") === undefined ? undefined : Number(last("workers")),
  }
}
