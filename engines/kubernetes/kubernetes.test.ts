/** The engine against a real control plane. */

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { Agent, request } from "undici"
import { type ControlPlane, missing, start } from "../../tests/parts/kubelab.ts"
import { kubernetesWith } from "./engine.ts"
import { rulesOf, selectorOf } from "./selector.ts"

const skip = missing() ?? false

let cluster: ControlPlane
before(async () => {
  if (skip !== false) return
  cluster = await start()
  await ask("POST", "/api/v1/namespaces", { metadata: { name: "team-a", labels: { tier: "dev", owner: "a" } } })
  await ask("POST", "/api/v1/namespaces", { metadata: { name: "team-b", labels: { tier: "prod" } } })
  await ask("POST", "/api/v1/namespaces/team-a/serviceaccounts", { metadata: { name: "app" } })
})
after(async () => cluster?.stop())

async function ask(method: "GET" | "POST" | "DELETE", path: string, body?: object, token = cluster.token) {
  const { statusCode, body: answer } = await request(cluster.url + path, {
    method,
    dispatcher: new Agent({ connect: { ca: cluster.certificate } }),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: statusCode, json: JSON.parse(await answer.text()) }
}

const RBAC = "/apis/rbac.authorization.k8s.io/v1"
const LABEL = "labelSelector=app.kubernetes.io%2Fcreated-by%3Darca"

/** All that this engine made and that is still there. */
async function made(): Promise<string[]> {
  const kinds = ["rolebindings", "clusterrolebindings", "roles", "clusterroles"].map(kind => `${RBAC}/${kind}`)
  const found: string[] = []
  for (const path of [...kinds, "/api/v1/serviceaccounts"]) {
    const { json } = await ask("GET", `${path}?${LABEL}`)
    for (const item of json.items ?? []) found.push(`${path.split("/").at(-1)} ${item.metadata.name}`)
  }
  return found
}

async function withCluster(role: Record<string, unknown>): Promise<TestServer> {
  const vault = await testServer()
  await vault.write("sys/mounts/kubernetes", { type: "kubernetes" })
  const config = {
    kubernetes_host: cluster.url,
    kubernetes_ca_cert: cluster.certificate,
    service_account_jwt: cluster.token,
  }
  assert.deepEqual((await vault.write("kubernetes/config", config)).errors, [])
  assert.deepEqual((await vault.write("kubernetes/roles/app", role as Record<string, string>)).errors, [])
  return vault
}

test("a token of an account that is there is asked for, for as long and for whom the request says", {
  skip,
}, async () => {
  const vault = await withCluster({ allowed_kubernetes_namespaces: "team-a", service_account_name: "app" })
  const issued = await vault.write("kubernetes/creds/app", { ttl: "20m", audiences: "vault" })
  assert.deepEqual([issued.errors, issued.warnings], [[], []])
  assert.deepEqual(
    [issued.body.lease_duration, issued.body.renewable, issued.data.service_account_namespace],
    [1200, false, "team-a"],
  )
  const token = String(issued.data.service_account_token)
  const review = await ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token, audiences: ["vault"] },
  })
  assert.equal(review.json.status.user.username, "system:serviceaccount:team-a:app")
  await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })
  assert.equal((await ask("GET", "/api/v1/namespaces/team-a/serviceaccounts/app")).status, 200)
})

test("an account, its binding and its role are made, work, and are gone with the lease", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: "*",
    generated_role_rules: "rules:\n- apiGroups: ['']\n  resources: [configmaps]\n  verbs: [list]\n",
    token_default_ttl: "10m",
    extra_labels: { team: "a" },
  })
  const { data } = await vault.write("kubernetes/creds/app", { kubernetes_namespace: "team-b" })
  const [name, token] = [String(data.service_account_name), String(data.service_account_token)]
  assert.match(name, /^v-root-app-\d+-[0-9a-z]{24}$/)
  assert.deepEqual(await made(), [`rolebindings ${name}`, `roles ${name}`, `serviceaccounts ${name}`])
  assert.equal((await ask("GET", "/api/v1/namespaces/team-b/configmaps", undefined, token)).status, 200)
  assert.equal((await ask("GET", "/api/v1/namespaces/team-b/secrets", undefined, token)).status, 403)
  assert.equal((await ask("GET", "/api/v1/namespaces/team-a/configmaps", undefined, token)).status, 403)
  const account = (await ask("GET", `/api/v1/namespaces/team-b/serviceaccounts/${name}`)).json
  assert.equal(account.metadata.labels.team, "a")
  assert.equal(account.metadata.ownerReferences[0].kind, "Role")
  vault.clock.advance("11m")
  await vault.runJobs()
  assert.deepEqual(await made(), [])
  // 401, or 403 as long as the API server remembers whom the token was for.
  assert.ok((await ask("GET", "/api/v1/namespaces/team-b/configmaps", undefined, token)).status > 400)
})

