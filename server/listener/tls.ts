import { readFile } from "node:fs/promises"
import type { TlsOptions as NodeTls } from "node:tls"
import { unreadableFile } from "./failure.ts"
import type { TlsOptions } from "./options.ts"

/** AEAD suites with forward secrecy; TLS 1.3 has no others. */
const SUITES = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
].join(":")

/** Reads the files of a TLS listener. Throws a sentence that names the file. */
export async function tlsContext(options: TlsOptions): Promise<NodeTls> {
  return {
    cert: await file(options.certFile, "tls_cert_file"),
    key: await file(options.keyFile, "tls_key_file"),
    ...(options.clientCaFile === undefined ? {} : { ca: await file(options.clientCaFile, "tls_client_ca_file") }),
    minVersion: options.minVersion,
    maxVersion: options.maxVersion,
    ciphers: options.cipherSuites ?? SUITES,
    honorCipherOrder: true,
    requestCert: options.requestClientCertificate || options.requireClientCertificate,
    rejectUnauthorized: options.requireClientCertificate,
    handshakeTimeout: 10_000,
  }
}

async function file(path: string, key: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw unreadableFile(key, path, error)
  }
}
