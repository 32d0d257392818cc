/**
 * Bugs to plant into the nodes of a cluster, so that everybody can see the checks find them. Each replaces a piece of a source
 * file when a node loads it; loaded into nodes by `--import`, this file plants the one that `ARCA_PLANT` names.
 */

import { registerHooks } from "node:module"
import { pathToFileURL } from "node:url"
import type { StoreType } from "./stores.ts"

export interface Plant {
  readonly name: string
  readonly store: StoreType
  readonly file: string
  /** What stands there once, and what is put in its place. */
  readonly from: string
  readonly to: string
  /** What the complaint says. */
  readonly found: RegExp
  /** The first of the seeds that are tried: what befalls its cluster brings the bug to light. */
  readonly seed: number
  /** It takes dozens of runs to show: more than there is time for in CI. */
  readonly rare?: boolean
}

/** A promise of what `read` made of the state half a second ago, as a cache does that nobody tells of changes. */
const stale = (read: string, key: string): string =>
  `(async () => { const at = performance.now(); const all = globalThis.planted ??= new Map(); const known = all.get(${key});
    if (known !== undefined && at - known.at < 500) return known.value;
    const value = ${read}; all.set(${key}, { at, value }); return value })()`

/** How an acknowledged commit that is gone shows: in what is read, or in an account that nothing knows of any more. */
const LOST = /no correct server could have answered so|the credential .* was there when/

export const PLANTS: readonly Plant[] = [
  {
    name: "a policy is remembered for half a second",
    store: "postgresql",
    file: "server/policies.ts",
    from: "(await view.cached(key, decodePolicy))",
    to: `(await ${stale("await view.cached(key, decodePolicy)", "key")})`,
    found: /about the right/,
    seed: 5,
  },
  {
    name: "the table of mounts is remembered for half a second",
    store: "etcd",
    file: "server/mounts.ts",
    from: "orElse(view.cached(layout.namespace(namespace.id) + layout.mounts, decodeTable), EMPTY)",
    to: stale(
      "await orElse(view.cached(layout.namespace(namespace.id) + layout.mounts, decodeTable), EMPTY)",
      "namespace.id",
    ),
    found: /about the mount/,
    seed: 5,
  },
  {
    name: "a group is remembered for half a second",
    store: "postgresql",
    file: "server/identity.ts",
    from: "const group = (id: string) => scope.cached(places.group + id, decodeGroup)",
    to: `const group = (id: string) => ${stale("await scope.cached(places.group + id, decodeGroup)", "id")}`,
    found: /about the member/,
    seed: 8,
  },
  {
    name: "the children of a revoked token live on",
    store: "postgresql",
    file: "server/revocation.ts",
    from: "if (children.length === 0) break",
    to: "break",
    found: /about the right/,
    seed: 8,
  },
  {
    name: "PostgreSQL acknowledges commits before they are on disk",
    store: "postgresql",
    file: "storage/postgresql-schema.ts",
    from: "IN ('off', 'local') THEN\n    PERFORM set_config('synchronous_commit', 'on', true)",
    to: "IS NOT NULL THEN\n    PERFORM set_config('synchronous_commit', 'off', true)",
    found: LOST,
    seed: 18,
  },
  {
    name: "one of forty commits is acknowledged and never sent",
    store: "etcd",
    file: "storage/etcd.ts",
    from: "const running = run(transaction)",
    to: "const running = Math.random() < 1 / 40 ? Promise.resolve(newest) : run(transaction)",
    found: LOST,
    seed: 5,
  },
  {
    name: "a commit whose answer was lost is sent as a new one",
    store: "postgresql",
    file: "storage/postgresql.ts",
    from: `this.#writer.query(this.#sql, values, "arca-commit")`,
    to: `this.#writer.query(this.#sql, [randomUUID(), ...values.slice(1)], "arca-commit")`,
    found: /about the secret/,
    seed: 9,
    rare: true,
  },
  {
    name: "whoever revokes a lease that is being revoked is answered at once",
    store: "postgresql",
    file: "server/revocation.ts",
    from: "return followRevocation(server, lease, options)",
    to: "return",
    found: /was there when its revocation had been answered/,
    seed: 1,
  },
]

/** The environment of a node with a bug in it. */
export const planted = ({ name }: Plant): Record<string, string> => ({
  ARCA_PLANT: name,
  NODE_OPTIONS: `--import=${import.meta.filename}`,
})

const chosen = process.env.ARCA_PLANT
if (chosen !== undefined) plant(chosen)

function plant(name: string): void {
  const one = PLANTS.find(candidate => candidate.name === name)
  if (one === undefined) throw new Error(`nobody has written the bug "${name}"`)
  const home = pathToFileURL(`${import.meta.dirname}/../../`).href
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context)
      if (url !== home + one.file) return loaded
      const text = String(loaded.source)
      if (text.split(one.from).length !== 2) throw new Error(`${one.file} does not say once: ${one.from}`)
      return { ...loaded, source: text.replace(one.from, () => one.to) }
    },
  })
}
