/** Markdown, as far as the reference needs it. */

/** A page of the reference: its path below `docs/reference/`, and what its entry in the contents says. */
export interface Page {
  readonly path: string
  readonly title: string
  readonly summary: string
  /** The part of the contents that lists it. */
  readonly part: string
  readonly text: string
}

/** A table; nothing without rows. Columns that are empty in every row are left out. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = columns.map((_, index) => index).filter(index => rows.some(row => (row[index] ?? "") !== ""))
  if (kept.length === 0) return ""
  const line = (cells: readonly string[]) => `| ${kept.map(index => cell(cells[index] ?? "")).join(" | ")} |`
  return [line(columns), `|${kept.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n")
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

export const code = (text: string): string => `\`${text}\``

/** The blocks that say something, a blank line between them. */
export const blocks = (...parts: readonly (string | undefined)[]): string =>
  parts.filter(part => part !== undefined && part !== "").join("\n\n")

/** Where a heading can be linked to, as GitHub names it. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-")

export const link = (text: string, to: string): string => `[${text}](${to})`

/** Links to the headings of a page. */
export const contents = (headings: readonly (readonly [heading: string, summary: string])[]): string =>
  headings.map(([heading, summary]) => `- ${link(heading, `#${anchor(heading)}`)}: ${summary}`).join("\n")

export const GENERATED = "<!-- Made from the declarations by `node tools/docs.ts`; to change it, change them. -->"
