import type { Foreign } from "../command.ts"
import { partOf } from "../server-part.ts"
import { scan as scanPaths } from "./list.ts"

/** The scanner's own commands and what people type to find leaks. */
const LEAKS = new Set([
  "git",
  "dir",
  "directory",
  "file",
  "stdin",
  "protect",
  "detect",
  "github",
  "gitlab",
  "s3",
  "logs",
  "install-hook",
  "ignore",
  "rules",
  "help",
])

/**
 * `arca scan git .` finds leaks; `arca scan secret/metadata` is the SCAN verb. The first word decides: one of the scanner's
 * commands, or none at all (then the scanner explains itself).
 */
export const scanOrLeaks: Foreign = {
  kind: "foreign",
  name: "scan",
  summary: "Finds leaked secrets (git, dir, stdin …); with a server's path, lists it recursively.",
  examples: [
    ["Search a repository's history", "scan git ."],
    ["Search files", "scan dir ./src"],
    ["List all names below a path of the server", "scan secret/metadata"],
  ],
  start: async (line, io) => {
    if (line[0] === "known" && line[1] === "export")
      return (await import("./scan-known.ts")).knownExport.start(line.slice(2), io)
    if (line[0] === "known") return (await partOf("@arca/scanner", "knownCommand"))(line, io)
    const word = line.find(one => !one.startsWith("-"))
    if (word !== undefined && !LEAKS.has(word)) return scanPaths.start(line, io)
    return (await partOf("@arca/scanner", "scanCommand"))(line, io)
  },
}
