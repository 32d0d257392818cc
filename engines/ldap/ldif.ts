/**
 * LDIF with templates (RFC 2849). The text is read first and its templates are filled in afterwards, value by value: nothing
 * that is filled in can begin another line, and in a distinguished name it is escaped (RFC 4514).
 */

import { refuse } from "@arca/api"
import { compileTemplate, type Functions, type Template, type TemplateWorld } from "../username-template.ts"

export type Statement =
  | { readonly kind: "add"; readonly dn: string; readonly attributes: readonly Filled[] }
  | { readonly kind: "modify"; readonly dn: string; readonly changes: readonly (Filled & { readonly operation: Op })[] }
  | { readonly kind: "delete"; readonly dn: string }

type Op = "add" | "delete" | "replace"

interface Filled {
  readonly type: string
  readonly values: readonly Buffer[]
}

/** LDIF that was read, ready to be filled in. */
export type Ldif = (world: TemplateWorld) => Statement[]

type Value = (world: TemplateWorld) => Buffer

interface Line {
  readonly name: string
  readonly value: Value
  /** As it stands in the text. */
  readonly text: string
}

/** `utf16le` is for `unicodePwd`: `{{ printf "%q" .Password | utf16le | base64 }}`. */
const FUNCTIONS: Functions = {
  utf16le: [
    1,
    ([value]) => {
      const text = String(value ?? "")
      // A template's values are text: bytes beyond ASCII would be encoded once more.
      if (/[^\0-\x7f]/.test(text)) throw refuse.invalid("unable to apply template: utf16le takes ASCII only")
      return Buffer.from(text, "utf16le").toString("latin1")
    },
  ],
}

const invalid = (why: string) => refuse.invalid(`LDIF is invalid: ${why}`)

/** Reads LDIF whose values may hold templates over `fields`. Refuses (400) what cannot be read. */
export function parseLdif(text: string, fields: readonly string[]): Ldif {
  const records = recordsOf(text).map(lines => recordOf(lines, fields))
  if (records.length === 0) throw invalid("must specify at least one LDIF entry")
  return world => records.map(record => record(world))
}

/** Records are separated by empty lines; a line that begins with a blank continues the one before (RFC 2849, notes 2 and 4). */
function recordsOf(text: string): string[][] {
  const unfolded = text.replaceAll("\r\n", "\n").replaceAll("\n ", "")
  return unfolded
    .split(/\n[ \t]*(?:\n[ \t]*)+/)
    .map(block => block.split("\n").filter(line => line.trim() !== "" && !line.startsWith("#")))
    .map(lines => (/^version:/i.test(lines[0] ?? "") ? lines.slice(1) : lines))
    .filter(lines => lines.length > 0)
}

function lineOf(text: string, fields: readonly string[]): Line {
  const found = /^\s*([A-Za-z][A-Za-z0-9.;-]*):(:|<)?[ \t]*(.*?)\s*$/.exec(text)
  if (found === null) throw invalid(`the line ${JSON.stringify(text)} is no "attribute: value"`)
  const [, name = "", form, value = ""] = found
  if (form === "<") throw invalid(`the value of ${name} is an address, and addresses are not read`)
  const template: Template = value === "" ? () => "" : compileTemplate(value, fields, FUNCTIONS)
  const encoded = form === ":"
  return { name, text: value, value: world => bytesOf(template(world), encoded, name) }
}

function bytesOf(value: string, encoded: boolean, name: string): Buffer {
  if (!encoded) return Buffer.from(value)
  if (/^[A-Za-z0-9+/\s]*={0,2}$/.test(value)) return Buffer.from(value, "base64")
  throw invalid(`the value of ${name} is not Base64, which "::" says it is`)
}

function recordOf(lines: readonly string[], fields: readonly string[]): (world: TemplateWorld) => Statement {
  const [first = "", ...rest] = lines
  const dn = lineOf(first, fields)
  if (dn.name.toLowerCase() !== "dn") throw invalid('an entry must begin with "dn:"')
  const filledDn = (world: TemplateWorld): string => dn.value(escaped(world)).toString()
  const change = /^\s*changetype:\s*(\S+)\s*$/i.exec(rest[0] ?? "")?.[1]?.toLowerCase()
  const body = change === undefined ? rest : rest.slice(1)
  if (change === undefined || change === "add") {
    const read = attributesOf(body.filter(line => line.trim() !== "-").map(line => lineOf(line, fields)))
    return world => ({ kind: "add", dn: filledDn(world), attributes: read(world) })
  }
  if (change === "delete") {
    if (body.some(line => line.trim() !== "-")) throw invalid("an entry that is deleted has no attributes")
    return world => ({ kind: "delete", dn: filledDn(world) })
  }
  if (change !== "modify")
    throw invalid(`changetype ${JSON.stringify(change)} is not known; there are add, modify, delete`)
  const read = changesOf(body, fields)
  return world => ({ kind: "modify", dn: filledDn(world), changes: read(world) })
}

/** The world in which a distinguished name is filled in: its fields cannot end the part they stand in. */
const escaped = (world: TemplateWorld): TemplateWorld => ({
  ...world,
  fields: Object.fromEntries(Object.entries(world.fields).map(([name, value]) => [name, escapeDn(value)])),
})

/** A value as part of a distinguished name (RFC 4514 section 2.4). */
export const escapeDn = (value: string): string =>
  value
    .replaceAll(/[\\"+,;<>=]/g, "\\$&")
    .replaceAll("\0", "\\00")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, "\\ ")

function attributesOf(lines: readonly Line[]): (world: TemplateWorld) => Filled[] {
  if (lines.length === 0) throw invalid("an entry that is added needs attributes")
  const byType = Map.groupBy(lines, ({ name }) => name)
  return world => [...byType].map(([type, all]) => ({ type, values: all.map(line => line.value(world)) }))
}

function changesOf(lines: readonly string[], fields: readonly string[]) {
  const changes: { operation: Op; type: string; lines: Line[] }[] = []
  let open: { operation: Op; type: string; lines: Line[] } | undefined
  for (const text of lines) {
    if (text.trim() === "-") {
      open = undefined
      continue
    }
    const line = lineOf(text, fields)
    if (open === undefined) {
      open = { operation: operationOf(line.name), type: line.text, lines: [] }
      if (!/^[A-Za-z][A-Za-z0-9.;-]*$/.test(open.type)) throw invalid(`${JSON.stringify(open.type)} is no attribute`)
      changes.push(open)
    } else if (line.name.toLowerCase() === open.type.toLowerCase()) open.lines.push(line)
    else throw invalid(`${line.name} stands in the change of ${open.type}; changes are separated by a line of "-"`)
  }
  if (changes.length === 0) throw invalid("an entry that is modified needs changes")
  return (world: TemplateWorld) =>
    changes.map(({ operation, type, lines: all }) => ({ operation, type, values: all.map(line => line.value(world)) }))
}

function operationOf(name: string): Op {
  const operation = name.toLowerCase()
  if (operation === "add" || operation === "delete" || operation === "replace") return operation
  throw invalid(`${JSON.stringify(name)} is no change; there are add, delete, replace`)
}
