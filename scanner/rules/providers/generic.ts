import { readFileSync } from "node:fs"
import { declare } from "../declare.ts"
import { example, fake } from "../examples.ts"

const stopwords = readFileSync(new URL("../stopwords.txt", import.meta.url), "utf8")
  .split("\n")
  .filter(line => !line.startsWith("#"))
  .flatMap(line => line.split(" "))
  .filter(word => word !== "")

// The value of a header in a curl command: a scheme and a text, or a text.
const authorization = String.raw`Authorization:[ \t]{0,5}(?:Basic[ \t]([a-z0-9+/]{8,}={0,3})|(?:Bearer|(?:Api-)?Token)[ \t]([\w=~@.+/-]{8,})|([\w=~@.+/-]{8,}))`
const keyHeader = String.raw`(?:(?:X-(?:[a-z]+-)?)?(?:Api-?)?(?:Key|Token)):[ \t]{0,5}([\w=~@.+/-]{8,})`
const header = `(?i)(?:${authorization}|${keyHeader})`

// One entry under `data:` of a Kubernetes Secret: base64, a template or an empty text.
const entry = String.raw`\s+([\w.-]+:(?:[ \t]*(?:\||>[-+]?)\s+)?[ \t]*(?:["']?[a-z0-9+/]{10,}={0,3}["']?|\{\{[ \t\w"|$:=,.-]+}}|""|''))`
const secretKind = String.raw`\bkind:[ \t]*["']?\bsecret\b["']?`
const dataBlock = String.raw`\bdata:(?s:.){0,100}?` + entry

// The first member of a JWT's header, `{"alg":` to `{"zip":`, as it looks once the token is encoded in base64 again.
const headerMembers = `(?:aGJHY2lPaU)|(?:aGNIVWlPaU)|(?:aGNIWWlPaU)|(?:aGRXUWlPaU)|(?:aU5qUWlP)|(?:amNtbDBJanBi)|(?:amRIa2lPaU)|(?:bGNHc2lPbn)|(?:bGJtTWlPaU)|(?:cWEzVWlPaU)|(?:cWQyc2lPb)|(?:cGMzTWlPaU)|(?:cGRpSTZJ)|(?:cmFXUWlP)|(?:clpYbGZiM0J6SWpwY)|(?:cmRIa2lPaUp)|(?:dWIyNWpaU0k2)|(?:d01tTWlP)|(?:d01uTWlPaU)|(?:d2NIUWlPaU)|(?:emRXSWlPaU)|(?:emRuUWlP)|(?:MFlXY2lPaU)|(?:MGVYQWlPaUp)|(?:MWNtd2l)|(?:MWMyVWlPaUp)|(?:MlpYSWlPaU)|(?:MlpYSnphVzl1SWpv)|(?:NElqb2)|(?:NE5XTWlP)|(?:NE5YUWlPaU)|(?:NE5YUWpVekkxTmlJNkl)|(?:NE5YVWlPaU)|(?:NmFYQWlPaU)`

const jwtHeader = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url")
const someJwt = `${jwtHeader}.${Buffer.from('{"sub":"example","iat":1700000000}').toString("base64url")}.${fake("[A-Za-z0-9_-]{43}", "jwt")}`
const jwtTwice = Buffer.from(someJwt).toString("base64").replaceAll("=", "")
const basic = fake("[a-z0-9]{24}", "curl", 3)
const login = `deploy:${fake("[A-Za-z0-9]{20}", "curl-user", 3)}`

const anywhere = "Change or revoke it where it is used; the line tells what it is for."
const account = "Change the password of the account that the line names."

