/** `{{identity.entity.id}}` and its like in paths: one policy text, another path for each caller. */

/** What templates can see of a caller. */
export interface Identity {
  readonly entity: IdentityEntity
  readonly groups: readonly IdentityGroup[]
}

export interface IdentityEntity {
  readonly id: string
  readonly name: string
  readonly metadata: ReadonlyMap<string, string>
  /** By mount accessor: the alias of that mount and of no other. */
  readonly aliases: ReadonlyMap<string, IdentityAlias>
}

export interface IdentityAlias {
  readonly id: string
  readonly name: string
  readonly metadata: ReadonlyMap<string, string>
  readonly customMetadata: ReadonlyMap<string, string>
}

export interface IdentityGroup {
  readonly id: string
  readonly name: string
  readonly metadata: ReadonlyMap<string, string>
}

/** Text and selectors in turn; it begins and ends with text. */
export interface Template {
  readonly texts: readonly string[]
  /** Between `texts[i]` and `texts[i + 1]`: `identity.entity.name`. */
  readonly selectors: readonly string[]
}

/** Splits a text at its `{{…}}`; undefined when there is none, `"unbalanced"` when a brace pair has no other half. */
export function parseTemplate(text: string): Template | "unbalanced" | undefined {
  const [head = "", ...rest] = text.split("{{")
  if (head.includes("}}")) return "unbalanced"
  if (rest.length === 0) return undefined
  const texts = [head]
  const selectors: string[] = []
  for (const piece of rest) {
    const [selector, tail, ...more] = piece.split("}}")
    if (selector === undefined || tail === undefined || more.length > 0) return "unbalanced"
    selectors.push(selector.trim())
    texts.push(tail)
  }
  return { texts, selectors }
}

/** Values that would change which paths a rule means, not only which one: refused wherever they come from. */
const UNSAFE = /[/+*\u0000-\u001f\u007f]/

/** The text for this caller; undefined when a selector has no value, or one that is not safe in a path. */
export function fillTemplate(template: Template, identity: Identity | undefined): string | undefined {
  if (identity === undefined) return undefined
  let filled = template.texts[0] ?? ""
  for (const [index, selector] of template.selectors.entries()) {
    const value = select(selector, identity)
    if (value === undefined || value === "" || UNSAFE.test(value)) return undefined
    filled += value + (template.texts[index + 1] ?? "")
  }
  return filled
}

const SELECTOR =
  /^identity\.(?:entity\.(?:id|name|metadata\..+|aliases\.[^.]+\.(?:id|name|metadata\..+|custom_metadata\..+))|groups\.(?:ids|names)\.[^.]+\.(?:id|name|metadata\..+))$/

/** Whether a selector has a form that can ever have a value. */
export const isSelector = (selector: string): boolean => SELECTOR.test(selector)

function select(selector: string, identity: Identity): string | undefined {
  if (!isSelector(selector)) return undefined
  const [, subject, ...rest] = selector.split(".")
  return subject === "entity" ? ofEntity(rest, identity.entity) : ofGroups(rest, identity.groups)
}

function ofEntity([field = "", ...rest]: readonly string[], entity: IdentityEntity): string | undefined {
  if (field !== "aliases") return ofNamed(field, rest, entity)
  const [accessor = "", aliasField = "", ...key] = rest
  const alias = entity.aliases.get(accessor)
  if (aliasField === "custom_metadata") return alias?.customMetadata.get(key.join("."))
  return alias && ofNamed(aliasField, key, alias)
}

function ofGroups([by, wanted, field = "", ...rest]: readonly string[], groups: readonly IdentityGroup[]) {
  const group = groups.find(one => (by === "ids" ? one.id : one.name) === wanted)
  return group && ofNamed(field, rest, group)
}

function ofNamed(field: string, key: readonly string[], named: IdentityGroup): string | undefined {
  if (field === "metadata") return named.metadata.get(key.join("."))
  return field === "id" ? named.id : named.name
}
