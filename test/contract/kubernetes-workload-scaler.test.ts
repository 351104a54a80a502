import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { kubernetesWorkload } from '../../scalers/kubernetes-workload.js'
import type { Workloads } from '../../src/plugin/index.js'
import { scalerSuite, testKit, type TestReadable } from '../../src/plugin/testing/index.js'

/** Pods of which there are as many as is said. */
async function source (): Promise<TestReadable> {
  let pods = 0
  const listeners = new Set<(count: number) => void>()
  const become = (count: number): void => {
    pods = count
    for (const listener of listeners) listener(count)
  }
  const workloads: Workloads = {
    follow: () => ({
      count: async signal => { signal.throwIfAborted(); return pods },
      changes: listener => { listeners.add(listener); return () => { listeners.delete(listener) } },
      close: async () => listeners.clear(),
    }),
  }
  return {
    values: { metadata: { podSelector: 'app=backend', value: '2', activationValue: '1' } },
    kit: { ...testKit(), workloads },
    put: async value => become(value),
    close: async () => undefined,
  }
}

describe('the scaler contract', () => {
  // What a cluster tells is tested against a real one (test/kube), what this machine tells in test/local.
  test.each(scalerSuite(kubernetesWorkload, { source, amounts: [5, 1], yaml: text => parse(text) as unknown }))('$name', ({ run }) => run())
})
