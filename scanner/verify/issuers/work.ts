import { basicPair, basicUser, bearer, header, none, question, textAt } from "../http.ts"
import { dead, verified } from "../verifier.ts"
import { viewer } from "./code.ts"

/** Payments, monitoring, office work, places: all else. */
export const work = [
  question({
    issuer: "Stripe",
    rules: ["stripe-access-token"],
    get: "https://api.stripe.com/v1/account",
    auth: bearer,
    facts: { account: "id", name: "settings.dashboard.display_name", email: "email", country: "country" },
    // A restricted key is told which right it lacks.
    judge: reply =>
      reply.status === 403 && textAt(reply.json, "error.type") !== undefined
        ? verified({ scope: "restricted" })
        : undefined,
  }),
  question({
    issuer: "Square",
    rules: ["square-access-token"],
    get: "https://connect.squareup.com/v2/merchants",
    auth: bearer,
    facts: { merchant: "merchant.0.business_name", country: "merchant.0.country" },
    judge: reply =>
      textAt(reply.json, "errors.0.code") === "INSUFFICIENT_SCOPES" ? verified({ scope: "limited" }) : undefined,
  }),
  question({
    issuer: "PayPal",
    rules: ["paypal-client-secret"],
    post: ["https://api-m.paypal.com/v1/oauth2/token", "https://api-m.sandbox.paypal.com/v1/oauth2/token"],
    auth: (secret, { parts }) => basicPair(parts.get("paypal-client-id") ?? "", secret),
    fill: ({ parts }) => (parts.has("paypal-client-id") ? {} : "the client ID that it belongs to is not near"),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=client_credentials",
    facts: { app: "app_id", scopes: "scope" },
  }),
  question({
    issuer: "Paystack",
    rules: ["paystack-secret-key"],
    get: "https://api.paystack.co/balance",
    auth: bearer,
    facts: { currency: "data.0.currency", balance: "data.0.balance" },
  }),
  question({
    issuer: "Gumroad",
    rules: ["gumroad-api-key"],
    get: "https://api.gumroad.com/v2/user",
    auth: bearer,
    facts: { name: "user.name", email: "user.email" },
  }),
  question({
    issuer: "Lemon Squeezy",
    rules: ["lemonsqueezy-api-token"],
    get: "https://api.lemonsqueezy.com/v1/users/me",
    auth: bearer,
    headers: { accept: "application/vnd.api+json" },
    facts: { name: "data.attributes.name", email: "data.attributes.email" },
  }),
  question({
    issuer: "Paddle",
    rules: ["paddle-api-key"],
    get: ["https://api.paddle.com/event-types", "https://sandbox-api.paddle.com/event-types"],
    auth: bearer,
    dead: [401, 403],
  }),
  question({
    issuer: "EasyPost",
    rules: ["easypost-api-token", "easypost-test-api-token"],
    get: "https://api.easypost.com/v2/metadata/carriers?carriers=usps",
    auth: basicUser,
  }),
  question({
    issuer: "Shippo",
    rules: ["shippo-api-token"],
    get: "https://api.goshippo.com/carrier_accounts?results=1",
    auth: header("authorization", "ShippoToken "),
    facts: { carrier: "results.0.carrier" },
  }),
  question({
    issuer: "Datadog",
    rules: ["datadog-api-key"],
    get: ["datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com"].map(
      site => `https://api.${site}/api/v1/validate`,
    ),
    auth: header("dd-api-key"),
    dead: [401, 403],
    facts: { valid: "valid" },
  }),
  question({
    issuer: "New Relic",
    rules: ["new-relic-user-api-key"],
    post: ["https://api.newrelic.com/graphql", "https://api.eu.newrelic.com/graphql"],
    auth: header("api-key"),
    headers: { "content-type": "application/json" },
    body: `{"query":"{ actor { user { name email } } }"}`,
    judge: viewer("data.actor.user.email", { user: "data.actor.user.name", email: "data.actor.user.email" }),
  }),
  question({
    issuer: "Sentry",
    rules: ["sentry-access-token", "sentry-org-token", "sentry-user-token"],
    get: "https://sentry.io/api/0/",
    auth: bearer,
    selfManaged: "sentry",
    facts: { user: "user.username", email: "user.email", scopes: "auth.scopes" },
  }),
  question({
    issuer: "PagerDuty",
    rules: ["pagerduty-api-key"],
    get: "https://api.pagerduty.com/abilities",
    auth: header("authorization", "Token token="),
    headers: { accept: "application/vnd.pagerduty+json;version=2" },
    facts: { abilities: "abilities" },
  }),
  question({
    issuer: "Opsgenie",
    rules: ["opsgenie-api-key"],
    get: ["https://api.opsgenie.com/v2/account", "https://api.eu.opsgenie.com/v2/account"],
    auth: header("authorization", "GenieKey "),
    dead: [401, 422],
    facts: { account: "data.name", plan: "data.plan.name" },
    judge: reply =>
      reply.status === 403 && textAt(reply.json, "message") !== undefined ? verified({ scope: "limited" }) : undefined,
  }),
  question({
    issuer: "Honeycomb",
    rules: ["honeycomb-api-key"],
    get: ["https://api.honeycomb.io/1/auth", "https://api.eu1.honeycomb.io/1/auth"],
    auth: header("x-honeycomb-team"),
    facts: { team: "team.slug", environment: "environment.slug" },
  }),
  question({
    issuer: "PostHog",
    rules: ["posthog-personal-api-key"],
    get: ["https://us.posthog.com/api/users/@me/", "https://eu.posthog.com/api/users/@me/"],
    auth: bearer,
    facts: { email: "email", organization: "organization.name" },
    judge: reply =>
      reply.status === 403 && textAt(reply.json, "code") === "permission_denied"
        ? verified({ scope: "limited" })
        : undefined,
  }),
  question({
    issuer: "Linear",
    rules: ["linear-api-key"],
    post: "https://api.linear.app/graphql",
    auth: header("authorization"),
    headers: { "content-type": "application/json" },
    body: `{"query":"{ viewer { name email } organization { name } }"}`,
    dead: [400, 401],
    judge: viewer("data.viewer.email", {
      user: "data.viewer.name",
      email: "data.viewer.email",
      organization: "data.organization.name",
    }),
  }),
  question({
    issuer: "Notion",
    rules: ["notion-api-token", "notion-legacy-token"],
    get: "https://api.notion.com/v1/users/me",
    auth: bearer,
    headers: { "notion-version": "2022-06-28" },
    facts: { bot: "name", workspace: "bot.workspace_name" },
  }),
  question({
    issuer: "Asana",
    rules: ["asana-personal-access-token"],
    get: "https://app.asana.com/api/1.0/users/me",
    auth: bearer,
    facts: { name: "data.name", email: "data.email", workspace: "data.workspaces.0.name" },
  }),
  question({
    issuer: "Airtable",
    rules: ["airtable-personnal-access-token", "airtable-personal-access-token", "airtable-oauth-token"],
    get: "https://api.airtable.com/v0/meta/whoami",
    auth: bearer,
    facts: { user: "id", email: "email", scopes: "scopes" },
  }),
  question({
    issuer: "Figma",
    rules: ["figma-personal-access-token", "figma-header-token"],
    get: "https://api.figma.com/v1/me",
    auth: header("x-figma-token"),
    facts: { user: "handle", email: "email" },
    judge: reply =>
      reply.status === 403 && /invalid token|token expired/i.test(reply.text)
        ? dead()
        : reply.status === 403 && /scope/i.test(reply.text)
          ? verified({ scope: "limited" })
          : undefined,
  }),
  question({
    issuer: "ClickUp",
    rules: ["clickup-personal-api-token"],
    get: "https://api.clickup.com/api/v2/user",
    auth: header("authorization"),
    facts: { user: "user.username", email: "user.email" },
  }),
  question({
    issuer: "Typeform",
    rules: ["typeform-api-token"],
    get: "https://api.typeform.com/me",
    auth: bearer,
    facts: { user: "alias", email: "email" },
    judge: reply => (textAt(reply.json, "code") === "AUTHENTICATION_FAILED" ? dead() : undefined),
  }),
  question({
    issuer: "Dropbox",
    rules: ["dropbox-access-token", "dropbox-short-lived-api-token", "dropbox-long-lived-api-token"],
    post: "https://api.dropboxapi.com/2/users/get_current_account",
    auth: bearer,
    headers: { "content-type": "application/json" },
    body: "null",
    facts: { name: "name.display_name", email: "email" },
    judge: reply =>
      textAt(reply.json, "error.required_scope") === undefined ? undefined : verified({ scope: "limited" }),
  }),
  question({
    issuer: "Contentful",
    rules: ["contentful-personal-access-token"],
    get: "https://api.contentful.com/users/me",
    auth: bearer,
    facts: { name: "firstName", email: "email" },
  }),
  question({
    issuer: "HubSpot",
    rules: ["hubspot-private-app-token"],
    get: "https://api.hubapi.com/account-info/v3/details",
    auth: bearer,
    facts: { portal: "portalId", kind: "accountType" },
    judge: reply => (textAt(reply.json, "category") === "MISSING_SCOPES" ? verified({ scope: "limited" }) : undefined),
  }),
  question({
    issuer: "Todoist",
    rules: ["todoist-api-key"],
    get: "https://api.todoist.com/api/v1/user",
    auth: bearer,
    facts: { name: "full_name", email: "email" },
  }),
  question({
    issuer: "Shortcut",
    rules: ["shortcut-api-key"],
    get: "https://api.app.shortcut.com/api/v3/member",
    auth: header("shortcut-token"),
    facts: { user: "mention_name", workspace: "workspace2.url_slug" },
  }),
  question({
    issuer: "Facebook",
    rules: ["facebook-access-token", "facebook-page-access-token"],
    get: "https://graph.facebook.com/me?fields=id,name&access_token={secret}",
    auth: none,
    facts: { name: "name", id: "id" },
    judge: reply => (textAt(reply.json, "error.code") === "190" ? dead() : undefined),
  }),
  question({
    issuer: "Twitch",
    rules: ["twitch-api-token"],
    get: "https://id.twitch.tv/oauth2/validate",
    auth: header("authorization", "OAuth "),
    facts: { user: "login", client: "client_id", scopes: "scopes", seconds: "expires_in" },
  }),
  question({
    issuer: "Bitly",
    rules: ["bitly-access-token"],
    get: "https://api-ssl.bitly.com/v4/user",
    auth: bearer,
    dead: [401, 403],
    facts: { user: "login", name: "name" },
  }),
  question({
    issuer: "Mapbox",
    rules: ["mapbox-api-token", "mapbox-secret-token", "mapbox-temporary-token"],
    get: "https://api.mapbox.com/tokens/v2?access_token={secret}",
    auth: none,
    facts: { user: "token.user", usage: "token.usage" },
    judge: reply => {
      const said = textAt(reply.json, "code")
      return said === undefined || said === "TokenValid" ? undefined : dead({ code: said })
    },
  }),
  question({
    issuer: "Shodan",
    rules: ["shodan-api-key"],
    get: "https://api.shodan.io/api-info?key={secret}",
    auth: none,
    facts: { plan: "plan", credits: "query_credits" },
  }),
  question({
    issuer: "VirusTotal",
    rules: ["virustotal-api-key"],
    get: "https://www.virustotal.com/api/v3/metadata",
    auth: header("x-apikey"),
  }),
  question({
    issuer: "IPinfo",
    rules: ["ipinfo-api-key"],
    get: "https://ipinfo.io/me?token={secret}",
    auth: none,
    dead: [401, 403],
  }),
  question({
    issuer: "OpenWeather",
    rules: ["openweather-api-key"],
    get: "https://api.openweathermap.org/data/2.5/weather?id=2643743&appid={secret}",
    auth: none,
  }),
  question({
    issuer: "Adafruit IO",
    rules: ["adafruit-io-key"],
    get: "https://io.adafruit.com/api/v2/user",
    auth: header("x-aio-key"),
    facts: { user: "user.username", plan: "user.plan" },
  }),
]
