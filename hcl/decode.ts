/** From the tree to values: blocks with their labels, attributes with their types, keys that nobody knows. */

import { HclError, type Position } from "./error.ts"
import { nearest } from "./nearest.ts"
import type { HclItem, HclObject, HclValue } from "./tree.ts"

/** A value without its places. Objects are Maps: their keys are the author's own. */
export type HclPlain = string | number | bigint | boolean | null | HclPlain[] | Map<string, HclPlain>

export interface HclBlock {
  readonly labels: readonly string[]
  readonly body: Pick<HclObject, "items" | "position">
  readonly position: Position
}

type Items = Pick<HclObject, "items">

/**
 * All blocks of a name, in order, with `labelCount` labels each. The many spellings of HCL1 are one: `path "a" { … }`,
 * `path = { "a" = { … } }`, and JSON's `{"path": {"a": { … }}}` and `{"path": [{"a": { … }}]}`.
 */
export function blocks({ items }: Items, name: string, labelCount = 0): HclBlock[] {
  return items.filter(item => item.keys[0]?.name === name).flatMap(item => labelled(item, labelCount))
}

function labelled({ keys, value, position }: HclItem, labelCount: number): HclBlock[] {
  const name = keys[0]?.name ?? ""
  const labels = keys.slice(1).map(key => key.name)
  if (labels.length > labelCount)
    throw new HclError(`"${name}" has ${count(labels.length)}, expected ${labelCount}`, position)
  return unfold(name, labels, value, position, labelCount)
}

const count = (labels: number): string => (labels === 1 ? "1 label" : `${labels} labels`)

function unfold(
  name: string,
  labels: readonly string[],
  value: HclValue,
  position: Position,
  labelCount: number,
): HclBlock[] {
  if (value.kind === "list") return value.elements.flatMap(one => unfold(name, labels, one, one.position, labelCount))
  if (value.kind !== "object") {
    throw new HclError(
      `"${[name, ...labels].join('" "')}" needs a block in braces, found ${said(value)}`,
      value.position,
    )
  }
  if (labels.length === labelCount) return [{ labels, body: value, position }]
  return value.items.flatMap(item => {
    const more = [...labels, ...item.keys.map(key => key.name)]
    if (more.length > labelCount)
      throw new HclError(`"${name}" needs ${count(labelCount)}, written before its brace`, item.position)
    return unfold(name, more, item.value, item.position, labelCount)
  })
}

/** The item that sets an attribute (`name = …`); undefined when none does. Refuses a block with labels in its place. */
export function attribute({ items }: Items, name: string): HclItem | undefined {
  const item = items.find(one => one.keys[0]?.name === name)
  if (item !== undefined && item.keys.length > 1)
    throw new HclError(`"${name}" takes a value, not labels`, item.position)
  return item
}

/** Refuses the first key that is not among the known ones, with the known one that is most like it. */
export function checkKeys({ items }: Items, known: readonly string[], where: string): void {
  for (const { keys } of items) {
    const [key] = keys
    if (key === undefined || known.includes(key.name)) continue
    const near = nearest(key.name, known)
    throw new HclError(`Unknown key "${key.name}" in ${where}${near ? `, did you mean "${near}"?` : ""}`, key.position)
  }
}

const nameOf = (item: HclItem): string => item.keys[0]?.name ?? ""

function wrong(item: HclItem, wanted: string, value: HclValue = item.value): HclError {
  return new HclError(`"${nameOf(item)}" needs ${wanted}, found ${said(value)}`, value.position)
}

function said(value: HclValue): string {
  if (value.kind === "list") return "a list"
  if (value.kind === "object") return "a block"
  if (value.kind === "string") return "a string"
  return value.kind === "null" ? "null" : value.text
}

/** A string; numbers and booleans count by their text, as hashicorp/hcl takes them. */
export function readString(item: HclItem): string {
  return textOf(item, item.value)
}

function textOf(item: HclItem, value: HclValue): string {
  if (value.kind === "string") return value.value
  if (value.kind === "number" || value.kind === "bool") return value.text
  throw wrong(item, "a string", value)
}

/** A list of strings. */
export function readStrings(item: HclItem): string[] {
  const { value } = item
  if (value.kind !== "list") throw wrong(item, "a list of strings")
  return value.elements.map(element => textOf(item, element))
}

/** A whole number, also in quotes. */
export function readInteger(item: HclItem): number {
  const { value } = item
  if (value.kind === "number" && Number.isSafeInteger(value.value)) return Number(value.value)
  if (value.kind === "string" && /^[+-]?\d{1,15}$/.test(value.value)) return Number(value.value)
  throw wrong(item, "a whole number")
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map(text => [text, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map(text => [text, false] as const),
])

/** A boolean, also as the texts and numbers that Go takes for one. */
export function readBool(item: HclItem): boolean {
  const { value } = item
  const read = value.kind === "list" || value.kind === "object" ? undefined : BOOLEANS.get(String(value.value))
  if (read === undefined) throw wrong(item, "true or false")
  return read
}

/** Any value. Blocks of the same name merge into one Map; labels nest. */
export function plain(value: HclValue): HclPlain {
  if (value.kind === "list") return value.elements.map(plain)
  return value.kind === "object" ? plainObject(value) : value.value
}

/** An object as a Map: what is written last wins, but Maps of the same name become one. */
export function plainObject({ items }: Items): Map<string, HclPlain> {
  const object = new Map<string, HclPlain>()
  for (const { keys, value } of items) {
    let into = object
    for (const { name } of keys.slice(0, -1)) into = mapIn(into, name)
    set(into, keys[keys.length - 1]?.name ?? "", plain(value))
  }
  return object
}

function mapIn(object: Map<string, HclPlain>, name: string): Map<string, HclPlain> {
  const known = object.get(name)
  if (known instanceof Map) return known
  const made = new Map<string, HclPlain>()
  object.set(name, made)
  return made
}

function set(object: Map<string, HclPlain>, name: string, value: HclPlain): void {
  const known = object.get(name)
  if (!(value instanceof Map) || !(known instanceof Map)) object.set(name, value)
  else for (const [key, one] of value) set(known, key, one)
}
