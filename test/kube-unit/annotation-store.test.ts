import { expect, test } from 'vitest'
import { AnnotationStore } from '../../src/kube/objects/annotation-store.js'
import { memoryAnnotation, trimResource, type CustomResource } from '../../src/kube/objects/custom-resource.js'
import { Revisions } from '../../src/kube/objects/revisions.js'
import { NotOwner, Writer } from '../../src/kube/api/writer.js'
import { UnitMemory } from '../../src/runtime/scaling/unit-memory.js'
import { seedMemory } from '../../src/core/scaling/memory.js'
import { policyOf } from '../core/scaling/unit.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { quiet } from '../fakes/ports.js'
import { failure, ScriptedApi } from './api-server.js'

const key = 'memory/Deployment n/web'
const trim = trimResource('keda.sh/v1alpha1', 'ScaledObject', 'scaledobjects')
const objectOf = (version: number, memory: string | null | undefined): { readonly metadata: Record<string, unknown> } =>
  ({ metadata: { name: 'web', namespace: 'n', uid: 'u', resourceVersion: String(version), annotations: typeof memory === 'string' ? { [memoryAnnotation]: memory } : {} } })

/** A ScaledObject with compare-and-swap as an API server keeps it; `show` brings the watch to where it is, or to what is given. */
async function scene ({ memory, epoch = 3, shadow = false }: { readonly memory?: string, readonly epoch?: number, readonly shadow?: boolean }) {
  const api = new ScriptedApi()
  let [version, text] = [5, memory as string | null | undefined]
  api.script = ({ method, body }) => {
    if (method !== 'PATCH') return { body: objectOf(version, text) }
    const { metadata } = body as { metadata: { resourceVersion: string, annotations: Record<string, string | null> } }
    if (metadata.resourceVersion !== String(version)) return failure(409, 'Conflict')
    version++
    text = metadata.annotations[memoryAnnotation]
    return { body: objectOf(version, text) }
  }
  const http = await api.start()
  let seen: CustomResource = trim(objectOf(version, text))
  const store = new AnnotationStore({
    http, log: quiet, revisions: new Revisions(), epoch: () => epoch, speakerFor: () => seen, find: () => seen,
    writer: new Writer(http, { mayWrite: () => true, soon: async () => undefined }, shadow),
  })
  return {
    api, store, get stored () { return text },
    show: (of: string | null | undefined = text, at = version) => { seen = trim(objectOf(at, of)) },
    /** By somebody else. */
    write: (by: string) => { version++; text = by },
  }
}

test('who sees a memory of a newer term neither reads nor writes, though no write of his conflicts', async () => {
  const t = await scene({ memory: '3 "ours"' })
  expect(await t.store.compareAndSet(key, '"ours"', '"still ours"')).toBe(true)
  t.write('4 "theirs"')
  t.show()
  await expect(t.store.get(key)).rejects.toBeInstanceOf(NotOwner)
  await expect(t.store.compareAndSet(key, '"still ours"', '"late"')).rejects.toBeInstanceOf(NotOwner)
  await expect(t.store.delete(key)).rejects.toBeInstanceOf(NotOwner)
  expect(t.stored).toBe('4 "theirs"')
})

test('a unit does not write its memory over that of a newer holder', async () => {
  const t = await scene({})
  const clock = new ManualClock()
  const memory = new UnitMemory('Deployment n/web', t.store, clock)
  const current = { spec: 2, status: 2, ready: 2 }
  await memory.load(current, policyOf())
  t.write('4 "theirs"')
  t.show()
  await expect(memory.keep({ ...seedMemory(clock.now(), current), lastSet: 2 }, policyOf(), true)).rejects.toBeInstanceOf(NotOwner)
  expect(t.stored).toBe('4 "theirs"')
})

test('who only watches has no term and reads what the holder remembers', async () => {
  const t = await scene({ memory: '7 "theirs"', epoch: 0, shadow: true })
  expect((await t.store.get(key))?.value).toBe('"theirs"')
})

test('our own writes count until the watch shows the last of them, and an edit by hand after that counts', async () => {
  const t = await scene({ memory: '3 "a"' })
  await t.store.compareAndSet(key, '"a"', '"b"')
  await t.store.compareAndSet(key, '"b"', '"c"')
  expect((await t.store.get(key))?.value).toBe('"c"')
  t.show('3 "b"', 6)
  expect((await t.store.get(key))?.value).toBe('"c"')
  t.show()
  expect((await t.store.get(key))?.value).toBe('"c"')
  t.write('3 "by hand"')
  t.show()
  expect((await t.store.get(key))?.value).toBe('"by hand"')
  expect(await t.store.compareAndSet(key, '"c"', '"d"')).toBe(false)
})
