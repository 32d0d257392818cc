import { readFileSync } from "node:fs"
import type { Config } from "../rule.ts"
import { loadToml } from "./toml.ts"

/** The rules that are used when none are configured, and which `extend.useDefault` stands for. */
export function defaultConfig(): Config {
  return loadToml(readFileSync(new URL("../testdata/gitleaks.toml", import.meta.url), "utf8"), undefined, {
    read: path => readFileSync(path, "utf8"),
    defaultConfig: () => {
      throw new Error("the default rules extend nothing")
    },
    warn: () => {},
  })
}
