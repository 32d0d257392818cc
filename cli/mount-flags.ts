import { formatDuration } from "@arca/api/duration"
import { duration, int, list, pairs, text } from "./flags.ts"

/** What can be tuned of a mount, when it is made or later; of engines and auth methods alike. */
export const tuning = {
  "allowed-response-headers": list("Response header that the engine may set."),
  "audit-non-hmac-request-keys": list("Field of requests that audit devices record in clear."),
  "audit-non-hmac-response-keys": list("Field of replies that audit devices record in clear."),
  "default-lease-ttl": duration("How long leases live unless told; the server's setting when left out."),
  description: text("What it is for, in words."),
  "listing-visibility": text("unauth: show the mount to those who have not logged in.", {
    choices: ["unauth", "hidden"],
  }),
  "max-lease-ttl": duration("How long leases may live at most; the server's setting when left out."),
  options: pairs("Option of the engine."),
  "passthrough-request-headers": list("Request header that the engine gets to see."),
  "plugin-version": text("Version of the plugin to run."),
  version: int("Version of the engine to run, such as 2 for kv."),
}

/** Only auth methods have these. */
export const tokenType = {
  "token-type": text("Type of the tokens that it issues.", {
    choices: ["default-service", "default-batch", "service", "batch"],
  }),
}

export interface Tuning {
  readonly "allowed-response-headers": readonly string[]
  readonly "audit-non-hmac-request-keys": readonly string[]
  readonly "audit-non-hmac-response-keys": readonly string[]
  readonly "default-lease-ttl": number | undefined
  readonly description: string | undefined
  readonly "listing-visibility": string | undefined
  readonly "max-lease-ttl": number | undefined
  readonly options: ReadonlyMap<string, string>
  readonly "passthrough-request-headers": readonly string[]
  readonly "plugin-version": string | undefined
  readonly version: number | undefined
  readonly "token-type"?: string | undefined
}

/** The settings that stand on the line, as the API names them. A flag that was given empty clears. */
export function tuningBody(flags: Tuning, given: (name: string) => boolean): Record<string, unknown> {
  const named = NAMED.filter(given).map(name => [name.replaceAll("-", "_"), flags[name]])
  return Object.fromEntries(named)
}

const NAMED = [
  "allowed-response-headers",
  "audit-non-hmac-request-keys",
  "audit-non-hmac-response-keys",
  "listing-visibility",
  "passthrough-request-headers",
  "plugin-version",
  "token-type",
] as const

export function optionsOf({ options, version }: Tuning): Record<string, string> | undefined {
  const all = new Map([...options, ...((version ?? 0) > 0 ? [["version", String(version)] as const] : [])])
  return all.size === 0 ? undefined : Object.fromEntries(all)
}

/** A ttl as mounts take it: nothing for 0, `system` for a negative one. */
export function ttlText(seconds: number | undefined): string {
  if (seconds === undefined || seconds === 0) return ""
  return seconds < 0 ? "system" : formatDuration(seconds)
}
