/**
 * Round trips to the store, counted for each kind of request, on a real PostgreSQL and a real etcd:
 * `node bench/round-trips.ts`. A round trip is a request to the store whose answer somebody waits for.
 *
 * `first`: nobody has asked for this path before; `again`: the same token has. Requests come one after the other.
 */

import type { JsonObject, Operation } from "@arca/api"
import type { Storage } from "@arca/storage"
import { etcdStorage } from "@arca/storage/etcd"
import { postgresqlStorage } from "@arca/storage/postgresql"
import { serve } from "../server/pipeline.ts"
import { ownRequest } from "../server/revocation.ts"
import { testServer } from "../server/testing.ts"
import * as etcd from "../tests/parts/etcd.ts"
import * as postgresql from "../tests/parts/postgresql.ts"

interface Counted {
  readonly name: string
  readonly storage: Storage & { sent(): number }
  readonly stop: () => Promise<void>
}

export interface Trips {
  readonly store: string
  readonly request: string
  readonly first: number
  readonly again: number
}

/** Counts on every store that is installed here. */
export async function countTrips(): Promise<Trips[]> {
  const trips: Trips[] = []
  for (const open of [openPostgresql, openEtcd]) {
    const counted = await open()
    if (counted === undefined) continue
    trips.push(...(await countOn(counted)))
    await counted.storage[Symbol.asyncDispose]()
    await counted.stop()
  }
  return trips
}

async function countOn({ name, storage }: Counted): Promise<Trips[]> {
  const vault = await testServer({ inner: storage })
  await vault.write("sys/mounts/kv", { type: "kv", options: { version: "2" } })
  await vault.write("sys/mounts/plain", { type: "kv", options: { version: "1" } })
  await vault.write("sys/mounts/transit", { type: "transit" })
  await vault.write("transit/keys/k")
  await vault.policy("app", `path "*" { capabilities = ["create", "read", "update", "delete", "list"] }`)
  const token = await vault.token(["app"])
  for (const at of [1, 2]) {
    await vault.write(`kv/data/a${at}`, { data: { a: 1 } })
    await vault.write(`plain/a${at}`, { a: 1 })
  }
  const during = async (act: () => Promise<unknown>) => {
    const before = storage.sent()
    await act()
    return storage.sent() - before
  }
  const ask = (operation: Operation, path: string, body: JsonObject = {}) =>
    serve(vault.server, { ...ownRequest("bench"), operation, path, body, token })
  const requests: Record<string, (path: string) => Promise<{ status: number }>> = {
    "read a secret (KV 2)": path => ask("read", `kv/data/${path}`),
    "read a secret (KV 1)": path => ask("read", `plain/${path}`),
    "write a secret (KV 2)": path => ask("update", `kv/data/${path}`, { data: { a: 2 } }),
    "write a secret (KV 1)": path => ask("update", `plain/${path}`, { a: 2 }),
    "list secrets": () => ask("list", "plain/"),
    "encrypt (transit)": () => ask("update", "transit/encrypt/k", { plaintext: "YQ==" }),
    "look up the own token": () => ask("read", "auth/token/lookup-self"),
  }
  const trips: Trips[] = []
  for (const [request, act] of Object.entries(requests)) {
    if ((await act("a1")).status >= 300) continue
    await act("a1")
    const first = await during(() => act("a2"))
    await act("a2")
    trips.push({ store: name, request, first, again: await during(() => act("a2")) })
  }
  return trips
}

async function openPostgresql(): Promise<Counted | undefined> {
  const missing = await postgresql.missing()
  if (missing !== undefined) return void console.error(missing)
  const server = await postgresql.start()
  const storage = await postgresqlStorage({ connection_url: server.url })
  return { name: "postgresql", storage, stop: server.stop }
}

async function openEtcd(): Promise<Counted | undefined> {
  const missing = etcd.missing()
  if (missing !== undefined) return void console.error(missing)
  const server = await etcd.start()
  const storage = await etcdStorage({ endpoints: server.endpoints })
  return { name: "etcd", storage, stop: server.stop }
}

if (import.meta.main) console.table(await countTrips())
