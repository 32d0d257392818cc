import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { text } from "../flags.ts"
import { table } from "../output/table.ts"
import { isObject, string } from "../shape.ts"

const TYPES = new Map([
  ["auth", "auth"],
  ["database", "database"],
  ["secret", "secret"],
])

function typeOf(given: string): string {
  const type = TYPES.get(given.trim())
  if (type === undefined)
    throw new Failure(`"${given}" is not a supported plugin type`, 1, {
      hints: [`Types are: ${[...TYPES.keys()].join(", ")}`],
    })
  return type
}

const list = command({
  name: "list",
  summary: "Lists the engines and methods that can be enabled.",
  examples: [
    ["See them all", "plugin list"],
    ["See the auth methods", "plugin list auth"],
  ],
  args: { usage: "[TYPE]", min: 0, max: 1 },
  prints: "value",
  run: async ({ args: [given], out, client }) => {
    const type = given === undefined ? undefined : typeOf(given)
    const secret = await attempt("Error listing available plugins", (await client()).read("sys/plugins/catalog"))
    const { detailed, ...byType } = secret?.data ?? {}
    const details = (Array.isArray(detailed) ? detailed : [])
      .filter(isObject)
      .filter(one => type === undefined || one.type === type)
    if (out.format !== "table") {
      const chosen = Object.entries(byType).filter(([name]) => type === undefined || name === type)
      return out.value({ details, ...Object.fromEntries(chosen) })
    }
    const titles = [
      "Name",
      ...(type === undefined || out.detailed ? ["Type"] : []),
      "Version",
      ...(out.detailed ? ["Deprecation Status"] : []),
    ]
    const rows = details.map(one => titles.map(title => string(one[title.toLowerCase().replace(" ", "_")])))
    out.line(table(titles, rows))
  },
})

const about = command({
  name: "info",
  summary: "Shows one of them.",
  examples: [["Look at one", "plugin info secret kv"]],
  args: { usage: "TYPE NAME", min: 2, max: 2 },
  flags: { version: text("Its version.") },
  prints: "fields",
  run: async ({ args: [given = "", name = ""], flags, out, client }) => {
    const type = typeOf(given)
    const query = flags.version === undefined ? undefined : { version: flags.version }
    const secret = await attempt(
      `Error reading plugin named ${name}`,
      (await client()).read(`sys/plugins/catalog/${type}/${name}`, query),
    )
    if (secret?.data == null) throw new Failure(`No value found for plugin "${name}"`, 2)
    if (out.field !== undefined) return out.fieldOf(secret.data, "map")
    const { args, builtin, command, name: own, sha256, deprecation_status, version } = secret.data
    await out.value({ args: args ?? [], builtin, command, deprecation_status, name: own, sha256, version })
  },
})

export const plugin = family({
  name: "plugin",
  summary: "Shows which engines and methods the server knows.",
  examples: [["See what can be enabled", "plugin list"]],
  commands: [about, list],
})
