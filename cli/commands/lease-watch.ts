import { setTimeout as sleep } from "node:timers/promises"
import type { Client } from "@arca/sdk"
import { command } from "../command.ts"
import { attempt } from "../failure.ts"
import { bool, duration } from "../flags.ts"
import type { Io } from "../io.ts"
import { table } from "../output/table.ts"

/** A lease as `sys/leases/active` tells it. */
interface Active {
  readonly id: string
  readonly engine: string
  readonly mount: string
  readonly role: string
  readonly holder: string
  readonly state: string
  readonly expire_time: string
  readonly ttl: number
}

const PAGE = 10_000

async function activeLeases(client: Client): Promise<Active[]> {
  const found: Active[] = []
  for (let after = ""; ; ) {
    const query = { limit: String(PAGE), ...(after === "" ? {} : { after }) }
    const reply = await attempt("Error listing leases", client.read("sys/leases/active", query))
    const { leases, next } = (reply?.data ?? {}) as { leases?: Active[]; next?: string }
    found.push(...(leases ?? []))
    if (next === undefined || next === "") return found
    after = next
  }
}

/** Seconds as people read them: `3s`, `5m10s`, `2h`. */
function span(seconds: number): string {
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    Math.floor(seconds % 60),
  ]
  if (hours > 0) return `${hours}h${minutes > 0 ? `${minutes}m` : ""}`
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`
}

const nameOf = ({ mount, role, holder, engine }: Active): readonly string[] => [engine, mount, role, holder]

/** One line for all leases of one holder on one role: how many, and when the first and the last of them end. */
export function overview(leases: readonly Active[]): string {
  const groups = Map.groupBy(leases, lease => JSON.stringify(nameOf(lease)))
  const rows = [...groups.values()].map(group => {
    const ends = group.map(lease => lease.ttl).sort((a, b) => a - b)
    const stuck = group.filter(lease => lease.state !== "active").length
    const [first] = group
    return {
      cells: [
        ...(first === undefined ? [] : nameOf(first)),
        String(group.length),
        span(ends[0] ?? 0),
        span(ends.at(-1) ?? 0),
        stuck === 0 ? "-" : String(stuck),
      ],
      count: group.length,
    }
  })
  rows.sort((a, b) => b.count - a.count || (a.cells.join() < b.cells.join() ? -1 : 1))
  const header = ["Engine", "Mount", "Role", "Holder", "Leases", "First ends in", "Last ends in", "Ending"]
  return table(
    header,
    rows.map(row => row.cells),
  )
}

/** What came and went between two looks, a line each. */
export function changes(before: ReadonlyMap<string, Active>, leases: readonly Active[]): string[] {
  const now = new Map(leases.map(lease => [lease.id, lease]))
  const came = leases
    .filter(lease => !before.has(lease.id))
    .map(lease => `issued ${lease.id} to ${lease.holder || "-"} until ${lease.expire_time}`)
  const renewed = leases
    .filter(lease => (before.get(lease.id)?.expire_time ?? lease.expire_time) !== lease.expire_time)
    .map(lease => `renewed ${lease.id} until ${lease.expire_time}`)
  const gone = [...before.values()].filter(lease => !now.has(lease.id)).map(lease => `ended ${lease.id}`)
  return [...came, ...renewed, ...gone]
}

const HOME_AND_CLEAR = "\u001b[H\u001b[J"
const OTHER_SCREEN = "\u001b[?1049h\u001b[?25l"
const OWN_SCREEN = "\u001b[?25h\u001b[?1049l"

export const watch = command({
  name: "watch",
  summary: "Shows the leases that are out, by engine, role and holder, until Ctrl-C.",
  about:
    "On a terminal it is a table that is drawn anew. Elsewhere it is one line for each lease that is issued, renewed or ended, so that it can be searched and kept. It needs sudo on sys/leases/active, as listing leases does.",
  examples: [
    ["Watch", "lease watch"],
    ["Look once", "lease watch -once"],
    ["Keep a record", "lease watch -interval=10s >> leases.log"],
  ],
  flags: {
    interval: duration("How long to wait between two looks; 2s unless told."),
    once: bool("Look once, and end."),
  },
  prints: "value",
  run: async ({ flags, io, out, client }) => {
    const server = await client()
    if (flags.once) {
      const leases = await activeLeases(server)
      if (out.format !== "table") return out.value(leases)
      return out.line(leases.length === 0 ? "No leases are out." : overview(leases))
    }
    const seconds = Math.max(0.2, flags.interval ?? 2)
    await (io.stdout.isTerminal ? draw : tell)(server, io, seconds)
  },
})

/** Waits, unless it is ended before. */
const pause = (io: Io, seconds: number): Promise<unknown> =>
  sleep(seconds * 1000, undefined, { signal: io.interrupted }).catch(() => undefined)

async function draw(server: Client, io: Io, seconds: number): Promise<void> {
  io.stdout.write(OTHER_SCREEN)
  try {
    while (!io.interrupted.aborted) {
      const leases = await activeLeases(server)
      const body = leases.length === 0 ? "No leases are out." : overview(leases)
      io.stdout.write(`${HOME_AND_CLEAR}${leases.length} leases\n\n${body}\n`)
      await pause(io, seconds)
    }
  } finally {
    io.stdout.write(OWN_SCREEN)
  }
}

async function tell(server: Client, io: Io, seconds: number): Promise<void> {
  let before: ReadonlyMap<string, Active> = new Map()
  while (!io.interrupted.aborted) {
    const leases = await activeLeases(server)
    for (const line of changes(before, leases)) io.stdout.write(`${line}\n`)
    before = new Map(leases.map(lease => [lease.id, lease]))
    await pause(io, seconds)
  }
}
