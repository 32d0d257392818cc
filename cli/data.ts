import { isRawNumber, type Json, type JsonObject, parseJson } from "@arca/api/json"
import { Failure } from "./failure.ts"
import { textOf } from "./files.ts"
import { split } from "./flags.ts"
import type { GlobalValues } from "./global-flags.ts"
import type { Io } from "./io.ts"

/**
 * The data in words like `key=value`. A value `@file` is the file's content, `-` is stdin, `\@` starts a value with an at
 * sign; a word `@file` or `-` alone holds a JSON object. A key that comes again makes a list. Throws Failure (code 1).
 */
export async function dataOf(words: readonly string[], io: Io, flags: GlobalValues): Promise<JsonObject> {
  const stdin = onlyOnce(flags["non-interactive"] ? async () => "" : () => io.stdin.text())
  const data = new Map<string, Json>()
  for (const word of words) {
    try {
      await addWord(data, word, stdin)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Failure(`Failed to parse K=V data: invalid key/value pair "${word}": ${reason}`, 1, { cause: error })
    }
  }
  return Object.fromEntries(data)
}

/** The same, but only strings: a query, or the configuration of a login. */
export async function stringsOf(
  words: readonly string[],
  io: Io,
  flags: GlobalValues,
): Promise<Record<string, string>> {
  const data = await dataOf(words, io, flags)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, asText(value)]))
}

export async function queryOf(
  words: readonly string[],
  io: Io,
  flags: GlobalValues,
): Promise<Record<string, string | string[]>> {
  const data = await dataOf(words, io, flags)
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? value.map(asText) : asText(value)]),
  )
}

async function addWord(data: Map<string, Json>, word: string, stdin: () => Promise<string>): Promise<void> {
  if (word === "") return
  if (word === "-") return addObject(data, await stdin())
  const [key, given] = split(word)
  if (given === undefined) {
    if (word.startsWith("@")) return addObject(data, await textOf(word.slice(1)))
    throw new Error("format must be key=value")
  }
  const value = await wordValue(given, stdin)
  const before = data.get(key)
  if (before === undefined) data.set(key, value)
  else data.set(key, Array.isArray(before) ? [...before, value] : [before, value])
}

async function wordValue(given: string, stdin: () => Promise<string>): Promise<string> {
  if (given === "-") return stdin()
  if (given.startsWith("\\@")) return given.slice(1)
  return given.startsWith("@") ? fileValue(given.slice(1)) : given
}

function addObject(data: Map<string, Json>, text: string): void {
  if (text.trim() === "") throw new Error("EOF")
  const value = parseJson(text)
  if (typeof value !== "object" || value === null || Array.isArray(value) || isRawNumber(value)) {
    throw new Error("the data must be a JSON object")
  }
  for (const [key, one] of Object.entries(value)) data.set(key, one)
}

async function fileValue(path: string): Promise<string> {
  try {
    return await textOf(path)
  } catch (error) {
    throw new Error(`error reading file: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

const asText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value))

function onlyOnce(read: () => Promise<string>): () => Promise<string> {
  let used = false
  return async () => {
    if (used) throw new Error("stdin already consumed")
    used = true
    return read()
  }
}
