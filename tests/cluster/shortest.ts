/** What a violation says: the least of a history that no correct server could have made, for people to read. */

import { isLinearizable, type Model, type Operation } from "./linearizable.ts"

/** Something that no correct server could have done. */
export class Violation extends Error {
  override readonly name = "Violation"
}

/**
 * `history`, which is not linearizable, up to the first answer that cannot be explained, without the observations that are not
 * needed for the contradiction. (To leave out anything else could make a contradiction where there is none.)
 */
export function leastOf<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]): Operation<I, O>[] {
  const answers = history.map(({ answered }) => answered).filter(Number.isFinite)
  answers.sort((a, b) => a - b)
  // A longer beginning of a history that is wrong is wrong as well.
  let [right, wrong] = [0, answers.length]
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1
    if (isLinearizable(model, until(history, answers[middle - 1] ?? 0))) right = middle
    else wrong = middle
  }
  let least = until(history, answers[wrong - 1] ?? 0)
  for (const one of least.filter(({ input, output }) => model.observes(input, output))) {
    const without = least.filter(other => other !== one)
    if (!isLinearizable(model, without)) least = without
  }
  return least
}

/** What had been called at a moment; what was answered later may have taken effect already. */
const until = <I, O>(history: readonly Operation<I, O>[], moment: number): Operation<I, O>[] =>
  history
    .filter(({ called }) => called <= moment)
    .map(one => (one.answered <= moment ? one : { ...one, answered: Number.POSITIVE_INFINITY }))

/** A line an operation, in milliseconds since the first. */
export function shown(history: readonly Operation<unknown, unknown>[]): string[] {
  const began = Math.min(...history.map(({ called }) => called))
  return history.map(({ client, called, answered, input, output }) => {
    const end = Number.isFinite(answered) ? (answered - began).toFixed(1) : "?"
    return `${(called - began).toFixed(1)} .. ${end}, client ${client}: ${JSON.stringify(input)} -> ${JSON.stringify(output)}`
  })
}
