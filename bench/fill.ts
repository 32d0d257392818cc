/** Fills a store with secrets, tokens and leases, through the barrier but past the API: a million requests take too long. */

import { randomBytes } from "node:crypto"
import { type Context, encodeJson } from "@arca/api"
import type { View } from "@arca/storage"
import { lmdbStorage } from "@arca/storage/lmdb"
import { assemble } from "../server/assemble.ts"
import { auditBroker } from "../server/audit/index.ts"
import { readConfig } from "../server/config/read.ts"
import { writeLease } from "../server/leases.ts"
import { type MountEntry, mountStore, mountTable } from "../server/mounts.ts"
import { ROOT } from "../server/namespaces.ts"
import { sealsOf } from "../server/seal/configured.ts"
import type { Server } from "../server/server.ts"
import { writeToken } from "../server/tokens.ts"
import { transact } from "../server/transact.ts"
import type { BenchStore } from "./arca.ts"

const BATCH = 2000
const now = (): number => Date.now() / 1000

/** Writes `count` secrets below `secret/app/`, tokens, and leases that are due within the next month. */
export async function fill(store: BenchStore, count: number, progress: (done: number) => void): Promise<void> {
  if (count === 0) return
  const inner = await lmdbStorage({ path: `${store.dir}/store` })
  const clock = { now: () => Date.now(), after: () => () => {} }
  const config = await readConfig([store.config])
  const audit = auditBroker([], clock)
  const server = assemble({ inner, audit, now, random: randomBytes, ...(await sealsOf(config, {})) })
  await server.seal.autoUnseal()
  try {
    for (let from = 0; from < count; from += BATCH) {
      await transact(server, view => batch(server, view, from, Math.min(from + BATCH, count)))
      progress(from + BATCH)
    }
  } finally {
    await inner[Symbol.asyncDispose]()
  }
}

async function batch(server: Server, view: View, from: number, to: number): Promise<void> {
  const mounts = await mountTable(view, ROOT)
  const kv = mounts.byPath.get("secret/")
  if (kv === undefined) throw new Error("the store has no kv at secret/")
  for (let n = from; n < to; n++) {
    secret(mountStore(view, ROOT, kv), n)
    await token(server, view, n)
    lease(server, view, kv, n)
  }
}

/** As `engines/kv` stores it; the benchmark reads one of them back through the API. */
function secret(kv: Context["store"], n: number): void {
  const created = "2026-01-01T00:00:00.000Z"
  const facts = { created_time: created, deletion_time: "", destroyed: false }
  const rest = {
    oldest_version: 0,
    max_versions: 0,
    cas_required: false,
    delete_version_after: 0,
    custom_metadata: null,
  }
  const times = { created_time: created, updated_time: created }
  kv.put(`meta/app/${n}`, encodeJson({ ...times, current_version: 1, ...rest, versions: { 1: facts } }))
  kv.put(`data/1/app/${n}`, encodeJson({ username: `app-${n}`, password: randomBytes(18).toString("base64") }))
}

const month = (n: number): number => now() + 3600 + ((n * 7919) % (30 * 86_400))

async function token(server: Server, view: View, n: number): Promise<void> {
  const createdAt = server.now()
  await writeToken(view, {
    id: randomBytes(32).toString("base64url"),
    namespace: ROOT.id,
    accessor: randomBytes(18).toString("hex"),
    type: "service",
    policies: ["default"],
    path: "auth/approle/login",
    meta: null,
    displayName: "approle",
    numUses: 0,
    createdAt,
    ttl: 3600,
    expiresAt: month(n),
    explicitMaxTtl: 0,
    period: 0,
    maxTtl: 0,
    renewable: true,
    lastRenewal: 0,
    role: "",
    entityId: "",
    boundCidrs: [],
    mount: "auth_approle_00000000",
  })
}

function lease(server: Server, view: View, mount: MountEntry, n: number): void {
  const expiresAt = month(n)
  writeLease(view, {
    id: `database/creds/app/${n.toString().padStart(24, "0")}`,
    namespace: ROOT.id,
    mount: mount.uuid,
    kind: "bench",
    data: { username: `v-app-${n}` },
    state: "active",
    token: "",
    issuedAt: server.now(),
    expiresAt,
    dueAt: expiresAt,
    maxTtl: 0,
    ttl: 3600,
    renewable: true,
    lastRenewal: 0,
    attempts: 0,
  })
}
