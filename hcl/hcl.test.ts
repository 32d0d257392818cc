import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import fc from "fast-check"
import { formatHcl, HclError, type HclValue, parseHcl } from "./index.ts"

interface Vector {
  readonly input: string
  readonly error?: string
  readonly tree?: unknown
  readonly format?: string
}

const vectors: Vector[] = readFileSync(new URL("testdata/hashicorp-hcl-v1.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map(line => JSON.parse(line))

/** A tree in the vectors' form. Numbers compare as numbers: Go prints 1e+06 where JavaScript prints 1000000. */
function shape(value: HclValue): unknown {
  if (value.kind === "object") {
    return { items: value.items.map(item => ({ keys: item.keys.map(key => key.name), value: shape(item.value) })) }
  }
  if (value.kind === "list") return value.elements.map(shape)
  return value.kind === "number" ? { number: Number(value.value) } : value.value
}

const expected = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree), (key, value) => (key === "number" ? Number(value) : value))

function problemOf(text: string): HclError {
  try {
    parseHcl(text)
  } catch (error) {
    assert.ok(error instanceof HclError)
    return error
  }
  return assert.fail(`${JSON.stringify(text)} should not parse`)
}

test("what hashicorp/hcl reads is read as the same tree, and what it refuses is refused", () => {
  for (const { input, error, tree } of vectors) {
    if (error !== undefined) problemOf(input)
    else assert.deepEqual(shape(parseHcl(input)), expected(tree), input)
  }
  assert.ok(vectors.length > 300)
})

test("what hashicorp/hcl prints is printed the same", () => {
  for (const { input, format } of vectors) if (format !== undefined) assert.equal(formatHcl(input), format, input)
})

test("formatting what is formatted changes nothing but the indentation inside comments of several lines", () => {
  for (const { format } of vectors) {
    if (format === undefined || /\/\*[^*]*\n/.test(format)) continue
    const once = formatHcl(format)
    assert.equal(formatHcl(once), once)
  }
})

test("formatting keeps every comment on a line of its own", () => {
  assert.equal(formatHcl("a {\n  # one\n  # two\n\n  b = 1\n}"), "a {\n  # one\n  # two\n\n  b = 1\n}\n")
})

test("every error names the line and column", () => {
  const cases: [text: string, problem: RegExp, line: number, column: number][] = [
    ['a = "x"\nb : 1', /Unexpected character ":"/, 2, 3],
    ["a = 1\n\na = 2", /"a" is set twice, first in line 1/, 3, 1],
    ["path 'x' {}", /Unexpected character "'"/, 1, 6],
    ["a = [1 2]", /Expected "," or "\]" in a list, found number 2/, 1, 8],
    ["a = read", /Expected a value, found identifier read \(text needs quotes\)/, 1, 5],
    ["a {\n  b = 1\n", /Expected a name, found the end of the text/, 3, 1],
    ['a = "x\n"', /no closing quote/, 1, 5],
    ['a = "\n', /no closing quote/, 1, 5],
    ['a = "ab\\q"', /Unknown escape "\\q"/, 1, 8],
    ["/* never", /no end/, 1, 1],
    ["a = 1\n\0", /null character/, 2, 1],
    ['{"a": 1,\n "a": 2}', /"a" is set twice/, 2, 2],
    ['{"a": tru}', /Expected a value, found "t"/, 1, 7],
    ['{"a": 1} x', /Expected the end of the text/, 1, 10],
    ['path "a" {\n  b =\n}', /Expected a value/, 3, 1],
    ["a =", /Expected a value, found the end of the text/, 1, 4],
  ]
  for (const [text, problem, line, column] of cases) {
    const error = problemOf(text)
    assert.match(error.problem, problem)
    assert.deepEqual([error.line, error.column], [line, column], text)
    assert.equal(error.message, `${error.problem} at line ${line}, column ${column}`)
  }
})

test("an indented heredoc may end without indentation", () => {
  assert.deepEqual(shape(parseHcl("a = <<-X\n  y\nX\n")), { items: [{ keys: ["a"], value: "  y\n" }] })
})