/** What no single provider owns. */
export default declare([
  {
    id: "generic-api-key",
    of: "Any provider's",
    fix: anywhere,
    regex: String.raw`(?i)[\w.-]{0,50}?(?:access|auth|(?-i:[Aa]pi|API)|credential|creds|key|passw(?:or)?d|secret|token)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([\w.=-]{10,150}|[a-z0-9][a-z0-9+/]{11,}={0,3})(?:[\x60'"\s;]|\\[nr]|$)`,
    entropy: 3.5,
    keywords: ["access", "api", "auth", "key", "credential", "creds", "passwd", "password", "secret", "token"],
    allowlists: [
      { regexes: ["^[a-zA-Z_.-]+$"] },
      {
        description: "names that only look like a credential's",
        regexTarget: "match",
        regexes: [
          String.raw`(?i)(?:access(?:ibility|or)|access[_.-]?id|random[_.-]?access|api[_.-]?(?:id|name|version)|rapid|capital|[a-z0-9-]*?api[a-z0-9-]*?:jar:|author|X-MS-Exchange-Organization-Auth|Authentication-Results|(?:credentials?[_.-]?id|withCredentials)|(?:bucket|foreign|hot|idx|natural|primary|pub(?:lic)?|schema|sequence)[_.-]?key|(?:turkey)|key[_.-]?(?:alias|board|code|frame|id|length|mesh|name|pair|press(?:ed)?|ring|selector|signature|size|stone|storetype|word|up|down|left|right)|key[_.-]?vault[_.-]?(?:id|name)|keyVaultToStoreSecrets|key(?:store|tab)[_.-]?(?:file|path)|issuerkeyhash|(?-i:[DdMm]onkey|[DM]ONKEY)|keying|(?:secret)[_.-]?(?:length|name|size)|UserSecretsId|(?:csrf)[_.-]?token|(?:io\.jsonwebtoken[ \t]?:[ \t]?[\w-]+)|(?:api|credentials|token)[_.-]?(?:endpoint|ur[il])|public[_.-]?token|(?:key|token)[_.-]?file|(?-i:(?:[A-Z_]+=\n[A-Z_]+=|[a-z_]+=\n[a-z_]+=)(?:\n|\z))|(?-i:(?:[A-Z.]+=\n[A-Z.]+=|[a-z.]+=\n[a-z.]+=)(?:\n|\z)))`,
        ],
        stopwords,
      },
      {
        regexTarget: "line",
        regexes: ["--mount=type=secret,", String.raw`import[ \t]+{[ \t\w,]+}[ \t]+from[ \t]+['"][^'"]+['"]`],
      },
      {
        condition: "and",
        paths: [String.raw`\.bb$`, String.raw`\.bbappend$`, String.raw`\.bbclass$`, String.raw`\.inc$`],
        regexTarget: "line",
        regexes: [
          String.raw`LICENSE[^=]*=\s*"[^"]+`,
          String.raw`LIC_FILES_CHKSUM[^=]*=\s*"[^"]+`,
          String.raw`SRC[^=]*=\s*"[a-zA-Z0-9]+`,
        ],
      },
    ],
    finds: [example(`secret = "`, "[a-z0-9]{8}[0-9]{4}[a-z0-9]{20}", `"`, 3.8)],
    ignores: [
      `api_version = "2024-01-01-preview"`,
      `public_key = "${fake("[a-z0-9]{32}", "pub", 3.8)}"`,
      `password = "correct-horse"`,
    ],
  },
  {
    id: "jwt",
    of: "Any issuer's",
    a: "JSON web token",
    fix: "Revoke the session at the issuer that the token names in `iss`; where that is not possible, replace the signing key.",
    regex: String.raw`\b(ey[a-zA-Z0-9]{17,}\.ey[a-zA-Z0-9\/\\_-]{17,}\.(?:[a-zA-Z0-9\/\\_-]{10,}={0,2})?)(?:[\x60'"\s;]|\\[nr]|$)`,
    entropy: 3,
    keywords: ["ey"],
    yields: true,
    finds: [{ text: `session = "${someJwt}"`, secret: someJwt }],
    ignores: ["eyJhbGciOi.eyJzdWIi.x"],
  },
  {
    id: "jwt-base64",
    of: "Any issuer's",
    a: "JSON web token in base64",
    fix: "Revoke the session at the issuer that the token names in `iss`; where that is not possible, replace the signing key.",
    regex: String.raw`\bZXlK(?:` + headerMembers + String.raw`)[a-zA-Z0-9\/\\_+\-\r\n]{40,}={0,2}`,
    entropy: 2,
    keywords: ["zxlk"],
    finds: [{ text: `session: ${jwtTwice}\n`, secret: jwtTwice }],
    ignores: ["ZXlKaGJHY2lPaU"],
  },
  {
    id: "kubernetes-secret-yaml",
    of: "Kubernetes",
    a: "Secret with its data",
    fix: "Replace every value in it where it comes from, then the Secret; keep encrypted or referenced secrets in git instead.",
    path: String.raw`(?i)\.ya?ml$`,
    regex: `(?i)(?:${secretKind}(?s:.){0,200}?${dataBlock}|${dataBlock}(?s:.){0,200}?${secretKind})`,
    keywords: ["secret"],
    allowlists: [
      { regexes: [String.raw`[\w.-]+:(?:[ \t]*(?:\||>[-+]?)\s+)?[ \t]*(?:\{\{[ \t\w"|$:=,.-]+}}|""|'')`] },
      {
        regexTarget: "match",
        regexes: [String.raw`(kind:(?s:.)+\n---\n(?s:.)+\bdata:|data:(?s:.)+\n---\n(?s:.)+\bkind:)`],
      },
    ],
    finds: [
      {
        ...example(
          "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  ",
          "password: [a-zA-Z0-9+/]{24}",
          "\n",
        ),
        path: "deploy/secret.yaml",
      },
    ],
    ignores: ["kind: ConfigMap\ndata:\n  color: blue-and-some-more\n"],
  },
  {
    id: "curl-auth-header",
    of: "curl",
    a: "credential in a header",
    fix: anywhere,
    regex: String.raw`\bcurl\b(?:.{0,180}?|.{0,180}?(?:[\r\n]{1,2}.{0,180}?){1,5})[ \t\n\r](?:-H|--header)(?:=|[ \t]{0,5})(?:"${header}"|'${header}')(?:\B|\s|\z)`,
    entropy: 2.75,
    keywords: ["curl"],
    finds: [{ text: `curl -H "Authorization: Bearer ${basic}" https://api.example.com/\n`, secret: basic }],
    ignores: [`curl -H "Accept: application/json" https://api.example.com/\n`],
  },
  {
    id: "curl-auth-user",
    of: "curl",
    a: "login",
    fix: account,
    regex:
      String.raw`\bcurl\b(?:.{0,180}|.{0,180}(?:[\r\n]{1,2}.{0,180}){1,5})[ \t\n\r](?:-u|--user)(?:=|[ \t]{0,5})("(:[^"]{3,}|[^:"]{3,}:|[^:"]{3,}:[^"]{3,})"|'([^:']{3,}:[^']{3,})'|((?:"[^"]{3,}"|'[^']{3,}'|[\w$@.-]+):(?:"[^"]{3,}"|'[^']{3,}'|[\w$` +
      String.raw`{}@.-]+)))(?:\s|\z)`,
    entropy: 2,
    keywords: ["curl"],
    allowlists: [
      {
        regexes: [
          String.raw`[^:]+:(?:change(?:it|me)|pass(?:word)?|pwd|test|token|\*+|x+)`,
          String.raw`['"]?<[^>]+>['"]?:['"]?<[^>]+>|<[^:]+:[^>]+>['"]?`,
          String.raw`[^:]+:\[[^]]+]`,
          String.raw`['"]?[^:]+['"]?:['"]?\$(?:\d|\w+|\{(?:\d|\w+)})['"]?`,
          String.raw`\$\([^)]+\):\$\([^)]+\)`,
          String.raw`['"]?\$?{{[^}]+}}['"]?:['"]?\$?{{[^}]+}}['"]?`,
        ],
      },
    ],
    finds: [{ text: `curl -u ${login} https://api.example.com/\n`, secret: login }],
    ignores: ["curl -u user:password https://api.example.com/\n", "curl https://api.example.com/\n"],
  },
  {
    id: "password-in-url",
    of: "Any site's",
    a: "login in a URL",
    fix: account,
    regex: String.raw`\b(?i:https?|ftps?|sftp|ssh|smb|git)://[^\s:@/"'\x60<>{}$]{1,80}:([^\s@/"'\x60<>{}$]{4,128})@[\w.\[\]-]{3,253}`,
    keywords: ["://"],
    entropy: 2.5,
    yields: true,
    allowlists: [
      {
        regexes: [
          String.raw`(?i)^(?:pass(?:word|wd)?\d*|pwd|secret|token|change_?me|x-oauth-basic|x+|\*+|your[\w-]*|%.*|\[.*)$`,
        ],
      },
      {
        regexTarget: "match",
        regexes: [String.raw`@(?:localhost|127\.0\.0\.1|\[::1\]|host(?:name)?|(?:[\w-]+\.)*example\.(?:com|org|net))$`],
      },
    ],
    finds: [
      example("git clone https://ci:", "[A-Za-z0-9]{20}", "@git.internal.net/app.git", 3),
      example("ftp://deploy:", "[A-Za-z0-9]{12}", "@files.internal.net/", 3),
    ],
    ignores: [
      "https://user:password@host.internal.net/",
      "https://ci:" + "$" + "{TOKEN}@git.internal.net/app.git",
      "https://a:aB3dE5gH7jK9@www.example.com/",
    ],
  },
  {
    id: "netrc-password",
    of: ".netrc",
    a: "password",
    fix: account,
    regex: String.raw`\b(?:machine\s{1,5}[^\s]{1,253}|default)\s{1,10}login\s{1,5}[^\s]{1,128}\s{1,10}password\s{1,5}([^\s<$]{4,256})`,
    keywords: ["machine", "default"],
    entropy: 2,
    yields: true,
    finds: [example("machine api.heroku.com\n  login me@example.com\n  password ", "[a-z0-9]{24}", "\n", 3)],
    ignores: ["machine example.com login me password <password>"],
  },
  {
    id: "password-hash",
    of: "crypt(3)",
    a: "password hash",
    fix: "Have the account's password changed: a hash can be guessed at without limit.",
    regex: String.raw`(\$(?:2[abxy]\$\d{2}\$[./A-Za-z0-9]{53}|[56]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{8,16}\$(?:[./A-Za-z0-9]{86}|[./A-Za-z0-9]{43})|1\$[./A-Za-z0-9]{8}\$[./A-Za-z0-9]{22}|y\$[./A-Za-z0-9]{1,20}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}|8\$[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}|krb5asrep\$23\$(?:[^\s:]{1,100}:)?[0-9a-f]{32}\$[0-9a-f]{64,1000}))(?:[^./A-Za-z0-9]|$)`,
    keywords: ["$2a$", "$2b$", "$2x$", "$2y$", "$5$", "$6$", "$1$", "$y$", "$8$", "$krb5asrep$"],
    entropy: 3.5,
    finds: [
      example("root:", String.raw`\$6\$[A-Za-z0-9]{16}\$[./A-Za-z0-9]{86}`, ":19000:0:99999:7:::\n"),
      example(`hash = "`, String.raw`\$2b\$12\$[./A-Za-z0-9]{53}`, `"`),
    ],
    ignores: ["cost $6$ and $5$ more"],
  },
  {
    id: "django-secret-key",
    of: "Django",
    a: "secret key",
    fix: "Set a new SECRET_KEY; all sessions and signed values end with the old one.",
    regex: String.raw`\b(?:DJANGO_)?SECRET_KEY\s{0,3}=\s{0,3}["'](?:django-insecure-)?([a-zA-Z0-9*!$@#&_%^=()+-]{45,60})["']`,
    keywords: ["secret_key"],
    entropy: 4,
    finds: [example(`SECRET_KEY = '`, "[a-z0-9!@#%]{50}", `'`, 4)],
    ignores: [`SECRET_KEY = os.environ["SECRET_KEY"]`],
  },
  {
    id: "react-app-password",
    of: "Create React App",
    a: "password built into a page",
    fix: "Change it: everything in a REACT_APP_ variable is in the page that visitors load.",
    regex: String.raw`\bREACT_APP(?:_[A-Z0-9]{1,40}){0,6}_PASS(?:WORD)?\s{0,3}=\s{0,3}["']?([^\s"'$<]{6,128})`,
    keywords: ["react_app"],
    entropy: 2.5,
    finds: [example("REACT_APP_ADMIN_PASSWORD=", "[a-z0-9]{14}", "\n", 3)],
    ignores: ["REACT_APP_PASSWORD=" + "$" + "{PASSWORD}"],
  },
  {
    id: "psexec-password",
    of: "PsExec",
    a: "password on the command line",
    fix: account,
    regex: String.raw`(?i)\bpsexec(?:64)?(?:\.exe)?\b[^\n]{0,100}?\s-u\s{1,3}\S{1,100}\s{1,3}-p\s{1,3}["']?([^\s"'%$<]{4,128})`,
    keywords: ["psexec"],
    entropy: 2,
    finds: [example(String.raw`psexec.exe \\host -u CORP\admin -p `, "[A-Za-z0-9!]{12}", " cmd\n", 2.5)],
    ignores: [String.raw`psexec \\host -u admin -p %PASSWORD% cmd`],
  },
  {
    id: "securestring-password",
    of: "PowerShell",
    a: "password in a script",
    fix: account,
    regex: String.raw`(?i)ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?["']([^"'$]{4,128})["']\s{1,3}-AsPlainText`,
    keywords: ["convertto-securestring"],
    entropy: 2,
    finds: [example(`ConvertTo-SecureString "`, "[A-Za-z0-9!]{14}", `" -AsPlainText -Force`, 2.5)],
    ignores: ["ConvertTo-SecureString $password -AsPlainText -Force"],
  },
])
