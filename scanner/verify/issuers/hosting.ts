import { basicUser, bearer, header, question, textAt } from "../http.ts"
import { dead, unknown, verified } from "../verifier.ts"

/** Clouds, networks and databases to rent. */
export const hosting = [
  question({
    issuer: "DigitalOcean",
    rules: ["digitalocean-pat", "digitalocean-access-token"],
    get: "https://api.digitalocean.com/v2/account",
    auth: bearer,
    // A token without the account's scope is refused by name.
    judge: reply =>
      reply.status === 403 && textAt(reply.json, "id") === "Forbidden" ? verified({ scope: "limited" }) : undefined,
    facts: { email: "account.email", status: "account.status", team: "account.team.name" },
  }),
  question({
    issuer: "Heroku",
    rules: ["heroku-api-key", "heroku-api-key-v2"],
    get: "https://api.heroku.com/account",
    auth: bearer,
    headers: { accept: "application/vnd.heroku+json; version=3" },
    facts: { email: "email", name: "name" },
  }),
  question({
    issuer: "Cloudflare",
    rules: ["cloudflare-api-key"],
    get: "https://api.cloudflare.com/client/v4/user/tokens/verify",
    auth: bearer,
    dead: [400, 401],
    facts: { token: "result.id", status: "result.status", expires: "result.expires_on" },
    judge: reply =>
      reply.status === 200 && textAt(reply.json, "result.status") !== "active"
        ? dead({ status: textAt(reply.json, "result.status") ?? "" })
        : undefined,
  }),
  question({
    issuer: "Fastly",
    rules: ["fastly-api-token"],
    get: "https://api.fastly.com/tokens/self",
    auth: header("fastly-key"),
    facts: { name: "name", scope: "scope", user: "user_id", expires: "expires_at" },
  }),
  question({
    issuer: "Netlify",
    rules: ["netlify-access-token"],
    get: "https://api.netlify.com/api/v1/user",
    auth: bearer,
    facts: { email: "email", name: "full_name" },
  }),
  question({
    issuer: "Vercel",
    rules: ["vercel-token", "vercel-api-key"],
    get: "https://api.vercel.com/v2/user",
    auth: bearer,
    facts: { user: "user.username", email: "user.email" },
    judge: reply =>
      reply.status === 403 && textAt(reply.json, "error.invalidToken") === "true"
        ? dead()
        : reply.status === 403 && textAt(reply.json, "error.code") === "forbidden"
          ? unknown("refused: perhaps a token for one team only")
          : undefined,
  }),
  question({
    issuer: "Render",
    rules: ["render-api-key"],
    get: "https://api.render.com/v1/owners?limit=1",
    auth: bearer,
    facts: { owner: "0.owner.name", email: "0.owner.email" },
  }),
  question({
    issuer: "Linode",
    rules: ["linode-personal-access-token"],
    get: "https://api.linode.com/v4/profile",
    auth: bearer,
    facts: { user: "username", email: "email" },
  }),
  question({
    issuer: "Vultr",
    rules: ["vultr-api-key"],
    get: "https://api.vultr.com/v2/account",
    auth: bearer,
    facts: { name: "account.name", email: "account.email", rights: "account.acls" },
  }),
  question({
    issuer: "Supabase",
    rules: ["supabase-management-token"],
    get: "https://api.supabase.com/v1/organizations",
    auth: bearer,
    facts: { organization: "0.name" },
  }),
  question({
    issuer: "Neon",
    rules: ["neon-api-key"],
    get: "https://console.neon.tech/api/v2/users/me",
    auth: bearer,
    facts: { email: "email", name: "name" },
  }),
  question({
    issuer: "Tailscale",
    rules: ["tailscale-api-key"],
    get: "https://api.tailscale.com/api/v2/tailnet/-/keys",
    auth: basicUser,
    fill: ({ secret }) =>
      secret.startsWith("tskey-api-") ? {} : "only API keys can be asked about; this one joins machines",
  }),
  question({
    issuer: "ngrok",
    rules: ["ngrok-api-key"],
    get: "https://api.ngrok.com/api_keys?limit=1",
    auth: bearer,
    headers: { "ngrok-version": "2" },
    dead: [400, 401, 403],
    facts: { key: "keys.0.id", description: "keys.0.description" },
  }),
  question({
    issuer: "Doppler",
    rules: ["doppler-api-token", "doppler-token"],
    get: "https://api.doppler.com/v3/me",
    auth: bearer,
    facts: { name: "name", kind: "type", workplace: "workplace.name" },
  }),
  question({
    issuer: "Civo",
    rules: ["civo-api-key"],
    get: "https://api.civo.com/v2/quota",
    auth: bearer,
    dead: [401, 403],
    facts: { quota: "id" },
  }),
  question({
    issuer: "Scalingo",
    rules: ["scalingo-api-token"],
    post: "https://auth.scalingo.com/v1/tokens/exchange",
    auth: (secret, _credential) => {
      const pair = Buffer.from(`:${secret}`).toString("base64")
      return { headers: { authorization: `Basic ${pair}` }, hide: [pair] }
    },
  }),
  question({
    issuer: "Vault",
    rules: ["vault-service-token", "vault-batch-token"],
    get: "https://{server}/v1/auth/token/lookup-self",
    auth: header("x-vault-token"),
    hosts: [],
    selfManaged: "vault",
    fill: ({ host }) => (host === undefined ? "name the server: --verify-host vault=HOST" : { server: host }),
    dead: [403],
    facts: {
      name: "data.display_name",
      policies: "data.policies",
      path: "data.path",
      ttl: "data.ttl",
      accessor: "data.accessor",
    },
  }),
  question({
    issuer: "Grafana",
    rules: ["grafana-service-account-token", "grafana-api-key"],
    get: "https://{server}/api/org",
    auth: bearer,
    hosts: [],
    selfManaged: "grafana",
    fill: ({ host }) => (host === undefined ? "name the server: --verify-host grafana=HOST" : { server: host }),
    facts: { organization: "name" },
  }),
  question({
    issuer: "Okta",
    rules: ["okta-access-token"],
    get: "https://{server}/api/v1/users/me",
    auth: header("authorization", "SSWS "),
    hosts: [],
    selfManaged: "okta",
    fill: ({ host }) =>
      host === undefined ? "name the organization: --verify-host okta=NAME.okta.com" : { server: host },
    facts: { user: "profile.login", status: "status" },
  }),
]
