/** What `deploy/` holds, as far as the programs that read it can tell without a machine of their own. */

import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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

/** The unit with a program that is there: whether `arca` is installed is not the question. */
function unit(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "arca-unit-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, "arca.service")
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

test("the compose file names what there is: services, volumes and files", () => {
  const { services, volumes } = parse(text("deploy/cluster/compose.yaml"), { merge: true }) as {
    services: Record<string, { depends_on?: string[]; volumes?: string[]; profiles?: string[] }>
    volumes: Record<string, null>
  }
  const notKept = ["./seal.key", "./tls"]
  for (const [name, service] of Object.entries(services)) {
    for (const other of service.depends_on ?? []) {
      assert.ok(services[other], `${name} depends on ${other}`)
      assert.deepEqual(services[other]?.profiles, service.profiles, `${name} and ${other} run together`)
    }
    for (const volume of service.volumes ?? []) {
      const [from = ""] = volume.split(":")
      if (notKept.includes(from)) continue
      if (from.startsWith("./")) text(join("deploy/cluster", from))
      else assert.ok(from in volumes, `${name} keeps its data in ${from}`)
    }
  }
})
