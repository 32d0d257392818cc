import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { after, before, describe, type TestContext, test } from "node:test"
import { create, toBinary } from "@bufbuild/protobuf"
import { certificates } from "../tests/parts/certificates.ts"
import { type Etcd, missing, start } from "../tests/parts/etcd.ts"
import { freePort } from "../tests/parts/port.ts"
import { startProxy } from "../tests/parts/proxy.ts"
import { systemClock } from "./clock.ts"
import { testStorage } from "./conformance.ts"
import { bytes, read, retrying, text, write } from "./conformance-steps.ts"
import { type EtcdOptions, etcdStorage } from "./etcd.ts"
import { EtcdClient, endpointsOf, PLAIN, RPC } from "./etcd-client.ts"
import { TxnRequestSchema } from "./etcd-messages.ts"
import { put, Space } from "./etcd-space.ts"
import type { Storage, View } from "./view.ts"

const skip = missing()
const LARGEST = 1024 * 1024

describe("etcd, one member", { skip: skip ?? false }, () => {
  let server: Etcd
  before(async () => {
    server = await start()
  })
  after(() => server.stop())

  let paths = 0
  const freshPath = () => `t${++paths}/`

  async function open(t: TestContext, path: string, options: Partial<EtcdOptions> = {}) {
    const storage = await etcdStorage({ endpoints: server.endpoints, path, compact: false, ...options })
    t.after(() => storage[Symbol.asyncDispose]())
    return storage
  }

  testStorage(
    "conformance",
    (t, remembered) => open(t, freshPath(), remembered === undefined ? {} : { remembered, history: 0, compact: true }),
    15,
    LARGEST,
  )

  const increment = (storage: Storage) =>
    retrying(storage, async view => view.put("n", bytes(String(Number(text(await view.get("n")) ?? "0") + 1))))

  test("nodes that commit at once count every increment once", async t => {
    const path = freshPath()
    const nodes = await Promise.all([1, 2, 3].map(() => open(t, path)))
    await Promise.all(nodes.flatMap(node => [increment(node), increment(node), increment(node)]))
    using view = (await open(t, path)).view()
    assert.equal(text(await view.get("n")), "9")
  })

  test("commits of two nodes that each read what the other writes are not both accepted", async t => {
    const path = freshPath()
    const nodes = [await open(t, path), await open(t, path)]
    for (let round = 0; round < 20; round++) {
      const views = nodes.map(node => node.view())
      await Promise.all(
        views.map((view, at) => (round % 2 === 0 ? view.get(`${round}/${at}`) : view.list(`${round}/`))),
      )
      for (const [at, view] of views.entries()) view.put(`${round}/${1 - at}`, bytes("1"))
      const settled = await Promise.allSettled(views.map((view, at) => nodes[at]?.commit(view)))
      assert.deepEqual(settled.map(one => one.status).sort(), ["fulfilled", "rejected"])
    }
  })

  test("what views with the same hint read comes in one round trip", async t => {
    const storage = await open(t, freshPath())
    await write(storage, { a: "1", b: "2", c: "3" })
    const readAll = async (hint: string) => {
      const before = storage.sent()
      using view = storage.view(() => [hint])
      for (const key of ["a", "b", "c", "absent"]) await view.cached(key, text)
      return storage.sent() - before
    }
    assert.deepEqual([await readAll("x"), await readAll("x"), await readAll("y")], [4, 1, 4])
    await write(storage, { b: "4" })
    using view = storage.view(() => ["x"])
    await view.get("a")
    assert.equal(text(await view.get("b")), "4")
  })

  test("a value that every view changes costs one round trip to read and one to write, whoever else reads it or changes it", async t => {
    const path = freshPath()
    const [storage, other] = [await open(t, path), await open(t, path)]
    await write(storage, { a: "1", b: "1" })
    const trips = async (act: (view: View) => Promise<void>, hint: string) => {
      const before = storage.sent()
      const view = storage.view(() => [hint])
      await act(view)
      await storage.commit(view)
      return storage.sent() - before
    }
    const change = async (view: View) => {
      // Twice, as requests do: once to tell a creation from an update.
      for (const key of ["b", "a", "a"]) await view.cached(key, text)
      view.put("a", bytes("x"))
    }
    const look = async (view: View) => void (await view.cached("a", text))
    await trips(change, "write")
    await trips(look, "read")
    assert.equal(await trips(change, "write"), 2)
    await trips(look, "read")
    assert.equal(await trips(change, "write"), 2, "after others have read it")
    for (const round of [1, 2, 3]) {
      await write(other, { b: String(round) })
      const taken = await trips(change, "write")
      assert.equal(taken, round === 1 ? 3 : 2, "what others change is asked for as soon as that is known")
    }
    await write(other, { b: "5" })
    assert.equal(await trips(look, "write"), 1, "what is foreseen in vain is not asked for again")
  })

  test("what was expected and not read is no reason to refuse a commit", async t => {
    const storage = await open(t, freshPath())
    {
      using view = storage.view(() => ["x"])
      await view.get("a")
      await view.get("b")
    }
    const view = storage.view(() => ["x"])
    await view.get("a")
    await write(storage, { b: "1" })
    view.put("c", bytes("1"))
    await storage.commit(view)
  })

  test("a commit of many transactions shows at once, conflicts as others do, and keeps others waiting", async t => {
    const path = freshPath()
    const [one, other] = [await open(t, path, { max_txn_ops: 16 }), await open(t, path, { max_txn_ops: 16 })]
    const many = (value: string) => Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`m/${at}`, value]))
    const counts = new Set<number>()
    let done = false
    const watching = (async () => {
      while (!done) {
        using view = other.view()
        const values = await Promise.all(["m/0", "m/70", "m/149"].map(key => view.get(key)))
        assert.equal(new Set(values.map(text)).size, 1, "a part of a commit was seen")
        counts.add((await view.keys("m/")).length)
      }
    })()
    await write(one, many("1"))
    await Promise.all([write(one, many("2")), write(other, { between: "1" }), increment(other)])
    const late = one.view()
    await late.keys("m/")
    for (const [key, value] of Object.entries(many("3"))) late.put(key, bytes(value))
    await write(other, { "m/another": "1" })
    await assert.rejects(one.commit(late), { name: "Conflict" })
    done = true
    await watching
    assert.ok(
      [...counts].every(count => [0, 150, 151].includes(count)),
      [...counts].join(),
    )
    using view = other.view()
    assert.equal(text(await view.get("m/149")), "2")
  })

  test("a large commit whose node died after its decision is carried out by another node", async t => {
    const path = freshPath()
    const storage = await open(t, path)
    await write(storage, { a: "1", b: "1" })
    const client = new EtcdClient({ endpoints: server.endpoints }, PLAIN, systemClock, 10)
    t.after(() => client.close())
    const space = new Space(path)
    const success = [put(space.entry("a"), bytes("2")), put(space.entry("b"), bytes("2"))]
    const part = toBinary(TxnRequestSchema, create(TxnRequestSchema, { success }))
    await client.call(RPC.txn, { success: [put(space.part("dead", 0), part)] })
    await client.call(RPC.txn, { success: [put(space.lock, bytes("applying dead"))] })
    await client.call(RPC.txn, { success: [put(space.entry("a"), bytes("2"))] })
    assert.equal(await read(storage, "a"), "1")
    await write(storage, { c: "1" })
    using view = storage.view()
    assert.deepEqual([text(await view.get("a")), text(await view.get("b"))], ["2", "2"])
  })

  test("a value that etcd cannot take is refused, and nothing of its commit is made", async t => {
    const storage = await open(t, freshPath())
    const view = storage.view()
    view.put("small", bytes("1"))
    view.put("large", new Uint8Array(1.6 * 1024 * 1024))
    await assert.rejects(storage.commit(view), { name: "ValueTooLarge", message: /max-request-bytes/ })
    assert.equal(await read(storage, "small"), undefined)
  })

  test("a commit that was made although its answer was lost is found in its slot", async t => {
    const path = freshPath()
    const storage = await open(t, path)
    const proxy = await startProxy("127.0.0.1", Number(server.endpoints[0]?.split(":").at(-1)))
    t.after(() => proxy.stop())
    const lossy = await open(t, path, { endpoints: [`http://127.0.0.1:${proxy.port}`] })
    proxy.loseAnswers(13)
    for (let round = 0; round < 10; round++) await increment(lossy)
    assert.equal(await read(storage, "n"), "10")
  })

  test("endpoints that are none are refused, and one that cannot be reached is named", async () => {
    assert.throws(() => endpointsOf("http://user:hunter2@h:1"), /no etcd endpoint/)
    assert.throws(() => endpointsOf("http://a:1,https://b:1"), /mixes/)
    assert.deepEqual(endpointsOf("a:2379, b:2379"), ["http://a:2379", "http://b:2379"])
    await assert.rejects(etcdStorage({ endpoints: ["http://127.0.0.1:1"], patience: 0.1 }), {
      name: "StorageFailed",
      message: /127\.0\.0\.1:1/,
    })
  })
})

