import { declare } from "../declare.ts"
import { example, fake } from "../examples.ts"

const pem = (kind: string, body: string) => {
  const label = `${kind}PRIVATE KEY`
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`
}
const key = (kind: string, seed: string) => {
  const text = pem(kind, fake("(?:[A-Za-z0-9+/]{64}\n){3}[A-Za-z0-9+/]{40}", seed))
  return { text: `${text}\n`, secret: text }
}
const putty = fake("(?:[A-Za-z0-9+/]{64}\n){3}", "putty")

/** Private keys, wherever they are used. */
export default declare([
  {
    id: "age-secret-key",
    of: "age",
    a: "secret key",
    fix: "Make a new key with `age-keygen`, and encrypt again, to its recipient, everything that the old one opens.",
    secret: "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    bare: true,
  },
  {
    id: "private-key",
    of: "Any",
    a: "private key",
    fix: "Take it out of use: remove its public half from authorized_keys and deploy keys, or have its certificate revoked, and make a new pair.",
    regex: String.raw`(?i)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----[\s\S-]{64,}?KEY(?: BLOCK)?-----`,
    keywords: ["-----begin"],
    finds: [key("", "pkcs8"), key("RSA ", "rsa"), key("OPENSSH ", "openssh"), key("EC ", "ec")],
    ignores: [
      `-----BEGIN PUBLIC KEY-----\n${fake("[A-Za-z0-9+/]{120}", "public")}\n-----END PUBLIC KEY-----\n`,
      pem("", "short"),
    ],
  },
  {
    id: "putty-private-key",
    of: "PuTTY",
    a: "private key",
    fix: "Remove its public half from every authorized_keys and make a new pair with puttygen.",
    regex: String.raw`PuTTY-User-Key-File-\d: [\w@.-]{3,60}[\s\S]{10,1000}?Private-Lines: \d{1,4}\r?\n((?:[A-Za-z0-9+/=]{1,64}\r?\n)+)Private-MAC`,
    keywords: ["putty-user-key-file"],
    finds: [
      {
        text: `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: me\nPublic-Lines: 2\nAAAA\nAAAA\nPrivate-Lines: 3\n${putty}Private-MAC: 00\n`,
        secret: putty,
      },
    ],
    ignores: ["PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 2\nAAAA\n"],
  },
  {
    id: "openvpn-static-key",
    of: "OpenVPN",
    a: "static key",
    fix: "Make a new one with `openvpn --genkey secret FILE` and put it on both sides.",
    regex: String.raw`-----BEGIN OpenVPN Static key V1-----\s{1,4}((?:[0-9a-f]{32}\s{1,2}){16})-----END OpenVPN Static key V1-----`,
    keywords: ["openvpn static key"],
    finds: [
      example(
        "-----BEGIN OpenVPN Static key V1-----\n",
        "(?:[0-9a-f]{32}\n){16}",
        "-----END OpenVPN Static key V1-----\n",
      ),
    ],
  },
  {
    id: "pkcs12-file",
    of: "PKCS #12",
    a: "file, which may hold a private key",
    fix: "Take the certificates in it out of use and have them revoked, if it holds their keys.",
    path: String.raw`(?i)(?:^|\/)[^\/]+\.p(?:12|fx)$`,
  },
])
