import { readFile } from "node:fs/promises"
import type { Client, Secret } from "@arca/sdk"
import { NOTHING } from "./send.ts"
import { isObject, number, string } from "./shape.ts"

export type Prompt = (question: string) => Promise<string>

interface Attempt {
  /** With the token at hand, for methods that check it. */
  readonly server: Client
  readonly anonymous: Client
  readonly mount: string
  readonly config: Readonly<Record<string, string>>
  readonly prompt: Prompt
}

/** Turns what a person typed into a login; the reply has an auth part, or wraps one. */
export type LoginMethod = (attempt: Attempt) => Promise<Secret>

/** The method of that name; one that we do not know sends its pairs to `login` as they are, which suits most. */
export const loginMethod = (type: string): LoginMethod => methods.get(type) ?? plainLogin

const methods = new Map<string, LoginMethod>([
  ["token", tokenLogin],
  ["userpass", passwordLogin],
  ["ldap", passwordLogin],
  ["radius", passwordLogin],
  ["kubernetes", kubernetesLogin],
])

async function tokenLogin({ server, config, prompt }: Attempt): Promise<Secret> {
  const token = (config.token ?? (await prompt("Token"))).trim()
  if (token === "") throw new Error("a token must be passed to auth, please view the help for more information")
  const bare: Secret = { ...NOTHING, auth: authOf({ id: token }) }
  if (/^(0|f|false)$/i.test(config.lookup ?? "")) return bare
  try {
    const found = await server.with({ token, wrapTtl: undefined }).read("auth/token/lookup-self")
    return { ...bare, auth: authOf({ id: token, ...found?.data }) }
  } catch (error) {
    throw new Error(`error looking up token: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** What a lookup says, in the form of a login's reply. */
function authOf(data: Record<string, unknown> & { id: string }): NonNullable<Secret["auth"]> {
  const { accessor, policies, identity_policies, meta, ttl, renewable, orphan, entity_id, type, num_uses } =
    data as NonNullable<Secret["data"]>
  const names = (value: typeof policies): string[] => (Array.isArray(value) ? value.map(String) : [])
  return {
    client_token: data.id,
    accessor: string(accessor),
    token_policies: names(policies),
    identity_policies: names(identity_policies),
    policies: [...new Set([...names(policies), ...names(identity_policies)])].sort(),
    metadata: isObject(meta)
      ? Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, String(value)]))
      : null,
    lease_duration: number(ttl),
    renewable: renewable === true,
    orphan: orphan === true,
    entity_id: string(entity_id),
    token_type: string(type),
    num_uses: number(num_uses),
    mfa_requirement: null,
  }
}

async function passwordLogin({ anonymous, mount, config, prompt }: Attempt): Promise<Secret> {
  const { username } = config
  if (!username) throw new Error("'username' must be specified")
  const password = config.password || (await prompt("Password"))
  return replied(anonymous.write(`auth/${mount}/login/${username}`, { password }))
}

/** Inside a pod the token lies where Kubernetes puts it. */
async function kubernetesLogin({ anonymous, mount, config }: Attempt): Promise<Secret> {
  if (!config.role) throw new Error("'role' must be specified")
  const jwt = config.jwt ?? (await readFile(config.token_path ?? SERVICE_ACCOUNT, "utf8")).trim()
  return replied(anonymous.write(`auth/${mount}/login`, { role: config.role, jwt }))
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"

async function plainLogin({ anonymous, mount, config }: Attempt): Promise<Secret> {
  const { mount: _, ...pairs } = config
  return replied(anonymous.write(`auth/${mount}/login`, pairs))
}

async function replied(reply: Promise<Secret | null>): Promise<Secret> {
  const secret = await reply
  if (secret === null) throw new Error("empty response from credential provider")
  return secret
}
