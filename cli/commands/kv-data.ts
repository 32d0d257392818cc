import type { JsonObject } from "@arca/api/json"
import { ApiError, type Secret } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { dataOf } from "../data.ts"
import { attempt, Failure } from "../failure.ts"
import { int, list, text } from "../flags.ts"
import { KEY, mount } from "../kv-flags.ts"
import { type KvPlace, locate, locateVersioned } from "../kv-path.ts"
import { currentVersion } from "../kv-secret.ts"
import type { Output } from "../output/output.ts"
import { ownField } from "../output/secret.ts"
import { heading, tableWidth } from "../output/table.ts"
import { cleanPath } from "../paths.ts"
import { replacedKeys } from "../replaced.ts"
import { wrote } from "../wrote.ts"

export const kvGet = command({
  name: "get",
  summary: "Reads a secret.",
  examples: [
    ["Read the newest version", "kv get -mount=secret app"],
    ["Use one value in a script", "kv get -mount=secret -field=password app"],
    ["Read an older version", "kv get -mount=secret -version=1 app"],
  ],
  args: KEY,
  flags: { mount, version: int("The version to read; the newest unless told.") },
  prints: "fields",
  run: async ({ args: [given = ""], flags, out, client, preflight }) => {
    const place = await locate(await preflight(), flags.mount, given)
    const path = place.at("data")
    const query = place.versioned && (flags.version ?? 0) > 0 ? { version: String(flags.version) } : undefined
    const secret = await attempt(`Error reading ${path}`, (await client()).read(path, query))
    if (secret === null) throw new Failure(`No value found at ${path}`, 2)
    if (out.field !== undefined && secret.wrap_info === null) return printField(out, secret, place, path, out.field)
    if (secret.wrap_info !== null || out.format !== "table") return out.secret(secret)
    await printSecret(out, secret, place)
  },
})

/** Of a versioned secret, -field means its own values first; `data` is all of them. */
async function printField(
  out: Output,
  secret: Secret,
  { versioned }: KvPlace,
  path: string,
  field: string,
): Promise<void> {
  if (!versioned) return out.secret(secret)
  const data = ownField(secret.data, "data")
  if (!isObject(data)) throw new Failure(`No data found at ${path}`, 2)
  if (field === "data" && !Object.hasOwn(data, "data")) return out.secret(secret)
  await out.fieldOf(data, "secret")
}

async function printSecret(out: Output, secret: Secret, { versioned, at }: KvPlace): Promise<void> {
  out.warnings(secret)
  if (versioned) printPath(out, "Secret Path", at("data"))
  const metadata = versioned ? ownField(secret.data, "metadata") : undefined
  if (isObject(metadata)) {
    await printPart(out, "Metadata", metadata)
    out.line("")
  }
  const data = versioned ? ownField(secret.data, "data") : secret.data
  if (isObject(data)) await printPart(out, "Data", data)
}

export function printPath(out: Output, title: string, path: string): void {
  out.line(`${heading(title, path.length)}\n${path}\n`)
}

export async function printPart(out: Output, title: string, values: object): Promise<void> {
  out.line(heading(title, tableWidth(values)))
  await out.value(values)
}

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null

