/** Entities, their aliases, groups, and how they are found. */

import type { GoldenRequest } from "../requests.ts"
import { get, patch, post, remove } from "./verbs.ts"

const keep = (name: string, at = "data.id") => ({ keep: { [name]: at } })

const entities: GoldenRequest[] = [
  post("make", "identity/entity", { name: "Web", policies: ["B", "a", "b"], metadata: { team: "x" } }, keep("web")),
  get("read", "identity/entity/name/web"),
  post("metadata of one text", "identity/entity/name/web", { metadata: "a=b,c=d" }),
  get("metadata of one text, read", "identity/entity/id/$web"),
  post("metadata of an empty text", "identity/entity/name/web", { metadata: "" }),
  post("an empty list where a map is meant", "identity/entity/name/web", { metadata: [] }),
  post("an empty map where a list is meant", "identity/entity/name/web", { policies: {} }),
  post("a number that is no boolean", "identity/entity/name/web", { disabled: 2 }),
  get("after all of that", "identity/entity/id/$web"),
  post("metadata with a blank key", "identity/entity/name/web", { metadata: { "": "x" } }),
  post("metadata with a strange key", "identity/entity/name/web", { metadata: { "é ü": "x" } }),
  post("metadata with a reserved key", "identity/entity/name/web", { metadata: { "vault-x": "x" } }),
  post("metadata with a long value", "identity/entity/name/web", { metadata: { a: "x".repeat(513) } }),
  post("the policy root", "identity/entity/name/web", { policies: "ROOT" }),
  post("make another", "identity/entity/name/db", {}, keep("db")),
  post("change one that is not there", "identity/entity/id/none", { name: "x" }),
  post("change by an id that is not there", "identity/entity", { id: "none", name: "web" }),
  post("a name of another", "identity/entity/id/$db", { name: "WEB" }),
  post("the id of another beside the name", "identity/entity/name/web", { id: "$db" }),
  post("an id that is none beside the name", "identity/entity/name/web", { id: "none" }),
  get("an id that cannot be one", "identity/entity/id/$x"),
  post("look up without a word", "identity/lookup/entity", {}),
  post("look up with two words", "identity/lookup/entity", { name: "web", id: "x" }),
  post("look up with half an alias", "identity/lookup/entity", { alias_name: "web" }),
  post("look up with an empty id", "identity/lookup/entity", { id: null }),
  post("look up with an empty name", "identity/lookup/entity", { name: "" }),
  post("delete none of many", "identity/entity/batch-delete", {}),
  post("delete an empty map of many", "identity/entity/batch-delete", { entity_ids: {} }),
  patch("patch at a slash", "identity/entity/", {}),
]

const aliases: GoldenRequest[] = [
  post("enable", "sys/auth/people", { type: "userpass" }),
  post("enable another", "sys/auth/staff", { type: "userpass" }),
  get("accessor", "sys/auth/people", keep("people", "data.accessor")),
  get("accessor of another", "sys/auth/staff", keep("staff", "data.accessor")),
  post("without a name", "identity/entity-alias", { mount_accessor: "$people" }),
  post("without a mount", "identity/entity-alias", { name: "ann" }),
  post("of a mount that is none", "identity/entity-alias", { name: "ann", mount_accessor: "none" }),
  post("of an entity that is none", "identity/entity-alias", {
    name: "ann",
    mount_accessor: "$people",
    canonical_id: "none",
  }),
  post(
    "make",
    "identity/entity-alias",
    { name: "ann", mount_accessor: "$people", canonical_id: "$web", custom_metadata: { a: "b" } },
    keep("ann"),
  ),
  post("a second of the mount", "identity/entity-alias", {
    name: "bob",
    mount_accessor: "$people",
    canonical_id: "$web",
  }),
  post("words without a value", "identity/entity-alias/id/$ann", { custom_metadata: { a: "" } }),
  post("nothing new", "identity/entity-alias/id/$ann", { name: "ann" }),
  post("move to an entity that is none", "identity/entity-alias/id/$ann", { canonical_id: "none" }),
  post("change one that is none", "identity/entity-alias/id/none", { name: "x" }),
  post("make another", "identity/entity-alias", { name: "bob", mount_accessor: "$people" }, keep("bob")),
  post("a name that is taken", "identity/entity-alias/id/$bob", { name: "ann" }),
  post(
    "make a third",
    "identity/entity-alias",
    { name: "ann", mount_accessor: "$staff", canonical_id: "$web", custom_metadata: { a: "b" } },
    keep("third"),
  ),
  post("a mount that the entity has", "identity/entity-alias/id/$ann", { mount_accessor: "$staff" }),
  get("read", "identity/entity-alias/id/$ann"),
  post("clear the words by saying none", "identity/entity-alias", { name: "ann", mount_accessor: "$people" }),
  get("read without words", "identity/entity-alias/id/$ann"),
]