test("a byte order mark at the beginning is no part of the text", () => {
  assert.deepEqual(shape(parseHcl("\ufeffa = 1")), { items: [{ keys: ["a"], value: { number: 1 } }] })
})

test("JSON is read into the same tree, with escapes, fractions, large integers and null", () => {
  const file = parseHcl('\n {"a": {"b": [1, -2.5, 9007199254740993, true, null, "\\u00e9\\n"]}, "__proto__": {}}')
  assert.ok(file.json)
  const list = file.items[0]?.value
  assert.deepEqual(
    file.items.map(item => item.keys[0]?.name),
    ["a", "__proto__"],
  )
  assert.ok(list?.kind === "object" && list.items[0]?.value.kind === "list")
  const values = list.items[0].value.elements.map(one =>
    one.kind === "list" || one.kind === "object" ? one.kind : one.value,
  )
  assert.deepEqual(values, [1, -2.5, 9007199254740993n, true, null, "é\n"])
})

test("JSON is accepted exactly when JSON.parse takes it and no key repeats", () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify({ value }, null, 1)
      assert.doesNotThrow(() => parseHcl(text))
      const broken = text.slice(0, -1)
      assert.throws(() => parseHcl(broken), HclError)
    }),
    { numRuns: 200 },
  )
})

test("nesting beyond the limit is refused without exhausting the stack", () => {
  assert.match(problemOf("a = ".concat("[".repeat(100_000))).problem, /Too many levels/)
  assert.match(problemOf("a ".concat("{ a ".repeat(100_000))).problem, /Too many levels/)
  assert.match(problemOf(`{"a":${"[".repeat(100_000)}`).problem, /Too many levels/)
})

test("a text beyond the limit is refused, and one of a megabyte is read in bounded time", () => {
  assert.match(problemOf("#".repeat(9 * 1024 * 1024)).problem, /longer than/)
  const started = process.cpuUsage()
  parseHcl(`# ${"x".repeat(1_000_000)}\na = "${"y".repeat(1_000_000)}"`)
  parseHcl(`{"a": "${"y".repeat(1_000_000)}"}`)
  parseHcl(`${'"a" '.repeat(200_000)}{}`)
  assert.ok(problemOf("x".repeat(1_000_000)).message.length < 400)
  assert.match(problemOf(`a = ${"1".repeat(1_000_000)}`).problem, /^"1+…$/)
  parseHcl(`/*${"*\n".repeat(500_000)}*/ a = 1`)
  assert.ok(process.cpuUsage(started).user < 1_000_000)
})

test("blocks inside each other format in time linear in their depth", () => {
  const deep = `${"a {\n".repeat(90)}b = 1\n${"}\n".repeat(90)}`
  const started = process.cpuUsage()
  assert.equal(formatHcl(formatHcl(deep)), formatHcl(deep))
  assert.ok(process.cpuUsage(started).user < 1_000_000)
})

test("texts of many lines format in bounded time", () => {
  const started = process.cpuUsage()
  formatHcl(`a {\n${Array.from({ length: 200_000 }, (_, index) => `  k${index} = 1\n`).join("")}}`)
  formatHcl(`a = [\n${"1,\n".repeat(200_000)}]`)
  formatHcl(`a {\n${"  # x\n\n  b {}\n".repeat(20_000)}}`)
  assert.ok(process.cpuUsage(started).user < 5_000_000)
})

test("no text makes anything but an HclError", () => {
  const piece = fc.constantFrom(
    "a",
    " ",
    "\n",
    "=",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "\\",
    "$",
    "${",
    "<<",
    "<<-E\n",
    "E\n",
    "#",
    "/*",
    "1",
    ".",
    "-",
    "é",
    "\0",
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      try {
        formatHcl(pieces.join(""))
      } catch (error) {
        assert.ok(error instanceof HclError)
      }
    }),
    { numRuns: 2000 },
  )
})
