/** How to log in by an auth method: what to type, and the K=V pairs it takes. */
interface Method {
  readonly purpose: string
  readonly example: string
  readonly pairs: readonly (readonly [name: string, meaning: string])[]
}

const password: Method["pairs"] = [
  ["username", "Name to log in with."],
  ["password", "Asked for when left out."],
]

const methods = new Map<string, Method>([
  [
    "token",
    {
      purpose: "A token that you have",
      example: "token=hvs.CAESIJ…",
      pairs: [
        ["token", "Asked for when left out."],
        ["lookup", "false: keep it without checking it."],
      ],
    },
  ],
  ["userpass", { purpose: "Name and password, kept by the server", example: "username=sally", pairs: password }],
  ["ldap", { purpose: "Name and password of a directory", example: "username=sally", pairs: password }],
  ["radius", { purpose: "Name and password of a RADIUS server", example: "username=sally", pairs: password }],
  [
    "approle",
    {
      purpose: "Role and secret of an application",
      example: "role_id=… secret_id=@secret-id",
      pairs: [
        ["role_id", "The role's id."],
        ["secret_id", "One of its secrets, unless the role needs none."],
      ],
    },
  ],
  [
    "jwt",
    {
      purpose: "A signed token of an identity provider",
      example: "role=ci jwt=@token.jwt",
      pairs: [
        ["role", "The role to log in to."],
        ["jwt", "The token."],
      ],
    },
  ],
  [
    "kubernetes",
    {
      purpose: "The service account of a pod",
      example: "role=web",
      pairs: [
        ["role", "The role to log in to."],
        ["jwt", "The account's token; read from the pod when left out."],
        ["token_path", "File to read it from."],
      ],
    },
  ],
  [
    "cert",
    {
      purpose: "A client certificate; give -client-cert and -client-key too",
      example: "name=web",
      pairs: [["name", "The role to match; any when left out."]],
    },
  ],
])

/** Help on the method of that type; undefined when we have none. */
export function methodHelp(type: string, program: string): string | undefined {
  const method = methods.get(type)
  if (method === undefined) return undefined
  const pairs = method.pairs.map(([name, meaning]) => `  ${name}=<string>\n      ${meaning}`).join("\n\n")
  return [
    `Usage: ${program} login -method=${type} [CONFIG K=V...]`,
    `  ${method.purpose}.`,
    `Example:\n\n      $ ${program} login -method=${type} ${method.example}`,
    `Configuration:\n\n${pairs}\n\n  mount=<string>\n      Path where the method is mounted; "${type}" unless told.`,
  ].join("\n\n")
}
