import { threeNodes } from "./three-nodes.ts"

await threeNodes("postgresql")
