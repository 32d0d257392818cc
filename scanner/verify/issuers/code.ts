import type { Verification } from "../../finding.ts"
import { basicPassword, basicUser, bearer, factsOf, header, question, textAt, token } from "../http.ts"
import { dead, type Reply, unknown, verified } from "../verifier.ts"

const githubHeaders = { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" }

/** GraphQL answers 200 to strangers, too: the viewer is null, or errors stand in its place. */
export const viewer =
  (path: string, facts: Record<string, string>) =>
  (reply: Reply): Verification | undefined => {
    if (reply.status !== 200) return undefined
    return textAt(reply.json, path) === undefined ? dead() : verified(factsOf(reply, facts))
  }

/** Where code, packages and builds are kept. */
export const code = [
  question({
    issuer: "GitHub",
    rules: ["github-pat", "github-fine-grained-pat", "github-oauth"],
    get: "https://api.github.com/user",
    auth: bearer,
    headers: githubHeaders,
    selfManaged: "github",
    facts: {
      user: "login",
      name: "name",
      scopes: "header:x-oauth-scopes",
      expires: "header:github-authentication-token-expiration",
    },
  }),
  question({
    issuer: "GitHub",
    rules: ["github-app-token"],
    get: ["https://api.github.com/installation/repositories?per_page=1", "https://api.github.com/user"],
    auth: bearer,
    headers: githubHeaders,
    selfManaged: "github",
    // A user's token is no installation's: 403 at the first address, an answer at the second.
    dead: [401, 403],
    facts: { user: "login", repositories: "total_count", example: "repositories.0.full_name" },
  }),
  question({
    issuer: "GitLab",
    rules: ["gitlab-pat", "gitlab-pat-routable", "gitlab-pat-routable-versioned"],
    get: "https://gitlab.com/api/v4/personal_access_tokens/self",
    auth: header("private-token"),
    selfManaged: "gitlab",
    facts: { name: "name", scopes: "scopes", user: "user_id", expires: "expires_at", lastUsed: "last_used_at" },
    judge: reply => (reply.status === 200 && textAt(reply.json, "active") === "false" ? dead() : undefined),
  }),
  question({
    issuer: "GitLab",
    rules: ["gitlab-cicd-job-token"],
    get: "https://gitlab.com/api/v4/job",
    auth: header("job-token"),
    selfManaged: "gitlab",
    facts: { job: "name", user: "user.username", project: "pipeline.project_id", status: "status" },
  }),
  question({
    issuer: "GitLab",
    rules: ["gitlab-runner-authentication-token", "gitlab-runner-authentication-token-routable"],
    post: "https://gitlab.com/api/v4/runners/verify",
    auth: () => ({}),
    body: "token={secret}",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    selfManaged: "gitlab",
    dead: [401, 403],
    facts: { runner: "id", expires: "token_expires_at" },
  }),
  question({
    issuer: "Gitea",
    rules: ["gitea-access-token"],
    get: "https://gitea.com/api/v1/user",
    auth: token,
    selfManaged: "gitea",
    facts: { user: "login", email: "email", admin: "is_admin" },
  }),
  question({
    issuer: "Sourcegraph",
    rules: ["sourcegraph-access-token"],
    post: "https://sourcegraph.com/.api/graphql",
    auth: token,
    headers: { "content-type": "application/json" },
    body: `{"query":"query { currentUser { username } }"}`,
    selfManaged: "sourcegraph",
    judge: viewer("data.currentUser.username", { user: "data.currentUser.username" }),
  }),
  question({
    issuer: "Postman",
    rules: ["postman-api-token"],
    get: "https://api.getpostman.com/me",
    auth: header("x-api-key"),
    facts: { user: "user.username", email: "user.email" },
  }),
  question({
    issuer: "Snyk",
    rules: ["snyk-api-token"],
    get: "https://api.snyk.io/rest/self?version=2024-10-15",
    auth: token,
    facts: { user: "data.attributes.username", email: "data.attributes.email" },
  }),
  question({
    issuer: "SonarQube Cloud",
    rules: ["sonar-api-token", "sonarqube-token"],
    get: "https://sonarcloud.io/api/authentication/validate",
    auth: bearer,
    selfManaged: "sonarqube",
    judge: reply => (textAt(reply.json, "valid") === "false" ? dead() : undefined),
  }),
  question({
    issuer: "npm",
    rules: ["npm-access-token", "npm-legacy-token"],
    get: "https://registry.npmjs.org/-/whoami",
    auth: bearer,
    facts: { user: "username" },
  }),
  question({
    issuer: "PyPI",
    rules: ["pypi-upload-token"],
    // There is nothing to read with such a token. An upload of nothing is refused for what it lacks, or for the token.
    post: "https://upload.pypi.org/legacy/",
    auth: basicPassword("__token__"),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: ":action=file_upload",
    alive: [400],
    dead: [401, 403],
  }),
  question({
    issuer: "RubyGems",
    rules: ["rubygems-api-token"],
    get: "https://rubygems.org/api/v1/gems.json",
    auth: header("authorization"),
    // A key without this scope is told so; an unknown one is not known.
    judge: reply =>
      reply.status === 403 && /not (?:authorized|allowed)|scope/i.test(reply.text)
        ? verified({ scope: "other" })
        : undefined,
  }),
  question({
    issuer: "crates.io",
    rules: ["crates-io-api-key"],
    get: "https://crates.io/api/v1/me",
    auth: header("authorization"),
    facts: { user: "user.login", name: "user.name" },
    judge: reply =>
      reply.status === 403 && /authentication failed|must be logged in/i.test(reply.text)
        ? dead()
        : reply.status === 403 && /does not have|not allowed|scope/i.test(reply.text)
          ? verified({ scope: "limited" })
          : undefined,
  }),
  question({
    issuer: "CircleCI",
    rules: ["circleci-personal-token"],
    get: "https://circleci.com/api/v2/me",
    auth: header("circle-token"),
    facts: { user: "login", name: "name" },
  }),
  question({
    issuer: "Buildkite",
    rules: ["buildkite-user-access-token"],
    get: "https://api.buildkite.com/v2/access-token",
    auth: bearer,
    facts: { token: "uuid", scopes: "scopes", description: "description" },
  }),
  question({
    issuer: "Travis CI",
    rules: ["travisci-access-token"],
    get: "https://api.travis-ci.com/user",
    auth: token,
    headers: { "travis-api-version": "3" },
    dead: [401, 403],
    facts: { user: "login", email: "email" },
  }),
  question({
    issuer: "HashiCorp Terraform",
    rules: ["hashicorp-tf-api-token"],
    get: "https://app.terraform.io/api/v2/account/details",
    auth: bearer,
    headers: { "content-type": "application/vnd.api+json" },
    selfManaged: "terraform",
    facts: { user: "data.attributes.username", email: "data.attributes.email" },
    // An organization's token has no account; a stranger's is not authorized.
    judge: reply =>
      reply.status === 404 ? unknown("an organization's or team's token: it has no account") : undefined,
  }),
  question({
    issuer: "Pulumi",
    rules: ["pulumi-api-token"],
    get: "https://api.pulumi.com/api/user",
    auth: token,
    headers: { accept: "application/vnd.pulumi+8" },
    facts: { user: "githubLogin", email: "email" },
  }),
  question({
    issuer: "LaunchDarkly",
    rules: ["launchdarkly-access-token", "launchdarkly-sdk-key"],
    get: "https://app.launchdarkly.com/api/v2/caller-identity",
    auth: header("authorization"),
    facts: { token: "tokenName", member: "memberId", account: "accountId" },
    fill: ({ secret }) => (/^(?:sdk|mob)-/.test(secret) ? "SDK keys can only be used to read flags: not tried" : {}),
  }),
  question({
    issuer: "ReadMe",
    rules: ["readme-api-token"],
    get: "https://dash.readme.com/api/v1/",
    auth: basicUser,
    facts: { project: "name", subdomain: "subdomain" },
  }),
  question({
    issuer: "Infracost",
    rules: ["infracost-api-token"],
    get: "https://pricing.api.infracost.io/health",
    auth: header("x-api-key"),
    dead: [401, 403],
  }),
]
