/** Roles: in which namespaces tokens are given, for which service account, and for how long. */

import { type Context, crud, field, formatDuration, record, refuse, type Values } from "@arca/api"
import { emptyAsNull } from "../answer.ts"
import { checkTemplate } from "../username.ts"
import type { RoleType } from "./cluster.ts"
import { isObjectName } from "./cluster.ts"
import { rulesOf, selectorOf } from "./selector.ts"

export const roles = record("role", "roles/", {
  allowed_kubernetes_namespaces: field.commaList("Namespaces in which it may be used; `*` is any.", {
    default: [],
    plain: true,
  }),
  allowed_kubernetes_namespace_selector: field.string("Namespaces by their labels: a LabelSelector in JSON or YAML.", {
    default: "",
    plain: true,
  }),
  service_account_name: field.string("A service account that is there already.", { default: "", plain: true }),
  kubernetes_role_name: field.string("A role that is there already: a service account is made for it.", {
    default: "",
    plain: true,
  }),
  generated_role_rules: field.string("Rules in JSON or YAML: a role and a service account are made.", {
    default: "",
    plain: true,
  }),
  kubernetes_role_type: field.string("`Role` or `ClusterRole`.", { default: "Role", plain: true }),
  token_default_ttl: field.duration("How long tokens live; the mount's default when 0.", { default: 0 }),
  token_max_ttl: field.duration("How long they may be asked for; the mount's longest when 0.", { default: 0 }),
  token_default_audiences: field.commaList("Whom tokens are for; the cluster's own when empty.", {
    default: [],
    plain: true,
  }),
  name_template: field.string("How made objects are named.", { default: "", plain: true }),
  extra_labels: field.pairs("Labels of made objects.", { default: new Map<string, string>() }),
  extra_annotations: field.pairs("Annotations of made objects.", { default: new Map<string, string>() }),
})

export type Role = Values<typeof roles.fields>

export const NAME_TEMPLATE =
  '{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (unix_time) (random 24) | truncate 62 | lowercase }}'

/** The type in the cluster's spelling; undefined when it is neither. */
const roleTypeOf = (text: string): RoleType | undefined =>
  (["Role", "ClusterRole"] as const).find(type => type.toLowerCase() === text.toLowerCase())

function checked(role: Role, ctx: Context): Role {
  const namespaces = [...new Set(role.allowed_kubernetes_namespaces)]
  if (namespaces.length === 0 && role.allowed_kubernetes_namespace_selector === "") {
    throw refuse.invalid(
      "one (at least) of allowed_kubernetes_namespaces or allowed_kubernetes_namespace_selector must be set",
    )
  }
  const sources = [role.service_account_name, role.kubernetes_role_name, role.generated_role_rules]
  if (sources.filter(text => text !== "").length !== 1) {
    throw refuse.invalid(
      "one (and only one) of service_account_name, kubernetes_role_name or generated_role_rules must be set",
    )
  }
  if (role.token_max_ttl > 0 && role.token_default_ttl > role.token_max_ttl) {
    throw refuse.invalid(
      `token_default_ttl ${formatDuration(role.token_default_ttl)} cannot be greater than token_max_ttl ${formatDuration(role.token_max_ttl)}`,
    )
  }
  const kubernetes_role_type = roleTypeOf(role.kubernetes_role_type || "Role")
  if (kubernetes_role_type === undefined)
    throw refuse.invalid("kubernetes_role_type must be either 'Role' or 'ClusterRole'")
  if (role.service_account_name !== "" && !isObjectName(role.service_account_name))
    throw refuse.invalid(`${JSON.stringify(role.service_account_name)} is no name of a service account`)
  if (role.allowed_kubernetes_namespace_selector !== "") selectorOf(role.allowed_kubernetes_namespace_selector)
  if (role.generated_role_rules !== "") rulesOf(role.generated_role_rules)
  checkTemplate(ctx, role.name_template)
  return { ...role, allowed_kubernetes_namespaces: namespaces, kubernetes_role_type }
}

export const nameField = field.lowerCase("Name of the role.", {
  default: "",
  plain: true,
  pattern: "\\w(?:[\\w.-]*\\w)?",
})

export const roleRoutes = crud("roles", roles, {
  summary: "A role: read, write, delete.",
  nameField,
  check: checked,
  replies: { name: nameField, ...roles.fields },
  show: (role, _ctx, name) => ({ name, ...emptyAsNull(roles.shown(role)) }),
})
