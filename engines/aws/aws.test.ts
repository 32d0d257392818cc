/** The engine against moto, which imitates IAM and STS. */

import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { after, before, test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import {
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
} from "@aws-sdk/client-iam"
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { type Aws, missing, start } from "../../tests/parts/moto.ts"
import { templateFor } from "./root.ts"

const skip = (await missing()) ?? false
const credentials = { accessKeyId: "test", secretAccessKey: "test" }

let cloud: Aws
let iam: IAMClient
before(async () => {
  if (skip !== false) return
  cloud = await start()
  iam = new IAMClient({ endpoint: cloud.url, region: "us-east-1", credentials })
  await iam.send(new CreateGroupCommand({ GroupName: "readers" }))
  const group = { GroupName: "readers", PolicyName: "inline", PolicyDocument: POLICY }
  await iam.send(new PutGroupPolicyCommand(group))
})
after(async () => cloud?.stop())

const POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'

const usernames = async (): Promise<string[]> =>
  ((await iam.send(new ListUsersCommand({}))).Users ?? []).map(user => user.UserName ?? "")

const keysOf = async (UserName: string): Promise<string[]> =>
  ((await iam.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata ?? []).map(key => key.AccessKeyId ?? "")

async function withAws(root: Record<string, string> = {}): Promise<TestServer> {
  const vault = await testServer()
  // Sessions end by AWS's clock.
  vault.clock.advance(`${Math.floor(Date.now() / 1000) - vault.clock.now()}s`)
  await vault.write("sys/mounts/aws", { type: "aws" })
  const endpoints = { iam_endpoint: cloud.url, sts_endpoint: cloud.url }
  const given = { access_key: "AKIAROOT", secret_key: "root-s3cret", ...endpoints, ...root }
  assert.deepEqual((await vault.write("aws/config/root", given)).errors, [])
  return vault
}

test("a user has what its role says, and is gone with all of it when its lease is over", { skip }, async () => {
  const vault = await withAws()
  await vault.write("aws/config/lease", { lease: "30m", lease_max: "1h" })
  const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: "managed", PolicyDocument: POLICY }))
  const role = {
    credential_type: "iam_user",
    policy_document: POLICY,
    policy_arns: Policy?.Arn ?? "",
    iam_groups: "readers",
    iam_tags: { team: "a" },
    user_path: "/made/",
  }
  assert.deepEqual((await vault.write("aws/roles/deploy", role)).errors, [])
  const issued = await vault.read("aws/creds/deploy")
  assert.deepEqual([issued.errors, issued.body.lease_duration], [[], 1800])
  const [UserName = ""] = await usernames()
  assert.match(UserName, /^vault-root-deploy-\d{10}-[0-9A-Za-z]{20}$/)
  assert.deepEqual(await keysOf(UserName), [issued.data.access_key])
  assert.equal(String(issued.data.secret_key).length, 40)
  const attached = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }))
  assert.equal(attached.AttachedPolicies?.[0]?.PolicyName, "managed")
  const inline = await iam.send(new GetUserPolicyCommand({ UserName, PolicyName: "deploy" }))
  assert.equal(decodeURIComponent(inline.PolicyDocument ?? ""), POLICY)
  assert.equal((await iam.send(new ListGroupsForUserCommand({ UserName }))).Groups?.[0]?.GroupName, "readers")
  assert.deepEqual((await iam.send(new ListUserTagsCommand({ UserName }))).Tags, [{ Key: "team", Value: "a" }])
  vault.clock.advance("31m")
  await vault.runJobs()
  assert.deepEqual(await usernames(), [])
})

test("a user that cannot be finished does not stay, and one that was there is not touched", { skip }, async () => {
  const vault = await withAws()
  await vault.write("aws/roles/lost", { credential_type: "iam_user", iam_groups: "no-such-group" })
  const failed = await vault.read("aws/creds/lost")
  assert.equal(failed.status, 400)
  assert.match(failed.errors[0] ?? "", /^Error adding user to group: NoSuchEntity/)
  assert.deepEqual(await usernames(), [])
  await iam.send(new CreateUserCommand({ UserName: "somebody" }))
  const same = await withAws({ username_template: "somebody" })
  await same.write("aws/roles/app", { credential_type: "iam_user", policy_document: POLICY })
  assert.match((await same.read("aws/creds/app")).errors[0] ?? "", /^the user somebody is there already/)
  same.clock.advance("1h")
  await same.runJobs()
  assert.deepEqual(await usernames(), ["somebody"])
})

