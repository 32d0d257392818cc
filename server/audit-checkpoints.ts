/**
 * Where each chain of audit records stood when it was last signed, kept in the store: whoever cuts the end off a file cannot
 * cut it off here, and a chain whose file was moved away goes on where it was.
 */

import { createHash } from "node:crypto"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { View } from "@arca/storage"
import type { AuditContext, ChainState } from "./audit/index.ts"
import type { Server } from "./server.ts"
import { transact } from "./transact.ts"

const FOLDER = "core/audit-checkpoint/"
/** A busy chain is written down this often at most. */
const PAUSE_MILLISECONDS = 1_000

const keyOf = (origin: string): string => FOLDER + createHash("sha256").update(origin).digest("base64url")

const decode = (value: Uint8Array): ChainState => decodeJson(value) as unknown as ChainState

export const keptCheckpoint = async (view: View, origin: string): Promise<ChainState | undefined> =>
  view.cached(keyOf(origin), decode)

/** Of all processes that ever wrote. */
export async function keptCheckpoints(view: View): Promise<ChainState[]> {
  const names = await view.list(FOLDER)
  const all = await Promise.all(names.map(name => view.cached(FOLDER + name, decode)))
  return all.filter(one => one !== undefined)
}

export interface CheckpointKeeper {
  /** Writes it down soon; of several the last. Never throws. */
  keep(server: Server, state: ChainState): void
  /** Writes down what waits. Never rejects. */
  settle(): Promise<void>
}

export function checkpointKeeper(context: Pick<AuditContext, "after">): CheckpointKeeper {
  const waiting = new Map<string, { readonly server: Server; readonly state: ChainState }>()
  let timer: (() => void) | undefined
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    timer = undefined
    const all = [...waiting.values()]
    waiting.clear()
    for (const { server, state } of all) {
      // While sealed nothing can be written; the next checkpoint after the unsealing is.
      if (server.sealed()) continue
      await transact(server, async view =>
        view.put(keyOf(state.origin), encodeJson(state as unknown as JsonObject)),
      ).catch((error: unknown) => {
        server.log.named("audit").warn("a checkpoint could not be kept", { error: String(error) })
      })
    }
  }

  return {
    keep: (server, state) => {
      waiting.set(state.origin, { server, state })
      timer ??= context.after(PAUSE_MILLISECONDS, () => {
        writing = writing.then(write)
      })
    },
    settle: () => {
      timer?.()
      writing = writing.then(write)
      return writing
    },
  }
}
