import { readFileSync } from "node:fs"
import { type PartName, partNames } from "../remote/host.ts"
import type { Target } from "../scan.ts"
import { logFormats } from "../sources/log-formats.ts"
import { messageOf } from "../sources/source.ts"
import { FlagError, type Line, listOf, numberOf, switchOf, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import { Fatal, placeIn } from "./settings.ts"

/** Targets of the commands that Gitleaks does not have: they lie elsewhere, and what reads them is loaded when they are named. */
export function otherTarget(command: "github" | "gitlab" | "s3" | "logs", line: Line, io: ScanIo): Target {
  if (command === "logs") return logTarget(line)
  return command === "s3" ? bucketTarget(line) : hostTarget(command, line, io)
}

function logTarget(line: Line): Target {
  if (line.args.length === 0) throw new FlagError("logs takes files, or - for standard input")
  const given = textOf(line, "log-format")
  const format = logFormats.find(one => one === given)
  if (given !== "" && format === undefined)
    throw new FlagError(`--log-format takes ${logFormats.join(", ")}; not "${given}"`)
  const follow = switchOf(line, "follow")
  if (!follow && switchOf(line, "new-only")) throw new FlagError("--new-only needs --follow")
  return {
    kind: "logs",
    files: line.args,
    follow,
    newOnly: switchOf(line, "new-only"),
    ...(format === undefined ? {} : { format }),
    ...(follow ? { until: untilInterrupted() } : {}),
  }
}

/** The first interruption ends the watch, and the report is written; a second one ends the program. */
function untilInterrupted(): AbortSignal {
  const ending = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort())
  return ending.signal
}

function bucketTarget(line: Line): Target {
  const named = textOf(line, "bucket")
  const [given = "", ...others] = line.args
  const address = /^(?:s3:\/\/)?([^/]+)\/?(.*)$/s.exec(named || given)
  if (address === null || others.length > 0 || (named !== "" && given !== ""))
    throw new FlagError("s3 takes one bucket: --bucket NAME, or s3://NAME/PREFIX")
  const [, bucket = "", below = ""] = address
  return {
    kind: "s3",
    bucket,
    prefix: textOf(line, "prefix") || below,
    startAfter: textOf(line, "start-after"),
    endpoint: endpointOf(line),
    region: textOf(line, "region"),
    versions: switchOf(line, "versions"),
    anonymous: switchOf(line, "no-sign-request"),
  }
}

function endpointOf(line: Line): string {
  const text = textOf(line, "endpoint")
  const url = URL.parse(text)
  if (text !== "" && (url === null || !/^https?:$/.test(url.protocol)))
    throw new FlagError(`--endpoint takes an address such as https://s3.example.com, not ${JSON.stringify(text)}`)
  return text
}

function hostTarget(command: "github" | "gitlab", line: Line, io: ScanIo): Target {
  const target = oneArgument(command, line)
  const url = textOf(line, "api-url") || defaultUrl(command, io)
  const token = tokenFor(command, url, line, io)
  const only = onlyOf(line)
  const state = textOf(line, "state")
  return {
    kind: command,
    target,
    url,
    token,
    ...(only === undefined ? {} : { only }),
    ...(state === "" ? {} : { statePath: placeIn(io, state) }),
    maxWaitSeconds: numberOf(line, "max-wait", 3700),
  }
}

function oneArgument(command: string, { args }: Line): string {
  const [only] = args
  if (only === undefined || args.length > 1)
    throw new FlagError(`${command} takes one repository (owner/name) or one owner, received ${args.length} arguments`)
  if (!/^[\w.+-]+(?:\/[\w.+-]+)*$/.test(only))
    throw new FlagError(`${JSON.stringify(only)} is no name of a repository or owner`)
  return only
}

function onlyOf(line: Line): readonly PartName[] | undefined {
  const names = listOf(line, "only")
  if (names.length === 0) return undefined
  return names.map(name => {
    const part = partNames.find(one => one === name)
    if (part === undefined) throw new FlagError(`--only takes ${partNames.join(", ")}; not "${name}"`)
    return part
  })
}

/** Within Actions and GitLab's CI the server that runs the job is meant. */
const defaultUrl = (command: "github" | "gitlab", { env }: ScanIo) =>
  (command === "github" ? env.GITHUB_API_URL : env.CI_API_V4_URL) ?? ""

/** A token of the environment goes to the server that its name says it is for, and to no other. */
function tokenFor(command: "github" | "gitlab", url: string, line: Line, io: ScanIo): string {
  const path = textOf(line, "token-file")
  if (path !== "") return tokenIn(placeIn(io, path))
  const { env } = io
  if (command === "gitlab")
    return isAt(url, "gitlab.com", env.GITLAB_HOST, env.CI_API_V4_URL) ? (env.GITLAB_TOKEN ?? "") : ""
  if (isAt(url, "github.com", env.GITHUB_API_URL)) return env.GH_TOKEN ?? env.GITHUB_TOKEN ?? ""
  return env.GH_ENTERPRISE_TOKEN ?? env.GITHUB_ENTERPRISE_TOKEN ?? ""
}

function isAt(url: string, publicHost: string, ...own: (string | undefined)[]): boolean {
  if (url === "") return true
  const { hostname } = new URL(url)
  const owned = own.map(one => (one === undefined || one === "" ? "" : hostOf(one)))
  return [publicHost, `api.${publicHost}`, ...owned].includes(hostname)
}

const hostOf = (text: string) => URL.parse(text.includes("://") ? text : `https://${text}`)?.hostname ?? ""

function tokenIn(path: string): string {
  try {
    return readFileSync(path, "utf8").trim()
  } catch (error) {
    throw new Fatal(`Cannot read the token: ${messageOf(error)}`)
  }
}
