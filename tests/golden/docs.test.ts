import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { referencePages, stalePages } from "../../tools/docs.ts"

test("the reference is what the declarations say: node tools/docs.ts", async () => {
  assert.deepEqual(await stalePages(), [])
})

test("every link of the reference leads somewhere", async () => {
  const pages = await referencePages()
  const broken: string[] = []
  for (const [path, text] of pages) {
    const headings = new Set(
      [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
          .replaceAll(/\s/g, "-"),
      ),
    )
    for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
      const [file = "", heading] = target.split("#")
      if (file === "" && heading !== undefined && !headings.has(heading)) broken.push(`${path}: #${heading}`)
      if (file !== "" && !exists(new URL(file, `file:///${path}`).pathname.slice(1), pages)) broken.push(`${path}: ${file}`)
    }
  }
  assert.deepEqual(broken, [])
})

function exists(path: string, pages: ReadonlyMap<string, string>): boolean {
  if (pages.has(path)) return true
  try {
    return readFileSync(new URL(`../../docs/reference/${path}`, import.meta.url), "utf8") !== ""
  } catch {
    return false
  }
}
