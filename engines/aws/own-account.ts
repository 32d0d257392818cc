/**
 * This server's own account, where no keys are configured: what the SDK would look for by itself, in its order (environment, profile,
 * web identity, container, machine), but by the one way out. The SDK's own lookups at addresses that hand out credentials go
 * past the rules of `outbound`; those rules refuse such addresses until an operator names them.
 */

import { readFile } from "node:fs/promises"
import { awsRequestHandler, type Outbound, type Received, Refusal, refuse } from "@arca/api"
import { objectOf, textOf } from "../answer.ts"
import { library } from "../library.ts"

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** There is no account to act with, so that nothing was asked of AWS. */
export class NoAccount extends Error {
  override readonly name = "NoAccount"
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

type Environment = Readonly<Record<string, string | undefined>>

interface World {
  readonly outbound: Outbound
  readonly env: Environment
  readonly region: string
}

/** What a source has; undefined when it is not set up. */
type Source = (world: World) => Promise<Keys | undefined>

/** The keys of this server's own account; throws `NoAccount` when there are none, or they cannot be had. */
export const ownAccount =
  (outbound: Outbound, region: string, env: Environment = process.env) =>
  async (): Promise<Keys> => {
    for (const source of [environment, profile, webIdentity, container, machine]) {
      const found = await source({ outbound, env, region }).catch((error: unknown) => {
        throw new NoAccount(refusalOf(error))
      })
      if (found !== undefined) return found
    }
    throw new NoAccount(nobody(""))
  }

const nobody = (why: string): Refusal =>
  refuse.invalid(`there is no AWS account to act with: give access_key and secret_key in config/root${why}`)

function refusalOf(error: unknown): Refusal {
  const text = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "an unexpected failure"
  return error instanceof Refusal ? nobody(`, for ${error.message}`) : nobody(`, for ${text.slice(0, 300)}`)
}

const environment: Source = async ({ env }) => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env
  if (!accessKeyId || !secretAccessKey || env.AWS_PROFILE) return undefined
  return { accessKeyId, secretAccessKey, ...(token ? { sessionToken: token } : {}) }
}

/** What the SDK's clients that are made on the way are given. */
const inner = ({ outbound, region }: World) => ({ region, requestHandler: awsRequestHandler(outbound) })

/** Files of this machine (`~/.aws/config`), with roles that they name, sign-on and programs. */
const profile: Source = async world => {
  const { fromIni } = await library(
    "@aws-sdk/credential-provider-ini",
    () => import("@aws-sdk/credential-provider-ini"),
  )
  const { parseKnownFiles } = await library("@smithy/core", () => import("@smithy/core/config"))
  const profiles = await parseKnownFiles({})
  const name = world.env.AWS_PROFILE || "default"
  checkSources(profiles, name)
  const clientConfig = inner(world)
  return fromIni({ profile: name, clientConfig, parentClientConfig: clientConfig })().catch(nothing)
}

/** A profile's way to the machine's own account would go past `outbound`. */
function checkSources(profiles: Readonly<Record<string, Environment | undefined>>, first: string): void {
  const seen = new Set<string>()
  for (
    let name: string | undefined = first;
    name !== undefined && !seen.has(name);
    name = profiles[name]?.source_profile
  ) {
    seen.add(name)
    const source = profiles[name]?.credential_source
    if (source === undefined || source === "Environment") continue
    throw refuse.invalid(
      `credential_source=${source} of profile ${JSON.stringify(name)} is not supported; name a role by AWS_ROLE_ARN, or give keys`,
    )
  }
}

/** The SDK's way to say that a source is not set up. */
function nothing(error: unknown): undefined {
  if (
    error instanceof Error &&
    error.name === "CredentialsProviderError" &&
    !("tryNextLink" in error && error.tryNextLink === false)
  )
    return
  throw error
}

const webIdentity: Source = async world => {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = world.env
  if (!file || !role) return undefined
  const name = "@aws-sdk/credential-provider-web-identity"
  const { fromTokenFile } = await library(name, () => import("@aws-sdk/credential-provider-web-identity"))
  const clientConfig = inner(world)
  return fromTokenFile({ webIdentityTokenFile: file, roleArn: role, clientConfig, parentClientConfig: clientConfig })()
}

const LOOKUP_SECONDS = 2

/** ECS by a path, EKS and others by an address, which is in the clear only where it stays on this machine or its link. */
const container: Source = async ({ outbound, env }) => {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = env
  const address = path ? `http://169.254.170.2${path}` : full
  if (!address) return undefined
  const { protocol, hostname } = new URL(address)
  const isNear = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|169\.254\.170\.2(3)?|\[fd00:ec2::23\])$/.test(hostname)
  if (protocol !== "https:" && !isNear)
    throw refuse.invalid("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this machine")
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: given = "" } = env
  const authorization = (file ? await readFile(file, "utf8") : given).trim()
  const headers = authorization === "" ? {} : { authorization }
  return keysOf(await outbound.fetch(address, { headers, timeoutSeconds: LOOKUP_SECONDS }))
}

/** The role of an EC2 instance, by version 2 of its metadata service: a token first. */
const machine: Source = async ({ outbound, env }) => {
  const { AWS_EC2_METADATA_DISABLED: disabled, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } = env
  if (disabled && disabled !== "false") return undefined
  const base = (endpoint || "http://169.254.169.254").replace(/\/+$/, "")
  const life = { "x-aws-ec2-metadata-token-ttl-seconds": "60" }
  const ask = (path: string, headers: Readonly<Record<string, string>>, method = "GET") =>
    outbound.fetch(base + path, { method, headers, timeoutSeconds: LOOKUP_SECONDS })
  const asked = await ask("/latest/api/token", life, "PUT").catch((error: unknown) => {
    // Most machines are no instances: there is nobody to answer.
    if (error instanceof Refusal && error.status === 502) return undefined
    throw error
  })
  if (asked === undefined) return undefined
  const headers = { "x-aws-ec2-metadata-token": asked.text() }
  const roles = "/latest/meta-data/iam/security-credentials/"
  const [role = ""] = (await ask(roles, headers)).text().trim().split("\n")
  return keysOf(await ask(roles + encodeURIComponent(role), headers))
}

function keysOf(received: Received): Keys {
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = objectOf(received.json())
  const keys = { accessKeyId: textOf(AccessKeyId), secretAccessKey: textOf(SecretAccessKey) }
  if (keys.accessKeyId === "" || keys.secretAccessKey === "") throw refuse.upstream("the answer holds no keys")
  const expiration = Date.parse(textOf(Expiration))
  return {
    ...keys,
    sessionToken: textOf(Token),
    ...(Number.isNaN(expiration) ? {} : { expiration: new Date(expiration) }),
  }
}
