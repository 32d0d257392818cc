/** Stores: what one is, and how to open one. */

export { type Clock, systemClock } from "./clock.ts"
export { checkFolder, checkKey, compareKeys, KEY_LIMIT } from "./key.ts"
export { type Decode, Memo, type MemoLimits } from "./memo.ts"
export { type MemoryOptions, memoryStorage } from "./memory.ts"
export { type Codec, innerView, mapView, transformStorage } from "./transform.ts"
export * from "./view.ts"
