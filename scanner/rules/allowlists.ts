import type { Allowlist } from "../rule.ts"

// What no rule looks at, and what is no secret for any. The same as Gitleaks' global lists, so that findings agree.

const dependencies = [
  String.raw`(?:^|/)node_modules(?:/.*)?$`,
  String.raw`(?:^|/)bower_components(?:/.*)?$`,
  String.raw`(?:^|/)vendor/(?:bundle|ruby)(?:/.*?)?$`,
  String.raw`(?:^|/)vendor/modules\.txt$`,
  String.raw`(?:^|/)vendor/(?:github\.com|golang\.org/x|google\.golang\.org|gopkg\.in|istio\.io|k8s\.io|sigs\.k8s\.io)(?:/.*)?$`,
  String.raw`(?i)(?:^|/)(?:v?env|virtualenv)/lib(?:64)?(?:/.*)?$`,
  String.raw`(?i)(?:^|/)(?:lib(?:64)?/python[23](?:\.\d{1,2})+|python/[23](?:\.\d{1,2})+/lib(?:64)?)(?:/.*)?$`,
  String.raw`(?i)(?:^|/)[a-z0-9_.]+-[0-9.]+\.dist-info(?:/.+)?$`,
  String.raw`\.gem$`,
]

const lockFiles = [
  String.raw`go\.(?:mod|sum|work(?:\.sum)?)$`,
  String.raw`(?:^|/)gradle\.lockfile$`,
  String.raw`(?:^|/)(?:deno\.lock|npm-shrinkwrap\.json|package-lock\.json|pnpm-lock\.yaml|yarn\.lock)$`,
  String.raw`(?:^|/)(?:Pipfile|poetry)\.lock$`,
  String.raw`verification-metadata\.xml`,
]

const builds = [
  String.raw`(?:^|/)gradlew(?:\.bat)?$`,
  String.raw`(?:^|/)mvnw(?:\.cmd)?$`,
  String.raw`(?:^|/)\.mvn/wrapper/MavenWrapperDownloader\.java$`,
  String.raw`(?:^|/)(?:angular|bootstrap|jquery(?:-?ui)?|plotly|swagger-?ui)[a-zA-Z0-9.-]*(?:\.min)?\.js(?:\.map)?$`,
  String.raw`(?:^|/)javascript\.json$`,
  String.raw`Database.refactorlog`,
]

const binaries = [
  String.raw`(?i)\.(?:bmp|gif|jpe?g|png|svg|tiff?)$`,
  String.raw`(?i)\.(?:eot|[ot]tf|woff2?)$`,
  String.raw`(?i)\.(?:docx?|xlsx?|pdf|bin|socket|vsidx|v2|suo|wsuo|.dll|pdb|exe|gltf)$`,
]

const words = [
  // Go's flags hold to the end of the joined list: what follows is read without regard to case, there as here.
  String.raw`(?i)^true|false|null$`,
  `^(?i:${[..."abcdefghijklmnopqrstuvwxyz", String.raw`\*`, String.raw`\.`].map(char => `${char}+`).join("|")})$`,
]

/** `$NAME`, `${NAME}`, `{{ name }}`, `${{ secrets.NAME }}`, `%NAME%`, `%s`, `{0}`, `@NAME@`. */
const placeholders = [
  String.raw`^\$(?:\d+|{\d+})$`,
  String.raw`^\$(?:[A-Z_]+|[a-z_]+)$`,
  String.raw`^\${(?:[A-Z_]+|[a-z_]+)}$`,
  String.raw`^\{\{[ \t]*[\w ().|]+[ \t]*}}$`,
  String.raw`^\$\{\{[ \t]*(?:(?:env|github|secrets|vars)(?:\.[A-Za-z]\w+)+[\w "'&./=|]*)[ \t]*}}$`,
  String.raw`^%(?:[A-Z_]+|[a-z_]+)%$`,
  String.raw`^%[+\-# 0]?[bcdeEfFgGoOpqstTUvxX]$`,
  String.raw`^\{\d{0,2}}$`,
  String.raw`^@(?:[A-Z_]+|[a-z_]+)@$`,
]

const filePaths = [
  String.raw`^/Users/(?i)[a-z0-9]+/[\w .-/]+$`,
  String.raw`^/(?:bin|etc|home|opt|tmp|usr|var)/[\w ./-]+$`,
]

export const globalAllowlist: Allowlist = {
  description: "dependencies, lock files, binaries, placeholders",
  condition: "or",
  commits: [],
  paths: [String.raw`gitleaks\.toml`, ...binaries, ...lockFiles, ...builds, ...dependencies, String.raw`(?:^|/)\.git$`],
  regexTarget: "secret",
  regexes: [...words, ...placeholders, ...filePaths],
  stopwords: ["014df517-39d1-4453-b7b3-9930c563627c", "abcdefghijklmnopqrstuvwxyz"],
}
