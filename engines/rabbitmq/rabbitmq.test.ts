/** The engine against a real broker. */

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { type Broker, missing, start } from "../../tests/parts/rabbitmq.ts"

const skip = missing() ?? false

let broker: Broker
before(async () => {
  if (skip === false) broker = await start()
})
after(async () => broker?.stop())

async function ask(method: string, path: string, as = "guest:guest", body?: object) {
  const response = await fetch(`${broker.url}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(as).toString("base64")}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) }
}

const usernames = async (): Promise<string[]> =>
  (await ask("GET", "users")).json.map((user: { name: string }) => user.name).filter((name: string) => name !== "guest")

async function withBroker(config: Record<string, unknown> = {}): Promise<TestServer> {
  const vault = await testServer()
  await vault.write("sys/mounts/rabbitmq", { type: "rabbitmq" })
  const written = await vault.write("rabbitmq/config/connection", {
    connection_uri: broker.url,
    username: "guest",
    password: "guest",
    ...config,
  })
  assert.deepEqual([written.status, written.errors], [204, []])
  return vault
}

test("a user may do what its role says, and is gone when its lease is over", { skip }, async () => {
  const vault = await withBroker()
  await vault.write("rabbitmq/config/lease", { ttl: "30m", max_ttl: "1h" })
  await vault.write("rabbitmq/roles/app", {
    tags: "management",
    vhosts: '{"/":{"configure":"^app-.*","write":".*","read":".*"}}',
    vhost_topics: '{"/":{"amq.topic":{"write":"^a","read":".*"}}}',
  })
  const issued = await vault.read("rabbitmq/creds/app")
  const { username, password } = issued.data
  assert.match(String(username), /^root-[0-9a-f-]{36}$/)
  assert.match(String(password), /^[0-9A-Za-z]{36}$/)
  assert.equal(issued.body.lease_duration, 1800)
  const as = `${username}:${password}`
  assert.equal((await ask("GET", "whoami", as)).json.name, username)
  assert.equal((await ask("PUT", "queues/%2F/app-jobs", as, {})).status, 201)
  assert.notEqual((await ask("PUT", "queues/%2F/other", as, {})).status, 201)
  const topics = await ask("GET", `topic-permissions/%2F/${username}`)
  assert.deepEqual(topics.json, [{ user: username, vhost: "/", exchange: "amq.topic", write: "^a", read: ".*" }])
  vault.clock.advance("31m")
  await vault.runJobs()
  assert.deepEqual(await usernames(), [])
  assert.equal((await ask("GET", "whoami", as)).status, 401)
})

test("a role reads back as maps, and one that says nothing or nonsense is refused", { skip }, async () => {
  const vault = await withBroker()
  const vhosts = { "/": { configure: "", write: ".*", read: ".*" } }
  await vault.write("rabbitmq/roles/app", { tags: "", vhosts: JSON.stringify(vhosts) })
  assert.deepEqual((await vault.read("rabbitmq/roles/app")).data, { tags: "", vhosts, vhost_topics: null })
  assert.deepEqual((await vault.list("rabbitmq/roles")).data.keys, ["app"])
  const table: [Record<string, string>, RegExp][] = [
    [{}, /^both tags and vhosts not specified$/],
    [{ vhosts: "{" }, /^failed to unmarshal vhosts: /],
    [{ vhosts: '["/"]' }, /^failed to unmarshal vhosts: expected an object/],
    [{ vhosts: '{"/":{"read":1}}' }, /^failed to unmarshal vhosts: "read" must be a regular expression/],
    [{ tags: "management", vhost_topics: '{"/":{"x":".*"}}' }, /^failed to unmarshal vhost_topics/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("rabbitmq/roles/wrong", body)
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", text)
  }
  await vault.delete("rabbitmq/roles/app")
  assert.deepEqual((await vault.read("rabbitmq/creds/app")).errors, ["unknown role: app"])
})

test("a user whose permissions cannot be given does not stay", { skip }, async () => {
  const vault = await withBroker()
  await vault.write("rabbitmq/roles/lost", { vhosts: '{"no/such":{"configure":".*","write":".*","read":".*"}}' })
  const answer = await vault.read("rabbitmq/creds/lost")
  assert.equal(answer.status, 502)
  assert.match(answer.errors[0] ?? "", /answered PUT \/api\/permissions\/no%2Fsuch\/.* with status/)
  await vault.write("rabbitmq/roles/sly", { vhosts: '{"..":{"configure":".*","write":".*","read":".*"}}' })
  assert.match((await vault.read("rabbitmq/creds/sly")).errors[0] ?? "", /^"\.\." is no name that can be used here$/)
  assert.deepEqual(await usernames(), [])
})

test("revoking twice, and revoking a user that was removed by hand, is no failure", { skip }, async () => {
  const vault = await withBroker()
  await vault.write("rabbitmq/roles/app", { tags: "monitoring" })
  const { data, body } = await vault.read("rabbitmq/creds/app")
  assert.equal((await ask("DELETE", `users/${data.username}`)).status, 204)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("names follow the template, without anything from the caller that a name should not hold", { skip }, async () => {
  const vault = await withBroker({ username_template: "v-{{.DisplayName}}-{{.RoleName}}-{{random 4}}" })
  await vault.write("rabbitmq/roles/app", { tags: "monitoring" })
  await vault.policy("app", 'path "rabbitmq/creds/*" { capabilities = ["read"] }')
  const token = await vault.token(["app"], { display_name: "a/b?c#%2F é" })
  const { data, body } = await vault.read("rabbitmq/creds/app", { token })
  assert.match(String(data.username), /^v-token-[A-Za-z0-9-]+-app-[0-9A-Za-z]{4}$/)
  assert.deepEqual(await usernames(), [data.username])
  await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })
  assert.deepEqual(await usernames(), [])
})

test("a user that is there already is not touched", { skip }, async () => {
  const vault = await withBroker({ username_template: "guest" })
  await vault.write("rabbitmq/roles/app", { tags: "monitoring" })
  assert.match((await vault.read("rabbitmq/creds/app")).errors[0] ?? "", /^the user guest is there already/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await ask("GET", "whoami")).status, 200)
})

test("a connection that is incomplete, wrong or full of secrets is refused, and its password not repeated", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/rabbitmq", { type: "rabbitmq" })
  assert.match((await vault.read("rabbitmq/creds/app")).errors[0] ?? "", /^unknown role: app$/)
  const right = { connection_uri: "http://127.0.0.1:1", username: "admin", password: "hunter2-s3cret" }
  const table: [Record<string, string>, RegExp][] = [
    [{ ...right, connection_uri: "" }, /^missing connection_uri$/],
    [{ ...right, username: "" }, /^missing username$/],
    [{ ...right, password: "" }, /^missing password$/],
    [{ ...right, connection_uri: "amqp://127.0.0.1" }, /must be an http or https address/],
    [{ ...right, connection_uri: "http://admin:hunter2-s3cret@127.0.0.1:1" }, /must not hold a user or password/],
    [{ ...right, username_template: "{{.Password}}" }, /there is no field .Password/],
    [right, /^failed to validate the connection: no answer from 127.0.0.1:1 to GET \/api\/users: ECONNREFUSED$/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("rabbitmq/config/connection", body)
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", text)
    assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/)
  }
  assert.equal((await vault.write("rabbitmq/config/connection", { ...right, verify_connection: false })).status, 204)
  await vault.write("rabbitmq/roles/app", { tags: "monitoring" })
  const unreachable = await vault.read("rabbitmq/creds/app")
  assert.equal(unreachable.status, 502)
  assert.doesNotMatch(JSON.stringify(unreachable.body), /hunter2/)
})

test("a wrong password is told as such when the connection is written", { skip }, async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/rabbitmq", { type: "rabbitmq" })
  const wrong = { connection_uri: broker.url, username: "guest", password: "wrong" }
  const answer = await vault.write("rabbitmq/config/connection", wrong)
  assert.match(
    answer.errors[0] ?? "",
    /^failed to validate the connection: .* answered GET \/api\/users with status 401$/,
  )
})
