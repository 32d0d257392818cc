/**
 * Installs the programs that the tests use as counterparts, on Debian and its relatives: `node tools/parts.ts`.
 * Without the rights to do so it prints what to install and goes on: tests whose counterpart is absent skip with a reason.
 */

import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"

/** A Debian package, and the file or folder that shows it is there. */
const PARTS: readonly { readonly name: string; readonly shows: string; readonly for: string }[] = [
  { name: "postgresql", shows: "/usr/lib/postgresql", for: "the PostgreSQL store" },
  { name: "etcd-server", shows: "/usr/bin/etcd", for: "the etcd store" },
  { name: "haproxy", shows: "/usr/sbin/haproxy", for: "several nodes behind a balancer" },
  { name: "strace", shows: "/usr/bin/strace", for: "injecting disk errors" },
  { name: "oathtool", shows: "/usr/bin/oathtool", for: "one-time passwords" },
  { name: "zbar-tools", shows: "/usr/bin/zbarimg", for: "reading QR codes" },
  { name: "rabbitmq-server", shows: "/usr/lib/rabbitmq", for: "the RabbitMQ engine" },
  { name: "mariadb-server", shows: "/usr/sbin/mariadbd", for: "the database engine" },
  { name: "redis-server", shows: "/usr/bin/redis-server", for: "the database engine" },
  { name: "influxdb", shows: "/usr/bin/influxd", for: "the database engine" },
  { name: "jq", shows: "/usr/bin/jq", for: "the documentation's commands" },
  { name: "curl", shows: "/usr/bin/curl", for: "the documentation's commands" },
  { name: "p7zip-full", shows: "/usr/bin/7z", for: "7z archives for the scanner" },
  { name: "slapd", shows: "/usr/sbin/slapd", for: "the LDAP engine" },
]

const absent = PARTS.filter(part => !existsSync(part.shows))
for (const part of PARTS) console.log(`${absent.includes(part) ? "absent " : "present"}  ${part.name} (${part.for})`)
if (absent.length > 0) process.exitCode = install(absent.map(part => part.name))

function install(names: readonly string[]): number {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    console.error(`Install them as root: apt-get install ${names.join(" ")}`)
    return 0
  }
  const apt = (...args: string[]) =>
    spawnSync("apt-get", args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status
  return apt("update") || apt("install", "-y", "--no-install-recommends", ...names) || 0
}
