/** Does something for each, also after one has failed; throws the first failure when all were tried. */
export async function tryAll<T>(all: AsyncIterable<T> | Iterable<T>, act: (one: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  for await (const one of all) await act(one).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
