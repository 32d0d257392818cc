/** Follows one chain record by record, each judged with the one after it in view. */

import type { KeyObject } from "node:crypto"
import { checkpointLeaf, type EventRecord, type Link } from "./chain.ts"
import { type CheckpointText, logOf, openCheckpoint } from "./checkpoint.ts"
import { base64, type Frontier, grow, rootOf } from "./frontier.ts"

export type FindingKind =
  | "altered"
  | "removed"
  | "reordered"
  | "duplicated"
  | "inserted"
  | "forked"
  | "truncated"
  | "unsigned"

export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

export interface Finding extends Place {
  readonly kind: FindingKind
  /** The record in question: its number in its chain. */
  readonly record: number
  readonly log: string
  readonly message: string
}

/** Where someone else saw the chain. */
export interface Witness {
  readonly origin: string
  readonly size: number
  /** Leaf hash of the last record, base64. */
  readonly prev?: string | undefined
  /** The tree's root, base64. */
  readonly root?: string | undefined
}

export interface Item {
  readonly link: Link
  readonly place: Place
  /** A line before this one, and after the record before it, that is no record. */
  readonly broken: Place | undefined
}

export interface Walk {
  readonly log: string
  origin: string | undefined
  /** The number that the next record must have; undefined before the first. */
  size: number | undefined
  prev: string
  /** Unknown until an event states it, when the beginning of the chain is not there. */
  tree: Frontier | undefined
  /** The next record to be judged. */
  held: Item | undefined
  /** The last record accepted. */
  last: Item | undefined
  /** Whether that was a checkpoint, which vouches for itself. */
  vouched: boolean
  first: number
  firstTime: string
  signed: number
  lost: number
  finding: Finding | undefined
}

export interface Rules {
  readonly publicKey: KeyObject
  readonly from: number | undefined
  readonly witness: readonly Witness[]
}

export const newWalk = (log: string): Walk => ({
  log,
  origin: undefined,
  size: undefined,
  prev: "",
  tree: undefined,
  held: undefined,
  last: undefined,
  vouched: false,
  first: 0,
  firstTime: "",
  signed: 0,
  lost: 0,
  finding: undefined,
})

/** Judges the record held, now that the one after it (if any) is known, and holds that one. */
export function step(walk: Walk, next: Item | undefined, rules: Rules): void {
  const item = walk.held
  walk.held = next
  if (item === undefined || walk.finding !== undefined) return
  walk.finding =
    walk.size === undefined ? judgeFirst(walk, item, next, rules) : judge(walk, item, next, walk.size, rules)
  if (walk.finding === undefined) accept(walk, item, rules)
}

type Verdict = Finding | undefined

function found(walk: Walk, kind: FindingKind, record: number, place: Place, message: string): Finding {
  return { ...place, kind, record, log: walk.log, message }
}

/** A chain begins with the start of a writer, unless the caller has the records before it elsewhere. */
function judgeFirst(walk: Walk, item: Item, next: Item | undefined, rules: Rules): Verdict {
  const { link, place, broken } = item
  const { from } = rules
  const starts = opens(link.event) && (link.seq > 0 || link.prev === "")
  if (starts && (from === undefined || link.seq <= from)) return undefined
  if (!starts && from !== undefined && link.seq <= from && intact(item, next)) return undefined
  if (broken !== undefined && link.seq > 0) return alteredLine(walk, link.seq - 1, broken)
  if (next !== undefined && next.link.seq <= link.seq) {
    const record = opens(next.link.event) ? next.link.seq : next.link.seq - 1
    return found(walk, "reordered", record, place, `record ${link.seq} stands where record ${record} belongs`)
  }
  const genuine = intact(item, next) || signedBy(link, rules) !== undefined
  if (!starts && !genuine) return altered(walk, next === undefined ? link.seq : next.link.seq - 1, place)
  const record = from ?? Math.max(0, link.seq - 1)
  return found(walk, "removed", record, place, `record ${record} is missing: the first one found is ${link.seq}`)
}

function judge(walk: Walk, item: Item, next: Item | undefined, expected: number, rules: Rules): Verdict {
  const { link, place, broken } = item
  if (link.seq === expected && link.prev === walk.prev) return undefined
  if (link.seq === expected) return judgeBreak(walk, item, next, expected, rules)
  if (declaresGap(link.event, expected, link.seq)) return undefined
  if (link.prev === walk.prev) return altered(walk, expected, place)
  if (link.event?.kind === "start" && link.seq < expected) {
    const message = `a second history begins at record ${link.seq}, while ${expected} records were there already`
    return found(walk, "forked", link.seq, place, message)
  }
  const instead = `record ${link.seq} stands where record ${expected} belongs`
  if (link.seq < expected) {
    if (next?.link.seq !== expected) return found(walk, "reordered", expected, place, instead)
    return found(walk, "duplicated", link.seq, place, `record ${link.seq} stands here for a second time`)
  }
  if (broken !== undefined) return alteredLine(walk, expected, broken)
  if (next !== undefined && next.link.seq <= expected + 1 && next.link.seq !== link.seq + 1) {
    return found(walk, "reordered", expected, place, instead)
  }
  const message = `record ${expected} is missing: record ${link.seq} follows record ${expected - 1}`
  return found(walk, "removed", expected, place, message)
}

