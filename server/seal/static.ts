/** The `static` seal: a key that the operator's machinery puts on the machine. Unseals by itself, without a cloud. */

import { readFile } from "node:fs/promises"
import { unwrapKey, wrapKey } from "@arca/crypto/aead"
import { BadConfig } from "../config/read.ts"
import type { AutoSeal } from "./seal.ts"

const LABEL = "arca static seal"

type Options = ReadonlyMap<string, string>
type Env = Readonly<Record<string, string | undefined>>

interface Wrapped {
  readonly key_id: string
  readonly key: string
}

/**
 * Reads the keys that the `seal "static"` stanza names: `current_key_id` with `current_key`, and, while moving to a new key,
 * `previous_key_id` with `previous_key`. A key is `env://NAME` or `file:///path`, 32 bytes raw, in hex or in base64.
 */
export async function staticSeal(options: Options, env: Env): Promise<AutoSeal> {
  const id = need(options, "current_key_id")
  const current = await keyFrom(need(options, "current_key"), env, "current_key")
  const previousId = options.get("previous_key_id")
  const previous =
    previousId === undefined ? undefined : await keyFrom(need(options, "previous_key"), env, "previous_key")
  return {
    kind: "auto",
    type: "static",
    wrap: async rootKey => {
      const wrapped: Wrapped = { key_id: id, key: wrapKey(current, LABEL, rootKey).toString("base64") }
      return Buffer.from(JSON.stringify(wrapped))
    },
    unwrap: async bytes => {
      const wrapped = JSON.parse(Buffer.from(bytes).toString()) as Wrapped
      const key = wrapped.key_id === id ? current : wrapped.key_id === previousId ? previous : undefined
      if (key === undefined) {
        throw new Error(
          `the store is sealed under the static key ${JSON.stringify(wrapped.key_id)}; configure it as current_key, or as previous_key`,
        )
      }
      const rootKey = unwrapKey(key, LABEL, Buffer.from(wrapped.key, "base64"))
      if (rootKey === undefined)
        throw new Error(`the static key ${JSON.stringify(wrapped.key_id)} is not the one the store was sealed with`)
      return rootKey
    },
    stale: bytes => (JSON.parse(Buffer.from(bytes).toString()) as Wrapped).key_id !== id,
  }
}

function need(options: Options, name: string): string {
  const value = options.get(name)
  if (value === undefined || value === "") throw new BadConfig(`seal "static" needs ${name}`)
  return value
}

async function keyFrom(source: string, env: Env, name: string): Promise<Uint8Array> {
  const raw = await bytesFrom(source, env, name)
  if (raw.length === 32) return raw
  const text = raw.toString().trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex")
  const decoded = Buffer.from(text, "base64")
  if (decoded.length === 32) return decoded
  throw new BadConfig(`${name} of seal "static" must be 32 bytes: raw, in hex or in base64`)
}

async function bytesFrom(source: string, env: Env, name: string): Promise<Buffer> {
  if (source.startsWith("file://")) {
    const path = source.slice("file://".length)
    return readFile(path).catch((error: NodeJS.ErrnoException) => {
      throw new BadConfig(
        `cannot read ${name} of seal "static" from ${JSON.stringify(path)}: ${error.code ?? error.message}`,
      )
    })
  }
  if (!source.startsWith("env://")) throw new BadConfig(`${name} of seal "static" must be env://NAME or file:///path`)
  const value = env[source.slice("env://".length)]
  if (value === undefined)
    throw new BadConfig(`${name} of seal "static": the environment has no ${source.slice("env://".length)}`)
  return Buffer.from(value)
}
