/**
 * Each verifier against a fake of its vendor, over TLS. What the fake wants and says was written down from the vendors'
 * documentation (November 2026; AWS also against moto, see aws.test.ts) and apart from the verifiers: where the
 * credential is shown, the answer to a live one, the answer to a dead one.
 */

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { declaredRules } from "../../tools/scanner-rules.ts"
import { type Answer, type FakeInternet, fakeInternet, findingOf, type Seen } from "./testing.ts"
import { verify } from "./verify.ts"

type Vendor = {
  rule: string
  /** Method, host and path, as documented; `KEY` where the secret itself is part of the path. */
  ask: string
  /** Where the credential must be: in a header, as basic authentication, or in the body. */
  shown: (seen: Seen, secret: string) => boolean
  live: Answer
  dead: Answer
  facts?: Record<string, string>
  parts?: Record<string, string>
  secret?: string
}

const inHeader =
  (name: string, before = "") =>
  (seen: Seen, secret: string) =>
    seen.headers[name] === before + secret
const bearer = inHeader("authorization", "Bearer ")
const inBasic = (user: string, password: string) => (seen: Seen, secret: string) => {
  const value = String(seen.headers.authorization ?? "").replace("Basic ", "")
  return Buffer.from(value, "base64").toString() === `${user}:${password}`.replace("KEY", secret)
}
const inPath = (seen: Seen, secret: string) => seen.path.includes(encodeURIComponent(secret))
const inBody = (seen: Seen, secret: string) => seen.body.includes(encodeURIComponent(secret))

const ok = (body: unknown, headers: Record<string, string> = {}): Answer => ({ status: 200, body, headers })
const no = (status = 401, body: unknown = { message: "Unauthorized" }): Answer => ({ status, body })
const models = ok({ object: "list", data: [{ id: "model-1", object: "model" }] })

const github = ok(
  { login: "octocat", id: 1, name: "Mona", type: "User" },
  { "x-oauth-scopes": "repo, gist", "github-authentication-token-expiration": "2027-01-01 00:00:00 UTC" },
)
const gitlab = ok({
  id: 42,
  name: "ci",
  active: true,
  scopes: ["api"],
  user_id: 7,
  expires_at: "2027-01-01",
  revoked: false,
})

