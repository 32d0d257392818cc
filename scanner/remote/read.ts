/** Reading answers of which nothing is certain. */

export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** The value at a path such as `user.login`; undefined where there is none. */
export function valueAt(from: unknown, path: string): unknown {
  let value = from
  for (const key of path.split(".")) {
    if (!isObject(value)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/** The text (or number, as text) at a path; "" where there is none. */
export function textAt(from: unknown, path: string): string {
  const value = valueAt(from, path)
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : ""
}

export const numberAt = (from: unknown, path: string) => Number(textAt(from, path) || 0)
