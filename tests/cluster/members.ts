/** An entity in a group: what its token may do follows the policies of both, and whether the entity is disabled. */

import { fields } from "../parts/arca.ts"
import type { Model } from "./linearizable.ts"
import { type Cluster, must, type Told } from "./nodes.ts"
import { type Act, type Outcome, policyOf } from "./things.ts"

interface Member {
  readonly disabled: boolean
  /** Whether the entity has the policy. */
  readonly own: boolean
  /** Whether the group has it, and whether the entity is in the group. */
  readonly group: boolean
  readonly joined: boolean
}

export type MemberInput =
  | { readonly do: "use" }
  | { readonly do: "entity" | "group" | "disable" | "join"; readonly to: boolean }
export type MemberOutput = "granted" | "denied" | "done"

export const memberModel: Model<Member, MemberInput, MemberOutput | "unknown"> = {
  start: { disabled: false, own: false, group: true, joined: true },
  observes: ({ do: what }) => what === "use",
  name: ({ disabled, own, group, joined }) => `${disabled} ${own} ${group} ${joined}`,
  step: (state, input, output) => {
    switch (input.do) {
      case "entity":
        return { ...state, own: input.to }
      case "group":
        return { ...state, group: input.to }
      case "disable":
        return { ...state, disabled: input.to }
      case "join":
        return { ...state, joined: input.to }
      case "use": {
        const granted = !state.disabled && (state.own || (state.group && state.joined))
        return output === "unknown" || (output === "granted") === granted ? state : undefined
      }
    }
  },
}

/** What a run needs of identity: a token of an entity in a group. */
export interface MemberParts {
  readonly token: string
  readonly entity: string
  readonly group: string
}

const POLICY = "members-read"

/** Once for a cluster: the policy, and a role that makes tokens for entities. */
export async function readyMembers(cluster: Cluster): Promise<void> {
  const token = cluster.root
  await must(cluster, { method: "PUT", path: `sys/policies/acl/${POLICY}`, token, body: { policy: policyOf(true) } })
  const role = { allowed_entity_aliases: "*", allowed_policies: "nothing", token_no_default_policy: true, orphan: true }
  await must(cluster, { method: "POST", path: "auth/token/roles/members", token, body: role })
}

export async function makeMember(cluster: Cluster, name: string): Promise<MemberParts> {
  const token = cluster.root
  const body = { entity_alias: name, policies: ["nothing"], no_default_policy: true }
  const { auth } = await must(cluster, { method: "POST", path: "auth/token/create/members", token, body })
  const entity = String(fields(auth).entity_id)
  const made = { name, policies: [POLICY], member_entity_ids: [entity] }
  const { data } = await must(cluster, { method: "POST", path: "identity/group", token, body: made })
  return { token: String(fields(auth).client_token), entity, group: String(fields(data).id) }
}

export function memberActs(root: string) {
  const done = ({ status }: NonNullable<Told>): Outcome<MemberOutput> => (status < 300 ? { is: "done" } : "none")
  const change = (
    thing: string,
    what: "entity" | "group" | "disable" | "join",
    to: boolean,
    path: string,
    body: unknown,
  ): Act<MemberInput, MemberOutput> => ({
    thing,
    input: { do: what, to },
    asked: { method: "POST", path, token: root, body },
    read: done,
  })
  const policies = (to: boolean) => ({ policies: to ? [POLICY] : [] })
  const entityPath = ({ entity }: MemberParts) => `identity/entity/id/${entity}`
  const groupPath = ({ group }: MemberParts) => `identity/group/id/${group}`
  return {
    use: (thing: string, { token }: MemberParts): Act<MemberInput, MemberOutput> => ({
      thing,
      input: { do: "use" },
      asked: { method: "GET", path: "kv/config", token },
      read: ({ status }) => (status === 200 ? { is: "granted" } : status === 403 ? { is: "denied" } : "none"),
    }),
    entity: (thing: string, parts: MemberParts, to: boolean) =>
      change(thing, "entity", to, entityPath(parts), policies(to)),
    group: (thing: string, parts: MemberParts, to: boolean) =>
      change(thing, "group", to, groupPath(parts), policies(to)),
    disable: (thing: string, parts: MemberParts, to: boolean) =>
      change(thing, "disable", to, entityPath(parts), { disabled: to }),
    join: (thing: string, parts: MemberParts, to: boolean) =>
      change(thing, "join", to, groupPath(parts), { member_entity_ids: to ? [parts.entity] : [] }),
  }
}