const groups: GoldenRequest[] = [
  post("make", "identity/group", { name: "Team" }, keep("team")),
  get("read", "identity/group/id/$team"),
  post("members", "identity/group/id/$team", { member_entity_ids: "$web", policies: ["B", "a"] }),
  get("read with members", "identity/group/name/team"),
  post("a type that is none", "identity/group", { name: "x", type: "odd" }),
  post("another type", "identity/group/name/team", { type: "external" }),
  post("an empty name", "identity/group", { name: "" }),
  post("an empty id", "identity/group", { id: "" }),
  post("an id that is none", "identity/group/id/none", {}),
  post("make an external one", "identity/group", { name: "outside", type: "external" }, keep("outside")),
  post("members of an external one", "identity/group/id/$outside", { member_entity_ids: [] }),
  post("groups in an external one", "identity/group/id/$outside", { member_group_ids: [] }),
  post("alias without a name", "identity/group-alias", { mount_accessor: "$people" }),
  post("alias of a group that is none", "identity/group-alias", {
    name: "ops",
    mount_accessor: "$people",
    canonical_id: "none",
  }),
  post("alias of an internal one", "identity/group-alias", {
    name: "ops",
    mount_accessor: "$people",
    canonical_id: "$team",
  }),
  post(
    "alias",
    "identity/group-alias",
    { name: "ops", mount_accessor: "$people", canonical_id: "$outside" },
    keep("ops"),
  ),
  post("the same alias by its id", "identity/group-alias/id/$ops", { name: "ops", mount_accessor: "$people" }),
  post("the same alias for another group", "identity/group-alias", { name: "ops", mount_accessor: "$people" }),
  get("read of the alias", "identity/group-alias/id/$ops"),
  get("read with the alias", "identity/group/id/$outside"),
  post("look up without a word", "identity/lookup/group", {}),
  post("look up with an empty name", "identity/lookup/group", { name: "" }),
]

const merging: GoldenRequest[] = [
  post("without an id to merge to", "identity/entity/merge", {}),
  post("without ids to merge from", "identity/entity/merge", { to_entity_id: "$web" }),
  post("to one that is none", "identity/entity/merge", { to_entity_id: "none", from_entity_ids: "$web" }),
  post("from one that is none", "identity/entity/merge", { to_entity_id: "$web", from_entity_ids: "none" }),
  post("to itself", "identity/entity/merge", { to_entity_id: "$web", from_entity_ids: "$web" }),
  post("give the other a policy and an alias", "identity/entity/id/$db", { policies: "db" }),
  post("alias of the other", "identity/entity-alias/id/$bob", { canonical_id: "$db" }),
  post("aliases of one mount", "identity/entity/merge", {
    to_entity_id: "$web",
    from_entity_ids: "$db",
    conflicting_alias_ids_to_keep: "none",
  }),
  post("merge", "identity/entity/merge", {
    to_entity_id: "$web",
    from_entity_ids: ["$db"],
    conflicting_alias_ids_to_keep: ["$bob"],
  }),
  get("read of what was merged", "identity/entity/id/$db"),
  remove("disable", "sys/auth/staff"),
  get("read of an alias without its mount", "identity/entity-alias/id/$third"),
]

export const identity = { entities, aliases, groups, merging }
