/** STORY.md, told by each client to a server of its own over TLS; each step is a subtest. */

import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { after, test } from "node:test"
import { reference, start } from "../parts/arca.ts"
import { clients, type Prepared } from "../parts/clients.ts"
import { missing, start as startDatabase } from "../parts/postgresql.ts"

/** Where OpenBao does not keep Vault's contract, so that a run against it is not expected to pass. */
const referenceDiffers = new Map([
  ["go kv2-big-number", "OpenBao and Vault read the data of KV v2 as float64"],
  ["hvac kv2-big-number", "OpenBao and Vault read the data of KV v2 as float64"],
  ["vaultrs kv2-big-number", "OpenBao and Vault read the data of KV v2 as float64"],
  ["node-vault lease-revoke-prefix", "OpenBao dropped Vault's sys/revoke-prefix/ for sys/leases/revoke-prefix/"],
  ["litehex seal-status", "OpenBao has commit_date in place of build_date"],
  ["litehex health", "OpenBao dropped performance_standby"],
  ["vaultrs health", "OpenBao dropped performance_standby"],
])

/** The slowest program takes some 10 seconds on two busy cores. */
const programMillis = 120_000

/** A PostgreSQL for the steps about databases; they are left out without one. */
const noDatabase = await missing()
const database = noDatabase === undefined ? await startDatabase({ password: "sesame", user: "root" }) : undefined
if (noDatabase !== undefined) console.log(`The steps about databases are left out: ${noDatabase}`)
after(() => database?.stop())

const story = steps(await readFile(join(import.meta.dirname, "STORY.md"), "utf8"))

for (const client of clients) {
  test(`${client.name} tells the story`, async t => {
    const prepared = await client.prepare()
    if ("absent" in prepared) return t.skip(`${client.name} is left out: ${prepared.absent}`)
    const told = await tell(prepared)
    const offered = story.filter(step => !step.without.has(client.name)).map(step => step.name)
    const expected = offered.filter(step => database !== undefined || !step.startsWith("db-"))
    await t.test("the steps are those of STORY.md, in its order", () => assert.deepEqual([...told.keys()], expected))
    for (const step of expected) {
      const differs = reference === undefined ? undefined : referenceDiffers.get(`${client.name} ${step}`)
      await t.test(step, { todo: differs ?? false }, () => assert.equal(told.get(step), "ok"))
    }
  })
}

/** The steps of the page's tables, each with the clients that do not offer it. */
function steps(page: string): { name: string; without: Set<string> }[] {
  const rows = page.matchAll(/^\| ([a-z0-9-]+) \|.*\|([^|]*)\|$/gm)
  return Array.from(rows, ([, name = "", without = ""]) => ({
    name,
    without: new Set(without.split(";").map(reason => reason.split(":")[0]?.trim() ?? "")),
  }))
}

/** Runs a program against a new server: each step with "ok" or its difference. */
async function tell(program: Exclude<Prepared, { absent: string }>): Promise<Map<string, string>> {
  const server = await start()
  try {
    const trust = { VAULT_CACERT: server.caFile, NODE_EXTRA_CA_CERTS: server.caFile }
    const place = database === undefined ? {} : { STORY_DB: `127.0.0.1:${database.port}` }
    const env = { ...process.env, ...trust, ...program.env, ...place, VAULT_ADDR: server.url, STORY_DIR: server.dir }
    const child = spawn(program.command, program.args, { env, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    let errors = ""
    child.stdout.on("data", chunk => (output += chunk))
    child.stderr.on("data", chunk => (errors += chunk))
    // A client that waits for a reply for ever is a finding, not a reason to wait with it.
    const watchdog = setTimeout(() => child.kill("SIGKILL"), programMillis)
    const [code, signal] = await once(child, "close")
    clearTimeout(watchdog)
    const told = new Map(Array.from(output.matchAll(/^(?:(ok)|FAIL) ([a-z0-9-]+)(?:: (.*))?$/gm), lineOf))
    assert.equal(signal, null, `The program was still waiting after ${programMillis} ms:\n${output}${errors}`)
    const passed = [...told.values()].every(result => result === "ok")
    assert.equal(code, passed ? 0 : 1, `The program's exit code does not fit what it printed:\n${output}${errors}`)
    return told
  } finally {
    await server.stop()
  }
}

function lineOf([, ok, step = "", difference]: RegExpExecArray): [string, string] {
  return [step, ok ?? difference ?? "failed"]
}
