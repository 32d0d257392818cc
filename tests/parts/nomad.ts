/**
 * A fake of Nomad's ACL API, by its documentation (developer.hashicorp.com/nomad/api-docs/acl): bootstrap, and tokens.
 *
 * Nomad's own Go client (github.com/hashicorp/nomad/api of September 2026) bootstrapped it, and made, read, listed and deleted
 * tokens there, by hand, in November 2026. It was not compared with a running Nomad.
 */

import { randomUUID } from "node:crypto"
import { type Answered, type Asked, type Fake, serveFake } from "./http-fake.ts"

interface Token {
  AccessorID: string
  SecretID: string
  Name: string
  Type: string
  Policies: string[] | null
  Global: boolean
}

export interface NomadFake extends Fake {
  /** A management token; undefined until the ACL system was bootstrapped. */
  readonly management: () => string | undefined
  readonly tokens: Map<string, Token>
  /** The next token is made, but its answer is lost. */
  loseNextAnswer(): void
}

/** Starts a fake whose ACL system is bootstrapped, or not yet. */
export async function nomadFake({ bootstrapped = true } = {}): Promise<NomadFake> {
  const tokens = new Map<string, Token>()
  let management: string | undefined
  let losing = false
  const add = (token: Omit<Token, "AccessorID" | "SecretID">): Token => {
    const made = { AccessorID: randomUUID(), SecretID: randomUUID(), ...token, CreateIndex: 1, ModifyIndex: 1 }
    tokens.set(made.AccessorID, made)
    return made
  }
  const bootstrap = (): Answered => {
    if (management !== undefined) return { status: 400, body: "ACL bootstrap already done (reset index: 7)" }
    const token = add({ Name: "Bootstrap Token", Type: "management", Policies: null, Global: true })
    management = token.SecretID
    return { status: 200, body: token }
  }
  if (bootstrapped) bootstrap()
  const create = ({ body = {} }: Asked): Answered => {
    const { Name = "", Type = "", Policies = [], Global = false } = body
    if (body.AccessorID) return { status: 400, body: "400 (cannot find token to update)" }
    if (Type !== "client" && Type !== "management")
      return { status: 400, body: "400 (token type must be client or management)" }
    if (String(Name).length > 256) return { status: 400, body: "400 (token name too long)" }
    const token = add({ Name: String(Name), Type, Policies: Policies as string[], Global: Global === true })
    if (!losing) return { status: 200, body: token }
    losing = false
    return { status: 502, body: "the answer was lost" }
  }
  const one = ({ method, path }: Asked): Answered => {
    const accessor = path.split("/").at(-1) ?? ""
    const token = tokens.get(accessor)
    if (token === undefined) return { status: 404, body: "ACL token not found" }
    if (method === "GET") return { status: 200, body: token }
    tokens.delete(accessor)
    return { status: 200 }
  }
  const fake = await serveFake(asked => {
    const { method, path, headers } = asked
    if (path === "/v1/acl/bootstrap") return bootstrap()
    const caller = [...tokens.values()].find(token => token.SecretID === headers["x-nomad-token"])
    if (caller === undefined) return { status: 403, body: "ACL token not found" }
    if (path === "/v1/acl/token/self") return { status: 200, body: caller }
    if (caller.Type !== "management") return { status: 403, body: "Permission denied" }
    if (path === "/v1/acl/tokens")
      return { status: 200, body: [...tokens.values()].map(({ SecretID: _, ...stub }) => stub) }
    if (path === "/v1/acl/token" && (method === "PUT" || method === "POST")) return create(asked)
    return one(asked)
  })
  return { ...fake, tokens, management: () => management, loseNextAnswer: () => void (losing = true) }
}
