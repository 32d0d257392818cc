import assert from "node:assert/strict"
import { test } from "node:test"
import { addressOf } from "./postgresql-address.ts"

test("a URL stays as it is", () => {
  const url = "postgres://arca:p%40ss@db.example:5433/arca?sslmode=verify-full"
  assert.equal(addressOf(url), url)
})

test("keywords become a URL, with what is quoted and escaped in them", () => {
  assert.equal(
    addressOf(String.raw`host=db.example port=5433 user=arca password='it\'s a p@ss' dbname=arca sslmode=require`),
    "postgresql://arca:it's%20a%20p%40ss@db.example:5433/arca?sslmode=require",
  )
  assert.equal(addressOf("host=/run/postgresql user=arca"), "postgresql://arca@/?host=%2Frun%2Fpostgresql")
  assert.equal(addressOf(" user = arca  host = 127.0.0.1 "), "postgresql://arca@127.0.0.1/")
})

test("what is no address is refused in words that do not repeat it", () => {
  for (const text of ["", "hunter2", "mysql://a:hunter2@b/c", "host=a hunter2"]) {
    assert.throws(() => addressOf(text), /must be an address such as postgresql:\/\/user:password@host:5432\/database/)
    assert.throws(
      () => addressOf(text),
      (error: Error) => !error.message.includes("hunter2"),
    )
  }
})
