import { getText } from '../src/brokers/http-get.js'
import { defineScaler, keyOf, normalizeMetricName, TidegateError } from '../src/plugin/index.js'
import { config } from './metrics-api/config.js'
import { requestOf } from './metrics-api/request.js'
import { valueIn } from './metrics-api/value.js'

/** Looks of objects at one address that fall into the same time are one question. */
const freshMs = 500

export const metricsApi = defineScaler({
  type: 'metrics-api',
  title: 'Metrics API',
  summary: 'Scales on a number in what an HTTP address answers.',
  since: '0.1.0',
  stability: 'beta',
  config,
  targetField: 'targetValue',
  measure: c => ({ name: normalizeMetricName(`metric-api-${c.valueLocation}`), target: c.targetValue ?? 1, activation: c.activationTargetValue, metricType: 'AverageValue' }),
  open (config, kit, measured) {
    const { url, shown, options } = requestOf(config)
    const key = keyOf('metrics-api', url, ...Object.values(options.headers), options.tls.ca, options.tls.cert, options.tls.rejectUnauthorized)
    return {
      read: async signal => {
        const body = await kit.ask(key, freshMs, inner => getText(url, inner, options, shown), signal)
        const found = await valueIn(body, config)
        if (typeof found === 'number') return measured(found)
        throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${shown}: ${found.problem}`)
      },
      close: async () => undefined,
    }
  },
  examples: [
    { title: 'A number in JSON', yaml: 'type: metrics-api\nmetadata:\n  url: http://api:3232/api/v1/stats\n  valueLocation: components.worker.tasks\n  targetValue: "8"' },
    { title: 'A Prometheus page', yaml: 'type: metrics-api\nmetadata:\n  url: http://app:9090/metrics\n  format: prometheus\n  valueLocation: jobs_waiting{queue="mail"}\n  targetValue: "10"' },
  ],
})
