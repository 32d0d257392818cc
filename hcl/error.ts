/** A place in a text: line and column count from 1 (columns in UTF-16 units, as editors do), offset from 0. */
export interface Position {
  readonly line: number
  readonly column: number
  readonly offset: number
}

/** What is wrong with a text, and where. The message is a sentence that ends in the place. */
export class HclError extends Error {
  override readonly name = "HclError"
  readonly line: number
  readonly column: number
  /** The message without the place. */
  readonly problem: string

  constructor(problem: string, { line, column }: Position) {
    super(`${problem} at line ${line}, column ${column}`)
    this.problem = problem
    this.line = line
    this.column = column
  }
}
