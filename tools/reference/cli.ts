/** The pages of the command line: one for each command at the root. */

import type { Command, Entry, Example } from "../../cli/command.ts"
import { rootCommands } from "../../cli/commands/index.ts"
import type { Flag, FlagTable } from "../../cli/flags.ts"
import { httpFlags, outputFlags } from "../../cli/global-flags.ts"
import { blocks, code, contents, GENERATED, type Page, table } from "./markdown.ts"

const PART = "The command line"

export async function cliPages(): Promise<Page[]> {
  const pages = [sharedFlags()]
  for (const root of rootCommands("arca")) {
    if (root.hidden) continue
    const entry = await root.load()
    const all = commandsBelow([root.name], entry)
    pages.push({
      path: `cli/${root.name}.md`,
      title: `arca ${root.name}`,
      summary: `${root.summary}.`,
      part: PART,
      text: `${blocks(
        `# arca ${root.name}`,
        GENERATED,
        entry.summary,
        entry.about,
        entry.kind === "family" ? contents(all.map(([words, one]) => [`arca ${words.join(" ")}`, one.summary])) : "",
        ...all.map(([words, one]) => section(words, one, entry.kind === "family")),
        "Flags that many commands share are on a [page of their own](flags.md).",
      )}\n`,
    })
  }
  return pages
}

function commandsBelow(words: readonly string[], entry: Entry): [string[], Entry][] {
  if (entry.kind !== "family") return [[[...words], entry]]
  return entry.commands.flatMap(one => commandsBelow([...words, one.name], one))
}

function section(words: readonly string[], entry: Entry, headed: boolean): string {
  const usage = entry.kind === "command" ? ` [options] ${entry.args.usage}`.trimEnd() : " [options] [args]"
  return blocks(
    headed ? `## arca ${words.join(" ")}` : "",
    headed ? entry.summary : "",
    headed ? entry.about : "",
    `\`arca ${words.join(" ")}${usage}\``,
    entry.examples.map(exampleText).join("\n"),
    entry.kind === "command" ? flagTable(entry.flags) : "",
    entry.kind === "command" ? sharedBy(entry) : "",
  )
}

const exampleText = ([purpose, line]: Example): string =>
  `- ${purpose}: \`${line.includes("$0") ? line.replaceAll("$0", "arca") : `arca ${line}`}\``

function sharedBy({ local, prints }: Command): string {
  const takes = [
    prints === "nothing" ? "" : prints === "fields" ? "output flags" : "output flags except `-field`",
    local ? "" : "connection flags",
  ].filter(text => text !== "")
  return takes.length === 0 ? "" : `Takes ${takes.join(" and ")} as well.`
}

const VALUES = { string: "text", bool: "", int: "number", duration: "duration", list: "text", pairs: "key=value" }

function flagTable(flags: FlagTable): string {
  const shown = Object.entries(flags).filter(([, { hidden }]) => !hidden)
  return table(
    ["flag", "meaning"],
    shown.map(([name, flag]) => [code(`-${name}${shownValue(flag)}`), remarks(flag)]),
  )
}

const shownValue = (flag: Flag): string => {
  const value = flag.shown ?? VALUES[flag.kind]
  return value === "" ? "" : `=<${value}>`
}

const remarks = (flag: Flag): string =>
  [
    flag.about,
    flag.kind === "list" || flag.kind === "pairs" ? "May be given several times." : "",
    flag.alias === undefined ? "" : `Short: \`-${flag.alias}\`.`,
    flag.env === undefined ? "" : `Variable: \`VAULT_${flag.env}\`, \`BAO_${flag.env}\` or \`ARCA_${flag.env}\`.`,
  ]
    .filter(text => text !== "")
    .join(" ")

function sharedFlags(): Page {
  const title = "Flags of many commands"
  const summary = "How to reach a server, how to print what it answers."
  return {
    path: "cli/flags.md",
    title,
    summary,
    part: PART,
    text: `${blocks(
      `# ${title}`,
      GENERATED,
      summary,
      "Flags begin with one dash or two, and their values follow after `=` or a blank: `-format=json`, `--format json`.",
      "## Connection",
      flagTable(httpFlags),
      "## Output",
      flagTable(outputFlags),
    )}\n`,
  }
}
