import { declare, type Row } from "../declare.ts"
import { example } from "../examples.ts"

// Passwords that only show where one goes, and hosts that only the writer's own machine has.
const placeholder = String.raw`(?i)^(?:pass(?:word|wd)?|pwd|secret|change_?me|user(?:name)?|admin|root|test|guest|example|foo|bar|postgres(?:ql)?|mysql|mongo(?:db)?|redis|rabbitmq|x+|\*+|\.+|your[\w-]*|my[_-]?pass\w*|<.*|\$.*|%.*|\{.*|\[.*)$`
const ownHost = String.raw`@(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host(?:name)?|[\w-]*\.?example\.(?:com|org|net))(?:[:/?]|$)`

/** A login in a connection URL. The match is the whole URL, so that a verifier knows the server. */
const url = (id: string, of: string, schemes: readonly [string, ...string[]], fix: string): Row => ({
  id,
  of,
  a: "password in a connection URL",
  fix,
  regex: String.raw`\b(?i:${schemes.map(scheme => scheme.replace("+", "[+]")).join("|")})://[^\s:@/"'\x60<>]{0,80}:([^\s@/"'\x60<>]{3,128})@[\w.,:\[\]-]{1,300}(?:/[\w.%-]{0,80})?(?:\?[\w=&.%-]{0,200})?`,
  keywords: schemes.map(scheme => `${scheme}://`),
  entropy: 2,
  allowlists: [{ regexes: [placeholder] }, { regexTarget: "match", regexes: [ownHost] }],
  finds: [example(`DATABASE_URL="${schemes[0]}://app:`, "[A-Za-z0-9]{18}", `@db.internal.net:5432/app"`, 3)],
  ignores: [
    `${schemes[0]}://user:password@db.internal.net/app`,
    `${schemes[0]}://app:\${DB_PASSWORD}@db.internal.net/app`,
    `${schemes[0]}://app:aB3dE5gH7jK9@localhost:5432/app`,
  ],
})

/** Logins of databases and brokers. */
export default declare([
  url(
    "postgres-url",
    "PostgreSQL",
    ["postgres", "postgresql", "postgis"],
    "Change it with ALTER ROLE ... PASSWORD, or let Arca's database engine make short-lived ones.",
  ),
  url(
    "mysql-url",
    "MySQL",
    ["mysql", "mysql2", "mysqlx", "mariadb"],
    "Change it with ALTER USER ... IDENTIFIED BY, or let Arca's database engine make short-lived ones.",
  ),
  url(
    "mongodb-url",
    "MongoDB",
    ["mongodb", "mongodb+srv"],
    "Change it with db.changeUserPassword(), or in Atlas under Database Access.",
  ),
  url(
    "redis-url",
    "Redis",
    ["redis", "rediss"],
    "Change it with ACL SETUSER, or requirepass, and restart the clients.",
  ),
  url("amqp-url", "RabbitMQ (AMQP)", ["amqp", "amqps"], "Change it with `rabbitmqctl change_password`."),
  url("mssql-url", "SQL Server", ["mssql", "sqlserver"], "Change it with ALTER LOGIN ... WITH PASSWORD."),
  url("clickhouse-url", "ClickHouse", ["clickhouse"], "Change it with ALTER USER ... IDENTIFIED."),
  url("ldap-url", "LDAP", ["ldap", "ldaps"], "Change the password of the account that the URL names."),
  {
    id: "odbc-connection-string",
    of: "ODBC or ADO.NET",
    a: "password in a connection string",
    fix: "Change the password of the login that the string names.",
    regex: String.raw`(?i)(?:user(?:\s?id)?|uid)\s{0,3}=\s{0,3}[^\s;"'=]{2,100}\s{0,3};[^\n"']{0,200}?(?:password|pwd)\s{0,3}=\s{0,3}([^\s;"'<>{}$%]{4,100})`,
    keywords: ["password", "pwd"],
    entropy: 2.5,
    allowlists: [{ regexes: [placeholder] }],
    finds: [
      example("Server=tcp:db.internal.net;Database=app;User ID=app;Password=", "[A-Za-z0-9!]{16}", ";Encrypt=true", 3),
      example("Driver={SQL Server};Uid=sa;Pwd=", "[A-Za-z0-9!]{14}", ";", 3),
    ],
    ignores: ["User ID=app;Password=<password>;", "Uid=sa;Pwd=password;"],
  },
])
