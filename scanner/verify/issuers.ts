/** The rules whose findings can be verified, each with how. */
export function verifiersByRule(): Map<string, string> {
  return new Map()
}