test("a role is assumed for as long as it is asked, within the bounds of the role", { skip }, async () => {
  const vault = await withAws()
  const arns = ["arn:aws:iam::123456789012:role/one", "arn:aws:iam::123456789012:role/two"]
  const role = {
    credential_type: "assumed_role",
    role_arns: arns,
    max_sts_ttl: "2h",
    default_sts_ttl: "15m",
    iam_groups: "readers",
  }
  assert.deepEqual((await vault.write("aws/roles/app", role)).errors, [])
  assert.match((await vault.write("aws/sts/app")).errors[0] ?? "", /^did not supply a role_arn parameter/)
  const foreign = await vault.write("aws/sts/app", { role_arn: `${arns[0]}x` })
  assert.match(foreign.errors[0] ?? "", /not in allowed role arns for Vault role "app"$/)
  const issued = await vault.write("aws/sts/app", { role_arn: arns[0] ?? "", role_session_name: "build 7" })
  assert.deepEqual(issued.errors, [])
  assert.ok(Math.abs(Number(issued.body.lease_duration) - 900) < 5)
  assert.equal(issued.body.renewable, false)
  assert.match(String(issued.data.arn), /assumed-role\/one\/build_7$/)
  assert.equal(issued.data.security_token, issued.data.session_token)
  const sts = new STSClient({
    endpoint: cloud.url,
    region: "us-east-1",
    credentials: {
      accessKeyId: String(issued.data.access_key),
      secretAccessKey: String(issued.data.secret_key),
      sessionToken: String(issued.data.session_token),
    },
  })
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Arn, issued.data.arn)
  const long = await vault.ask("read", "aws/creds/app", { ttl: "12h", role_arn: arns[1] ?? "" })
  assert.ok(Math.abs(Number(long.body.lease_duration) - 7200) < 5)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })).status, 204)
})

test("federation tokens need a policy, session tokens need nothing", { skip }, async () => {
  const vault = await withAws()
  await vault.write("aws/roles/fed", { credential_type: "federation_token", policy_document: POLICY })
  const fed = await vault.write("aws/sts/fed", { ttl: "1h" })
  assert.match(String(fed.data.arn), /federated-user\/vault-\d{10}-[0-9A-Za-z]{15}$/)
  await vault.write("aws/roles/none", { credential_type: "federation_token" })
  assert.match((await vault.read("aws/creds/none")).errors[0] ?? "", /^must specify at least one of policy_arns/)
  await vault.write("aws/roles/ses", { credential_type: "session_token", default_sts_ttl: 900 })
  const session = await vault.read("aws/creds/ses")
  assert.deepEqual(session.errors, [])
  assert.ok(Number(session.data.ttl) <= 900 && Number(session.data.ttl) > 890)
})

test("a static role's access key is replaced by plan, and the one in use is not the one that goes", {
  skip,
}, async () => {
  const vault = await withAws()
  await iam.send(new CreateUserCommand({ UserName: "batch" }))
  await iam.send(new CreateAccessKeyCommand({ UserName: "batch" }))
  const written = await vault.write("aws/static-roles/batch", { username: "batch", rotation_period: "1h" })
  assert.deepEqual([written.data.username, written.data.rotation_period, written.errors], ["batch", 3600, []])
  const first = String((await vault.read("aws/static-creds/batch")).data.access_key)
  assert.ok((await keysOf("batch")).includes(first))
  vault.clock.advance("1h")
  await vault.runJobs()
  const second = String((await vault.read("aws/static-creds/batch")).data.access_key)
  assert.deepEqual((await keysOf("batch")).sort(), [first, second].sort())
  await vault.write("aws/static-roles/batch", { username: "batch", rotation_period: "2h" })
  vault.clock.advance("2h")
  await vault.runJobs()
  const third = String((await vault.read("aws/static-creds/batch")).data.access_key)
  assert.deepEqual((await keysOf("batch")).sort(), [second, third].sort())
  assert.deepEqual((await vault.list("aws/static-roles")).data.keys, ["batch"])
  assert.equal((await vault.delete("aws/static-roles/batch")).status, 204)
  assert.deepEqual(await keysOf("batch"), [second])
  const nobody = await vault.write("aws/static-roles/x", { username: "nobody", rotation_period: "1h" })
  assert.match(nobody.errors[0] ?? "", /^unable to validate username "nobody": NoSuchEntity/)
})

