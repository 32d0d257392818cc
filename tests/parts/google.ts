/**
 * A fake of the parts of Google Cloud that the engine speaks to, by their REST reference: the token endpoint (RFC 7523, signatures
 * are checked), IAM's service accounts and keys, IAM policies with etags, and generateAccessToken. Every service is below its
 * host's name: `/iam.googleapis.com/v1/…`.
 *
 * Google's own Python client (google-auth 2.62) got access tokens of made and impersonated accounts from it, with keys that it
 * made, by hand, in November 2026. Policies and the rest are by the reference alone: no emulator was to be had.
 */

import { generateKeyPairSync, type KeyObject, randomBytes, verify } from "node:crypto"
import { type Answered, type Asked, type Fake, serveFake } from "./http-fake.ts"

interface Policy {
  etag: string
  bindings: { role: string; members: string[]; condition?: unknown }[]
}

export interface GoogleFake extends Fake {
  /** The credentials file of an account that may do everything. */
  readonly credentials: string
  readonly accounts: Map<string, { email: string; projectId: string }>
  /** By resource: `cloudresourcemanager.googleapis.com/v3/projects/p`. */
  readonly policies: Map<string, Policy>
  /** Names of keys to what checks their signatures. */
  readonly keys: Map<string, KeyObject>
  /** The next request whose path ends so is answered with this status. */
  failNext(ending: string, status: number): void
}