const vendors: Vendor[] = [
  {
    rule: "github-pat",
    ask: "GET api.github.com/user",
    shown: bearer,
    live: github,
    dead: no(401, { message: "Bad credentials" }),
    facts: { user: "octocat", scopes: "repo, gist" },
  },
  {
    rule: "github-fine-grained-pat",
    ask: "GET api.github.com/user",
    shown: bearer,
    live: github,
    dead: no(),
    facts: { expires: "2027-01-01 00:00:00 UTC" },
  },
  { rule: "github-oauth", ask: "GET api.github.com/user", shown: bearer, live: github, dead: no() },
  {
    rule: "github-app-token",
    ask: "GET api.github.com/installation/repositories?per_page=1",
    shown: bearer,
    live: ok({ total_count: 2, repositories: [{ full_name: "octo/app" }] }),
    dead: no(),
    facts: { repositories: "2", example: "octo/app" },
  },
  {
    rule: "gitlab-pat",
    ask: "GET gitlab.com/api/v4/personal_access_tokens/self",
    shown: inHeader("private-token"),
    live: gitlab,
    dead: no(401, { message: "401 Unauthorized" }),
    facts: { scopes: "api", user: "7" },
  },
  {
    rule: "gitlab-cicd-job-token",
    ask: "GET gitlab.com/api/v4/job",
    shown: inHeader("job-token"),
    live: ok({ name: "test", status: "running", user: { username: "root" }, pipeline: { project_id: 9 } }),
    dead: no(),
    facts: { user: "root" },
  },
  {
    rule: "gitlab-runner-authentication-token",
    ask: "POST gitlab.com/api/v4/runners/verify",
    shown: inBody,
    live: ok({ id: 5, token_expires_at: null }),
    dead: no(403, { message: "403 Forbidden" }),
    facts: { runner: "5" },
  },
  {
    rule: "gitea-access-token",
    ask: "GET gitea.com/api/v1/user",
    shown: inHeader("authorization", "token "),
    live: ok({ login: "gert", email: "g@example.com", is_admin: false }),
    dead: no(),
    facts: { user: "gert" },
  },
  {
    rule: "sourcegraph-access-token",
    ask: "POST sourcegraph.com/.api/graphql",
    shown: inHeader("authorization", "token "),
    live: ok({ data: { currentUser: { username: "sam" } } }),
    dead: no(401, "Invalid access token."),
    facts: { user: "sam" },
    secret: `sgp_${"0123456789abcdef"}_${"89abcdef".repeat(5)}`,
  },
  {
    rule: "postman-api-token",
    ask: "GET api.getpostman.com/me",
    shown: inHeader("x-api-key"),
    live: ok({ user: { username: "pat", email: "p@example.com" } }),
    dead: no(401, { error: { name: "AuthenticationError" } }),
    facts: { user: "pat" },
  },
  {
    rule: "snyk-api-token",
    ask: "GET api.snyk.io/rest/self?version=2024-10-15",
    shown: inHeader("authorization", "token "),
    live: ok({ data: { attributes: { username: "sue", email: "s@example.com" } } }),
    dead: no(),
    facts: { user: "sue" },
  },
  {
    rule: "sonarqube-token",
    ask: "GET sonarcloud.io/api/authentication/validate",
    shown: bearer,
    live: ok({ valid: true }),
    dead: ok({ valid: false }),
  },
  {
    rule: "npm-access-token",
    ask: "GET registry.npmjs.org/-/whoami",
    shown: bearer,
    live: ok({ username: "nia" }),
    dead: no(401, {}),
    facts: { user: "nia" },
  },
  {
    rule: "pypi-upload-token",
    ask: "POST upload.pypi.org/legacy/",
    shown: inBasic("__token__", "KEY"),
    live: { status: 400, body: "400 Include at least one message digest." },
    dead: no(403, "Invalid or non-existent authentication information."),
  },
  {
    rule: "rubygems-api-token",
    ask: "GET rubygems.org/api/v1/gems.json",
    shown: inHeader("authorization"),
    live: ok([{ name: "gem" }]),
    dead: no(401, "Access Denied. Please sign up for an account"),
  },
  {
    rule: "crates-io-api-key",
    ask: "GET crates.io/api/v1/me",
    shown: inHeader("authorization"),
    live: ok({ user: { login: "carl", name: "Carl" } }),
    dead: no(403, { errors: [{ detail: "authentication failed" }] }),
    facts: { user: "carl" },
  },
  {
    rule: "circleci-personal-token",
    ask: "GET circleci.com/api/v2/me",
    shown: inHeader("circle-token"),
    live: ok({ id: "1", login: "cir", name: "Circe" }),
    dead: no(401, { message: "You must log in first." }),
    facts: { user: "cir" },
  },
  {
    rule: "buildkite-user-access-token",
    ask: "GET api.buildkite.com/v2/access-token",
    shown: bearer,
    live: ok({ uuid: "b63254c0", scopes: ["read_builds"] }),
    dead: no(),
    facts: { scopes: "read_builds" },
  },
  {
    rule: "travisci-access-token",
    ask: "GET api.travis-ci.com/user",
    shown: inHeader("authorization", "token "),
    live: ok({ login: "trav" }),
    dead: no(403, "access denied"),
    facts: { user: "trav" },
  },
  {
    rule: "hashicorp-tf-api-token",
    ask: "GET app.terraform.io/api/v2/account/details",
    shown: bearer,
    live: ok({ data: { attributes: { username: "tess", email: "t@example.com" } } }),
    dead: no(401, { errors: [{ status: "401", title: "unauthorized" }] }),
    facts: { user: "tess" },
  },
  {
    rule: "pulumi-api-token",
    ask: "GET api.pulumi.com/api/user",
    shown: inHeader("authorization", "token "),
    live: ok({ githubLogin: "pul", email: "p@example.com" }),
    dead: no(),
    facts: { user: "pul" },
  },
  {
    rule: "launchdarkly-sdk-key",
    ask: "GET app.launchdarkly.com/api/v2/caller-identity",
    shown: inHeader("authorization"),
    live: ok({ accountId: "a1", tokenName: "ci", memberId: "m1" }),
    dead: no(),
    facts: { token: "ci" },
    secret: "api-01234567-89ab-cdef-0123-456789abcdef",
  },
  {
    rule: "readme-api-token",
    ask: "GET dash.readme.com/api/v1/",
    shown: inBasic("KEY", ""),
    live: ok({ name: "Docs", subdomain: "docs" }),
    dead: no(),
    facts: { project: "Docs" },
  },
  {
    rule: "digitalocean-pat",
    ask: "GET api.digitalocean.com/v2/account",
    shown: bearer,
    live: ok({ account: { email: "d@example.com", status: "active" } }),
    dead: no(401, { id: "Unauthorized" }),
    facts: { email: "d@example.com" },
  },
  {
    rule: "heroku-api-key",
    ask: "GET api.heroku.com/account",
    shown: bearer,
    live: ok({ email: "h@example.com", name: "Hera" }),
    dead: no(401, { id: "unauthorized" }),
    facts: { email: "h@example.com" },
  },
  {
    rule: "cloudflare-api-key",
    ask: "GET api.cloudflare.com/client/v4/user/tokens/verify",
    shown: bearer,
    live: ok({ success: true, result: { id: "t1", status: "active" } }),
    dead: no(401, { success: false, errors: [{ code: 1000, message: "Invalid API Token" }] }),
    facts: { status: "active" },
  },
  {
    rule: "fastly-api-token",
    ask: "GET api.fastly.com/tokens/self",
    shown: inHeader("fastly-key"),
    live: ok({ name: "purge", scope: "global", user_id: "u1" }),
    dead: no(),
    facts: { scope: "global" },
  },
  {
    rule: "netlify-access-token",
    ask: "GET api.netlify.com/api/v1/user",
    shown: bearer,
    live: ok({ email: "n@example.com", full_name: "Ned" }),
    dead: no(),
    facts: { email: "n@example.com" },
  },
  {
    rule: "vercel-token",
    ask: "GET api.vercel.com/v2/user",
    shown: bearer,
    live: ok({ user: { username: "ver", email: "v@example.com" } }),
    dead: no(403, { error: { code: "forbidden", message: "Not authorized", invalidToken: true } }),
    facts: { user: "ver" },
  },
  {
    rule: "render-api-key",
    ask: "GET api.render.com/v1/owners?limit=1",
    shown: bearer,
    live: ok([{ owner: { name: "Ren", email: "r@example.com" } }]),
    dead: no(),
    facts: { owner: "Ren" },
  },
  {
    rule: "linode-personal-access-token",
    ask: "GET api.linode.com/v4/profile",
    shown: bearer,
    live: ok({ username: "lin", email: "l@example.com" }),
    dead: no(401, { errors: [{ reason: "Invalid Token" }] }),
    facts: { user: "lin" },
  },
  {
    rule: "vultr-api-key",
    ask: "GET api.vultr.com/v2/account",
    shown: bearer,
    live: ok({ account: { name: "Vul", email: "v@example.com", acls: ["dns"] } }),
    dead: no(401, { error: "Invalid API token." }),
    facts: { rights: "dns" },
  },
  {
    rule: "supabase-management-token",
    ask: "GET api.supabase.com/v1/organizations",
    shown: bearer,
    live: ok([{ id: "o1", name: "Org" }]),
    dead: no(),
    facts: { organization: "Org" },
  },
  {
    rule: "neon-api-key",
    ask: "GET console.neon.tech/api/v2/users/me",
    shown: bearer,
    live: ok({ email: "n@example.com", name: "Neo" }),
    dead: no(),
    facts: { email: "n@example.com" },
  },
  {
    rule: "tailscale-api-key",
    ask: "GET api.tailscale.com/api/v2/tailnet/-/keys",
    shown: inBasic("KEY", ""),
    live: ok({ keys: [{ id: "k1" }] }),
    dead: no(401, { message: "API token invalid" }),
    secret: `tskey-api-${"kabcdefCNTRL"}-${"abcdefghijklmnopqrstuv0123456789"}`,
  },
  {
    rule: "ngrok-api-key",
    ask: "GET api.ngrok.com/api_keys?limit=1",
    shown: bearer,
    live: ok({ keys: [{ id: "ak_1", description: "ci" }] }),
    dead: no(400, { error_code: "ERR_NGROK_206" }),
    facts: { description: "ci" },
  },
  {
    rule: "doppler-api-token",
    ask: "GET api.doppler.com/v3/me",
    shown: bearer,
    live: ok({ name: "ci", type: "cli", workplace: { name: "W" } }),
    dead: no(401, { success: false }),
    facts: { workplace: "W" },
  },
  {
    rule: "civo-api-key",
    ask: "GET api.civo.com/v2/quota",
    shown: bearer,
    live: ok({ id: "q1" }),
    dead: no(401),
    facts: { quota: "q1" },
  },
  {
    rule: "scalingo-api-token",
    ask: "POST auth.scalingo.com/v1/tokens/exchange",
    shown: inBasic("", "KEY"),
    live: ok({ token: "short-lived" }),
    dead: no(),
  },
  {
    rule: "openai-api-key",
    ask: "GET api.openai.com/v1/models",
    shown: bearer,
    live: ok({ data: [] }, { "openai-organization": "org-1" }),
    dead: no(401, { error: { code: "invalid_api_key" } }),
    facts: { organization: "org-1" },
  },
  {
    rule: "anthropic-api-key",
    ask: "GET api.anthropic.com/v1/models?limit=1",
    shown: inHeader("x-api-key"),
    live: models,
    dead: no(401, { type: "error", error: { type: "authentication_error" } }),
  },
  {
    rule: "anthropic-admin-api-key",
    ask: "GET api.anthropic.com/v1/organizations/me",
    shown: inHeader("x-api-key"),
    live: ok({ id: "o1", name: "Org", type: "organization" }),
    dead: no(),
    facts: { organization: "Org" },
  },
  {
    rule: "huggingface-access-token",
    ask: "GET huggingface.co/api/whoami-v2",
    shown: bearer,
    live: ok({ type: "user", name: "hug", email: "h@example.com", auth: { accessToken: { role: "read" } } }),
    dead: no(401, { error: "Invalid username or password." }),
    facts: { user: "hug", role: "read" },
  },
  {
    rule: "replicate-api-token",
    ask: "GET api.replicate.com/v1/account",
    shown: bearer,
    live: ok({ type: "organization", username: "rep" }),
    dead: no(401, { title: "Unauthenticated" }),
    facts: { user: "rep" },
  },
  {
    rule: "openrouter-api-key",
    ask: "GET openrouter.ai/api/v1/key",
    shown: bearer,
    live: ok({ data: { label: "sk-or-v1-0e6...1c96", usage: 3, limit: null } }),
    dead: no(),
    facts: { used: "3" },
  },
  {
    rule: "elevenlabs-api-key",
    ask: "GET api.elevenlabs.io/v1/user",
    shown: inHeader("xi-api-key"),
    live: ok({ subscription: { tier: "free" } }),
    dead: no(401, { detail: { status: "invalid_api_key" } }),
    facts: { tier: "free" },
  },
  {
    rule: "pinecone-api-key",
    ask: "GET api.pinecone.io/indexes",
    shown: inHeader("api-key"),
    live: ok({ indexes: [{ name: "docs" }] }),
    dead: no(401, "Invalid API Key"),
    facts: { index: "docs" },
  },
  {
    rule: "weights-and-biases-api-key",
    ask: "POST api.wandb.ai/graphql",
    shown: inBasic("api", "KEY"),
    live: ok({ data: { viewer: { username: "wan", email: "w@example.com" } } }),
    dead: ok({ data: { viewer: null } }),
    facts: { user: "wan" },
  },
  {
    rule: "xai-api-key",
    ask: "GET api.x.ai/v1/api-key",
    shown: bearer,
    live: ok({ name: "ci", team_id: "t1", acls: ["api-key:endpoint:*"] }),
    dead: no(400, { code: "Client specified an invalid argument", error: "Incorrect API key provided" }),
    facts: { team: "t1" },
  },
  {
    rule: "assemblyai-api-key",
    ask: "GET api.assemblyai.com/v2/transcript?limit=1",
    shown: inHeader("authorization"),
    live: ok({ transcripts: [] }),
    dead: no(),
  },
  {
    rule: "deepgram-api-key",
    ask: "GET api.deepgram.com/v1/projects",
    shown: inHeader("authorization", "Token "),
    live: ok({ projects: [{ project_id: "1", name: "P" }] }),
    dead: no(),
    facts: { project: "P" },
  },
  { rule: "groq-api-key", ask: "GET api.groq.com/openai/v1/models", shown: bearer, live: models, dead: no() },
  { rule: "mistral-api-key", ask: "GET api.mistral.ai/v1/models", shown: bearer, live: models, dead: no() },
  { rule: "deepseek-api-key", ask: "GET api.deepseek.com/models", shown: bearer, live: models, dead: no() },
  { rule: "cerebras-api-key", ask: "GET api.cerebras.ai/v1/models", shown: bearer, live: models, dead: no() },
  { rule: "togetherai-api-key", ask: "GET api.together.xyz/v1/models", shown: bearer, live: ok([]), dead: no() },
  { rule: "kimi-api-key", ask: "GET api.moonshot.ai/v1/models", shown: bearer, live: models, dead: no() },
  {
    rule: "cohere-api-token",
    ask: "GET api.cohere.com/v1/models?page_size=1",
    shown: bearer,
    live: ok({ models: [] }),
    dead: no(401, { message: "invalid api token" }),
  },
  {
    rule: "slack-bot-token",
    ask: "POST slack.com/api/auth.test",
    shown: bearer,
    live: ok({ ok: true, url: "https://w.slack.com/", team: "W", user: "bot" }, { "x-oauth-scopes": "chat:write" }),
    dead: ok({ ok: false, error: "invalid_auth" }),
    facts: { team: "W", scopes: "chat:write" },
  },
  {
    rule: "discord-bot-token",
    ask: "GET discord.com/api/v10/users/@me",
    shown: inHeader("authorization", "Bot "),
    live: ok({ id: "1", username: "beep", bot: true }),
    dead: no(401, { message: "401: Unauthorized", code: 0 }),
    facts: { bot: "beep" },
  },
  {
    rule: "telegram-bot-api-token",
    ask: "GET api.telegram.org/botKEY/getMe",
    shown: inPath,
    live: ok({ ok: true, result: { id: 1, username: "a_bot" } }),
    dead: no(401, { ok: false, error_code: 401 }),
    facts: { bot: "a_bot" },
  },
  {
    rule: "twilio-auth-token",
    ask: `GET api.twilio.com/2010-04-01/Accounts/AC${"0".repeat(32)}.json`,
    shown: inBasic(`AC${"0".repeat(32)}`, "KEY"),
    live: ok({ friendly_name: "T", status: "active", type: "Trial" }),
    dead: no(401, { code: 20003 }),
    facts: { account: "T" },
    parts: { "twilio-account-sid": `AC${"0".repeat(32)}` },
  },
  {
    rule: "twilio-api-key-secret",
    ask: "GET api.twilio.com/2010-04-01/Accounts.json?PageSize=1",
    shown: inBasic(`SK${"0".repeat(32)}`, "KEY"),
    live: ok({ accounts: [{ sid: "AC1", friendly_name: "T" }] }),
    dead: no(),
    facts: { account: "T" },
    parts: { "twilio-api-key": `SK${"0".repeat(32)}` },
  },
  {
    rule: "plivo-auth-token",
    ask: `GET api.plivo.com/v1/Account/MA${"A".repeat(18)}/`,
    shown: inBasic(`MA${"A".repeat(18)}`, "KEY"),
    live: ok({ name: "P", city: "X" }),
    dead: no(),
    facts: { name: "P" },
    parts: { "plivo-auth-id": `MA${"A".repeat(18)}` },
  },
  {
    rule: "telnyx-api-key",
    ask: "GET api.telnyx.com/v2/balance",
    shown: bearer,
    live: ok({ data: { balance: "1.00", currency: "USD" } }),
    dead: no(),
    facts: { balance: "1.00" },
  },
  {
    rule: "messagebird-api-token",
    ask: "GET rest.messagebird.com/balance",
    shown: inHeader("authorization", "AccessKey "),
    live: ok({ payment: "prepaid", type: "euros", amount: 1 }),
    dead: no(),
    facts: { payment: "prepaid" },
  },
  {
    rule: "intercom-api-key",
    ask: "GET api.intercom.io/me",
    shown: bearer,
    live: ok({ type: "admin", email: "i@example.com", app: { name: "I" } }),
    dead: no(),
    facts: { workspace: "I" },
  },
  {
    rule: "sendgrid-api-token",
    ask: "GET api.sendgrid.com/v3/scopes",
    shown: bearer,
    live: ok({ scopes: ["mail.send"] }),
    dead: no(401, { errors: [{ message: "The provided authorization grant is invalid" }] }),
    facts: { scopes: "mail.send" },
  },
  {
    rule: "mailgun-private-api-token",
    ask: "GET api.mailgun.net/v3/domains?limit=1",
    shown: inBasic("api", "KEY"),
    live: ok({ total_count: 1, items: [{ name: "mg.example.com" }] }),
    dead: no(401, "Forbidden"),
    facts: { domain: "mg.example.com" },
  },
  {
    rule: "mailchimp-api-key",
    ask: "GET us12.api.mailchimp.com/3.0/",
    shown: inBasic("any", "KEY"),
    live: ok({ account_name: "M", email: "m@example.com", role: "owner" }),
    dead: no(401, { title: "API Key Invalid" }),
    facts: { account: "M" },
    secret: `${"0123456789abcdef".repeat(2)}-us12`,
  },
  {
    rule: "sendinblue-api-token",
    ask: "GET api.brevo.com/v3/account",
    shown: inHeader("api-key"),
    live: ok({ email: "b@example.com", companyName: "B" }),
    dead: no(401, { code: "unauthorized" }),
    facts: { company: "B" },
  },
  {
    rule: "postmark-server-token",
    ask: "GET api.postmarkapp.com/server",
    shown: inHeader("x-postmark-server-token"),
    live: ok({ ID: 1, Name: "P" }),
    dead: no(401, { ErrorCode: 10 }),
    facts: { server: "P" },
  },
  {
    rule: "resend-api-key",
    ask: "GET api.resend.com/domains",
    shown: bearer,
    live: ok({ data: [{ name: "r.example.com" }] }),
    dead: no(400, { statusCode: 400, name: "validation_error", message: "API key is invalid" }),
    facts: { domain: "r.example.com" },
  },
  {
    rule: "mailersend-api-token",
    ask: "GET api.mailersend.com/v1/api-quota",
    shown: bearer,
    live: ok({ quota: 100, remaining: 90 }),
    dead: no(401, { message: "Unauthenticated." }),
    facts: { remaining: "90" },
  },
  {
    rule: "sparkpost-api-key",
    ask: "GET api.sparkpost.com/api/v1/account",
    shown: inHeader("authorization"),
    live: ok({ results: { company_name: "S", subscription: { name: "free" } } }),
    dead: no(401, { errors: [{ message: "Unauthorized." }] }),
    facts: { plan: "free" },
  },
  {
    rule: "klaviyo-api-key",
    ask: "GET a.klaviyo.com/api/accounts",
    shown: inHeader("authorization", "Klaviyo-API-Key "),
    live: ok({ data: [{ id: "k1", attributes: { contact_information: { organization_name: "K" } } }] }),
    dead: no(401, { errors: [{ code: "authentication_failed" }] }),
    facts: { organization: "K" },
  },
  {
    rule: "close-crm-api-key",
    ask: "GET api.close.com/api/v1/me/",
    shown: inBasic("KEY", ""),
    live: ok({ email: "c@example.com", organizations: [{ name: "C" }] }),
    dead: no(),
    facts: { organization: "C" },
  },
  {
    rule: "stripe-access-token",
    ask: "GET api.stripe.com/v1/account",
    shown: bearer,
    live: ok({ id: "acct_1", country: "DE", email: "s@example.com" }),
    dead: no(401, { error: { type: "invalid_request_error" } }),
    facts: { account: "acct_1" },
  },
  {
    rule: "square-access-token",
    ask: "GET connect.squareup.com/v2/merchants",
    shown: bearer,
    live: ok({ merchant: [{ business_name: "Sq", country: "US" }] }),
    dead: no(401, { errors: [{ code: "UNAUTHORIZED" }] }),
    facts: { merchant: "Sq" },
  },
  {
    rule: "paypal-client-secret",
    ask: "POST api-m.paypal.com/v1/oauth2/token",
    shown: inBasic("A1", "KEY"),
    live: ok({ scope: "https://uri.paypal.com/services/invoicing", app_id: "APP-1" }),
    dead: no(401, { error: "invalid_client" }),
    facts: { app: "APP-1" },
    parts: { "paypal-client-id": "A1" },
  },
  {
    rule: "paystack-secret-key",
    ask: "GET api.paystack.co/balance",
    shown: bearer,
    live: ok({ status: true, data: [{ currency: "NGN", balance: 1 }] }),
    dead: no(401, { status: false, message: "Invalid key" }),
    facts: { currency: "NGN" },
  },
  {
    rule: "gumroad-api-key",
    ask: "GET api.gumroad.com/v2/user",
    shown: bearer,
    live: ok({ success: true, user: { name: "G", email: "g@example.com" } }),
    dead: no(),
    facts: { name: "G" },
  },
  {
    rule: "lemonsqueezy-api-token",
    ask: "GET api.lemonsqueezy.com/v1/users/me",
    shown: bearer,
    live: ok({ data: { attributes: { name: "L", email: "l@example.com" } } }),
    dead: no(),
    facts: { name: "L" },
  },
  {
    rule: "paddle-api-key",
    ask: "GET api.paddle.com/event-types",
    shown: bearer,
    live: ok({ data: [] }),
    dead: no(403, { error: { code: "authentication_malformed" } }),
  },
  {
    rule: "easypost-api-token",
    ask: "GET api.easypost.com/v2/metadata/carriers?carriers=usps",
    shown: inBasic("KEY", ""),
    live: ok({ carriers: [] }),
    dead: no(401, { error: { code: "APIKEY.INVALID" } }),
  },
  {
    rule: "shippo-api-token",
    ask: "GET api.goshippo.com/carrier_accounts?results=1",
    shown: inHeader("authorization", "ShippoToken "),
    live: ok({ results: [{ carrier: "usps" }] }),
    dead: no(401, { detail: "Token does not exist" }),
    facts: { carrier: "usps" },
  },
  {
    rule: "datadog-api-key",
    ask: "GET api.datadoghq.com/api/v1/validate",
    shown: inHeader("dd-api-key"),
    live: ok({ valid: true }),
    dead: no(403, { errors: ["Forbidden"] }),
    facts: { valid: "true" },
  },
  {
    rule: "new-relic-user-api-key",
    ask: "POST api.newrelic.com/graphql",
    shown: inHeader("api-key"),
    live: ok({ data: { actor: { user: { name: "R", email: "r@example.com" } } } }),
    dead: no(401, { errors: [{ message: "Access denied." }] }),
    facts: { user: "R" },
  },
  {
    rule: "sentry-user-token",
    ask: "GET sentry.io/api/0/",
    shown: bearer,
    live: ok({ version: "0", user: { username: "se", email: "s@example.com" }, auth: { scopes: ["org:read"] } }),
    dead: no(401, { detail: "Invalid token" }),
    facts: { user: "se", scopes: "org:read" },
  },
  {
    rule: "pagerduty-api-key",
    ask: "GET api.pagerduty.com/abilities",
    shown: inHeader("authorization", "Token token="),
    live: ok({ abilities: ["sso"] }),
    dead: no(401, "Access Denied"),
    facts: { abilities: "sso" },
  },
  {
    rule: "opsgenie-api-key",
    ask: "GET api.opsgenie.com/v2/account",
    shown: inHeader("authorization", "GenieKey "),
    live: ok({ data: { name: "O", plan: { name: "Free" } } }),
    dead: no(422, { message: "Key is not valid" }),
    facts: { account: "O" },
  },
  {
    rule: "honeycomb-api-key",
    ask: "GET api.honeycomb.io/1/auth",
    shown: inHeader("x-honeycomb-team"),
    live: ok({ team: { slug: "t" }, environment: { slug: "prod" } }),
    dead: no(401, { error: "unknown API key" }),
    facts: { environment: "prod" },
  },
  {
    rule: "posthog-personal-api-key",
    ask: "GET us.posthog.com/api/users/@me/",
    shown: bearer,
    live: ok({ email: "p@example.com", organization: { name: "P" } }),
    dead: no(401, { code: "authentication_failed" }),
    facts: { organization: "P" },
  },
  {
    rule: "linear-api-key",
    ask: "POST api.linear.app/graphql",
    shown: inHeader("authorization"),
    live: ok({ data: { viewer: { name: "L", email: "l@example.com" }, organization: { name: "Org" } } }),
    dead: no(400, { errors: [{ message: "Authentication required" }] }),
    facts: { organization: "Org" },
  },
  {
    rule: "notion-api-token",
    ask: "GET api.notion.com/v1/users/me",
    shown: bearer,
    live: ok({ object: "user", name: "bot", bot: { workspace_name: "N" } }),
    dead: no(401, { code: "unauthorized" }),
    facts: { workspace: "N" },
  },
  {
    rule: "asana-personal-access-token",
    ask: "GET app.asana.com/api/1.0/users/me",
    shown: bearer,
    live: ok({ data: { name: "A", email: "a@example.com", workspaces: [{ name: "W" }] } }),
    dead: no(),
    facts: { workspace: "W" },
  },
  {
    rule: "airtable-personal-access-token",
    ask: "GET api.airtable.com/v0/meta/whoami",
    shown: bearer,
    live: ok({ id: "usr1", email: "a@example.com", scopes: ["data.records:read"] }),
    dead: no(401, { error: { type: "AUTHENTICATION_REQUIRED" } }),
    facts: { scopes: "data.records:read" },
  },
  {
    rule: "figma-personal-access-token",
    ask: "GET api.figma.com/v1/me",
    shown: inHeader("x-figma-token"),
    live: ok({ id: "1", handle: "fig", email: "f@example.com" }),
    dead: no(403, { status: 403, err: "Invalid token" }),
    facts: { user: "fig" },
  },
  {
    rule: "clickup-personal-api-token",
    ask: "GET api.clickup.com/api/v2/user",
    shown: inHeader("authorization"),
    live: ok({ user: { username: "cli", email: "c@example.com" } }),
    dead: no(401, { err: "Token invalid", ECODE: "OAUTH_025" }),
    facts: { user: "cli" },
  },
  {
    rule: "typeform-api-token",
    ask: "GET api.typeform.com/me",
    shown: bearer,
    live: ok({ alias: "ty", email: "t@example.com" }),
    dead: no(403, { code: "AUTHENTICATION_FAILED" }),
    facts: { user: "ty" },
  },
  {
    rule: "dropbox-access-token",
    ask: "POST api.dropboxapi.com/2/users/get_current_account",
    shown: bearer,
    live: ok({ name: { display_name: "D" }, email: "d@example.com" }),
    dead: no(401, { error_summary: "invalid_access_token/", error: { ".tag": "invalid_access_token" } }),
    facts: { name: "D" },
  },
  {
    rule: "contentful-personal-access-token",
    ask: "GET api.contentful.com/users/me",
    shown: bearer,
    live: ok({ firstName: "C", email: "c@example.com" }),
    dead: no(401, { sys: { id: "AccessTokenInvalid" } }),
    facts: { name: "C" },
  },
  {
    rule: "hubspot-private-app-token",
    ask: "GET api.hubapi.com/account-info/v3/details",
    shown: bearer,
    live: ok({ portalId: 1, accountType: "STANDARD" }),
    dead: no(401, { category: "INVALID_AUTHENTICATION" }),
    facts: { portal: "1" },
  },
  {
    rule: "todoist-api-key",
    ask: "GET api.todoist.com/api/v1/user",
    shown: bearer,
    live: ok({ full_name: "T", email: "t@example.com" }),
    dead: no(),
    facts: { name: "T" },
  },
  {
    rule: "shortcut-api-key",
    ask: "GET api.app.shortcut.com/api/v3/member",
    shown: inHeader("shortcut-token"),
    live: ok({ mention_name: "sh", workspace2: { url_slug: "w" } }),
    dead: no(),
    facts: { workspace: "w" },
  },
  {
    rule: "facebook-page-access-token",
    ask: "GET graph.facebook.com/me?fields=id,name&access_token=KEY",
    shown: inPath,
    live: ok({ id: "1", name: "F" }),
    dead: no(400, { error: { code: 190, type: "OAuthException" } }),
    facts: { name: "F" },
  },
  {
    rule: "twitch-api-token",
    ask: "GET id.twitch.tv/oauth2/validate",
    shown: inHeader("authorization", "OAuth "),
    live: ok({ client_id: "c", login: "tw", scopes: ["chat:read"], expires_in: 10 }),
    dead: no(401, { message: "invalid access token" }),
    facts: { user: "tw" },
  },
  {
    rule: "bitly-access-token",
    ask: "GET api-ssl.bitly.com/v4/user",
    shown: bearer,
    live: ok({ login: "bit", name: "B" }),
    dead: no(403, { message: "FORBIDDEN" }),
    facts: { user: "bit" },
  },
  {
    rule: "mapbox-secret-token",
    ask: "GET api.mapbox.com/tokens/v2?access_token=KEY",
    shown: inPath,
    live: ok({ code: "TokenValid", token: { usage: "sk", user: "map" } }),
    dead: ok({ code: "TokenInvalid" }),
    facts: { user: "map" },
  },
  {
    rule: "shodan-api-key",
    ask: "GET api.shodan.io/api-info?key=KEY",
    shown: inPath,
    live: ok({ plan: "dev", query_credits: 1 }),
    dead: no(),
    facts: { plan: "dev" },
  },
  {
    rule: "virustotal-api-key",
    ask: "GET www.virustotal.com/api/v3/metadata",
    shown: inHeader("x-apikey"),
    live: ok({ data: {} }),
    dead: no(401, { error: { code: "WrongCredentialsError" } }),
  },
  {
    rule: "ipinfo-api-key",
    ask: "GET ipinfo.io/me?token=KEY",
    shown: inPath,
    live: ok({ token: "x", requests: { day: 1 } }),
    dead: no(403, { status: 403 }),
  },
  {
    rule: "openweather-api-key",
    ask: "GET api.openweathermap.org/data/2.5/weather?id=2643743&appid=KEY",
    shown: inPath,
    live: ok({ name: "London" }),
    dead: no(401, { cod: 401 }),
  },
  {
    rule: "adafruit-io-key",
    ask: "GET io.adafruit.com/api/v2/user",
    shown: inHeader("x-aio-key"),
    live: ok({ user: { username: "ada", plan: "free" } }),
    dead: no(401, { error: "not found - that API key was not found" }),
    facts: { user: "ada" },
  },
  {
    rule: "gcp-api-key",
    ask: "GET generativelanguage.googleapis.com/v1beta/models?pageSize=1&key=KEY",
    shown: inPath,
    live: no(403, { error: { status: "PERMISSION_DENIED", details: [{ reason: "API_KEY_SERVICE_BLOCKED" }] } }),
    dead: no(400, { error: { status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } }),
    facts: { reason: "API_KEY_SERVICE_BLOCKED" },
  },
  {
    rule: "google-oauth-access-token",
    ask: "GET oauth2.googleapis.com/tokeninfo?access_token=KEY",
    shown: inPath,
    live: ok({ email: "g@example.com", scope: "email", expires_in: "3599" }),
    dead: no(400, { error_description: "Invalid Value" }),
    facts: { email: "g@example.com" },
  },
  {
    rule: "azure-ad-client-secret",
    ask: "POST login.microsoftonline.com/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token",
    shown: inBody,
    live: ok({ token_type: "Bearer", expires_in: 3599 }),
    dead: no(401, { error: "invalid_client", error_codes: [7000215] }),
    facts: { application: "22222222-2222-2222-2222-222222222222" },
    parts: {
      "azure-client-id": "22222222-2222-2222-2222-222222222222",
      "azure-tenant-id": "11111111-1111-1111-1111-111111111111",
    },
  },
  {
    rule: "azure-devops-personal-access-token",
    ask: "GET app.vssps.visualstudio.com/_apis/profile/profiles/me?api-version=7.0",
    shown: inBasic("", "KEY"),
    live: ok({ displayName: "Az", emailAddress: "a@example.com" }),
    dead: { status: 203, body: "<html>Sign in</html>" },
    facts: { name: "Az" },
  },
]

