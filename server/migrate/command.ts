/** `arca operator migrate`: what the command line runs. */

import { openStorage, type Stanza, type Storage, StorageFailed, StorageUnavailable, ValueTooLarge } from "@arca/storage"
import { BadConfig, migrationOf } from "../config/read.ts"
import { copyStore, MigrationRefused } from "./copy.ts"

interface Writer {
  write(text: string): void
  readonly isTerminal?: boolean
}

interface Terminal {
  readonly stdout: Writer
  readonly stderr: Writer
  readonly interrupted: AbortSignal
}

export interface MigrateWish {
  readonly config: string
  readonly reset: boolean
}

/** The wish is the line's only word, as JSON. 0 when the destination equals the source, 1 when it does not. */
export async function migrateCommand([wish = "{}"]: readonly string[], terminal: Terminal): Promise<number> {
  const { config, reset } = JSON.parse(wish) as MigrateWish
  const { stdout, stderr, interrupted } = terminal
  try {
    const { source, destination } = await migrationOf(config)
    const say = (text: string) => stderr.write(`${text}\n`)
    await using from = await opened("source", source, say)
    await using to = await opened("destination", destination, say)
    const progress = bar(stderr)
    const done = await copyStore(from, to, { reset, interrupted, progress })
    stdout.write(
      `Success! All of the data has been migrated: ${done.entries} entries, ${done.bytes} bytes, compared and equal.\n`,
    )
    return 0
  } catch (error) {
    if (!EXPECTED.some(kind => error instanceof kind)) throw error
    stderr.write(`Error migrating: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

const EXPECTED = [BadConfig, MigrationRefused, StorageFailed, StorageUnavailable, ValueTooLarge] as const

async function opened(name: string, stanza: Stanza, say: (text: string) => void): Promise<Storage> {
  try {
    return await openStorage(stanza, text => say(`${name}: ${text}`))
  } catch (error) {
    if (error instanceof StorageFailed) throw new StorageFailed(`the ${name}: ${error.message}`, { cause: error })
    throw error
  }
}

const WIDTH = 30

/** On a terminal a bar that moves; elsewhere a line for each tenth. */
function bar(stderr: Writer): (pass: number, seen: number, total: number) => void {
  let shown = ""
  return (pass, seen, total) => {
    const share = total === 0 ? 1 : Math.min(1, seen / total)
    const filled = Math.round(share * WIDTH)
    const what = `pass ${pass}: ${seen} of ${total} entries`
    if (stderr.isTerminal) {
      stderr.write(`\r${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${what}${share === 1 ? "\n" : ""}`)
      return
    }
    const tenth = `${pass}/${Math.floor(share * 10)}`
    if (tenth !== shown) stderr.write(`${what}\n`)
    shown = tenth
  }
}
