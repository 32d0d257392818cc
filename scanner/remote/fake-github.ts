/**
 * GitHub's REST API as far as the scanner reads it, for tests. Checked against GitHub's OpenAPI description (`@octokit/openapi-types`
 * 27, REST API version 2022-11-28): the bodies below are parts of its schemas, by type; and against docs.github.com/en/rest for what
 * types do not say: Link headers (using-pagination), 403 and 429 with retry-after or x-ratelimit-* (rate-limits-for-the-rest-api),
 * 410 for issues that are switched off, 302 for logs. github.test.ts reads it with Octokit, too.
 */

import type { TestContext } from "node:test"
import type { components } from "@octokit/openapi-types"
import { zip } from "../corpus/archives.ts"
import { type Answer, type Asked, type FakeHost, fakeHost } from "./fake-host.ts"

type Schemas = components["schemas"]
type User = Pick<Schemas["simple-user"], "login">
type Issue = Pick<Schemas["issue"], "number" | "title" | "html_url" | "updated_at"> & {
  body: string
  user: User
  pull_request?: object
}
type Comment = Pick<Schemas["issue-comment"], "id" | "html_url" | "issue_url" | "updated_at"> & {
  body: string
  user: User
}
type PullComment = Pick<
  Schemas["pull-request-review-comment"],
  "id" | "html_url" | "pull_request_url" | "updated_at" | "body"
> & { user: User }
type Review = Pick<Schemas["pull-request-review"], "id" | "body" | "html_url"> & { user: User; submitted_at: string }
type Pull = Pick<Schemas["pull-request-simple"], "number" | "updated_at">
type Release = Pick<Schemas["release"], "tag_name" | "html_url" | "created_at"> & {
  name: string
  body: string
  author: User
}
type Repository = Pick<Schemas["minimal-repository"], "full_name" | "html_url"> & {
  clone_url: string
  pushed_at: string
}
type Run = Pick<Schemas["workflow-run"], "id" | "html_url" | "created_at"> & { actor: User }

export const token = "secret-of-the-test"
const ada: User = { login: "ada" }
const date = "2026-02-03T04:05:06Z"

