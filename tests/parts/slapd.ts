/** A real OpenLDAP server for tests: its own directory and ports, over TCP and TLS, gone afterwards. */

import { type ChildProcess, execFile, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { ended } from "./ended.ts"
import { freePort } from "./port.ts"

const PROGRAM = "/usr/sbin/slapd"
const run = promisify(execFile)

export interface DirectoryServer {
  /** `ldap://127.0.0.1:port` */
  readonly url: string
  /** `ldaps://127.0.0.1:port` */
  readonly secureUrl: string
  /** The certificate to trust, PEM. */
  readonly certificate: string
  stop(): Promise<void>
}

/** Why tests that need the server must be skipped here; undefined when they can run. */
export const missing = (): string | undefined =>
  existsSync(PROGRAM) ? undefined : "slapd is not installed (node tools/parts.ts installs it on Debian)"

export const SUFFIX = "dc=example,dc=org"
/** An account that may do everything, whose password is an attribute like any other. */
export const MANAGER = `cn=manager,${SUFFIX}`
export const MANAGER_PASSWORD = "first-manager-password"

/** Attributes of Active Directory and RACF, so that what is sent for them can be read back. */
const FOREIGN_SCHEMA = `
attributetype ( 1.2.840.113556.1.4.90 NAME 'unicodePwd' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.18.0.2.4.186 NAME 'racfPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.3.18.0.2.4.187 NAME 'racfAttributes' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.18.0.2.4.188 NAME 'racfid' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.18.0.2.4.189 NAME 'racfPassPhrase' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'foreignAccount' AUXILIARY
  MAY ( unicodePwd $ userPrincipalName $ racfPassword $ racfAttributes $ racfid $ racfPassPhrase ) )
`

const entry = (name: string, more = ""): string =>
  `dn: cn=${name},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: foreignAccount\ncn: ${name}\nsn: ${name}\n${more}\n`

const ENTRIES = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ${MANAGER}
objectClass: person
cn: manager
sn: manager
userPassword: ${MANAGER_PASSWORD}

dn: ou=people,${SUFFIX}
objectClass: organizationalUnit
ou: people

${entry("alice", "userPassword: alice-first\nracfid: alice\nuserPrincipalName: alice@example.org")}
${entry("bob", "userPassword: bob-first")}
${entry("svc1")}
${entry("svc2")}
${entry("star*(")}
`

const configuration = (dir: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include ${dir}/foreign.schema
pidfile ${dir}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${dir}/cert.pem
TLSCertificateKeyFile ${dir}/key.pem
database mdb
directory ${dir}/data
suffix "${SUFFIX}"
dbnosync
access to * by dn.exact="${MANAGER}" manage by anonymous auth by self read
`

/** Starts a server with a manager, and the people alice, bob, svc1, svc2 and one called `star*(`. */
export async function start(): Promise<DirectoryServer> {
  const dir = await mkdtemp(join(tmpdir(), "arca-slapd-"))
  const [plain, secure] = [await freePort(), await freePort()]
  await mkdir(join(dir, "data"))
  await writeFile(join(dir, "slapd.conf"), configuration(dir))
  await writeFile(join(dir, "foreign.schema"), FOREIGN_SCHEMA)
  await writeFile(join(dir, "entries.ldif"), ENTRIES)
  const certificate = await madeCertificate(dir)
  await run("/usr/sbin/slapadd", ["-q", "-f", join(dir, "slapd.conf"), "-l", join(dir, "entries.ldif")])
  const urls = { url: `ldap://127.0.0.1:${plain}`, secureUrl: `ldaps://127.0.0.1:${secure}` }
  const args = ["-d", "0", "-h", `${urls.url} ${urls.secureUrl}`, "-f", join(dir, "slapd.conf")]
  const server = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"] })
  const stop = async (): Promise<void> => {
    await ended(server)
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await listening(server, secure)
  } catch (error) {
    await stop()
    throw error
  }
  return { ...urls, certificate, stop }
}

async function madeCertificate(dir: string): Promise<string> {
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
  const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")]
  await run("openssl", ["req", "-x509", "-nodes", "-days", "2", "-newkey", "rsa:2048", ...subject, ...files])
  const { stdout } = await run("cat", [join(dir, "cert.pem")])
  return stdout
}

async function listening(server: ChildProcess, port: number): Promise<void> {
  let log = ""
  server.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text))
  for (let tries = 0; tries < 200; tries++) {
    if (server.exitCode !== null) throw new Error(`slapd ended with status ${server.exitCode}:\n${log}`)
    if (await accepts(port)) return
    await setTimeout(50)
  }
  throw new Error(`slapd does not listen:\n${log}`)
}

const accepts = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })
