/** `sys/tools`: random bytes and hashes. */

import { createHash } from "node:crypto"
import { field, refuse, type Values } from "@arca/api"
import type { ServerContext } from "../server.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

/** More than anyone needs, less than hurts. */
const MAX_RANDOM_BYTES = 128 * 1024

/** Where random bytes may be asked for: one and the same here. */
const SOURCES = new Set(["platform", "seal", "all"])

const randomFields = {
  bytes: field.int("How many bytes.", { default: 32, plain: true }),
  urlbytes: field.string("How many bytes, in the path.", { plain: true }),
  format: field.string("base64 or hex.", { default: "base64", plain: true }),
  source: field.string("`platform`, `seal` or `all`.", { default: "platform", plain: true }),
}

function random(input: Values<typeof randomFields>, ctx: ServerContext) {
  // A path's only parameter is the number of bytes or the source.
  const alone = input.urlbytes ?? ""
  const source = SOURCES.has(alone) ? alone : input.source
  const bytes = alone === "" || SOURCES.has(alone) ? input.bytes : Number(alone)
  if (!Number.isSafeInteger(bytes)) throw refuse.invalid(`error parsing url-set byte count: ${JSON.stringify(alone)}`)
  if (bytes < 1) throw refuse.invalid('"bytes" cannot be less than 1')
  if (bytes > MAX_RANDOM_BYTES) throw refuse.invalid(`"bytes" should be less than ${MAX_RANDOM_BYTES}`)
  if (input.format !== "base64" && input.format !== "hex") {
    throw refuse.invalid(`unsupported encoding format ${JSON.stringify(input.format)}; must be "hex" or "base64"`)
  }
  if (source !== "" && !SOURCES.has(source)) {
    throw refuse.invalid(`unsupported entropy source ${JSON.stringify(source)}; must be "platform" or "seal", or "all"`)
  }
  return {
    data: { random_bytes: Buffer.from(ctx.random(bytes)).toString(input.format) },
    warnings: source === "seal" ? ["no seal/entropy augmentation available, using platform entropy source"] : [],
  }
}

/** Vault's names of the hashes, and Node's. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha2-224", "sha224"],
  ["sha2-256", "sha256"],
  ["sha2-384", "sha384"],
  ["sha2-512", "sha512"],
  ["sha3-224", "sha3-224"],
  ["sha3-256", "sha3-256"],
  ["sha3-384", "sha3-384"],
  ["sha3-512", "sha3-512"],
])

export const toolRoutes = [
  sysRoute(["tools/random", "tools/random/:source/:urlbytes", "tools/random/:urlbytes"], {
    summary: "Random bytes.",
    operation: "generate-random|generate-random-with-source-and-bytes|generate-random-with-bytes",
    replies: { write: replies.randomBytes },
    fields: randomFields,
    write: random,
  }),
  sysRoute(["tools/hash", "tools/hash/:urlalgorithm"], {
    summary: "The hash of some data.",
    operation: "generate-hash|generate-hash-with-algorithm",
    replies: { write: replies.hashSum },
    fields: {
      input: field.string("The data, in base64.", { default: "" }),
      algorithm: field.string("sha2-224 … sha3-512.", { default: "sha2-256", plain: true }),
      urlalgorithm: field.string("The same, in the path.", { plain: true }),
      format: field.string("hex or base64.", { default: "hex", plain: true }),
    },
    write: ({ input, algorithm, urlalgorithm, format }) => {
      // Many tools break base64 into lines.
      const base64 = input.replaceAll(/[\r\n]/g, "")
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
        throw refuse.invalid("unable to decode input as base64")
      }
      if (format !== "hex" && format !== "base64") {
        throw refuse.invalid(`unsupported encoding format ${format}; must be "hex" or "base64"`)
      }
      const name = urlalgorithm ?? algorithm
      const hash = HASHES.get(name)
      if (hash === undefined) throw refuse.invalid(`unsupported algorithm ${name}`)
      return { data: { sum: createHash(hash).update(Buffer.from(base64, "base64")).digest(format) } }
    },
  }),
]
