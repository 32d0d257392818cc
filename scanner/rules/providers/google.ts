import { declare } from "../declare.ts"
import { fake } from "../examples.ts"

/** Google. */
export default declare([
  {
    id: "gcp-api-key",
    of: "Google Cloud",
    at: "https://console.cloud.google.com/apis/credentials",
    entropy: 4,
    secret: String.raw`AIza[\w-]{35}`,
    keywords: ["aiza"],
    allowlists: [
      {
        regexes: [
          "AIzaSyabcdefghijklmnopqrstuvwxyz1234567",
          "AIzaSyAnLA7NfeLquW1tJFpx_eQCxoX-oo6YyIs",
          "AIzaSyCkEhVjf3pduRDt6d1yKOMitrUEke8agEM",
          "AIzaSyDMAScliyLx7F0NPDEJi1QmyCgHIAODrlU",
          "AIzaSyD3asb-2pEZVqMkmL6M9N6nHZRR_znhrh0",
          "AIzayDNSXIbFmlXbIE6mCzDLQAqITYefhixbX4A",
          "AIzaSyAdOS2zB6NCsk1pCdZ4-P6GBdi_UUPwX7c",
          "AIzaSyASWm6HmTMdYWpgMnjRBjxcQ9CKctWmLd4",
          "AIzaSyANUvH9H9BsUccjsu2pCmEkOPjjaXeDQgY",
          "AIzaSyA5_iVawFQ8ABuTZNUdcwERLJv_a_p4wtM",
          "AIzaSyA4UrcGxgwQFTfaI3no3t7Lt1sjmdnP5sQ",
          "AIzaSyDSb51JiIcB6OJpwwMicseKRhhrOq1cS7g",
          "AIzaSyBF2RrAIm4a0mO64EShQfqfd2AFnzAvvuU",
          "AIzaSyBcE-OOIbhjyR83gm4r2MFCu4MJmprNXsw",
          "AIzaSyB8qGxt4ec15vitgn44duC5ucxaOi4FmqE",
          "AIzaSyA8vmApnrHNFE0bApF4hoZ11srVL_n0nvY",
        ],
      },
    ],
  },
  {
    id: "gcp-gemini-api",
    of: "Google Gemini",
    a: "API key",
    at: "https://aistudio.google.com/apikey",
    secret: String.raw`AQ\.Ab8RN6[A-Za-z0-9_-]{44}`,
    entropy: 3.5,
  },
  {
    id: "gcp-service-account-key",
    of: "Google Cloud",
    a: "service account key",
    fix: "Disable the key with `gcloud iam service-accounts keys disable KEY_ID --iam-account EMAIL`, then delete it at https://console.cloud.google.com/iam-admin/serviceaccounts.",
    regex: String.raw`\{[^{}]{0,200}"type"\s{0,5}:\s{0,5}"service_account"[^{}]*?"private_key"\s{0,5}:\s{0,5}"(-----BEGIN (?:RSA )?PRIVATE KEY-----[^"]+-----END (?:RSA )?PRIVATE KEY-----(?:\\n)?)"[^{}]*\}`,
    keywords: [`"service_account"`],
    finds: [serviceAccount()],
    ignores: [`{"type": "service_account", "project_id": "p"}`],
  },
  {
    id: "google-oauth-access-token",
    of: "Google",
    a: "OAuth access token",
    at: "https://myaccount.google.com/connections",
    secret: String.raw`ya29\.[0-9A-Za-z_-]{20,1000}`,
    entropy: 3.5,
  },
  {
    id: "google-oauth-client-secret",
    of: "Google",
    a: "OAuth client secret",
    at: "https://console.cloud.google.com/apis/credentials",
    secret: "GOCSPX-[a-zA-Z0-9_-]{28}",
    entropy: 3,
  },
  {
    id: "google-oauth-refresh-token",
    of: "Google",
    a: "OAuth refresh token",
    at: "https://myaccount.google.com/connections",
    secret: "1//0[0-9A-Za-z_-]{90,110}",
    entropy: 3.5,
    keywords: ["1//0"],
  },
  {
    id: "recaptcha-api-key",
    of: "reCAPTCHA",
    at: "google.com",
    mentioned: "re captcha",
    secret: "6l[c-f][a-z0-9_-]{37}",
  },
])

function serviceAccount() {
  const pem = `-----BEGIN PRIVATE KEY-----\\n${fake("[A-Za-z0-9+/]{900}", "gcp")}\\n-----END PRIVATE KEY-----\\n`
  return {
    text: `{"type": "service_account", "project_id": "example", "private_key": "${pem}", "client_email": "a@example.iam.gserviceaccount.com"}`,
    secret: pem,
  }
}
