/** What comes up in the index of time. */

import { layout } from "./layout.ts"

const KINDS = { t: "token", l: "lease", f: "failures" } as const

export interface Due {
  /** The whole key of its entry. */
  readonly key: string
  readonly namespace: string
  readonly kind: (typeof KINDS)[keyof typeof KINDS]
  readonly id: string
}

/** An entry of the index by its name below `expiry/`; undefined when it is none. */
export function dueOf(name: string): Due | undefined {
  const found = /^[\d.]+\/([^/]+)\/([tlf])\/(.+)$/s.exec(name)
  if (found === null) return undefined
  const [, namespace = "", kind, id = ""] = found
  return { key: layout.expiry + name, namespace, kind: KINDS[kind as keyof typeof KINDS], id }
}

/** Seconds since 1970 at which an entry came due. */
export const timeOf = ({ key }: Due): number => Number(key.slice(layout.expiry.length).split("/", 1)[0])

/** What shares an outside: the leases below one first name of a path. */
export const groupOf = ({ namespace, kind, id }: Due): string =>
  `${namespace}/${kind === "lease" ? id.split("/", 1)[0] : ""}`
