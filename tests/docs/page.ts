/**
 * Documentation as a script. In a page of Markdown
 *
 *     ```sh      is run, in order, in one shell for the page; a line that ends in "# denied" or "# fails …" must fail,
 *                and a line that starts a server (`arca server …`, `npm start`) goes to the background and is waited for
 *     ```text    right after it is what it prints: `…` is any text, a line of its own any lines
 *     <!-- file: NAME -->   before a block: the block is the file of that name
 *     <!-- not run: WHY --> before a block: it is for the reader only
 *     <!-- run: COMMANDS -->   is run, and not seen
 *     <!-- needs: PARTS -->    what must be there: `server` (a development server, VAULT_ADDR and VAULT_TOKEN), `postgresql`, or
 *                              `nothing`; a page without this note is not run
 */

export interface Step {
  readonly line: number
  readonly kind: "run" | "file"
  readonly text: string
  /** A file's name. */
  readonly name?: string
  /** What it must print. */
  readonly prints?: string
}

export interface Script {
  readonly needs: readonly string[]
  readonly steps: readonly Step[]
}

const BLOCK = /<!-- (file|not run|run|needs):\s*([\s\S]*?)-->|^```(\w*)\n([\s\S]*?)^```$/gm

/** The steps of a page. */
export function scriptOf(markdown: string): Script {
  const needs: string[] = []
  const steps: Step[] = []
  let note: { kind: string; text: string } | undefined
  let before: { end: number; kind: string } = { end: -1, kind: "" }
  for (const match of markdown.matchAll(BLOCK)) {
    const [whole, kind, said = "", language = "", text = ""] = match
    const line = markdown.slice(0, match.index).split("\n").length
    const between = markdown.slice(Math.max(0, before.end), match.index)
    if (kind === "needs") needs.push(...said.trim().split(/[\s,]+/))
    else if (kind === "run") steps.push({ line, kind: "run", text: said.trim() })
    else if (kind !== undefined) note = { kind, text: said.trim() }
    else {
      const step = stepOf(note, language, text, line)
      if (step !== undefined) steps.push(step)
      else if (language === "text" && before.kind === "sh" && between.trim() === "") expect(steps, text)
      note = undefined
    }
    before = { end: match.index + whole.length, kind: kind === undefined && note === undefined ? language : "" }
  }
  return { needs, steps }
}

function stepOf(
  note: { kind: string; text: string } | undefined,
  language: string,
  text: string,
  line: number,
): Step | undefined {
  if (note?.kind === "not run") return undefined
  if (note?.kind === "file") return { line, kind: "file", name: note.text, text }
  return language === "sh" ? { line, kind: "run", text } : undefined
}

function expect(steps: Step[], prints: string): void {
  const last = steps.pop()
  if (last !== undefined) steps.push({ ...last, prints })
}

/** A text in which `…` stands for any text, and a line `…` for any number of lines. */
export function patternOf(prints: string): RegExp {
  const lines = prints.trimEnd().split("\n")
  const parts = lines.map(line =>
    line.trim() === "…" ? "(?:.*\\n)*?" : `${line.trimEnd().split("…").map(RegExp.escape).join(".*")}[ \\t]*\\n`,
  )
  return new RegExp(`^${parts.join("")}$`)
}
