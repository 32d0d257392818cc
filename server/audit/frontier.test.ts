import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { test } from "node:test"
import { base64, type Frontier, frontierOf, grow, leafHash, rootOf } from "./frontier.ts"

const sha256 = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest()

/** RFC 6962 section 2.1, as it stands there. */
function treeHash(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return sha256(Buffer.of(0), only)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

test("a tree grown leaf by leaf has the roots of RFC 6962", () => {
  const leaves: Buffer[] = []
  let tree: Frontier = { size: 0, subtrees: [] }
  for (let size = 0; size <= 130; size++) {
    assert.equal(base64(rootOf(tree)), treeHash(leaves).toString("base64"))
    // What is kept of it is enough to go on.
    const kept = frontierOf(tree.size, tree.subtrees.map(base64))
    assert.deepEqual(kept, tree)
    assert.equal(frontierOf(tree.size + 1, [...tree.subtrees.map(base64), "x"]), undefined)
    tree = kept ?? tree
    const leaf = Buffer.from(`record ${size}`)
    leaves.push(leaf)
    grow(tree, leafHash(Buffer.concat([Buffer.of(7), leaf])))
  }
})

test("the roots are those of the published test data of Certificate Transparency", () => {
  const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
  const roots = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]
  const tree: Frontier = { size: 0, subtrees: [] }
  for (const [at, input] of inputs.entries()) {
    grow(tree, leafHash(Buffer.from(`ff${input}`, "hex")))
    assert.equal(Buffer.from(rootOf(tree), "latin1").toString("hex"), roots[at])
  }
})
