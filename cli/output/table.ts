/** Columns of text: a header, a dashed line below it, four spaces between columns, `n/a` for an empty cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return columns([header, header.map(title => "-".repeat(title.length)), ...rows])
}

/** The same without a header. Cells come out inert: a control character in a value moves no cursor. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map(row => row.map(cell => inert(cell).trim() || "n/a"))
  const widths: number[] = []
  for (const row of cells) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length(cell))
  }
  return cells
    .map(row =>
      row.map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0))).join("    "),
    )
    .join("\n")
}

const length = (text: string): number => [...text].length
const pad = (text: string, width: number): string => text + " ".repeat(width - length(text))

/** Everything below a space but tab and newline, DEL, and the C1 controls that some terminals obey. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

export function inert(text: string): string {
  return text.replace(CONTROL, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
}

/** A title between equal signs, about as wide as what follows; at least two on each side. */
export function heading(title: string, width: number): string {
  const room = width - title.length - 2
  const side = "=".repeat(Math.ceil((room <= 0 ? 4 : room) / 2))
  return `${side} ${title} ${side}`
}

/** How wide the two-column table of `values` is taken to be: its longest key, the gap, and the word "Value". */
export const tableWidth = (values: object): number => Math.max(0, ...Object.keys(values).map(key => key.length)) + 9

/** Text broken at spaces so that lines have at most 80 columns, `indent` of them blank. */
export function wrap(text: string, indent = 0): string {
  const width = 80 - 1 - indent
  const lines: string[] = []
  for (const paragraph of text.split("\n")) {
    let line = ""
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else line = line === "" ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines.map(line => " ".repeat(indent) + line).join("\n")
}
