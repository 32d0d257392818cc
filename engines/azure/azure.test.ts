/** The engine against a fake of Azure (tests/parts/azure.ts says what it was checked against). */

import assert from "node:assert/strict"
import { test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { type AzureFake, azureFake, SUBSCRIPTION } from "../../tests/parts/azure.ts"
import { azureWith } from "./engine.ts"

const SCOPE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/my group`
const READER = JSON.stringify([{ role_name: "Reader", scope: SCOPE }])

async function withAzure(t: { after: (act: () => void) => void }): Promise<{ vault: TestServer; cloud: AzureFake }> {
  const cloud = await azureFake()
  t.after(() => cloud.close())
  const engine = { ...azureWith(host => `${cloud.url}/${host}`), type: "azure-fake" }
  const vault = await testServer({ engines: [engine] })
  await vault.write("sys/mounts/azure", { type: "azure-fake" })
  const { clientId: client_id, secret: client_secret } = cloud.root
  const config = { subscription_id: SUBSCRIPTION, tenant_id: "my-tenant", client_id, client_secret }
  assert.deepEqual((await vault.write("azure/config", config)).errors, [])
  return { vault, cloud }
}

const made = ({ applications }: AzureFake) => [...applications.values()].filter(app => app.displayName !== "manager")

test("a service principal has the roles and groups of its role, and is gone when its lease is over", async t => {
  const { vault, cloud } = await withAzure(t)
  const role = { azure_roles: READER, azure_groups: '[{"group_name":"developers"}]', ttl: "1h", max_ttl: "2h" }
  assert.deepEqual((await vault.write("azure/roles/app", role)).errors, [])
  const issued = await vault.read("azure/creds/app")
  assert.deepEqual([issued.errors, issued.body.lease_duration], [[], 3600])
  const [app] = made(cloud)
  const [principal] = cloud.principals.values()
  assert.match(app?.displayName ?? "", /^vault-[0-9a-f-]{36}$/)
  assert.equal(issued.data.client_id, app?.appId)
  assert.equal(issued.data.client_secret, principal?.passwordCredentials[0]?.secretText)
  const [[path = "", assignment] = []] = cloud.assignments
  assert.ok(path.startsWith(`${SCOPE}/providers/Microsoft.Authorization/roleAssignments/`))
  assert.equal(assignment?.principalId, principal?.id)
  assert.deepEqual(
    [...cloud.groups.values()].map(group => [...group.members]),
    [[principal?.id]],
  )
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.deepEqual([made(cloud), cloud.principals.size, cloud.assignments.size], [[], 0, 0])
  assert.equal(cloud.bin.size, 2)
})

test("what is deleted for good is not in the recycle bin either", async t => {
  const { vault, cloud } = await withAzure(t)
  await vault.write("azure/roles/app", { azure_roles: READER, permanently_delete: true })
  const { body } = await vault.read("azure/creds/app")
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  assert.deepEqual([made(cloud), cloud.bin.size], [[], 0])
})

test("a principal that cannot be finished does not stay, and one that is not known yet is waited for", async t => {
  const { vault, cloud } = await withAzure(t)
  await vault.write("azure/roles/app", { azure_roles: READER, azure_groups: '[{"group_name":"developers"}]' })
  cloud.failNext("/members/$ref", 403, "Authorization_RequestDenied")
  const failed = await vault.read("azure/creds/app")
  assert.equal(failed.status, 502)
  assert.match(failed.errors[0] ?? "", /with status 403: Authorization_RequestDenied: made to fail$/)
  assert.deepEqual([made(cloud), cloud.principals.size, cloud.assignments.size], [[], 0, 0])
  cloud.failNext("/addPassword", 404, "Request_ResourceNotFound")
  assert.equal((await vault.read("azure/creds/app")).status, 200)
})

test("an application that is there gets secrets that go with their lease", async t => {
  const { vault, cloud } = await withAzure(t)
  const { objectId, clientId } = cloud.root
  const role = { application_object_id: objectId, explicit_max_ttl: "2h", ttl: "30m" }
  assert.deepEqual((await vault.write("azure/roles/static", role)).errors, [])
  const [one, two] = [await vault.read("azure/creds/static"), await vault.read("azure/creds/static")]
  assert.deepEqual([one.data.client_id, two.data.client_id], [clientId, clientId])
  const secrets = () => cloud.applications.get(objectId)?.passwordCredentials.map(key => key.secretText)
  assert.deepEqual(secrets(), [cloud.root.secret, one.data.client_secret, two.data.client_secret])
  await vault.write("sys/leases/revoke", { lease_id: one.body.lease_id ?? "" })
  assert.deepEqual(secrets(), [cloud.root.secret, two.data.client_secret])
  vault.clock.advance("31m")
  await vault.runJobs()
  assert.deepEqual(secrets(), [cloud.root.secret])
})

test("an application that is kept for a role gives secrets, and goes with the role", async t => {
  const { vault, cloud } = await withAzure(t)
  const role = { azure_roles: READER, persist_app: true, ttl: "1h" }
  assert.deepEqual((await vault.write("azure/roles/kept", role)).errors, [])
  const [app] = made(cloud)
  assert.equal((await vault.read("azure/roles/kept")).data.application_object_id, app?.id)
  const issued = await vault.read("azure/creds/kept")
  assert.equal(issued.data.client_id, app?.appId)
  assert.deepEqual(
    app?.passwordCredentials.map(key => key.secretText),
    [issued.data.client_secret],
  )
  assert.deepEqual((await vault.write("azure/roles/kept", { ttl: "2h" })).errors, [])
  const other = await vault.write("azure/roles/kept", { azure_groups: '[{"group_name":"developers"}]' })
  assert.match(other.errors[0] ?? "", /with persist_app cannot change/)
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.deepEqual([made(cloud).length, app?.passwordCredentials], [1, []])
  assert.equal((await vault.delete("azure/roles/kept")).status, 204)
  assert.deepEqual([made(cloud), cloud.principals.size, cloud.assignments.size], [[], 0, 0])
  assert.equal((await vault.read("azure/roles/kept")).status, 404)
})

test("an application that was made for a role that failed does not stay", async t => {
  const { vault, cloud } = await withAzure(t)
  cloud.failNext("/servicePrincipals", 403, "Authorization_RequestDenied")
  const failed = await vault.write("azure/roles/kept", { azure_roles: READER, persist_app: true })
  assert.match(failed.errors[0] ?? "", /Authorization_RequestDenied/)
  assert.equal(made(cloud).length, 1)
  vault.clock.advance("11m")
  await vault.runJobs()
  assert.deepEqual(made(cloud), [])
})

test("the application's own secret is replaced once the new one works", async t => {
  const { vault, cloud } = await withAzure(t)
  const names = () => cloud.applications.get(cloud.root.objectId)?.passwordCredentials.map(key => key.displayName)
  assert.deepEqual((await vault.write("azure/rotate-root")).errors, [])
  assert.equal(names()?.length, 2)
  assert.match((await vault.write("azure/rotate-root")).errors[0] ?? "", /^a rotation is not finished yet/)
  vault.clock.advance("2m")
  await vault.runJobs()
  assert.equal(names()?.length, 1)
  assert.match(names()?.[0] ?? "", /^vault-/)
  await vault.write("azure/roles/app", { azure_roles: READER })
  assert.equal((await vault.read("azure/creds/app")).status, 200)
  assert.deepEqual((await vault.write("azure/rotate-root")).errors, [])
  vault.clock.advance("2m")
  await vault.runJobs()
  assert.equal(names()?.length, 1)
  const shown = (await vault.read("azure/config")).data
  assert.equal(shown.root_password_expiration_date, "2026-07-02T12:02:00.000Z")
  assert.doesNotMatch(JSON.stringify(shown), /secret/)
})

test("a role reads back with the ids that Azure has", async t => {
  const { vault } = await withAzure(t)
  await vault.write("azure/roles/app", { azure_roles: READER, tags: "a,b" })
  const { data } = await vault.read("azure/roles/app")
  assert.match(JSON.stringify(data.azure_roles), /roleDefinitions\/acdd72a7-/)
  assert.deepEqual([data.azure_groups, data.tags, data.persist_app], [[], ["a", "b"], false])
  assert.deepEqual((await vault.list("azure/roles")).data.keys, ["app"])
})

test("what makes no sense is refused in Vault's words, and no secret is repeated", async t => {
  const { vault } = await withAzure(t)
  const role = (azure_roles: unknown) => ({ azure_roles: JSON.stringify(azure_roles) })
  const table: [string, Record<string, string | number | boolean>, RegExp][] = [
    ["roles/x", {}, /^either Azure role definitions, group definitions/],
    ["roles/x", { azure_roles: "[]" }, /^either Azure role definitions, group definitions/],
    ["roles/x", { azure_roles: READER, tags: "a b" }, /^whitespaces are not allowed in tags$/],
    ["roles/x", { azure_roles: "{" }, /^error parsing Azure roles/],
    ["roles/x", role([{ role_name: "No such", scope: SCOPE }]), /^no role found for role_name: 'No such'$/],
    ["roles/x", role([{ role_name: "Reader", scope: "/a/../b" }]), /is no scope/],
    ["roles/x", role([{ role_name: "Reader", scope: "x?y" }]), /is no scope/],
    ["roles/x", role(Array(2).fill({ role_name: "Reader", scope: SCOPE })), /^duplicate role_id and scope/],
    ["roles/x", { azure_groups: '[{"group_name":"it\'s"}]' }, /^no group found for group_name: 'it's'$/],
    ["roles/x", { azure_groups: '[{"object_id":"../x"}]' }, /is no id of a group$/],
    ["roles/x", { application_object_id: "a/b" }, /is no id of an application$/],
    ["roles/x", { azure_roles: READER, ttl: 20, max_ttl: 10 }, /^ttl cannot be greater than max_ttl$/],
    [
      "roles/x",
      { persist_app: true, application_object_id: "11111111-2222-3333-4444-555555555555" },
      /leave application_object_id out/,
    ],
    ["roles/x", { azure_roles: READER, sign_in_audience: "all" }, /^Invalid value for sign_in_audience field/],
    ["config", { tenant_id: "a/b" }, /^tenant_id is no id/],
    ["config", { environment: "Mars" }, /^unknown environment "Mars"; there are AzurePublicCloud/],
    ["config", { client_secret: "" }, /^missing client_secret/],
  ]
  for (const [path, body, text] of table) {
    const answer = await vault.write(`azure/${path}`, body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.match(answer.errors[0] ?? "", text)
  }
  assert.deepEqual((await vault.write("azure/config", { environment: "AZUREPUBLICCLOUD" })).errors, [])
  assert.deepEqual((await vault.read("azure/creds/none")).errors, ["role 'none' does not exist"])
  await vault.write("azure/roles/app", { azure_roles: READER })
  await vault.write("azure/config", { client_secret: "hunter2-s3cret" })
  const wrong = await vault.read("azure/creds/app")
  assert.match(
    wrong.errors[0] ?? "",
    /^Azure gives no token to .*: invalid_client: AADSTS7000215: Invalid client secret/,
  )
  assert.doesNotMatch(JSON.stringify(wrong.body), /hunter2/)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})
