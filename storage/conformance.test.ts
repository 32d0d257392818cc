import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestContext } from "node:test"
import { testStorage } from "./conformance.ts"
import { lmdbStorage } from "./lmdb.ts"
import { memoryStorage } from "./memory.ts"
import { transformStorage } from "./transform.ts"
import type { Storage } from "./view.ts"

const remember = (remembered: number | undefined) => (remembered === undefined ? {} : { remembered })

/** Each value with its key in front and all bits turned: a codec that notices a wrong key. */
const codec = {
  seal: (key: string, plain: Uint8Array) => Buffer.concat([Buffer.from(`${key}\0`), plain]).map(byte => byte ^ 0xff),
  open: (key: string, sealed: Uint8Array) => {
    const opened = Buffer.from(sealed.map(byte => byte ^ 0xff))
    const bound = Buffer.from(`${key}\0`)
    if (!opened.subarray(0, bound.length).equals(bound)) throw new Error("The value belongs to another key")
    return new Uint8Array(opened.subarray(bound.length))
  },
}

async function lmdb(t: TestContext, remembered?: number): Promise<Storage> {
  const path = await mkdtemp(join(tmpdir(), "arca-lmdb-"))
  const storage = await lmdbStorage({ path, ...remember(remembered) })
  t.after(async () => {
    await storage[Symbol.asyncDispose]()
    await rm(path, { recursive: true })
  })
  return storage
}

testStorage("memory", async (_, remembered) => memoryStorage(remember(remembered)), 200)
testStorage("memory, transformed", async (_, remembered) =>
  transformStorage(memoryStorage(remember(remembered)), codec),
)
testStorage("lmdb", lmdb, 40)
