import assert from "node:assert/strict"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { Octokit } from "@octokit/rest"
import { scanAll } from "../index.ts"
import type { RemoteTarget, ScanOptions } from "../scan.ts"
import { fakes, folder, gitEnv, gitleaksRules, repositoryAt, runScan } from "../testing.ts"
import { fakeGithub, token } from "./fake-github.ts"
import { gitServerMissing } from "./fake-host.ts"

const leak = () => `token = ${fakes.github}`
const texts = ["issues", "pulls", "comments", "reviews", "releases", "gists"] as const

async function search(url: string, target: string, rest: Partial<RemoteTarget> = {}, options: ScanOptions = {}) {
  const asked: RemoteTarget = { kind: "github", target, url, token, only: texts, ...rest }
  return scanAll(asked, { configPath: gitleaksRules, env: gitEnv, ...options })
}

test("GitHub's own client reads the fake", async t => {
  const github = await fakeGithub(t, leak)
  const octokit = new Octokit({
    baseUrl: `${github.url}/api/v3`,
    auth: token,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const app = { owner: "octo", repo: "app" }
  const { rest } = octokit
  const numbers = (list: readonly { number: number }[]) => list.map(one => one.number)
  assert.deepEqual(numbers(await octokit.paginate(rest.issues.listForRepo, { ...app, state: "all" })), [1, 2, 3])
  const later = await octokit.paginate(rest.issues.listForRepo, { ...app, state: "all", since: "2026-02-02T00:00:00Z" })
  assert.deepEqual(numbers(later), [2, 3])
  assert.equal((await octokit.paginate(rest.issues.listCommentsForRepo, app)).length, 3)
  assert.equal((await octokit.paginate(rest.pulls.listReviewCommentsForRepo, app))[0]?.id, 21)
  assert.equal((await octokit.paginate(rest.pulls.listReviews, { ...app, pull_number: 2 }))[0]?.id, 31)
  assert.equal((await octokit.paginate(rest.repos.listReleases, app))[0]?.tag_name, "v1")
  assert.equal((await octokit.paginate(rest.repos.listForOrg, { org: "octo" })).length, 3)
  assert.equal((await rest.users.getByUsername({ username: "octo" })).data.type, "Organization")
  const [listed] = await octokit.paginate(rest.gists.listForUser, { username: "ada" })
  const { data: gist } = await rest.gists.get({ gist_id: listed?.id ?? "" })
  assert.equal(gist.files?.["notes.txt"]?.content, leak())
  const { data: runs } = await rest.actions.listWorkflowRunsForRepo(app)
  assert.equal(runs.total_count, 2)
  const log = await rest.actions.downloadWorkflowRunLogs({ ...app, run_id: 1 })
  assert.equal(log.status, 200)
  await assert.rejects(rest.issues.listForRepo({ owner: "octo", repo: "quiet" }), /Issues are disabled/)
})

test("all texts of an organisation are searched, and each finding leads to its page and author", async t => {
  const github = await fakeGithub(t, leak)
  const { findings, summary } = await search(github.url, "octo")
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(({ file, startLine, link, author }) => `${file}:${startLine} ${link} ${author}`),
    [
      "octo/app/issues/1:5 https://github.example/octo/app/issues/1 ada",
      "octo/app/pulls/2:5 https://github.example/octo/app/pull/2 ada",
      "octo/app/issues/3:5 https://github.example/octo/app/issues/3 ada",
      "octo/app/issues/1/comments/13:1 https://github.example/octo/app/issues/1#issuecomment-13 ada",
      "octo/app/pulls/2/comments/21:1 https://github.example/octo/app/pull/2#discussion_r21 ada",
      "octo/app/pulls/2/reviews/31:1 https://github.example/octo/app/pull/2#pullrequestreview-31 ada",
      "octo/app/releases/v1:3 https://github.example/octo/app/releases/tag/v1 ada",
    ],
  )
  assert.ok(github.asked.every(one => one.authorized))
})

test("a user's gists are searched, those that the list cuts short too, without the token for other hosts", async t => {
  const github = await fakeGithub(t, leak)
  const { findings, summary } = await search(github.url, "ada")
  assert.deepEqual(summary.partial, [])
  const gist = "ada/gists/aa5a315d61ae9438b18d"
  assert.deepEqual(
    findings.map(one => one.file),
    [`${gist}/notes.txt`, `${gist}/long.txt`, `${gist}/comments/1`],
  )
})

test("logs of CI runs are searched when they are named; those that have expired are passed over", async t => {
  const github = await fakeGithub(t, leak)
  const { findings, summary } = await search(github.url, "octo/app", { only: ["logs"] })
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(({ file, author }) => `${file} ${author}`),
    ["octo/app/actions/runs/1/logs.zip!0_build.txt ada"],
  )
})

test("histories are fetched with all refs, those of pull requests too", async t => {
  const missing = gitServerMissing()
  if (missing !== undefined) return t.skip(missing)
  const github = await fakeGithub(t, () => "", hosted(t))
  const { findings, summary } = await search(github.url, "octo/app", { only: ["history"] })
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(({ file, link, commit }) => [file, link.replace(commit, "SHA")]),
    [["octo/app/a b.txt", "https://github.example/octo/app/blob/SHA/a%20b.txt#L1"]],
  )
  const wrong = await search(github.url, "octo/app", { only: ["history"], token: "wrong" })
  assert.match(wrong.summary.partial.join(), /\/repos\/octo\/app answered 401: Bad credentials$/)
})