/** A way to AWS on which the answer to the first CreateAccessKey is lost. */
async function losingOnce(t: { after: (act: () => void) => void }): Promise<string> {
  let lost = false
  const proxy = createServer(async (request, response) => {
    const body = await text(request)
    const { authorization = "", "content-type": type = "" } = request.headers
    const headers = { authorization, "content-type": type }
    const answer = await fetch(`${cloud.url}${request.url}`, { method: request.method ?? "GET", headers, body })
    if (!lost && body.includes("Action=CreateAccessKey")) {
      lost = true
      response.destroy()
      return
    }
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/xml" })
    response.end(await answer.text())
  }).listen(0, "127.0.0.1")
  await once(proxy, "listening")
  t.after(() => proxy.close())
  const address = proxy.address()
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
}

test("a key whose answer was lost is the one that goes, not the one in use", { skip }, async t => {
  await iam.send(new CreateUserCommand({ UserName: "unlucky" }))
  const vault = await withAws({ iam_endpoint: await losingOnce(t), max_retries: "0" })
  const role = { username: "unlucky", rotation_period: "1h" }
  assert.equal((await vault.write("aws/static-roles/u", role)).status, 502)
  const [unknown = ""] = await keysOf("unlucky")
  vault.clock.advance("1m")
  await vault.runJobs()
  const first = String((await vault.read("aws/static-creds/u")).data.access_key)
  assert.deepEqual((await keysOf("unlucky")).sort(), [unknown, first].sort())
  vault.clock.advance("1h")
  await vault.runJobs()
  const second = String((await vault.read("aws/static-creds/u")).data.access_key)
  assert.deepEqual((await keysOf("unlucky")).sort(), [first, second].sort())
})

test("a root key whose answer was lost is deleted by the next rotation, and no other", { skip }, async t => {
  await iam.send(new CreateUserCommand({ UserName: "owner" }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "owner" }))
  const own = { access_key: AccessKey?.AccessKeyId ?? "", secret_key: AccessKey?.SecretAccessKey ?? "" }
  const vault = await withAws({ ...own, iam_endpoint: await losingOnce(t), max_retries: "0" })
  assert.equal((await vault.write("aws/config/rotate-root")).status, 502)
  assert.equal((await keysOf("owner")).length, 2)
  const rotated = await vault.write("aws/config/rotate-root")
  assert.deepEqual(rotated.errors, [])
  assert.deepEqual(await keysOf("owner"), [rotated.data.access_key])
})

test("the account's own key is replaced", { skip }, async () => {
  await iam.send(new CreateUserCommand({ UserName: "manager" }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "manager" }))
  const own = { access_key: AccessKey?.AccessKeyId ?? "", secret_key: AccessKey?.SecretAccessKey ?? "" }
  const vault = await withAws(own)
  const rotated = await vault.write("aws/config/rotate-root")
  assert.deepEqual(rotated.errors, [])
  assert.notEqual(rotated.data.access_key, own.access_key)
  assert.deepEqual(await keysOf("manager"), [rotated.data.access_key])
  const shown = (await vault.read("aws/config/root")).data
  assert.equal(shown.access_key, rotated.data.access_key)
  assert.ok(!("secret_key" in shown) && !("stale_key" in shown))
  const empty = await withAws({ access_key: "", secret_key: "" })
  assert.match((await empty.write("aws/config/rotate-root")).errors[0] ?? "", /^Cannot call config\/rotate-root/)
})

test("a write of the root configuration keeps what it does not mention, but for the template", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  const given = { access_key: "AKIA", secret_key: "s", region: "eu-west-1", sts_region: "us-east-1", max_retries: 3 }
  await vault.write("aws/config/root", { ...given, username_template: "x{{random 9}}" })
  await vault.write("aws/config/root", { region: "eu-west-2" })
  const { username_template, ...shown } = (await vault.read("aws/config/root")).data
  const { secret_key: _, ...plain } = given
  assert.deepEqual(shown, { ...plain, region: "eu-west-2", iam_endpoint: "", sts_endpoint: "" })
  assert.match(String(username_template), /^\{\{ if \(eq \.Type "STS"\) \}\}/)
})

test("an endpoint that is away or forbidden is told without the secret", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  await vault.write("aws/roles/app", { credential_type: "session_token" })
  const secret = { access_key: "AKIA", secret_key: "hunter2-s3cret", max_retries: 0 }
  await vault.write("aws/config/root", { ...secret, sts_endpoint: "http://127.0.0.1:1" })
  const away = await vault.read("aws/creds/app")
  assert.match(away.errors[0] ?? "", /ECONNREFUSED$/)
  await vault.write("aws/config/root", { ...secret, sts_endpoint: "http://169.254.169.254" })
  const forbidden = await vault.read("aws/creds/app")
  assert.match(forbidden.errors[0] ?? "", /connections to "169.254.169.254" are not allowed/)
  assert.doesNotMatch(JSON.stringify([away.body, forbidden.body]), /hunter2/)
})

