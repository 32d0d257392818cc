/** A certificate authority and a certificate for `-dev-tls`, made anew at each start. */

import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { TlsOptions } from "./listener/options.ts"

const run = promisify(execFile)

/** Makes `ca.pem`, `cert.pem` and `key.pem` in a directory, with the `openssl` program. Throws a sentence when there is none. */
export async function devCertificate(directory: string): Promise<{ options: TlsOptions; caFile: string }> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const at = (name: string) => join(directory, name)
  const openssl = (...args: string[]) =>
    run("openssl", args).catch((error: Error) => {
      throw new Error(`-dev-tls makes its certificate with the openssl program, which failed: ${error.message}`)
    })
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  await openssl(
    "req",
    "-x509",
    ...ec,
    "-keyout",
    at("ca-key.pem"),
    "-out",
    at("ca.pem"),
    "-days",
    "365",
    "-subj",
    "/CN=Arca dev CA",
  )
  await openssl(
    ...[
      "req",
      "-x509",
      ...ec,
      "-keyout",
      at("key.pem"),
      "-out",
      at("cert.pem"),
      "-days",
      "365",
      "-subj",
      "/CN=localhost",
    ],
    ...["-CA", at("ca.pem"), "-CAkey", at("ca-key.pem"), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
  )
  return {
    caFile: at("ca.pem"),
    options: {
      certFile: at("cert.pem"),
      keyFile: at("key.pem"),
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      requestClientCertificate: true,
      requireClientCertificate: false,
    },
  }
}
