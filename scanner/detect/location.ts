/** Offsets of the newlines of a text, and of its last carriage return (-1: none). */
export type Breaks = { newlines: readonly number[]; lastReturn: number }

export function breaksOf(text: string): Breaks {
  const newlines: number[] = []
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) newlines.push(at)
  return { newlines, lastReturn: text.lastIndexOf("\r") }
}

export type Location = {
  /** Lines below the first of the text. */
  startLine: number
  endLine: number
  startColumn: number
  endColumn: number
  lineStart: number
  lineEnd: number
}

/**
 * Where a match lies, as Gitleaks counts: columns from the previous newline (so that they are one higher on every
 * line but the first), and a match on a last line without newline has the whole text before it as its line. Reports,
 * baselines and allowlists depend on these numbers.
 */
export function locate(breaks: Breaks, text: string, start: number, end: number): Location {
  const { newlines } = breaks
  const lines = newlines.length === 0 ? [text.length] : newlines
  const startRow = firstAbove(lines, start)
  if (startRow === lines.length) return onLastLine(lines, breaks.lastReturn, text, start, end)
  const lineStart = startRow === 0 ? 0 : (lines[startRow - 1] ?? 0)
  const location: Location = {
    startLine: startRow,
    endLine: startRow,
    startColumn: start - lineStart + 1,
    endColumn: 0,
    lineStart,
    lineEnd: lines[startRow] ?? text.length,
  }
  // The row whose newline is the first at or beyond the end, if the end lies after the newline before it.
  const endRow = firstAbove(lines, end - 1)
  const before = endRow === 0 ? 0 : (lines[endRow - 1] ?? 0)
  if (endRow < lines.length && end > before) {
    location.endColumn = end - before
    if (endRow >= startRow) {
      location.endLine = endRow
      location.lineEnd = lines[endRow] ?? text.length
    }
  }
  location.lineEnd = Math.max(location.lineEnd, end)
  return location
}

function onLastLine(lines: readonly number[], lastReturn: number, text: string, start: number, end: number): Location {
  const before = lines.at(-1) ?? 0
  // No newline is left; looking for what is not there would read the rest of the text at each of many matches.
  const rest = lastReturn >= end ? text.slice(end).indexOf("\r") : -1
  return {
    startLine: lines.length,
    endLine: lines.length,
    startColumn: start - before + 1,
    endColumn: end - before,
    lineStart: 0,
    lineEnd: rest < 0 ? text.length : end + rest,
  }
}

/** Index of the first number greater than the given one. */
function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) > value) high = middle
    else low = middle + 1
  }
  return low
}
