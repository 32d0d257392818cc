/**
 * Every route of every engine and auth method, with every verb it answers, against every capability: exactly the declared
 * one suffices. Rows come from the declarations; a new engine is here with its first route. The handlers are replaced by ones
 * that only note that they were reached, so that nothing stands between a request and its authorisation but the pipeline.
 */

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { before, test } from "node:test"
import { type Field, holdsFor, type Operation, parametersOf, type Route, type Verb } from "@arca/api"
import type { MountEntry } from "../../server/mounts.ts"
import { mountTable } from "../../server/mounts.ts"
import { ROOT } from "../../server/namespaces.ts"
import { serve } from "../../server/pipeline.ts"
import { uuid } from "../../server/random.ts"
import { registryOf } from "../../server/registry.ts"
import type { AnyEngine, Server } from "../../server/server.ts"
import { bootRoutes } from "../../server/sys/boot.ts"
import { testServer } from "../../server/testing.ts"
import { mountEverything } from "../../tools/specification.ts"

type AnyRoute = AnyEngine["routes"][number]

const CAPABILITIES = ["create", "update", "read", "delete", "list", "scan", "patch"] as const
type Capability = (typeof CAPABILITIES)[number]

/** One path, one verb, and for writes whether what they name is there. */
interface Row {
  readonly route: AnyRoute
  readonly path: string
  readonly verb: Verb
  readonly there: boolean
  readonly needs: Capability
  readonly sudo: boolean
  readonly open: boolean
}

const state = { there: false, reached: 0 }

const optional = (one: Field<unknown>): Field<unknown> => ({ ...one, options: { ...one.options, required: false } })

/** The same declarations; their handlers only count. */
function hollow<C>(route: Route<C>): Route<C> {
  const reach = () => {
    state.reached += 1
    return { data: { keys: ["reached"] } }
  }
  return {
    ...route,
    fields: Object.fromEntries(Object.entries(route.fields).map(([name, one]) => [name, optional(one)])),
    handlers: new Map([...route.handlers.keys()].map(verb => [verb, reach])),
    exists: route.exists === undefined ? undefined : async () => state.there,
  }
}

const hollowEngine = (engine: AnyEngine): AnyEngine => ({
  ...engine,
  routes: engine.routes.map(hollow),
  ...(engine.versions === undefined
    ? {}
    : { versions: Object.fromEntries(Object.entries(engine.versions).map(([name, all]) => [name, all.map(hollow)])) }),
})

/** Values that path parameters may have; where a parameter is one of some words, these. */
const WORDS = ["m", "1", "auth", "secret", "m/n"]

function wordsFor({ fields }: AnyRoute, parameter: string): string[] {
  const { pattern = "", choices = [] } = fields[parameter]?.options ?? {}
  return [...pattern.split("|").filter(word => /^\w+$/.test(word)), ...choices.map(String), ...WORDS]
}

/** Every way to fill in a path's parameters. */
function filled(route: AnyRoute, spelling: string): string[] {
  const [parameter, ...more] = parametersOf(spelling)
  if (parameter === undefined) return [spelling]
  const words = more.length > 0 ? wordsFor(route, parameter) : [...wordsFor(route, parameter), ""]
  return words.flatMap(word => filled(route, spelling.replace(new RegExp(`[:*]${parameter}`), word)))
}

/** A path that leads to the route, and not to one before it. */
function concrete(server: Server, entry: MountEntry, route: AnyRoute, spelling: string): string {
  const find = server.registry.routes(entry)
  const path = filled(route, spelling).find(one => find?.(one)?.route === route)
  if (path !== undefined) return entry.path + path
  throw new Error(`no request reaches ${entry.path}${spelling}: another route comes before it`)
}

function rowsOf(server: Server, entry: MountEntry): Row[] {
  return server.registry.table(entry).flatMap(route =>
    route.paths.flatMap(spelling => {
      const path = concrete(server, entry, route, spelling)
      return [...route.handlers.keys()].flatMap((verb): Row[] => {
        const common = { route, path, verb, sudo: holdsFor(route.sudo, verb), open: holdsFor(route.open, verb) }
        if (verb !== "write") return [{ ...common, there: true, needs: verb }]
        const update: Row = { ...common, there: true, needs: "update" }
        return route.exists === undefined ? [update] : [update, { ...common, there: false, needs: "create" }]
      })
    }),
  )
}

const operationOf = (verb: Verb): Operation => (verb === "write" ? "update" : verb)

let server: Server
let rows: Row[] = []
const tokens = new Map<string, string>()

