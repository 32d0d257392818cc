import type { Finding } from "../finding.ts"

export type Pull = { api: string; repository: string; number: number; token: string }

const maxPages = 100

/**
 * A review comment on each leak that has none yet. What cannot be commented, such as a line outside the diff, is told
 * through `warn` and does not fail the scan: the findings do.
 */
export async function commentLeaks(
  pull: Pull,
  findings: readonly Finding[],
  notify: string,
  warn: (text: string) => void,
): Promise<number> {
  const present = new Set((await commentsOf(pull)).map(({ path, line, body }) => JSON.stringify([path, line, body])))
  let made = 0
  for (const finding of findings) {
    const comment = { path: finding.file, line: finding.startLine, body: bodyOf(finding, notify) }
    const key = JSON.stringify([comment.path, comment.line, comment.body])
    if (present.has(key)) continue
    present.add(key)
    const reply = await send(pull, "POST", "comments", { ...comment, side: "RIGHT", commit_id: finding.commit })
    if (reply.ok) made++
    else warn(`Cannot comment on ${finding.file}:${finding.startLine}: GitHub answered ${reply.status}`)
  }
  return made
}

/** Never the secret: comments are mailed. */
function bodyOf({ ruleId, commit, fingerprint }: Finding, notify: string): string {
  const mention = notify === "" ? "" : `\n\ncc ${notify}`
  return (
    `**${ruleId}** has found a secret here, in commit ${commit}.\n\n` +
    "Revoke it where it was issued: removing it from the branch does not make it secret again. " +
    `If it is none, put this line into \`.gitleaksignore\`:\n\n\`\`\`\n${fingerprint}\n\`\`\`${mention}`
  )
}

type Comment = { path: unknown; line: unknown; body: unknown }

async function commentsOf(pull: Pull): Promise<Comment[]> {
  const all: Comment[] = []
  for (let page = 1; page <= maxPages; page++) {
    const reply = await send(pull, "GET", `comments?per_page=100&page=${page}`)
    if (!reply.ok) throw new Error(`GitHub answered ${reply.status} when asked for the comments of the pull request`)
    const some: unknown = await reply.json()
    if (!Array.isArray(some)) break
    all.push(...some.map(one => ({ path: one?.path, line: one?.line ?? one?.original_line, body: one?.body })))
    if (some.length < 100) break
  }
  return all
}

const send = ({ api, repository, number, token }: Pull, method: string, what: string, body?: object) =>
  fetch(`${api}/repos/${repository}/pulls/${number}/${what}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "user-agent": "arca-scan",
      "x-github-api-version": "2022-11-28",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
