/**
 * Where each chain of audit records stood when it was last signed, kept in the store: whoever cuts the end off a file cannot
 * cut it off here, and a chain whose file was moved away goes on where it was.
 *
 * It works the other way round, too. Checkpoints in the file say what the store was known to hold of the chain; a store that
 * holds less has been put back to an older copy (`rollback.ts`).
 */

import { createHash } from "node:crypto"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { View } from "@arca/storage"
import type { AuditContext, ChainState, StoreSeen } from "./audit/index.ts"
import { layout } from "./layout.ts"
import type { Server } from "./server.ts"
import { transact } from "./transact.ts"

/** A busy chain is written down this often at most. */
const PAUSE_MILLISECONDS = 1_000

const keyOf = (origin: string): string =>
  layout.auditCheckpoints + createHash("sha256").update(origin).digest("base64url")

/** A chain's state, and how often it was taken up; absent from the stores of earlier versions. */
interface KeptChain extends ChainState {
  readonly opening?: number
}

const decode = (value: Uint8Array): KeptChain => decodeJson(value) as unknown as KeptChain

const write = (view: View, kept: KeptChain): void =>
  view.put(keyOf(kept.origin), encodeJson(kept as unknown as JsonObject))

export const keptCheckpoint = async (view: View, origin: string): Promise<KeptChain | undefined> =>
  view.cached(keyOf(origin), decode)

/** Of all processes that ever wrote. */
export async function keptCheckpoints(view: View): Promise<ChainState[]> {
  const names = await view.list(layout.auditCheckpoints)
  const all = await Promise.all(names.map(name => view.cached(layout.auditCheckpoints + name, decode)))
  return all.filter(one => one !== undefined)
}

/** Closes the devices of a server that stops. What the last signature of each log says of the store is then all of it. */
export async function closeAudit(server: Server): Promise<void> {
  const { audit, auditCheckpoints } = server
  for (const device of audit.devices()) {
    const state = device.chainState()
    if (state !== undefined) auditCheckpoints.keep(server, state)
  }
  await auditCheckpoints.settle()
  await audit.close()
  await auditCheckpoints.settle()
}

/** A store that knows less of a chain than it did: what it held according to the log, and what it holds. */
export interface OlderStore {
  readonly origin: string
  readonly was: StoreSeen
  readonly is: StoreSeen
}

const NOTHING: StoreSeen = { opening: 0, size: 0 }

const seenOf = (kept: KeptChain | undefined): StoreSeen =>
  kept === undefined ? NOTHING : { opening: kept.opening ?? 0, size: kept.size }

const isOlder = (is: StoreSeen, was: StoreSeen): boolean =>
  is.opening < was.opening || (is.opening === was.opening && is.size < was.size)

export interface CheckpointKeeper {
  /** Compares the store with what the last checkpoint in a file says of it. */
  compare(view: View, origin: string, was: StoreSeen | undefined): Promise<OlderStore | undefined>
  /** Notes durably that this process takes the chain up: `was` as for `compare`. */
  takeUp(server: Server, origin: string, was: StoreSeen | undefined): Promise<void>
  /** What the store holds for certain of a chain that was taken up. */
  seen(origin: string): StoreSeen | undefined
  /** Writes it down soon; of several the last. Never throws. */
  keep(server: Server, state: ChainState): void
  /** Writes down what waits. Never rejects. */
  settle(): Promise<void>
}

/** `older` is told when the store, while it was open, fell back behind what this process had put there. */
export function checkpointKeeper(
  context: Pick<AuditContext, "after">,
  older: (server: Server, found: OlderStore) => Promise<void>,
): CheckpointKeeper {
  const waiting = new Map<string, { readonly server: Server; readonly state: ChainState }>()
  const seen = new Map<string, StoreSeen>()
  let timer: (() => void) | undefined
  let writing: Promise<void> = Promise.resolve()

  const keepOne = async (server: Server, state: ChainState): Promise<void> => {
    const was = seen.get(state.origin) ?? NOTHING
    const is = await transact(server, async view => {
      const held = seenOf(await keptCheckpoint(view, state.origin))
      write(view, { ...state, opening: Math.max(was.opening, held.opening) })
      return held
    })
    seen.set(state.origin, { opening: Math.max(was.opening, is.opening), size: state.size })
    if (isOlder(is, was)) await older(server, { origin: state.origin, was, is })
  }

  const keepAll = async (): Promise<void> => {
    timer = undefined
    const all = [...waiting.values()]
    waiting.clear()
    for (const { server, state } of all) {
      // While sealed nothing can be written; the next checkpoint after the unsealing is.
      if (server.sealed()) continue
      await keepOne(server, state).catch((error: unknown) => {
        server.log.named("audit").warn("a checkpoint could not be kept", { error: String(error) })
      })
    }
  }

  return {
    compare: async (view, origin, was = NOTHING) => {
      const is = seenOf(await keptCheckpoint(view, origin))
      return isOlder(is, was) ? { origin, was, is } : undefined
    },
    takeUp: async (server, origin, was = NOTHING) => {
      const kept = await transact(server, async view => {
        const known = await keptCheckpoint(view, origin)
        const opening = Math.max(seenOf(known).opening, was.opening) + 1
        const next: KeptChain = { origin, size: 0, prev: "", frontier: [], ...known, opening }
        write(view, next)
        return next
      })
      seen.set(origin, seenOf(kept))
    },
    seen: origin => seen.get(origin),
    keep: (server, state) => {
      waiting.set(state.origin, { server, state })
      timer ??= context.after(PAUSE_MILLISECONDS, () => {
        writing = writing.then(keepAll)
      })
    },
    settle: () => {
      timer?.()
      writing = writing.then(keepAll)
      return writing
    },
  }
}
