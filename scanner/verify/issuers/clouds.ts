import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto"
import { basicPair, factsOf, none, question, textAt } from "../http.ts"
import { accountOfKey, signed } from "../sigv4.ts"
import { type Credential, dead, type Outgoing, type Reply, unknown, type Verifier, verified } from "../verifier.ts"

const form = { "content-type": "application/x-www-form-urlencoded" }

/** GetCallerIdentity needs no right: any live key may ask who it is. */
const aws: Verifier = {
  issuer: "AWS",
  rules: ["aws-secret-access-key"],
  hosts: ["sts.us-east-1.amazonaws.com"],
  requests({ secret, parts, now }) {
    const id = parts.get("aws-access-token")
    const session = parts.get("aws-session-token")
    if (id === undefined) return "the access key ID that it belongs to is not near"
    if (id.startsWith("ASIA") && session === undefined) return "a temporary key, whose session token is not near"
    const host = "sts.us-east-1.amazonaws.com"
    const body = "Action=GetCallerIdentity&Version=2011-06-15"
    const keys = { id, secret, ...(session === undefined ? {} : { session }) }
    const request = { method: "POST", host, path: "/", query: "", headers: form, body }
    return [{ method: "POST", url: `https://${host}/`, headers: signed(request, keys, "us-east-1", "sts", now), body }]
  },
  read(reply, { parts }) {
    const account = accountOfKey(parts.get("aws-access-token") ?? "")
    const known: Record<string, string> = account === undefined ? {} : { account }
    const identity =
      textAt(reply.json, "GetCallerIdentityResponse.GetCallerIdentityResult.Arn") ?? tag(reply.text, "Arn")
    if (reply.status === 200 && identity !== undefined)
      return verified({ account: tag(reply.text, "Account") ?? account ?? "", identity })
    const code = textAt(reply.json, "Error.Code") ?? tag(reply.text, "Code") ?? ""
    if (/InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|UnrecognizedClient/.test(code))
      return dead({ ...known, code })
    return unknown(`answered ${reply.status} ${code}`.trim(), known)
  },
}

const tag = (xml: string, name: string) => new RegExp(`<${name}>([^<]{1,300})</${name}>`).exec(xml)?.[1]

/** A service account proves itself with a signed assertion (RFC 7523) for which Google gives a token of an hour. */
const serviceAccount: Verifier = {
  issuer: "Google Cloud",
  rules: ["gcp-service-account-key"],
  hosts: ["oauth2.googleapis.com"],
  requests({ match, now }) {
    const account = parsed(match)
    const email = textAt(account, "client_email")
    const pem = textAtFull(account, "private_key")
    if (email === undefined || pem === undefined) return "the key file is not complete"
    const key = privateKey(pem)
    if (key === undefined) return "the private key in it cannot be read"
    const assertion = assertionOf(email, key, now)
    const body = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    }).toString()
    return [{ method: "POST", url: "https://oauth2.googleapis.com/token", headers: form, body, hide: [assertion] }]
  },
  read(reply, { match }) {
    const account = parsed(match)
    const facts = factsOf(
      { ...reply, json: account },
      { account: "client_email", project: "project_id", key: "private_key_id" },
    )
    if (reply.status === 200) return verified(facts)
    const error = textAt(reply.json, "error") ?? ""
    return error === "invalid_grant"
      ? dead({ ...facts, error })
      : unknown(`answered ${reply.status} ${error}`.trim(), facts)
  },
}

