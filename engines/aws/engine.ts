/** Credentials of AWS: users and sessions that live as long as their lease, and access keys that are replaced by a plan. */

import { type Answer, type Context, engine, field, refuse, route } from "@arca/api"
import { type CredentialType, type Role, roleRoutes, roles } from "./roles.ts"
import { configRoutes } from "./root.ts"
import { rotateRootRoute } from "./rotate-root.ts"
import { issueSession, session } from "./sessions.ts"
import { roles as staticRoles, staticRoutes } from "./static.ts"
import { issueUser, user } from "./users.ts"

/** Older roles have two types: the path then tells which is meant. */
function typeFor(role: Role, path: string): CredentialType {
  const [only = "iam_user"] = role.credential_type
  const meant = role.credential_type.length === 1 ? only : path.startsWith("creds/") ? "iam_user" : "federation_token"
  if (meant === "assumed_role" || meant === "federation_token" || meant === "session_token") return meant
  return "iam_user"
}

interface Asked {
  readonly name?: string | undefined
  readonly ttl?: number | undefined
  readonly role_arn: string
  readonly role_session_name: string
  readonly mfa_code: string
}

async function issue(asked: Asked, ctx: Context): Promise<Answer> {
  const roleName = asked.name ?? ""
  const role = await roles.get(ctx.store, roleName)
  if (role === undefined) throw refuse.invalid(`Role ${JSON.stringify(roleName)} not found`)
  const type = typeFor(role, ctx.request.path)
  if (type === "iam_user") return issueUser(ctx, roleName, role)
  return issueSession[type](ctx, {
    roleName,
    role,
    ttl: asked.ttl,
    roleArn: asked.role_arn,
    roleSessionName: asked.role_session_name,
    mfaCode: asked.mfa_code,
  })
}

const issued = {
  access_key: field.string("The access key."),
  secret_key: field.string("Its secret.", { secret: true }),
  security_token: field.string("The session's token.", { secret: true, optional: true }),
  session_token: field.string("The same.", { secret: true, optional: true }),
  arn: field.string("Who the session is.", { optional: true }),
  ttl: field.int("Seconds that the session lives.", { optional: true }),
}

const verbs = ["read", "write"] as const

export const aws = engine({
  kind: "secret",
  type: "aws",
  summary: "Credentials of AWS that live as long as their lease.",
  leases: [user, session],
  jobs: [{ name: "rotate static roles", everySeconds: 5, run: staticRoles.rotateDue }],
  routes: [
    ...configRoutes,
    rotateRootRoute,
    ...roleRoutes,
    ...staticRoutes,
    route(["creds/:name", "sts/:name"], {
      summary: "Make a credential of the kind that the role says.",
      operation: {
        read: "generate-credentials|generate-sts-credentials",
        write: "generate-credentials-with-parameters|generate-sts-credentials-with-parameters",
      },
      fields: {
        name: field.nameWithAt("Name of the role.", { plain: true }),
        ttl: field.duration("How long a session lives.", { verbs }),
        role_arn: field.string("The role to assume, where more than one may be.", { default: "", plain: true, verbs }),
        role_session_name: field.string("What the session is called.", { default: "", plain: true, verbs }),
        mfa_code: field.string("The code of the MFA device, for session tokens.", { default: "", secret: true, verbs }),
      },
      read: issue,
      write: issue,
      replies: { read: issued, write: issued },
    }),
  ],
})
