/** Values of configuration files. */

import { parseDuration } from "@arca/api"
import { networkOf } from "@arca/auth/cidr"
import { type HclBlock, HclError, type HclItem, type Position, plainObject, readInteger, readString } from "@arca/hcl"

/** Seconds of a duration, written as text or as a number. */
export function secondsOf(item: HclItem): number {
  const text = item.value.kind === "number" ? String(readInteger(item)) : readString(item)
  const seconds = parseDuration(text)
  if (seconds === undefined || seconds < 0) throw new HclError(`${JSON.stringify(text)} is no duration`, item.position)
  return seconds
}

/** A whole number, written as one or as text. */
export function countOf(item: HclItem): number {
  const count = item.value.kind === "number" ? readInteger(item) : Number(readString(item))
  if (!Number.isSafeInteger(count)) throw new HclError(`"${item.keys[0]?.name}" needs a whole number`, item.position)
  return count
}

/** The attributes of a stanza as text, whatever their type. */
export function textsOf(body: HclBlock["body"]): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [name, value] of plainObject(body)) {
    if (value !== null && typeof value !== "object") texts.set(name, String(value))
    else if (Array.isArray(value)) texts.set(name, value.map(String).join(","))
  }
  return texts
}

/** Checks networks where the file and line are known: one that is misread later would let in too many, or nobody. */
export function checkedNetworks(networks: readonly string[], name: string, position: Position): readonly string[] {
  const wrong = networks.find(text => networkOf(text) === undefined)
  if (wrong !== undefined)
    throw new HclError(`${name}: ${JSON.stringify(wrong)} is no network; write it like "10.0.0.0/8"`, position)
  return networks
}
