/** What keeps this node from serving although it is unsealed: told by `sys/health`, so that load balancers look elsewhere. */

import { type Storage, StorageFailed, StorageUnavailable } from "@arca/storage"

export interface WatchedStorage {
  readonly storage: Storage
  /** Why commits fail; undefined while they do not. */
  trouble(): string | undefined
}

/** `storage`, with an eye on its commits. `noted` is told when they begin to fail, and (undefined) when they succeed again. */
export function watchedStorage(storage: Storage, noted: (trouble: string | undefined) => void): WatchedStorage {
  let trouble: string | undefined
  const note = (next: string | undefined): void => {
    if (next === trouble) return
    trouble = next
    noted(next)
  }
  return {
    trouble: () => trouble,
    storage: {
      ...storage,
      commit: async view => {
        try {
          const version = await storage.commit(view)
          if (trouble !== undefined) note(undefined)
          return version
        } catch (error) {
          if (error instanceof StorageFailed || error instanceof StorageUnavailable) note(error.message)
          throw error
        }
      },
    },
  }
}
