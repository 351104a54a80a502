import { boolean, list, number, oneOf, secret, spec, string, type ConfigOf } from '../../src/plugin/index.js'
import { formats, pathProblem } from './value.js'

const anywhere = { from: ['metadata', 'auth'] } as const
const inAuth = { optional: true, from: ['auth'] } as const

export const config = spec({
  url: string({ summary: 'Address that is asked with GET.', pattern: /^https?:\/\//i, mustBe: 'must begin with http:// or https://', example: 'http://api:3232/api/v1/stats' }),
  format: oneOf(formats, { summary: 'What the answer is.', default: 'json' }),
  valueLocation: string({ summary: 'Where in the answer the number is: names and list indexes between dots (`tasks.0.size`, `tasks.#` for how many); of prometheus, a metric with its labels.', example: 'components.worker.tasks' }),
  targetValue: number({ summary: 'Value one replica is meant to hold. May be left out beside a formula.', optional: true, moreThan: 0 }),
  activationTargetValue: number({ summary: 'Value above which a sleeping target wakes.', default: 0 }),
  unsafeSsl: boolean({ summary: 'Take any certificate.', default: false }),
  aggregateFromKubeServiceEndpoints: boolean({ summary: 'Ask each endpoint of a Service by itself; not built yet.', default: false }),
  aggregationType: oneOf(['average', 'sum', 'max', 'min'], { summary: 'What is made of their answers.', default: 'average' }),
  authMode: list(oneOf(['apiKey', 'basic', 'tls', 'bearer'], { summary: 'Mode.' }), {
    summary: 'How to authenticate: apiKey, basic, tls, bearer; several between commas.', optional: true, ...anywhere, aliases: ['authModes'], exclusive: ['basic', 'bearer'],
  }),
  apiKey: secret({ summary: 'Key of `authMode: apiKey`.', optional: true, ...anywhere }),
  method: oneOf(['header', 'query'], { summary: 'Where the key goes.', default: 'header', ...anywhere }),
  keyParamName: string({ summary: 'Name of the header or parameter that the key goes in; X-API-KEY or api_key unless given.', optional: true, ...anywhere }),
  username: string({ summary: 'User of `authMode: basic`.', ...inAuth }),
  password: secret({ summary: 'Password of `authMode: basic`.', ...inAuth }),
  token: secret({ summary: 'Token of `authMode: bearer`.', ...inAuth, aliases: ['bearerToken'] }),
  ca: string({ summary: 'PEM of the authorities that are trusted instead of the usual ones.', ...inAuth }),
  cert: string({ summary: 'PEM of the client certificate of `authMode: tls`.', ...inAuth }),
  key: secret({ summary: 'PEM of its key.', ...inAuth }),
}, {
  checks: [
    ({ aggregateFromKubeServiceEndpoints: isAsked }) => isAsked
      ? [{ field: 'aggregateFromKubeServiceEndpoints', code: 'TG_CONFIG_NOT_BUILT', message: 'is not built yet', hint: 'let the Service answer with the number for all of them' }] : [],
    ({ valueLocation, format }) => {
      const message = pathProblem(valueLocation, format)
      return message === undefined ? [] : [{ field: 'valueLocation', message }]
    },
    ({ authMode = [] }, given) => ([['apiKey', 'apiKey'], ['basic', 'username'], ['bearer', 'token'], ['tls', 'cert'], ['tls', 'key']] as const)
      .filter(([mode, needed]) => authMode.includes(mode) && !given(needed))
      .map(([mode, field]) => ({ field, code: 'TG_CONFIG_MISSING', message: `authMode ${mode} needs ${field}`, hint: `give parameter ${field} through a TriggerAuthentication` })),
  ],
})

export type MetricsApiConfig = ConfigOf<typeof config>
