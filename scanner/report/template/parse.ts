/** Go's text/template syntax (https://pkg.go.dev/text/template), as far as reports need it: no methods, no nested templates with blocks. */

export type Part =
  | { kind: "text"; text: string }
  | { kind: "pipe"; pipe: Pipe }
  | { kind: "if" | "with"; pipe: Pipe; then: Part[]; otherwise: Part[] }
  | { kind: "range"; pipe: Pipe; then: Part[]; otherwise: Part[] }
  | { kind: "break" | "continue" }
  | { kind: "template"; name: string; pipe: Pipe | undefined }

/** `$a, $b := command | command`. */
export type Pipe = { line: number; names: string[]; declares: boolean; commands: Operand[][] }

export type Operand =
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "dot"; path: string[] }
  | { kind: "variable"; name: string; path: string[] }
  | { kind: "function"; name: string }
  | { kind: "pipe"; pipe: Pipe; path: string[] }

export type Template = { parts: Part[]; defined: Map<string, Part[]> }

/** A template that cannot be used; the message begins as Go's does: `template: custom:3: …`. */
export class TemplateError extends Error {
  override name = "TemplateError"
}

export const failAt = (line: number, reason: string) => new TemplateError(`template: custom:${line}: ${reason}`)

type Action = { text: string; line: number }
type Piece = { kind: "text"; text: string } | { kind: "action"; action: Action }
type Reader = { pieces: Piece[]; at: number; defined: Map<string, Part[]>; isFunction(name: string): boolean }

export function parseTemplate(source: string, isFunction: (name: string) => boolean): Template {
  const reader: Reader = { pieces: split(source), at: 0, defined: new Map(), isFunction }
  const { parts, end } = readParts(reader)
  if (end !== undefined) throw failAt(end.line, `unexpected {{${end.text}}}`)
  return { parts, defined: reader.defined }
}

/** Texts and actions; `{{-` and `-}}` take the white space beside them. */
function split(source: string): Piece[] {
  const pieces: Piece[] = []
  const actions =
    /\{\{(-[ \t\r\n])?\s*(\/\*[\s\S]*?\*\/|(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|(?!\s-?\}\}|\}\})[\s\S])*?)\s*?([ \t\r\n]-)?\}\}/g
  let from = 0
  let trims = false
  const addText = (to: number, trimsEnd: boolean) => {
    let text = source.slice(from, to)
    if (trims) text = text.replace(/^\s+/, "")
    if (trimsEnd) text = text.replace(/\s+$/, "")
    if (text !== "") pieces.push({ kind: "text", text })
  }
  for (const found of source.matchAll(actions)) {
    addText(found.index, found[1] !== undefined)
    const line = source.slice(0, found.index).split("\n").length
    const text = (found[2] ?? "").trim()
    if (!text.startsWith("/*")) pieces.push({ kind: "action", action: { text, line } })
    from = found.index + found[0].length
    trims = found[3] !== undefined
  }
  if (source.indexOf("{{", from) >= 0) throw failAt(source.slice(0, from).split("\n").length, "unclosed action")
  addText(source.length, false)
  return pieces
}

/** Up to an `end`, an `else` or the end of the file. */
function readParts(reader: Reader): { parts: Part[]; end: Action | undefined } {
  const parts: Part[] = []
  for (;;) {
    const piece = reader.pieces[reader.at++]
    if (piece === undefined) return { parts, end: undefined }
    if (piece.kind === "text") parts.push(piece)
    else if (/^(end|else)\b/.test(piece.action.text)) return { parts, end: piece.action }
    else parts.push(...readAction(reader, piece.action))
  }
}

function readAction(reader: Reader, { text, line }: Action): Part[] {
  const [, word = "", rest = ""] = /^(\w+)\b\s*([\s\S]*)$/.exec(text) ?? []
  switch (word) {
    case "if":
    case "with":
    case "range":
      return [readBranches(reader, word, { text: rest, line })]
    case "break":
    case "continue":
      return [{ kind: word }]
    case "define": {
      const { parts, end } = readParts(reader)
      if (end?.text !== "end") throw failAt(line, "unexpected EOF")
      reader.defined.set(nameIn(rest, line), parts)
      return []
    }
    case "template": {
      const [, name = "", argument = ""] = /^("(?:[^"\\]|\\.)*"|`[^`]*`)\s*([\s\S]*)$/.exec(rest) ?? []
      const pipe = argument === "" ? undefined : readPipe(reader, { text: argument, line })
      return [{ kind: "template", name: nameIn(name, line), pipe }]
    }
    default:
      return [{ kind: "pipe", pipe: readPipe(reader, { text, line }) }]
  }
}

function nameIn(text: string, line: number): string {
  const name = /^(?:"([^"\\]*)"|`([^`]*)`)$/.exec(text)
  if (name === null) throw failAt(line, "a template's name must be a string")
  return name[1] ?? name[2] ?? ""
}

function readBranches(reader: Reader, kind: "if" | "with" | "range", action: Action): Part {
  const pipe = readPipe(reader, action)
  const { parts: then, end } = readParts(reader)
  if (end === undefined) throw failAt(action.line, "unexpected EOF")
  return { kind, pipe, then, otherwise: readElse(reader, end) }
}

