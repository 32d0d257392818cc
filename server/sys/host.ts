/** `sys/host-info`: the machine, in the fields of the library that Vault reads it with. */

import { readFile, statfs } from "node:fs/promises"
import { cpus, freemem, hostname, loadavg, machine, platform, release, totalmem, uptime } from "node:os"
import type { JsonObject } from "@arca/api"

/** What cannot be found out is left out, and named in `warnings`. */
export async function hostInfo(now: number): Promise<{ data: JsonObject; warnings: readonly string[] }> {
  const disks = await diskUsage().catch(() => undefined)
  const free = freemem()
  const total = totalmem()
  return {
    data: {
      timestamp: new Date(now * 1000).toISOString(),
      host: {
        hostname: hostname(),
        uptime: Math.floor(uptime()),
        bootTime: Math.floor(now - uptime()),
        os: platform(),
        platform: await distribution(),
        kernelVersion: release(),
        kernelArch: machine(),
      },
      cpu: cpus().map(({ model, speed }, index) => ({ cpu: index, modelName: model, mhz: speed })),
      // Milliseconds there, seconds here.
      cpu_times: cpus().map(({ times }, index) => ({
        cpu: `cpu${index}`,
        user: times.user / 1000,
        system: times.sys / 1000,
        idle: times.idle / 1000,
        nice: times.nice / 1000,
        irq: times.irq / 1000,
      })),
      memory: {
        total,
        available: await available(free),
        used: total - free,
        usedPercent: ((total - free) / total) * 100,
        free,
      },
      load: { load1: loadavg()[0] ?? 0, load5: loadavg()[1] ?? 0, load15: loadavg()[2] ?? 0 },
      ...(disks === undefined ? {} : { disk: disks }),
    },
    warnings: disks === undefined ? ["the disks could not be looked at"] : [],
  }
}

async function distribution(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "")
  return /^ID="?([^"\n]+)"?$/m.exec(text)?.[1] ?? platform()
}

/** Linux counts what caches would give back as well. */
async function available(free: number): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "")
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1]
  return kilobytes === undefined ? free : Number(kilobytes) * 1024
}

/** The file systems on devices; without a list of mounts, the one the process runs in. */
async function diskUsage(): Promise<JsonObject[]> {
  const text = await readFile("/proc/mounts", "utf8").catch(() => "")
  const mounts = text
    .split("\n")
    .map(line => line.split(" "))
    .filter(([device = ""]) => device.startsWith("/dev/"))
    .map(([device = "", path = "", fstype = ""]) => ({ device, path, fstype }))
  const found = mounts.length > 0 ? mounts : [{ device: "", path: "/", fstype: "" }]
  return Promise.all(
    found.map(async ({ device, path, fstype }) => {
      const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path)
      const used = (blocks - bfree) * bsize
      return {
        device,
        path,
        fstype,
        total: blocks * bsize,
        free: bavail * bsize,
        used,
        usedPercent: blocks === 0 ? 0 : (used / (blocks * bsize)) * 100,
        inodesTotal: files,
        inodesUsed: files - ffree,
        inodesFree: ffree,
      }
    }),
  )
}
