import assert from "node:assert/strict"
import { chmod } from "node:fs/promises"
import { dirname } from "node:path"
import { after, before, describe, type TestContext, test } from "node:test"
import { Client } from "pg"
import { certificates } from "../tests/parts/certificates.ts"
import { missing, own, type Server, start } from "../tests/parts/postgresql.ts"
import { testStorage } from "./conformance.ts"
import { bytes, retrying, text, write } from "./conformance-steps.ts"
import { postgresqlStorage } from "./postgresql.ts"
import type { Storage, View } from "./view.ts"

const skip = await missing()

describe("postgresql", { skip: skip ?? false }, () => {
  let server: Server
  before(async () => {
    server = await start()
  })
  after(() => server.stop())

  let tables = 0
  const freshTable = () => `t${++tables}`

  async function open(
    t: TestContext,
    table: string,
    options: { remembered?: number; patience?: number } = {},
  ): Promise<Storage> {
    const storage = await postgresqlStorage({ connection_url: server.url, table, max_parallel: 8, ...options })
    t.after(() => storage[Symbol.asyncDispose]())
    return storage
  }

  async function sql(statement: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }

  testStorage(
    "conformance",
    (t, remembered) => open(t, freshTable(), remembered === undefined ? {} : { remembered }),
    15,
  )

  test("several nodes that start at once on an empty database agree on one schema", async t => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => open(t, "together")))
    const increment = (storage: Storage) =>
      retrying(storage, async view => view.put("n", bytes(String(Number(text(await view.get("n")) ?? "0") + 1))))
    await Promise.all(nodes.flatMap(node => [increment(node), increment(node), increment(node)]))
    using view = (await open(t, "together")).view()
    assert.equal(text(await view.get("n")), "15")
  })

  test("commits of two nodes at once that each read what the other writes are not both accepted", async t => {
    const table = freshTable()
    const nodes = [await open(t, table), await open(t, table)]
    for (let round = 0; round < 40; round++) {
      const views = nodes.map(node => node.view())
      await Promise.all(
        views.map((view, at) => (round % 2 === 0 ? view.get(`${round}/${at}`) : view.list(`${round}/`))),
      )
      for (const [at, view] of views.entries()) view.put(`${round}/${1 - at}`, bytes("1"))
      const settled = await Promise.allSettled(views.map((view, at) => nodes[at]?.commit(view)))
      assert.deepEqual(settled.map(one => one.status).sort(), ["fulfilled", "rejected"])
    }
  })

  test("a commit on one node is seen by the next view and by the feed of another", async t => {
    const table = freshTable()
    const [one, other] = [await open(t, table), await open(t, table)]
    const feed = other.changes(0)[Symbol.asyncIterator]()
    const next = feed.next()
    await write(one, { a: "1" })
    assert.deepEqual((await next).value, { version: 1, key: "a", kind: "put" })
    await feed.return?.()
    using view = other.view()
    assert.equal(text(await view.get("a")), "1")
  })

  test("a commit whose connection is cut while it runs is made once", async t => {
    const table = freshTable()
    const storage = await open(t, table)
    await write(storage, { a: "1" })
    // The function waits for this lock in the middle, and its connection is cut while it does.
    const blocker = new Client({ connectionString: server.url })
    await blocker.connect()
    await blocker.query(`BEGIN; LOCK TABLE ${table}_commits IN EXCLUSIVE MODE`)
    const commit = write(storage, { b: "1" })
    while ((await sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length === 0);
    await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    await blocker.query("COMMIT")
    await blocker.end()
    assert.equal(await commit, 2)
    assert.equal(await storage.version(), 2)
  })

  test("the same request sent twice is committed once, and answered alike", async t => {
    const table = freshTable()
    const storage = await open(t, table)
    await write(storage, { a: "1" })
    const call = `SELECT ${table}_commit_1('00000000-0000-4000-8000-000000000001', 1, '{}', '{}', '{}', '[]', '{1}', '{b}', '{1}', '{2}', '\\x3132', 100) AS v`
    assert.deepEqual(await sql(call), [{ v: ["2"] }])
    assert.deepEqual(await sql(call), [{ v: ["2"] }])
    assert.equal(await storage.version(), 2)
  })

  test("after the server crashed and came back, what was acknowledged is there and commits go on", async t => {
    const storage = await open(t, freshTable())
    const acknowledged: string[] = []
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let nth = 0; nth < 25; nth++) {
        const key = `${writer}/${nth}`
        await write(storage, { [key]: "1" })
        acknowledged.push(key)
      }
    })
    while (acknowledged.length < 20) await storage.version()
    await server.crash()
    await server.resume()
    await Promise.all(writers)
    using view = storage.view()
    assert.deepEqual((await view.keys("")).sort(), acknowledged.sort())
    assert.equal(await storage.version(), 200)
  })

  test("a commit while the server stays away fails as unavailable, and the store recovers with it", async t => {
    const storage = await open(t, freshTable(), { patience: 0.2 })
    await write(storage, { a: "1" })
    using held = storage.view()
    await held.get("a")
    await server.crash()
    await assert.rejects(async () => held.get("other"), { name: "StorageUnavailable" })
    await assert.rejects(write(storage, { b: "1" }), { name: "StorageUnavailable" })
    using blind = storage.view()
    await assert.rejects(blind.get("a"), { name: "StorageUnavailable" })
    await server.resume()
    await write(storage, { c: "1" })
    using view = storage.view()
    assert.deepEqual(await view.keys(""), ["a", "c"])
  })

  test("a node that may not create tables works on those that are there, and says when they are not", async t => {
    const table = freshTable()
    const options = { connection_url: server.url, table, skip_create_table: true }
    await assert.rejects(postgresqlStorage(options), /skip_create_table/)
    await open(t, table)
    const storage = await postgresqlStorage(options)
    t.after(() => storage[Symbol.asyncDispose]())
    assert.equal(await write(storage, { a: "1" }), 1)
  })

  test("what views with the same hint read comes in one statement, and holds no connection", async t => {
    const storage = await postgresqlStorage({ connection_url: server.url, table: freshTable(), max_parallel: 1 })
    t.after(() => storage[Symbol.asyncDispose]())
    await write(storage, { a: "1", b: "2", c: "3" })
    const readAll = async (view: View) => {
      const before = storage.sent()
      for (const key of ["a", "b", "c", "absent"]) await view.cached(key, text)
      return storage.sent() - before
    }
    {
      using view = storage.view(() => ["x"])
      assert.equal(await readAll(view), 4)
    }
    // There is one connection: each of these would wait for the other for ever if it held it.
    using one = storage.view(() => ["x"])
    using other = storage.view(() => ["x"])
    assert.deepEqual([await readAll(one), await readAll(other)], [1, 1])
  })

  test("a view that reads more than was foreseen sees one state, or is told that it cannot", async t => {
    const storage = await open(t, freshTable())
    await write(storage, { a: "1", b: "1" })
    const first = async (view: View) => text(await view.get("a"))
    {
      using view = storage.view(() => ["x"])
      await first(view)
    }
    using same = storage.view(() => ["x"])
    await first(same)
    await write(storage, { b: "2" })
    assert.equal(text(await same.get("b")), "2")
    using stale = storage.view(() => ["x"])
    await first(stale)
    await write(storage, { a: "3", b: "3" })
    await assert.rejects(async () => stale.get("b"), { name: "Conflict" })
  })

  test("a server with TLS is known by its authority, and one that is not known is refused with what to do", async t => {
    const pki = await certificates(t)
    await own(pki.key)
    await chmod(dirname(pki.key), 0o755)
    const tls = await start({
      args: ["-c", "ssl=on", "-c", `ssl_cert_file=${pki.cert}`, "-c", `ssl_key_file=${pki.key}`],
    })
    t.after(() => tls.stop())
    const openWith = (query: string) =>
      postgresqlStorage({ connection_url: `${tls.url}?${query}`, table: freshTable() })
    const storage = await openWith(`sslmode=verify-full&sslrootcert=${pki.ca}`)
    t.after(() => storage[Symbol.asyncDispose]())
    await write(storage, { a: "1" })
    await assert.rejects(openWith("sslmode=verify-full"), { name: "StorageFailed", message: /sslrootcert=/ })
    const notices: string[] = []
    const elsewhere = postgresqlStorage({
      connection_url: `${tls.url.replace("127.0.0.1", "localhost")}?sslmode=verify-full&sslrootcert=${pki.ca}`,
      table: freshTable(),
      max_connect_retries: 60,
      notice: text => notices.push(text),
    })
    await assert.rejects(elsewhere, { name: "StorageFailed", message: /as its certificate does/ })
    assert.deepEqual(notices, [], "what does not pass by itself is not tried again")
    const plain = postgresqlStorage({ connection_url: `${server.url}?sslmode=verify-full`, table: freshTable() })
    await assert.rejects(plain, { name: "StorageFailed", message: /sslmode=disable/ })
  })

  test("a database that a newer version has migrated is used as it is", async t => {
    const table = freshTable()
    await open(t, table)
    await sql(`INSERT INTO ${table}_schema (version) VALUES (99)`)
    await write(await open(t, table), { a: "1" })
  })

  test("a table name that is no plain name is refused", async () => {
    const refused = postgresqlStorage({ connection_url: server.url, table: 'x"; DROP TABLE y' })
    await assert.rejects(refused, /must be a plain name/)
  })

  test("a server that cannot be reached is named in the error, without the password", async () => {
    const refused = postgresqlStorage({ connection_url: "postgres://arca:hunter2@127.0.0.1:1/x" })
    await assert.rejects(
      refused,
      (error: Error) => error.name === "StorageFailed" && !error.message.includes("hunter2"),
    )
  })
})
