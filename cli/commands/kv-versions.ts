import { command } from "../command.ts"
import { Failure } from "../failure.ts"
import { int } from "../flags.ts"
import { KEY, mount, versionNumbers, versions } from "../kv-flags.ts"
import { locate, locateVersioned } from "../kv-path.ts"
import { currentVersion } from "../kv-secret.ts"
import { cleanPath } from "../paths.ts"
import { deleted, wrote } from "../wrote.ts"

export const kvDelete = command({
  name: "delete",
  summary: "Marks versions of a secret as deleted; kv undelete brings them back.",
  examples: [
    ["Delete the newest version", "kv delete -mount=secret app"],
    ["Delete others", "kv delete -mount=secret -versions=3,4 app"],
    ["Forget the secret with all its versions", "kv metadata delete -mount=secret app"],
  ],
  args: KEY,
  flags: { mount, versions: versions("delete") },
  prints: "fields",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const place = await locate(await preflight(), flags.mount, cleanPath(given))
    const server = await client()
    const numbers = versionNumbers(flags.versions)
    const chosen = place.versioned && numbers.length > 0
    await deleted(
      out,
      place.at("data"),
      chosen ? server.write(place.at("delete"), { versions: numbers }) : server.delete(place.at("data")),
    )
  },
})

const onVersions = (
  verb: "undelete" | "destroy",
  summary: string,
  example: readonly [string, string],
  about?: string,
) =>
  command({
    name: verb,
    summary,
    ...(about === undefined ? {} : { about }),
    examples: [example],
    args: KEY,
    flags: { mount, versions: versions(verb) },
    prints: "value",
    run: async ({ args: [given = ""], flags, out, client, preflight }) => {
      const numbers = versionNumbers(flags.versions)
      if (numbers.length === 0)
        throw new Failure(`No versions provided, use the "-versions" flag to specify the version to ${verb}.`, 1)
      const refusal = `${verb === "destroy" ? "Destroy" : "Undelete"} not supported on KV Version 1`
      const place = await locateVersioned(await preflight(), flags.mount, cleanPath(given), refusal)
      await wrote(out, place.at(verb), (await client()).write(place.at(verb), { versions: numbers }))
    },
  })

export const kvUndelete = onVersions("undelete", "Brings deleted versions of a secret back.", [
  "Bring version 3 back",
  "kv undelete -mount=secret -versions=3 app",
])

export const kvDestroy = onVersions(
  "destroy",
  "Removes the values of some versions for good.",
  ["Destroy version 3", "kv destroy -mount=secret -versions=3 app"],
  "Nothing brings them back, but the record that they existed remains.",
)

export const kvRollback = command({
  name: "rollback",
  summary: "Makes an older version's values the newest version.",
  about: "They are written as a new version, provided that nobody has written in between; nothing is lost.",
  examples: [["Go back to version 2", "kv rollback -mount=secret -version=2 app"]],
  args: KEY,
  flags: { mount, version: int("The version whose values are to be current again.") },
  prints: "fields",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    if (flags.version === undefined) throw new Failure("Version flag must be specified", 1)
    if (flags.version <= 0) throw new Failure(`Invalid value ${flags.version} for the version flag`, 1)
    const refusal = "K/V engine mount must be version 2 for rollback support"
    const place = await locateVersioned(await preflight(), flags.mount, cleanPath(given), refusal)
    const path = place.at("data")
    const newest = await currentVersion(await preflight(), path, "rollback")
    const wanted = await currentVersion(await preflight(), path, "rollback", flags.version)
    if (wanted.deleted) throw new Failure("Cannot roll back to a version that has been deleted", 2)
    if (wanted.destroyed) throw new Failure("Cannot roll back to a version that has been destroyed", 2)
    await wrote(out, path, (await client()).write(path, { data: wanted.values, options: { cas: newest.version } }))
  },
})
