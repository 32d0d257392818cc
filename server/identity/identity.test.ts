import assert from "node:assert/strict"
import { test } from "node:test"
import { decodeJson, encodeJson, engine, field, isJsonObject, type JsonObject, route, type TokenTerms } from "@arca/api"
import { type TestServer, testServer } from "../testing.ts"

const TERMS: TokenTerms = {
  ...{ ttl: 60, maxTtl: 0, period: 0, explicitMaxTtl: 0, numUses: 0, boundCidrs: [] },
  noDefaultPolicy: false,
  type: "service",
}

/** A login that says who comes and which groups the outside counts them to. */
const badge = engine({
  kind: "auth",
  type: "badge",
  summary: "Believes everyone.",
  routes: [
    route("login", {
      summary: "Log in.",
      open: true,
      fields: { name: field.string("", { default: "" }), groups: field.commaList("", { default: [] }) },
      write: ({ name, groups }) => ({
        auth: {
          displayName: name,
          policies: [],
          metadata: {},
          terms: TERMS,
          alias: { name },
          groupAliases: groups,
          internal: { name },
        },
      }),
    }),
    route("counts/:name", {
      summary: "Which groups the outside counts someone to from now on; a dash is that it cannot tell.",
      fields: { name: field.name(""), groups: field.commaList("", { default: [] }) },
      write: async ({ name, groups }, ctx) => void ctx.store.put(`counts/${name}`, encodeJson({ groups })),
    }),
  ],
  renew: async ({ name }, ctx) => {
    const value = await ctx.store.get(`counts/${name}`)
    const { groups } = (value === undefined ? { groups: [] } : decodeJson(value)) as { groups: string[] }
    return { terms: TERMS, policies: [], ...(groups[0] === "-" ? {} : { groupAliases: groups }) }
  },
})

const object = (value: unknown): JsonObject => (isJsonObject(value as JsonObject) ? (value as JsonObject) : {})

async function withBadges(): Promise<{ vault: TestServer; accessor: string }> {
  const vault = await testServer({ engines: [badge] })
  await vault.write("sys/auth/badge", { type: "badge" })
  const accessor = String(object((await vault.read("sys/auth")).data["badge/"]).accessor)
  return { vault, accessor }
}

const logIn = async (vault: TestServer, name: string, groups = "") =>
  (await vault.write("auth/badge/login", { name, groups }, { token: "" })).auth

test("an entity that is made by name is found by id, by name and by look-up, and goes with all of that", async () => {
  const vault = await testServer()
  const made = await vault.write("identity/entity", {
    name: "Web",
    metadata: { team: "shop" },
    policies: "reader, Writer",
  })
  const id = String(made.data.id)
  assert.deepEqual(made.data, { id, name: "Web", aliases: null })
  const read = await vault.read(`identity/entity/id/${id}`)
  assert.deepEqual(
    [read.data.name, read.data.metadata, read.data.policies],
    ["Web", { team: "shop" }, ["reader", "writer"]],
  )
  assert.equal((await vault.read("identity/entity/name/WEB")).data.id, id)
  assert.equal((await vault.write("identity/lookup/entity", { name: "web" })).data.id, id)
  assert.deepEqual((await vault.list("identity/entity/name")).data.keys, ["Web"])
  assert.deepEqual(object((await vault.list("identity/entity/id")).data.key_info), {
    [id]: { name: "Web" },
  })
  assert.equal((await vault.delete("identity/entity/name/web")).status, 204)
  assert.equal((await vault.read(`identity/entity/id/${id}`)).status, 404)
  assert.equal((await vault.write("identity/lookup/entity", { name: "web" })).status, 204)
})

test("an update changes what it names and nothing else, and answers 204", async () => {
  const vault = await testServer()
  await vault.write("identity/entity/name/web", { policies: ["a"], metadata: { k: "v" } })
  const updated = await vault.write("identity/entity/name/web", { disabled: true })
  assert.equal(updated.status, 204)
  const { data } = await vault.read("identity/entity/name/web")
  assert.deepEqual([data.disabled, data.policies, data.metadata], [true, ["a"], { k: "v" }])
})

