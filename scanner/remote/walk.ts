import type { Exempt } from "../detect/exempt.ts"
import { chunksIn } from "../sources/chunks.ts"
import { type FileOptions, fileInMemory, scanFile } from "../sources/file.ts"
import { type Emit, messageOf, type Source, type SourceReport } from "../sources/source.ts"
import { ApiError } from "./api.ts"
import type { Host, HostSettings, Item, Part, PartName, Place } from "./host.ts"
import { noState, openState, type State } from "./state.ts"

export type RemoteOptions = FileOptions &
  Omit<HostSettings, "report"> & {
    host: "github" | "gitlab"
    /** What to read of each repository and owner. */
    only: ReadonlySet<PartName>
    /** The file in which finished parts are kept. */
    statePath?: string
    /** What git need not compare. */
    exempt: Exempt
  }

/**
 * The texts and histories on a code host, repository by repository, each part by itself: one that fails makes the scan partial, and
 * the others are read all the same.
 */
export function remoteSource(options: RemoteOptions): Source {
  return async function* (emit, report) {
    let host: Host | undefined
    try {
      const state =
        options.statePath === undefined
          ? noState
          : openState(options.statePath, `${options.host} ${options.url} ${options.target}`)
      host = await open(options, report)
      for await (const place of host.places()) yield* placeSource(place, host, options, state)(emit, report)
    } catch (error) {
      if (report.isEnd(error)) throw error
      report.incomplete(messageOf(error))
    } finally {
      await host?.close()
    }
  }
}

async function open(options: RemoteOptions, report: SourceReport): Promise<Host> {
  const settings = { ...options, report }
  return options.host === "github"
    ? (await import("./github.ts")).openGithub(settings)
    : (await import("./gitlab.ts")).openGitlab(settings)
}

function placeSource(place: Place, host: Host, options: RemoteOptions, state: State): Source {
  return async function* (emit, report) {
    for (const part of place.parts)
      if (options.only.has(part.name)) yield* partSource(place, part, options, state)(emit, report)
    const { clone } = place
    if (clone === undefined || !options.only.has("history")) return
    const key = `${place.name} history`
    if (clone.version !== "" && state.doneOf(key) === clone.version) return
    const { historySource } = await import("./clone.ts")
    const counted = countingFailures(report)
    yield* historySource(place, host, options)(emit, counted.report)
    if (counted.failures() === 0) state.finish(key, clone.version)
  }
}

/** Only a history that was read whole counts as finished. */
function countingFailures(report: SourceReport): { report: SourceReport; failures(): number } {
  let failures = 0
  const incomplete = (text: string) => {
    failures++
    report.incomplete(text)
  }
  return { report: { ...report, incomplete }, failures: () => failures }
}

function partSource(place: Place, part: Part, options: RemoteOptions, state: State): Source {
  return async function* (emit, report) {
    const key = `${place.name} ${part.name}`
    // What changes while it is read is read again next time.
    const started = new Date().toISOString().replace(/\.\d+Z$/, "Z")
    try {
      for await (const item of part.items(state.doneOf(key))) {
        report.checkTime()
        emitItem(place, item, options, emit, report)
        yield
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Issues that are switched off answer so: there are none.
      if (error.status === 410) return
      return report.incomplete(`${place.name}: ${part.name} were not read to their end: ${error.message}`)
    }
    state.finish(key, started)
  }
}

function emitItem(place: Place, item: Item, options: RemoteOptions, emit: Emit, report: SourceReport): void {
  const path = `${place.name}/${item.path}`
  if (options.skips(path)) return
  const { link, author, date } = item
  const emitWith: Emit = fragment => emit({ ...fragment, complete: finding => ({ ...finding, link, author, date }) })
  if (typeof item.text !== "string") {
    // A run's log is an archive, whether or not others are opened.
    const depth = path.endsWith(".zip") ? Math.max(1, options.maxArchiveDepth) : options.maxArchiveDepth
    scanFile(fileInMemory(path, item.text), { ...options, maxArchiveDepth: depth }, emitWith, report)
    return
  }
  for (const { bytes, startLine } of chunksIn(Buffer.from(item.text))) emitWith({ bytes, path, startLine })
}
