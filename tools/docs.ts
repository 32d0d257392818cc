/**
 * Writes `docs/reference/` from the declarations (engines, auth methods, `sys/`, commands, configuration), and the client's types
 * (`sdk/paths.ts`). What is there by hand
 * (`differences.md` and pages of topics) stays.
 *
 *     node tools/docs.ts            write them
 *     node tools/docs.ts --check    complain when they are not up to date
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { pathToFileURL } from "node:url"
import { testServer } from "../server/testing.ts"
import { apiPages } from "./reference/api.ts"
import { cliPages } from "./reference/cli.ts"
import { configurationPage } from "./reference/configuration.ts"
import { blocks, GENERATED, link, type Page } from "./reference/markdown.ts"
import { clientTypes } from "./reference/types.ts"

const FOLDER = new URL("../docs/reference/", import.meta.url)

/** Every generated page by its path below `docs/reference/`. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const { server } = await testServer()
  const pages = [...apiPages(server.registry.engines), ...(await cliPages()), configurationPage()]
  return new Map([["README.md", contentsOf(pages)], ...pages.map(({ path, text }) => [path, text] as const)])
}

function contentsOf(pages: readonly Page[]): string {
  const parts = [...new Set(pages.map(({ part }) => part))]
  const written = handwritten()
  return `${blocks(
    "# Reference",
    GENERATED,
    "Everything here but the last part is made from the declarations that the server and the command line run on.",
    ...parts.map(part =>
      blocks(
        `## ${part}`,
        pages
          .filter(page => page.part === part)
          .map(({ title, path, summary }) => `- ${link(title, path)}: ${summary}`)
          .join("\n"),
      ),
    ),
    written.length === 0 ? "" : "## Written by hand",
    written.map(path => `- ${link(titleOf(path), path)}`).join("\n"),
  )}\n`
}

/** Pages that no declaration makes. */
const handwritten = (): string[] => files().filter(path => path !== "README.md" && !isGenerated(path))

const titleOf = (path: string): string => /^# (.*)$/m.exec(read(path))?.[1] ?? path

const read = (path: string): string => readFileSync(new URL(path, FOLDER), "utf8")

export const isGenerated = (path: string): boolean => read(path).includes(GENERATED)

/** Every page below `docs/reference/`. */
export const files = (): string[] =>
  readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter(path => path.endsWith(".md"))
    .sort()

/** Pages that differ from what would be written now, or that nothing makes any more. */
export async function stalePages(): Promise<string[]> {
  const pages = await referencePages()
  const there = new Set(files())
  const changed = [...pages].filter(([path, text]) => !there.has(path) || read(path) !== text).map(([path]) => path)
  const types = readFileSync(TYPES, "utf8") === (await typesText()) ? [] : ["../../sdk/paths.ts"]
  return [...types, ...changed, ...[...there].filter(path => isGenerated(path) && !pages.has(path))]
}

const TYPES = new URL("../sdk/paths.ts", import.meta.url)

/** The text of `sdk/paths.ts`, as it should be. */
export async function typesText(): Promise<string> {
  const { server } = await testServer()
  return clientTypes(server.registry.engines)
}

async function write(): Promise<void> {
  writeFileSync(TYPES, await typesText())
  const pages = await referencePages()
  for (const path of files()) if (isGenerated(path) && !pages.has(path)) rmSync(new URL(path, FOLDER))
  for (const [path, text] of pages) {
    mkdirSync(dirname(new URL(path, FOLDER).pathname), { recursive: true })
    writeFileSync(new URL(path, FOLDER), text)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (process.argv[2] === "--check") {
    const stale = await stalePages()
    for (const path of stale) process.stderr.write(`docs/reference/${path} is not up to date: node tools/docs.ts\n`)
    process.exitCode = stale.length === 0 ? 0 : 1
  } else await write()
}
