import { readFileSync } from "node:fs"
import { API_LEVEL } from "@arca/api/level"
import { command } from "../command.ts"

export const version = command({
  name: "version",
  summary: "Prints this program's version.",
  examples: [["See which version this is", "version"]],
  local: true,
  run: async ({ out, io }) => out.line(versionLine(io.program)),
})

/** hvac and scripts take the first dotted number after a `v` for the version of Vault's API that the program speaks. */
export function versionLine(program: string): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  return program === "arca"
    ? `Arca v${version}`
    : `${program === "bao" ? "OpenBao" : "Vault"} v${API_LEVEL} (Arca v${version})`
}
