import assert from "node:assert/strict"
import { createServer } from "node:http"
import { type TestContext, test } from "node:test"
import { fake } from "../rules/examples.ts"
import { isSpecial } from "./address.ts"
import { customVerifiers } from "./custom.ts"
import { bearer, question } from "./http.ts"
import { mask } from "./mask.ts"
import { type Answer, fakeInternet, findingOf, type Seen } from "./testing.ts"
import { verify } from "./verify.ts"

const pat = (seed: string) => fake("ghp_[a-zA-Z0-9]{36}", seed)
const ok: Answer = { status: 200, body: { login: "octocat" } }

async function internet(t: TestContext, hosts: string[], answer: (seen: Seen) => Answer | Promise<Answer>) {
  const made = await fakeInternet(hosts, answer)
  t.after(() => made.stop())
  return made
}

const fast = { perSecond: 1000, retries: 0 }

test("each credential is asked about once, however often it was found", async t => {
  const github = await internet(t, ["api.github.com"], () => ok)
  const [one, two] = [pat("one"), pat("two")]
  const findings = [one, two, one, one].map(secret => findingOf("github-pat", secret))
  const judged = await verify(findings, { ...github.options, ...fast })
  assert.deepEqual(
    judged.map(({ secret, verification }) => [secret, verification?.status]),
    [
      [one, "verified"],
      [two, "verified"],
      [one, "verified"],
      [one, "verified"],
    ],
  )
  assert.equal(github.seen.length, 2)
})

test("a rule without a verifier leaves its finding as it is", async () => {
  const finding = findingOf("generic-api-key", "a".repeat(20))
  assert.deepEqual(await verify([finding]), [finding])
})

test("a dry run tells what it would send, without the secret, and sends nothing", async t => {
  const github = await internet(t, ["api.github.com"], () => ok)
  const told: string[] = []
  const secret = pat("dry")
  const [judged] = await verify([findingOf("github-pat", secret)], {
    ...github.options,
    dryRun: true,
    announce: text => void told.push(text),
  })
  assert.equal(judged?.verification?.reason, "dry run")
  assert.equal(github.seen.length, 0)
  assert.match(told.join("\n"), /^GET https:\/\/api\.github\.com\/user\n[\s\S]*authorization: Bearer ghp_…$/m)
  assert.ok(!told.join("\n").includes(secret))
})

test("every form of a secret in a request is hidden", () => {
  const secret = 'a+b/"c&d =e%f'
  const shown = mask(
    {
      method: "POST",
      url: `https://x.example/?q=${encodeURIComponent(secret)}`,
      headers: { authorization: `Basic ${Buffer.from(secret).toString("base64")}`, other: "kept" },
      body: `${JSON.stringify({ secret })}&${new URLSearchParams({ secret })}`,
    },
    [secret],
  )
  assert.equal(shown, 'POST https://x.example/?q=…\nauthorization: Basic …\nother: kept\n\n{"secret":"…"}&secret=…')
})

test("redirects are not followed", async t => {
  const github = await internet(t, ["api.github.com", "evil.example"], () => ({
    status: 302,
    headers: { location: "https://evil.example/steal" },
  }))
  const [judged] = await verify([findingOf("github-pat", pat("redirect"))], { ...github.options, ...fast })
  assert.equal(judged?.verification?.reason, "answered with a redirect, which is not followed")
  assert.deepEqual(
    github.seen.map(seen => seen.host),
    ["api.github.com"],
  )
})

test("a certificate that nobody vouches for ends the request", async t => {
  const github = await internet(t, ["api.github.com"], () => ok)
  const { env } = github.options
  const [judged] = await verify([findingOf("github-pat", pat("tls"))], { env, ...fast })
  assert.equal(judged?.verification?.status, "unknown")
  assert.match(judged?.verification?.reason ?? "", /SELF_SIGNED_CERT|UNABLE_TO_VERIFY|CERT/)
  assert.equal(github.seen.length, 0)
})

test("a certificate for another name ends the request", async t => {
  const other = await internet(t, ["other.example"], () => ok)
  const [judged] = await verify([findingOf("github-pat", pat("name"))], { ...other.options, ...fast })
  assert.match(judged?.verification?.reason ?? "", /ERR_TLS_CERT_ALTNAME_INVALID/)
  assert.equal(other.seen.length, 0)
})

