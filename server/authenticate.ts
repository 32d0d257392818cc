/** Who asks. An invalid token is not an exception: it is a caller without rights, who is refused and audited like others. */

import { isWithinCidrs } from "@arca/auth/cidr"
import { type Acl, compileAcl } from "@arca/policy"
import { Conflict, type View } from "@arca/storage"
import { type Identity, identityOf } from "./identity.ts"
import { isWithin, type Namespace, namespaceTable, ROOT } from "./namespaces.ts"
import { policyName } from "./policies.ts"
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
export async function authenticate(
  server: Server,
  view: View,
  request: Request,
  namespace: Namespace,
  spent: string | undefined,
): Promise<Caller> {
  if (request.token === "") return NOBODY
  const token = await findToken(view, request.token)
  if (token === undefined || !(isLive(token, server.now()) || token.id === spent)) return NOBODY
  if (!isWithinCidrs(token.boundCidrs, request.remoteAddress)) return NOBODY
  if (token.type === "batch" && !(await parentLives(view, token, server.now()))) return NOBODY
  const home = (await namespaceTable(view)).byId.get(token.namespace)
  if (home === undefined || home.deleting || !isWithin(namespace, home)) return NOBODY
  return callerOf(server, view, token, home)
}

/** The caller that a token entry makes, without asking whether it is still good: for `capabilities` and `explain`. */
export async function callerOf(server: Server, view: View, token: TokenEntry, home: Namespace): Promise<Caller> {
  const identity = token.entityId === "" ? undefined : await identityOf(view, home.id, token.entityId)
  if (token.entityId !== "" && (identity === undefined || identity.entity.disabled)) return NOBODY
  const identityPolicies = identity === undefined ? [] : policiesOf(identity)
  const names = [...new Set([...token.policies, ...identityPolicies])]
  const acl = await server.acl(view, home.id, names, identity, server.now())
  return { token, home, identity, tokenPolicies: token.policies, identityPolicies, acl }
}

/** Policies that come from the entity and its groups. `root` never comes that way. */
export function policiesOf({ entity, groups }: Identity): string[] {
  const names = [...entity.policies, ...groups.flatMap(group => group.policies)].map(policyName)
  return [...new Set(names)].filter(name => name !== "root")
}

async function parentLives(view: View, token: TokenEntry, now: number): Promise<boolean> {
  const parent = parentOf(token)
  if (parent === undefined) return true
  const entry = await readToken(view, parent.namespace, parent.id)
  return entry !== undefined && isLive(entry, now)
}

/**
 * Takes one use from a token that has a limited number of them, durably and before anything else is done: of any number of
 * requests at once, on any number of nodes, just as many succeed as there were uses. Returns false when none was left.
 */
export async function spend(server: Server, token: TokenEntry): Promise<boolean> {
  for (;;) {
    using view = server.storage.view()
    const current = await readToken(view, token.namespace, token.id)
    if (current === undefined || current.numUses < 0) return false
    if (current.numUses === 0) return true
    const left = current.numUses === 1 ? -1 : current.numUses - 1
    await writeToken(view, { ...current, numUses: left }, current)
    try {
      await server.storage.commit(view)
      return true
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}
