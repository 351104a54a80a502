import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { Autoscalers } from '../../src/kube/targets/autoscalers.js'
import { KubeResources } from '../../src/kube/objects/resources.js'
import { Workloads } from '../../src/kube/targets/workloads.js'
import { quiet } from '../fakes/ports.js'
import { until } from '../scenario/harness.js'
import { isWatch, line, list, ScriptedApi } from './api-server.js'

const scaledObject = (name: string, version: number, generation = 1) => ({
  metadata: { name, namespace: 'n', uid: `u-${name}`, resourceVersion: String(version), generation },
  spec: { scaleTargetRef: { name }, maxReplicaCount: generation, triggers: [{ type: 'cron', metadata: { timezone: 'UTC', start: '0 0 * * *', end: '1 0 * * *', desiredReplicas: '1' } }] },
})

test.each(['first', 'last'])('an object that cannot be taken in, told %s, holds up no other, then or later', async place => {
  const api = new ScriptedApi()
  const others = [scaledObject('a', 1), scaledObject('b', 2)]
  let say: (text: string) => void = () => undefined
  api.script = (asked, response) => {
    const isOurs = asked.path === '/apis/keda.sh/v1alpha1/scaledobjects'
    if (!isWatch(asked)) return list(5, ...isOurs ? place === 'first' ? [scaledObject('odd', 3), ...others] : [...others, scaledObject('odd', 3)] : [])
    response.writeHead(200).flushHeaders()
    if (isOurs) say = text => { response.write(text) }
    return undefined
  }
  const http = await api.start()
  const parts = { http, clock: systemClock, random: () => 0.5, log: quiet }
  const [workloads, autoscalers] = [new Workloads(parts, []), new Autoscalers(parts, [])]
  const resources = new KubeResources({ ...parts, autoscalers, workloads, namespaces: [], shadow: false, keda: 'replace', cluster: 'c' })
  const stopping = new AbortController()
  const all = [...workloads.reflectors, ...autoscalers.reflectors, ...resources.reflectors]
  const runs = all.map(reflector => reflector.run(stopping.signal))
  onTestFinished(async () => { stopping.abort(); await Promise.all(runs) })
  await Promise.all(all.map(reflector => reflector.synced))
  const told: string[] = []
  let isOdd = true
  void resources.watch({
    applied: ({ metadata: { name } }) => {
      if (name === 'odd' && isOdd) throw new Error('odd')
      told.push(`+${name}`)
    },
    refused: ({ name }) => { told.push(`!${name}`) },
    deleted: ({ name }) => { told.push(`-${name}`) },
    synced: () => { told.push('synced') },
  }, stopping.signal)
  expect(told).toEqual(['+a', '+b', 'synced'])
  await until(() => api.asked.some(asked => isWatch(asked) && asked.path.endsWith('/keda.sh/v1alpha1/scaledobjects')))
  const modified = (name: string, version: number): string => line('MODIFIED', scaledObject(name, version, version))
  say(modified('odd', 6) + modified('a', 7) + modified('b', 8))
  await until(() => told.length === 5)
  say(modified('a', 9))
  await until(() => told.length === 6)
  isOdd = false
  say(modified('odd', 10))
  await until(() => told.length === 7)
  expect(told.slice(3)).toEqual(['+a', '+b', '+a', '+odd'])
})