test("a secret goes to its issuer's hosts or nowhere", async t => {
  const evil = await internet(t, ["evil.example"], () => ok)
  const leaky = {
    ...question({ issuer: "X", rules: ["x"], get: "https://evil.example/", auth: bearer }),
    hosts: ["x.example"],
  }
  const [judged] = await verify([findingOf("x", "secret-value")], { ...evil.options, ...fast, custom: [leaky] })
  assert.equal(judged?.verification?.reason, "evil.example is not a host of this issuer (x.example)")
  assert.equal(evil.seen.length, 0)
})

test("private and special addresses are refused", async () => {
  const inside = question({ issuer: "X", rules: ["x"], get: "https://localhost:1/", auth: bearer })
  const [judged] = await verify([findingOf("x", "secret-value")], { custom: [inside], env: {}, ...fast })
  assert.equal(judged?.verification?.reason, "localhost leads to a private or special address")
  const special = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "192.168.0.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:10.0.0.1",
  ]
  assert.deepEqual(
    special.filter(address => !isSpecial(address)),
    [],
  )
  assert.deepEqual(["140.82.121.4", "2606:4700::1111", "::ffff:8.8.8.8"].filter(isSpecial), [])
})

test("429 is waited out as the issuer asks, and then tried again", async t => {
  let asked = 0
  const github = await internet(t, ["api.github.com"], () =>
    asked++ === 0 ? { status: 429, headers: { "retry-after": "0" } } : ok,
  )
  const [judged] = await verify([findingOf("github-pat", pat("429"))], { ...github.options, perSecond: 1000 })
  assert.equal(judged?.verification?.status, "verified")
  assert.equal(asked, 2)
})

test("an issuer that wants to be left alone for long is left alone", async t => {
  const github = await internet(t, ["api.github.com"], () => ({ status: 429, headers: { "retry-after": "3600" } }))
  const [judged] = await verify([findingOf("github-pat", pat("long"))], { ...github.options, perSecond: 1000 })
  assert.equal(judged?.verification?.reason, "answered 429")
  assert.equal(github.seen.length, 1)
})

test("no more requests are under way at one host than allowed", async t => {
  let open = 0
  let most = 0
  const github = await internet(t, ["api.github.com"], async () => {
    most = Math.max(most, ++open)
    await new Promise(resolve => setImmediate(resolve))
    open--
    return ok
  })
  const findings = Array.from({ length: 12 }, (_, i) => findingOf("github-pat", pat(`many${i}`)))
  await verify(findings, { ...github.options, ...fast, perHost: 3 })
  assert.ok(most <= 3, `${most} at a time`)
  assert.equal(github.seen.length, 12)
})

test("an issuer that does not answer is given up", async t => {
  const never = createServer(() => {})
  await new Promise<void>(resolve => never.listen(0, "127.0.0.1", resolve))
  t.after(() => void never.close())
  never.on("connect", (_request, socket) => t.after(() => void socket.destroy()))
  const address = never.address()
  const port = typeof address === "object" ? address?.port : 0
  const env = { HTTPS_PROXY: `http://127.0.0.1:${port}` }
  const [judged] = await verify([findingOf("github-pat", pat("never"))], { env, ...fast, timeoutMs: 50 })
  assert.equal(judged?.verification?.reason, "no answer within 50 ms")
})

test("a page of a firewall is no proof of life", async t => {
  const github = await internet(t, ["api.github.com"], () => ({
    status: 200,
    body: "<!doctype html><html>Blocked</html>",
  }))
  const [judged] = await verify([findingOf("github-pat", pat("waf"))], { ...github.options, ...fast })
  assert.equal(judged?.verification?.reason, "answered with a page, not with data")
})

test("a self-managed instance is asked instead of the public one", async t => {
  const own = await internet(t, ["git.example.com"], () => ({ status: 200, body: { active: true, name: "ci" } }))
  const secret = fake("glpat-[a-zA-Z0-9]{20}", "own")
  const [judged] = await verify([findingOf("gitlab-pat", secret)], {
    ...own.options,
    ...fast,
    hosts: { gitlab: "git.example.com" },
  })
  assert.equal(judged?.verification?.facts.name, "ci")
  assert.equal(own.seen[0]?.path, "/api/v4/personal_access_tokens/self")
})

