/** Extensions of compressed files. */
export const compressions: readonly string[] = [
  ".gz",
  ".tgz",
  ".zst",
  ".br",
  ".zz",
  ".bz2",
  ".xz",
  ".lz4",
  ".lz",
  ".mz",
  ".sz",
]
const containers = [".zip", ".tar", ".7z", ".rar"]
const anywhere = [...containers, ...compressions.filter(extension => extension !== ".tgz")]

/** Whether a file's name says that it is an archive or compressed (by what the name contains, as Gitleaks judges). */
export function archiveKind(path: string): string | undefined {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("!")) + 1).toLowerCase()
  if (!name.includes(".")) return undefined
  return anywhere.find(extension => name.includes(extension)) ?? (name.endsWith(".tgz") ? ".tgz" : undefined)
}
