/** Which commits an event of GitHub Actions is about. */
export type Scope =
  | { kind: "range"; base: string; head: string; pullRequest: number | undefined }
  /** A new branch: what no other branch has. */
  | { kind: "branch"; head: string; others: string }
  | { kind: "all" }

type Event = Readonly<Record<string, unknown>>

const zero = /^0+$/

/** Throws an Error for an event that says nothing about commits. `base` overrides the event's (BASE_REF). */
export function scopeOf(name: string, event: Event, base: string): Scope {
  if (name === "workflow_dispatch" || name === "schedule") return { kind: "all" }
  if (name === "pull_request" || name === "pull_request_target") {
    const pull = at(event, "pull_request")
    const own = { base: base || text(at(pull, "base"), "sha"), head: text(at(pull, "head"), "sha") }
    return { kind: "range", ...own, pullRequest: Number(event.number) }
  }
  if (name !== "push")
    throw new Error(`the event ${name} is not supported; use push, pull_request, workflow_dispatch or schedule`)
  const head = text(event, "after")
  const before = base || text(event, "before")
  if (!zero.test(before)) return { kind: "range", base: before, head, pullRequest: undefined }
  return { kind: "branch", head, others: text(at(event, "repository"), "default_branch") }
}

function at(value: Event, key: string): Event {
  const found = value[key]
  if (typeof found !== "object" || found === null) throw new Error(`the event has no ${key}`)
  return Object.fromEntries(Object.entries(found))
}

function text(value: Event, key: string): string {
  const found = value[key]
  if (typeof found !== "string") throw new Error(`the event has no ${key}`)
  return found
}

/** The words for `git log`. Merges are seen through the commits they bring, a root commit needs no parent. */
export function logOptionsFor(scope: Scope): string[] {
  if (scope.kind === "all") return []
  if (scope.kind === "range") return ["--no-merges", `${scope.base}..${scope.head}`]
  return ["--no-merges", scope.head, "--not", `--remotes=origin/${scope.others}`]
}
