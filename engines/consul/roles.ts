/** Roles: what tokens may do in Consul. */

import { field, type JsonObject, listRoute, record, refuse, route, type Values } from "@arca/api"

export const roles = record("role", "role/", {
  consul_policies: field.commaList("Policies of Consul.", { default: [], plain: true, alias: ["policies"] }),
  consul_roles: field.commaList("Roles of Consul.", { default: [], plain: true }),
  service_identities: field.stringList("Services: `name`, or `name:dc1,dc2`; with `;` between.", {
    default: [],
    plain: true,
  }),
  node_identities: field.commaList("Nodes: `name:datacenter`.", { default: [], plain: true }),
  local: field.bool("Only in this datacenter, without replication.", { default: false }),
  ttl: field.duration("How long a token lives; the mount's default when 0.", { default: 0, alias: ["lease"] }),
  max_ttl: field.duration("How long renewals can keep it; the mount's longest when 0.", { default: 0 }),
  consul_namespace: field.string("The namespace (Enterprise).", { default: "", plain: true }),
  partition: field.string("The admin partition (Enterprise).", { default: "", plain: true }),
})

export type Role = Values<typeof roles.fields>

/** What only Consul before 1.4 had. */
const legacyFields = {
  policy: field.string("Rules of the ACL system before Consul 1.4.", {
    default: "",
    deprecated: "use consul_policies: Consul 1.11 removed the old ACL system",
  }),
  token_type: field.string("`client`.", {
    default: "client",
    plain: true,
    deprecated: "management tokens are those with the policy global-management",
  }),
}

/** `name:dc1,dc2` as Consul's API takes it. */
function serviceIdentity(text: string): JsonObject {
  const [ServiceName = "", datacenters = ""] = text.split(":", 2)
  if (ServiceName === "") throw refuse.invalid(`${JSON.stringify(text)} is no service identity: name, or name:dc1,dc2`)
  const Datacenters = datacenters.split(",").filter(one => one !== "")
  return Datacenters.length === 0 ? { ServiceName } : { ServiceName, Datacenters }
}

function nodeIdentity(text: string): JsonObject {
  const [NodeName = "", Datacenter = "", ...more] = text.split(":")
  if (NodeName === "" || Datacenter === "" || more.length > 0)
    throw refuse.invalid(`${JSON.stringify(text)} is no node identity: name:datacenter`)
  return { NodeName, Datacenter }
}

/** What a token of a role is made with. */
export const tokenBody = (role: Role): JsonObject => ({
  Policies: role.consul_policies.map(Name => ({ Name })),
  Roles: role.consul_roles.map(Name => ({ Name })),
  ServiceIdentities: role.service_identities.map(serviceIdentity),
  NodeIdentities: role.node_identities.map(nodeIdentity),
  Local: role.local,
})

/** The part of a role's replies that is there when it says something. */
const filled = (lists: Readonly<Record<string, readonly string[]>>): JsonObject =>
  Object.fromEntries(
    Object.entries(lists)
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => [name, [...list]]),
  )

function shown(role: Role): JsonObject {
  const { consul_policies, consul_roles, service_identities, node_identities, ...rest } = role
  return {
    ...rest,
    lease: role.ttl,
    token_type: "client",
    ...filled({ consul_policies, consul_roles, service_identities, node_identities }),
  }
}

const name = field.name("Name of the role.", { plain: true })

export const roleRoutes = [
  listRoute("roles", "List the roles.", (ctx, page) => roles.list(ctx.store, page)),
  route("roles/:name", {
    summary: "A role: what its tokens may do. Read, write, delete.",
    item: "Role",
    operation: "*-role",
    fields: { name, ...roles.fields, ...legacyFields },
    read: async (input, ctx) => {
      const role = await roles.get(ctx.store, input.name)
      return role && { data: shown(role) }
    },
    write: ({ name: wanted, policy, token_type, ...given }, ctx) => {
      if (policy !== "" || token_type === "management")
        throw refuse.invalid(
          "the ACL system before Consul 1.4 is not supported: name policies in consul_policies (global-management makes a management token)",
        )
      if (token_type !== "client") throw refuse.invalid('token_type must be "client" or "management"')
      const service_identities = given.service_identities.flatMap(text => text.split(";")).filter(text => text !== "")
      const role: Role = { ...given, service_identities }
      checkRole(role)
      roles.put(ctx.store, wanted, role)
      return undefined
    },
    delete: (input, ctx) => {
      roles.delete(ctx.store, input.name)
      return undefined
    },
  }),
]

function checkRole(role: Role): void {
  const lists = [role.consul_policies, role.consul_roles, role.service_identities, role.node_identities]
  if (lists.every(list => list.length === 0)) {
    throw refuse.invalid(
      "Use either a policy document, a list of policies or roles, or a set of service or node identities, depending on your Consul version",
    )
  }
  tokenBody(role)
}
