/** Namespaces: each a world of its own mounts, policies, tokens and identities, nested like folders. */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import { type Maybe, orElse, type View } from "@arca/storage"
import { layout } from "./layout.ts"

export interface Namespace {
  /** Five base62 characters, at the end of its tokens and leases; `root` for the root. */
  readonly id: string
  readonly uuid: string
  /** "" for the root, else with a trailing slash: `team/app/`. */
  readonly path: string
  readonly metadata: Readonly<Record<string, string>>
  /** Hash of the key that unlocks the API again; undefined while it is open. */
  readonly locked?: string | undefined
  /** Being deleted: it answers nothing any more. */
  readonly deleting?: boolean | undefined
}

export const ROOT: Namespace = { id: "root", uuid: "00000000-0000-0000-0000-000000000000", path: "", metadata: {} }

export interface NamespaceTable {
  readonly all: readonly Namespace[]
  readonly byId: ReadonlyMap<string, Namespace>
  readonly byPath: ReadonlyMap<string, Namespace>
  /** The store's content is being replaced: nothing is answered meanwhile (`snapshot/stage.ts`). */
  readonly restoring: boolean
}

const ONLY_ROOT = tableOf([ROOT])

function tableOf(all: readonly Namespace[], restoring = false): NamespaceTable {
  return {
    restoring,
    all,
    byId: new Map(all.map(one => [one.id, one])),
    byPath: new Map(all.map(one => [one.path, one])),
  }
}

function decodeTable(value: Uint8Array): NamespaceTable {
  const { namespaces, restoring } = decodeJson(value) as { namespaces?: unknown } as {
    namespaces: Namespace[]
    restoring?: boolean
  }
  return tableOf([ROOT, ...namespaces], restoring)
}

export const namespaceTable = (view: View): Maybe<NamespaceTable> =>
  orElse(view.cached(layout.namespaces, decodeTable), ONLY_ROOT)

export function writeNamespaces(view: View, all: readonly Namespace[]): void {
  const namespaces = all.filter(one => one.id !== ROOT.id)
  view.put(layout.namespaces, encodeJson({ namespaces } as unknown as JsonObject))
}

export interface Located {
  readonly namespace: Namespace
  /** The request's path inside the namespace. */
  readonly path: string
}

/** Where a request goes: the header's namespace, then as many namespaces as its path begins with. Refuses (404) unknown ones. */
export function locate(table: NamespaceTable, header: string, path: string): Located {
  if (table.restoring) throw refuse.unavailable("a snapshot is being restored; try again when that is done")
  const start = header === "" ? "" : `${header.replace(/^\/+|\/+$/g, "")}/`
  const named = start === "/" || start === "root/" ? ROOT : table.byPath.get(start)
  if (named === undefined || named.deleting) throw refuse.unknown("namespace not found")
  if (table.all.length === 1) return { namespace: named, path }
  return descend(table, named, path)
}

function descend(table: NamespaceTable, from: Namespace, path: string): Located {
  let here: Located = { namespace: from, path }
  for (;;) {
    const end = here.path.indexOf("/")
    if (end < 0) return here
    const child = table.byPath.get(here.namespace.path + here.path.slice(0, end + 1))
    if (child === undefined || child.deleting) return here
    here = { namespace: child, path: here.path.slice(end + 1) }
  }
}

/** Whether `inner` is `outer` or lies below it. */
export const isWithin = (inner: Namespace, outer: Namespace): boolean => inner.path.startsWith(outer.path)