const hosts = [...new Set(vendors.map(({ ask }) => ask.split(" ")[1]?.split("/")[0] ?? ""))]
const others = [
  "api.eu.mailgun.net",
  "api-m.sandbox.paypal.com",
  "sandbox-api.paddle.com",
  "api.eu.newrelic.com",
  "api.eu.opsgenie.com",
  "api.eu1.honeycomb.io",
  "eu.posthog.com",
  "api.eu.sparkpost.com",
  ...["us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu", "ap1.datadoghq.com"].map(site => `api.${site}`),
]

const examples = new Map((await declaredRules()).map(rule => [rule.id, rule.finds[0]]))
let internet: FakeInternet
let reply: { live: boolean; vendor: Vendor | undefined; secret: string } = { live: true, vendor: undefined, secret: "" }

before(async () => {
  internet = await fakeInternet([...hosts, ...others], seen => {
    const { live, vendor, secret } = reply
    if (vendor === undefined) return { status: 500 }
    const [method, where] = vendor.ask.replace("KEY", encodeURIComponent(secret).replaceAll("%3A", ":")).split(" ")
    const path = decodeURIComponent(seen.path) === seen.path ? seen.path : seen.path.replaceAll("%3A", ":")
    const isAsked = seen.method === method && `${seen.host}${path}` === where
    if (live && !(isAsked && vendor.shown(seen, secret))) return { status: 418, body: { unexpected: seen.path } }
    return live ? vendor.live : vendor.dead
  })
})
after(() => internet.stop())

for (const vendor of vendors)
  test(`${vendor.rule}: a live one, a dead one and a broken answer are told apart`, async () => {
    const secret = vendor.secret ?? examples.get(vendor.rule)?.secret ?? ""
    assert.notEqual(secret, "", "the rule exists and has an example")
    const finding = findingOf(vendor.rule, secret, { parts: vendor.parts ?? {} })
    const ask = async (live: boolean, shown: Vendor | undefined) => {
      reply = { live, vendor: shown, secret }
      const [judged] = await verify([finding], { ...internet.options, perSecond: 1000, retries: 0 })
      return judged?.verification
    }
    const live = await ask(true, vendor)
    assert.equal(live?.status, "verified", live?.reason ?? "")
    for (const [name, value] of Object.entries(vendor.facts ?? {})) assert.equal(live?.facts[name], value)
    assert.ok(!JSON.stringify(live).includes(secret), "the verdict does not repeat the secret")
    const gone = await ask(false, vendor)
    assert.equal(gone?.status, "dead", gone?.reason ?? "")
    assert.equal((await ask(true, undefined))?.status, "unknown")
  })