test("root never comes by way of identity, however it is written", async () => {
  const vault = await testServer()
  for (const policies of ["RoOt", " root ", ["a", "ROOT"]]) {
    for (const path of ["identity/entity", "identity/entity/name/x", "identity/group", "identity/group/name/x"]) {
      const refused = await vault.write(path, { policies })
      assert.deepEqual([refused.status, refused.errors], [400, ["policies cannot contain root"]])
    }
  }
})

test("a name in the path and an id in the body that do not belong together are refused", async () => {
  const vault = await testServer()
  await vault.write("identity/entity/name/a", {})
  const b = String((await vault.write("identity/entity/name/b", {})).data.id)
  assert.equal((await vault.write("identity/entity/name/a", { id: b, policies: ["x"] })).status, 400)
  assert.deepEqual((await vault.read("identity/entity/name/b")).data.policies, [])
})

test("a login becomes the entity whose alias it has, with its policies, until it is disabled", async () => {
  const { vault, accessor } = await withBadges()
  await vault.policy("reader", 'path "cubbyhole/x" { capabilities = ["read"] }')
  const id = String((await vault.write("identity/entity", { name: "ann", policies: ["reader"] })).data.id)
  const alias = await vault.write("identity/entity-alias", { name: "ann", canonical_id: id, mount_accessor: accessor })
  const auth = await logIn(vault, "ann")
  assert.deepEqual([auth.entity_id, auth.identity_policies], [id, ["reader"]])
  const token = String(auth.client_token)
  assert.equal((await vault.read("auth/token/lookup-self", { token })).status, 200)
  await vault.write(`identity/entity/id/${id}`, { disabled: true })
  assert.equal((await vault.read("auth/token/lookup-self", { token })).status, 403)
  assert.equal((await vault.write("auth/badge/login", { name: "ann" }, { token: "" })).status, 403)
  assert.equal((await vault.delete(`identity/entity-alias/id/${String(alias.data.id)}`)).status, 204)
  assert.notEqual((await logIn(vault, "ann")).entity_id, id)
})

test("an alias moves to another entity, and an entity has one of each mount", async () => {
  const { vault, accessor } = await withBadges()
  const a = String((await vault.write("identity/entity", { name: "a" })).data.id)
  const b = String((await vault.write("identity/entity", { name: "b" })).data.id)
  const first = await vault.write("identity/entity-alias", { name: "x", canonical_id: a, mount_accessor: accessor })
  const id = String(first.data.id)
  const moved = await vault.write(`identity/entity-alias/id/${id}`, { canonical_id: b })
  assert.deepEqual(moved.data, { id, canonical_id: b })
  assert.deepEqual((await vault.read(`identity/entity/id/${a}`)).data.aliases, [])
  assert.equal((await logIn(vault, "x")).entity_id, b)
  const second = await vault.write("identity/entity-alias", { name: "y", canonical_id: b, mount_accessor: accessor })
  assert.equal(second.status, 400)
  const unknown = await vault.write("identity/entity-alias", { name: "y", canonical_id: b, mount_accessor: "no_1" })
  assert.match(unknown.errors[0] ?? "", /invalid mount accessor "no_1"/)
})

test("merged entities are one: its aliases, policies and groups, and tokens of the others go on as its", async () => {
  const { vault } = await withBadges()
  const stays = String((await vault.write("identity/entity", { name: "stays", policies: ["a"] })).data.id)
  const auth = await logIn(vault, "ann")
  const goes = String(auth.entity_id)
  await vault.write("identity/group", { name: "team", member_entity_ids: [goes], policies: ["b"] })
  assert.equal((await vault.write("identity/entity/merge", { from_entity_ids: goes, to_entity_id: stays })).status, 204)
  const { data } = await vault.read(`identity/entity/id/${stays}`)
  assert.deepEqual(data.merged_entity_ids, [goes])
  assert.equal((data.group_ids as string[]).length, 1)
  assert.equal((await logIn(vault, "ann")).entity_id, stays)
  const self = await vault.read("auth/token/lookup-self", { token: String(auth.client_token) })
  assert.deepEqual(self.data.identity_policies, ["a", "b"])
})

