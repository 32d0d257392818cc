/**
 * A real Kubernetes control plane for tests (etcd, API server, controller manager; no nodes): the program in ../shared/kubelab,
 * beside the project. Its binary takes minutes to build, so tests use one that is there and do not build it.
 */

import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const PROGRAM = process.env.ARCA_KUBELAB ?? resolve(import.meta.dirname, "../../../shared/kubelab/up")
const BINARY = join(process.env.KUBELAB_CACHE ?? join(homedir(), ".cache/kubelab"), "kubelab")

export interface ControlPlane {
  /** `https://127.0.0.1:port` */
  readonly url: string
  /** The authority to trust, PEM. */
  readonly certificate: string
  /** A token that may do everything. */
  readonly token: string
  stop(): Promise<void>
}

/** Why tests that need the control plane must be skipped here; undefined when they can run. */
export function missing(): string | undefined {
  if (!existsSync(PROGRAM)) return `there is no control plane at ${PROGRAM} (ARCA_KUBELAB names another place)`
  if (!existsSync(BINARY)) return `the control plane is not built yet: ${PROGRAM} build`
  return undefined
}

/** Starts a control plane; it takes some seconds. */
export async function start(): Promise<ControlPlane> {
  const dir = await mkdtemp(join(tmpdir(), "arca-kubelab-"))
  const stop = async (): Promise<void> => {
    const pids = await readFile(join(dir, "pids"), "utf8").catch(() => "")
    for (const pid of pids.split(/\s+/).map(Number).filter(Boolean)) end(pid)
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  try {
    const { stdout } = await run(PROGRAM, [dir], { timeout: 120_000 })
    const certificate = await readFile(join(dir, "certs/apiserver.crt"), "utf8")
    return { url: stdout.trim(), certificate, token: "admintoken", stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It ended by itself.
  }
}
