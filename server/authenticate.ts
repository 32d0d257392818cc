/** Who asks. An invalid token is not an exception: it is a caller without rights, who is refused and audited like others. */

import { isWithinCidrs } from "@arca/auth/cidr"
import { type Acl, compileAcl } from "@arca/policy"
import { Conflict, type Maybe, type View } from "@arca/storage"
import { type Identity, identityOf } from "./identity.ts"
import { isWithin, type Namespace, namespaceTable, ROOT } from "./namespaces.ts"
import { policyName, type Rights, rightsBy } from "./policies.ts"
import type { Request, Server } from "./server.ts"
import { findToken, isLive, parentOf, readToken, type TokenEntry, writeToken } from "./tokens.ts"

export interface Caller {
  readonly token: TokenEntry | undefined
  /** The namespace of the token: its policies are written from there. */
  readonly home: Namespace
  readonly identity: Identity | undefined
  readonly tokenPolicies: readonly string[]
  readonly identityPolicies: readonly string[]
  readonly acl: Acl
}

/** A caller without any rights. */
export const NOBODY: Caller = {
  token: undefined,
  home: ROOT,
  identity: undefined,
  tokenPolicies: [],
  identityPolicies: [],
  acl: compileAcl([], undefined, 0),
}

/**
 * The caller behind a token. Without one, or with one that is not good here and now, nobody: no rights at all.
 * `spent` is the id of a token whose last use this very request has taken.
 */
export function authenticate(
  server: Server,
  view: View,
  request: Request,
  namespace: Namespace,
  spent: string | undefined,
): Maybe<Caller> {
  if (request.token === "") return NOBODY
  const bearer = view.derived(bearerOf, request.token)
  return bearer instanceof Promise
    ? bearer.then(found => callerNow(server, found, request, namespace, spent))
    : callerNow(server, bearer, request, namespace, spent)
}

function callerNow(
  server: Server,
  bearer: Bearer | undefined,
  request: Request,
  namespace: Namespace,
  spent: string | undefined,
): Caller {
  if (bearer === undefined) return NOBODY
  const { token, parent, home } = bearer
  const now = server.now()
  if (!(isLive(token, now) || token.id === spent)) return NOBODY
  if (!isWithinCidrs(token.boundCidrs, request.remoteAddress)) return NOBODY
  if (parent !== undefined && !isLive(parent, now)) return NOBODY
  if (!isWithin(namespace, home)) return NOBODY
  return callerWith(server, token, home, bearer.rights)
}

/** What the store knows of a presented token. Whether it is good now and here is asked anew by each request. */
interface Bearer {
  readonly token: TokenEntry
  /** Of a batch token, which lives as long as its parent does. */
  readonly parent: TokenEntry | undefined
  readonly home: Namespace
  readonly rights: Rights | undefined
}

async function bearerOf(view: View, text: string): Promise<Bearer | undefined> {
  const token = await findToken(view, text)
  const home = token && (await namespaceTable(view)).byId.get(token.namespace)
  if (token === undefined || home === undefined || home.deleting) return undefined
  const rights = await rightsOf(view, token, home)
  const above = token.type === "batch" ? parentOf(token) : undefined
  if (above === undefined) return { token, parent: undefined, home, rights }
  const parent = await readToken(view, above.namespace, above.id)
  return parent && { token, parent, home, rights }
}

/** The caller that a token entry makes, without asking whether it is still good: for `capabilities` and `explain`. */
export async function callerOf(server: Server, view: View, token: TokenEntry, home: Namespace): Promise<Caller> {
  return callerWith(server, token, home, await rightsOf(view, token, home))
}

const NO_POLICIES: readonly string[] = []

function callerWith(server: Server, token: TokenEntry, home: Namespace, rights: Rights | undefined): Caller {
  if (rights === undefined) return NOBODY
  const { identity } = rights
  const identityPolicies = identity === undefined ? NO_POLICIES : policiesOf(identity)
  const acl = server.acl(rights, server.now())
  return { token, home, identity, tokenPolicies: token.policies, identityPolicies, acl }
}

/** What a token may do by its policies and its entity's; undefined when the entity is gone or disabled. */
async function rightsOf(view: View, token: TokenEntry, home: Namespace): Promise<Rights | undefined> {
  const identity = token.entityId === "" ? undefined : await identityOf(view, home.id, token.entityId)
  if (token.entityId !== "" && (identity === undefined || identity.entity.disabled)) return undefined
  const names = [...new Set([...token.policies, ...(identity === undefined ? [] : policiesOf(identity))])]
  return rightsBy(view, home.id, names, identity)
}

/** Policies that come from the entity and its groups. `root` never comes that way. */
export function policiesOf({ entity, groups }: Identity): string[] {
  const names = [...entity.policies, ...groups.flatMap(group => group.policies)].map(policyName)
  return [...new Set(names)].filter(name => name !== "root")
}

/**
 * Takes one use from a token that has a limited number of them, durably and before anything else is done: of any number of
 * requests at once, on any number of nodes, just as many succeed as there were uses. Returns the token as it was before, or
 * undefined when no use was left.
 */
export async function spend(server: Server, token: TokenEntry): Promise<TokenEntry | undefined> {
  for (;;) {
    using view = server.storage.view()
    const current = await readToken(view, token.namespace, token.id)
    if (current === undefined || current.numUses < 0) return undefined
    if (current.numUses === 0) return current
    const left = current.numUses === 1 ? -1 : current.numUses - 1
    await writeToken(view, { ...current, numUses: left }, current)
    try {
      await server.storage.commit(view)
      return current
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}
