import type { Client } from "@arca/sdk"
import { command, type Foreign, family } from "../command.ts"
import { attempt } from "../failure.ts"
import { bool } from "../flags.ts"
import type { Output } from "../output/output.ts"
import { columns, table } from "../output/table.ts"
import { serverPart } from "../server-part.ts"
import { generateRoot } from "./operator-generate-root.ts"
import { init } from "./operator-init.ts"
import { migrate } from "./operator-migrate.ts"
import { raft } from "./operator-raft.ts"
import { rekey, rotateKeys } from "./operator-rekey.ts"
import { unseal } from "./operator-unseal.ts"

const seal = command({
  name: "seal",
  summary: "Seals the server: it forgets its keys and serves nothing until unsealed.",
  examples: [
    ["In an emergency", "operator seal"],
    ["Every node that shares the store", "operator seal -cluster"],
  ],
  flags: { cluster: bool("Seal every node, not only the one that answers.") },
  run: async ({ flags, out, client }) => {
    await attempt("Error sealing", (await client()).write("sys/seal", flags.cluster ? { cluster: true } : undefined))
    out.line("Success! Vault is sealed.")
  },
})

const stepDown = command({
  name: "step-down",
  summary: "Lets another server of the cluster become active.",
  examples: [["Before maintenance", "operator step-down"]],
  run: async ({ out, client }) => {
    const server = await client()
    await attempt("Error stepping down", server.write("sys/step-down"))
    out.line(`Success! Stepped down: ${server.settings.address}`)
  },
})

interface KeyStatus {
  readonly term: number
  readonly install_time: string
  readonly encryptions: number
}

async function keyStatusOf(server: Client): Promise<KeyStatus> {
  const reply = server.json<KeyStatus & { data?: KeyStatus }>({ method: "GET", path: "sys/key-status" })
  const { data, ...flat } = await attempt("Error reading key status", reply)
  const { term, install_time, encryptions } = data ?? flat
  return { term, install_time, encryptions }
}

async function showKeyStatus(out: Output, status: KeyStatus): Promise<void> {
  if (out.format !== "table") return out.value(status)
  out.line(
    columns([
      ["Key Term", String(status.term)],
      ["Install Time", rfc822(status.install_time)],
      ["Encryption Count", String(status.encryptions)],
    ]),
  )
}

/** `24 Nov 26 02:22 UTC` */
function rfc822(text: string): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return text
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) \d\d(\d\d) (\d+:\d+)/.exec(time.toUTCString()) ?? []
  return `${day} ${month} ${year} ${clock} UTC`
}

const keyStatus = command({
  name: "key-status",
  summary: "Shows the age and use of the key that encrypts the store.",
  examples: [["See whether it is time to rotate", "operator key-status"]],
  prints: "value",
  run: async ({ out, client }) => showKeyStatus(out, await keyStatusOf(await client())),
})

const rotate = command({
  name: "rotate",
  summary: "Makes a new key for what is written from now on; older ones stay to read the rest.",
  examples: [["Rotate", "operator rotate"]],
  prints: "value",
  run: async ({ out, client }) => {
    const server = await client()
    await attempt("Error rotating key", server.write("sys/rotate"))
    out.note("Success! Rotated key\n")
    await showKeyStatus(out, await keyStatusOf(server))
  },
})

interface Member {
  readonly hostname?: string
  readonly api_address?: string
  readonly cluster_address?: string
  readonly active_node?: boolean
  readonly version?: string
  readonly upgrade_version?: string
  readonly last_echo?: string | null
}

const members = command({
  name: "members",
  summary: "Lists the servers of the cluster.",
  examples: [["See them", "operator members"]],
  prints: "value",
  run: async ({ out, client }) => {
    const reading = (await client()).json<{ nodes?: Member[]; data?: { nodes?: Member[] } }>({
      method: "GET",
      path: "sys/ha-status",
    })
    const reply = await attempt("Error reading HA status", reading)
    const nodes = reply.nodes ?? reply.data?.nodes ?? []
    if (out.format !== "table") return out.value({ Nodes: nodes })
    const rows = nodes.map(node => [
      node.hostname ?? "",
      node.api_address ?? "",
      node.cluster_address ?? "",
      String(node.active_node === true),
      node.version ?? "",
      node.upgrade_version ?? "",
      node.last_echo ?? "",
    ])
    out.line(
      table(
        ["Host Name", "API Address", "Cluster Address", "Active Node", "Version", "Upgrade Version", "Last Echo"],
        rows,
      ),
    )
  },
})

/** A command that the server's own code carries out. */
const withServer = (exported: string, declared: Omit<Foreign, "kind" | "start">): Foreign => ({
  ...declared,
  kind: "foreign",
  start: async (line, io) => (await serverPart("diagnose", exported))(line, io),
})

export const operator = family({
  name: "operator",
  summary: "What those do who run the server.",
  examples: [
    ["Initialize a new server", "operator init"],
    ["Unseal it", "operator unseal"],
    ["Make a backup", "operator raft snapshot save backup.snap"],
  ],
  commands: [
    withServer("diagnoseCommand", {
      name: "diagnose",
      summary: "Checks the machine and the configuration before the server starts.",
      about: "The exit code says what was found: 0 nothing, 1 something that will fail, 2 something to think about.",
      usage: "-config=FILE [-config=FILE ...] [-format=json]",
      examples: [["Check both", "operator diagnose -config=/etc/arca/arca.hcl"]],
    }),
    generateRoot,
    init,
    keyStatus,
    members,
    migrate,
    raft,
    rekey,
    rotate,
    rotateKeys,
    seal,
    stepDown,
    unseal,
    withServer("validateConfigCommand", {
      name: "validate-config",
      summary: "Checks a configuration file.",
      usage: "-config=FILE [-config=FILE ...]",
      examples: [["Check a file", "operator validate-config -config=/etc/arca/arca.hcl"]],
    }),
  ],
})
