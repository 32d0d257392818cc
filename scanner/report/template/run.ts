import { Float32 } from "../go-json.ts"
import { failAt, type Operand, type Part, type Pipe, type Template } from "./parse.ts"

/** A value in a template; a struct or map is an object, whose names are fields. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | Float32
  | Date
  | readonly Value[]
  | { readonly [name: string]: Value }
export type Functions = Readonly<Record<string, (...args: Value[]) => Value>>

type Scope = { names: Map<string, Value>; outer: Scope | undefined }
type Run = { template: Template; functions: Functions; out: string[]; depth: number }

class Jump extends Error {
  readonly kind: "break" | "continue"
  constructor(kind: "break" | "continue") {
    super(kind)
    this.kind = kind
  }
}

const maxDepth = 100

/** Throws TemplateError where Go would end with one. */
export function runTemplate(template: Template, functions: Functions, data: Value): string {
  const run: Run = { template, functions, out: [], depth: 0 }
  runParts(run, template.parts, data, { names: new Map([["$", data]]), outer: undefined })
  return run.out.join("")
}

const inner = (outer: Scope): Scope => ({ names: new Map(), outer })

function runParts(run: Run, parts: readonly Part[], dot: Value, scope: Scope): void {
  for (const part of parts) runPart(run, part, dot, scope)
}

function runPart(run: Run, part: Part, dot: Value, scope: Scope): void {
  switch (part.kind) {
    case "text":
      run.out.push(part.text)
      break
    case "pipe": {
      const value = evaluate(run, part.pipe, dot, scope)
      if (part.pipe.names.length === 0) run.out.push(printed(value))
      break
    }
    case "if":
    case "with": {
      const own = inner(scope)
      const value = evaluate(run, part.pipe, dot, own)
      const next = part.kind === "with" && isTrue(value) ? value : dot
      runParts(run, isTrue(value) ? part.then : part.otherwise, next, own)
      break
    }
    case "range":
      runRange(run, part, dot, scope)
      break
    case "template":
      runDefined(run, part.name, part.pipe === undefined ? undefined : evaluate(run, part.pipe, dot, scope))
      break
    default:
      throw new Jump(part.kind)
  }
}

function runDefined(run: Run, name: string, data: Value): void {
  const parts = run.template.defined.get(name)
  if (parts === undefined) throw failAt(1, `template ${JSON.stringify(name)} not defined`)
  if (++run.depth > maxDepth) throw failAt(1, "templates call each other too deeply")
  runParts(run, parts, data, { names: new Map([["$", data]]), outer: undefined })
  run.depth--
}

function runRange(
  run: Run,
  { pipe, then, otherwise }: Extract<Part, { kind: "range" }>,
  dot: Value,
  scope: Scope,
): void {
  const value = evaluate(run, { ...pipe, names: [] }, dot, scope)
  const entries = entriesOf(value)
  if (entries.length === 0) runParts(run, otherwise, dot, scope)
  for (const [key, item] of entries) {
    const own = inner(scope)
    const [first, second] = pipe.names
    if (second !== undefined && first !== undefined) own.names.set(first, key).set(second, item)
    else if (first !== undefined) own.names.set(first, item)
    try {
      runParts(run, then, item, own)
    } catch (error) {
      if (!(error instanceof Jump)) throw error
      if (error.kind === "break") return
    }
  }
}

function entriesOf(value: Value): [Value, Value][] {
  if (typeof value === "number") return Array.from({ length: value }, (_, i) => [i, i])
  if (isList(value)) return value.map((item, i) => [i, item])
  if (isFields(value)) return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return []
}

function evaluate(run: Run, pipe: Pipe, dot: Value, scope: Scope): Value {
  let last: Value
  pipe.commands.forEach((command, i) => {
    last = call(run, command, dot, scope, pipe, i === 0 ? [] : [last])
  })
  const [name] = pipe.names
  if (name !== undefined && pipe.declares) scope.names.set(name, last)
  else if (name !== undefined) assign(scope, name, last, pipe.line)
  return last
}

function assign(scope: Scope | undefined, name: string, value: Value, line: number): void {
  if (scope === undefined) throw failAt(line, `undefined variable ${JSON.stringify(name)}`)
  if (scope.names.has(name)) scope.names.set(name, value)
  else assign(scope.outer, name, value, line)
}

function call(run: Run, [first, ...rest]: Operand[], dot: Value, scope: Scope, pipe: Pipe, piped: Value[]): Value {
  if (first === undefined) return undefined
  if (first.kind !== "function") {
    if (rest.length > 0 || piped.length > 0) throw failAt(pipe.line, "can't give argument to non-function")
    return operandValue(run, first, dot, scope, pipe)
  }
  const args = (operands: Operand[]) => operands.map(one => operandValue(run, one, dot, scope, pipe))
  if (first.name === "and" || first.name === "or") {
    // Evaluated only as far as needed.
    let value: Value
    for (const operand of rest) {
      value = operandValue(run, operand, dot, scope, pipe)
      if (isTrue(value) === (first.name === "or")) return value
    }
    return piped.length > 0 ? piped[0] : value
  }
  const called = run.functions[first.name]
  if (called === undefined) throw failAt(pipe.line, `function ${JSON.stringify(first.name)} not defined`)
  try {
    return called(...args(rest), ...piped)
  } catch (error) {
    throw failAt(pipe.line, `error calling ${first.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function operandValue(run: Run, operand: Operand, dot: Value, scope: Scope, pipe: Pipe): Value {
  switch (operand.kind) {
    case "literal":
      return operand.value
    case "dot":
      return fieldOf(dot, operand.path, pipe.line)
    case "variable":
      return fieldOf(lookUp(scope, operand.name, pipe.line), operand.path, pipe.line)
    case "pipe":
      return fieldOf(evaluate(run, operand.pipe, dot, scope), operand.path, pipe.line)
    case "function":
      return call(run, [operand], dot, scope, pipe, [])
  }
}

function lookUp(scope: Scope | undefined, name: string, line: number): Value {
  if (scope === undefined) throw failAt(line, `undefined variable ${JSON.stringify(name)}`)
  return scope.names.has(name) ? scope.names.get(name) : lookUp(scope.outer, name, line)
}

function fieldOf(value: Value, path: readonly string[], line: number): Value {
  return path.reduce<Value>((from, name) => {
    if (isFields(from) && Object.hasOwn(from, name)) return from[name]
    throw failAt(line, `can't evaluate field ${name}`)
  }, value)
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isFields = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === "object" &&
  value !== null &&
  !isList(value) &&
  !(value instanceof Float32) &&
  !(value instanceof Date)

/** Go's truth: not zero, not empty. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (value instanceof Float32) return Number(value.text) !== 0
  if (isFields(value)) return Object.keys(value).length > 0
  return value !== undefined && value !== null && value !== "" && value !== 0 && value !== false
}

/** As fmt.Print prints. */
export function printed(value: Value): string {
  if (value === undefined || value === null) return "<no value>"
  if (value instanceof Float32) return value.text
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) return `[${value.map(printed).join(" ")}]`
  if (isFields(value))
    return `map[${Object.entries(value)
      .map(([name, item]) => `${name}:${printed(item)}`)
      .join(" ")}]`
  return String(value)
}