function readElse(reader: Reader, end: Action): Part[] {
  if (end.text === "end") return []
  const [, word, rest = ""] = /^else\s+(if|with)\b\s*([\s\S]*)$/.exec(end.text) ?? []
  if (word === "if" || word === "with") return [readBranches(reader, word, { text: rest, line: end.line })]
  const { parts, end: last } = readParts(reader)
  if (end.text !== "else" || last?.text !== "end") throw failAt(end.line, `unexpected {{${end.text}}}`)
  return parts
}

type Tokens = { list: string[]; at: number; line: number; isFunction(name: string): boolean }

const token = /\s+|"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)+'|:=|[|(),=]|-?\d[\w.+-]*|\$?(?:\.?[A-Za-z_]\w*)+|\$|\./y

function readPipe(reader: Reader, { text, line }: Action): Pipe {
  const list: string[] = []
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at
    const found = token.exec(text)?.[0]
    if (found === undefined) throw failAt(line, `unexpected ${JSON.stringify(text[at])} in {{${text}}}`)
    list.push(found)
    at += found.length
  }
  const tokens = { list, at: 0, line, isFunction: reader.isFunction }
  const pipe = pipeOf(tokens)
  if (tokens.at < list.length) throw failAt(line, `unexpected ${JSON.stringify(list[tokens.at])} in {{${text}}}`)
  return pipe
}

const isSpace = (text: string | undefined) => text !== undefined && /^\s/.test(text)

function pipeOf(tokens: Tokens): Pipe {
  const { names, declares } = namesOf(tokens)
  const commands: Operand[][] = [[]]
  for (;;) {
    while (isSpace(tokens.list[tokens.at])) tokens.at++
    const next = tokens.list[tokens.at]
    if (next === undefined || next === ")") break
    if (next === "|") {
      tokens.at++
      commands.push([])
    } else commands.at(-1)?.push(operandOf(tokens))
  }
  if (commands.some(command => command.length === 0)) throw failAt(tokens.line, "missing value for command")
  return { line: tokens.line, names, declares, commands }
}

/** `$x :=`, `$x =` or `$i, $x :=` before the commands. */
function namesOf(tokens: Tokens): { names: string[]; declares: boolean } {
  const words = tokens.list
    .slice(tokens.at)
    .map((text, i) => ({ text, i }))
    .filter(({ text }) => !isSpace(text))
  const [first, second, third, fourth] = words.map(({ text }) => text)
  const count = second === "," && (fourth === ":=" || fourth === "=") ? 2 : second === ":=" || second === "=" ? 1 : 0
  const sign = words[count === 2 ? 3 : 1]
  if (count === 0 || sign === undefined || first === undefined) return { names: [], declares: false }
  tokens.at += sign.i + 1
  return { names: count === 2 ? [first, third ?? ""] : [first], declares: sign.text === ":=" }
}

function operandOf(tokens: Tokens): Operand {
  const text = tokens.list[tokens.at++] ?? ""
  if (text === "(") {
    const pipe = pipeOf(tokens)
    if (tokens.list[tokens.at++] !== ")") throw failAt(tokens.line, "unclosed left paren")
    return { kind: "pipe", pipe, path: fieldsAfter(tokens) }
  }
  if (/^["'`]/.test(text)) return { kind: "literal", value: stringOf(text, tokens.line) }
  if (/^-?\d/.test(text)) return { kind: "literal", value: numberOf(text, tokens.line) }
  if (text === ".") return { kind: "dot", path: [] }
  if (text.startsWith(".")) return { kind: "dot", path: text.slice(1).split(".") }
  if (text.startsWith("$")) {
    const [name = "$", ...path] = text.split(".")
    return { kind: "variable", name, path }
  }
  if (text === "true" || text === "false") return { kind: "literal", value: text === "true" }
  if (text === "nil") return { kind: "literal", value: null }
  if (!tokens.isFunction(text)) throw failAt(tokens.line, `function ${JSON.stringify(text)} not defined`)
  return { kind: "function", name: text }
}

/** `(…).Field`: fields follow without a space. */
function fieldsAfter(tokens: Tokens): string[] {
  const next = tokens.list[tokens.at]
  if (next === undefined || !next.startsWith(".") || next === ".") return []
  tokens.at++
  return next.slice(1).split(".")
}

const escapes = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["v", "\v"],
])

function stringOf(text: string, line: number): string | number {
  if (text.startsWith("`")) return text.slice(1, -1)
  const plain = text.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g, (_, hex, unicode, char) => {
    if (hex !== undefined || unicode !== undefined) return String.fromCharCode(Number.parseInt(hex ?? unicode, 16))
    return escapes.get(char) ?? char
  })
  if (text.startsWith('"')) return plain
  const code = plain.codePointAt(0)
  if (code === undefined) throw failAt(line, "empty character")
  return code
}

function numberOf(text: string, line: number): number {
  const value = Number(text.replaceAll("_", ""))
  if (Number.isNaN(value)) throw failAt(line, `bad number syntax: ${JSON.stringify(text)}`)
  return value
}