test("a Vault token needs its server, and then tells its policies", async t => {
  const vault = await internet(t, ["vault.example.com"], seen =>
    seen.headers["x-vault-token"] === token
      ? { status: 200, body: { data: { display_name: "root", policies: ["root"], ttl: 0 } } }
      : { status: 403, body: { errors: ["permission denied"] } },
  )
  const token = fake("hvs[.][a-zA-Z0-9]{95}", "vault")
  const finding = findingOf("vault-service-token", token)
  const [lost] = await verify([finding], { ...vault.options, ...fast })
  assert.equal(lost?.verification?.reason, "name the server: --verify-host vault=HOST")
  const hosts = { vault: "vault.example.com" }
  const [found] = await verify([finding], { ...vault.options, ...fast, hosts })
  assert.deepEqual(found?.verification, { status: "verified", facts: { name: "root", policies: "root", ttl: "0" } })
  const [gone] = await verify([findingOf("vault-service-token", `${token}x`)], { ...vault.options, ...fast, hosts })
  assert.equal(gone?.verification?.status, "dead")
})

test("webhooks are asked without a message being posted", async t => {
  const slack = await internet(t, ["hooks.slack.com", "discord.com"], seen => {
    if (seen.host === "discord.com")
      return { status: seen.method === "GET" ? 200 : 500, body: { name: "spidey", channel_id: "1" } }
    return JSON.parse(seen.body).text === "" ? { status: 400, body: "no_text" } : { status: 500 }
  })
  const urls = {
    "slack-webhook-url": `https://hooks.slack.com/services/${fake("T[A-Z0-9]{8}/B[A-Z0-9]{8}/[a-zA-Z0-9]{24}", "hook")}`,
    "discord-webhook-url": `https://discord.com/api/webhooks/${fake("[1-9][0-9]{17}/[a-zA-Z0-9]{68}", "hook")}`,
  }
  const judged = await verify(
    Object.entries(urls).map(([rule, url]) => findingOf(rule, url)),
    { ...slack.options, ...fast },
  )
  assert.deepEqual(
    judged.map(({ verification }) => verification?.status),
    ["verified", "verified"],
  )
  assert.equal(judged[1]?.verification?.facts.name, "spidey")
})

test("what holds for a credential of two parts holds for the findings of both", async t => {
  const twilio = await internet(t, ["api.twilio.com"], () => ({ status: 401, body: { code: 20003 } }))
  const sid = fake("SK[0-9a-f]{32}", "sid")
  const secret = fake("[a-zA-Z0-9]{32}", "sid")
  const findings = [
    findingOf("twilio-api-key", sid),
    findingOf("twilio-api-key-secret", secret, { parts: { "twilio-api-key": sid } }),
  ]
  const judged = await verify(findings, { ...twilio.options, ...fast })
  assert.deepEqual(
    judged.map(({ verification }) => verification?.status),
    ["dead", "dead"],
  )
  const [lonely] = await verify([findingOf("twilio-api-key-secret", secret)], { ...twilio.options, ...fast })
  assert.equal(lonely?.verification?.reason, "the API key SID that it belongs to is not near")
})

test("a rule file brings its own verifier", async t => {
  const acme = await internet(t, ["api.acme.example"], seen =>
    seen.headers["x-key"] === "acme_1" ? { status: 200, body: { data: { login: "wile" } } } : { status: 403 },
  )
  const custom = customVerifiers(`
    [[rules]]
    id = "acme"
    regex = 'acme_[a-z0-9]+'
    [rules.verify]
    url = "https://api.acme.example/me"
    headers = { "X-Key" = "{secret}" }
    dead = [403]
    facts = { user = "data.login" }
  `)
  const judged = await verify([findingOf("acme", "acme_1"), findingOf("acme", "acme_2")], {
    ...acme.options,
    ...fast,
    custom,
  })
  assert.deepEqual(judged[0]?.verification, { status: "verified", facts: { user: "wile" } })
  assert.equal(judged[1]?.verification?.status, "dead")
})

test("a rule file's verifier cannot let the secret choose the host, and its mistakes are named", () => {
  const read = (verify: string) => customVerifiers(`[[rules]]\nid = "a"\n[rules.verify]\n${verify}`, "my.toml")
  const wrong: [string, RegExp][] = [
    ['url = "https://{secret}.example/"', /host without/],
    ['url = "http://plain.example/"', /must begin with https/],
    ['url = "https://a.example@b.example/"', /must begin with https/],
    ["alive = [200]", /my.toml: a: verify: url is missing/],
    ['url = "https://a.example/"\nmethod = "DELETE"', /GET or POST/],
    ['url = "https://a.example/"\nbody = "x"', /needs method = "POST"/],
    ['url = "https://a.example/"\ndead = ["403"]', /array of numbers/],
    ['url = "https://a.example/"\nstatus = [200]', /unknown key "status"; known: url/],
  ]
  for (const [text, message] of wrong) assert.throws(() => read(text), message)
  assert.deepEqual(customVerifiers(`[[rules]]\nid = "a"\nregex = "b"`), [])
})
