/** What `deploy/` holds, as far as the programs that read it can tell without a machine of their own. */

import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type TestContext, test } from "node:test"
import { parse } from "yaml"

const root = resolve(import.meta.dirname, "../..")
const text = (path: string): string => readFileSync(join(root, path), "utf8")

const run = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...env } })
  return { status, said: `${stdout}${stderr}` }
}

const absent = (program: string): string | false =>
  spawnSync(program, ["--version"]).error === undefined ? false : `${program} is not installed`

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "arca-deploy-"))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** The unit with a program that is there: whether `arca` is installed is not the question. */
function unit(t: TestContext): string {
  const path = join(folderFor(t), "arca.service")
  writeFileSync(path, text("deploy/arca.service").replace("/usr/bin/arca", process.execPath))
  return path
}

test("systemd understands the unit, and finds little that it leaves open", { skip: absent("systemd-analyze") }, t => {
  const path = unit(t)
  const verified = run("systemd-analyze", ["verify", "--man=no", path])
  assert.deepEqual([verified.status, verified.said], [0, ""])
  const security = run("systemd-analyze", ["security", "--offline=true", "--threshold=15", path])
  assert.equal(security.status, 0, security.said)
})

test("haproxy understands the balancer's configuration", { skip: absent("haproxy") }, () => {
  const places = { ARCA_LISTEN: "127.0.0.1:1", ARCA_NODE_1: "127.0.0.1:2", ARCA_NODE_2: "localhost:3" }
  for (const check of ["", "check-ssl verify none"]) {
    const env = { ...places, ARCA_NODE_3: "not-known.invalid:4", ARCA_CHECK: check }
    const { status, said } = run("haproxy", ["-c", "-f", join(root, "deploy/cluster/haproxy.cfg")], env)
    assert.equal(status, 0, said)
  }
})

test("an image holds every workspace, and nothing else of the folder it is made in", () => {
  const kept = [...text(".dockerignore").matchAll(/^!(.+)$/gm)].map(([, name]) => name)
  const { workspaces } = JSON.parse(text("package.json")) as { workspaces: string[] }
  assert.deepEqual(kept.toSorted(), ["LICENSE", "bin", "package-lock.json", "package.json", ...workspaces].toSorted())
})

interface Service {
  readonly hostname?: string
  readonly depends_on?: string[]
  readonly volumes?: string[]
  readonly profiles?: string[]
  readonly environment?: Record<string, string>
}

const { services, volumes } = parse(text("deploy/cluster/compose.yaml"), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}

/** The services that are nodes, each with its configuration's text. */
const nodes = Object.entries(services).flatMap(([name, service]) => {
  const files = service.volumes?.map(volume => volume.split(":")[0] ?? "").filter(file => file.endsWith(".hcl")) ?? []
  const config = files.map(file => text(join("deploy/cluster", file))).join("\n")
  return files.length === 0 ? [] : [{ name, service, config }]
})

const runWith = ({ profiles }: Service): string[] =>
  Object.keys(services).filter(name => services[name]?.profiles?.join() === profiles?.join())

test("the compose file names what there is: services, volumes and files", () => {
  const notKept = ["./seal.key", "./tls", "./tls-store"]
  const users = new Map<string, string>()
  for (const [name, service] of Object.entries(services)) {
    for (const other of service.depends_on ?? []) {
      assert.ok(runWith(service).includes(other), `${name} depends on ${other}, which runs with it`)
    }
    for (const volume of service.volumes ?? []) {
      const [from = ""] = volume.split(":")
      if (notKept.includes(from)) continue
      if (from.startsWith("./")) text(join("deploy/cluster", from))
      else {
        assert.ok(from in volumes, `${name} keeps its data in ${from}`)
        assert.equal(users.get(from), undefined, `${name} alone keeps its data in ${from}`)
        users.set(from, name)
      }
    }
  }
  assert.deepEqual([...users.keys()].toSorted(), Object.keys(volumes).toSorted())
})

test("a node's container holds the files that its configuration names, and gives it what it needs to write", () => {
  assert.equal(nodes.length, 6)
  const dockerfile = text("deploy/Dockerfile")
  for (const { name, service, config } of nodes) {
    const mounts = new Map(service.volumes?.map(volume => [volume.split(":")[1] ?? "", volume]))
    const paths = [...config.matchAll(/"(?:file:\/\/)?(\/[^"]+)"/g)].map(([, path]) => path ?? "")
    assert.ok(paths.length > 3)
    for (const path of paths) {
      const mount = [...mounts.keys()].find(place => path === place || path.startsWith(`${place}/`))
      assert.ok(mount !== undefined, `${name} has ${path}`)
      if (!path.startsWith("/var/")) continue
      assert.doesNotMatch(mounts.get(mount) ?? "", /:ro$/)
      assert.match(dockerfile, new RegExp(`^COPY .*--chown=65532:65532 \\S+ ${mount}$`, "m"))
    }
    assert.deepEqual([service.hostname, service.environment?.ARCA_API_ADDR], [name, `https://${name}:8200`])
  }
})

test("nodes and balancers look for each other and for their store under names that services have", () => {
  for (const { name, service, config } of nodes) {
    const places = `${config}\n${service.environment?.VAULT_PG_CONNECTION_URL ?? ""}`
    const hosts = [...places.matchAll(/(?:https:\/\/|@)([a-z0-9-]+):\d+/g)].map(([, host]) => host ?? "")
    assert.ok(hosts.length > 0, `${name} has a store`)
    for (const host of hosts) assert.ok(runWith(service).includes(host), `${name} looks for ${host}`)
  }
  const balancers = Object.values(services).filter(service => service.environment?.ARCA_NODE_1)
  assert.equal(balancers.length, 2)
  for (const balancer of balancers) {
    const behind = [1, 2, 3].map(at => balancer.environment?.[`ARCA_NODE_${at}`])
    const beside = nodes.filter(({ name }) => runWith(balancer).includes(name)).map(({ name }) => `${name}:8200`)
    assert.deepEqual(behind, beside)
  }
})

test("all nodes together leave connections of PostgreSQL over", () => {
  const on = nodes.filter(({ service }) => service.profiles?.includes("postgresql"))
  const reading = on.map(({ config }) => Number(/max_parallel = "(\d+)"/.exec(config)?.[1]) + 2)
  // 100 unless told otherwise, three of them for superusers.
  assert.ok(reading.reduce((sum, count) => sum + count) <= 97, String(reading))
})

test("what prepares the machine makes certificates for every name, and the seal's key once", t => {
  const folder = folderFor(t)
  copyFileSync(join(root, "deploy/cluster/prepare.sh"), join(folder, "prepare.sh"))
  const prepare = () => assert.equal(run("sh", [join(folder, "prepare.sh")]).status, 0)
  const made = (name: string) => readFileSync(join(folder, name))
  prepare()
  const key = made("seal.key")
  assert.equal(key.length, 32)
  prepare()
  assert.deepEqual(made("seal.key"), key)
  const certificate = (name: string) => new X509Certificate(made(name))
  const [node, store] = [certificate("tls/node.pem"), certificate("tls-store/store.pem")]
  const { publicKey } = certificate("tls/ca.pem")
  assert.ok(node.verify(publicKey) && store.verify(publicKey))
  assert.ok(node.checkIP("127.0.0.1"))
  for (const { name, service } of nodes) {
    assert.equal(node.checkHost(name), name)
    for (const other of service.depends_on ?? []) assert.equal(store.checkHost(other), other)
  }
})
