import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { DIALECTS, fill, split, textsOf } from "./statements.ts"

const pg = DIALECTS.postgresql
const values = {
  name: "v-app-1",
  username: "v-app-1",
  password: `it's "a" {{name}} \\ $$ %s`,
  expiration: "2026-11-24 07:00:00+0000",
}

test("a value is written by the quotes it stands in", () => {
  const made = fill(
    `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';`,
    values,
    pg,
  )
  assert.equal(
    made,
    `CREATE ROLE "v-app-1" WITH LOGIN PASSWORD 'it''s "a" {{name}} \\ $$ %s' VALID UNTIL '2026-11-24 07:00:00+0000';`,
  )
  assert.equal(fill("CREATE ROLE {{name}}; SET x = {{n}}", { name: "7", n: "7" }, pg), 'CREATE ROLE "7"; SET x = 7')
  assert.equal(fill("PASSWORD E'{{password}}'", { password: "a\\'b" }, pg), "PASSWORD E'a\\\\''b'")
  assert.equal(
    fill("'{{name}}'@'%' IDENTIFIED BY '{{password}}'", { name: "a'b", password: "\\'" }, DIALECTS.mysql),
    "'a''b'@'%' IDENTIFIED BY '\\\\'''",
  )
  assert.equal(fill("CREATE LOGIN [{{name}}]", { name: "a]b" }, DIALECTS.mssql), "CREATE LOGIN [a]]b]")
  assert.equal(
    fill(`SET PASSWORD FOR "{{name}}" = '{{password}}'`, { name: 'a"b', password: "c'd" }, DIALECTS.influxql),
    `SET PASSWORD FOR "a\\"b" = 'c\\'d'`,
  )
})

test("a bare name is quoted when it needs to be; a bare password is refused", () => {
  assert.equal(fill("DAYS = {{expiration}}", { expiration: "2" }, DIALECTS.snowflake), "DAYS = 2")
  assert.throws(() => fill("PASSWORD {{password}}", { password: "" }, pg), /needs quotes/)
  assert.throws(() => fill("PASSWORD '{{password}}'", { name: "a" }, pg), /asks for \{\{password\}\}/)
  assert.equal(fill("DROP ROLE IF EXISTS {{name}};", { name: "plain_1" }, pg), "DROP ROLE IF EXISTS plain_1;")
  assert.equal(
    fill("DROP ROLE IF EXISTS {{name}};", { name: 'x"; DROP TABLE a; --' }, pg),
    'DROP ROLE IF EXISTS "x""; DROP TABLE a; --";',
  )
  assert.throws(() => fill("PASSWORD {{password}}", values, pg), /the value of \{\{password\}\} needs quotes/)
})

test("inside of a longer string, a comment or a dollar-quoted text only harmless values are put", () => {
  const block = `DO $do$ BEGIN EXECUTE 'GRANT x TO "{{name}}"'; END $do$`
  assert.equal(fill(block, values, pg), block.replace("{{name}}", "v-app-1"))
  assert.throws(() => fill(block, { name: `a'b` }, pg), /not safe inside of a longer string/)
  assert.throws(() => fill("-- {{name}}", { name: "a;b" }, pg), /not safe in a comment/)
  assert.throws(() => fill(`$$ SELECT '{{password}}' $$`, values, pg), /holds \$\$/)
  assert.throws(() => fill("SELECT '{{name}}'", { name: "a\0b" }, pg), /control character/)
})

test("what is unknown stays as it is, and what has no end is refused", () => {
  assert.equal(fill(`SELECT '{{other}}'`, values, pg), `SELECT '{{other}}'`)
  for (const text of ["SELECT 'a", 'SELECT "a', "/* a", "$$ a", "$x$ a $$"])
    assert.throws(() => fill(text, values, pg), /without/, text)
})

test("statements are cut at semicolons between them, not at those in strings", () => {
  const text = `CREATE USER 'a;b'; /* ; */ GRANT x; -- ; \n ;; DO $$ a; b $$`
  assert.deepEqual(split(text, pg), [`CREATE USER 'a;b'`, "/* ; */ GRANT x", "-- ;", "DO $$ a; b $$"])
})

test("no value of a quoted place changes where the statement's parts end", () => {
  const places = [
    ["postgresql", `CREATE ROLE "{{name}}" PASSWORD '{{password}}'; DROP {{name}}`],
    ["mysql", "CREATE USER '{{name}}'@'%' IDENTIFIED BY \"{{password}}\"; GRANT x TO `{{name}}`"],
    ["mssql", `CREATE LOGIN [{{name}}] WITH PASSWORD = '{{password}}'; x "{{name}}"`],
    ["influxql", `CREATE USER "{{name}}" WITH PASSWORD '{{password}}'; x`],
    ["clickhouse", "CREATE USER `{{name}}` IDENTIFIED BY '{{password}}'; x"],
  ] as const
  const nasty = fc.string({ unit: fc.constantFrom(..."'\"`\\;-$[]{}nE/*#% ab".split("")), maxLength: 12 })
  fc.assert(
    fc.property(fc.constantFrom(...places), nasty, nasty, ([dialect, text], name, password) => {
      const made = fill(text, { name, password }, DIALECTS[dialect])
      assert.equal(split(made, DIALECTS[dialect]).length, 2)
    }),
    { numRuns: 2000 },
  )
})

test("a statement may come as a JSON list, and in base64", () => {
  const statement = `CREATE ROLE "{{name}}"`
  assert.deepEqual(textsOf(statement), [statement])
  assert.deepEqual(textsOf(JSON.stringify([statement, "b"])), [statement, "b"])
  assert.deepEqual(textsOf(Buffer.from(statement).toString("base64")), [statement])
  assert.deepEqual(textsOf(Buffer.from(JSON.stringify(["a", "b"])).toString("base64")), ["a", "b"])
  assert.deepEqual(textsOf('["~*", "+@read"'), ['["~*", "+@read"'])
})
