/** HCL written anew in the one form that hashicorp/hcl v1's printer gives it: two spaces, aligned `=`, comments kept. */

import type { Position } from "./error.ts"
import { parseHcl } from "./parser.ts"
import type { CommentGroup, HclFile, HclItem, HclList, HclLiteral, HclObject, HclValue } from "./tree.ts"

/**
 * Formats an HCL text: what `policy fmt` writes. JSON is returned as it is. Throws `HclError` when the text is neither.
 */
export function formatHcl(text: string): string {
  const file = parseHcl(text)
  if (file.json) return text
  const printing = { comments: standalone(file), next: 0, last: -1 }
  return `${printFile(printing, file).replace(/[^\n]*\0/g, "")}\n`
}

interface Printing {
  /** Comments that belong to no item, in order. */
  readonly comments: readonly CommentGroup[]
  /** The first of them that has not been printed. */
  next: number
  /** Where the item or closing brace that was printed last stands. */
  last: number
}

function standalone(file: HclFile): CommentGroup[] {
  const owned = new Set<CommentGroup>()
  collectOwned(file, owned)
  return file.comments.filter(group => !owned.has(group))
}

function collectOwned(value: HclValue, owned: Set<CommentGroup>): void {
  if (value.kind === "object") {
    for (const item of value.items) {
      own(item, owned)
      collectOwned(item.value, owned)
    }
  } else if (value.kind === "list") for (const element of value.elements) collectOwned(element, owned)
  else own(value, owned)
}

function own({ lead, trailing }: HclItem | HclLiteral, owned: Set<CommentGroup>): void {
  if (lead) owned.add(lead)
  if (trailing) owned.add(trailing)
}

/** The unattached comments that begin before an offset, and have not been printed yet. */
function takeBefore(printing: Printing, offset: number): CommentGroup[] {
  const from = printing.next
  while ((printing.comments[printing.next]?.positions[0]?.offset ?? Number.POSITIVE_INFINITY) < offset)
    printing.next += 1
  return printing.comments.slice(from, printing.next)
}

function printFile(printing: Printing, { items }: HclFile): string {
  let text = ""
  for (const [index, item] of items.entries()) {
    for (const group of takeBefore(printing, item.position.offset)) text += `${lines(group)}\n`
    printing.last = item.position.offset
    text += printItem(printing, item)
    const following = items[index + 1]
    if (following !== undefined) text += staysTogether(item, following) ? "\n" : "\n\n"
  }
  for (const group of takeBefore(printing, Number.POSITIVE_INFINITY))
    text += (items.length > 0 ? "\n\n" : "") + lines(group)
  return text
}

const lines = ({ texts }: CommentGroup): string => texts.map(text => `${text}\n`).join("")

/** Only empty blocks on neighbouring lines have no blank line between them. */
const staysTogether = (item: HclItem, following: HclItem): boolean =>
  following.position.line === item.position.line + 1 && isEmptyBlock(item) && isEmptyBlock(following)

const isEmptyBlock = ({ lead, assigned, value }: HclItem): boolean =>
  lead === undefined && !assigned && value.kind === "object" && value.items.length === 0

const isBeside = ({ value, position }: HclItem): boolean => value.position.line === position.line

function printItem(printing: Printing, item: HclItem): string {
  const names = item.keys.map(key => `${key.text} `).join("")
  const sign = item.assigned && item.keys.length === 1 ? "= " : ""
  const behind = item.trailing && isBeside(item) ? ` ${item.trailing.texts.join("")}` : ""
  return above(item) + names + sign + printValue(printing, item.value) + behind
}

/** The comments that go over an item: a trailing one too, if it stood between key and value. */
function above(item: HclItem): string {
  const lead = item.lead ? lines(item.lead) : ""
  return item.trailing && !isBeside(item) ? lead + lines(item.trailing) : lead
}

function printValue(printing: Printing, value: HclValue): string {
  if (value.kind === "object") return printObject(printing, value)
  return value.kind === "list" ? printList(printing, value) : printLiteral(value)
}

function printLiteral(literal: HclLiteral): string {
  if (literal.kind !== "string") return literal.text
  return pinned(literal.heredoc ? literal.text.replace(/\n$/, "") : literal.text)
}

function printObject(printing: Printing, { items, end }: HclObject): string {
  let text = ""
  let commented = false
  let index = 0
  for (;;) {
    const following = items[index]
    for (const group of takeBefore(printing, (following?.position ?? end).offset)) {
      commented ||= index > 0
      text += printInside(group, index > 0, following?.position)
    }
    if (following === undefined) break
    const run = alignedRun(printing, items, index)
    const aligned = run.length > 0
    if (!commented && index > 0) text += "\n"
    printing.last = (run[run.length - 1] ?? following).position.offset
    text += indent(aligned ? printAligned(printing, run) : printItem(printing, following))
    text += "\n"
    index += aligned ? run.length : 1
  }
  printing.last = end.offset
  return text === "" ? "{}" : `{\n${text}}`
}

