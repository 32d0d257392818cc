import { type Api, ApiError, openApi } from "./api.ts"
import type { Host, HostSettings, Item, Part, PartName, Place } from "./host.ts"
import { numberAt, textAt, valueAt } from "./read.ts"

const perPage = "per_page=100"

/**
 * GitLab's REST API, version 4 (docs.gitlab.com/api), of gitlab.com or a server of one's own. `target` is the path of a project, a
 * group (with the groups below it) or a user: they share their names, so the first that exists is meant.
 */
export async function openGitlab(settings: HostSettings): Promise<Host> {
  const { target, token } = settings
  const base = apiBase(settings.url)
  const headers = { "user-agent": "arca-scan", ...(token === "" ? {} : { "private-token": token }) }
  const api = await openApi({ ...settings, base, headers })
  const { origin } = new URL(base)
  return {
    places: () => placesOf(api, target),
    ...(token === "" ? {} : { credentials: { user: "oauth2", password: token, origin } }),
    close: api.close,
  }
}

function apiBase(given: string): string {
  const url = new URL(given === "" ? "https://gitlab.com" : given)
  const path = url.pathname.replace(/\/+$/, "")
  return url.origin + (path.endsWith("/api/v4") ? path : `${path}/api/v4`)
}

async function* placesOf(api: Api, target: string): AsyncGenerator<Place> {
  const id = encodeURIComponent(target)
  const project = target.includes("/") ? await unlessAbsent(api.get(`/projects/${id}`)) : undefined
  if (project !== undefined) return yield projectPlace(api, project)
  const group = await unlessAbsent(api.get(`/groups/${id}?with_projects=false`))
  const projects = `projects?order_by=id&sort=asc&${perPage}`
  if (group !== undefined) {
    const below = `/groups/${id}/${projects}&include_subgroups=true&with_shared=false`
    for await (const one of api.list(below)) yield projectPlace(api, one)
    return
  }
  const [user] = await collected(api.list(`/users?username=${id}`))
  if (user === undefined)
    throw new ApiError(`there is no project, group or user ${target} that this token may see`, 404)
  for await (const one of api.list(`/users/${textAt(user, "id")}/${projects}`)) yield projectPlace(api, one)
  const me = await unlessAbsent(api.get("/user"))
  // Personal snippets are listed to their owner only.
  if (textAt(me, "id") === textAt(user, "id")) yield { name: target, parts: [snippets(api, "/snippets")] }
}

/** What is hidden from a token answers 404, and 401 without one. */
async function unlessAbsent(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 401)) return undefined
    throw error
  }
}

async function collected(list: AsyncGenerator<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const one of list) all.push(one)
  return all
}

function projectPlace(api: Api, project: unknown): Place {
  const name = textAt(project, "path_with_namespace")
  if (!/^[\w.+-]+(?:\/[\w.+-]+)+$/.test(name))
    throw new ApiError(`a project without a usable name: ${JSON.stringify(name)}`)
  const at = `/projects/${textAt(project, "id")}`
  return {
    name,
    clone: {
      url: textAt(project, "http_url_to_repo"),
      web: textAt(project, "web_url"),
      platform: "gitlab",
      version: textAt(project, "last_activity_at"),
    },
    parts: [
      texts(api, at, "issues", "issues"),
      texts(api, at, "pulls", "merge_requests"),
      { name: "comments", items: since => comments(api, at, since) },
      { name: "releases", items: () => releases(api, at) },
      snippets(api, `${at}/snippets`),
      { name: "logs", items: since => jobLogs(api, at, since) },
    ],
  }
}

const changedSince = (since: string) => (since === "" ? "" : `&updated_after=${encodeURIComponent(since)}`)
const listOf = (at: string, kind: string, since: string) =>
  `${at}/${kind}?scope=all&state=all&order_by=updated_at&sort=asc&${perPage}${changedSince(since)}`

const about = (one: unknown) => ({
  link: textAt(one, "web_url"),
  author: textAt(one, "author.username"),
  date: textAt(one, "updated_at") || textAt(one, "created_at"),
})

const texts = (api: Api, at: string, name: PartName, kind: string): Part => ({
  name,
  async *items(since) {
    for await (const one of api.list(listOf(at, kind, since)))
      yield {
        ...about(one),
        path: `${kind}/${textAt(one, "iid")}`,
        text: `${textAt(one, "title")}\n\n${textAt(one, "description")}`,
      }
  },
})

/** One request for each issue and merge request that has any; those of reviews are among them. */
async function* comments(api: Api, at: string, since: string): AsyncGenerator<Item> {
  for (const kind of ["issues", "merge_requests"])
    for await (const one of api.list(listOf(at, kind, since))) {
      if (numberAt(one, "user_notes_count") === 0) continue
      const iid = textAt(one, "iid")
      for await (const note of api.list(`${at}/${kind}/${iid}/notes?order_by=updated_at&sort=asc&${perPage}`)) {
        const id = textAt(note, "id")
        const link = `${textAt(one, "web_url")}#note_${id}`
        if (valueAt(note, "system") !== true)
          yield { ...about(note), link, path: `${kind}/${iid}/notes/${id}`, text: textAt(note, "body") }
      }
    }
}

async function* releases(api: Api, at: string): AsyncGenerator<Item> {
  for await (const one of api.list(`${at}/releases?${perPage}`)) {
    const tag = textAt(one, "tag_name")
    const date = textAt(one, "released_at")
    const text = `${textAt(one, "name")}\n\n${textAt(one, "description")}`
    yield { ...about(one), date, link: textAt(one, "_links.self"), path: `releases/${tag}`, text }
  }
}

function snippets(api: Api, list: string): Part {
  return {
    name: "snippets",
    async *items(since) {
      for await (const one of api.list(`${list}?${perPage}`)) {
        const id = textAt(one, "id")
        const told = about(one)
        // The list cannot be asked for changes.
        if (since !== "" && told.date !== "" && told.date < since) continue
        yield { ...told, path: `snippets/${id}`, text: `${textAt(one, "title")}\n\n${textAt(one, "description")}` }
        const files = valueAt(one, "files")
        // Snippets of several files have a repository each, in whose default branch the files lie.
        if (!Array.isArray(files) || files.length < 2)
          yield {
            ...told,
            path: `snippets/${id}/${textAt(one, "file_name")}`,
            text: await api.bytes(`${list}/${id}/raw`),
          }
        else
          for (const file of files) {
            const path = textAt(file, "path")
            const raw = `${list}/${id}/files/HEAD/${encodeURIComponent(path)}/raw`
            yield { ...told, path: `snippets/${id}/${path}`, text: await api.bytes(raw) }
          }
      }
    },
  }
}

/** Newest first; those of erased jobs answer 404. */
async function* jobLogs(api: Api, at: string, since: string): AsyncGenerator<Item> {
  for await (const job of api.list(`${at}/jobs?${perPage}`)) {
    if (since !== "" && textAt(job, "created_at") < since) return
    const id = textAt(job, "id")
    const text = await api.bytes(`${at}/jobs/${id}/trace`).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    })
    const date = textAt(job, "finished_at") || textAt(job, "created_at")
    if (text !== undefined)
      yield { link: textAt(job, "web_url"), author: textAt(job, "user.username"), date, path: `jobs/${id}/trace`, text }
  }
}
