import type { RootEntry } from "../tree.ts"

const entry = (
  name: string,
  summary: string,
  load: RootEntry["load"],
  extras: { common?: boolean; hidden?: boolean } = {},
): RootEntry => ({
  name,
  summary,
  load,
  ...extras,
})
const common = { common: true }

/** Every command by name. A command's code is loaded when it runs, so that start-up does not grow with their number. */
const everywhere: readonly RootEntry[] = [
  entry("read", "Read data and retrieve secrets", async () => (await import("./read.ts")).read, common),
  entry("write", "Write data, configuration, and secrets", async () => (await import("./write.ts")).write, common),
  entry("delete", "Delete secrets and configuration", async () => (await import("./delete.ts")).remove, common),
  entry("list", "List data or secrets", async () => (await import("./list.ts")).list, common),
  entry("login", "Authenticate and keep the token", async () => (await import("./login.ts")).login, common),
  entry("server", "Start a server", async () => (await import("./server.ts")).server, common),
  entry("status", "Print seal and HA status", async () => (await import("./status.ts")).status, common),
  entry("unwrap", "Unwrap a wrapped secret", async () => (await import("./unwrap.ts")).unwrap, common),
  entry("audit", "Interact with audit devices", async () => (await import("./audit.ts")).audit),
  entry("auth", "Interact with auth methods", async () => (await import("./auth.ts")).auth),
  entry(
    "completion",
    "Print completion for bash, zsh or fish",
    async () => (await import("./completion.ts")).completion,
  ),
  entry("debug", "Gather what helps to find out what is wrong", async () => (await import("./debug.ts")).debug),
  entry("kv", "Interact with key-value secrets", async () => (await import("./kv.ts")).kv),
  entry("lease", "Interact with leases", async () => (await import("./lease.ts")).lease),
  entry("monitor", "Stream the server's log", async () => (await import("./monitor.ts")).monitor),
  entry("namespace", "Interact with namespaces", async () => (await import("./namespace.ts")).namespace),
  entry("operator", "Perform operator-specific tasks", async () => (await import("./operator.ts")).operator),
  entry("patch", "Change some fields of data and configuration", async () => (await import("./write.ts")).patch),
  entry("path-help", "Explain what a path is for", async () => (await import("./path-help.ts")).pathHelp),
  entry("plugin", "Show engines and methods the server knows", async () => (await import("./plugin.ts")).plugin),
  entry("policy", "Interact with policies", async () => (await import("./policy.ts")).policy),
  entry("print", "Print what commands would use", async () => (await import("./print.ts")).print),
  entry("secrets", "Interact with secrets engines", async () => (await import("./secrets.ts")).secrets),
  entry("token", "Interact with tokens", async () => (await import("./token.ts")).token),
  entry("version", "Print this program's version", async () => (await import("./version.ts")).version),
  entry(
    "version-history",
    "Print which versions the server has run",
    async () => (await import("./version-history.ts")).versionHistory,
  ),
  entry("__complete", "", async () => (await import("./completion.ts")).completeWord, { hidden: true }),
]

/** What the program answers to under a name: `scan` finds leaks as `arca`, and lists recursively as `vault` or `bao`. */
export function rootCommands(program: string): readonly RootEntry[] {
  const scan =
    program === "arca"
      ? entry(
          "scan",
          "Find secrets that leaked into files and git history",
          async () => (await import("./scan.ts")).scanOrLeaks,
        )
      : entry("scan", "List data or secrets recursively", async () => (await import("./list.ts")).scan)
  return [...everywhere, scan].sort((a, b) => (a.name < b.name ? -1 : 1))
}
