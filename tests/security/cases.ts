/**
 * The attack catalogue's classes for what exists so far (sys, tokens, policies, key/value, cubbyhole, approle, userpass,
 * wrapping, namespaces, seal, rekey, audit, quotas, credentials with leases), and what becomes of each id: a test that names it, or a reason.
 *
 * `node tests/security/cases.ts` prints the table.
 */

import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Class and number to ids. */
const CLASSES: Readonly<Record<string, string>> = {
  "1.1 HTTP, paths, bodies": "A01 A02 A04 A05 A07 A08 A10 A11 A13 A14 A16 A17 A19 A20 A22 A23 A25 A26",
  "1.2 policy engine": "B02 B03 B05 B06 B08 B09 B11 B12 B14 B15 B17 B18",
  "1.3 tokens, leases, wrapping": "C02 C03 C05 C06 C08 C09 C11 C12 C14 C15 C17 C18 C20 C21 C23",
  "1.4 identity, namespaces": "D01 D03 D04 D06 D07 D09 D10 D12 D13",
  "1.5 auth methods": "E01 E02 E04 E05 E07 E08 E10 E11 E13 E14 E16 E17 E19 E20 E22 E23 E25 E26 E28 E29",
  "1.6 seal, root, rekey": "F01 F02 F04 F05 F07 F08 F10",
  "1.7 audit": "G01 G03 G04 G06 G07 G09 G10 G12",
  "1.8 key/value, transit, TOTP": "H01 H03 H04 H06 H07 H09 H10 H12 H13 H15 H16",
  "1.10 dynamic credentials": "J01 J03 J04 J06 J07 J09 J10 J12",
  "1.11 exhaustion, quotas": "K01 K02 K03 K04 K06 K07 K09 K10 K12",
  "1.12 storage, backup": "L01 L03 L04 L06 L07",
}

/** Tests that stand elsewhere, beside what they test: a file and a part of the test's name. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, name: string]>> = {
  B17: ["tests/matrix/capabilities.test.ts", ""],
  H15: ["engines/totp/totp.test.ts", "of many that present the same code at the same time one is accepted"],
  K04: ["server/lease.test.ts", "a lease-count quota refuses the lease that is one too many"],
  L06: ["server/snapshot/snapshot.test.ts", "a snapshot that is cut off, altered or not one at all changes nothing"],
  J01: ["engines/database/postgresql.test.ts", "a name from outside reaches statements tamed"],
  J03: [
    "engines/database/postgresql.test.ts",
    "passwords with every kind of character work, in the connection and in statements",
  ],
  J04: [
    "engines/database/postgresql.test.ts",
    "a connection that cannot be made is refused when it is written, without its password",
  ],
  J06: ["server/outbound.test.ts", "an address that hands out credentials is refused in every spelling"],
  J07: ["tests/crash/database.test.ts", "kills users and leases agree, and no password is lost"],
  J10: [
    "server/outside.test.ts",
    "a rotation that dies after its outside effect is finished by the job, with the same password",
  ],
  G04: ["server/lease.test.ts", "a response that the audit does not take is withheld, and its lease revoked"],
}

/** Ids without a test, and why. */
const REASONS: Readonly<Record<string, string>> = {
  C14: "the method cert is not built yet: issue 4 leaves it to a later one",
  E07: "multi-factor authentication is not built yet: issue 4 leaves it to a later one",
  E10: "the method ldap is not built yet: issue 4 leaves it to a later one",
  E16: "the method jwt is not built yet: issue 4 leaves it to a later one",
  E17: "the method jwt is not built yet: issue 4 leaves it to a later one",
  E19: "the method jwt is not built yet: issue 4 leaves it to a later one",
  E20: "the method oidc is not built yet: issue 4 leaves it to a later one",
  E22: "the method kubernetes is not built yet: issue 4 leaves it to a later one",
  E23: "the method cert is not built yet: issue 4 leaves it to a later one",
  E25: "the method cert is not built yet: issue 4 leaves it to a later one",
  E26: "the method cert is not built yet: issue 4 leaves it to a later one",
  E28: "no auth method asks another server yet; engines that do are J06",
  E29: "the cloud methods are not built yet: issue 4 leaves them to a later one",
  H06: "transit is not built yet: issue 4 leaves it to a later one",
  H07: "transit is not built yet: issue 4 leaves it to a later one",
  H09: "transit is not built yet: issue 4 leaves it to a later one",
  H10: "transit is not built yet: issue 4 leaves it to a later one",
  H12: "transit is not built yet: issue 4 leaves it to a later one",
  H13: "transit is not built yet: issue 4 leaves it to a later one",
  K02: "a figure under load, not a verdict: npm run bench",
  K03: "a figure under load, not a verdict: npm run bench",
}

export interface Row {
  readonly id: string
  readonly group: string
  /** Test files that name the id. */
  readonly files: readonly string[]
  readonly reason: string | undefined
}

const root = join(import.meta.dirname, "../..")

/** Every id of the catalogue with the test files that name it, as `attack(house, "A01"` or in a test's title. */
export function table(): Row[] {
  const files = globSync("{api,hcl,policy,crypto,storage,server,engines,auth,tests}/**/*.test.ts", {
    cwd: root,
    exclude: path => /node_modules/.test(String(path)),
  })
  const texts = files.map(file => [file, readFileSync(join(root, file), "utf8")] as const)
  return Object.entries(CLASSES).flatMap(([group, ids]) =>
    ids.split(" ").map(id => {
      const named = new RegExp(`attack\\(\\s*\\w+,\\s*"${id}"|test\\(\\s*["'\`]${id}: |\\(${id}\\)`)
      const own = texts.filter(([, text]) => named.test(text)).map(([file]) => file)
      const [file, name] = ELSEWHERE[id] ?? []
      const other = texts.filter(([one, text]) => one === file && text.includes(name ?? "")).map(([one]) => one)
      return { id, group, files: [...new Set([...own, ...other])].sort(), reason: REASONS[id] }
    }),
  )
}

export function printed(rows: readonly Row[]): string {
  const covered = rows.filter(row => row.files.length > 0)
  const lines = rows.map(
    ({ id, group, files, reason }) => `${id}  ${group.padEnd(30)}  ${files.join(" ") || `– ${reason ?? ""}`}`,
  )
  return `${lines.join("\n")}\n\n${covered.length} of ${rows.length} ids have a test; the others have a reason.\n`
}

if (import.meta.main) process.stdout.write(printed(table()))
