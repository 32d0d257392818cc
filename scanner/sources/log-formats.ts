/**
 * What programs wrote, out of the forms in which collectors keep it: Docker's json-file driver (`{"log": "…\n", "stream": …, "time": …}`
 * a line), the container runtime interface (`<time> stdout F …`, as under /var/log/pods), `journalctl -o json`. Long lines, which
 * both container forms cut into pieces, are joined again.
 */

/** Where a line of the text came from. */
export type Origin = { line: number; date: string; author: string }

/** A text, and for each of its lines, from 0, where it came from. */
export type LogText = { bytes: Buffer; origin(index: number): Origin }

/** Reads whole lines; `firstLine` is the number of the first one. */
export type LogReader = (lines: Buffer, firstLine: number) => LogText

export const logFormats = ["text", "docker", "cri", "journal"] as const
export type LogFormat = (typeof logFormats)[number]

/** Judged by the first line. `export` is journald's own binary form, which is not read. */
export function formatOf(start: string): LogFormat | "export" {
  if (start.startsWith("__CURSOR=")) return "export"
  if (criLine.test(start)) return "cri"
  const entry = jsonOf(start)
  if (typeof entry.log === "string" && typeof entry.time === "string") return "docker"
  return typeof entry.__REALTIME_TIMESTAMP === "string" ? "journal" : "text"
}

export const readerFor = (format: LogFormat): LogReader =>
  format === "text" ? asText : entriesBy(entryReaders[format])

const timestamp = /^\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)/

/** As it is; a date at the beginning of a line counts when it tells its time zone. */
const asText: LogReader = (lines, firstLine) => {
  let starts: number[] | undefined
  return {
    bytes: lines,
    origin(index) {
      starts ??= lineStarts(lines)
      const start = starts[index] ?? 0
      const [, day, time, zone] = timestamp.exec(lines.toString("latin1", start, start + 48)) ?? []
      return { line: firstLine + index, date: day === undefined ? "" : `${day}T${time}${zone}`, author: "" }
    },
  }
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0]
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) starts.push(at + 1)
  return starts
}

/** What a line holds; `isPart` when its text goes on in the next one. */
type Entry = { text: string; date: string; author: string; isPart: boolean }

/** Of lines that are not in the form the text itself is looked at. */
const entriesBy =
  (read: (line: string) => Entry | undefined): LogReader =>
  (lines, firstLine) => {
    const texts: string[] = []
    const origins: Origin[] = []
    let isOpen = false
    lines
      .toString("utf8")
      .replace(/\n$/, "")
      .split("\n")
      .forEach((line, index) => {
        const entry = read(line) ?? { text: line, date: "", author: "", isPart: false }
        const origin = { line: firstLine + index, date: entry.date, author: entry.author }
        const [first = "", ...others] = entry.text.split("\n")
        if (isOpen) texts.push(`${texts.pop() ?? ""}${first}`)
        else texts.push(first)
        if (!isOpen) origins.push(origin)
        for (const other of others) {
          texts.push(other)
          origins.push(origin)
        }
        isOpen = entry.isPart
      })
    return {
      bytes: Buffer.from(`${texts.join("\n")}\n`),
      origin: index => origins[index] ?? origins.at(-1) ?? { line: firstLine, date: "", author: "" },
    }
  }

const criLine = /^(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) ([FP])(?::\S*)? /

const entryReaders: Record<Exclude<LogFormat, "text">, (line: string) => Entry | undefined> = {
  docker(line) {
    const { log, time, attrs } = jsonOf(line)
    if (typeof log !== "string") return undefined
    const author = textIn(attrs, "tag") || textIn(attrs, "name")
    return { text: log.replace(/\n$/, ""), date: seconds(time), author, isPart: !log.endsWith("\n") }
  },
  cri(line) {
    const found = criLine.exec(line)
    if (found === null) return undefined
    return { text: line.slice(found[0].length), date: seconds(found[1]), author: "", isPart: found[2] === "P" }
  },
  journal(line) {
    const entry = jsonOf(line)
    const { MESSAGE: message, _CMDLINE: command, __REALTIME_TIMESTAMP: micros } = entry
    if (message === undefined && command === undefined) return undefined
    const author = textOf(entry._SYSTEMD_UNIT) || textOf(entry.SYSLOG_IDENTIFIER) || textOf(entry._COMM)
    const millis = Number(micros) / 1000
    const date = Number.isFinite(millis) ? seconds(new Date(millis).toISOString()) : ""
    // A password on a command line stands in every entry of that process.
    return {
      text: [textOf(message), textOf(command)].filter(text => text !== "").join("\n"),
      date,
      author,
      isPart: false,
    }
  },
}

/** journald writes what is not UTF-8 as a list of bytes, and fields that occur twice as a list of values. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value
  if (!Array.isArray(value)) return ""
  return value.every(one => typeof one === "number")
    ? Buffer.from(value).toString("utf8")
    : value.map(textOf).join("\n")
}

const textIn = (from: unknown, name: string) =>
  typeof from === "object" && from !== null ? textOf(Reflect.get(from, name)) : ""

const seconds = (time: unknown) => (typeof time === "string" ? time.replace(/\.\d+(?=Z|[+-])/, "") : "")

function jsonOf(line: string): Record<string, unknown> {
  if (!line.startsWith("{")) return {}
  try {
    const value: unknown = JSON.parse(line)
    return Object(value)
  } catch {
    return {}
  }
}
