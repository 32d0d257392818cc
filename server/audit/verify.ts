/** Reads audit files back and names the first record of each chain that is not as it was written. */

import { createHash, type KeyObject } from "node:crypto"
import { linkOf } from "./chain.ts"
import { logOf } from "./checkpoint.ts"
import { linesOfFile } from "./lines.ts"
import { type Finding, type Item, newWalk, type Place, type Rules, step, type Walk, type Witness } from "./walk.ts"

export type { Finding, FindingKind, Witness } from "./walk.ts"

export interface VerifyOptions {
  /** Ed25519, the public half of the key that signs the checkpoints. */
  readonly publicKey: KeyObject
  /** The chains that must be there, and no others; without it, any that the key has signed. */
  readonly origins?: readonly string[]
  /** The first record that must be there. Without it, a chain may begin wherever its writer started. */
  readonly from?: number
  /** The last record that must be there. */
  readonly to?: number
  /** Where the chains stood according to someone else (the store's copy of the last checkpoint): finds a cut-off end. */
  readonly witness?: readonly Witness[]
  /** Likewise, but only for chains of which there are records: the others may lie in other files. */
  readonly known?: readonly Witness[]
  /** The device's `prefix`; null for anything, such as the header of a syslog daemon. */
  readonly prefix?: string | null
  readonly progress?: (progress: Progress) => void
}

export interface Progress {
  readonly file: string
  /** Read of this file. */
  readonly bytes: number
  /** Read of all files. */
  readonly records: number
}

export interface VerifiedChain {
  readonly log: string
  readonly origin: string | undefined
  /** Numbers of the first and the last record in order. */
  readonly first: number
  readonly last: number
  /** All records before this number are covered by a signature that was checked. */
  readonly signed: number
  /** Records missing in gaps that the chain itself declares: the device had failed, and the requests were refused. */
  readonly lost: number
  readonly firstTime: string
  readonly lastTime: string
}

export interface Verification {
  readonly intact: boolean
  /** At most one for each chain, in the order of the files. */
  readonly findings: readonly Finding[]
  readonly chains: readonly VerifiedChain[]
  readonly records: number
  /** Broken lines that a crash or a full disk left, each declared by the record after it. */
  readonly torn: number
}

const PROGRESS_RECORDS = 10_000
/** More chains than this in a set of files are not the work of a server. */
const MAX_CHAINS = 10_000

interface Reading {
  readonly walks: Map<string, Walk>
  readonly strays: Finding[]
  /** The last line that was no record, until the next record explains it or not. */
  broken: { readonly place: Place; readonly digest: string; readonly ended: boolean } | undefined
  records: number
  torn: number
}

/** Reads the files once, in order, holding no more than a line and the state of each chain. */
export async function verifyAudit(files: readonly string[], options: VerifyOptions): Promise<Verification> {
  const prefix = options.prefix === undefined ? "" : options.prefix
  const rules: Rules = { publicKey: options.publicKey, from: options.from, witness: witnesses(options) }
  const reading: Reading = { walks: new Map(), strays: [], broken: undefined, records: 0, torn: 0 }
  const ordered = await inTimeOrder(files, prefix)
  for (const file of ordered) {
    let line = 0
    for await (const { bytes, ended, offset } of linesOfFile(file)) {
      const place = { file, line: ++line }
      take(reading, bytes, ended, place, prefix, rules)
      if (reading.records % PROGRESS_RECORDS === 0)
        options.progress?.({ file, bytes: offset, records: reading.records })
    }
  }
  return concluded(reading, ordered, options, rules)
}

function take(
  reading: Reading,
  bytes: Buffer,
  ended: boolean,
  place: Place,
  prefix: string | null,
  rules: Rules,
): void {
  const link = linkOf(bytes, prefix)
  if (link === undefined) {
    if (reading.broken !== undefined) reading.strays.push(stray(reading.broken.place))
    reading.broken = { place, digest: createHash("sha256").update(bytes).digest("base64"), ended }
    return
  }
  reading.records++
  const walk = reading.walks.get(link.log) ?? newWalk(link.log)
  if (reading.walks.size >= MAX_CHAINS) throw new Error(`Cannot verify more than ${MAX_CHAINS} chains at once`)
  reading.walks.set(link.log, walk)
  let { broken } = reading
  reading.broken = undefined
  const { event } = link
  if (broken !== undefined && (event?.torn === broken.digest || event?.kind === "lost")) {
    reading.torn++
    broken = undefined
  }
  const item: Item = { link, place, broken: broken?.place }
  step(walk, item, rules)
  // With this record held, the line before it is a stray if the record follows its predecessor all the same.
  if (broken !== undefined && follows(walk, item)) reading.strays.push(stray(broken.place))
}