test("groups give their policies down to the members of their groups, and never contain themselves", async () => {
  const vault = await testServer()
  const entity = String((await vault.write("identity/entity", { name: "e" })).data.id)
  const inner = String((await vault.write("identity/group", { name: "inner", member_entity_ids: [entity] })).data.id)
  const outer = String((await vault.write("identity/group", { name: "outer", member_group_ids: [inner] })).data.id)
  const { data } = await vault.read(`identity/entity/id/${entity}`)
  assert.deepEqual([data.direct_group_ids, data.inherited_group_ids], [[inner], [outer]])
  const loop = await vault.write(`identity/group/id/${inner}`, { member_group_ids: [outer] })
  assert.match(loop.errors[0] ?? "", /cyclic relationship/)
  const changed = await vault.write(`identity/group/id/${inner}`, { type: "external" })
  assert.deepEqual(changed.errors, ["group type cannot be changed"])
  await vault.delete(`identity/group/id/${outer}`)
  assert.deepEqual((await vault.read(`identity/entity/id/${entity}`)).data.group_ids, [inner])
})

test("lists tell of aliases in short, and what they tell of a mount ends with it", async () => {
  const { vault, accessor } = await withBadges()
  await logIn(vault, "ann")
  const group = String((await vault.write("identity/group", { name: "ops", type: "external" })).data.id)
  await vault.write("identity/group-alias", { name: "team", mount_accessor: accessor, canonical_id: group })
  const facts = async (path: string) => Object.values(object((await vault.list(path)).data.key_info))
  const keys = async (path: string) => Object.keys(object((await facts(path))[0])).sort()
  const mount = ["mount_accessor", "mount_path", "mount_type", "name"]
  assert.deepEqual(await keys("identity/entity-alias/id"), [
    "canonical_id",
    "custom_metadata",
    "local",
    "metadata",
    ...mount,
  ])
  const { aliases } = object((await facts("identity/entity/id"))[0])
  assert.deepEqual(Object.keys(object((aliases as JsonObject[])[0])).sort(), ["id", ...mount])
  assert.deepEqual(Object.keys(object(object((await facts("identity/group/id"))[0]).alias)).sort(), ["id", ...mount])
  await vault.delete("sys/auth/badge")
  assert.equal((await keys("identity/entity-alias/id")).includes("mount_path"), false)
  assert.equal((await vault.list("identity/persona/id")).status, 200)
  await vault.delete(`identity/entity/id/${String((await vault.list("identity/entity/id")).data.keys)}`)
  for (const none of ["entity/id", "entity-alias/id"]) assert.equal((await vault.list(`identity/${none}`)).status, 404)
})

test("aliases fold case: what an operator wrote in other letters is who logs in, and a disabled one is refused", async () => {
  const { vault, accessor } = await withBadges()
  const entity = String((await vault.write("identity/entity", { name: "ann", policies: ["staff"] })).data.id)
  const alias = { name: "Ann", mount_accessor: accessor, canonical_id: entity }
  const made = await vault.write("identity/entity-alias", alias)
  assert.deepEqual((await logIn(vault, "ann")).identity_policies, ["staff"])
  assert.equal((await vault.write("identity/entity-alias", { ...alias, name: "aNN" })).data.id, made.data.id)
  const byAlias = { alias_name: "ANN", alias_mount_accessor: accessor }
  assert.equal((await vault.write("identity/lookup/entity", byAlias)).data.id, entity)
  await vault.write(`identity/entity/id/${entity}`, { disabled: true })
  const refused = await vault.write("auth/badge/login", { name: "ann" }, { token: "" })
  assert.deepEqual([refused.status, refused.errors], [403, ["permission denied"]])
})