export async function googleFake(): Promise<GoogleFake> {
  const accounts = new Map<string, { email: string; projectId: string }>()
  const policies = new Map<string, Policy>()
  const keys = new Map<string, KeyObject>()
  const tokens = new Map<string, string>()
  let failing: { ending: string; status: number } | undefined
  let url = ""

  const error = (code: number, status: string, message: string): Answered => ({
    status: code,
    body: { error: { code, status, message } },
  })

  const newKey = (email: string): { name: string; file: string } => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const id = randomBytes(20).toString("hex")
    const projectId = accounts.get(email)?.projectId ?? ""
    const name = `projects/${projectId}/serviceAccounts/${email}/keys/${id}`
    keys.set(name, publicKey)
    const file = {
      type: "service_account",
      project_id: projectId,
      private_key_id: id,
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_email: email,
      token_uri: `${url}/oauth2.googleapis.com/token`,
    }
    return { name, file: JSON.stringify(file) }
  }

  const token = ({ body = {} }: Asked): Answered => {
    const [head = "", claims = "", signature = ""] = String(body.assertion).split(".")
    const decoded = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString())
    const { iss, aud, exp, iat } = decoded(claims)
    const name = [...keys.keys()].find(one => one.endsWith(`/${iss}/keys/${decoded(head).kid}`))
    const key = name === undefined ? undefined : keys.get(name)
    const isRight =
      key !== undefined &&
      body.grant_type === "urn:ietf:params:oauth:grant-type:jwt-bearer" &&
      // Google's own client always names the real place.
      [`${url}/oauth2.googleapis.com/token`, "https://oauth2.googleapis.com/token"].includes(aud) &&
      exp - iat <= 3600 &&
      verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url"))
    if (!isRight) return { status: 400, body: { error: "invalid_grant", error_description: "Invalid JWT Signature." } }
    const access_token = `ya29.${randomBytes(12).toString("hex")}`
    tokens.set(access_token, iss)
    return { status: 200, body: { access_token, expires_in: 3599, token_type: "Bearer" } }
  }

  const accountRoutes = ({ method, path, body = {} }: Asked): Answered | undefined => {
    const [, project = "", rest = ""] =
      /^\/iam\.googleapis\.com\/v1\/projects\/([^/]+)\/serviceAccounts(.*)$/.exec(path) ?? []
    if (project === "") return undefined
    if (rest === "" && method === "POST") {
      const email = `${body.accountId}@${project}.iam.gserviceaccount.com`
      if (!/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(String(body.accountId)))
        return error(400, "INVALID_ARGUMENT", "Invalid account id")
      if (accounts.has(email)) return error(409, "ALREADY_EXISTS", `Service account ${body.accountId} already exists`)
      const account = { email, projectId: project, name: `projects/${project}/serviceAccounts/${email}` }
      accounts.set(email, account)
      return { status: 200, body: account }
    }
    const [, email = "", below = ""] = /^\/([^/:]+)(.*)$/.exec(rest) ?? []
    const account = accounts.get(decodeURIComponent(email))
    if (account === undefined) return error(404, "NOT_FOUND", `Unknown service account ${email}`)
    if (below === "" && method === "GET") return { status: 200, body: account }
    if (below === "" && method === "DELETE") {
      accounts.delete(account.email)
      for (const name of keys.keys()) if (name.includes(`/${account.email}/`)) keys.delete(name)
      return { status: 200, body: {} }
    }
    if (below === "/keys" && method === "POST") {
      const { name, file } = newKey(account.email)
      const { keyAlgorithm, privateKeyType } = body
      return {
        status: 200,
        body: { name, privateKeyData: Buffer.from(file).toString("base64"), keyAlgorithm, privateKeyType },
      }
    }
    const key = [...keys.keys()].find(name => below.startsWith("/keys/") && name.endsWith(`/${account.email}${below}`))
    if (key === undefined) return error(404, "NOT_FOUND", "Unknown key")
    keys.delete(key)
    return { status: 200, body: {} }
  }

  const policyRoutes = ({ method, path, body = {} }: Asked): Answered | undefined => {
    const [, resource = "", what = ""] = /^\/(.+?)(:getIamPolicy|:setIamPolicy|\/iam)$/.exec(path) ?? []
    if (resource === "") return undefined
    const stored = policies.get(resource) ?? { etag: "0", bindings: [] }
    if (what === ":getIamPolicy" || (what === "/iam" && method === "GET")) return { status: 200, body: stored }
    const given = (what === "/iam" ? body : body.policy) as Policy
    if (given.etag !== stored.etag) return error(409, "ABORTED", "There were concurrent policy changes")
    for (const member of given.bindings.flatMap(one => one.members)) {
      const email = member.replace(/^serviceAccount:/, "")
      if (member !== email && !accounts.has(email))
        return error(400, "INVALID_ARGUMENT", `Service account ${email} does not exist.`)
    }
    policies.set(resource, { etag: String(Number(stored.etag) + 1), bindings: given.bindings })
    return { status: 200, body: policies.get(resource) }
  }

  const impersonation = ({ path, body = {} }: Asked): Answered | undefined => {
    const [, email = ""] =
      /^\/iamcredentials\.googleapis\.com\/v1\/projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(path) ??
      []
    if (email === "") return undefined
    if (!accounts.has(email)) return error(404, "NOT_FOUND", "Not found; Gaia id not found for email")
    const seconds = Number.parseInt(String(body.lifetime ?? "3600s"), 10)
    if (seconds > 3600) return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    const expireTime = new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, "Z")
    return { status: 200, body: { accessToken: `ya29.${randomBytes(12).toString("hex")}`, expireTime } }
  }

  const fake = await serveFake(asked => {
    if (failing !== undefined && asked.path.endsWith(failing.ending)) {
      const { status } = failing
      failing = undefined
      return error(status, "INTERNAL", "made to fail")
    }
    if (asked.path === "/oauth2.googleapis.com/token") return token(asked)
    if (!tokens.has(String(asked.headers.authorization).replace("Bearer ", "")))
      return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    return (
      policyRoutes(asked) ??
      accountRoutes(asked) ??
      impersonation(asked) ??
      error(404, "NOT_FOUND", "Method not found.")
    )
  })
  url = fake.url
  const root = "manager@root-project.iam.gserviceaccount.com"
  accounts.set(root, { email: root, projectId: "root-project" })
  return {
    ...fake,
    credentials: newKey(root).file,
    accounts,
    policies,
    keys,
    failNext: (ending, status) => void (failing = { ending, status }),
  }
}