const follows = (walk: Walk, { link }: Item): boolean =>
  walk.finding === undefined && walk.size === link.seq && walk.prev === link.prev

const stray = (place: Place): Finding => ({
  ...place,
  kind: "inserted",
  record: -1,
  log: "",
  message: "this line was not written by the audit: it is no record of any chain",
})

function concluded(reading: Reading, files: readonly string[], options: VerifyOptions, rules: Rules): Verification {
  const { walks, strays, broken } = reading
  const end: Place = { file: files.at(-1) ?? "", line: 0 }
  const expected = options.origins?.map(logOf)
  const findings = [...strays]
  for (const walk of walks.values()) {
    step(walk, undefined, rules)
    const finding = walk.finding ?? atEnd(walk, walk.last?.place ?? end, options, expected)
    if (finding !== undefined) findings.push(finding)
  }
  for (const origin of missing(walks, options)) {
    findings.push({
      ...end,
      kind: "truncated",
      record: 0,
      log: logOf(origin),
      message: `nothing of "${origin}" is there`,
    })
  }
  // A last line that breaks off is what a crash leaves; a witness tells whether it was a record.
  if (broken?.ended) findings.push(stray(broken.place))
  else if (broken !== undefined) reading.torn++
  findings.sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line)
  const chains = [...walks.values()].filter(walk => walk.last !== undefined).map(chainOf)
  return { intact: findings.length === 0, findings, chains, records: reading.records, torn: reading.torn }
}

function atEnd(
  walk: Walk,
  place: Place,
  options: VerifyOptions,
  expected: readonly string[] | undefined,
): Finding | undefined {
  const size = walk.size ?? 0
  const finding = (kind: Finding["kind"], record: number, message: string): Finding => ({
    ...place,
    kind,
    record,
    log: walk.log,
    message,
  })
  if (expected !== undefined && !expected.includes(walk.log)) {
    return finding("inserted", walk.first, `the records of "${walk.origin ?? walk.log}" do not belong here`)
  }
  const seen = witnesses(options)
    .filter(({ origin }) => logOf(origin) === walk.log)
    .map(witness => witness.size)
  const needed = Math.max(0, ...seen, options.to === undefined ? 0 : options.to + 1)
  if (size < needed) {
    return finding("truncated", size, `record ${size} is missing: the chain ends before it, and had ${needed} records`)
  }
  if (walk.signed === 0) return finding("unsigned", walk.first, "no checkpoint with a signature is there")
  return undefined
}

const witnesses = ({ witness = [], known = [] }: VerifyOptions): readonly Witness[] => [...witness, ...known]

/** Chains that are expected or witnessed, and of which there is no record. */
function missing(walks: ReadonlyMap<string, Walk>, options: VerifyOptions): Set<string> {
  const origins = new Set([...(options.origins ?? []), ...(options.witness ?? []).map(({ origin }) => origin)])
  return new Set([...origins].filter(origin => !walks.has(logOf(origin))))
}

const chainOf = (walk: Walk): VerifiedChain => ({
  log: walk.log,
  origin: walk.origin,
  first: walk.first,
  last: (walk.size ?? 0) - 1,
  signed: walk.signed,
  lost: walk.lost,
  firstTime: walk.firstTime,
  lastTime: walk.last?.link.time ?? "",
})

/** Rotated files are seldom named in the order in which they were written. */
async function inTimeOrder(files: readonly string[], prefix: string | null): Promise<string[]> {
  const starts = await Promise.all(
    files.map(async file => {
      for await (const { bytes } of linesOfFile(file)) {
        const link = linkOf(bytes, prefix)
        if (link !== undefined) return { file, log: link.log, time: link.time, seq: link.seq }
      }
      return { file, log: "", time: "", seq: 0 }
    }),
  )
  const at = (time: string): number => Date.parse(time) || 0
  return starts.sort((a, b) => (a.log === b.log ? a.seq - b.seq : at(a.time) - at(b.time))).map(({ file }) => file)
}
