import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { fakes, folder, gitEnv, gitleaksRules, repository } from "../testing.ts"
import { runAction } from "./main.ts"
import { logOptionsFor, scopeOf } from "./range.ts"

type Comment = { path: string; line: number; body: string; commit_id?: string }

/** GitHub's review comments, paged by 100 as documented for "List review comments on a pull request". */
async function github(t: TestContext, comments: Comment[]): Promise<string> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://x")
    assert.equal(url.pathname, "/repos/o/r/pulls/7/comments")
    assert.equal(request.headers.authorization, "Bearer token")
    response.setHeader("content-type", "application/json")
    if (request.method === "GET") {
      const from = (Number(url.searchParams.get("page")) - 1) * 100
      return void response.end(JSON.stringify(comments.slice(from, from + 100)))
    }
    let body = ""
    for await (const part of request) body += part
    const comment = JSON.parse(body)
    response.statusCode = comment.path === "outside.txt" ? 422 : 201
    if (response.statusCode === 201) comments.push(comment)
    response.end("{}")
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  t.after(() => server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
}

function actionEnv(t: TestContext, workspace: string, name: string, event: object, more: Record<string, string> = {}) {
  const temp = folder(t, { "event.json": JSON.stringify(event), out: "", summary: "" })
  const env = {
    ...gitEnv,
    ARCA_CACHE_DIR: join(tmpdir(), "arca-test-cache"),
    GITHUB_WORKSPACE: workspace,
    GITHUB_EVENT_NAME: name,
    GITHUB_EVENT_PATH: join(temp, "event.json"),
    GITHUB_OUTPUT: join(temp, "out"),
    GITHUB_STEP_SUMMARY: join(temp, "summary"),
    GITHUB_REPOSITORY: "o/r",
    GITHUB_TOKEN: "token",
    RUNNER_TEMP: temp,
    GITLEAKS_CONFIG: gitleaksRules,
    ...more,
  }
  return { env, read: (file: string) => readFileSync(join(temp, file), "utf8") }
}

test("a pull request is scanned from its base to its head, commented once, and told without the secret", async t => {
  const repo = repository(t)
  const base = repo.commit({ "old.txt": `${fakes.aws}\n` }, "Known before")
  for (let i = 0; i < 35; i++) repo.commit({ "n.txt": `${i}\n` }, `Commit ${i}`)
  repo.commit({ "a.txt": `x\n${fakes.github}\n`, "outside.txt": `${fakes.slack}\n` }, "Leak")
  const head = repo.commit({ "a.txt": "x\n" }, "Hide it")
  const comments: Comment[] = Array.from({ length: 130 }, (_, i) => ({ path: "x", line: i, body: "old" }))
  const api = await github(t, comments)
  const event = { number: 7, pull_request: { base: { sha: base }, head: { sha: head } } }
  const { env, read } = actionEnv(t, repo.path, "pull_request", event, {
    GITHUB_API_URL: api,
    GITLEAKS_NOTIFY_USER_LIST: "@ada",
  })
  const printed: string[] = []
  assert.equal(await runAction(env, text => printed.push(text)), 1)
  assert.match(read("out"), /^exit-code=2\nsarif=.*gitleaks-results\.sarif\n$/)
  assert.match(read("summary"), /## Leaks found\n\n\| Rule ID \|.*\n\|---.*\n\| github-pat \| [0-9a-f]{7} \| /)
  const made = comments.slice(130)
  assert.deepEqual(
    made.map(({ path, line }) => [path, line]),
    [["a.txt", 2]],
  )
  assert.match(made[0]?.body ?? "", /\*\*github-pat\*\* has found a secret here.*cc @ada$/s)
  assert.ok(printed.some(line => /::warning::Cannot comment on outside\.txt:1: GitHub answered 422/.test(line)))
  for (const text of [...printed, read("summary"), read("gitleaks-results.sarif"), JSON.stringify(made)])
    assert.ok(!text.includes(fakes.github))
  await runAction(env, () => {})
  assert.equal(comments.length, 131)
})

test("a shallow checkout fails with what to do, not with a green tick", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": `${fakes.github}\n` }, "Leak")
  const base = repo.commit({ "a.txt": "x\n" }, "Hide it")
  const head = repo.commit({ "b.txt": "y\n" }, "More")
  const clone = folder(t)
  repo.git("clone", "-q", "--depth=1", `file://${repo.path}`, clone)
  const { env, read } = actionEnv(t, clone, "push", { before: base, after: head })
  const printed: string[] = []
  assert.equal(await runAction(env, text => printed.push(text)), 1)
  assert.match(read("out"), /^exit-code=1\n/)
  assert.ok(printed.includes("Check out the whole history: actions/checkout with fetch-depth: 0"))
})

test("each event tells its commits", () => {
  const options = (name: string, event: object, base = "") => logOptionsFor(scopeOf(name, { ...event }, base))
  const zero = "0".repeat(40)
  assert.deepEqual(options("push", { before: "a", after: "b" }), ["--no-merges", "a..b"])
  assert.deepEqual(options("push", { before: zero, after: "b", repository: { default_branch: "main" } }), [
    "--no-merges",
    "b",
    "--not",
    "--remotes=origin/main",
  ])
  assert.deepEqual(options("push", { before: "a", after: "b" }, "c"), ["--no-merges", "c..b"])
  assert.deepEqual(options("schedule", {}), [])
  assert.throws(() => options("issues", {}), /the event issues is not supported/)
})

test("no leaks: exit code 0, and a summary that says so", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": "x\n" }, "Begin")
  const { env, read } = actionEnv(t, repo.path, "workflow_dispatch", {}, { GITLEAKS_ENABLE_COMMENTS: "false" })
  writeFileSync(join(repo.path, ".gitleaksignore"), "")
  assert.equal(await runAction(env, () => {}), 0)
  assert.match(read("out"), /^exit-code=0\n/)
  assert.equal(read("summary"), "## No leaks found\n\n")
})
