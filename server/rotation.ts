/** When the barrier's key is replaced by itself: after so many values, or so much time. */

import { decodeJson, encodeJson, formatDuration, type JsonObject, refuse } from "@arca/api"
import { MAX_OPERATIONS } from "@arca/crypto/keyring"
import type { View } from "@arca/storage"
import type { Server } from "./server.ts"

/** `interval` is seconds; 0 is without limit. */
export interface RotationConfig {
  readonly max_operations: number
  readonly interval: number
  readonly enabled: boolean
}

const KEY = "core/rotation"
const MIN_OPERATIONS = 1_000_000
const MIN_INTERVAL = 24 * 3600

const DEFAULT: RotationConfig = { max_operations: MAX_OPERATIONS, interval: 0, enabled: true }

const decode = (value: Uint8Array): RotationConfig => decodeJson(value) as unknown as RotationConfig

const load = async (view: View): Promise<RotationConfig> => (await view.cached(KEY, decode)) ?? DEFAULT

export const rotation = {
  read: async (view: View): Promise<JsonObject> => {
    const config = await load(view)
    return { ...config, interval: config.interval === 0 ? 0 : formatDuration(config.interval) }
  },

  write: async (view: View, given: { [K in keyof RotationConfig]: RotationConfig[K] | undefined }): Promise<void> => {
    const before = await load(view)
    const next: RotationConfig = {
      max_operations: given.max_operations ?? before.max_operations,
      interval: given.interval ?? before.interval,
      enabled: given.enabled ?? before.enabled,
    }
    if (next.max_operations < MIN_OPERATIONS || next.max_operations > MAX_OPERATIONS) {
      throw refuse.invalid(`max_operations must be in the range [${MIN_OPERATIONS},${MAX_OPERATIONS}]`)
    }
    if (next.interval !== 0 && next.interval < MIN_INTERVAL)
      throw refuse.invalid(`interval must be greater or equal to ${formatDuration(MIN_INTERVAL)}`)
    view.put(KEY, encodeJson(next as unknown as JsonObject))
  },

  /** Replaces the key when it is time. Called by the background work of one node. */
  async rotateIfDue(server: Server): Promise<void> {
    using view = server.storage.view()
    const { enabled, interval, max_operations } = await load(view)
    const { barrier } = server.seal
    const { installedAt, encryptions } = barrier.status()
    const now = server.now()
    if (!enabled || (encryptions < max_operations && (interval === 0 || now < installedAt + interval))) return
    await barrier.rotate(now)
    server.log.info("the key of the barrier was replaced", { term: barrier.status().term })
  },
}
