import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Failure } from "./failure.ts"
import { bool, choice, duration, type FlagTable, int, list, pairs, parseFlags, text, valuesOf } from "./flags.ts"

const table = {
  name: text("a name"),
  force: bool("go ahead", { alias: "f" }),
  renewable: choice("may be renewed"),
  count: int("how many"),
  ttl: duration("how long", { env: "TTL" }),
  policy: list("a policy"),
  meta: pairs("a note"),
}

const parse = (...words: string[]) => {
  const { flags, args } = parseFlags(table, words)
  return { ...valuesOf(table, flags, () => undefined), args }
}

const refusal = (words: string[], pattern: RegExp, known: FlagTable = table) =>
  assert.throws(
    () => parseFlags(known, words),
    (error: unknown) => error instanceof Failure && error.exitCode === 1 && pattern.test(error.message),
  )

test("a flag takes its value after an equals sign or as the next word, with one dash or two", () => {
  for (const words of [["-name=a b"], ["-name", "a b"], ["--name=a b"], ["--name", "a b"]]) {
    assert.equal(parse(...words).name, "a b", words.join(" "))
  }
})

test("a value keeps its own equals signs and may be empty or start with a dash", () => {
  assert.equal(parse("-name=a=b").name, "a=b")
  assert.equal(parse("-name=").name, "")
  assert.equal(parse("-name", "-x").name, "-x")
})

test("flags stand anywhere on the line, and -- ends them", () => {
  const { force, args } = parse("one", "-force", "two", "--", "-name", "three")
  assert.equal(force, true)
  assert.deepEqual(args, ["one", "two", "-name", "three"])
})

test("a single dash is an argument", () => {
  assert.deepEqual(parse("path", "-").args, ["path", "-"])
})

test("a bool never takes the next word, and can be set to false", () => {
  assert.deepEqual(parse("-force", "false").args, ["false"])
  assert.equal(parse("-force=false").force, false)
  assert.equal(parse("-f").force, true)
  assert.equal(parse().renewable, undefined)
  assert.equal(parse("-renewable=0").renewable, false)
})

test("lists and pairs grow with each use; of other flags the last wins", () => {
  assert.deepEqual(parse("-policy=a", "-policy", "b").policy, ["a", "b"])
  assert.deepEqual(
    parse("-meta=a=1", "-meta=b=2", "-meta=a=3").meta,
    new Map([
      ["a", "3"],
      ["b", "2"],
    ]),
  )
  assert.equal(parse("-name=a", "-name=b").name, "b")
})

test("durations are Go's, bare numbers are seconds, and system is -1", () => {
  assert.equal(parse("-ttl=1h30m").ttl, 5400)
  assert.equal(parse("-ttl=90").ttl, 90)
  assert.equal(parse("-ttl=system").ttl, -1)
})

test("the environment sets what the line does not", () => {
  const env = (name: string) => (name === "TTL" ? "5m" : undefined)
  assert.equal(valuesOf(table, parseFlags(table, []).flags, env).ttl, 300)
  assert.equal(valuesOf(table, parseFlags(table, ["-ttl=1m"]).flags, env).ttl, 60)
})

test("what cannot be read is refused in the words of Vault's parser", () => {
  refusal(["-nam=x"], /^flag provided but not defined: -nam$/)
  refusal(["-name"], /^flag needs an argument: -name$/)
  refusal(["-count=x"], /^invalid value "x" for flag -count: /)
  refusal(["-count=1.5"], /^invalid value "1.5"/)
  refusal(["-ttl=soon"], /^invalid value "soon" for flag -ttl: time: invalid duration "soon"$/)
  refusal(["-force=maybe"], /^invalid value "maybe" for flag -force: /)
  refusal(["-meta=novalue"], /^invalid value "novalue" for flag -meta: missing = in KV pair/)
})

test("a flag named like a property of every object is unknown", () => {
  for (const name of ["constructor", "__proto__", "toString"]) refusal([`-${name}=x`], /not defined/)
})

test("words without flags come back as they were, in order", () => {
  const word = fc.string().filter(one => !/^--?[^-]/.test(one) && one !== "--")
  fc.assert(fc.property(fc.array(word), words => assert.deepEqual(parse(...words).args, words)))
})

test("any value survives both spellings", () => {
  fc.assert(
    fc.property(fc.string(), value => {
      assert.equal(parse(`-name=${value}`).name, value)
      assert.equal(parse("--name", value).name, value)
    }),
  )
})
