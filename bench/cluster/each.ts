/** Does something for 0 … count - 1, so many at once. Rejects with the first failure. */
export async function eachOf (count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async () => {
    while (next < count) await work(next++)
  }))
}
