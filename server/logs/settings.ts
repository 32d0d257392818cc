/** What flags and environment say of the log comes before what the configuration says. */

import { parseDuration } from "@arca/api"
import type { ServerConfig } from "../config/read.ts"
import { BadFlag, type ServerFlags } from "../flags.ts"
import type { LogSettings } from "./open.ts"

type Configured = Pick<
  ServerConfig,
  "logLevel" | "logFormat" | "logFile" | "logRotateBytes" | "logRotateDuration" | "logRotateMaxFiles"
>

/** Throws `BadFlag`. */
export const logSettings = (flags: ServerFlags, config?: Configured): LogSettings => ({
  level: flags.logLevel || (config?.logLevel ?? ""),
  format: flags.logFormat || (config?.logFormat ?? ""),
  file: flags.logFile || (config?.logFile ?? ""),
  rotateBytes: numberOf("log-rotate-bytes", flags.logRotateBytes) ?? config?.logRotateBytes ?? 0,
  rotateDuration: secondsOf("log-rotate-duration", flags.logRotateDuration) ?? config?.logRotateDuration ?? 86_400,
  rotateMaxFiles: numberOf("log-rotate-max-files", flags.logRotateMaxFiles) ?? config?.logRotateMaxFiles ?? 0,
})

function numberOf(flag: string, text: string): number | undefined {
  if (text === "") return undefined
  const number = Number(text)
  if (!Number.isSafeInteger(number))
    throw new BadFlag(`the flag -${flag} needs a whole number, not ${JSON.stringify(text)}`)
  return number
}

function secondsOf(flag: string, text: string): number | undefined {
  if (text === "") return undefined
  const seconds = parseDuration(text)
  if (seconds === undefined || seconds < 0)
    throw new BadFlag(`the flag -${flag} needs a duration, not ${JSON.stringify(text)}`)
  return seconds
}