export const kvPut = command({
  name: "put",
  summary: "Writes a secret: all of it, replacing what was there.",
  about:
    'A value "@file" is read from that file, the value "-" from stdin; "@file" or "-" alone stands for a JSON object. To change some values and keep the others, use kv patch.',
  examples: [
    ["Write two values", "kv put -mount=secret app user=web password=s3cr3t"],
    ["Keep a value out of the shell's history", "kv put -mount=secret app password=-"],
    ["Write a JSON document", "kv put -mount=secret app @app.json"],
    ["Write only if nobody has written since version 3", "kv put -mount=secret -cas=3 app user=web"],
  ],
  args: { usage: "KEY [DATA]", min: 1, max: Number.POSITIVE_INFINITY, expected: ">1" },
  flags: {
    mount,
    cas: int("Write only if this is the newest version; 0: only if there is none yet."),
  },
  prints: "fields",
  run: async call => {
    const { args, flags, globals, io, out, client, preflight } = call
    const [given = "", ...words] = args
    if (words.length === 0) throw new Failure("Must supply data", 1)
    const values = await dataOf(words, io, globals)
    const place = await locate(await preflight(), flags.mount, given)
    const path = place.at("data")
    if (!place.versioned) return wrote(out, path, (await client()).write(path, values))
    const options = (flags.cas ?? -1) > -1 ? { cas: flags.cas } : {}
    const loss = await replacedKeys(call, place, Object.keys(values))
    await wroteVersion(out, path, (await client()).write(path, { data: values, options }))
    if (loss !== undefined) out.warn(`\n${loss}`)
  },
})

/** Prints a new version's metadata below its path. */
async function wroteVersion(out: Output, path: string, reply: Promise<Secret | null>): Promise<void> {
  const plain = out.format !== "table" || out.field !== undefined
  const secret = plain ? null : await attempt(`Error writing data to ${path}`, reply)
  if (plain || secret === null || secret.wrap_info !== null) return wrote(out, path, reply)
  out.warnings(secret)
  printPath(out, "Secret Path", path)
  await printPart(out, "Metadata", secret.data ?? {})
}

interface PatchFlags {
  readonly mount: string | undefined
  readonly cas: number | undefined
  readonly method: string | undefined
  readonly "remove-data": readonly string[]
}

export const kvPatch = command({
  name: "patch",
  summary: "Changes some values of a secret and keeps the others.",
  about:
    "Sends only the changes. Where the server cannot merge them, the secret is read, changed here, and written back provided that nobody has written in between.",
  examples: [
    ["Change a password", "kv patch -mount=secret app password=n3w"],
    ["Remove a value", "kv patch -mount=secret -remove-data=password app"],
    ["Change it only if version 3 is the newest", "kv patch -mount=secret -cas=3 app password=n3w"],
  ],
  args: { usage: "KEY [DATA]", min: 1, max: Number.POSITIVE_INFINITY, expected: ">1" },
  flags: {
    mount,
    cas: int("Change it only if this is the newest version."),
    method: text('"patch": only let the server merge; "rw": only read, change and write back.', {
      choices: ["patch", "rw"],
    }),
    "remove-data": list("Value to remove."),
  },
  prints: "fields",
  run: async ({ args: [given = "", ...words], flags, globals, io, out, client, preflight }: Call<PatchFlags>) => {
    if (words.length === 0 && flags["remove-data"].length === 0) throw new Failure("Must supply data", 1)
    if (flags.method !== undefined && flags.method !== "patch" && flags.method !== "rw") {
      throw new Failure(`Unsupported method provided to -method flag: ${flags.method}`, 2)
    }
    const values = await dataOf(words, io, globals)
    const changes = { ...values, ...Object.fromEntries(flags["remove-data"].map(key => [key, null])) }
    const place = await locateVersioned(
      await preflight(),
      flags.mount,
      cleanPath(given),
      "K/V engine mount must be version 2 for patch support",
    )
    const path = place.at("data")
    const rewrite = async () => {
      const { values, version } = await currentVersion(await preflight(), path, "patch")
      return (await client()).write(path, { data: { ...values, ...changes }, options: { cas: flags.cas || version } })
    }
    const merge = async () => {
      const options = (flags.cas ?? 0) > 0 ? { cas: flags.cas } : {}
      const merged = (await client()).patch(path, { data: changes, options })
      return flags.method === "patch"
        ? merged
        : merged.catch(error => (cannotMerge(error) ? rewrite() : Promise.reject(error)))
    }
    await wroteVersion(out, path, flags.method === "rw" ? rewrite() : merge())
  },
})

/** Servers without PATCH answer 405; a policy without `patch` answers 403 although `update` might be granted. */
const cannotMerge = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 405 || error.status === 403)
