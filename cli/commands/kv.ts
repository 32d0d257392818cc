import { command, family } from "../command.ts"
import { attempt } from "../failure.ts"
import { mountPath } from "../paths.ts"
import { post } from "../send.ts"
import { kvGet, kvPatch, kvPut } from "./kv-data.ts"
import { kvList, kvScan, kvSearch } from "./kv-list.ts"
import { metadata } from "./kv-metadata.ts"
import { kvDelete, kvDestroy, kvRollback, kvUndelete } from "./kv-versions.ts"

const enableVersioning = command({
  name: "enable-versioning",
  summary: "Turns a mount without versions into one that keeps them.",
  examples: [["Upgrade a mount", "kv enable-versioning secret"]],
  args: { usage: "PATH", min: 1, max: 1 },
  prints: "value",
  run: async ({ args: [given = ""], out, client }) => {
    const path = mountPath(given.replace(/^\/+/, ""))
    const body = { options: { version: "2" } }
    const tuned = post(await client(), `sys/mounts/${path}tune`, body).then(out.warnings)
    await attempt(`Error tuning secrets engine ${path}`, tuned)
    out.line(`Success! Tuned the secrets engine at: ${path}`)
  },
})

export const kv = family({
  name: "kv",
  summary: "Reads and writes key-value secrets.",
  about:
    'A secret is named by its mount and its key, as "-mount=secret app" or as "secret/app". The "data/" and "metadata/" of the API\'s paths are added where they belong.',
  examples: [
    ["Keep a secret", "kv put -mount=secret app user=web password=s3cr3t"],
    ["Read it back", "kv get -mount=secret app"],
    ["Use one value in a script", "kv get -mount=secret -field=password app"],
    ["Change one value and keep the others", "kv patch -mount=secret app password=n3w"],
    ["See what it was before", "kv get -mount=secret -version=1 app"],
  ],
  commands: [
    kvDelete,
    kvDestroy,
    enableVersioning,
    kvGet,
    kvList,
    metadata,
    kvPatch,
    kvPut,
    kvRollback,
    kvScan,
    kvSearch,
    kvUndelete,
  ],
})
