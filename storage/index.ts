/** Stores: what one is, how to open the one that the configuration names, and how to put one around another. */

export { KEYRING } from "./barrier.ts"
export { type Clock, systemClock } from "./clock.ts"
export { countReads, entriesOf, hasWrites, type StoredEntry } from "./entries.ts"
export { type Fault, type FaultOptions, faultyStorage } from "./fault.ts"
export { checkFolder, checkKey, compareKeys, KEY_LIMIT } from "./key.ts"
export type { Discrepancy, Watch } from "./ledger.ts"
export { type Decode, Memo, type MemoLimits } from "./memo.ts"
export { type MemoryOptions, memoryStorage } from "./memory.ts"
export { type Notice, openStorage, STORAGE_TYPES, type Stanza } from "./open.ts"
export { type Codec, innerView, mapView, transformStorage } from "./transform.ts"
export * from "./view.ts"