before(async () => {
  const vault = await testServer()
  await mountEverything(vault)
  const sets = CAPABILITIES.flatMap(one => {
    const others = CAPABILITIES.filter(other => other !== one)
    return [[one], [one, "sudo"], [...others, "sudo"]]
  })
  for (const set of [...sets, ["sudo"], []]) {
    const name = set.join("-") || "nothing"
    await vault.policy(name, set.length === 0 ? "" : `path "*" { capabilities = ${JSON.stringify(set)} }`)
    tokens.set(name, await vault.token([name], { no_default_policy: true }))
  }
  server = { ...vault.server, registry: registryOf(vault.server.registry.engines.map(hollowEngine)) }
  using view = vault.storage.view()
  const { all } = await mountTable(view, ROOT)
  rows = all.flatMap(entry => rowsOf(server, entry))
})

/** Whether a request with these capabilities reaches the handler. Anything but that, or a clean denial, is a failure. */
async function isAllowed(row: Row, token: string, by: Server = server): Promise<boolean> {
  state.there = row.there
  state.reached = 0
  const listing = row.verb === "list" || row.verb === "scan"
  const { status } = await serve(by, {
    id: uuid(randomBytes),
    operation: operationOf(row.verb),
    path: listing ? `${row.path.replace(/\/$/, "")}/` : row.path,
    namespace: "",
    token,
    body: {},
    wrapTtl: undefined,
    wrapFormat: "",
    headers: new Map(),
    remoteAddress: "127.0.0.1",
    remotePort: 40000,
    certificate: undefined,
  })
  const allowed = state.reached > 0
  if (!allowed) assert.equal(status, 403, `${row.verb} ${row.path} answers ${status} instead of a denial`)
  return allowed
}

const titled = (row: Row): string => `${row.needs}${row.sudo ? "+sudo" : ""} ${row.path}`

/** Runs a claim on each row and names all rows that break it. */
async function holds(claim: (row: Row) => Promise<boolean>, of: readonly Row[]): Promise<void> {
  assert.ok(of.length > 0)
  const broken: string[] = []
  for (const row of of) if (!(await claim(row))) broken.push(titled(row))
  assert.deepEqual(broken, [])
}

const closed = () => rows.filter(row => !row.open)

test("every route of every engine has its rows", t => {
  const routes = new Set(rows.map(row => row.route))
  const declared = server.registry.engines.flatMap(one => [...one.routes, ...Object.values(one.versions ?? {}).flat()])
  assert.deepEqual(
    declared.filter(route => !routes.has(route as AnyRoute)).map(route => route.paths),
    [],
  )
  t.diagnostic(
    `${rows.length} rows of ${routes.size} routes of ${server.registry.engines.length} engines and auth methods, ` +
      `${rows.length - closed().length} of them open`,
  )
})

test("the declared capability suffices, with sudo where it is declared", () =>
  holds(row => isAllowed(row, tokens.get(row.sudo ? `${row.needs}-sudo` : row.needs) ?? ""), closed()))

test("all other capabilities together do not", () =>
  holds(
    async row =>
      !(await isAllowed(row, tokens.get([...CAPABILITIES.filter(one => one !== row.needs), "sudo"].join("-")) ?? "")),
    closed(),
  ))

test("none of the other capabilities does by itself", () =>
  holds(async row => {
    for (const other of CAPABILITIES) {
      if (other !== row.needs && (await isAllowed(row, tokens.get(other) ?? ""))) return false
    }
    return true
  }, closed()))

test("the declared capability does not suffice without sudo where sudo is declared, nor sudo alone anywhere", async () => {
  await holds(
    async row => !(await isAllowed(row, tokens.get(row.needs) ?? "")),
    closed().filter(row => row.sudo),
  )
  await holds(async row => !(await isAllowed(row, tokens.get("sudo") ?? "")), closed())
})

test("without capabilities, with an unknown token and without a token nothing is reached", async () => {
  for (const token of [tokens.get("nothing") ?? "", "hvs.unknown", ""]) {
    await holds(async row => !(await isAllowed(row, token)), closed())
  }
})

test("what is open asks for no token", () =>
  holds(
    row => isAllowed(row, ""),
    rows.filter(row => row.open),
  ))

test("what an operator may open is open then, and only then", async () => {
  const optional = rows.filter(row => row.route.openWhen !== undefined)
  const names = new Set(optional.map(row => row.route.openWhen ?? ""))
  const opened: Server = { ...server, unauthenticated: names }
  await holds(row => isAllowed(row, "", opened), optional)
  await holds(async row => !(await isAllowed(row, "")), optional)
})

test("what is answered while sealed is open", () => {
  assert.ok(bootRoutes.length > 0)
  assert.ok(bootRoutes.every(route => [...route.handlers.keys()].every(verb => holdsFor(route.open, verb))))
})
