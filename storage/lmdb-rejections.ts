/**
 * When a commit fails, lmdb rejects the promise that was asked for, and one of its own batches that nobody holds. Node ends a
 * process for the latter, so a full disk would end the server instead of being an error. Only that rejection is let pass.
 */

let guarded = false

/** Call before the first commit. */
export function guardBatches(): void {
  if (guarded) return
  guarded = true
  process.on("unhandledRejection", (reason: unknown) => {
    if (reason instanceof Error && "commitError" in reason) return
    // As if this handler were not there: others decide, or the process ends.
    if (process.listenerCount("unhandledRejection") === 1) throw reason
  })
}
