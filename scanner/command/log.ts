/** Log lines on standard error in the form that Gitleaks' users know: `9:12AM INF no leaks found`. */
export type Log = { [level in Level]: (text: string, fields?: Record<string, string>) => void }
export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal"

const levels: readonly Level[] = ["trace", "debug", "info", "warn", "error", "fatal"]
const marks: Record<Level, readonly [word: string, colour: number]> = {
  trace: ["TRC", 34],
  debug: ["DBG", 0],
  info: ["INF", 32],
  warn: ["WRN", 33],
  error: ["ERR", 31],
  fatal: ["FTL", 31],
}

export function logTo(write: (text: string) => void, least: Level, coloured: boolean): Log {
  const paint = (text: string, code: number) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)
  const logger =
    (level: Level) =>
    (text: string, fields: Record<string, string> = {}) => {
      if (levels.indexOf(level) < levels.indexOf(least)) return
      const [word, colour] = marks[level]
      const shown = Object.entries(fields).map(([name, value]) => ` ${paint(`${name}=`, 36)}${quoted(value)}`)
      write(`${paint(kitchen(new Date()), 90)} ${paint(word, colour)} ${text}${shown.join("")}\n`)
    }
  return {
    trace: logger("trace"),
    debug: logger("debug"),
    info: logger("info"),
    warn: logger("warn"),
    error: logger("error"),
    fatal: logger("fatal"),
  }
}

/** Undefined for a word that is no level. */
export function levelOf(word: string): Level | undefined {
  const lower = word.toLowerCase()
  return lower === "err" ? "error" : levels.find(level => level === lower)
}

const quoted = (value: string) => (/[\s"\\=]/.test(value) ? JSON.stringify(value) : value)

const kitchen = (time: Date) =>
  `${time.getHours() % 12 || 12}:${String(time.getMinutes()).padStart(2, "0")}${time.getHours() < 12 ? "AM" : "PM"}`

const units = [
  ["GB", 1e9],
  ["MB", 1e6],
  ["KB", 1e3],
  ["bytes", 1],
] as const

/** `25.25 MB`. */
export function byteCount(bytes: number): string {
  const [unit, size] = units.find(([, least]) => bytes >= least) ?? ["", 1]
  return bytes === 0 ? "0" : `${(bytes / size).toFixed(2).replace(/\.00$/, "")} ${unit}`
}

/** As Go prints a duration, rounded to three digits: `1.53s`, `22.1ms`, `1m4s`. */
export function duration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6)
  let scale = 100e9
  while (scale > nanoseconds && scale > 100) scale /= 10
  const rounded = Math.round(nanoseconds / (scale / 100)) * (scale / 100)
  if (rounded < 1e3) return `${rounded}ns`
  if (rounded < 1e6) return `${trim(rounded / 1e3)}µs`
  if (rounded < 1e9) return `${trim(rounded / 1e6)}ms`
  const seconds = rounded / 1e9
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = `${trim(seconds % 60)}s`
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest
}

const trim = (value: number) => String(Number(value.toFixed(3)))
