import { customMetadataProblems, errorList, field, type Json, refuse } from "@arca/api"

const pairs = field.pairs("")

/** Custom metadata as it may be stored; null without any. All that is wrong with it is told at once. */
export function checkCustomMetadata(metadata: Json): Record<string, string> | null {
  const read = pairs.kind.read(metadata)
  if (!(read instanceof Map)) throw refuse.invalid("custom_metadata validation failed: expected a map of strings")
  const problems = [...customMetadataProblems(read)]
  if (problems.length > 0) throw refuse.invalid(errorList(problems))
  return read.size === 0 ? null : Object.fromEntries(read)
}
