import { command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { text } from "../flags.ts"

const LEVELS = ["trace", "debug", "info", "warn", "error"]
const FORMATS = ["standard", "json"]

export const monitor = command({
  name: "monitor",
  summary: "Shows the server's log as it is written, until Ctrl-C.",
  examples: [
    ["Watch", "monitor"],
    ["Watch everything, for a program", "monitor -log-level=debug -log-format=json"],
  ],
  flags: {
    "log-level": text("The least level to show: trace, debug, info, warn or error; info unless told.", {
      choices: LEVELS,
    }),
    "log-format": text("standard or json.", { choices: FORMATS }),
  },
  run: async ({ flags, io, client }) => {
    const log_level = known("log level", flags["log-level"] ?? "info", LEVELS)
    const log_format = known("log format", flags["log-format"] ?? "standard", FORMATS)
    const server = (await client()).with({ timeout: 0, retries: 0 })
    const options = {
      method: "GET",
      path: "sys/monitor",
      query: { log_level, log_format },
      signal: io.interrupted,
    } as const
    const reply = await attempt("Error starting monitor", server.request(options))
    try {
      for await (const chunk of reply.body ?? []) io.stdout.write(chunk)
    } catch (error) {
      if (!io.interrupted.aborted) throw error
    }
  },
})

function known(what: string, given: string, words: readonly string[]): string {
  const word = given.toLowerCase()
  if (words.includes(word)) return word
  throw new Failure(`${given} is an unknown ${what}. Valid ${what}s are: [${words.join(" ")}]`, 1)
}
