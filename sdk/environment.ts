import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseDuration } from "@arca/api/duration"
import { defaults, type Settings } from "./settings.ts"
import { type Environment, variable } from "./variable.ts"
import type { TlsSettings } from "./wire.ts"

/** Files named on a command line or in the environment that make up the TLS settings. */
export interface TlsFiles {
  readonly caCert?: string | undefined
  readonly caPath?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  readonly serverName?: string | undefined
  readonly skipVerify?: boolean | undefined
}

/** The settings in VAULT_*, BAO_* and ARCA_* variables. Throws when one cannot be understood or a file cannot be read. */
export function settingsFromEnvironment(env: Environment = process.env, given: TlsFiles = {}): Settings {
  const get = (name: string) => variable(env, name) || undefined
  const timeout = get("CLIENT_TIMEOUT")
  const retries = get("MAX_RETRIES")
  return {
    ...defaults,
    address: get("PROXY_ADDR") ?? get("AGENT_ADDR") ?? get("ADDR") ?? defaults.address,
    token: get("TOKEN") ?? "",
    namespace: get("NAMESPACE") ?? "",
    timeout: timeout === undefined ? defaults.timeout : need("CLIENT_TIMEOUT", timeout, parseDuration(timeout)),
    retries: retries === undefined ? defaults.retries : need("MAX_RETRIES", retries, wholeNumber(retries)),
    wrapTtl: get("WRAP_TTL"),
    mfa:
      get("MFA")
        ?.split(",")
        .map(one => one.trim()) ?? [],
    followRedirects: !truth("DISABLE_REDIRECTS", get("DISABLE_REDIRECTS")),
    proxy: get("HTTP_PROXY"),
    tls: tlsFrom(env, given),
  }
}

function tlsFrom(env: Environment, given: TlsFiles): TlsSettings {
  const get = (name: string) => variable(env, name) || undefined
  const caBytes = get("CACERT_BYTES")
  const file = given.caCert ?? get("CACERT")
  const directory = given.caPath ?? get("CAPATH")
  const certFile = given.clientCert ?? get("CLIENT_CERT")
  const keyFile = given.clientKey ?? get("CLIENT_KEY")
  const cert = certFile === undefined ? get("CLIENT_CERT_BYTES") : pem("client certificate", certFile)
  const key = keyFile === undefined ? get("CLIENT_KEY_BYTES") : pem("client key", keyFile)
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error("both client cert and client key must be provided")
  }
  return {
    ca: file !== undefined ? [pem("CA", file)] : caBytes !== undefined ? [caBytes] : certificatesIn(directory),
    cert,
    key,
    serverName: given.serverName ?? get("TLS_SERVER_NAME"),
    skipVerify: given.skipVerify ?? truth("SKIP_VERIFY", get("SKIP_VERIFY")),
  }
}

function pem(what: string, file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    throw new Error(`could not read the ${what} file "${file}": ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

function certificatesIn(directory: string | undefined): string[] | undefined {
  if (directory === undefined) return undefined
  const files = readdirSync(directory, { withFileTypes: true }).filter(entry => !entry.isDirectory())
  return files.map(({ name }) => readFileSync(join(directory, name), "utf8"))
}

const TRUTHS = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text): [string, boolean] => [text, true]),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text): [string, boolean] => [text, false]),
])

function truth(name: string, text: string | undefined): boolean {
  return text === undefined ? false : need(name, text, TRUTHS.get(text))
}

const wholeNumber = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) : undefined)

function need<T>(name: string, text: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`could not parse the environment variable VAULT_${name}: "${text}"`)
  return value
}
