/**
 * The syslog device. Without an `address` it speaks to the machine's own log as Vault does; with one (`udp://`, `tcp://` or
 * `unix://`, ours) to any other.
 *
 * Node opens no unix datagram sockets, which is what `/dev/log` is under systemd: there the journal's stream socket is used,
 * which the journal and whatever it forwards to treat alike.
 */

import { once } from "node:events"
import { connect } from "node:net"
import { type Address, datagramConnection, inetAddress, type Resolve, streamConnection } from "./connection.ts"
import { Invalid, type Options } from "./options.ts"
import { linesOf, reasonOf, type Sink } from "./sink.ts"

/** RFC 5424 section 6.2.1, under the names that Vault accepts. */
const FACILITIES: readonly string[] = [
  "KERN",
  "USER",
  "MAIL",
  "DAEMON",
  "AUTH",
  "SYSLOG",
  "LPR",
  "NEWS",
  "UUCP",
  "CRON",
  "AUTHPRIV",
  "FTP",
  "",
  "",
  "",
  "",
  "LOCAL0",
  "LOCAL1",
  "LOCAL2",
  "LOCAL3",
  "LOCAL4",
  "LOCAL5",
  "LOCAL6",
  "LOCAL7",
]
const SEVERITY_INFO = 6
const LOCAL_SOCKETS = ["/dev/log", "/var/run/syslog", "/var/run/log"]
const JOURNAL_SOCKET = "/run/systemd/journal/stdout"

/** What a syslog line says besides the message. */
export interface SyslogWorld {
  /** Milliseconds since 1970. */
  now(): number
  readonly hostname: string
  readonly pid: number
  /** Where to look for the local log; the usual places unless told otherwise. */
  readonly localSockets?: readonly string[]
  readonly journalSocket?: string
}

export async function syslogSink(options: Options, resolve: Resolve, world: SyslogWorld): Promise<Sink> {
  const priority = priorityOf(options.facility ?? "AUTH")
  const tag = options.tag ?? "vault"
  if (!/^[!-9;-Z\\^-~]{1,48}$/.test(tag)) throw new Invalid("Cannot accept tag: at most 48 letters, digits or dashes")
  const sender = `${tag}[${world.pid}]: `
  const remote = (): string => `<${priority}>${isoTime(world.now())} ${world.hostname} ${sender}`
  const local = (): string => `<${priority}>${stampTime(world.now())} ${sender}`

  if (options.address) return remoteSink(remoteAddress(options.address), resolve, remote, local)
  const found = await localLog(world)
  if (found.kind === "journal") {
    // The journal's stream protocol: tag, unit, priority, whether lines carry a priority, three forwarding switches.
    return streamConnection(
      { kind: "unix", path: found.path },
      resolve,
      undefined,
      `${tag}\n\n${priority}\n0\n0\n0\n0\n`,
    )
  }
  return streamConnection({ kind: "unix", path: found.path }, resolve, framed(local))
}

function remoteSink(address: Address, resolve: Resolve, remote: () => string, local: () => string): Sink {
  switch (address.kind) {
    case "unix":
      return streamConnection(address, resolve, framed(local))
    case "tcp":
      return streamConnection(address, resolve, framed(remote))
    case "udp":
      return datagramConnection({ ...address, kind: "udp" }, resolve, line =>
        Buffer.concat([Buffer.from(remote()), line]),
      )
  }
}

/** Each line behind its header, ended by a line feed (RFC 6587 section 3.4.2). */
const framed =
  (header: () => string) =>
  (batch: Buffer): Buffer => {
    const start = Buffer.from(header())
    const parts: Buffer[] = []
    for (const line of linesOf(batch)) parts.push(start, line, LINE_FEED)
    return Buffer.concat(parts)
  }

const LINE_FEED = Buffer.from("\n")

function priorityOf(facility: string): number {
  const code = facility === "" ? -1 : FACILITIES.indexOf(facility.toUpperCase())
  if (code < 0) throw new Invalid(`invalid syslog facility: "${facility}"`)
  return code * 8 + SEVERITY_INFO
}

function remoteAddress(text: string): Address {
  const [, scheme, rest = ""] = /^(udp|tcp|unix):\/\/(.+)$/.exec(text) ?? []
  if (scheme === "unix") return { kind: "unix", path: rest }
  if (scheme === "udp" || scheme === "tcp") return inetAddress(scheme, rest)
  throw new Invalid(`Cannot read address "${text}": expected udp://host:port, tcp://host:port or unix:///path`)
}

/** Finds the local log by knocking at the usual doors. */
async function localLog(world: SyslogWorld): Promise<{ kind: "syslog" | "journal"; path: string }> {
  const tried: string[] = []
  for (const path of world.localSockets ?? LOCAL_SOCKETS) {
    const failure = await knock(path)
    if (failure === undefined) return { kind: "syslog", path }
    tried.push(`${path}: ${failure}`)
  }
  const journal = world.journalSocket ?? JOURNAL_SOCKET
  const failure = await knock(journal)
  if (failure === undefined) return { kind: "journal", path: journal }
  throw new Invalid(
    `Cannot reach the local syslog (${tried.join(", ")}, ${journal}: ${failure}): give its address, such as udp://127.0.0.1:514`,
  )
}

async function knock(path: string): Promise<string | undefined> {
  const socket = connect({ path })
  try {
    await once(socket, "connect")
    return undefined
  } catch (error) {
    return reasonOf(error)
  } finally {
    socket.destroy()
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const two = (value: number, fill = "0"): string => String(value).padStart(2, fill)

/** RFC 3164's local time: `Nov  4 09:05:06`. */
function stampTime(milliseconds: number): string {
  const at = new Date(milliseconds)
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${MONTHS[at.getMonth()]} ${two(at.getDate(), " ")} ${clock}`
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z")
