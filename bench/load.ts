/** Load from another process, by wrk (Debian's package), so that what makes it does not run on the server's loop. */

import { execFile, spawnSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** One kind of request. `{n}` in the path stands for a number below `spread`, another one for each request. */
export interface Shot {
  readonly name: string
  readonly method: "GET" | "POST"
  readonly path: string
  readonly spread: number
  readonly token: string
  readonly body: string
}

export interface Rate {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly requests: number
}

/** How many secrets the reads are spread over. */
export const SECRETS = 1000

export const SECRET = { data: { username: "app", password: "correct-horse-battery-staple" } }

export const WRITE = "kv-v2 write"

/** Reads of secrets that are there, and writes of others, at the KV v2 mount `secret/`. */
export const kvShots = (token: string): Shot[] => [
  { name: "kv-v2 read", method: "GET", path: "/v1/secret/data/app/{n}", body: "", spread: SECRETS, token },
  {
    name: WRITE,
    method: "POST",
    path: "/v1/secret/data/new/{n}",
    body: JSON.stringify(SECRET),
    spread: 100_000,
    token,
  },
]

export const wrkIsThere = (): boolean => spawnSync("wrk", ["--version"]).error === undefined

/** Sends as many requests as are answered in `seconds`. Throws when any answer was not a success. */
export async function load(url: string, shot: Shot, connections: number, seconds: number): Promise<Rate> {
  const dir = await mkdtemp(join(tmpdir(), "arca-bench-"))
  try {
    const script = join(dir, "shot.lua")
    await writeFile(script, lua(shot))
    const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", script, url]
    const { stdout } = await run("wrk", args)
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`not every ${shot.name} succeeded:\n${stdout}`)
    return {
      perSecond: Number(found(stdout, /Requests\/sec:\s+([\d.]+)/)),
      p50: milliseconds(found(stdout, /50%\s+(\S+)/)),
      p99: milliseconds(found(stdout, /99%\s+(\S+)/)),
      requests: Number(found(stdout, /(\d+) requests in/)),
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const lua = ({ method, path, spread, token, body }: Shot): string => `
wrk.method = ${JSON.stringify(method)}
wrk.headers["X-Vault-Token"] = ${JSON.stringify(token)}
${body === "" ? "" : `wrk.headers["Content-Type"] = "application/json"\nwrk.body = ${JSON.stringify(body)}`}
local n = 0
request = function()
  n = (n + 7919) % ${spread}
  return wrk.format(nil, (string.gsub(${JSON.stringify(path)}, "{n}", n)))
end
`

function found(text: string, pattern: RegExp): string {
  const value = pattern.exec(text)?.[1]
  if (value === undefined) throw new Error(`wrk printed something unexpected:\n${text}`)
  return value
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

function milliseconds(text: string): number {
  const [, number = "", unit = ""] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? []
  return Number(number) * (UNITS[unit] ?? Number.NaN)
}
