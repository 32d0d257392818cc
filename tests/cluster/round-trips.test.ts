import assert from "node:assert/strict"
import { test } from "node:test"
import { countTrips } from "../../bench/round-trips.ts"
import { missing as etcdMissing } from "../parts/etcd.ts"
import { missing as postgresqlMissing } from "../parts/postgresql.ts"

const skip = (await postgresqlMissing()) ?? etcdMissing() ?? false

test("a secret is read in one round trip to the store and written in two", { skip }, async () => {
  const trips = await countTrips()
  const of = (store: string, request: string) =>
    trips.find(one => one.store === store && one.request === request)?.again
  for (const store of ["postgresql", "etcd"]) {
    assert.equal(of(store, "read a secret (KV 1)"), 1)
    assert.equal(of(store, "read a secret (KV 2)"), 1)
    assert.equal(of(store, "write a secret (KV 1)"), 2)
    assert.equal(of(store, "write a secret (KV 2)"), 2)
  }
})