function assertionOf(email: string, key: KeyObject, now: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const claims = {
    iss: email,
    scope: "https://www.googleapis.com/auth/userinfo.email",
    aud: "https://oauth2.googleapis.com/token",
    iat: now,
    exp: now + 60,
  }
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textAtFull(json: unknown, key: string): string | undefined {
  const value = typeof json === "object" && json !== null ? Reflect.get(json, key) : undefined
  return typeof value === "string" ? value : undefined
}

function privateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** Azure says by number what is wrong (AADSTS codes, learn.microsoft.com "Microsoft Entra error codes"). */
const azureSecret = question({
  issuer: "Azure",
  rules: ["azure-ad-client-secret"],
  post: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
  auth: none,
  headers: form,
  body: "client_id={client}&client_secret={secret}&grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
  fill: ({ parts }) => {
    const client = parts.get("azure-client-id")
    const tenant = parts.get("azure-tenant-id")
    return client === undefined || tenant === undefined
      ? "the application and tenant IDs that it belongs to are not near"
      : { client, tenant }
  },
  dead: [],
  judge: (reply, { parts }) => {
    const facts = { application: parts.get("azure-client-id") ?? "", tenant: parts.get("azure-tenant-id") ?? "" }
    if (reply.status === 200) return verified(facts)
    const codes = textAt(reply.json, "error_codes") ?? ""
    // 7000215: wrong secret; 7000222: expired.
    if (/\b(?:7000215|7000222)\b/.test(codes)) return dead({ ...facts, code: codes })
    return unknown(`answered ${reply.status} ${codes}`.trim(), facts)
  },
})

/** Lists at most one container, signed with the account's key (learn.microsoft.com, "Authorize with Shared Key"). */
const azureStorage: Verifier = {
  issuer: "Azure Storage",
  rules: ["azure-storage-connection-string", "azure-storage-account-key"],
  hosts: ["*.blob.core.windows.net"],
  requests(credential) {
    const account = storageAccount(credential)
    if (account === undefined) return "the account's name is not near"
    const date = new Date(credential.now * 1000).toUTCString()
    const version = "2021-08-06"
    const text = `GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:${date}\nx-ms-version:${version}\n/${account}/\ncomp:list\nmaxresults:1`
    const signature = createHmac("sha256", Buffer.from(credential.secret, "base64")).update(text).digest("base64")
    const headers = { "x-ms-date": date, "x-ms-version": version, authorization: `SharedKey ${account}:${signature}` }
    return [{ method: "GET", url: `https://${account}.blob.core.windows.net/?comp=list&maxresults=1`, headers }]
  },
  read(reply, credential) {
    const account = storageAccount(credential) ?? ""
    const code = reply.headers["x-ms-error-code"] ?? tag(reply.text, "Code") ?? ""
    if (reply.status === 200) return verified({ account })
    if (code === "AuthenticationFailed") return dead({ account, code })
    // The key fits; the account's firewall or policy refuses this caller.
    if (code === "AuthorizationFailure" || code === "KeyBasedAuthenticationNotPermitted")
      return verified({ account, code })
    return unknown(`answered ${reply.status} ${code}`.trim(), { account })
  },
}

function storageAccount({ match, parts }: Credential): string | undefined {
  const name = /AccountName=([a-z0-9]{3,24})/i.exec(match)?.[1] ?? parts.get("azure-storage-account-name")
  return name?.toLowerCase()
}

const azureDevops: Verifier = {
  issuer: "Azure DevOps",
  rules: ["azure-devops-personal-access-token", "azure-devops-legacy-token"],
  hosts: ["app.vssps.visualstudio.com"],
  requests({ secret }): Outgoing[] {
    const { headers, hide } = basicPair("", secret)
    return [
      {
        method: "GET",
        url: "https://app.vssps.visualstudio.com/_apis/profile/profiles/me?api-version=7.0",
        headers,
        hide,
      },
    ]
  },
  read(reply: Reply) {
    if (reply.status === 200 && reply.json !== undefined)
      return verified(factsOf(reply, { name: "displayName", email: "emailAddress" }))
    // A page to sign in at is the answer to a token that is not known.
    return reply.status === 401 || reply.status === 203 ? dead() : unknown(`answered ${reply.status}`)
  },
}

/** Amazon, Google and Microsoft. */
export const clouds: Verifier[] = [
  aws,
  serviceAccount,
  question({
    issuer: "Google",
    rules: ["gcp-api-key", "gcp-gemini-api"],
    get: "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1&key={secret}",
    auth: none,
    facts: { model: "models.0.name" },
    judge: reply => {
      const reason = textAt(reply.json, "error.details.0.reason")
      if (reason === undefined) return undefined
      if (reason === "API_KEY_INVALID") return dead({ reason })
      // The key is known and may not call this service, or not from here: many are public by design.
      return reason.startsWith("API_KEY_") || reason === "SERVICE_DISABLED"
        ? verified({ reason })
        : unknown(`answered ${reason}`)
    },
  }),
  question({
    issuer: "Google",
    rules: ["google-oauth-access-token"],
    get: "https://oauth2.googleapis.com/tokeninfo?access_token={secret}",
    auth: none,
    dead: [400],
    facts: { email: "email", scopes: "scope", seconds: "expires_in" },
  }),
  azureSecret,
  azureStorage,
  azureDevops,
]
