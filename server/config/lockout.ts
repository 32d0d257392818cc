/** The stanza `user_lockout "<auth method or all>"`, with Vault's keys. */

import { auth } from "@arca/auth"
import {
  attribute,
  checkKeys,
  type HclBlock,
  HclError,
  type HclItem,
  readBool,
  readInteger,
  readString,
} from "@arca/hcl"
import type { LockoutRule } from "../lockout.ts"
import { lockoutKeys, namesOf } from "./keys.ts"
import { secondsOf } from "./values.ts"

/** Types that have a lockout: what a stanza can name. */
const known = (): string[] => ["all", ...auth.filter(one => one.lockout !== undefined).map(one => one.type)]

/** A sentence when a stanza names an auth method that no name can be locked out of. */
export function lockoutWarning(type: string): string | undefined {
  if (known().includes(type)) return undefined
  return `user_lockout ${JSON.stringify(type)} has no effect; it is one of ${known().join(", ")}`
}

/** Which type a stanza is for, and what it says. Throws `HclError` with the place. */
export function lockoutStanza({ labels, body }: HclBlock): [string, Partial<LockoutRule>] {
  checkKeys(body, namesOf(lockoutKeys), "user_lockout")
  const read = <T>(name: string, of: (item: HclItem) => T): T | undefined => {
    const item = attribute(body, name)
    return item === undefined ? undefined : of(item)
  }
  const rule = {
    threshold: read("lockout_threshold", countOf),
    duration: read("lockout_duration", secondsOf),
    counterReset: read("lockout_counter_reset", secondsOf),
    disabled: read("disable_lockout", switchOf),
  }
  return [
    (labels[0] ?? "").toLowerCase(),
    Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)),
  ]
}

function countOf(item: HclItem): number {
  const count = item.value.kind === "number" ? readInteger(item) : Number(readString(item))
  if (!Number.isSafeInteger(count) || count < 1)
    throw new HclError("lockout_threshold is a number from 1", item.position)
  return count
}

function switchOf(item: HclItem): boolean {
  if (item.value.kind === "bool") return readBool(item)
  const text = item.value.kind === "number" ? String(readInteger(item)) : readString(item)
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new HclError(`${JSON.stringify(text)} is neither true nor false`, item.position)
}