test("an account may be bound in the whole cluster to a role that is there", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: ["team-a"],
    kubernetes_role_name: "view",
    kubernetes_role_type: "clusterrole",
    token_default_ttl: 600,
  })
  const issued = await vault.write("kubernetes/creds/app", { cluster_role_binding: true })
  const [name, token] = [String(issued.data.service_account_name), String(issued.data.service_account_token)]
  assert.deepEqual(await made(), [`clusterrolebindings ${name}`, `serviceaccounts ${name}`])
  assert.equal((await ask("GET", "/api/v1/namespaces/team-b/configmaps", undefined, token)).status, 200)
  // Removed by hand: the lease ends all the same.
  await ask("DELETE", `/api/v1/namespaces/team-a/serviceaccounts/${name}`)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })).status, 204)
  assert.deepEqual(await made(), [])
})

test("what cannot be finished leaves nothing behind", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: "team-a,gone",
    generated_role_rules: '{"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}',
  })
  // The cluster refuses tokens that live shorter than ten minutes, when the rest is made already.
  const short = await vault.write("kubernetes/creds/app", { kubernetes_namespace: "team-a", ttl: "5m" })
  assert.equal(short.status, 502)
  assert.match(short.errors[0] ?? "", /duration less than 10 minutes/)
  const gone = await vault.write("kubernetes/creds/app", { kubernetes_namespace: "gone" })
  assert.match(gone.errors[0] ?? "", /namespaces "gone" not found/)
  assert.deepEqual(await made(), [])
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("what has the name already stays, and what was made beside it does not", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: "team-a",
    generated_role_rules: '{"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}',
    token_default_ttl: 600,
    name_template: "app",
  })
  const taken = await vault.write("kubernetes/creds/app")
  assert.match(taken.errors[0] ?? "", /serviceaccounts "app" already exists: the name_template must make names/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.deepEqual(await made(), [])
  assert.equal((await ask("GET", "/api/v1/namespaces/team-a/serviceaccounts/app")).status, 200)
})

test("a namespace must be named or fit the selector", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: "team-z",
    allowed_kubernetes_namespace_selector: '{"matchLabels":{"tier":"dev"}}',
    service_account_name: "app",
  })
  const asked = (kubernetes_namespace: string) => vault.write("kubernetes/creds/app", { kubernetes_namespace })
  assert.equal((await asked("team-a")).status, 200)
  assert.match((await asked("team-b")).errors[0] ?? "", /^kubernetes_namespace 'team-b' is not present in role's/)
  assert.match((await asked("")).errors[0] ?? "", /^'kubernetes_namespace' is required/)
  for (const path of ["..", "team-a/../team-b", "a?b", "A"]) {
    assert.match((await asked(path)).errors[0] ?? "", /is no name of a Kubernetes namespace$/)
  }
})

test("a long life is capped, and the token's own life counts", { skip }, async () => {
  const vault = await withCluster({
    allowed_kubernetes_namespaces: "team-a",
    service_account_name: "app",
    token_max_ttl: "1h",
  })
  const issued = await vault.write("kubernetes/creds/app", { ttl: "5h" })
  assert.equal(issued.body.lease_duration, 3600)
  assert.match(issued.warnings.join(), /ttl of 5h0m0s is greater than the role's token_max_ttl of 1h0m0s/)
})

test("a token that the cluster does not know is told as such, without it", { skip }, async () => {
  const vault = await withCluster({ allowed_kubernetes_namespaces: "team-a", service_account_name: "app" })
  await vault.write("kubernetes/config", { service_account_jwt: "hunter2-s3cret" })
  const answer = await vault.write("kubernetes/creds/app")
  assert.equal(answer.status, 502)
  assert.match(answer.errors[0] ?? "", /was answered with status 401: Unauthorized$/)
  assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/)
  await vault.write("kubernetes/config", { kubernetes_ca_cert: "", disable_local_ca_jwt: true })
  assert.match((await vault.write("kubernetes/creds/app")).errors[0] ?? "", /SELF_SIGNED|UNABLE_TO_VERIFY|DEPTH_ZERO/)
})

