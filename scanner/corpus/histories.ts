import { chmodSync, renameSync, rmSync, unlinkSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Repository } from "../testing.ts"
import { write } from "../testing.ts"
import { zip } from "./archives.ts"
import { type Case, samples } from "./corpus.ts"
import { type Random, randomFrom } from "./random.ts"

type Make = (repo: Repository, random: Random, secret: () => string) => void

const history = (logOptions: string[] = []) => ({ kind: "history", repository: ".", logOptions }) as const

/** Repositories: each commit has one author and one date, so that its id is the same everywhere. */
export const histories: readonly Case[] = [
  historyCase("a history of edits", 20, edits),
  historyCase("merges, side branches and an orphan", 21, merges),
  historyCase("renames, copies, deletions and modes", 22, moves),
  historyCase("first parents only", 21, merges, history(["--first-parent", "-m", "main"])),
  historyCase("a range without merges", 20, edits, history(["--no-merges", "HEAD~5..HEAD"])),
  historyCase("line ends, odd names and foreign text", 23, oddities),
  historyCase("binary files, submodules and archives", 24, binaries),
  historyCase("archives opened in a history", 24, binaries, history(), { maxArchiveDepth: 2 }),
  historyCase("staged changes", 25, uncommitted, { kind: "changes", repository: ".", staged: true }),
  historyCase("changes that are not staged", 25, uncommitted, { kind: "changes", repository: ".", staged: false }),
]

function historyCase(
  name: string,
  seed: number,
  make: Make,
  target: Case["target"] = history(),
  options: Case["options"] = {},
): Case {
  return {
    name,
    target,
    options,
    build(_, repository) {
      const random = randomFrom(seed)
      let pool = samples(random)
      const secret = () => {
        if (pool.length === 0) pool = samples(random)
        return pool.splice(random.below(pool.length), 1)[0]?.text ?? ""
      }
      make(repository(), random, secret)
    },
  }
}

const page = (random: Random, secret: () => string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    random.chance(0.3) ? `key${i} = "${secret()}"` : `line ${random.below(99)}`,
  ).join("\n")

function edits(repo: Repository, random: Random, secret: () => string): void {
  const text: string[] = Array.from({ length: 30 }, (_, i) => `line ${i}`)
  for (let i = 0; i < 12; i++) {
    for (let edit = 0; edit < 5; edit++) {
      const line = random.below(text.length)
      if (random.chance(0.3)) text.splice(line, 1)
      else if (random.chance(0.5)) text.splice(line, 0, `token: ${secret()}`)
      else text[line] = `value = '${secret()}'`
    }
    repo.commit(
      { "src/app.conf": text.join("\n") + (i % 3 === 0 ? "" : "\n") },
      `Edit ${i}\n\nBecause of\tthis.\n\n\n- one\n- two`,
    )
  }
  repo.commit({}, "Nothing changes")
}

function merges(repo: Repository, random: Random, secret: () => string): void {
  repo.commit({ "a.txt": `${page(random, secret, 10)}\n` }, "Root")
  repo.git("checkout", "-q", "-b", "side")
  repo.commit({ "b.txt": `${page(random, secret, 10)}\n`, "a.txt": `side ${secret()}\n` }, "Side")
  repo.git("checkout", "-q", "main")
  repo.commit({ "a.txt": `main ${secret()}\n` }, "Main")
  repo.git("merge", "-q", "--no-commit", "-s", "ours", "side")
  // An evil merge: what it adds is in no parent.
  repo.commit({ "a.txt": `merged ${secret()}\nmain\n` }, "Merge side")
  repo.git("checkout", "-q", "--orphan", "orphan")
  repo.commit({ "c.txt": `${page(random, secret, 6)}\n` }, "Orphan root")
  repo.git("tag", "kept")
  repo.git("checkout", "-q", "main")
  repo.git("branch", "-q", "-D", "orphan")
}

function moves(repo: Repository, random: Random, secret: () => string): void {
  repo.commit(
    { "old/name.txt": `${page(random, secret, 20)}\n`, "gone.txt": `${secret()}\n`, "mode.sh": `${secret()}\n` },
    "Begin",
  )
  const at = (name: string) => join(repo.path, name)
  renameSync(at("old/name.txt"), at("new name.txt"))
  repo.commit({}, "Rename")
  unlinkSync(at("gone.txt"))
  chmodSync(at("mode.sh"), 0o755)
  repo.commit({}, "Delete and change a mode")
  repo.git("mv", "new name.txt", "später.txt")
  write(repo.path, { "später.txt": `${page(random, secret, 20)}\nnew ${secret()}\n` })
  repo.commit({}, "Rename and rewrite")
  rmSync(at("old"), { recursive: true, force: true })
  repo.commit({ "old/name.txt": `${page(random, secret, 3)}\n` }, "Again")
}

function oddities(repo: Repository, random: Random, secret: () => string): void {
  const text = (end: string) => page(random, secret, 8).replaceAll("\n", end) + end
  repo.commit({ "crlf.txt": text("\r\n"), "cr.txt": text("\r"), "none.txt": text("\n").trimEnd() }, "Line ends")
  repo.commit(
    { 'quo"te.txt': text("\n"), "tab\there.txt": text("\n"), "ü ñ.txt": text("\n"), "sp ace.txt": text("\n") },
    "Namen: äöü",
  )
  repo.commit(
    {
      "+plus.txt": `++ ${secret()}\n-- ${secret()}\n@@ -1 +1 @@ ${secret()}\ndiff --git a/x b/x\n\\ No newline ${secret()}\n`,
    },
    "Like a patch",
  )
  repo.commit({ "none.txt": `${text("\n")}é ${secret()} K` }, "  Title with spaces  \n\n\tbody\ttabs\n  trailing   \n")
  repo.commit(
    {
      "latin1.txt": Buffer.concat([Buffer.from([0xe9, 0x20]), Buffer.from(`${secret()}\n`)]),
      "long.txt": `${"x".repeat(200_000)} ${secret()}\n`,
    },
    "Bytes",
  )
}

function binaries(repo: Repository, random: Random, secret: () => string): void {
  const text = () => `${page(random, secret, 10)}\n`
  repo.commit(
    { "app.bin": Buffer.from(`\0\0${text()}`), "a.zip": zip({ "in.txt": text(), "sub/x.txt": text() }) },
    "Binary",
  )
  repo.commit({ "a.zip": zip({ "in.txt": text() }), "log.txt.gz": gzipSync(text()), "app.bin": text() }, "Change them")
  repo.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},module`)
  write(repo.path, {
    ".gitmodules": `[submodule "module"]\n\tpath = module\n\turl = https://example.com/${"m"}\n# ${secret()}\n`,
  })
  repo.git("add", ".gitmodules")
  repo.git("commit", "-q", "-m", "Add a submodule")
  repo.git("update-index", "--cacheinfo", `160000,${"2".repeat(40)},module`)
  repo.git("commit", "-q", "-m", "Move the submodule")
}

function uncommitted(repo: Repository, random: Random, secret: () => string): void {
  repo.commit({ "a.txt": `${page(random, secret, 12)}\n`, "b.txt": `${secret()}\n`, "c.txt": "plain\n" }, "Begin")
  write(repo.path, { "a.txt": `${page(random, secret, 12)}\n`, "new.txt": `${page(random, secret, 5)}` })
  unlinkSync(join(repo.path, "b.txt"))
  repo.git("add", "-A")
  write(repo.path, {
    "a.txt": `${page(random, secret, 12)}\n`,
    "c.txt": `plain\nthen ${secret()}\n`,
    "untracked.txt": `${secret()}\n`,
  })
}
