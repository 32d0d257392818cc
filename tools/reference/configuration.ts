/** The page of the server's configuration: every stanza with its keys. */

import { STORAGE_TYPES } from "@arca/storage"
import {
  type Keys,
  listenerKeys,
  lockoutKeys,
  outboundKeys,
  requestKeys,
  staticSealKeys,
  telemetryKeys,
  topKeys,
  transitSealKeys,
} from "../../server/config/keys.ts"
import { blocks, code, contents, GENERATED, type Page, table } from "./markdown.ts"

interface Stanza {
  readonly heading: string
  readonly about: string
  readonly example?: string
  readonly body: string
}

export function configurationPage(): Page {
  const title = "Configuration"
  const summary = "The files that `arca server -config=` reads: HCL or JSON, with Vault's keys."
  const all = stanzas()
  return {
    path: "configuration.md",
    title,
    summary,
    part: "The server's configuration",
    text: `${blocks(
      `# ${title}`,
      GENERATED,
      "`arca server -config=` takes a file or a directory, in HCL or JSON, with Vault's keys; it may be given several times. " +
        "Unknown keys are told with their line, and ignored.",
      contents(all.map(({ heading, about }) => [heading, about])),
      ...all.map(({ heading, about, example, body }) => blocks(`## ${heading}`, about, hcl(example), body)),
    )}\n`,
  }
}

const hcl = (text: string | undefined): string => (text === undefined ? "" : `\`\`\`hcl\n${text}\n\`\`\``)

const keyTable = ({ known, idle }: Keys): string =>
  blocks(
    table(
      ["key", "type", "default", "meaning"],
      Object.entries(known).map(([name, { type, about, fallback }]) => [
        code(name),
        type,
        fallback === undefined ? "" : code(fallback),
        about,
      ]),
    ),
    idle.length === 0 ? "" : `Accepted without effect: ${idle.map(code).join(", ")}.`,
  )

function storageTable([name, { about, options }]: [string, (typeof STORAGE_TYPES)[string]]): string {
  const known = Object.entries(options).filter(([, meaning]) => meaning !== "")
  const idle = Object.keys(options).filter(option => options[option] === "")
  return blocks(
    `### storage "${name}"`,
    about,
    table(
      ["option", "meaning"],
      known.map(([option, meaning]) => [code(option), meaning]),
    ),
    idle.length === 0 ? "" : `Accepted without effect: ${idle.map(code).join(", ")}.`,
  )
}

const stanzas = (): Stanza[] => [
  { heading: "At the top", about: "Keys and stanzas of a file.", body: keyTable(topKeys) },
  {
    heading: "storage",
    about: "Where everything is kept, encrypted.",
    example: 'storage "lmdb" {\n  path = "/var/lib/arca"\n}',
    body: blocks(...Object.entries(STORAGE_TYPES).map(storageTable)),
  },
  {
    heading: "listener",
    about: "Where the server listens.",
    example:
      'listener "tcp" {\n  address       = "0.0.0.0:8200"\n  tls_cert_file = "/etc/arca/cert.pem"\n  tls_key_file  = "/etc/arca/key.pem"\n}',
    body: keyTable(listenerKeys),
  },
  {
    heading: "seal",
    about: "What guards the root key, where the server shall unseal by itself.",
    example:
      'seal "static" {\n  current_key_id = "2026-11"\n  current_key    = "file:///run/credentials/arca.service/seal-key"\n}',
    body: blocks('### seal "static"', keyTable(staticSealKeys), '### seal "transit"', keyTable(transitSealKeys)),
  },
  {
    heading: "audit",
    about: "An audit device that is there before the first request.",
    example: 'audit "file" "local" {\n  options {\n    file_path = "/var/log/arca/audit.log"\n  }\n}',
    body: "The options are those of [`sys/audit`](sys/audit.md).",
  },
  {
    heading: "initialize",
    about: "Requests that are made once, when the store is new, with a token that nobody sees.",
    example:
      'initialize "team" {\n  request "policy" {\n    operation = "update"\n    path      = "sys/policies/acl/app"\n    data = {\n      policy = "path \\"secret/data/app\\" { capabilities = [\\"read\\"] }"\n    }\n  }\n}',
    body: keyTable(requestKeys),
  },
  {
    heading: "user_lockout",
    about: "When failed logins lock a name out.",
    example: 'user_lockout "all" {\n  lockout_threshold = 10\n  lockout_duration  = "10m"\n}',
    body: keyTable(lockoutKeys),
  },
  {
    heading: "outbound",
    about: "Where engines may connect to.",
    example: 'outbound {\n  private_networks = false\n  allow            = ["10.1.0.0/16"]\n}',
    body: keyTable(outboundKeys),
  },
  {
    heading: "telemetry",
    about: "What `sys/metrics` counts, and how it is called.",
    example: 'telemetry {\n  disable_hostname          = true\n  prometheus_retention_time = "24h"\n}',
    body: keyTable(telemetryKeys),
  },
]