describe("etcd with TLS and users", { skip: skip ?? false }, () => {
  test("a client certificate and a password open it, and each missing one is told", async t => {
    const pki = await certificates(t)
    const tls = ["--cert-file", pki.cert, "--key-file", pki.key, "--client-cert-auth", "--trusted-ca-file", pki.ca]
    const server = await start(1, [...tls, "--auth-token-ttl", "2"], "https")
    t.after(() => server.stop())
    const files = { tls_ca_file: pki.ca, tls_cert_file: pki.client, tls_key_file: pki.clientKey }
    const etcdctl = (...args: string[]) => {
      const flags = [
        "--endpoints",
        server.endpoints.join(),
        "--cacert",
        pki.ca,
        "--cert",
        pki.client,
        "--key",
        pki.clientKey,
      ]
      const { status, stderr } = spawnSync("etcdctl", [...flags, ...args], {
        env: { ...process.env, ETCDCTL_API: "3" },
        encoding: "utf8",
      })
      assert.equal(status, 0, stderr)
    }
    etcdctl("user", "add", "root:r00t")
    etcdctl("user", "add", "arca:s3cret")
    etcdctl("role", "add", "arca")
    etcdctl("role", "grant-permission", "arca", "--prefix=true", "readwrite", "arca/")
    etcdctl("user", "grant-role", "arca", "arca")
    etcdctl("user", "grant-role", "root", "root")
    etcdctl("auth", "enable")
    const options = { endpoints: server.endpoints, ...files, patience: 1, username: "arca", password: "s3cret" }
    const storage = await etcdStorage(options)
    t.after(() => storage[Symbol.asyncDispose]())
    await write(storage, { a: "1" })
    await server.signal(0, "SIGKILL")
    await server.resume(0)
    // Its tokens were in memory: the next request gets a new one.
    assert.equal(await read(storage, "a"), "1")
    await assert.rejects(etcdStorage({ ...options, password: "wrong" }), { name: "StorageFailed", message: /password/ })
    await assert.rejects(etcdStorage({ ...options, tls_ca_file: undefined }), {
      name: "StorageFailed",
      message: /certificate/,
    })
    await assert.rejects(etcdStorage({ ...options, path: "other/" }), {
      name: "StorageFailed",
      message: /permission denied/,
    })
  })
})

