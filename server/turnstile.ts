/** Bounds on how many do something at the same time; all are let through in the order they came. */

/** Lets through one at a time. */
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

/** Lets in as many as `most` says, which may change. */
export function gate(most: () => number): Turnstile {
  const queue: (() => void)[] = []
  let inside = 0

  const open = (): void => {
    while (inside < most() && queue.length > 0) {
      inside++
      queue.shift()?.()
    }
  }

  const leave = (): void => {
    inside--
    open()
  }

  return () => {
    const entered = Promise.withResolvers<Disposable>()
    queue.push(() => entered.resolve({ [Symbol.dispose]: leave }))
    open()
    return entered.promise
  }
}
