/** Lets through one at a time, in the order they came. */

export type Turnstile = () => Promise<Disposable>

/** Whoever was let through gives way to the next by disposing of what it got. */
export function turnstile(): Turnstile {
  let last: Promise<void> = Promise.resolve()
  return async () => {
    const before = last
    const mine = Promise.withResolvers<void>()
    last = mine.promise
    await before
    return { [Symbol.dispose]: () => mine.resolve() }
  }
}
