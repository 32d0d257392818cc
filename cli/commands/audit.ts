import { readFile } from "node:fs/promises"
import type { Json } from "@arca/api/json"
import type { Client } from "@arca/sdk"
import { command, family } from "../command.ts"
import { stringsOf } from "../data.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, int, text } from "../flags.ts"
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

const verify = command({
  name: "verify",
  summary: "Checks audit files and names the first record that was altered, removed or reordered.",
  about:
    "Each device's records are a chain whose checkpoints the server signs. The public key is asked of the server unless a file has it: keep it apart from the logs, so that they can be checked without the server. The server also tells how far each chain had come, so that a file whose end was cut off is noticed. It exits with 2 when a chain is broken, with 1 when it could not be checked.",
  examples: [
    ["Check a file", "audit verify /var/log/arca/audit.log"],
    ["Check an older one", "audit verify -partial /var/log/arca/audit.log.1"],
    ["Check it with the rotated ones before it", "audit verify /var/log/arca/audit.log.1 /var/log/arca/audit.log"],
    ["Keep the public key", "read -field=public_key sys/audit/verification-key > audit.pem"],
    ["Check without a server", "audit verify -public-key=audit.pem /var/log/arca/audit.log"],
  ],
  args: { usage: "FILE...", min: 1, max: Number.POSITIVE_INFINITY },
  flags: {
    "public-key": text("File with the public key (PEM); asked of the server unless told.", { shown: "file" }),
    partial: bool("These are not the newest files: more may have been recorded since."),
    from: int("The first record that must be there, by its number in the chain."),
    to: int("The last record that must be there."),
    prefix: text('The prefix that the device writes before each line; "*" for anything, such as a syslog header.'),
  },
  prints: "value",
  run: async ({ args: files, flags, io, out, client }) => {
    const { from, to, prefix } = flags
    const keyFile = flags["public-key"]
    const asked = keyFile === undefined ? await askServer(await client()) : { publicKey: await readKey(keyFile) }
    const chains = flags.partial ? undefined : asked.chains
    const format = out.format === "json" ? "json" : "table"
    const run = await serverPart("audit/verify-command", "verifyCommand")
    const wish = { files, publicKey: asked.publicKey, chains, from, to, prefix, format }
    return await run([JSON.stringify(wish)], io).catch((error: unknown) => {
      if (!(error instanceof Error) || !("code" in error)) throw error
      throw new Failure(`Error verifying: ${error.message}`, 1, { cause: error })
    })
  },
})

interface Asked {
  readonly publicKey: string
  /** Where the chains stood when they were last signed, for the checker. */
  readonly chains?: Json | undefined
}

async function askServer(server: Client): Promise<Asked> {
  const secret = await attempt("Error reading the audit's public key", server.read("sys/audit/verification-key"))
  const key = secret?.data?.public_key
  if (typeof key === "string") return { publicKey: key, chains: secret?.data?.chains }
  throw new Failure("The server has no key that signs audit files: no audit device was enabled yet", 2)
}

const readKey = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((error: Error) => {
    throw new Failure(`Error reading the public key: ${error.message}`, 1, { cause: error })
  })

export const audit = family({
  name: "audit",
  summary: "Adds, removes and checks audit devices.",
  examples: [
    ["Record every request into a file", "audit enable file file_path=/var/log/arca/audit.log"],
    ["See which devices there are", "audit list -detailed"],
  ],
  commands: [disable, enable, list, verify],
})
