/** What a process did to one file, from the trace that `strace -xx` wrote: the order in which its writes and syncs happened. */

export type Event =
  /** Bytes that are on their way: a power cut may lose any part of them until a sync that began later has ended. */
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Buffer; readonly durable: boolean }
  | { readonly kind: "sync" }
  | { readonly kind: "size"; readonly length: number }
  /** Text on standard output. */
  | { readonly kind: "print"; readonly text: string }

/** The last argument. Before what a call returned, strace fills up the line where another thread's call stood between. */
const OFFSET = /, (\d+)\)\s+= \d+$/

const bytesOf = (escaped: string): Buffer => Buffer.from(escaped.replaceAll("\\x", ""), "hex")

/** Calls that were interrupted by another thread's stand in two lines; here they are one again, at the place of their end. */
function* calls(trace: string): Generator<{ name: string; rest: string }> {
  const begun = new Map<string, string>()
  for (const line of trace.split("\n")) {
    const [, pid = "", text = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(text)
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    if (unfinished) {
      begun.set(pid, unfinished[1] ?? "")
      continue
    }
    const whole = resumed ? (begun.get(pid) ?? "") + (resumed[1] ?? "") : text
    const [, name, rest] = /^(\w+)\((.*)$/.exec(whole) ?? []
    // What failed, or had not come back when the process ended, is of no account.
    if (name !== undefined && rest !== undefined && / = \d+$/.test(rest)) yield { name, rest }
  }
}

/** The events that concern the file whose name ends in `file`, and standard output. */
export function eventsIn(trace: string, file: string): Event[] {
  const events: Event[] = []
  /** Descriptors of the file: whether each write is durable when it returns, and where the next one goes. */
  const open = new Map<number, { durable: boolean; at: number }>()
  const write = (fd: number, bytes: Buffer, offset?: number) => {
    const held = open.get(fd)
    if (fd === 1) events.push({ kind: "print", text: bytes.toString() })
    if (held === undefined) return
    const at = offset ?? held.at
    if (offset === undefined) held.at = at + bytes.length
    events.push({ kind: "write", offset: at, bytes, durable: held.durable })
  }
  for (const { name, rest } of calls(trace)) {
    const fd = Number.parseInt(rest, 10)
    const result = Number(/ = (\d+)$/.exec(rest)?.[1])
    const texts = [...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(found => bytesOf(found[1] ?? ""))
    if (name === "openat" && (texts[0]?.toString() ?? "").endsWith(file))
      open.set(result, { durable: /O_DSYNC|O_SYNC/.test(rest), at: 0 })
    if (name === "close") open.delete(fd)
    if (name === "lseek" && open.has(fd)) open.set(fd, { durable: open.get(fd)?.durable ?? false, at: result })
    if (name === "pwrite64") write(fd, Buffer.concat(texts).subarray(0, result), Number(OFFSET.exec(rest)?.[1]))
    if (name === "pwritev") write(fd, Buffer.concat(texts).subarray(0, result), Number(OFFSET.exec(rest)?.[1]))
    if (name === "write" || name === "writev") write(fd, Buffer.concat(texts).subarray(0, result))
    if ((name === "fdatasync" || name === "fsync") && open.has(fd)) events.push({ kind: "sync" })
    if (name === "ftruncate" && open.has(fd)) events.push({ kind: "size", length: Number(/, (\d+)\)/.exec(rest)?.[1]) })
  }
  return events
}