/** What stands where; texts hold what `leak` says for their place. */
export async function fakeGithub(
  t: TestContext,
  leak: (place: string) => string,
  gitFolder?: string,
): Promise<FakeHost> {
  return fakeHost(t, {
    isAuthorized: ({ authorization = "" }) =>
      authorization === `Bearer ${token}` ||
      authorization === `token ${token}` ||
      authorization === `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
    isCredential: ({ authorization }) => authorization !== undefined,
    unauthorized: { status: 401, json: { message: "Bad credentials" } },
    notFound: { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" },
    routes: url => routesOf(url, leak),
    ...(gitFolder === undefined ? {} : { gitFolder }),
  })
}

function routesOf(url: string, leak: (place: string) => string): Record<string, (asked: Asked) => Answer> {
  const web = "https://github.example/octo/app"
  const api = `${url}/api/v3/repos/octo/app`
  const repository = (name: string): Repository => ({
    full_name: name,
    html_url: `https://github.example/${name}`,
    clone_url: `${url}/${name}.git`,
    pushed_at: date,
  })
  const issues: Issue[] = [1, 2, 3].map(number => ({
    number,
    title: `Issue ${number}`,
    body: `It fails\n\n${leak(number === 2 ? "pull" : `issue ${number}`)}`,
    html_url: `${web}/${number === 2 ? "pull" : "issues"}/${number}`,
    user: ada,
    updated_at: `2026-02-0${number}T00:00:00Z`,
    ...(number === 2 ? { pull_request: {} } : {}),
  }))
  const comments: Comment[] = [11, 12, 13].map(id => ({
    id,
    body: id === 13 ? leak("comment") : "Me too",
    issue_url: `${api}/issues/1`,
    html_url: `${web}/issues/1#issuecomment-${id}`,
    user: ada,
    updated_at: date,
  }))
  const pullComments: PullComment[] = [
    {
      id: 21,
      body: leak("line"),
      pull_request_url: `${api}/pulls/2`,
      html_url: `${web}/pull/2#discussion_r21`,
      user: ada,
      updated_at: date,
    },
  ]
  const reviews: Review[] = [
    { id: 31, body: leak("review"), html_url: `${web}/pull/2#pullrequestreview-31`, user: ada, submitted_at: date },
  ]
  const releases: Release[] = [
    {
      tag_name: "v1",
      name: "One",
      body: leak("release"),
      html_url: `${web}/releases/tag/v1`,
      created_at: date,
      author: ada,
    },
  ]
  const pulls: Pull[] = [{ number: 2, updated_at: "2026-02-02T00:00:00Z" }]
  const runs: Run[] = [1, 2].map(id => ({ id, html_url: `${web}/actions/runs/${id}`, created_at: date, actor: ada }))
  const gist = {
    id: "aa5a315d61ae9438b18d",
    html_url: "https://gist.github.example/ada/aa5a315d61ae9438b18d",
    description: "notes",
    owner: ada,
    updated_at: date,
    comments: 1,
    files: {
      "notes.txt": { filename: "notes.txt", truncated: false, content: leak("gist"), raw_url: `${url}/raw/notes.txt` },
      "long.txt": {
        filename: "long.txt",
        truncated: true,
        content: "cut",
        raw_url: `${url.replace("127.0.0.1", "localhost")}/raw/long.txt`,
      },
    },
  } satisfies { [name in keyof Schemas["gist-simple"]]?: unknown }
  const since = ({ query }: Asked, list: readonly { updated_at: string }[]) => ({
    list: list.filter(one => one.updated_at >= (query.get("since") ?? "")),
  })
  const none = () => ({ list: [] })
  const quiet = {
    "/issues": () => ({ status: 410, json: { message: "Issues are disabled for this repo" } }),
    "/issues/comments": none,
    "/pulls/comments": none,
    "/comments": none,
    "/pulls": none,
    "/releases": none,
  }
  const below = (name: string, routes: Record<string, (asked: Asked) => Answer>) =>
    Object.fromEntries(Object.entries(routes).map(([path, answer]) => [`/api/v3/repos/${name}${path}`, answer]))
  return {
    "/api/v3/users/octo": () => ({ json: { login: "octo", type: "Organization" } }),
    "/api/v3/users/ada": () => ({ json: { login: "ada", type: "User" } }),
    "/api/v3/user": ({ authorized }) =>
      authorized ? { json: { login: "grace" } } : { status: 401, json: { message: "Requires authentication" } },
    "/api/v3/orgs/octo/repos": () => ({
      list: [repository("octo/app"), repository("octo/quiet"), repository("octo/last")],
    }),
    "/api/v3/users/ada/repos": none,
    "/api/v3/users/ada/gists": () => ({ list: [{ id: gist.id, description: gist.description }] }),
    [`/api/v3/gists/${gist.id}`]: () => ({ json: gist }),
    [`/api/v3/gists/${gist.id}/comments`]: () => ({
      list: [{ id: 1, body: leak("gist comment"), user: ada, updated_at: date }],
    }),
    "/raw/long.txt": ({ authorized }) =>
      authorized
        ? { status: 500, json: { message: "the token was sent to another host" } }
        : { bytes: Buffer.from(leak("long gist")) },
    "/logs/1.zip": ({ headers }) =>
      headers.authorization === undefined
        ? { bytes: zip({ "0_build.txt": `2026-02-03T04:05:06.0000000Z ${leak("log")}\n` }) }
        : { status: 400, json: { message: "the token was sent to the storage" } },
    ...below("octo/app", {
      "": () => ({ json: repository("octo/app") }),
      "/issues": asked => since(asked, issues),
      "/issues/comments": asked => since(asked, comments),
      "/pulls/comments": asked => since(asked, pullComments),
      "/comments": none,
      "/pulls": () => ({ list: pulls }),
      "/pulls/2/reviews": () => ({ list: reviews }),
      "/releases": () => ({ list: releases }),
      "/actions/runs": () => ({ list: runs, within: "workflow_runs" }),
      "/actions/runs/1/logs": () => ({ redirect: `${url.replace("127.0.0.1", "localhost")}/logs/1.zip` }),
      "/actions/runs/2/logs": () => ({ status: 410, json: { message: "Server Error" } }),
    }),
    ...below("octo/quiet", quiet),
    ...below("octo/last", quiet),
  }
}
