import { command, family } from "../command.ts"

const token = command({
  name: "token",
  summary: "Prints the token that commands would use.",
  about: "It comes from the environment, or else from where the last login stored it.",
  examples: [["Use it elsewhere", `$0 print token`]],
  run: async ({ out, client }) => out.line((await client()).settings.token),
})

export const print = family({
  name: "print",
  summary: "Prints what commands would use.",
  examples: [["See the token", "print token"]],
  commands: [token],
})
