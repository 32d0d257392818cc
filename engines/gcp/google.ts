/** Google's APIs over HTTP, spoken to as a service account (RFC 7523: a signed statement is exchanged for an access token). */

import { createPrivateKey, createSign } from "node:crypto"
import { type Context, type JsonObject, parseJson, refuse } from "@arca/api"
import { type Called, callWithBearer, objectOf, textOf } from "../answer.ts"

/** Where a service is: `iam.googleapis.com` is at `https://iam.googleapis.com`. Tests have others. */
export type Places = (host: string) => string

/** The file that a key of a service account comes in. */
export interface Credentials {
  readonly email: string
  readonly privateKey: string
  readonly keyId: string
  readonly project: string
  readonly tokenUri: string
}

/** Reads a credentials file. Refuses (400) what is none, without quoting it. */
export function credentialsOf(text: string): Credentials {
  let file: JsonObject
  try {
    file = objectOf(parseJson(text))
  } catch {
    throw refuse.invalid("invalid credentials JSON file: it is no JSON")
  }
  const credentials = {
    email: textOf(file.client_email),
    privateKey: textOf(file.private_key),
    keyId: textOf(file.private_key_id),
    project: textOf(file.project_id),
    tokenUri: textOf(file.token_uri) || "https://oauth2.googleapis.com/token",
  }
  if (file.type !== "service_account" || credentials.email === "" || !isKey(credentials.privateKey))
    throw refuse.invalid("invalid credentials JSON file: it must be the key of a service account, as Google gives it")
  return credentials
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa"
  } catch {
    return false
  }
}

const part = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString("base64url")

export interface AccessToken {
  readonly token: string
  /** Seconds since 1970. */
  readonly expiresAt: number
}

const HOUR = 3600
export const CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

/** An access token of a service account, by its key. */
export async function accessToken(
  ctx: Context,
  { email, privateKey, keyId, tokenUri }: Credentials,
  scopes: readonly string[],
): Promise<AccessToken> {
  const now = Math.floor(ctx.now)
  const head = part({ alg: "RS256", typ: "JWT", kid: keyId })
  const claims = part({ iss: email, scope: scopes.join(" "), aud: tokenUri, iat: now, exp: now + HOUR })
  const signature = createSign("RSA-SHA256").update(`${head}.${claims}`).sign(privateKey, "base64url")
  const received = await ctx.outbound.fetch(tokenUri, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: `${head}.${claims}.${signature}`,
    }).toString(),
    accept: [400, 401],
  })
  const answer = objectOf(received.json())
  if (received.status !== 200) {
    // What RFC 6749 5.2 defines: a word and a sentence, neither of them secret.
    const why = [textOf(answer.error), textOf(answer.error_description).slice(0, 200)].filter(Boolean).join(": ")
    throw refuse.upstream(`Google gives no access token to ${email}: ${why || `status ${received.status}`}`)
  }
  const seconds = typeof answer.expires_in === "number" ? answer.expires_in : HOUR
  return { token: textOf(answer.access_token), expiresAt: now + seconds }
}

/** Calls to Google's services with one access token. */
export interface Google {
  /** Refuses (502) every status but 2xx and those in `accept`. */
  call(method: string, host: string, path: string, body?: JsonObject, accept?: readonly number[]): Promise<Called>
}

export async function google(ctx: Context, places: Places, credentials: Credentials): Promise<Google> {
  const { token } = await accessToken(ctx, credentials, [CLOUD_SCOPE])
  return {
    call: async (method, host, path, body, accept = []) => {
      return callWithBearer(ctx, { method, host, base: places(host), path, token, body, accept })
    },
  }
}
