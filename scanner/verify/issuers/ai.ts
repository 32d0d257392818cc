import { basicPassword, bearer, header, question, textAt } from "../http.ts"
import { verified } from "../verifier.ts"
import { viewer } from "./code.ts"

/** A list of models, as most of them have it at OpenAI's path. */
const models = (issuer: string, rules: string[], get: string) => question({ issuer, rules, get, auth: bearer })

/** Language models and other machine learning. */
export const ai = [
  question({
    issuer: "OpenAI",
    rules: ["openai-api-key", "openai-legacy-api-key"],
    get: "https://api.openai.com/v1/models",
    auth: bearer,
    facts: { organization: "header:openai-organization" },
    // A restricted key may do something else.
    judge: reply =>
      reply.status === 403 && /insufficient permissions|missing scopes/i.test(reply.text)
        ? verified({ scope: "restricted" })
        : undefined,
  }),
  question({
    issuer: "Anthropic",
    rules: ["anthropic-api-key"],
    get: "https://api.anthropic.com/v1/models?limit=1",
    auth: header("x-api-key"),
    headers: { "anthropic-version": "2023-06-01" },
    facts: { organization: "header:anthropic-organization-id" },
  }),
  question({
    issuer: "Anthropic",
    rules: ["anthropic-admin-api-key"],
    get: "https://api.anthropic.com/v1/organizations/me",
    auth: header("x-api-key"),
    headers: { "anthropic-version": "2023-06-01" },
    facts: { organization: "name", id: "id" },
  }),
  question({
    issuer: "Hugging Face",
    rules: ["huggingface-access-token", "huggingface-organization-api-token"],
    get: "https://huggingface.co/api/whoami-v2",
    auth: bearer,
    facts: { user: "name", email: "email", kind: "type", role: "auth.accessToken.role" },
  }),
  question({
    issuer: "Replicate",
    rules: ["replicate-api-token"],
    get: "https://api.replicate.com/v1/account",
    auth: bearer,
    facts: { user: "username", kind: "type" },
  }),
  question({
    issuer: "OpenRouter",
    rules: ["openrouter-api-key"],
    get: "https://openrouter.ai/api/v1/key",
    auth: bearer,
    facts: { label: "data.label", limit: "data.limit", used: "data.usage" },
  }),
  question({
    issuer: "ElevenLabs",
    rules: ["elevenlabs-api-key"],
    get: "https://api.elevenlabs.io/v1/user",
    auth: header("xi-api-key"),
    facts: { tier: "subscription.tier", name: "first_name" },
    judge: reply =>
      textAt(reply.json, "detail.status") === "missing_permissions" ? verified({ scope: "limited" }) : undefined,
  }),
  question({
    issuer: "Pinecone",
    rules: ["pinecone-api-key"],
    get: "https://api.pinecone.io/indexes",
    auth: header("api-key"),
    headers: { "x-pinecone-api-version": "2025-01" },
    facts: { index: "indexes.0.name" },
  }),
  question({
    issuer: "Weights & Biases",
    rules: ["weights-and-biases-api-key", "weights-and-biases-api-key-v1"],
    post: "https://api.wandb.ai/graphql",
    auth: basicPassword("api"),
    headers: { "content-type": "application/json" },
    body: `{"query":"query { viewer { username email } }"}`,
    judge: viewer("data.viewer.username", { user: "data.viewer.username", email: "data.viewer.email" }),
  }),
  question({
    issuer: "xAI",
    rules: ["xai-api-key"],
    get: "https://api.x.ai/v1/api-key",
    auth: bearer,
    dead: [400, 401],
    facts: { name: "name", team: "team_id", rights: "acls" },
  }),
  question({
    issuer: "AssemblyAI",
    rules: ["assemblyai-api-key"],
    get: "https://api.assemblyai.com/v2/transcript?limit=1",
    auth: header("authorization"),
  }),
  question({
    issuer: "Deepgram",
    rules: ["deepgram-api-key"],
    get: "https://api.deepgram.com/v1/projects",
    auth: header("authorization", "Token "),
    facts: { project: "projects.0.name" },
  }),
  models("Groq", ["groq-api-key"], "https://api.groq.com/openai/v1/models"),
  models("Mistral AI", ["mistral-api-key"], "https://api.mistral.ai/v1/models"),
  models("DeepSeek", ["deepseek-api-key"], "https://api.deepseek.com/models"),
  models("Cerebras", ["cerebras-api-key"], "https://api.cerebras.ai/v1/models"),
  models("Together AI", ["togetherai-api-key"], "https://api.together.xyz/v1/models"),
  models("Moonshot AI", ["kimi-api-key"], "https://api.moonshot.ai/v1/models"),
  models("Cohere", ["cohere-api-token"], "https://api.cohere.com/v1/models?page_size=1"),
]