test("what is not configured is what the pod has", async () => {
  const inPod = kubernetesWith({
    host: () => "https://127.0.0.1:1",
    certificate: async () => undefined,
    token: async () => "pod-token",
  })
  const outside = kubernetesWith({
    host: () => undefined,
    certificate: async () => undefined,
    token: async () => undefined,
  })
  const vault = await testServer({
    engines: [
      { ...inPod, type: "in-pod" },
      { ...outside, type: "outside" },
    ],
  })
  await vault.write("sys/mounts/in-pod", { type: "in-pod" })
  await vault.write("sys/mounts/outside", { type: "outside" })
  assert.equal((await vault.read("in-pod/check")).status, 204)
  assert.match((await vault.read("outside/check")).errors[0] ?? "", /^Missing environment variables/)
  assert.equal((await vault.write("in-pod/config", {})).status, 204)
  assert.match((await vault.write("outside/config", {})).errors[0] ?? "", /^kubernetes_host was unset/)
  const role = { allowed_kubernetes_namespaces: "a", service_account_name: "app" }
  await vault.write("in-pod/roles/app", role)
  assert.match((await vault.write("in-pod/creds/app")).errors[0] ?? "", /ECONNREFUSED/)
  await vault.write("in-pod/config", { disable_local_ca_jwt: true })
  assert.match((await vault.write("in-pod/creds/app")).errors[0] ?? "", /^service_account_jwt is not set/)
})

test("roles that make no sense are refused in Vault's words", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kubernetes", { type: "kubernetes" })
  const right = { allowed_kubernetes_namespaces: "a", service_account_name: "app" }
  const table: [Record<string, string | number>, RegExp][] = [
    [{ service_account_name: "app" }, /^one \(at least\) of allowed_kubernetes_namespaces/],
    [{ allowed_kubernetes_namespaces: "a" }, /^one \(and only one\) of service_account_name/],
    [{ ...right, kubernetes_role_name: "view" }, /^one \(and only one\) of service_account_name/],
    [{ ...right, kubernetes_role_type: "Other" }, /^kubernetes_role_type must be either 'Role' or 'ClusterRole'$/],
    [{ ...right, token_default_ttl: 20, token_max_ttl: 10 }, /^token_default_ttl 20s cannot be greater/],
    [{ ...right, service_account_name: "../x" }, /is no name of a service account$/],
    [{ ...right, allowed_kubernetes_namespace_selector: "- a" }, /^failed to parse 'allowed_kubernetes_namespace/],
    [{ allowed_kubernetes_namespaces: "a", generated_role_rules: "{}" }, /^failed to parse 'generated_role_rules'/],
    [{ ...right, name_template: "{{.Nothing}}" }, /there is no field .Nothing/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("kubernetes/roles/wrong", body)
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", text)
  }
  assert.deepEqual((await vault.write("kubernetes/creds/none")).errors, ["role 'none' does not exist"])
  await vault.write("kubernetes/roles/right", right)
  const { allowed_kubernetes_namespaces, extra_labels, token_default_audiences } = (
    await vault.read("kubernetes/roles/right")
  ).data
  assert.deepEqual([allowed_kubernetes_namespaces, extra_labels, token_default_audiences], [["a"], null, null])
})

test("selectors mean what Kubernetes says they mean", () => {
  const table: [string, Record<string, string>, boolean][] = [
    ["{}", {}, true],
    ['{"matchLabels":{"a":"1","b":"2"}}', { a: "1", b: "2", c: "3" }, true],
    ['{"matchLabels":{"a":"1","b":"2"}}', { a: "1" }, false],
    ["matchExpressions: [{key: a, operator: In, values: ['1', '2']}]", { a: "2" }, true],
    ["matchExpressions: [{key: a, operator: In, values: ['1']}]", {}, false],
    ["matchExpressions: [{key: a, operator: NotIn, values: ['1']}]", {}, true],
    ["matchExpressions: [{key: a, operator: NotIn, values: ['1']}]", { a: "1" }, false],
    ["matchExpressions: [{key: a, operator: Exists}]", { a: "" }, true],
    ["matchExpressions: [{key: a, operator: DoesNotExist}]", { a: "" }, false],
    ['{"matchLabels":{"toString":"x"}}', {}, false],
  ]
  for (const [text, labels, expected] of table) assert.equal(selectorOf(text)(labels), expected, text)
  for (const wrong of ["[]", "{", "matchExpressions: [{key: a, operator: Like}]", "other: {}", "matchLabels: 1"]) {
    assert.throws(() => selectorOf(wrong), /failed to parse/)
  }
  assert.throws(() => rulesOf("rules: []"), /failed to parse/)
})
