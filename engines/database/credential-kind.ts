/** What a kind of credential is; `credentials.ts` has the table of them. */

import type { Context, JsonObject } from "@arca/api"
import type { Secret } from "./drivers/driver.ts"

/** A credential that was made: what the database is told, and what its user gets. */
export type Credential = {
  readonly secret: Secret
  readonly shown: JsonObject
}

/** A role's `credential_config`, checked and with its defaults. */
export type Settings = ReadonlyMap<string, string>

/** What a credential is made for. */
export interface Wish {
  readonly config: Settings
  /** The connection's password policy, for roles that name none. */
  readonly policy: string
  readonly role: string
  /** Seconds since 1970, a little after the lease's end; what a static role has does not end. */
  readonly expiresAt: number
}

/** A kind of credential. */
export interface Kind {
  /** Placeholders by which statements take what the database itself does not know. */
  readonly places: readonly string[]
  readonly keys: readonly string[]
  /** Checks a configuration and puts its defaults in; throws what is wrong with it. */
  readonly check: (config: Map<string, string>, wrong: Wrong) => Promise<void> | void
  readonly make: (ctx: Context, wish: Wish) => Promise<Credential>
}

export type Wrong = (text: string) => Error

/** Sets a number of bits to the first choice when it is not given. */
export function bitsOf(config: Map<string, string>, name: string, choices: readonly number[], failure: Error): void {
  const given = Number(config.get(name) || 0)
  const bits = given === 0 ? choices[0] : given
  if (bits === undefined || !choices.includes(bits)) throw failure
  config.set(name, String(bits))
}

export const RSA_BITS = [2048, 3072, 4096]
