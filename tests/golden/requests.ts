/**
 * The requests whose replies are golden, in the order in which they are sent to one new, unsealed server.
 *
 * `$name` in a path, a body or a header stands for a value that an earlier request kept.
 */

import { identity } from "./requests/identity.ts"
import { kv } from "./requests/kv.ts"
import { login } from "./requests/login.ts"
import { policies } from "./requests/policies.ts"
import { sys } from "./requests/sys.ts"
import { tokens } from "./requests/tokens.ts"

export interface GoldenRequest {
  /** Unique within its group. */
  name: string
  method: string
  path: string
  /** The root token if absent; "" sends none; `$name` a kept one. */
  token?: string
  headers?: Record<string, string>
  body?: unknown
  /** Values to keep for later requests: name → path inside the reply, as in "auth.client_token". */
  keep?: Record<string, string>
}

/** Group by group; each is one file in replies/. */
export const groups: Record<string, GoldenRequest[]> = { ...kv, ...policies, ...tokens, ...login, ...sys, ...identity }
