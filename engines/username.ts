/** Names of accounts that are made by themselves, for engines whose other side keeps users. */

import { type Context, refuse } from "@arca/api"
import { compileTemplate } from "./username-template.ts"

/** What a template of usernames may ask for. */
export const NAME_FIELDS = ["DisplayName", "RoleName"]

/** Only what nothing reads as anything but a name; the template's own text is the operator's. */
export const tame = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, "-")

/**
 * A name for the caller and a role, by a template (engines/username-template.ts). Refuses (500) one that is empty, unprintable
 * or longer than `longest` bytes.
 */
export function usernameBy(ctx: Context, template: string, role: string, longest: number): string {
  const fields = { DisplayName: tame(ctx.caller.displayName), RoleName: tame(role) }
  const name = compileTemplate(template, NAME_FIELDS)({ now: ctx.now, random: ctx.random, fields })
  if (name !== "" && Buffer.byteLength(name) <= longest && !/[\0-\x1f\x7f]/.test(name)) return name
  throw refuse.failed(`the username template makes names that are empty, unprintable or longer than ${longest} bytes`)
}

/** Refuses (400) a template that cannot make a name: when it is written, not when a name is needed. */
export function checkTemplate(ctx: Context, template: string): void {
  if (template !== "")
    compileTemplate(
      template,
      NAME_FIELDS,
    )({ now: ctx.now, random: ctx.random, fields: { DisplayName: "", RoleName: "" } })
}
