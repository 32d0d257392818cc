import { type Api, ApiError, openApi } from "./api.ts"
import type { Host, HostSettings, Item, Part, Place } from "./host.ts"
import { numberAt, textAt, valueAt } from "./read.ts"

const apiVersion = "2022-11-28"
const perPage = "per_page=100"

/**
 * GitHub's REST API (docs.github.com/en/rest), of github.com or an Enterprise Server. `target` is `owner/name`, or the name of an
 * organisation or user.
 */
export async function openGithub(settings: HostSettings): Promise<Host> {
  const { target, token } = settings
  const base = apiBase(settings.url)
  const api = await openApi({
    ...settings,
    base,
    headers: {
      accept: "application/vnd.github+json",
      "x-github-api-version": apiVersion,
      "user-agent": "arca-scan",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
  })
  const web = webOrigin(base)
  return {
    places: () => (target.includes("/") ? onePlace(api, target) : ownerPlaces(api, target)),
    ...(token === "" ? {} : { credentials: { user: "x-access-token", password: token, origin: web } }),
    close: api.close,
  }
}

/** `https://github.example.com` stands for its API; github.com's API has a host of its own. */
function apiBase(given: string): string {
  const url = new URL(given === "" ? "https://api.github.com" : given)
  if (url.hostname === "github.com") return "https://api.github.com"
  const path = url.pathname.replace(/\/+$/, "")
  return url.origin + (path !== "" || url.hostname.startsWith("api.") ? path : "/api/v3")
}

const webOrigin = (base: string) => new URL(base).origin.replace("//api.", "//")

async function* onePlace(api: Api, target: string): AsyncGenerator<Place> {
  yield repositoryPlace(api, await api.get(`/repos/${target}`))
}

async function* ownerPlaces(api: Api, owner: string): AsyncGenerator<Place> {
  const name = encodeURIComponent(owner)
  const isOrganisation = textAt(await api.get(`/users/${name}`), "type") === "Organization"
  const own = !isOrganisation && (await isOwn(api, owner))
  // Only the list of one's own repositories holds the private ones of a user.
  const repositories = isOrganisation
    ? `/orgs/${name}/repos?type=all`
    : own
      ? "/user/repos?affiliation=owner"
      : `/users/${name}/repos?type=owner`
  for await (const one of api.list(`${repositories}${repositories.includes("?") ? "&" : "?"}${perPage}`))
    yield repositoryPlace(api, one)
  if (!isOrganisation) yield { name: owner, parts: [gists(api, own ? "/gists" : `/users/${name}/gists`)] }
}

async function isOwn(api: Api, owner: string): Promise<boolean> {
  try {
    return textAt(await api.get("/user"), "login").toLowerCase() === owner.toLowerCase()
  } catch (error) {
    // Without a token, or with one of an app, there is no user.
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return false
    throw error
  }
}

function repositoryPlace(api: Api, repository: unknown): Place {
  const name = textAt(repository, "full_name")
  if (!/^[\w.-]+\/[\w.-]+$/.test(name))
    throw new ApiError(`a repository without a usable name: ${JSON.stringify(name)}`)
  const at = `/repos/${name}`
  const changed = (since: string) => (since === "" ? "" : `&since=${encodeURIComponent(since)}`)
  const lists: Part[] = [
    {
      // Pull requests are issues here, with their titles and texts.
      name: "issues",
      items: since =>
        items(api, `${at}/issues?state=all&sort=updated&direction=asc&${perPage}${changed(since)}`, one => ({
          path: `${valueAt(one, "pull_request") === undefined ? "issues" : "pulls"}/${textAt(one, "number")}`,
          text: `${textAt(one, "title")}\n\n${textAt(one, "body")}`,
        })),
    },
    { name: "comments", items: since => comments(api, at, changed(since)) },
    { name: "reviews", items: since => reviews(api, at, since) },
    {
      name: "releases",
      items: () =>
        items(api, `${at}/releases?${perPage}`, one => ({
          path: `releases/${textAt(one, "tag_name")}`,
          text: `${textAt(one, "name")}\n\n${textAt(one, "body")}`,
        })),
    },
    { name: "logs", items: since => runLogs(api, at, since) },
  ]
  return {
    name,
    clone: {
      url: textAt(repository, "clone_url"),
      web: textAt(repository, "html_url"),
      platform: "github",
      version: textAt(repository, "pushed_at"),
    },
    parts: lists,
  }
}

type Told = Pick<Item, "path" | "text">

async function* items(api: Api, path: string, tell: (one: unknown) => Told): AsyncGenerator<Item> {
  for await (const one of api.list(path)) yield { ...about(one), ...tell(one) }
}

const about = (one: unknown) => ({
  link: textAt(one, "html_url"),
  author: textAt(one, "user.login") || textAt(one, "author.login") || textAt(one, "owner.login"),
  date: textAt(one, "updated_at") || textAt(one, "submitted_at") || textAt(one, "created_at"),
})

/** On issues and pull requests, on lines of pull requests, and on commits. */
async function* comments(api: Api, at: string, changed: string): AsyncGenerator<Item> {
  const sorted = `?sort=updated&direction=asc&${perPage}${changed}`
  const of = (kind: string) => (one: unknown) => ({
    path: `${kind}/${lastOf(textAt(one, "issue_url") || textAt(one, "pull_request_url") || textAt(one, "commit_id"))}/comments/${textAt(one, "id")}`,
    text: textAt(one, "body"),
  })
  yield* items(api, `${at}/issues/comments${sorted}`, of("issues"))
  yield* items(api, `${at}/pulls/comments${sorted}`, of("pulls"))
  yield* items(api, `${at}/comments?${perPage}`, of("commits"))
}

const lastOf = (url: string) => url.slice(url.lastIndexOf("/") + 1)

/** One request for each pull request: there is no list of a repository's reviews. */
async function* reviews(api: Api, at: string, since: string): AsyncGenerator<Item> {
  for await (const pull of api.list(`${at}/pulls?state=all&sort=updated&direction=desc&${perPage}`)) {
    if (since !== "" && textAt(pull, "updated_at") < since) return
    const number = textAt(pull, "number")
    yield* items(api, `${at}/pulls/${number}/reviews?${perPage}`, one => ({
      path: `pulls/${number}/reviews/${textAt(one, "id")}`,
      text: textAt(one, "body"),
    }))
  }
}

/** The list of gists holds their names only; a file above 1 MB is cut there and fetched by itself. */
function gists(api: Api, list: string): Part {
  return {
    name: "gists",
    async *items(since) {
      const changed = since === "" ? "" : `&since=${encodeURIComponent(since)}`
      for await (const listed of api.list(`${list}?${perPage}${changed}`)) {
        const id = textAt(listed, "id")
        const gist = await api.get(`/gists/${encodeURIComponent(id)}`)
        yield { ...about(gist), path: `gists/${id}`, text: textAt(gist, "description") }
        for (const file of Object.values(Object(valueAt(gist, "files"))))
          yield { ...about(gist), path: `gists/${id}/${textAt(file, "filename")}`, text: await gistText(api, file) }
        if (numberAt(gist, "comments") > 0)
          yield* items(api, `/gists/${encodeURIComponent(id)}/comments?${perPage}`, one => ({
            path: `gists/${id}/comments/${textAt(one, "id")}`,
            text: textAt(one, "body"),
          }))
      }
    },
  }
}

async function gistText(api: Api, file: unknown): Promise<string | Uint8Array> {
  return valueAt(file, "truncated") === true ? api.bytes(textAt(file, "raw_url")) : textAt(file, "content")
}

/** A run's log is a zip of texts; logs that have expired answer 410. */
async function* runLogs(api: Api, at: string, since: string): AsyncGenerator<Item> {
  const changed = since === "" ? "" : `&created=${encodeURIComponent(`>=${since}`)}`
  for await (const run of api.list(`${at}/actions/runs?${perPage}${changed}`, "workflow_runs")) {
    const id = textAt(run, "id")
    const log = await api.bytes(`${at}/actions/runs/${id}/logs`).catch((error: unknown) => {
      if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return undefined
      throw error
    })
    if (log === undefined) continue
    const { author, link, date } = { ...about(run), author: textAt(run, "actor.login") }
    yield { author, link, date, path: `actions/runs/${id}/logs.zip`, text: log }
  }
}