/** The number is right, the hash of the record before is not: which of the two was changed? */
function judgeBreak(walk: Walk, item: Item, next: Item | undefined, expected: number, rules: Rules): Verdict {
  const { last, tree, vouched } = walk
  if (vouched && intact(item, next)) {
    const message = `record ${expected} continues another history than the one signed before it`
    return found(walk, "forked", expected, item.place, message)
  }
  const signed = signedBy(item.link, rules)
  const before = tree !== undefined && signed?.root === base64(rootOf(tree))
  const changed = last === undefined || vouched || before || (next !== undefined && !intact(item, next))
  return changed ? altered(walk, expected, item.place) : altered(walk, expected - 1, last.place)
}

const altered = (walk: Walk, record: number, place: Place): Finding =>
  found(walk, "altered", record, place, `record ${record} is not as it was written`)

const alteredLine = (walk: Walk, record: number, place: Place): Finding =>
  found(walk, "altered", record, place, `record ${record} can no longer be read as a record`)

/** Whether a record is as it was written, as far as the next one tells. */
const intact = (item: Item, next: Item | undefined): boolean => next?.link.prev === item.link.leaf

/** What a checkpoint's signature says, if it belongs to this chain and place. */
function signedBy({ event, log, seq }: Link, rules: Rules): CheckpointText | undefined {
  if (event?.kind !== "checkpoint" || event.note === undefined) return undefined
  const checkpoint = openCheckpoint(event.note, rules.publicKey)
  return checkpoint !== undefined && logOf(checkpoint.origin) === log && checkpoint.size === seq
    ? checkpoint
    : undefined
}

/** Records that say who writes, and the whole tree before them. */
const opens = (event: EventRecord | undefined): boolean =>
  (event?.kind === "start" || event?.kind === "lost") && event.frontier !== undefined

const declaresGap = (event: EventRecord | undefined, expected: number, seq: number): boolean =>
  event?.kind === "lost" &&
  event.frontier !== undefined &&
  event.from !== undefined &&
  event.from <= expected &&
  expected < seq

function accept(walk: Walk, item: Item, rules: Rules): void {
  const { link, place } = item
  const { event } = link
  if (walk.size === undefined) {
    walk.first = link.seq
    walk.firstTime = link.time
    walk.prev = link.prev
  } else if (link.seq > walk.size) {
    walk.lost += link.seq - walk.size
    walk.tree = undefined
    walk.prev = link.prev
  }
  walk.finding = event === undefined ? undefined : checkEvent(walk, event, link, place, rules)
  if (walk.finding !== undefined) return
  walk.vouched = event?.kind === "checkpoint"
  if (walk.tree !== undefined) grow(walk.tree, link.leaf)
  walk.size = link.seq + 1
  walk.prev = link.leaf
  walk.last = item
  if (walk.vouched) walk.signed = walk.size
  walk.finding = checkWitness(walk, place, rules)
}

function checkEvent(walk: Walk, event: EventRecord, link: Link, place: Place, rules: Rules): Verdict {
  const { frontier } = event
  if (event.kind === "checkpoint") return checkCheckpoint(walk, event, link, place, rules)
  if (event.origin === undefined || logOf(event.origin) !== link.log || frontier === undefined) {
    return altered(walk, link.seq, place)
  }
  walk.origin = event.origin
  if (walk.tree !== undefined && rootOf(walk.tree) !== rootOf(frontier)) {
    return found(
      walk,
      "forked",
      link.seq,
      place,
      `record ${link.seq} states another history than the records before it`,
    )
  }
  walk.tree ??= frontier
  return undefined
}

function checkCheckpoint(walk: Walk, event: EventRecord, link: Link, place: Place, rules: Rules): Verdict {
  const { note = "", frontier } = event
  const checkpoint = signedBy(link, rules)
  if (checkpoint === undefined || frontier === undefined) {
    return found(walk, "altered", link.seq, place, `checkpoint ${link.seq} is not signed by the key given`)
  }
  walk.origin = checkpoint.origin
  const tree = walk.tree ?? frontier
  if (base64(rootOf(tree)) !== checkpoint.root) {
    return found(walk, "forked", link.seq, place, `checkpoint ${link.seq} was signed for other records than these`)
  }
  if (checkpointLeaf(note, checkpoint.time, tree, link.log, link.prev) !== link.leaf)
    return altered(walk, link.seq, place)
  walk.tree = tree
  return undefined
}

function checkWitness(walk: Walk, place: Place, rules: Rules): Verdict {
  for (const { origin, size, prev, root } of rules.witness) {
    if (size !== walk.size || logOf(origin) !== walk.log) continue
    const other =
      (prev !== undefined && prev !== base64(walk.prev)) ||
      (root !== undefined && walk.tree !== undefined && root !== base64(rootOf(walk.tree)))
    if (other) {
      return found(walk, "altered", size - 1, place, `record ${size - 1} is not the one that was witnessed`)
    }
  }
  return undefined
}
