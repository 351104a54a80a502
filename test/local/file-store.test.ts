import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fileStore } from '../../src/local/file-store.js'
import { freshFolder } from './support.js'

it('writes only over the version that was named', async () => {
  const store = fileStore(freshFolder(), 'a')
  expect(await store.get('k')).toBeUndefined()
  expect(await store.compareAndSet('k', undefined, 'one')).toBe(true)
  expect(await store.compareAndSet('k', undefined, 'two')).toBe(false)
  const first = await store.get('k')
  expect(await store.compareAndSet('k', first?.version, 'two')).toBe(true)
  expect(await store.compareAndSet('k', first?.version, 'three')).toBe(false)
  expect((await store.get('k'))?.value).toBe('two')
})

it('keeps values for the next start, never a version twice', async () => {
  const folder = freshFolder()
  const store = fileStore(folder, 'a')
  await store.compareAndSet('Trigger/default/x', undefined, 'v')
  const before = await store.get('Trigger/default/x')
  const next = fileStore(folder, 'b')
  expect(await next.get('Trigger/default/x')).toEqual(before)
  await next.delete('Trigger/default/x')
  expect(await fileStore(folder, 'c').get('Trigger/default/x')).toBeUndefined()
  await next.compareAndSet('Trigger/default/x', undefined, 'v')
  expect((await next.get('Trigger/default/x'))?.version).not.toBe(before?.version)
})

it('takes a hundred writes to one key for as many as the disk can follow, and ends with the last', async () => {
  const folder = freshFolder()
  const store = fileStore(folder, 'a')
  const writes = []
  for (let i = 0; i < 100; i++) writes.push(store.compareAndSet('k', (await store.get('k'))?.version, String(i)))
  expect(await Promise.all(writes)).toEqual(Array(100).fill(true))
  expect((await fileStore(folder, 'b').get('k'))?.value).toBe('99')
})

it('keys may be any text, also long ones that begin alike', async () => {
  const folder = freshFolder()
  const store = fileStore(folder, 'a')
  const keys = ['..', 'a/b', 'a%2Fb', 'ä', 'x'.repeat(500), `${'x'.repeat(500)}y`]
  for (const key of keys) await store.compareAndSet(key, undefined, key)
  expect(readdirSync(folder)).toHaveLength(keys.length)
  const again = fileStore(folder, 'b')
  for (const key of keys) expect((await again.get(key))?.value).toBe(key)
})

it('a file that is no value counts as absent', async () => {
  const folder = freshFolder()
  writeFileSync(join(folder, 'k.json'), '{"key":"k","val')
  expect(await fileStore(folder, 'a').get('k')).toBeUndefined()
})
