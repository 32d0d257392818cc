/** `config` and `check`: the cluster, and the account that makes service accounts there. */

import { type Context, field, refuse, route, singleRecord, singleRoute, type Values } from "@arca/api"

/** What a pod knows about its own cluster. Undefined: this server runs in none. */
export interface Pod {
  /** `https://host:port` of the API. */
  readonly host: () => string | undefined
  readonly certificate: () => Promise<string | undefined>
  readonly token: () => Promise<string | undefined>
}

export const config = singleRecord("configuration", "config", {
  kubernetes_host: field.string("The API's address; the pod's own cluster without one.", { default: "", plain: true }),
  kubernetes_ca_cert: field.string("The authority to trust, in PEM; the pod's without one.", {
    default: "",
    plain: true,
  }),
  service_account_jwt: field.string("The token to act with; the pod's without one.", { default: "", secret: true }),
  disable_local_ca_jwt: field.bool("Do not use what the pod has.", { default: false }),
})

type Config = Values<typeof config.fields>

/** The cluster to speak to: what is not configured is what the pod has. */
export interface Cluster {
  readonly host: string
  readonly ca: string
  readonly token: string
}

export async function needCluster(ctx: Context, pod: Pod): Promise<Cluster> {
  const found = await config.get(ctx.store)
  if (found === undefined) throw refuse.invalid("could not load backend configuration: write config first")
  return clusterOf(found, pod)
}

async function clusterOf(given: Config, pod: Pod): Promise<Cluster> {
  const host = given.kubernetes_host || pod.host()
  if (host === undefined)
    throw refuse.invalid("kubernetes_host was unset and could not be determined from environment variables")
  const local = !given.disable_local_ca_jwt
  const token = given.service_account_jwt || (local ? await pod.token() : undefined)
  if (token === undefined)
    throw refuse.invalid("service_account_jwt is not set, and this server has no service account of its own")
  const ca = given.kubernetes_ca_cert || (local ? await pod.certificate() : undefined)
  return { host: host.replace(/\/+$/, ""), ca: ca ?? "", token: token.trim() }
}

function checked(given: Config, pod: Pod): Config {
  if (given.kubernetes_host === "" && pod.host() === undefined)
    throw refuse.invalid("kubernetes_host was unset and could not be determined from environment variables")
  const url = given.kubernetes_host === "" ? undefined : URL.parse(given.kubernetes_host)
  if (url === null || (url !== undefined && !/^https?:$/.test(url.protocol)))
    throw refuse.invalid("kubernetes_host must be an http or https address, such as https://10.0.0.1:6443")
  if (url !== undefined && (url.username !== "" || url.password !== "" || url.search !== ""))
    throw refuse.invalid("kubernetes_host must be an address alone: give the token as service_account_jwt")
  return given
}

export const configRoutes = (pod: Pod) => [
  singleRoute("config", config, {
    summary: "The cluster, and the service account that this engine acts with.",
    operation: { read: "read-configuration", write: "configure", delete: "delete-configuration" },
    check: given => checked(given, pod),
    deletes: true,
  }),
  route("check", {
    summary: "Whether this server runs in a cluster, and so needs no kubernetes_host.",
    operation: "check-configuration",
    read: () => {
      if (pod.host() !== undefined) return { status: 204 }
      throw refuse.invalid("Missing environment variables: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT_HTTPS")
    },
  }),
]