test("a merge takes over aliases, but no policies, and says where each alias is from", async () => {
  const { vault, accessor } = await withBadges()
  const make = async (name: string, alias: string) => {
    const id = String((await vault.write("identity/entity", { name, policies: [name] })).data.id)
    const made = await vault.write("identity/entity-alias", { name: alias, mount_accessor: accessor, canonical_id: id })
    return { id, alias: String(made.data.id) }
  }
  const [to, from] = [await make("to", "a"), await make("from", "b")]
  const request = { to_entity_id: to.id, from_entity_ids: [from.id] }
  assert.match((await vault.write("identity/entity/merge", request)).errors[0] ?? "", /^toEntity and at least one/)
  await vault.write("identity/entity/merge", { ...request, conflicting_alias_ids_to_keep: [from.alias] })
  const { policies, aliases } = (await vault.read(`identity/entity/id/${to.id}`)).data
  assert.deepEqual(policies, ["to"])
  const shown = (aliases as JsonObject[]).map(({ name, merged_from_canonical_ids: merged }) => ({ name, merged }))
  assert.deepEqual(shown, [{ name: "b", merged: [from.id] }])
})

test("an external group follows what the auth method says at each login", async () => {
  const { vault, accessor } = await withBadges()
  const group = String(
    (await vault.write("identity/group", { name: "ops", type: "external", policies: ["ops"] })).data.id,
  )
  await vault.write("identity/group-alias", { name: "ops-team", mount_accessor: accessor, canonical_id: group })
  assert.deepEqual((await logIn(vault, "ann", "ops-team,others")).identity_policies, ["ops"])
  assert.equal(((await vault.read(`identity/group/id/${group}`)).data.member_entity_ids as string[]).length, 1)
  assert.equal((await logIn(vault, "ann", "others")).identity_policies, undefined)
  assert.deepEqual((await vault.read(`identity/group/id/${group}`)).data.member_entity_ids, null)
  const byHand = await vault.write(`identity/group/id/${group}`, { member_entity_ids: ["x"] })
  assert.deepEqual(byHand.errors, ["member entities can't be set manually for external groups"])
})

test("a renewal brings external groups in step with what the auth method says then", async () => {
  const { vault, accessor } = await withBadges()
  await vault.policy("ops", 'path "auth/token/lookup-self" { capabilities = ["read"] }')
  const group = String(
    (await vault.write("identity/group", { name: "ops", type: "external", policies: ["ops"] })).data.id,
  )
  await vault.write("identity/group-alias", { name: "ops-team", mount_accessor: accessor, canonical_id: group })
  const token = String((await logIn(vault, "ann", "ops-team")).client_token)
  const renewed = async () => (await vault.write("auth/token/renew-self", {}, { token })).auth.identity_policies
  const counted = (groups: string) => vault.write("auth/badge/counts/ann", { groups })

  await counted("-")
  assert.deepEqual(await renewed(), ["ops"], "the method cannot tell: nothing changes")
  await counted("others")
  assert.equal(await renewed(), undefined, "she has left the team")
  assert.deepEqual((await vault.read(`identity/group/id/${group}`)).data.member_entity_ids, null)
  await counted("ops-team")
  assert.deepEqual(await renewed(), ["ops"])
  await counted("")
  assert.equal(await renewed(), undefined, "no group at all is an answer, too")
})

test("deleting many entities leaves those of another namespace alone", async () => {
  const vault = await testServer()
  await vault.write("sys/namespaces/team", {})
  const theirs = await vault.write("identity/entity", { name: "x" }, { namespace: "team" })
  const ours = await vault.write("identity/entity", { name: "x" })
  const ids = [String(theirs.data.id), String(ours.data.id)]
  assert.equal((await vault.write("identity/entity/batch-delete", { entity_ids: ids })).status, 204)
  assert.equal((await vault.read("identity/entity/name/x")).status, 404)
  assert.equal((await vault.read("identity/entity/name/x", { namespace: "team" })).status, 200)
})
