import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lint } from '../../src/cli/commands/lint.js'
import { defineConnector, defineScaler, map, object, secret, spec, string } from '../../src/plugin/index.js'
import { emptyRegistry } from '../../src/registry/registry.js'

const info = { title: 'Queue', summary: 'A queue.', since: '0.1.0', stability: 'alpha', examples: [{ title: 'Plain', yaml: '' }] } as const
const never = (): never => { throw new Error('lint opens nothing') }

const queue = defineScaler({
  ...info, type: 'azure-queue', open: never, measure: never,
  config: spec({
    queueName: string({ summary: 'Queue.' }), queueLength: string({ summary: 'Length.', optional: true }),
    connection: secret({ summary: 'Connection.', from: ['auth', 'metadata', 'env'] }),
  }),
})
const source = (type: string, sourceKey: string, delivery: 'at-least-once' | 'at-most-once') => defineConnector({
  ...info, type, sourceKey, open: never, defaultsKey: 'nats', guarantees: { delivery, redelivery: 'none', delayedRetry: false, order: 'none' },
  config: spec({ subject: string({ summary: 'Subject.' }), servers: string({ summary: 'Servers.' }), labels: map(string({ summary: 'L.' }), { summary: 'Labels.', default: {} }), start: object({}, { summary: 'S.', optional: true }) }),
})
const registry = emptyRegistry.with({ scalers: [queue], connectors: [source('nats', 'nats', 'at-most-once'), source('nats-jetstream', 'natsJetstream', 'at-least-once')] })

async function linted (...documents: string[]): Promise<{ lines: string[], code: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-lint-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  await writeFile(join(dir, 'a.yaml'), documents.join('---\n'))
  const lines: string[] = []
  const code = await lint([dir], { recursive: false }, { out: line => lines.push(line.replace(`${dir}/`, '')), error: never }, registry)
  return { lines, code }
}

const scaledObject = (triggers: string, name = 'so'): string =>
  `apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: ${name}}\nspec:\n  scaleTargetRef: {name: worker}\n  triggers:\n    - ${triggers}\n`
const worker = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, command: [node], env: [{name: CONN, value: x}]}]}}}\n'
const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: fn}\nspec: {ports: [{port: 80}]}\n'
const trigger = (body: string): string => `apiVersion: tidegate.dev/v1alpha1\nkind: Trigger\nmetadata: {name: t}\nspec:\n  function: {name: fn}\n  ${body}\n`
const authentication = 'apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: auth}\nspec: {secretTargetRef: [{parameter: connection, name: s, key: k}]}\n'

test('a folder without a fault is told in one line', async () => {
  expect(await linted(scaledObject('{type: azure-queue, metadata: {queueName: q, connectionFromEnv: CONN}}'), worker)).toEqual({ lines: ['1 file, 2 objects: 0 errors, 0 warnings'], code: 0 })
})

describe('a scale trigger', () => {
  test.each([
    ['a mistyped field', 'type: azure-queue\n      metadata: {queueName: q, queueLenght: "5", connectionFromEnv: CONN}', 'a.yaml:8:32 error TG_CONFIG_UNKNOWN_FIELD spec.triggers[0].metadata.queueLenght: no such field for "azure-queue"; did you mean queueLength?'],
    ['a mistyped scaler', '{type: azure-qeue, metadata: {}}', 'a.yaml:7:8 error TG_SCALER_UNKNOWN spec.triggers[0].type: no scaler "azure-qeue"; did you mean azure-queue?'],
    ['a scaler of KEDA that is not built', '{type: rabbitmq, metadata: {}}', 'a.yaml:7:8 error TG_SCALER_NOT_BUILT spec.triggers[0].type: KEDA has a scaler "rabbitmq"; it is not built here yet; built: azure-queue'],
    ['a variable that is not there', '{type: azure-queue, metadata: {queueName: q, connectionFromEnv: CON}}', 'a.yaml:7:52 error TG_CONFIG_MISSING spec.triggers[0].metadata.connectionFromEnv: the target\'s container has no variable CON, or it is empty; add CON to the container\'s env, or name another variable'],
    ['an authentication that is not there', '{type: azure-queue, metadata: {queueName: q}, authenticationRef: {name: auht}}', 'a.yaml:7:73 warning TG_REF_NOT_FOUND spec.triggers[0].authenticationRef.name: TriggerAuthentication "auht" is not among these files; fine if the cluster has it; `run` needs it here'],
  ])('%s', async (_what, body, line) => expect((await linted(scaledObject(body), worker)).lines).toEqual([line, expect.stringMatching(/^1 file, 2 objects: /)]))

  test('of an object that cannot be read is checked all the same', async () => {
    const { lines } = await linted(scaledObject('{type: azure-queue, metadata: {queueName: q, connectionFromEnv: CONN, x: y}}').replace('spec:', 'spec:\n  pollingIntervall: 5'), worker)
    expect(lines.map(line => line.split(' ')[3])).toEqual(['spec.pollingIntervall:', 'spec.triggers[0].metadata.x:', 'objects:'])
  })
})

