import { expect, test } from 'vitest'
import { deployment, refOf, setup, until } from './support.js'

test('replicas are counted by the labels of their template, and every change is told', async () => {
  const { cluster, apply, counts } = setup()
  apply(deployment('worker', { replicas: 0 }))
  apply(deployment('other', { replicas: 1 }))
  await cluster.start()
  const told: number[] = []
  const workers = cluster.pods.follow('default', 'app in (worker, nobody)')
  const signal = new AbortController().signal
  const stop = workers.changes(count => told.push(count))
  await cluster.scaleTarget.set(refOf('worker'), 2, new Set())
  await counts('worker', { status: 2 })
  await until(() => told.at(-1) === 2)
  expect(await workers.count(signal)).toBe(2)
  expect(await cluster.pods.follow('*', 'app').count(signal)).toBe(3)
  expect(await cluster.pods.follow('elsewhere', 'app=worker').count(signal)).toBe(0)
  stop()
  await workers.close()
  const before = told.length
  await cluster.scaleTarget.set(refOf('worker'), 0, new Set())
  await counts('worker', { status: 0 })
  expect(told).toHaveLength(before)
})
