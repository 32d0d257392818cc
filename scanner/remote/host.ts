import type { SourceReport } from "../sources/source.ts"

/** What a host's API is opened with. */
export type HostSettings = {
  /** A repository, or an owner of repositories. */
  target: string
  /** Of a server of one's own, its pages or its API; "": the public one. */
  url: string
  /** "": what everybody may see. */
  token: string
  env: Readonly<Record<string, string | undefined>>
  maxWaitSeconds: number
  signal: AbortSignal
  report: SourceReport
}

/** A text on a code host: an issue, a comment, a file of a gist. */
export type Item = {
  /** Where it is reported, below the repository: `issues/12`, `pulls/3/reviews/8`. */
  path: string
  text: string | Uint8Array
  /** The page to look at. */
  link: string
  author: string
  /** RFC 3339. */
  date: string
}

/** Kinds of text, as `--only` names them. Logs of CI runs are many and large: they are read only when named. */
export const partNames = [
  "history",
  "issues",
  "pulls",
  "comments",
  "reviews",
  "releases",
  "gists",
  "snippets",
  "logs",
] as const
export type PartName = (typeof partNames)[number]
export const presetParts: readonly PartName[] = partNames.filter(name => name !== "logs")

/** Items that changed since a time (RFC 3339); all when it is "". Oldest change first, as far as the host sorts. */
export type Part = { name: PartName; items(since: string): AsyncGenerator<Item> }

/** A repository, or an owner who has texts without one. */
export type Place = {
  /** `owner/name`, or the owner's name. */
  name: string
  /** How its history is fetched. */
  clone?: {
    url: string
    /** For links to lines. */
    web: string
    platform: "github" | "gitlab"
    /** Changes with every push. */
    version: string
  }
  parts: Part[]
}

export type Host = {
  places(): AsyncGenerator<Place>
  /** What git sends to fetch from the host: a user and a password. */
  credentials?: { user: string; password: string; origin: string }
  close(): Promise<void>
}
