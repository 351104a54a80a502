import { defineScaler, Inbox, keyOf, normalizeMetricName, number, onAbort, parseSelector, spec, string, TidegateError } from '../src/plugin/index.js'

export const kubernetesWorkload = defineScaler({
  type: 'kubernetes-workload',
  title: 'Kubernetes workload',
  summary: 'Scales on the number of pods that a label selector selects and that have not ended.',
  since: '0.1.0',
  stability: 'beta',
  needs: ['workloads'],

  config: spec({
    podSelector: string({ summary: 'Labels of the pods, as kubectl writes them.', minLength: 1, example: 'app=backend' }),
    value: number({ summary: 'Pods for which there is to be one replica. May be left out beside a formula.', optional: true, moreThan: 0 }),
    activationValue: number({ summary: 'Pods above which a sleeping target wakes.', default: 0 }),
    namespace: string({ summary: 'Namespace of the pods, * for all; that of the object unless given.', optional: true }),
  }, {
    checks: [({ podSelector }) => (parseSelector(podSelector) ?? []).length > 0 ? []
      : [{ field: 'podSelector', code: 'TG_CONFIG_INVALID', message: `"${podSelector}" selects nothing in particular, or is no label selector`, hint: 'for example app=backend,tier in (a,b)' }]],
  }),
  targetField: 'value',

  measure: c => ({ name: normalizeMetricName(`workload-${c.podSelector.replace(/[\s,!]+/g, '-')}`), target: c.value ?? 1, activation: c.activationValue, metricType: 'AverageValue' }),

  async open ({ podSelector, namespace }, kit, measured) {
    const { workloads, owner } = kit
    if (workloads === undefined) throw new TidegateError('TG_INTERNAL', 'this mode counts no pods')
    const where = namespace ?? owner.namespace
    const shared = await kit.share(keyOf('pods', where, podSelector), async () => {
      const followed = workloads.follow(where, podSelector)
      return { value: followed, close: () => followed.close() }
    })
    const pods = shared.value
    let closed: Promise<void> | undefined
    let seen = Infinity
    return {
      read: async signal => measured(seen = await pods.count(signal)),
      async * watch (signal) {
        const rings = new Inbox<'ring'>()
        const stop = pods.changes(count => { if (count > seen && rings.size === 0) rings.push('ring') })
        const letGo = onAbort(signal, () => rings.end())
        try { yield * rings } finally { stop(); letGo() }
      },
      close: () => closed ??= shared.release(),
    }
  },

  examples: [{ title: 'One replica for every two pods of the backend', yaml: 'type: kubernetes-workload\nmetadata: {podSelector: app=backend, value: "2"}' }],
})
