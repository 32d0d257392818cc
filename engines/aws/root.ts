/** `config/root` and `config/lease`: the account that manages IAM, and how long users live. */

import {
  field,
  formatDuration,
  type JsonObject,
  parseDuration,
  refuse,
  route,
  singleRecord,
  singleRoute,
  type Values,
} from "@arca/api"
import { compileTemplate } from "../username-template.ts"

/** What a name may ask for. */
export const NAME_FIELDS = ["Type", "DisplayName", "PolicyName"]

/** Vault's own. Conditions are known in this form only. */
const USERNAME_TEMPLATE =
  '{{ if (eq .Type "STS") }}{{ printf "vault-%s-%s"  (unix_time) (random 20) | truncate 32 }}{{ else }}{{ printf "vault-%s-%s-%s" (printf "%s-%s" (.DisplayName) (.PolicyName) | truncate 42) (unix_time) (random 20) | truncate 64 }}{{ end }}'

const IF_TYPE =
  /^\s*\{\{-?\s*if\s+\(?\s*eq\s+\.Type\s+"(STS|IAM)"\s*\)?\s*-?\}\}([\s\S]*?)\{\{-?\s*else\s*-?\}\}([\s\S]*?)\{\{-?\s*end\s*-?\}\}\s*$/

/** The part of a template for a type of name: of users and roles (`IAM`), or of federated sessions (`STS`). */
export function templateFor(template: string, type: "IAM" | "STS"): string {
  const found = IF_TYPE.exec(template)
  if (found === null) return template
  const [, asked, then = "", otherwise = ""] = found
  return asked === type ? then : otherwise
}

export const root = singleRecord("root configuration", "config/root", {
  access_key: field.string("The access key that manages IAM.", { default: "", plain: true }),
  secret_key: field.string("Its secret.", { default: "", secret: true }),
  region: field.string("The region of calls.", { default: "", plain: true }),
  iam_endpoint: field.string("Another address of IAM.", { default: "", plain: true }),
  sts_endpoint: field.string("Another address of STS.", { default: "", plain: true }),
  sts_region: field.string("The region of calls to STS; that of the others without one.", { default: "", plain: true }),
  max_retries: field.int("How often a call is tried again; -1 leaves it to the SDK.", { default: -1 }),
  username_template: field.string("How users and sessions are named.", { default: USERNAME_TEMPLATE, plain: true }),
  /** Not parameters: what a rotation that is not finished leaves behind. */
  stale_key: field.string("The access key to be deleted.", { default: "" }),
  keys_before: field.commaList("The access keys there were when a rotation began.", { default: [] }),
})

export type Root = Values<typeof root.fields>

export const lease = singleRecord("lease configuration", "config/lease", {
  lease: field.duration("How long a user lives before it must be renewed.", { default: 0 }),
  lease_max: field.duration("How long renewals can keep it.", { default: 0 }),
})

/** The address of an endpoint. Refuses (400) what is none. */
export function endpointOf(text: string): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`)
  if (url === null || url.hostname === "" || url.username !== "" || url.search !== "")
    throw refuse.invalid(`${JSON.stringify(text)} is no address of an endpoint`)
  return url.href.replace(/\/+$/, "")
}

/** The template goes back to the default when a write does not mention it, as in Vault; what else it does not mention stays. */
function completed(given: Root, body: JsonObject): Root {
  const template = "username_template" in body ? given : { ...given, username_template: USERNAME_TEMPLATE }
  // Another account: what a rotation of the one before left is moot.
  return "access_key" in body ? { ...template, stale_key: "", keys_before: [] } : template
}

function checked(given: Root): Root {
  if ((given.access_key === "") !== (given.secret_key === ""))
    throw refuse.invalid("access_key and secret_key go together: give both, or neither to use the server's own account")
  for (const region of [given.region, given.sts_region]) {
    if (region !== "" && !/^[a-z0-9-]{1,40}$/.test(region))
      throw refuse.invalid(`${JSON.stringify(region)} is no name of a region`)
  }
  for (const endpoint of [given.iam_endpoint, given.sts_endpoint]) if (endpoint !== "") endpointOf(endpoint)
  if (given.max_retries < -1 || given.max_retries > 20) throw refuse.invalid("max_retries must be from -1 to 20")
  const username_template = given.username_template || USERNAME_TEMPLATE
  for (const type of ["IAM", "STS"] as const) compileTemplate(templateFor(username_template, type), NAME_FIELDS)
  return { ...given, username_template }
}

export const configRoutes = [
  singleRoute("config/root", root, {
    summary: "The account that manages IAM.",
    operation: { read: "read-root-iam-credentials-configuration", write: "configure-root-iam-credentials" },
    kept: ["stale_key", "keys_before"],
    check: (given, ctx) => checked(completed(given, ctx.body)),
  }),
  route("config/lease", {
    summary: "How long users live.",
    fields: {
      lease: field.string("How long before it must be renewed: `1h`.", { default: "", plain: true }),
      lease_max: field.string("How long renewals can keep it.", { default: "", plain: true }),
    },
    operation: { read: "read-lease-configuration", write: "configure-lease" },
    read: async (_, ctx) => {
      const found = await lease.get(ctx.store)
      return found && { data: { lease: formatDuration(found.lease), lease_max: formatDuration(found.lease_max) } }
    },
    write: (given, ctx) => {
      for (const name of ["lease", "lease_max"] as const)
        if (given[name] === "") throw refuse.invalid(`'${name}' is a required parameter`)
      lease.put(ctx.store, {
        lease: durationOf("lease", given.lease),
        lease_max: durationOf("lease_max", given.lease_max),
      })
      return undefined
    },
  }),
]

function durationOf(name: string, text: string): number {
  const seconds = parseDuration(text)
  if (seconds === undefined || seconds < 0)
    throw refuse.invalid(`Invalid ${name}: ${JSON.stringify(text)} is no duration`)
  return seconds
}
