/** A place in a text: line and column count from 1 (columns in UTF-16 units, as editors do), offset from 0. */
export interface Position {
  readonly line: number
  readonly column: number
  readonly offset: number
}

/** Longer complaints are cut: they quote the text, which can be of any length. */
const MAX_PROBLEM = 300

/** What is wrong with a text, and where. The message is a sentence that ends in the place. */
export class HclError extends Error {
  override readonly name = "HclError"
  readonly line: number
  readonly column: number
  /** The message without the place. */
  readonly problem: string

  constructor(problem: string, { line, column }: Position) {
    const short = problem.length > MAX_PROBLEM ? `${problem.slice(0, MAX_PROBLEM)}…` : problem
    super(`${short} at line ${line}, column ${column}`)
    this.problem = short
    this.line = line
    this.column = column
  }
}
