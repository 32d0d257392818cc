import { extname } from "node:path"
import type { Finding } from "./finding.ts"
import { type GitPlace, gitAnswer } from "./sources/git.ts"

/** Where a repository is hosted, and so how a link to a line looks. */
export type Platform = "none" | "github" | "gitlab" | "azuredevops" | "gitea" | "bitbucket"

export const platforms: readonly Platform[] = ["none", "github", "gitlab", "azuredevops", "gitea", "bitbucket"]

export type Remote = { platform: Platform; url: string }

const hosts = new Map<string, Platform>([
  ["github.com", "github"],
  ["gitlab.com", "gitlab"],
  ["dev.azure.com", "azuredevops"],
  ["visualstudio.com", "azuredevops"],
  ["gitea.com", "gitea"],
  ["code.forgejo.org", "gitea"],
  ["codeberg.org", "gitea"],
  ["bitbucket.org", "bitbucket"],
])

/** The repository's first remote as a web address; undefined where there is none or its platform is not known. */
export async function remoteOf(place: GitPlace, platform: Platform | undefined): Promise<Remote | undefined> {
  if (platform === "none") return undefined
  const url = webAddress((await gitAnswer(place, "ls-remote", "--quiet", "--get-url")) ?? "")
  if (url === undefined) return undefined
  const known = platform ?? hosts.get(new URL(url).hostname)
  return known === undefined ? undefined : { platform: known, url }
}

/** Never with the user and password that a remote's address may hold. */
export function webAddress(remote: string): string | undefined {
  const short = /^git@([\w.-]+):(?:\d{1,5}\/)?([\w/.-]+?)(?:\.git)?$/.exec(remote)
  if (short !== null) return `https://${short[1]}/${short[2]}`
  const long = /^(https?|ssh):\/\/(?:[^@/]*@)?([^/]+)\/(.+?)(?:\.git)?\/?$/.exec(remote)
  if (long === null) return undefined
  const [, scheme, host = "", path] = long
  return scheme === "ssh" ? `https://${host.replace(/:\d+$/, "")}/${path}` : `${scheme}://${host}/${path}`
}

/** A link to the finding's lines, letter for letter as Gitleaks makes it. */
export function linkOf({ platform, url }: Remote, finding: Finding): string {
  if (finding.commit === "" || platform === "none") return ""
  const [outer = "", ...inner] = finding.file.split("!")
  const place = { url, path: outer.replace(/[ %]/g, char => (char === " " ? "%20" : "%25")), finding }
  const { page, lines } = styles[platform](place)
  return inner.length > 0 ? page : page + lines
}

type Place = { url: string; path: string; finding: Finding }

function range(prefix: string, between: string, { startLine, endLine }: Finding): string {
  const start = startLine === 0 ? "" : `${prefix}${startLine}`
  return endLine === startLine ? start : `${start}${between}${endLine}`
}

// A rendered page has no lines to link to.
const asSource = (path: string, query: string) => ([".ipynb", ".md"].includes(extname(path).toLowerCase()) ? query : "")

const styles: Record<Exclude<Platform, "none">, (place: Place) => { page: string; lines: string }> = {
  github: ({ url, path, finding }) => ({
    page: `${url}/blob/${finding.commit}/${path}`,
    lines: asSource(path, "?plain=1") + range("#L", "-L", finding),
  }),
  gitlab: ({ url, path, finding }) => ({
    page: `${url}/blob/${finding.commit}/${path}`,
    lines: range("#L", "-", finding),
  }),
  azuredevops: ({ url, path, finding }) => ({
    page: `${url}/commit/${finding.commit}?path=/${path}`,
    lines: `${range("&line=", "&lineEnd=", finding)}&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain&_a=files`,
  }),
  gitea: ({ url, path, finding }) => ({
    page: `${url}/src/commit/${finding.commit}/${path}`,
    lines: asSource(path, "?display=source") + range("#L", "-L", finding),
  }),
  bitbucket: ({ url, path, finding }) => ({
    page: `${url}/src/${finding.commit}/${path}`,
    lines: range("#lines-", ":", finding),
  }),
}