/** A server's folder, with a leak that lies in a pull request only. */
function hosted(t: TestContext): string {
  const root = folder(t, { "octo/app.git/empty": "" })
  const repo = repositoryAt(join(root, "octo/app.git"))
  repo.commit({ "a.txt": "hello\n" }, "Begin")
  repo.git("checkout", "-q", "-b", "fork")
  repo.commit({ "a b.txt": `${leak()}\n` }, "From a fork")
  repo.git("update-ref", "refs/pull/2/head", "fork")
  repo.git("checkout", "-q", "main")
  repo.git("branch", "-q", "-D", "fork")
  return root
}

test("refusals that pass are waited for", async t => {
  const github = await fakeGithub(t, leak)
  const refusals = [
    { status: 429, headers: { "retry-after": "0" } },
    { status: 403, headers: { "retry-after": "0" }, json: { message: "You have exceeded a secondary rate limit" } },
    { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } },
    { status: 502, headers: { "retry-after": "0" } },
  ]
  github.before = () => refusals.shift()
  const { findings, summary } = await search(github.url, "octo/app")
  assert.deepEqual(summary.partial, [])
  assert.equal(findings.length, 7)
})

test("a wait that is too long ends in a partial scan that says so", async t => {
  const github = await fakeGithub(t, leak)
  const reset = String(Math.floor(Date.now() / 1000) + 3000)
  github.before = ({ path }) =>
    path.endsWith("/comments")
      ? { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } }
      : undefined
  const { findings, summary } = await search(github.url, "octo/app", { maxWaitSeconds: 5 })
  assert.match(
    summary.partial.join(),
    /octo\/app: comments were not read to their end: .* allowed in \d+ s, longer than/,
  )
  assert.equal(findings.length, 5)
})

test("a scan that was cut short goes on where it ended, and then reads only what changed", async t => {
  const github = await fakeGithub(t, leak)
  const statePath = join(folder(t), "state.json")
  github.before = ({ path }) =>
    path.endsWith("/reviews") ? { status: 403, json: { message: "Resource not accessible" } } : undefined
  const first = await search(github.url, "octo/app", { statePath })
  assert.match(first.summary.partial.join(), /reviews were not read to their end: .*: Resource not accessible$/)
  assert.equal(first.findings.length, 6)
  github.before = () => undefined
  github.asked.length = 0
  const second = await search(github.url, "octo/app", { statePath })
  assert.deepEqual(second.summary.partial, [])
  assert.deepEqual(second.findings.map(one => one.file).sort(), ["octo/app/pulls/2/reviews/31", "octo/app/releases/v1"])
  const issues = github.asked.find(one => one.path.endsWith("/app/issues"))
  assert.match(issues?.query.get("since") ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.ok(!readFileSync(statePath, "utf8").includes(token))
  const other = await search(github.url, "octo/quiet", { statePath })
  assert.match(other.summary.partial.join(), /is the state of a scan of github .* octo\/app, not of/)
})

test("what is not to be trusted is refused", async t => {
  const github = await fakeGithub(t, leak)
  const partial = async (target: string, rest: Partial<RemoteTarget> = {}) =>
    (await search(github.url, target, { only: ["issues"], ...rest })).summary.partial.join()
  assert.match(await partial("octo/app", { url: "http://github.example" }), /is not HTTPS/)
  assert.match(await partial("octo/none"), /\/repos\/octo\/none answered 404: Not Found/)
  const link = (target: string) => ({ status: 200, headers: { link: `<${target}>; rel="next"` }, json: [] })
  github.before = ({ path }) => (path.endsWith("/issues") ? link("https://evil.example/") : undefined)
  assert.match(await partial("octo/app"), /https:\/\/evil\.example is another host/)
  github.before = ({ path }) =>
    path.endsWith("/issues") ? link(`${github.url}/api/v3/repos/octo/app/issues`) : undefined
  assert.match(await partial("octo/app"), /leads back to a page that was read/)
  github.before = ({ path }) => (path.endsWith("/issues") ? { bytes: Buffer.from("<html>") } : undefined)
  assert.match(await partial("octo/app"), /did not answer with JSON/)
})

test("the command takes the token from a file, and an unknown part is a mistake", async t => {
  const github = await fakeGithub(t, leak)
  const dir = folder(t, { token: `${token}\n` })
  const words = ["github", "octo/app", "--api-url", github.url, "--token-file", "token", "-c", gitleaksRules]
  const found = await runScan(dir, [...words, "--only", "issues,pulls", "-f", "jsonl", "-r", "-", "--redact"])
  assert.equal(found.code, 1, found.stderr)
  assert.equal(found.stdout.trim().split("\n").length, 3)
  assert.ok(!found.stdout.includes(fakes.github))
  const wrong = await runScan(dir, [...words, "--only", "wikis"])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /--only takes history, issues, .*; not "wikis"/)
  rmSync(join(dir, "token"))
  assert.match((await runScan(dir, words)).stderr, /Cannot read the token: ENOENT/)
})