describe("etcd, three members", { skip: skip ?? false }, () => {
  let cluster: Etcd
  before(async () => {
    cluster = await start(3)
  })
  after(() => cluster.stop())

  let paths = 0

  async function open(t: TestContext, options: Partial<EtcdOptions> = {}) {
    const path = `t${++paths}/`
    const storage = await etcdStorage({ endpoints: cluster.endpoints, path, compact: false, ...options })
    t.after(() => storage[Symbol.asyncDispose]())
    return storage
  }

  testStorage(
    "conformance",
    (t, remembered) => open(t, remembered === undefined ? {} : { remembered, history: 0, compact: true }),
    5,
    LARGEST,
  )

  test("commits, reads and the feed go on while one member after the other is killed and comes back", async t => {
    const storage = await open(t, { request_timeout: 1 })
    const since = await storage.version()
    const acknowledged: string[] = []
    let stopped = false
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let nth = 0; !stopped; nth++) {
        await write(storage, { [`${writer}/${nth}`]: "1" })
        acknowledged.push(`${writer}/${nth}`)
      }
    })
    const fed = new Set<string>()
    const feeding = (async () => {
      for await (const { key } of storage.changes(since)) {
        fed.add(key)
        if (key === "end") return
      }
    })()
    for (const member of [0, 1, 2]) {
      const until = acknowledged.length + 20
      await cluster.signal(member, "SIGKILL")
      while (acknowledged.length < until) await storage.version()
      await cluster.resume(member)
    }
    stopped = true
    await Promise.all(writers)
    await write(storage, { end: "1" })
    await feeding
    using view = storage.view()
    assert.deepEqual((await view.keys("")).sort(), [...acknowledged, "end"].sort())
    assert.deepEqual([...fed].sort(), [...acknowledged, "end"].sort())
  })

  test("without a majority nothing is answered, and with it everything again", async t => {
    const storage = await open(t, { request_timeout: 0.3, patience: 0.5 })
    await write(storage, { a: "1" })
    await Promise.all([cluster.signal(0, "SIGSTOP"), cluster.signal(1, "SIGSTOP")])
    await assert.rejects(write(storage, { b: "1" }), { name: "StorageUnavailable", message: /unknown/ })
    await assert.rejects(read(storage, "a"), { name: "StorageUnavailable" })
    await Promise.all([cluster.signal(0, "SIGCONT"), cluster.signal(1, "SIGCONT")])
    const again = await open(t)
    await write(again, { c: "1" })
    assert.equal(await read(storage, "a"), "1")
  })
})

test("a process that starts before its cluster waits for it", { skip: skip ?? false }, async () => {
  const port = await freePort()
  const text = `import { etcdStorage } from "@arca/storage/etcd"
    try { await etcdStorage({ endpoints: ["http://127.0.0.1:${port}"], patience: 1 }) } catch (error) { console.log(error.name) }`
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", text], {
    cwd: import.meta.dirname,
    encoding: "utf8",
  })
  assert.deepEqual([stdout.trim(), status], ["StorageFailed", 0])
})
