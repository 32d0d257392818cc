import assert from "node:assert/strict"
import { test } from "node:test"
import { actsOf, field, isJsonObject, type JsonObject, openapi, operationId, route, takenBy } from "./index.ts"

const nothing = () => undefined

test("an operation is named after its path, with the action that ends or begins it, or as it is declared", () => {
  const names = [
    route("role/:name", { summary: "", operation: "*-role", read: nothing, delete: nothing }),
    route("role/:name/secret-id", { summary: "", list: nothing, write: nothing }),
    route("role/:name/secret-id/lookup", { summary: "", write: nothing }),
    route("tidy/secret-id", { summary: "", write: nothing }),
    route("login/:name", { summary: "", write: nothing }),
    route("*path", { summary: "", read: nothing }),
    route(["renew", "renew/:id"], { summary: "", operation: "renew-lease|renew-lease-with-id", write: nothing }),
  ].flatMap(one => actsOf([one]).map(act => operationId("app-role", act)))
  assert.deepEqual(names, [
    ...["app-role-read-role", "app-role-delete-role", "app-role-list-secret-ids", "app-role-write-secret-id"],
    ...["app-role-look-up-secret-id", "app-role-tidy-secret-id", "app-role-login", "app-role-read"],
    ...["app-role-renew-lease", "app-role-renew-lease-with-id"],
  ])
})

test("what a verb takes comes from its path, its body, or the query where it has no body", () => {
  const declared = route(["data/:name", "data"], {
    summary: "",
    fields: {
      name: field.name("Name."),
      value: field.string("The value."),
      version: field.int("Which.", { verbs: ["read"] }),
      both: field.string("For reading and deleting.", { query: true }),
    },
    read: nothing,
    write: nothing,
    delete: nothing,
  })
  const taken = Object.fromEntries(
    actsOf([declared])
      .filter(act => act.path === "data")
      .map(act => {
        const { path, query, body } = takenBy(act)
        const names = (all: readonly (readonly [string, unknown])[]) => all.map(([name]) => name)
        return [act.verb, [names(path), names(query), names(body)]]
      }),
  )
  assert.deepEqual(taken, {
    read: [[], ["version", "both"], []],
    write: [[], [], ["value"]],
    delete: [[], ["both"], []],
  })
})

const object = (json: unknown): JsonObject => (isJsonObject(json as JsonObject) ? (json as JsonObject) : {})

test("a document names mounts as they are, or by a parameter, and tells what is deprecated, secret and required", () => {
  const routes = [
    route("role/:name", {
      summary: "A role.",
      fields: {
        token: field.string("A token.", { secret: true, required: true, group: "Tokens" }),
        ttl: field.duration("A life.", { default: 60, alias: ["lease"] }),
      },
      sudo: ["write"],
      exists: async () => true,
      read: nothing,
      write: nothing,
    }),
  ]
  const mount = { path: "auth/web/", routes, prefix: "web", tag: "auth" }
  const plain = openapi([mount], { title: "T", version: "1" })
  assert.deepEqual(Object.keys(object(plain.paths)), ["/auth/web/role/{name}"])
  const generic = openapi([{ ...mount, parameter: "web_mount_path" }], { title: "T", version: "1", context: "x" })
  const item = object(object(generic.paths)["/auth/{web_mount_path}/role/{name}"])
  assert.deepEqual([item["x-vault-sudo"], item["x-vault-createSupported"]], [true, true])
  assert.equal(object(item.get).operationId, "web-read-role_x")
  assert.deepEqual(object(object(generic.components).schemas).WebWriteRole_xRequest, {
    type: "object",
    properties: {
      lease: {
        type: "string",
        description: 'Use "ttl" instead.',
        format: "duration",
        default: "1m0s",
        deprecated: true,
      },
      token: {
        type: "string",
        description: "A token.",
        "x-vault-displayAttrs": { group: "Tokens", sensitive: true },
      },
      ttl: { type: "string", description: "A life.", format: "duration", default: "1m0s" },
    },
    required: ["token"],
  })
})
