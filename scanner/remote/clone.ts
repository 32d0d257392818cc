import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { linkOf } from "../platform.ts"
import { gitSource } from "../sources/git.ts"
import type { Emit, Source } from "../sources/source.ts"
import type { Host, Place } from "./host.ts"
import type { RemoteOptions } from "./walk.ts"

/**
 * A repository's whole history, of all its refs (GitHub's refs/pull and GitLab's refs/merge-requests too, which a plain clone leaves
 * out), from a mirror that is gone afterwards.
 */
export function historySource(place: Place, host: Host, options: RemoteOptions): Source {
  return async function* (emit, report) {
    const { clone } = place
    if (clone === undefined) return
    const folder = mkdtempSync(join(tmpdir(), "arca-clone-"))
    try {
      const failure = await fetched(clone.url, folder, host, options)
      report.checkTime()
      if (failure !== undefined) return report.incomplete(`Cannot fetch the history of ${place.name}: ${failure}`)
      const read = { kind: "log" as const, options: [], allowPartial: false, known: [], exempt: options.exempt }
      const history = gitSource({ ...options, repository: folder, env: { ...options.env }, read })
      yield* history(emitBelow(place.name, clone, emit), report)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Paths below the repository's name, since many are scanned in one go. */
function emitBelow(name: string, { platform, web }: { platform: "github" | "gitlab"; web: string }, emit: Emit): Emit {
  return fragment => {
    const { path } = fragment
    emit({
      ...fragment,
      path: `${name}/${path}`,
      complete: finding => ({ ...finding, link: linkOf({ platform, url: web }, { ...finding, file: path }) }),
    })
  }
}

/** Undefined once it is there, else why not. The token is in git's environment, which only this user can read, not on its line. */
function fetched(url: string, folder: string, host: Host, { env, signal }: RemoteOptions): Promise<string | undefined> {
  const at = URL.parse(url)
  if (at === null || !/^https?:$/.test(at.protocol)) return Promise.resolve("its address is not one of HTTPS")
  const { credentials } = host
  const isOurs = credentials !== undefined && at.origin === credentials.origin
  const basic = Buffer.from(`${credentials?.user}:${credentials?.password}`).toString("base64")
  const header = isOurs
    ? {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: `http.${at.origin}/.extraHeader`,
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
      }
    : {}
  const git = spawn("git", ["clone", "--quiet", "--mirror", "--", url, folder], {
    env: { ...env, ...header, GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: "http:https" },
    stdio: ["ignore", "ignore", "pipe"],
    signal,
  })
  let errors = ""
  git.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < 4096) errors += text
  })
  return new Promise(resolve => {
    git.on("error", error => resolve(`cannot run git: ${error.message}`))
    git.on("close", code => resolve(code === 0 ? undefined : errors.trim() || `git ended with status ${code}`))
  })
}
