/**
 * GitLab's REST API (version 4) as far as the scanner reads it, for tests. Checked against the schemas of `@gitbeaker/core` 43.8.0, of
 * which the bodies below are parts by type, and against docs.gitlab.com/api: rest (Link headers, offset pages, encoded paths),
 * rest/authentication (PRIVATE-TOKEN), settings/user_and_ip_rate_limits (429 with Retry-After, RateLimit-*), issues, merge_requests,
 * notes, project_snippets, releases, jobs. gitlab.test.ts reads it with Gitbeaker, too.
 */

import type { TestContext } from "node:test"
import type {
  IssueSchema,
  JobSchema,
  MergeRequestSchema,
  ReleaseSchema,
  SimpleUserSchema,
  SnippetSchema,
} from "@gitbeaker/rest"
import { type Answer, type Asked, type FakeHost, fakeHost } from "./fake-host.ts"

type Author = { author: Pick<SimpleUserSchema, "username"> }
type Issue = Pick<IssueSchema, "iid" | "title" | "description" | "web_url" | "updated_at" | "user_notes_count"> & Author
type MergeRequest = Pick<MergeRequestSchema, "iid" | "title" | "description" | "web_url" | "updated_at"> &
  Author & { user_notes_count: number }
type Note = { id: number; body: string; system: boolean; updated_at: string } & Author
type Snippet = Pick<SnippetSchema, "id" | "title" | "file_name" | "web_url" | "updated_at"> &
  Author & { files: { path: string; raw_url: string }[] }
type Job = Pick<JobSchema, "id" | "web_url" | "created_at"> & { user: { username: string } }
type Release = Pick<ReleaseSchema, "tag_name" | "name"> & {
  description: string
  released_at: string
  _links: { self: string }
} & Author

export const token = "glpat-secret-of-the-test"
const author = { username: "ada" }
const date = "2026-02-03T04:05:06.000Z"

/** What stands where; texts hold what `leak` says for their place. */
export async function fakeGitlab(
  t: TestContext,
  leak: (place: string) => string,
  gitFolder?: string,
): Promise<FakeHost> {
  return fakeHost(t, {
    isAuthorized: headers =>
      headers["private-token"] === token ||
      headers.authorization === `Basic ${Buffer.from(`oauth2:${token}`).toString("base64")}`,
    isCredential: headers => headers["private-token"] !== undefined,
    unauthorized: { status: 401, json: { message: "401 Unauthorized" } },
    notFound: { message: "404 Not Found" },
    routes: url => routesOf(url, leak),
    ...(gitFolder === undefined ? {} : { gitFolder }),
  })
}

function routesOf(url: string, leak: (place: string) => string): Record<string, (asked: Asked) => Answer> {
  const web = "https://gitlab.example/team/sub/app"
  const project = {
    id: 7,
    path_with_namespace: "team/sub/app",
    web_url: web,
    http_url_to_repo: `${url}/team/sub/app.git`,
    last_activity_at: date,
  }
  const issues: Issue[] = [1, 2, 3].map(iid => ({
    iid,
    title: `Issue ${iid}`,
    description: leak(`issue ${iid}`),
    web_url: `${web}/-/issues/${iid}`,
    updated_at: `2026-02-0${iid}T00:00:00.000Z`,
    user_notes_count: iid === 1 ? 3 : 0,
    author,
  }))
  const merges: MergeRequest[] = [
    {
      iid: 4,
      title: leak("merge request"),
      description: "",
      web_url: `${web}/-/merge_requests/4`,
      updated_at: date,
      user_notes_count: 0,
      author,
    },
  ]
  const notes: Note[] = [
    { id: 41, body: "closed", system: true, updated_at: date, author },
    { id: 42, body: "Me too", system: false, updated_at: date, author },
    { id: 43, body: leak("note"), system: false, updated_at: date, author },
  ]
  const raw = (path: string) => ({ path, raw_url: `${web}/-/snippets/5/raw/main/${path}` })
  const snippet = { title: "Notes", file_name: "a.sh", web_url: `${web}/-/snippets/5`, updated_at: date, author }
  const snippets: Snippet[] = [
    { ...snippet, id: 5, files: [raw("a.sh")] },
    { ...snippet, id: 6, files: [raw("a.sh"), raw("dir/b.sh")] },
  ]
  const releases: Release[] = [
    {
      tag_name: "v1",
      name: "One",
      description: leak("release"),
      released_at: date,
      _links: { self: `${web}/-/releases/v1` },
      author,
    },
  ]
  const jobs: Job[] = [1, 2].map(id => ({ id, web_url: `${web}/-/jobs/${id}`, created_at: date, user: author }))
  const at = "/api/v4/projects/7"
  const since = ({ query }: Asked, list: readonly { updated_at: string }[]) => ({
    list: list.filter(one => Date.parse(one.updated_at) >= Date.parse(query.get("updated_after") ?? "1970-01-01")),
  })
  const text = (place: string) => () => ({ text: leak(place) })
  return {
    "/api/v4/groups/team": () => ({ json: { id: 3, full_path: "team" } }),
    "/api/v4/groups/team%2Fsub": () => ({ json: { id: 4, full_path: "team/sub" } }),
    "/api/v4/groups/team/projects": ({ query }) => ({
      list: query.get("include_subgroups") === "true" ? [project] : [],
    }),
    "/api/v4/groups/team%2Fsub/projects": () => ({ list: [project] }),
    "/api/v4/projects/team%2Fsub%2Fapp": () => ({ json: project }),
    "/api/v4/users": ({ query }) => ({ list: query.get("username") === "ada" ? [{ id: 9, username: "ada" }] : [] }),
    "/api/v4/users/9/projects": () => ({ list: [] }),
    "/api/v4/user": ({ authorized }) =>
      authorized ? { json: { id: 9 } } : { status: 401, json: { message: "401 Unauthorized" } },
    "/api/v4/snippets": () => ({ list: [{ ...snippet, id: 8, files: [raw("own.sh")], file_name: "own.sh" }] }),
    "/api/v4/snippets/8/raw": text("own snippet"),
    [at]: () => ({ json: project }),
    [`${at}/issues`]: asked => since(asked, issues),
    [`${at}/merge_requests`]: asked => since(asked, merges),
    [`${at}/issues/1/notes`]: () => ({ list: notes }),
    [`${at}/releases`]: () => ({ list: releases }),
    [`${at}/snippets`]: () => ({ list: snippets }),
    [`${at}/snippets/5/raw`]: text("snippet"),
    [`${at}/snippets/6/files/HEAD/a.sh/raw`]: text("first file"),
    [`${at}/snippets/6/files/HEAD/dir%2Fb.sh/raw`]: text("second file"),
    [`${at}/jobs`]: () => ({ list: jobs }),
    [`${at}/jobs/1/trace`]: text("job log"),
  }
}
