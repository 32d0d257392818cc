/** `config` and `rotate-root`: the application that makes others. */

import { field, type JsonObject, refuse, type Store, singleRecord, singleRoute, type Values } from "@arca/api"

/** The hosts of a cloud: where tokens are, Microsoft Graph, and Resource Manager. */
export interface Hosts {
  readonly login: string
  readonly graph: string
  readonly management: string
}

const CLOUDS: Readonly<Record<string, Hosts>> = {
  AzurePublicCloud: {
    login: "login.microsoftonline.com",
    graph: "graph.microsoft.com",
    management: "management.azure.com",
  },
  AzureUSGovernmentCloud: {
    login: "login.microsoftonline.us",
    graph: "graph.microsoft.us",
    management: "management.usgovcloudapi.net",
  },
  AzureChinaCloud: {
    login: "login.chinacloudapi.cn",
    graph: "microsoftgraph.chinacloudapi.cn",
    management: "management.chinacloudapi.cn",
  },
}

const HALF_A_YEAR = 4380 * 3600

export const config = singleRecord("configuration", "config", {
  subscription_id: field.string("The subscription.", { default: "", plain: true }),
  tenant_id: field.string("The tenant.", { default: "", plain: true }),
  client_id: field.string("The application that makes others.", { default: "", plain: true }),
  client_secret: field.string("Its secret.", { default: "", secret: true }),
  environment: field.string("The cloud; AzurePublicCloud without one.", { default: "", plain: true }),
  root_password_ttl: field.duration("How long a rotated secret is good for.", { default: HALF_A_YEAR }),
  password_policy: field.string("Accepted for compatibility: Azure makes the secrets.", {
    default: "",
    deprecated: "Azure makes the secrets",
  }),
  /** Not parameters: what a rotation that is not finished needs. */
  new_client_secret: field.string("Kept while the secret is rotated.", { default: "", secret: true }),
  new_key_name: field.string("Kept while the secret is rotated.", { default: "" }),
  new_since: field.float("Kept while the secret is rotated.", { default: 0 }),
  key_name: field.string("The name of the secret that a rotation made.", { default: "" }),
  expires: field.float("When the rotated secret ends.", { default: 0 }),
})

export type Config = Values<typeof config.fields>

export async function needConfig(store: Store): Promise<Config> {
  const found = await config.get(store)
  if (found === undefined) throw refuse.invalid("there is no configuration yet: write config first")
  return found
}

/** The hosts of a configuration's cloud. Refuses (400) one that is not known. */
export function hostsOf({ environment }: Pick<Config, "environment">): Hosts {
  const wanted = (environment || "AzurePublicCloud").toLowerCase()
  const [, hosts] = Object.entries(CLOUDS).find(([name]) => name.toLowerCase() === wanted) ?? []
  if (hosts !== undefined) return hosts
  throw refuse.invalid(
    `unknown environment ${JSON.stringify(environment)}; there are ${Object.keys(CLOUDS).join(", ")}`,
  )
}

/** Tenants and subscriptions become parts of paths. */
const isName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(text)

function check(given: Config): void {
  for (const name of ["subscription_id", "tenant_id", "client_id"] as const) {
    if (given[name] === "") throw refuse.invalid(`missing ${name}`)
    if (!isName(given[name])) throw refuse.invalid(`${name} is no id: letters, digits, dots and dashes`)
  }
  if (given.client_secret === "") throw refuse.invalid("missing client_secret: the secret of the application client_id")
  hostsOf(given)
}

function shown(given: Config): JsonObject {
  const { subscription_id, tenant_id, client_id, environment, root_password_ttl } = given
  const end = given.expires > 0 ? { root_password_expiration_date: new Date(given.expires * 1000).toISOString() } : {}
  return { subscription_id, tenant_id, client_id, environment, root_password_ttl, ...end }
}

/** Who gives a secret says what it is: a rotation that was not settled is moot. */
const FRESH = { new_client_secret: "", new_key_name: "", new_since: 0, key_name: "", expires: 0 }

const { subscription_id, tenant_id, client_id, environment, root_password_ttl } = config.fields

export const configRoute = singleRoute("config", config, {
  summary: "The application that makes others.",
  operation: { read: "read-configuration", write: "configure", delete: "delete-configuration" },
  kept: ["new_client_secret", "new_key_name", "new_since", "key_name", "expires"],
  check: (given, ctx) => {
    check(given)
    return "client_secret" in ctx.body ? { ...given, ...FRESH } : given
  },
  show: shown,
  replies: {
    ...{ subscription_id, tenant_id, client_id, environment, root_password_ttl },
    root_password_expiration_date: field.time("When the rotated secret ends.", { optional: true }),
  },
  creates: true,
  deletes: true,
})
