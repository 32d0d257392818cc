/**
 * A fake of Consul's ACL API, by its documentation (developer.hashicorp.com/consul/api-docs/acl): bootstrap, and tokens.
 *
 * Consul's own Go client (github.com/hashicorp/consul/api 1.34.0) bootstrapped it, and made, read, listed and deleted tokens
 * there, by hand, in November 2026; its answers are those of Consul 1.14.11, which engines/consul/server.test.ts runs against.
 */

import { randomUUID } from "node:crypto"
import { type Answered, type Asked, type Fake, serveFake } from "./http-fake.ts"

interface Token {
  AccessorID: string
  SecretID: string
  Description: string
  Policies: { ID: string; Name: string }[]
  Local: boolean
}

export interface ConsulFake extends Fake {
  /** A token that may do everything; undefined until the ACL system was bootstrapped. */
  readonly management: () => string | undefined
  readonly tokens: Map<string, Token>
}

const POLICIES = new Map([
  ["global-management", "00000000-0000-0000-0000-000000000001"],
  ["app-read", "11111111-0000-0000-0000-000000000001"],
])

/** Starts a fake whose ACL system is bootstrapped, or not yet. */
export async function consulFake({ bootstrapped = true } = {}): Promise<ConsulFake> {
  const tokens = new Map<string, Token>()
  let management: string | undefined
  const add = (token: Token): Token => {
    tokens.set(token.AccessorID, token)
    return token
  }
  const bootstrap = (): Answered => {
    if (management !== undefined)
      return { status: 403, body: "Permission denied: ACL bootstrap no longer allowed (reset index: 13)" }
    const Policies = [{ ID: POLICIES.get("global-management") ?? "", Name: "global-management" }]
    const token = {
      AccessorID: randomUUID(),
      SecretID: randomUUID(),
      Description: "Bootstrap Token (Global Management)",
      Policies,
      Local: false,
    }
    management = add(token).SecretID
    return { status: 200, body: token }
  }
  if (bootstrapped) bootstrap()
  const create = ({ body = {} }: Asked): Answered => {
    const { Description = "", Policies = [], Local = false } = body
    // Consul's own client sends empty ids for "choose one".
    const [AccessorID, SecretID] = [body.AccessorID || randomUUID(), body.SecretID || randomUUID()]
    if (tokens.has(String(AccessorID))) return { status: 500, body: "Invalid Token: AccessorID is already in use" }
    const linked: { ID: string; Name: string }[] = []
    for (const { Name } of Policies as { Name: string }[]) {
      const ID = POLICIES.get(Name)
      if (ID === undefined) return { status: 500, body: `No such ACL policy with name ${JSON.stringify(Name)}` }
      linked.push({ ID, Name })
    }
    const made = {
      ...body,
      AccessorID: String(AccessorID),
      SecretID: String(SecretID),
      Description: String(Description),
      Policies: linked,
      Local: Local === true,
      CreateTime: "2026-01-01T00:00:00.000000Z",
      CreateIndex: 1,
      ModifyIndex: 1,
    }
    return { status: 200, body: add(made) }
  }
  const one = ({ method, path }: Asked): Answered => {
    const accessor = path.split("/").at(-1) ?? ""
    const token = tokens.get(accessor)
    if (method === "GET")
      return token === undefined ? { status: 403, body: "ACL not found" } : { status: 200, body: token }
    // One that is not there is deleted as well.
    tokens.delete(accessor)
    return { status: 200, body: true }
  }
  const fake = await serveFake(asked => {
    const { method, path, headers } = asked
    if (path === "/v1/acl/bootstrap") return bootstrap()
    const caller = [...tokens.values()].find(token => token.SecretID === headers["x-consul-token"])
    if (caller === undefined) return { status: 403, body: "ACL not found" }
    if (path === "/v1/acl/token/self") return { status: 200, body: caller }
    if (caller.SecretID !== management)
      return { status: 403, body: "Permission denied: token lacks permission 'acl:write'" }
    if (path === "/v1/acl/tokens") return { status: 200, body: [...tokens.values()] }
    if (path === "/v1/acl/token" && method === "PUT") return create(asked)
    return one(asked)
  })
  return { ...fake, tokens, management: () => management }
}
