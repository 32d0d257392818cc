/** Opening a store without people: at the start, and later when it could not be done then. */

import { Refusal } from "@arca/api"
import type { ServerConfig } from "./config/read.ts"
import { initializeItself } from "./first-requests.ts"
import type { Server } from "./server.ts"

/** Unseals with an auto seal, or with what another worker has; makes the store's first content when the configuration says so. */
export async function openByItself(server: Server, config: ServerConfig): Promise<void> {
  const { seal, log } = server
  if (config.initialize.length > 0 && !(await seal.initialized()) && (await isFirst(server, config))) return
  if (await seal.askPeers()) return
  await seal
    .autoUnseal()
    .catch((error: unknown) => log.error("the seal did not open the store; it stays sealed", { error: String(error) }))
}

/** Initialises; false when another node was faster. */
async function isFirst(server: Server, config: ServerConfig): Promise<boolean> {
  try {
    await initializeItself(server, config)
    return true
  } catch (error) {
    if (error instanceof Refusal && (await server.seal.initialized())) return false
    throw error
  }
}

const RETRY_SECONDS = 5

/**
 * Tries again what `openByItself` could not do, for the store was still empty, or what opens the seal was away. Ends when the
 * store is open, however that came about, or when somebody seals it.
 */
export async function openLater(server: Server, pause: (seconds: number) => Promise<void>): Promise<void> {
  const { seal, log } = server
  let told = ""
  while (seal.awaitsItsSeal()) {
    await pause(RETRY_SECONDS)
    if (!seal.awaitsItsSeal()) return
    try {
      await seal.autoUnseal()
    } catch (error) {
      if (told !== String(error)) log.error("the seal does not open the store yet", { error: String(error) })
      told = String(error)
    }
  }
}
