/** Elasticsearch's and OpenSearch's native users, by their security APIs; names stand in paths percent-encoded. */

import { field, parseJson, type Received, refuse, type Values } from "@arca/api"
import { jsonOf, objectOf, textOf } from "../../answer.ts"
import { textsOf } from "../statements.ts"
import { account, type Connection, driver, passwordOf, type World } from "./driver.ts"
import { type Ask, asking, byStatus, httpFields, json } from "./http.ts"

const fields = {
  ...account,
  ...httpFields,
  use_old_xpack: field.bool("Speak to Elasticsearch 6, whose paths begin with _xpack.", { default: false }),
}

type Settings = Values<typeof fields>

const NAME = `{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | truncate 100 }}`

export const elasticsearch = driver({
  names: ["elasticsearch-database-plugin"],
  summary: "Elasticsearch.",
  fields,
  needs: ["url"],
  usernameTemplate: NAME,
  needsCreation: true,
  open: async (settings, world) => openElastic(settings, world),
})

/** `{"elasticsearch_roles": ["reader"]}`, or `{"elasticsearch_role_definition": {…}}`, which makes a role for the user alone. */
function rolesOf(statements: readonly string[]): { roles: string[]; definition?: unknown } {
  const [text = ""] = statements.flatMap(textsOf)
  const wrong = () =>
    refuse.invalid(
      'a creation statement is JSON such as {"elasticsearch_roles": ["reader"]} or {"elasticsearch_role_definition": {…}}',
    )
  let given: { elasticsearch_roles?: unknown; elasticsearch_role_definition?: unknown }
  try {
    given = parseJson(text) as typeof given
  } catch {
    throw wrong()
  }
  const { elasticsearch_roles: roles, elasticsearch_role_definition: definition } = given ?? {}
  if (definition !== undefined) return { roles: [], definition }
  if (!Array.isArray(roles) || !roles.every(role => typeof role === "string") || roles.length === 0) throw wrong()
  return { roles }
}

/** An account that enters with a certificate need not have a name. */
const NOBODY = "nobody"

/** `{"error": {"reason": …}}`, or `{"error": "…"}`. */
function wordsOfElastic(answer: Received): string {
  const { error } = jsonOf(answer)
  return textOf(error) || textOf(objectOf(error).reason)
}

function openElastic(settings: Settings, world: World): Connection {
  const ask: Ask = asking(settings, world, byStatus(wordsOfElastic))
  const root = settings.use_old_xpack ? "/_xpack/security" : "/_security"
  const user = (name: string) => `${root}/user/${encodeURIComponent(name)}`
  const role = (name: string) => `${root}/role/${encodeURIComponent(name)}`
  const exists = async (name: string) => (await ask("GET", user(name), { accept: [404] })).status !== 404
  return {
    // Whether the account is let in, and may see users: who may not manage them is told before a role needs it.
    verify: async () => void (await exists(settings.username || NOBODY)),
    create: async ({ username, secret, statements }) => {
      const { roles, definition } = rolesOf(statements)
      if (definition !== undefined) await ask("POST", role(username), json(definition))
      await ask(
        "POST",
        user(username),
        json({ password: passwordOf(secret), roles: definition === undefined ? roles : [username] }),
      )
    },
    change: async (username, secret) => {
      await ask("POST", `${user(username)}/_password`, json({ password: passwordOf(secret) }))
    },
    exists,
    drop: async username => {
      await ask("DELETE", user(username), { accept: [404] })
      // The role that was made for this user, if one was.
      await ask("DELETE", role(username), { accept: [404] })
    },
    close: async () => {},
  }
}

/** `{"status": "error", "reason": "Weak password"}`, or `{"status": "FORBIDDEN", "message": "…"}`. */
function wordsOfOpenSearch(answer: Received): string {
  const { reason, message } = jsonOf(answer)
  return textOf(reason) || textOf(message)
}

const openSearchFields = { ...account, ...httpFields }

/** OpenSearch is no plugin of Vault; its statements are the bodies that its API takes, without a password. */
export const opensearch = driver({
  names: ["opensearch-database-plugin"],
  summary: "OpenSearch. Not part of Vault.",
  fields: openSearchFields,
  needs: ["url"],
  usernameTemplate: NAME,
  needsCreation: true,
  open: async (settings, world) => {
    const ask = asking(settings, world, byStatus(wordsOfOpenSearch))
    const user = (name: string) => `/_plugins/_security/api/internalusers/${encodeURIComponent(name)}`
    const exists = async (name: string) => (await ask("GET", user(name), { accept: [404] })).status !== 404
    return {
      verify: async () => void (await exists(settings.username || NOBODY)),
      create: async ({ username, secret, statements }) => {
        const [text = ""] = statements.flatMap(textsOf)
        await ask("PUT", user(username), json({ ...bodyOf(text), password: passwordOf(secret) }))
      },
      change: async (username, secret) => {
        const patch = [{ op: "add", path: "/password", value: passwordOf(secret) }]
        await ask("PATCH", user(username), json(patch))
      },
      exists,
      drop: async username => void (await ask("DELETE", user(username), { accept: [404] })),
      close: async () => {},
    }
  },
})

function bodyOf(text: string): object {
  try {
    const body: unknown = parseJson(text)
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body
  } catch {
    // Told below, without the text.
  }
  throw refuse.invalid('a creation statement is JSON such as {"opendistro_security_roles": ["readall"]}')
}
