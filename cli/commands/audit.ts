import { command, type Foreign, family } from "../command.ts"
import { stringsOf } from "../data.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, text } from "../flags.ts"
import { printMounts, readMounts } from "../mount-table.ts"
import { cleanPath, mountPath } from "../paths.ts"
import { serverPart } from "../server-part.ts"

const enable = command({
  name: "enable",
  summary: "Adds an audit device: from then on no request is served that it did not record.",
  examples: [
    ["Record into a file", "audit enable file file_path=/var/log/arca/audit.log"],
    ["Record to stdout", "audit enable file file_path=stdout"],
    ["Record into syslog", "audit enable syslog facility=AUTH"],
  ],
  args: { usage: "TYPE [CONFIG K=V...]", min: 0, max: Number.POSITIVE_INFINITY },
  flags: {
    description: text("What it is for, in words."),
    local: bool("Do not replicate it."),
    path: text("Name of the device; its type unless told."),
  },
  run: async ({ args: [given, ...words], flags, globals, io, out, client }) => {
    if (given === undefined) {
      throw new Failure(
        "Error enabling audit device: audit type missing. Valid types include 'file', 'socket' and 'syslog'.",
        1,
      )
    }
    const type = given.trim()
    const path = mountPath(flags.path ?? type)
    const options = await stringsOf(words, io, globals)
    const body = { type, description: flags.description ?? "", options, local: flags.local }
    await attempt("Error enabling audit device", (await client()).write(`sys/audit/${cleanPath(path)}`, body))
    out.line(`Success! Enabled the ${type} audit device at: ${path}`)
  },
})

const disable = command({
  name: "disable",
  summary: "Removes an audit device.",
  examples: [["Remove one", "audit disable file"]],
  args: { usage: "PATH", min: 1, max: 1 },
  run: async ({ args: [given = ""], out, client }) => {
    const path = mountPath(cleanPath(given))
    await attempt("Error disabling audit device", (await client()).delete(`sys/audit/${cleanPath(path)}`))
    out.line(`Success! Disabled audit device (if it was enabled) at: ${path}`)
  },
})

const list = command({
  name: "list",
  summary: "Lists the audit devices.",
  examples: [["See them with their options", "audit list -detailed"]],
  prints: "value",
  run: async ({ out, client }) => {
    const devices = await readMounts(await client(), "sys/audit", "Error listing audits")
    if (out.format === "table" && Object.keys(devices).length === 0) {
      out.line("No audit devices are enabled.")
      return 2
    }
    await printMounts(out, "audit", devices, out.detailed)
  },
})

const verify: Foreign = {
  kind: "foreign",
  name: "verify",
  summary: "Checks an audit file and names the first record that was altered, removed or reordered.",
  examples: [["Check a file", "audit verify /var/log/arca/audit.log"]],
  start: async (line, io) => (await serverPart("audit/verify", "verifyCommand"))(line, io),
}

export const audit = family({
  name: "audit",
  summary: "Adds, removes and checks audit devices.",
  examples: [
    ["Record every request into a file", "audit enable file file_path=/var/log/arca/audit.log"],
    ["See which devices there are", "audit list -detailed"],
  ],
  commands: [disable, enable, list, verify],
})
