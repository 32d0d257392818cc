/** Which engines there are, with their routes compiled. */

import { type JsonObject, type LeaseKind, type Match, matcher, type Route } from "@arca/api"
import type { MountEntry } from "./mounts.ts"
import type { AnyEngine, ServerContext } from "./server.ts"

export type Find = (path: string) => Match<ServerContext> | undefined

interface Compiled {
  readonly engine: AnyEngine
  readonly find: Find
  readonly versions: ReadonlyMap<string, Find>
}

export interface Registry {
  readonly engines: readonly AnyEngine[]
  /** By kind and type; aliases included. */
  engine(kind: "secret" | "auth", type: string): AnyEngine | undefined
  /** The routes that answer on a mount; undefined when its engine is not part of this build. */
  routes(entry: Pick<MountEntry, "kind" | "type" | "options">): Find | undefined
  /** A kind of lease of a mount's engine. What it is given at renewal and revocation is what its engine prepared it with. */
  lease(entry: Pick<MountEntry, "kind" | "type">, name: string): LeaseKind<JsonObject> | undefined
  /** The routes of a mount as declared, for documentation. */
  table(entry: Pick<MountEntry, "kind" | "type" | "options">): readonly Route<ServerContext>[]
}

export function registryOf(engines: readonly AnyEngine[]): Registry {
  const compiled = new Map<string, Compiled>()
  for (const engine of engines) {
    const versions = new Map(
      Object.entries(engine.versions ?? {}).map(([version, routes]) => [version, matcher(routes)]),
    )
    const one = { engine, find: matcher(engine.routes), versions }
    for (const type of [engine.type, ...Object.keys(engine.aliases ?? {})]) compiled.set(`${engine.kind}/${type}`, one)
  }
  const of = (kind: string, type: string) => compiled.get(`${kind}/${type}`)
  return {
    engines,
    engine: (kind, type) => of(kind, type)?.engine,
    routes: ({ kind, type, options }) => {
      const one = of(kind, type)
      return one?.versions.get(options?.version ?? "") ?? one?.find
    },
    lease: ({ kind, type }, name) =>
      of(kind, type)?.engine.leases?.find(one => one.name === name) as LeaseKind<JsonObject> | undefined,
    table: ({ kind, type, options }) => {
      const engine = of(kind, type)?.engine
      return engine?.versions?.[options?.version ?? ""] ?? engine?.routes ?? []
    },
  }
}
