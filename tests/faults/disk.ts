/** Disks that fail: a small one, and system calls that the kernel refuses (strace). Each tells why it cannot be had here. */

import { spawnSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestContext } from "node:test"

/** A memory file system of some megabytes, as only root may mount; undefined elsewhere. */
export async function smallDisk(t: TestContext, megabytes: number): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const path = await mkdtemp(join(tmpdir(), "arca-disk-"))
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]).status === 0
  t.after(async () => {
    if (mounted) spawnSync("umount", ["--lazy", path])
    await rm(path, { recursive: true, force: true })
  })
  return mounted ? path : undefined
}

export const resize = (path: string, megabytes: number): boolean =>
  spawnSync("mount", ["-o", `remount,size=${megabytes}m`, path]).status === 0

/** Why system calls cannot be refused here; undefined when they can. */
export function noInjection(): string | undefined {
  if (spawnSync("strace", ["-V"]).status !== 0) return "strace is not installed (node tools/parts.ts)"
  const tried = spawnSync("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "trace=none", "true"])
  return tried.status === 0 ? undefined : "strace may not trace here"
}

/** Runs a program with system calls that fail: `inject` as strace takes it (`fdatasync:error=EIO:when=30+`). */
export const injecting = (inject: string, path?: string): string[] => [
  "strace",
  // -D: the server stays our child, and signals reach it.
  ...["-D", "-f", "-qq", "-o", "/dev/null"],
  ...(path === undefined ? [] : ["-P", path]),
  ...["-e", `trace=${inject.split(":", 1)[0]}`, "-e", `inject=${inject}`],
]