/** Comments of their own between the items of a block, with a blank line before and, unless they hug it, after them. */
function printInside({ texts, positions }: CommentGroup, between: boolean, following: Position | undefined): string {
  const text = texts.map(one => `${between ? "\n" : ""}${indent(pinned(one))}`).join(between ? "" : "\n")
  const last = positions[positions.length - 1]?.line ?? 0
  return following !== undefined && following.line !== last + 1 ? `${text}\n\n` : `${text}\n`
}

/** The items from `start` on that stand on neighbouring lines and are short enough to have their `=` aligned. */
function alignedRun(printing: Printing, items: readonly HclItem[], start: number): HclItem[] {
  const run: HclItem[] = []
  if (items.length === 1) return run
  for (let index = start; index < items.length; index++) {
    const item = items[index]
    if (item === undefined || isLong(printing, item)) break
    const { line } = item.position
    const joinsNext = items[index + 1]?.position.line === line + 1
    if (!joinsNext && items[index - 1]?.position.line !== line - 1) break
    run.push(item)
    if (!joinsNext) break
  }
  return run
}

/** Whether an item takes more than two lines; told without printing blocks, which would take time exponential in their depth. */
function isLong(printing: Printing, item: HclItem): boolean {
  const { value } = item
  if (value.kind === "object" && (value.items.length > 0 || hasComment(printing, value))) return true
  if (value.kind === "list" && !isOneLine(value)) return true
  return printItem(printing, item).split("\n").length > 2
}

// From the last printed item on, not from the opening brace: hashicorp/hcl counts it so.
function hasComment({ comments, next, last }: Printing, { end }: HclObject): boolean {
  const offsetOf = (index: number) => comments[index]?.positions[0]?.offset ?? Number.POSITIVE_INFINITY
  let index = next
  while (index > 0 && offsetOf(index - 1) > last) index -= 1
  return offsetOf(index) < end.offset
}

function printAligned(printing: Printing, items: readonly HclItem[]): string {
  const printed = items.map(item => ({ item, value: printValue(printing, item.value) }))
  const keyWidth = widest(items.map(item => item.keys[0]?.text ?? ""))
  const valueWidth = widest(printed.map(one => one.value))
  const rows = printed.map(({ item, value }) => {
    const names = item.keys.map(key => pad(key.text, keyWidth + 1)).join("")
    const sign = item.keys.length === 1 ? "= " : ""
    const behind = item.trailing && isBeside(item) ? item.trailing.texts.join("") : undefined
    return above(item) + names + sign + (behind === undefined ? value : pad(value, valueWidth + 1) + behind)
  })
  return rows.join("\n")
}

function printList(printing: Printing, list: HclList): string {
  if (isOneLine(list)) {
    const elements = list.elements.map(one => printValue(printing, one) + (isHeredoc(one) ? "\n" : ""))
    return `[${elements.join(", ")}]`
  }
  const longest = widest(list.elements.map(one => (isLiteral(one) ? one.text : "")))
  let text = "[\n"
  let spaced = false
  for (const [index, element] of list.elements.entries()) {
    const lead = isLiteral(element) ? element.lead : undefined
    if (lead !== undefined && !spaced && index > 0) text += "\n"
    if (lead !== undefined) text += indent(lines(lead))
    text += printElement(printing, element, longest)
    spaced = lead !== undefined && index < list.elements.length - 1
    if (spaced) text += "\n"
  }
  return `${text}]`
}

function printElement(printing: Printing, element: HclValue, longest: number): string {
  const value = printValue(printing, element)
  const comma = isHeredoc(element) ? `\n${indent(",")}` : ","
  const trailing = isLiteral(element) ? element.trailing : undefined
  const behind =
    trailing === undefined ? "" : ` ${" ".repeat(Math.max(0, longest - width(value)))}${trailing.texts.join("")}`
  return `${indent(value)}${comma}${behind}\n`
}

const isLiteral = (value: HclValue): value is HclLiteral => value.kind !== "object" && value.kind !== "list"

const isHeredoc = (value: HclValue): boolean => value.kind === "string" && value.heredoc

const isOneLine = ({ elements, position }: HclList): boolean =>
  elements.every(
    element =>
      isLiteral(element) &&
      element.position.line === position.line &&
      element.trailing === undefined &&
      (!isHeredoc(element) || elements.length === 1),
  )

/**
 * Marks a line that must stay where it is: the inside of a heredoc or a string. A null character, since no text can hold
 * one; what stands before it in its line is taken away at the end.
 */
const RAW = "\0"

const pinned = (text: string): string => text.replace(/\n(?=[^\n])/g, `\n${RAW}`)

const indent = (text: string): string =>
  text
    .split("\n")
    .map(line => (line === "" ? line : `  ${line}`))
    .join("\n")

const encoder = new TextEncoder()

/** Columns as hashicorp/hcl counts them: bytes. */
const width = (text: string): number => encoder.encode(text).length

// Not Math.max(...): a call takes only so many arguments, a list any number of elements.
const widest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, width(text)), 0)

const pad = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - width(text)))
