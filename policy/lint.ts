/** Rules that are legal and cannot be meant: a path that nothing answers, KV version 2 without `data/`. */

import { nearest } from "@arca/hcl"
import { BIT, type PathRule, type PolicyDocument } from "./document.ts"
import { canMeet, type Pattern, parsePattern } from "./pattern.ts"

export interface KnownMount {
  /** With closing slash: `secret/`, `auth/approle/`, `sys/`. */
  readonly path: string
  readonly type: string
  /** 2 for a KV mount that keeps versions. */
  readonly version?: number
}

/** Warnings about a policy, given what is mounted: sentences with the line. */
export function lint(document: PolicyDocument, mounts: readonly KnownMount[]): string[] {
  return document.rules.flatMap(rule => {
    const warning = aboutMount(rule, mounts)
    return warning === undefined ? [] : [`path "${rule.path}" in line ${rule.line}: ${warning}`]
  })
}

/** The pattern of a rule, a segment with a template being any segment. */
const patternOf = ({ path, pattern }: PathRule): Pattern =>
  pattern ?? parsePattern(path.replace(/[^/]*\{\{.*?\}\}[^/*]*/g, "+").replace(/\+\*$/, "+/*"))

function aboutMount(rule: PathRule, mounts: readonly KnownMount[]): string | undefined {
  const pattern = patternOf(rule)
  const met = mounts.filter(mount => canMeet(pattern, mount.path))
  if (met.length === 0) return nowhere(pattern, mounts)
  const inside = met.filter(mount => pattern.head.startsWith(mount.path))
  const mount = inside.reduce<KnownMount | undefined>(
    (a, b) => (a && a.path.length >= b.path.length ? a : b),
    undefined,
  )
  return mount?.type === "kv" && mount.version === 2 ? aboutKv(rule, pattern, mount.path) : undefined
}

function nowhere({ head }: Pattern, mounts: readonly KnownMount[]): string {
  const depth = head.startsWith("auth/") ? 2 : 1
  const start = `${head.split("/").slice(0, depth).join("/")}/`
  const near = nearest(
    start,
    mounts.map(mount => mount.path),
  )
  return `nothing is mounted there${near ? `, did you mean "${near}"?` : ""}`
}

/** What the API of KV version 2 puts between mount and secret. */
const KV_PREFIXES = ["data", "metadata", "delete", "undelete", "destroy", "subkeys", "config"]

function aboutKv({ mask }: PathRule, { head, glob }: Pattern, mount: string): string | undefined {
  const rest = head.slice(mount.length)
  const [first = "", ...more] = rest.split("/")
  const known = KV_PREFIXES.some(prefix => (glob && more.length === 0 ? prefix.startsWith(first) : prefix === first))
  if (first !== "+" && !known) {
    const star = glob ? "*" : ""
    return (
      `"${mount}" is a KV version 2 mount, whose secrets are at "${mount}data/${rest}${star}" ` +
      `and whose keys are listed at "${mount}metadata/${rest}${star}"`
    )
  }
  const listsData = first === "data" && (mask & (BIT.list | BIT.scan)) !== 0 && (mask & ~(BIT.list | BIT.scan)) === 0
  return listsData ? `keys of a KV version 2 mount are listed at "${mount}metadata/…", not at data/` : undefined
}
