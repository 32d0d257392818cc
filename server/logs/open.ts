/** The log as flags, environment and configuration want it: standard error, and a file beside it. */

import { BadConfig } from "../config/read.ts"
import { type LogFile, logFile } from "./file.ts"
import { type Format, type Level, levelOf } from "./lines.ts"
import { type Logs, logsTo } from "./logs.ts"

/** As they were written; "" is "not said". */
export interface LogSettings {
  readonly level: string
  readonly format: string
  readonly file: string
  /** Bytes; 0 is no limit. */
  readonly rotateBytes: number
  /** Seconds. */
  readonly rotateDuration: number
  readonly rotateMaxFiles: number
}

export interface OpenLogs {
  readonly logs: Logs
  /** Opens the file anew, and takes a new level from the configuration. */
  reload(level: string): void
  close(): void
}

/** Throws `BadConfig` for a level or format that there is not, and for a file that cannot be opened. */
export function openLogs(settings: LogSettings, stderr: { write(text: string): unknown }, now: () => number): OpenLogs {
  const level = checkedLevel(settings.level)
  const format = checkedFormat(settings.format)
  const file = openFile(settings, now, error => stderr.write(`the log file cannot be written: ${String(error)}\n`))
  const logs = logsTo(file === undefined ? [stderr] : [stderr, file], { level, format, now })
  return {
    logs,
    reload: text => {
      file?.reopen()
      logs.configure(checkedLevel(text))
    },
    close: () => file?.close(),
  }
}

function openFile(settings: LogSettings, now: () => number, failed: (error: unknown) => void): LogFile | undefined {
  if (settings.file === "") return undefined
  try {
    return logFile({
      path: settings.file,
      maxBytes: settings.rotateBytes,
      maxAge: settings.rotateDuration,
      maxFiles: settings.rotateMaxFiles,
      now,
      failed,
    })
  } catch (error) {
    throw new BadConfig(
      `log_file ${JSON.stringify(settings.file)} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function checkedLevel(text: string): Level {
  const level = levelOf(text)
  if (level === undefined)
    throw new BadConfig(`unknown log level: ${text}; there are trace, debug, info, warn and error`)
  return level
}

function checkedFormat(text: string): Format {
  const format = text.toLowerCase()
  if (format === "" || format === "standard") return "standard"
  if (format === "json") return "json"
  throw new BadConfig(`unknown log format: ${text}; there are standard and json`)
}
