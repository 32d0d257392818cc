/** Two-space JSON as Go writes it: `<`, `>` and `&` are escaped, numbers keep their text. */
export function goJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(/[<>&\u2028\u2029]/g, escaped)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
