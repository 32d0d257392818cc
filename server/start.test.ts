import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { test } from "node:test"

/** Starts the server on a configuration that it cannot serve; its exit code and what it says, without the log. */
async function failedStart(config: string): Promise<{ code: number; text: string }> {
  const dir = await mkdtemp(join(tmpdir(), "arca-start-"))
  const file = join(dir, "server.hcl")
  await writeFile(file, config.replaceAll("$DIR", dir))
  await writeFile(join(dir, "junk.pem"), "no certificate")
  try {
    return await new Promise(done => {
      const args = [resolve(import.meta.dirname, "main.ts"), "-config", file]
      execFile(process.execPath, args, { timeout: 60_000 }, (error, _, stderr) => {
        const text = stderr.replaceAll(dir, "$DIR").replaceAll(/^\S+Z \[\w+\].*\n/gm, "")
        done({ code: Number(error?.code ?? 0), text })
      })
    })
  } finally {
    await rm(dir, { recursive: true })
  }
}

const MEMORY = 'storage "inmem" {}\n'
const LISTENER = 'listener "tcp" { address = "127.0.0.1:0" tls_disable = true }\n'

test("a server that cannot start says why and what to do in one sentence, without a stack", async t => {
  const taken = createServer().listen(0, "127.0.0.1")
  await once(taken, "listening")
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const cases: readonly (readonly [config: string, says: RegExp])[] = [
    [
      `${MEMORY}listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true }`,
      /^Error: cannot listen on 127\.0\.0\.1:\d+: something listens there already.* choose another address/,
    ],
    [
      `${MEMORY}listener "tcp" { address = "127.0.0.1:0" tls_cert_file = "$DIR/none.pem" tls_key_file = "$DIR/none.pem" }`,
      /^Error: cannot read tls_cert_file "\$DIR\/none\.pem": ENOENT/,
    ],
    [
      `${MEMORY}listener "tcp" { address = "127.0.0.1:0" tls_cert_file = "$DIR/junk.pem" tls_key_file = "$DIR/junk.pem" }`,
      /^Error: the certificate "\$DIR\/junk\.pem" cannot be used with the key .*Both must be in PEM/,
    ],
    [
      `${MEMORY}${LISTENER}seal "static" { current_key_id = "1" current_key = "file://$DIR/none" }`,
      /^Error: cannot read current_key of seal "static" from "\$DIR\/none": ENOENT/,
    ],
    [`${MEMORY}${LISTENER}seal "awskms" {}`, /^Error: unknown seal "awskms"; known are shamir, static, transit/],
    [`storage "lmdb" { path = "$DIR/server.hcl" }\n${LISTENER}`, /^Error: Cannot keep data in "\$DIR\/server\.hcl"/],
    [
      `storage "postgresql" { connection_url = "hunter2" }\n${LISTENER}`,
      /^Error: connection_url must be an address such as postgresql:/,
    ],
  ]
  const outcomes = await Promise.all(cases.map(([config]) => failedStart(config)))
  for (const [index, { code, text }] of outcomes.entries()) {
    assert.equal(code, 1, text)
    assert.match(text, cases[index]?.[1] ?? /^$/)
    assert.equal(text.trimEnd().split("\n").length, 1, text)
  }
})
