import { formatDuration } from "@arca/api/duration"
import type { Client } from "@arca/sdk"
import { command, family } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { choice, duration, int, list, pairs } from "../flags.ts"
import { KEY, mount } from "../kv-flags.ts"
import { type KvPlace, locateVersioned } from "../kv-path.ts"
import { cleanPath } from "../paths.ts"
import { isObject } from "../shape.ts"
import { wrote } from "../wrote.ts"
import { printPart, printPath } from "./kv-data.ts"

const settings = {
  mount,
  "cas-required": choice("Refuse writes that do not name the version they replace."),
  "custom-metadata": pairs("Note on the secret as a whole, whatever its version."),
  "delete-version-after": duration("Delete each version so long after it was written."),
  "max-versions": int("How many versions to keep; 0: as many as the mount says."),
}

interface Settings {
  readonly "cas-required": boolean | undefined
  readonly "delete-version-after": number | undefined
  readonly "max-versions": number | undefined
}

/** The settings that were given, as the API names them. */
function settingsBody(flags: Settings): Record<string, unknown> {
  const { "cas-required": cas_required, "delete-version-after": after, "max-versions": max } = flags
  return {
    ...(max === undefined || max < 0 ? {} : { max_versions: max }),
    ...(cas_required === undefined ? {} : { cas_required }),
    ...(after === undefined || after < 0 ? {} : { delete_version_after: formatDuration(after) }),
  }
}

const placeOf = async (preflight: Promise<Client>, mountFlag: string | undefined, given: string): Promise<KvPlace> =>
  locateVersioned(await preflight, mountFlag, cleanPath(given), "Metadata not supported on KV Version 1")

const get = command({
  name: "get",
  summary: "Shows a secret's settings, notes and versions, but no values.",
  examples: [["See which versions there are", "kv metadata get -mount=secret app"]],
  args: KEY,
  flags: { mount },
  prints: "fields",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const path = (await placeOf(preflight(), flags.mount, given)).at("metadata")
    const secret = await attempt(`Error reading ${path}`, (await client()).read(path))
    if (secret === null) throw new Failure(`No value found at ${path}`, 2)
    if (out.field !== undefined || secret.wrap_info !== null || out.format !== "table") return out.secret(secret)
    const { versions, ...about } = secret.data ?? {}
    if (!isObject(versions)) throw new Failure(`No value found at ${path}`, 2)
    printPath(out, "Metadata Path", path)
    out.warnings(secret)
    await printPart(out, "Metadata", about)
    for (const number of Object.keys(versions).sort((a, b) => Number(a) - Number(b))) {
      const version = versions[number]
      if (!isObject(version)) continue
      out.line("")
      await printPart(out, `Version ${number}`, version)
    }
  },
})

const put = command({
  name: "put",
  summary: "Sets a secret's settings and notes; makes an empty secret if there is none.",
  examples: [
    ["Keep five versions", "kv metadata put -mount=secret -max-versions=5 app"],
    ["Delete versions after a month", "kv metadata put -mount=secret -delete-version-after=720h app"],
    ["Say whom to ask", "kv metadata put -mount=secret -custom-metadata=owner=payments app"],
  ],
  args: KEY,
  flags: settings,
  prints: "value",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const path = (await placeOf(preflight(), flags.mount, given)).at("metadata")
    const notes =
      flags["custom-metadata"].size > 0 ? { custom_metadata: Object.fromEntries(flags["custom-metadata"]) } : {}
    await wrote(out, path, (await client()).write(path, { ...settingsBody(flags), ...notes }))
  },
})

const patch = command({
  name: "patch",
  summary: "Changes some of a secret's settings and notes.",
  examples: [
    ["Add a note", "kv metadata patch -mount=secret -custom-metadata=owner=payments app"],
    ["Remove one", "kv metadata patch -mount=secret -remove-custom-metadata=owner app"],
  ],
  args: KEY,
  flags: { ...settings, "remove-custom-metadata": list("Note to remove.") },
  prints: "value",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const path = (await placeOf(preflight(), flags.mount, given)).at("metadata")
    const removed = flags["remove-custom-metadata"].map((name): [string, null] => [name, null])
    const custom_metadata = Object.fromEntries<string | null>([...flags["custom-metadata"], ...removed])
    await wrote(out, path, (await client()).patch(path, { ...settingsBody(flags), custom_metadata }))
  },
})

const remove = command({
  name: "delete",
  summary: "Forgets a secret: all versions, settings and notes, for good.",
  examples: [["Forget it", "kv metadata delete -mount=secret app"]],
  args: KEY,
  flags: { mount },
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const path = (await placeOf(preflight(), flags.mount, given)).at("metadata")
    await attempt(`Error deleting ${path}`, (await client()).delete(path))
    out.line(`Success! Data deleted (if it existed) at: ${path}`)
  },
})

export const metadata = family({
  name: "metadata",
  summary: "Settings, notes and versions of a secret",
  examples: [
    ["See which versions there are", "kv metadata get -mount=secret app"],
    ["Keep five versions", "kv metadata put -mount=secret -max-versions=5 app"],
    ["Forget a secret for good", "kv metadata delete -mount=secret app"],
  ],
  commands: [remove, get, patch, put],
})
