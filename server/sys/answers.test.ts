import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../testing.ts"

test("a reply names the type of its mount, except where no token is asked for", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("auth/userpass/users/ann", { password: "pw" })
  const login = await vault.write("auth/userpass/login/ann", { password: "pw" }, { token: "" })
  const told = [login, await vault.read("sys/internal/ui/mounts"), await vault.read("auth/userpass/users/ann")]
  assert.deepEqual(
    told.map(({ body }) => body.mount_type),
    ["", "", "userpass"],
  )
  assert.equal((await vault.write("auth/token/create", {})).body.mount_type, "token")
})

test("who lists mounts with a token that is none is refused, and not taken for a caller without one", async () => {
  const vault = await testServer()
  assert.equal((await vault.read("sys/internal/ui/mounts", { token: "" })).status, 200)
  for (const path of ["mounts", "mounts/secret", "resultant-acl"]) {
    const { status, errors } = await vault.read(`sys/internal/ui/${path}`, { token: "hvs.none" })
    assert.deepEqual([status, errors], [403, ["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]])
  }
})

test("the rules of a caller are shown to whom a policy lets see them; paths with a segment for any are among the globs", async () => {
  const vault = await testServer()
  await vault.policy("some", 'path "kv/+/x" { capabilities = ["read"] }\npath "kv/y" { capabilities = ["read"] }')
  const { data } = await vault.read("sys/internal/ui/resultant-acl", { token: await vault.token(["some", "default"]) })
  const { exact_paths: exact, glob_paths: globs } = data as Record<string, Record<string, unknown>>
  assert.deepEqual([exact?.["kv/y"], globs?.["kv/+/x"]], Array(2).fill({ capabilities: ["read"] }))
  assert.equal("kv/+/x" in (exact ?? {}), false)
  const root = await vault.read("sys/internal/ui/resultant-acl")
  assert.deepEqual(root.data, { root: true, chroot_namespace: "" })
  const bare = await vault.write("auth/token/create", { policies: ["some"], no_default_policy: true })
  const token = String(bare.auth.client_token)
  assert.equal((await vault.read("sys/internal/ui/resultant-acl", { token })).status, 403)
})

test("a remount that is answered says that it was queued, and may go to a path with a blank", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/box", { type: "kv" })
  const { status, warnings } = await vault.write("sys/remount", { from: "box", to: "a box" })
  assert.deepEqual([status, warnings.map(text => text.slice(0, 26))], [200, ["Mount move has been queued"]])
  assert.equal((await vault.write("a box/x", { a: "b" })).status, 204)
  assert.deepEqual((await vault.write("sys/remount", { from: "a box", to: "a box" })).errors, [
    'path already in use at "a box/"',
  ])
})

test("engines are built in, in the version that mounts say; starting them anew is answered as it was asked", async () => {
  const vault = await testServer()
  const { version } = (await vault.read("sys/plugins/catalog/secret/kv")).data
  assert.match(String(version), /^v[\d.]+\+builtin\.vault$/)
  await vault.write("sys/mounts/kv", { type: "kv" })
  const reload = (body: Record<string, string>) => vault.write("sys/plugins/reload/backend", body)
  const told = [await reload({ plugin: "kv" }), await reload({ plugin: "kv", scope: "global" })]
  assert.deepEqual(
    told.map(({ status, warnings }) => [status, warnings]),
    [
      [200, []],
      [202, []],
    ],
  )
  assert.deepEqual((await reload({ plugin: "none" })).warnings, ["no plugins were reloaded"])
  assert.deepEqual((await reload({ plugin: "kv", scope: "x" })).errors, ["reload scope must be omitted or 'global'"])
})

test("an audit device is not enabled with a mode that is none, nor with options that would have no effect", async () => {
  const vault = await testServer()
  const enable = async (options: Record<string, string>) =>
    (await vault.write("sys/audit/file", { type: "file", options: { file_path: "discard", ...options } })).errors
  assert.deepEqual(await enable({ mode: "x" }), ["invalid mode: x"])
  for (const option of ["filter", "exclude", "fallback"])
    assert.deepEqual(await enable({ [option]: "true" }), ["enterprise-only options supplied: invalid configuration"])
  assert.deepEqual(await enable({ mode: "0600" }), [])
})

test("a share must be given before anything is said of an attempt", async () => {
  const vault = await testServer()
  for (const path of ["rekey/update", "rekey/verify", "generate-root/update"]) {
    const { errors } = await vault.write(`sys/${path}`, {})
    assert.deepEqual(errors, ["'key' must be specified in request body as JSON"])
  }
  assert.deepEqual((await vault.read("sys/rekey/verify")).errors, ["no rekey configuration found"])
  assert.equal((await vault.read("sys/replication/status")).data.mode, "disabled")
})
