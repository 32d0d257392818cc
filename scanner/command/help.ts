import { installedFile } from "../installed.ts"
import { commandFlags, type Flag, type FlagTable, globalFlags } from "./flags.ts"

const commands: readonly (readonly [usage: string, about: string])[] = [
  ["git [repository]", "search a repository's history; with --staged or --pre-commit what is not committed"],
  ["dir [path]", "search the files below a folder, or one file (also: file, directory)"],
  ["stdin", "search standard input"],
  ["logs FILE...", "search log files (text, Docker, Kubernetes, journalctl -o json; .gz, .zst; -); --follow watches"],
  ["s3 --bucket NAME", "search a bucket of Amazon S3 or of a store that speaks its protocol"],
  ["github TARGET", "search owner/name, or all of an organisation or user: histories, issues, pull requests, gists …"],
  ["gitlab TARGET", "search a project, group or user: histories, issues, merge requests, snippets …"],
  ["detect", "Gitleaks' older form of git, dir and stdin"],
  ["protect", "Gitleaks' older form of git --pre-commit"],
  ["version", "print the version"],
]

export function versionText(): string {
  return String(JSON.parse(installedFile("package.json").toString("utf8")).version)
}

/** Help for the program, or for one command of it. */
export function helpText(title: string, command: string | undefined): string {
  const own = Object.entries(commandFlags).find(([name]) => name === command)?.[1]
  const shown = commands.filter(([usage]) => own === undefined || usage.split(" ")[0] === command)
  return [
    `Finds leaked secrets.\n\nUsage: ${title} <command> [flags]\n`,
    ...shown.map(([usage, about]) => `  ${usage.padEnd(20)} ${about}`),
    ...(own === undefined || Object.keys(own).length === 0 ? [] : [`\nFlags of ${command}:`, ...flagLines(own)]),
    "\nFlags:",
    ...flagLines(globalFlags),
    "\nExit codes: 0 no leaks; 1 (or --exit-code) leaks; 1 a mistake, or something that could not be scanned; 126 an unknown flag.\n",
  ].join("\n")
}

const flagLines = (table: FlagTable) => Object.entries(table).map(([name, flag]) => flagLine(name, flag))

function flagLine(name: string, { kind, short, about, preset }: Flag): string {
  const value =
    kind === "switch"
      ? ""
      : kind === "percent"
        ? "[=N]"
        : ` ${kind === "number" ? "N" : kind === "list" ? "ID,…" : "TEXT"}`
  const left = `  ${short === undefined ? "    " : `-${short}, `}--${name}${value}`
  return `${left.padEnd(34)} ${about}${preset === undefined ? "" : ` (${preset})`}`
}
