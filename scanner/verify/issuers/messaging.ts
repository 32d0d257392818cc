import type { Verification } from "../../finding.ts"
import { basicPair, basicUser, bearer, factsOf, header, none, question, textAt } from "../http.ts"
import { dead, type Reply, unknown, verified } from "../verifier.ts"

const slackDead = new Set(["invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed"])

/** Slack answers 200 and says in the body what it thinks of the token. */
function slackVerdict(reply: Reply): Verification | undefined {
  const error = textAt(reply.json, "error")
  if (error === undefined) return undefined
  if (slackDead.has(error)) return dead({ error })
  // Known, and of a kind that may not ask.
  return error === "not_allowed_token_type" || error === "missing_scope"
    ? verified({ error })
    : unknown(`answered ${error}`)
}

/** Messages, mail and telephony. */
export const messaging = [
  question({
    issuer: "Slack",
    rules: [
      "slack-bot-token",
      "slack-user-token",
      "slack-legacy-bot-token",
      "slack-legacy-token",
      "slack-legacy-workspace-token",
      "slack-app-token",
      "slack-config-access-token",
    ],
    post: "https://slack.com/api/auth.test",
    auth: bearer,
    facts: { team: "team", user: "user", url: "url", scopes: "header:x-oauth-scopes" },
    judge: slackVerdict,
  }),
  {
    issuer: "Slack",
    rules: ["slack-webhook-url"],
    hosts: ["hooks.slack.com"],
    // A message without text is refused: for that, when the webhook lives.
    requests: ({ secret }: { secret: string }) => [
      {
        method: "POST" as const,
        url: secret.startsWith("http") ? secret.replace(/^http:/, "https:") : `https://${secret}`,
        headers: { "content-type": "application/json" },
        body: `{"text":""}`,
      },
    ],
    read(reply: Reply) {
      if (/no_text|invalid_payload|missing_text/.test(reply.text)) return verified({ answer: reply.text.slice(0, 60) })
      if (/no_service|invalid_token|no_team|channel_is_archived|team_disabled|no_active_hooks/.test(reply.text))
        return dead({ answer: reply.text.slice(0, 60) })
      return unknown(`answered ${reply.status}`)
    },
  },
  question({
    issuer: "Discord",
    rules: ["discord-bot-token"],
    get: "https://discord.com/api/v10/users/@me",
    auth: header("authorization", "Bot "),
    facts: { bot: "username", id: "id" },
  }),
  {
    issuer: "Discord",
    rules: ["discord-webhook-url"],
    hosts: ["discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com"],
    // GET describes a webhook; only POST makes it speak.
    requests: ({ secret }: { secret: string }) => [{ method: "GET" as const, url: secret, headers: {} }],
    read(reply: Reply) {
      if (reply.status === 200)
        return verified(factsOf(reply, { name: "name", channel: "channel_id", server: "guild_id" }))
      return reply.status === 401 || reply.status === 404 ? dead() : unknown(`answered ${reply.status}`)
    },
  },
  question({
    issuer: "Telegram",
    rules: ["telegram-bot-api-token", "telegram-bot-token"],
    get: "https://api.telegram.org/bot{secret}/getMe",
    auth: none,
    dead: [401, 404],
    facts: { bot: "result.username", id: "result.id" },
  }),
  question({
    issuer: "Twilio",
    rules: ["twilio-auth-token"],
    get: "https://api.twilio.com/2010-04-01/Accounts/{sid}.json",
    auth: (secret, { parts }) => basicPair(parts.get("twilio-account-sid") ?? "", secret),
    fill: ({ parts }) => {
      const sid = parts.get("twilio-account-sid")
      return sid === undefined ? "the account SID that it belongs to is not near" : { sid }
    },
    facts: { account: "friendly_name", status: "status", kind: "type" },
  }),
  question({
    issuer: "Twilio",
    rules: ["twilio-api-key-secret"],
    get: "https://api.twilio.com/2010-04-01/Accounts.json?PageSize=1",
    auth: (secret, { parts }) => basicPair(parts.get("twilio-api-key") ?? "", secret),
    fill: ({ parts }) => (parts.has("twilio-api-key") ? {} : "the API key SID that it belongs to is not near"),
    facts: { account: "accounts.0.friendly_name", sid: "accounts.0.sid" },
  }),
  question({
    issuer: "Plivo",
    rules: ["plivo-auth-token"],
    get: "https://api.plivo.com/v1/Account/{id}/",
    auth: (secret, { parts }) => basicPair(parts.get("plivo-auth-id") ?? "", secret),
    fill: ({ parts }) => {
      const id = parts.get("plivo-auth-id")
      return id === undefined ? "the auth ID that it belongs to is not near" : { id }
    },
    facts: { name: "name", city: "city" },
  }),
  question({
    issuer: "Telnyx",
    rules: ["telnyx-api-key"],
    get: "https://api.telnyx.com/v2/balance",
    auth: bearer,
    facts: { balance: "data.balance", currency: "data.currency" },
  }),
  question({
    issuer: "MessageBird",
    rules: ["messagebird-api-token"],
    get: "https://rest.messagebird.com/balance",
    auth: header("authorization", "AccessKey "),
    facts: { payment: "payment", type: "type" },
  }),
  question({
    issuer: "Intercom",
    rules: ["intercom-api-key"],
    get: "https://api.intercom.io/me",
    auth: bearer,
    facts: { email: "email", workspace: "app.name" },
  }),
  question({
    issuer: "SendGrid",
    rules: ["sendgrid-api-token"],
    get: "https://api.sendgrid.com/v3/scopes",
    auth: bearer,
    facts: { scopes: "scopes" },
  }),
  question({
    issuer: "Mailgun",
    rules: ["mailgun-private-api-token", "mailgun-signing-key"],
    get: ["https://api.mailgun.net/v3/domains?limit=1", "https://api.eu.mailgun.net/v3/domains?limit=1"],
    auth: secret => basicPair("api", secret),
    facts: { domain: "items.0.name" },
  }),
  question({
    issuer: "Mailchimp",
    rules: ["mailchimp-api-key"],
    get: "https://{center}.api.mailchimp.com/3.0/",
    hosts: ["*.api.mailchimp.com"],
    fill: ({ secret }) => ({ center: /us\d{1,2}$/.exec(secret)?.[0] ?? "us1" }),
    auth: secret => basicPair("any", secret),
    facts: { account: "account_name", email: "email", role: "role" },
  }),
  question({
    issuer: "Brevo",
    rules: ["sendinblue-api-token"],
    get: "https://api.brevo.com/v3/account",
    auth: header("api-key"),
    facts: { email: "email", company: "companyName" },
  }),
  question({
    issuer: "Postmark",
    rules: ["postmark-server-token"],
    get: "https://api.postmarkapp.com/server",
    auth: header("x-postmark-server-token"),
    facts: { server: "Name" },
  }),
  question({
    issuer: "Resend",
    rules: ["resend-api-key"],
    get: "https://api.resend.com/domains",
    auth: bearer,
    dead: [400, 401, 403],
    facts: { domain: "data.0.name" },
    judge: reply =>
      textAt(reply.json, "name") === "restricted_api_key" ? verified({ scope: "sending only" }) : undefined,
  }),
  question({
    issuer: "MailerSend",
    rules: ["mailersend-api-token"],
    get: "https://api.mailersend.com/v1/api-quota",
    auth: bearer,
    facts: { quota: "quota", remaining: "remaining" },
  }),
  question({
    issuer: "SparkPost",
    rules: ["sparkpost-api-key"],
    get: ["https://api.sparkpost.com/api/v1/account", "https://api.eu.sparkpost.com/api/v1/account"],
    auth: header("authorization"),
    facts: { company: "results.company_name", plan: "results.subscription.name" },
    judge: reply => (reply.status === 403 ? verified({ scope: "limited" }) : undefined),
  }),
  question({
    issuer: "Klaviyo",
    rules: ["klaviyo-api-key"],
    get: "https://a.klaviyo.com/api/accounts",
    auth: header("authorization", "Klaviyo-API-Key "),
    headers: { revision: "2024-10-15" },
    facts: { account: "data.0.id", organization: "data.0.attributes.contact_information.organization_name" },
  }),
  question({
    issuer: "Close",
    rules: ["close-crm-api-key"],
    get: "https://api.close.com/api/v1/me/",
    auth: basicUser,
    facts: { email: "email", organization: "organizations.0.name" },
  }),
]
