import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { Gitlab } from "@gitbeaker/rest"
import { scanAll } from "../index.ts"
import type { RemoteTarget } from "../scan.ts"
import { fakes, folder, gitEnv, gitleaksRules, repositoryAt, runScan } from "../testing.ts"
import { fakeGitlab, token } from "./fake-gitlab.ts"
import { gitServerMissing } from "./fake-host.ts"

const leak = () => `token = ${fakes.github}`
const texts = ["issues", "pulls", "comments", "releases", "snippets"] as const

async function search(url: string, target: string, rest: Partial<RemoteTarget> = {}) {
  const asked: RemoteTarget = { kind: "gitlab", target, url, token, only: texts, ...rest }
  return scanAll(asked, { configPath: gitleaksRules, env: gitEnv })
}

test("Gitbeaker reads the fake", async t => {
  const gitlab = await fakeGitlab(t, leak)
  const api = new Gitlab({ host: gitlab.url, token })
  assert.equal((await api.Projects.show("team/sub/app")).id, 7)
  assert.equal((await api.Groups.allProjects("team", { includeSubgroups: true })).length, 1)
  const issues = await api.Issues.all({ projectId: 7, scope: "all" })
  assert.deepEqual(
    issues.map(one => one.iid),
    [1, 2, 3],
  )
  const later = await api.Issues.all({ projectId: 7, updatedAfter: "2026-02-02T00:00:00Z" })
  assert.deepEqual(
    later.map(one => one.iid),
    [2, 3],
  )
  assert.equal((await api.MergeRequests.all({ projectId: 7 }))[0]?.iid, 4)
  assert.equal((await api.IssueNotes.all(7, 1)).length, 3)
  assert.equal((await api.ProjectSnippets.all(7)).length, 2)
  assert.equal(await api.ProjectSnippets.showContent(7, 5), leak())
  assert.equal((await api.ProjectReleases.all(7))[0]?.tag_name, "v1")
  assert.equal(await api.Jobs.showLog(7, 1), leak())
  const [user] = await api.Users.all({ username: "ada" })
  assert.equal(user?.id, 9)
  await assert.rejects(api.Projects.show("team/none"), /Not Found/)
})

test("all texts of a group, with the groups below it, are searched", async t => {
  const gitlab = await fakeGitlab(t, leak)
  const expected = [
    "issues/1:3 /-/issues/1 ada",
    "issues/2:3 /-/issues/2 ada",
    "issues/3:3 /-/issues/3 ada",
    "merge_requests/4:1 /-/merge_requests/4 ada",
    "issues/1/notes/43:1 /-/issues/1#note_43 ada",
    "releases/v1:3 /-/releases/v1 ada",
    "snippets/5/a.sh:1 /-/snippets/5 ada",
    "snippets/6/a.sh:1 /-/snippets/5 ada",
    "snippets/6/dir/b.sh:1 /-/snippets/5 ada",
  ]
  for (const target of ["team", "team/sub", "team/sub/app"]) {
    const { findings, summary } = await search(gitlab.url, target)
    assert.deepEqual(summary.partial, [])
    const seen = findings.map(({ file, startLine, link, author }) => `${file}:${startLine} ${link} ${author}`)
    assert.deepEqual(
      seen.map(line => line.replace("team/sub/app/", "").replace("https://gitlab.example/team/sub/app", "")),
      expected,
    )
  }
})

test("a user's own snippets are searched, and jobs' logs when they are named", async t => {
  const gitlab = await fakeGitlab(t, leak)
  const own = await search(gitlab.url, "ada")
  assert.deepEqual(own.summary.partial, [])
  assert.deepEqual(
    own.findings.map(one => one.file),
    ["ada/snippets/8/own.sh"],
  )
  const logs = await search(gitlab.url, "team/sub/app", { only: ["logs"] })
  assert.deepEqual(logs.summary.partial, [])
  assert.deepEqual(
    logs.findings.map(one => one.file),
    ["team/sub/app/jobs/1/trace"],
  )
})

test("a project's history is fetched with the token, all refs of it", async t => {
  const missing = gitServerMissing()
  if (missing !== undefined) return t.skip(missing)
  const root = folder(t, { "team/sub/app.git/empty": "" })
  const repo = repositoryAt(join(root, "team/sub/app.git"))
  const sha = repo.commit({ "a.txt": `${leak()}\n` }, "Begin")
  repo.git("update-ref", "refs/merge-requests/4/head", sha)
  const gitlab = await fakeGitlab(t, () => "", root)
  const { findings, summary } = await search(gitlab.url, "team/sub/app", { only: ["history"] })
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(one => one.link),
    [`https://gitlab.example/team/sub/app/blob/${sha}/a.txt#L1`],
  )
})

test("limits are waited for, and a name that nobody has is said to be none", async t => {
  const gitlab = await fakeGitlab(t, leak)
  const refusals = [
    { status: 429, headers: { "retry-after": "0" } },
    { status: 429, headers: { "ratelimit-remaining": "0", "ratelimit-reset": "1" } },
  ]
  gitlab.before = () => refusals.shift()
  assert.deepEqual((await search(gitlab.url, "team")).summary.partial, [])
  const absent = await search(gitlab.url, "nobody")
  assert.match(absent.summary.partial.join(), /no project, group or user nobody that this token may see/)
  const wrong = await search(gitlab.url, "team", { token: "wrong" })
  assert.match(wrong.summary.partial.join(), /answered 401: 401 Unauthorized/)
})

test("a token of the environment goes to the server that it is for, and to no other", async t => {
  const gitlab = await fakeGitlab(t, leak)
  const words = ["gitlab", "team", "--api-url", gitlab.url, "--only", "issues", "-c", gitleaksRules]
  const other = await runScan(folder(t), words, "arca", { GITLAB_TOKEN: token })
  assert.equal(gitlab.asked.filter(one => one.authorized).length, 0, other.stderr)
  const own = await runScan(folder(t), words, "arca", { GITLAB_TOKEN: token, GITLAB_HOST: gitlab.url })
  assert.equal(own.code, 1, own.stderr)
  assert.ok(gitlab.asked.some(one => one.authorized))
})
