/** Why a command stops: 1 is a mistake on this side, 2 the server's refusal or nothing found. */
export type ExitCode = number

/** A word that was not known, and those that are. */
export interface Unknown {
  readonly typed: string
  readonly known: readonly string[]
  /** How a word is shown in "Did you mean …?" */
  shown(word: string): string
}

interface Circumstances {
  readonly cause?: unknown
  readonly hints?: readonly string[]
  readonly meant?: Unknown
}

/** Ends a command with a message on stderr. `cause` is what the SDK threw, from which the next step is guessed. */
export class Failure extends Error {
  override readonly name = "Failure"
  readonly exitCode: ExitCode
  readonly hints: readonly string[]
  readonly meant: Unknown | undefined

  constructor(message: string, exitCode: ExitCode, { cause, hints = [], meant }: Circumstances = {}) {
    super(message, { cause })
    this.exitCode = exitCode
    this.hints = hints
    this.meant = meant
  }
}

/** Runs `work` and says what it was about when it fails: `Error reading secret/a: …`, exit code 2 unless told. */
export async function attempt<T>(doing: string, work: Promise<T>, exitCode: ExitCode = 2): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error) || !FROM_SERVER.has(error.name)) throw error
    throw new Failure(`${doing}: ${error.message}`, exitCode, { cause: error })
  }
}

/** The SDK's errors by name, so that a command that needs no server does not load the SDK. */
const FROM_SERVER = new Set(["ApiError", "ConnectionError"])