test("without an account of any kind the answer says what to give, and nothing is left to clean up", async t => {
  t.mock.property(process, "env", { PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: "true" })
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  await vault.write("aws/roles/user", { credential_type: "iam_user" })
  await vault.write("aws/roles/session", { credential_type: "session_token" })
  for (const path of ["aws/creds/user", "aws/sts/session"]) {
    assert.match((await vault.read(path)).errors[0] ?? "", /^there is no AWS account to act with: give access_key/)
  }
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("roles and configurations that make no sense are refused in Vault's words", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  const iamUser = { credential_type: "iam_user" }
  const table: [Record<string, string | number>, RegExp][] = [
    [
      {},
      /^error\(s\) validating supplied role data: "1 error occurred:\\n\\t\* did not supply credential_type\\n\\n"$/,
    ],
    [{ credential_type: "other" }, /unrecognized credential type: other/],
    [
      { ...iamUser, default_sts_ttl: 900 },
      /default_sts_ttl parameter only valid for assumed_role, federation_token, and/,
    ],
    [{ ...iamUser, role_arns: "arn:aws:iam::1:role/a" }, /cannot supply role_arns when credential_type isn't/],
    [{ ...iamUser, user_path: "no-slash" }, /the specified value for user_path is invalid/],
    [{ credential_type: "iam_user,federation_token" }, /unrecognized credential type: iam_user,federation_token/],
    [{ credential_type: "session_token", policy_document: "{}" }, /cannot supply a policy or role when using/],
    [{ ...iamUser, external_id: "x" }, /cannot supply external_id when credential_type isn't assumed_role/],
    [{ ...iamUser, permissions_boundary_arn: "x" }, /invalid permissions_boundary_arn parameter/],
    [{ ...iamUser, policy_document: "{" }, /^cannot parse policy document/],
    [
      { credential_type: "session_token", default_sts_ttl: 20, max_sts_ttl: 10 },
      /less than or equal to \\"max_sts_ttl\\"/,
    ],
    [{ ...iamUser, policy: "{}" }, /^cannot supply deprecated role or policy parameters/],
    [{ policy: "{}", user_path: "/" }, /^cannot supply deprecated role or policy parameters with user_path$/],
    [{ policy: "x" }, /^unable to parse supplied data: "x"$/],
    [{ policy: "{}", arn: "arn:aws:iam::1:role/a" }, /^only one of policy or arn should be provided$/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("aws/roles/wrong", body)
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", text)
  }
  const roots: [Record<string, string>, RegExp][] = [
    [{ access_key: "a" }, /^access_key and secret_key go together/],
    [{ region: "a/b" }, /is no name of a region$/],
    [{ iam_endpoint: "http://a?b" }, /is no address of an endpoint$/],
    [{ username_template: "{{.Role}}" }, /there is no field .Role/],
  ]
  for (const [body, text] of roots) assert.match((await vault.write("aws/config/root", body)).errors[0] ?? "", text)
  assert.match((await vault.write("aws/config/lease", { lease: "1h" })).errors[0] ?? "", /^'lease_max' is a required/)
  assert.deepEqual((await vault.read("aws/creds/none")).errors, ['Role "none" not found'])
})

test("older roles are told by their text", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  const written = await vault.write("aws/roles/old", {
    arn: "arn:aws:iam::123456789012:role/app",
    iam_groups: "g",
    x: 1,
  })
  assert.match(written.warnings[0] ?? "", /Detected use of legacy role or policy parameter/)
  assert.equal(written.warnings[1], "Endpoint ignored these unrecognized parameters: [x]")
  const { credential_type, iam_groups, role_arns } = (await vault.read("aws/roles/old")).data
  assert.deepEqual(
    { credential_type, iam_groups, role_arns },
    { credential_type: "assumed_role", iam_groups: null, role_arns: ["arn:aws:iam::123456789012:role/app"] },
  )
  await vault.write("aws/roles/older", { policy: POLICY })
  assert.equal((await vault.read("aws/roles/older")).data.credential_type, "iam_user,federation_token")
})

test("a condition on the type chooses the part of a template", () => {
  const text = '{{ if (eq .Type "STS") }}short{{ else }}long{{ end }}'
  assert.deepEqual(
    [templateFor(text, "STS"), templateFor(text, "IAM"), templateFor("x", "STS")],
    ["short", "long", "x"],
  )
})
