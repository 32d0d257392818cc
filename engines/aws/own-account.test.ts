/** The server's own account: every lookup goes where the rules of `outbound` allow, and no further. */

import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { testServer } from "@arca/server/testing"
import { type Answered, type Asked, serveFake } from "../../tests/parts/http-fake.ts"

const folder = mkdtempSync(join(tmpdir(), "arca-aws-"))
const closing: (() => void)[] = [() => rmSync(folder, { recursive: true })]
const own = process.env
after(() => {
  process.env = own
  for (const close of closing) close()
})

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

async function fake(answer: (asked: Asked) => Answered) {
  const server = await serveFake(answer)
  closing.push(server.close)
  return server
}

/** What AWS was asked with, when this environment is all there is: the access key and the session's token. */
async function actingAs(env: Record<string, string>): Promise<string> {
  const files = { AWS_CONFIG_FILE: join(folder, "none"), AWS_SHARED_CREDENTIALS_FILE: join(folder, "none") }
  process.env = { PATH: own.PATH, ...files, ...env }
  let seen = ""
  const iam = await fake(({ headers }) => {
    const [key] = /(?<=Credential=)[^/]*/.exec(String(headers.authorization)) ?? []
    seen = `${key} ${headers["x-amz-security-token"] ?? ""}`.trim()
    return {
      status: 403,
      body: "<ErrorResponse><Error><Code>AccessDenied</Code><Message>seen</Message></Error></ErrorResponse>",
    }
  })
  const vault = await testServer()
  await vault.write("sys/mounts/aws", { type: "aws" })
  await vault.write("aws/config/root", { iam_endpoint: iam.url, sts_endpoint: iam.url, max_retries: 0 })
  await vault.write("aws/roles/user", { credential_type: "iam_user" })
  const { errors } = await vault.read("aws/creds/user")
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
  return seen === "" ? String(errors[0]) : seen
}

const keys = (name: string) => ({
  AccessKeyId: name,
  SecretAccessKey: "s3cret",
  Token: `token-of-${name}`,
  Expiration: "2099-01-01T00:00:00Z",
})

test("a machine's role is asked for by version 2, once its address may be connected to", async () => {
  const machine = await fake(({ method, path, headers }) => {
    if (method === "PUT" && path === "/latest/api/token") return { status: 200, body: "imds-token" }
    if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return { status: 401 }
    if (path.endsWith("/security-credentials/")) return { status: 200, body: "app role\n" }
    return path.endsWith("/app%20role") ? { status: 200, body: keys("AKMACHINE") } : { status: 404 }
  })
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: machine.url }
  assert.equal(await actingAs(env), "AKMACHINE token-of-AKMACHINE")
})

test("the address that hands out a machine's account is refused until an operator names it", async () => {
  const refused =
    /^there is no AWS account to act with: give access_key .*169\.254\.1\S+ are not allowed.*"outbound" stanza/
  assert.match(await actingAs({}), refused)
  assert.match(await actingAs({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x" }), refused)
  const away = await actingAs({ AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" })
  assert.equal(away, "there is no AWS account to act with: give access_key and secret_key in config/root")
})

test("a container's account is asked for with its token, in the clear only nearby", async () => {
  const agent = await fake(({ headers }) =>
    headers.authorization === "pod-token" ? { status: 200, body: keys("AKPOD") } : { status: 401 },
  )
  const AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = file("pod-token", "pod-token\n")
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
  }
  assert.equal(await actingAs(env), "AKPOD token-of-AKPOD")
  const far = { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://credentials.example/x" }
  assert.match(await actingAs(far), /must be https, or an address of this machine$/)
})

test("a web identity is exchanged by the same way out", async () => {
  const env = { AWS_WEB_IDENTITY_TOKEN_FILE: file("jwt", "a.b.c"), AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/app" }
  const answer = `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>AKWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>web</SessionToken>
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
  const sts = await fake(({ body }) =>
    body?.Action === "AssumeRoleWithWebIdentity" && body.WebIdentityToken === "a.b.c"
      ? { status: 200, body: answer }
      : { status: 400 },
  )
  assert.equal(await actingAs({ ...env, AWS_ENDPOINT_URL_STS: sts.url }), "AKWEB web")
  const forbidden = await actingAs({ ...env, AWS_ENDPOINT_URL_STS: "http://169.254.169.254" })
  assert.match(forbidden, /169\.254\.169\.254.* are not allowed/)
})

test("the environment and profiles are taken as they are; one that asks the machine itself is not", async () => {
  const env = { AWS_ACCESS_KEY_ID: "AKENV", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" }
  assert.equal(await actingAs(env), "AKENV t")
  const AWS_SHARED_CREDENTIALS_FILE = file(
    "credentials",
    "[batch]\naws_access_key_id = AKFILE\naws_secret_access_key = s\n",
  )
  assert.equal(await actingAs({ AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE: "batch" }), "AKFILE")
  const AWS_CONFIG_FILE = file(
    "config",
    "[default]\nrole_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Ec2InstanceMetadata\n",
  )
  assert.match(await actingAs({ AWS_CONFIG_FILE }), /credential_source=Ec2InstanceMetadata .* is not supported/)
})
