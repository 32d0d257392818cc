/** Certificates for tests of TLS, made by OpenSSL. */

import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What runs its acts when the certificates are no longer needed: a test, or the hooks of a file. */
interface Scope {
  after(act: () => Promise<void>): void
}

/** A certificate authority, a server's certificate for 127.0.0.1 and arca.test, and a client's. */
export async function certificates(scope: Scope) {
  const folder = await mkdtemp(join(tmpdir(), "arca-tls-"))
  scope.after(() => rm(folder, { recursive: true }))
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" })
    assert.equal(status, 0, stderr)
  }
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
  openssl("req", "-x509", ...key, "-subj", "/CN=test ca", "-keyout", file("ca.key"), "-out", file("ca.pem"))
  for (const [name, usage] of [
    ["server", "serverAuth,clientAuth"],
    ["client", "clientAuth"],
  ] as const) {
    const extensions = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:arca.test", "-addext", `extendedKeyUsage=${usage}`]
    const issuer = ["-CA", file("ca.pem"), "-CAkey", file("ca.key")]
    openssl(
      "req",
      "-x509",
      ...key,
      "-subj",
      "/O=arca",
      ...extensions,
      ...issuer,
      "-keyout",
      file(`${name}.key`),
      "-out",
      file(`${name}.pem`),
    )
  }
  return {
    folder,
    ca: file("ca.pem"),
    caKey: file("ca.key"),
    cert: file("server.pem"),
    key: file("server.key"),
    client: file("client.pem"),
    clientKey: file("client.key"),
  }
}
