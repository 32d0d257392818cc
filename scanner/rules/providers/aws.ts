import { declare } from "../declare.ts"
import { example, fake } from "../examples.ts"
import { uuid } from "../forms.ts"

/** Amazon Web Services. */
export default declare([
  {
    id: "aws-access-token",
    of: "AWS",
    a: "access key ID",
    at: "https://console.aws.amazon.com/iam/home#/security_credentials",
    entropy: 3,
    keywords: ["a3t", "akia", "asia", "abia", "acca"],
    regex: String.raw`\b((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b`,
    allowlists: [{ regexes: [".+EXAMPLE$"] }],
    finds: [example("aws_access_key_id = ", "AKIA[A-Z2-7]{16}", "\n", 3), example(`"`, "ASIA[A-Z2-7]{16}", `"`, 3)],
    ignores: ["AKIA" + "IOSFODNN7EXAMPLE", `AKIA${"A".repeat(16)}`],
  },
  {
    id: "aws-amazon-bedrock-api-key-long-lived",
    of: "AWS",
    a: "amazon bedrock API key long lived",
    at: "https://console.aws.amazon.com/iam/home#/security_credentials",
    entropy: 3,
    secret: "ABSK[A-Za-z0-9+/]{109,269}={0,2}",
    keywords: ["absk"],
  },
  {
    id: "aws-amazon-bedrock-api-key-short-lived",
    of: "AWS",
    a: "amazon bedrock API key short lived",
    at: "https://console.aws.amazon.com/iam/home#/security_credentials",
    entropy: 3,
    secret: "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t",
    bare: true,
    keywords: ["bedrock-api-key-"],
  },
  {
    id: "aws-appsync-api-key",
    of: "AWS AppSync",
    at: "https://console.aws.amazon.com/appsync/",
    secret: "da2-[a-z0-9]{26}",
    entropy: 3,
  },
  {
    id: "aws-mws-auth-token",
    of: "Amazon MWS",
    a: "auth token",
    at: "https://sellercentral.amazon.com/apps/manage",
    secret: String.raw`amzn\.mws\.` + uuid,
    entropy: 3,
  },
  {
    id: "aws-secret-access-key",
    of: "AWS",
    a: "secret access key",
    at: "https://console.aws.amazon.com/iam/home#/security_credentials",
    entropy: 4,
    keywords: ["secret", "aws"],
    regex: String.raw`(?i)(?:aws|secret)[\w.-]{0,30}["']?\s{0,5}(?:=>|[:=,])\s{0,5}["']?((?-i:[A-Za-z0-9/+]{40}))(?:[^A-Za-z0-9/+=]|$)`,
    required: [
      { id: "aws-access-token", withinLines: 8 },
      { id: "aws-session-token", withinLines: 8, optional: true },
    ],
    allowlists: [{ regexes: ["EXAMPLEKEY$"] }],
    finds: [awsPair()],
    ignores: [`secret = ${fake("[A-Za-z0-9/+]{40}", "aws-lonely", 4)}`],
  },
  {
    id: "aws-session-token",
    of: "AWS",
    a: "session token",
    at: "https://console.aws.amazon.com/iam/home#/roles",
    entropy: 4,
    mentioned: "aws[_.-]?session|session_?token",
    secret: "[a-z0-9/+]{100,1000}={0,2}",
    keywords: ["aws_session", "aws-session", "aws.session", "awssession", "session_token", "sessiontoken"],
    skipReport: true,
  },
])

function awsPair() {
  const pair = example(
    `aws_access_key_id = ${fake("AKIA[A-Z2-7]{16}", "aws", 3)}\naws_secret_access_key = `,
    "[A-Za-z0-9/+]{40}",
    "\n",
    4,
  )
  return pair
}