describe('between objects', () => {
  const withAuth = scaledObject('{type: azure-queue, metadata: {queueName: q}, authenticationRef: {name: auth}}')
  const secretWith = (key: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {${key}: x}\n`

  test('a Secret with the key is fine', async () => expect((await linted(withAuth, worker, authentication, secretWith('k'))).code).toBe(0))
  test('a key that a Secret does not have is an error that lists those it has', async () => {
    expect((await linted(withAuth, worker, authentication, secretWith('key'))).lines[0]).toMatch(/error TG_REF_NOT_FOUND spec.secretTargetRef\[0\].key: Secret "s" has no key "k"; keys: key$/)
  })
  test('a Secret and a target that are elsewhere are warnings', async () => {
    const { lines, code } = await linted(withAuth, authentication)
    expect(lines.map(line => line.split(' ').slice(1, 4).join(' '))).toEqual([
      'warning TG_REF_NOT_FOUND spec.scaleTargetRef.name:', 'warning TG_REF_NOT_FOUND spec.secretTargetRef[0].name:', 'file, 2 objects:',
    ])
    expect(code).toBe(0)
  })
  test('two ScaledObjects on one target are an error', async () => {
    const body = '{type: azure-queue, metadata: {queueName: q, connectionFromEnv: CONN}}'
    const { lines, code } = await linted(scaledObject(body), scaledObject(body, 'other'), worker)
    expect(lines[0]).toContain('a.yaml:5:20 error TG_TARGET_CONFLICT spec.scaleTargetRef.name: ScaledObject "other" scales Deployment "worker" already')
    expect(code).toBe(1)
  })
  test('of two on one target the younger loses, as when running', async () => {
    const body = '{type: azure-queue, metadata: {queueName: q, connectionFromEnv: CONN}}'
    const old = scaledObject(body, 'so').replace('{name: so}', '{name: so, creationTimestamp: "2026-01-02T00:00:00Z"}')
    expect((await linted(scaledObject(body, 'other'), old, worker)).lines[0]).toContain('a.yaml:5:20 error TG_TARGET_CONFLICT spec.scaleTargetRef.name: ScaledObject "so" scales')
  })
  test('what stops the replicas of a Deployment is a warning', async () => {
    const { lines, code } = await linted(worker.replace('command: [node]', 'image: w:1').replace('value: x', 'valueFrom: {secretKeyRef: {name: s, key: k}}'))
    expect(lines[0]).toMatch(/warning TG_CONFIG_NOT_LOCAL .*container "c" \(image w:1\) has no command, .*: `run` cannot start it; say what to run/)
    expect(lines[1]).toMatch(/warning TG_REF_NOT_FOUND spec.template.spec.containers\[0\].env\[0\].valueFrom.secretKeyRef.name: Secret "s" is not among these files;/)
    expect(code).toBe(0)
  })
  test('a key that a container wants and the Secret beside it lacks is an error', async () => {
    const wants = worker.replace('value: x', 'valueFrom: {secretKeyRef: {name: s, key: k}}')
    expect((await linted(wants, secretWith('key'))).lines[0]).toMatch(/error TG_REF_NOT_FOUND .*secretKeyRef.key: Secret "s" has no key "k"; keys: key$/)
    expect((await linted(wants, secretWith('k'))).lines).toHaveLength(1)
    expect((await linted(wants.replace('key: k', 'key: k, optional: true'))).lines).toHaveLength(1)
  })
})

describe('a Trigger', () => {
  test.each([
    ['queue words of others', 'source: {jetstream: {subject: a}}', 'error TG_CONNECTOR_UNKNOWN spec.source.jetstream: no source "jetstream"; did you mean natsJetstream?'],
    ['an unknown key in its source', 'source: {natsJetstream: {subjct: a, servers: b}}', 'error TG_CONFIG_UNKNOWN_FIELD spec.source.natsJetstream.subjct: no such field for "nats-jetstream"; did you mean subject?'],
    ['retries of a source that delivers at most once', 'source: {nats: {subject: a, servers: b}}\n  delivery: {retry: {attempts: 3}}', 'warning TG_CONFIG_CONFLICT spec.delivery.retry: "nats" delivers at most once: an event that waits for this is lost when Tidegate ends; use natsJetstream where no event may be lost'],
    ['a dead letter place that nobody knows', 'source: {natsJetstream: {subject: a, servers: b}}\n  deadLetter: {to: {azureQueue: {queueName: q}}}', 'error TG_CONNECTOR_UNKNOWN spec.deadLetter.to.azureQueue: no destination "azureQueue"; known: nats, natsJetstream'],
  ])('%s', async (_what, body, line) => expect((await linted(trigger(body), service)).lines.join('\n')).toContain(line))

  test('takes an address from tidegate.yaml', async () => {
    const settings = 'apiVersion: tidegate.dev/v1alpha1\nkind: Config\ndefaults: {nats: {servers: n}}\n'
    const body = 'source: {natsJetstream: {subject: a}}'
    expect((await linted(trigger(body), service)).lines[0]).toContain('"nats-jetstream" needs servers')
    expect((await linted(trigger(body), service, settings)).code).toBe(0)
    expect((await linted(trigger(body), service, settings.replace('nats:', 'nast:'))).lines.join()).toContain('error TG_CONFIG_UNKNOWN_FIELD defaults.nast: nothing takes defaults of this name; did you mean nats?')
  })
})
