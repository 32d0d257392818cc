/** How many random stories a model test tells, and from which seed: `ARCA_MODEL_RUNS`, `ARCA_MODEL_SEED`. */

const seed = process.env.ARCA_MODEL_SEED

export const PARAMETERS = {
  numRuns: Number(process.env.ARCA_MODEL_RUNS ?? 60),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
}

/** Long enough for something to happen: left alone, fast-check prefers stories of four sentences. */
export const STORY = { maxLength: 60, size: "max" } as const
