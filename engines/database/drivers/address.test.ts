import assert from "node:assert/strict"
import { test } from "node:test"
import { passwordsIn, readGoMysql, readKeywords, readUrl, redacted } from "./address.ts"

const account = { username: "ro@ot", password: "p/w:%41{{x}}'\\ ?#", disable_escaping: false }

test("a value goes where its placeholder stands, whatever it holds", () => {
  const url = readUrl("postgresql://{{username}}:{{password}}@db.example:5433/app?sslmode=disable", account, 5432)
  assert.deepEqual(url, {
    scheme: "postgresql",
    username: account.username,
    password: account.password,
    places: [{ host: "db.example", port: 5433 }],
    path: "app",
    query: new Map([["sslmode", "disable"]]),
  })
  const keywords = readKeywords(
    "host=a,b port=1,2 user='{{username}}' password={{password}} dbname='my db' sslmode=require",
    account,
    5432,
  )
  assert.deepEqual(
    [keywords.username, keywords.password, keywords.path, keywords.places, [...keywords.query]],
    [
      account.username,
      account.password,
      "my db",
      [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      [["sslmode", "require"]],
    ],
  )
  const go = readGoMysql("{{username}}:{{password}}@tcp(db:3307)/app?tls=true", account, 3306)
  assert.deepEqual(
    [go.username, go.password, go.places, go.path],
    [account.username, account.password, [{ host: "db", port: 3307 }], "app"],
  )
})

test("hosts may be many, in brackets, and without a port", () => {
  assert.deepEqual(readUrl("postgres://u@[::1]:1,b,c:3/d", account, 9).places, [
    { host: "::1", port: 1 },
    { host: "b", port: 9 },
    { host: "c", port: 3 },
  ])
})

test("what is percent-encoded by the operator is decoded; with disable_escaping the account's values are too", () => {
  assert.equal(readUrl("postgres://a%40b:c%2Fd@h/e", account, 1).password, "c/d")
  const raw = { username: "a%40b", password: "x", disable_escaping: true }
  assert.equal(readUrl("postgres://{{username}}:{{password}}@h/e", raw, 1).username, "a@b")
})

test("what cannot be read is refused without being repeated", () => {
  for (const text of ["nonsense sesame", "http//sesame", ""]) {
    assert.throws(
      () => readUrl(text, account, 1),
      (error: Error) => !error.message.includes("sesame"),
    )
  }
  assert.throws(
    () => readUrl("postgres://h/", { ...account, username: "{{password}}" }, 1),
    /cannot contain the template/,
  )
  assert.throws(() => readGoMysql("u:p@unix(/var/run/x)/", account, 1), /unix sockets are not supported/)
})

test("an address is shown without the password that stands in it, and with its placeholders", () => {
  const cases = {
    "postgres://u:secret@h/d": "postgres://u:xxxxx@h/d",
    "postgres://u:se:cr@et@h/d": "postgres://u:xxxxx@h/d",
    "u:secret@tcp(h:1)/d": "u:xxxxx@tcp(h:1)/d",
    "u:secret@myorg-account/d": "u:xxxxx@myorg-account/d",
    "u/secret@h:1521/d": "u/xxxxx@h:1521/d",
    "host=h user=u password=secret dbname=d": "host=h user=u password=xxxxx dbname=d",
    "host=h password='a b' x=y": "host=h password=xxxxx x=y",
    "server=h;user id=u;pwd=secret;": "server=h;user id=u;pwd=xxxxx;",
  }
  for (const [given, shown] of Object.entries(cases)) {
    assert.equal(redacted(given), shown)
    assert.match(String(passwordsIn(given)), /^(secret|se:cr@et|'a b')$/)
  }
  for (const text of [
    "postgres://{{username}}:{{password}}@h/d",
    "{{username}}:{{password}}@tcp(h)/",
    "{{username}}/{{password}}@h:1521/d",
    "myorg.snowflakecomputing.com/d?role=r",
    "password='{{password}}' host=h",
  ])
    assert.deepEqual([redacted(text), passwordsIn(text)], [text, []])
})
