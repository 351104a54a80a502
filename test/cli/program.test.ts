import { describe, expect, test } from 'vitest'
import { runCommand } from '../../src/cli/program.js'

async function typed (line: string): Promise<{ code: number, out: string, error: string }> {
  const out: string[] = []
  const error: string[] = []
  const code = await runCommand(line.split(' ').filter(word => word !== ''), { out: text => out.push(text), error: text => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

describe('the command line', () => {
  test.each([
    ['lnt', 'error TG_USAGE no command "lnt"; did you mean lint? (tidegate --help)'],
    ['lint', 'error TG_USAGE lint needs a manifest or a folder; for example: tidegate lint k8s/'],
    ['lint /nowhere', 'error TG_USAGE no file or folder "/nowhere"; name a manifest or a folder of manifests'],
    ['lint --bogus x', "error TG_USAGE unknown option '--bogus'; see `tidegate --help`"],
    ['run', "error TG_USAGE required option '-f, --filename <path>' not specified; see `tidegate --help`"],
    ['run -f . --port x', 'error TG_USAGE --port x is not a port; give 0 to 65535'],
  ])('%s: says what is wrong and what to do', async (line, message) => {
    expect(await typed(line)).toEqual({ code: 2, out: '', error: message })
  })
  test.each(['', '--help', 'help', 'lint --help'])('"%s" teaches', async line => {
    const { code, out } = await typed(line)
    expect(code).toBe(0)
    expect(out).toContain('tidegate lint k8s/')
  })
})

describe('reference pages', () => {
  test('scalers and connectors are listed and shown', async () => {
    expect((await typed('scalers')).out).toContain('nats-jetstream  ')
    expect((await typed('scalers nats-jetstream')).out).toMatch(/Metric +nats-jetstream-/)
    expect((await typed('connectors natsJetstream')).out).toMatch(/Guarantee +at least once/)
    expect((await typed('connectors nats-jetstream --markdown')).out).toContain('| `subject` |')
  })
  test('kinds are listed and shown, by the names that kubectl takes and tidegate.yaml too', async () => {
    expect((await typed('kinds')).out).toMatch(/^Trigger +Delivers /)
    expect((await typed('kinds Trigger')).out).toContain('delivery.retry.attempts  (integer; 5)')
    expect((await typed('kinds so --markdown')).out).toContain('| `triggers[].metadata` |')
    expect((await typed('kinds scaledjobs')).out).toMatch(/On one machine +a Job is a process/)
    expect((await typed('kinds tidegate.yaml')).out).toMatch(/defaults[.]nats +fields of connector nats, connector nats-jetstream/)
    expect((await typed('kinds triggerauthentication')).out).toMatch(/Not built yet, and refused with a hint\n {2}hashiCorpVault, azureKeyVault/)
  })
  test.each([
    ['kinds Triger', 'error TG_CONFIG_UNKNOWN_KIND no kind "Triger"; did you mean Trigger?'],
    ['scalers redis', 'error TG_SCALER_NOT_BUILT KEDA has a scaler "redis"; it is not built here yet'],
    ['scalers jetstream', 'error TG_SCALER_UNKNOWN no scaler "jetstream"; did you mean nats-jetstream?'],
    ['connectors jetstream', 'error TG_CONNECTOR_UNKNOWN no connector "jetstream"; did you mean '],
  ])('%s', async (line, message) => {
    const { code, error } = await typed(line)
    expect(code).toBe(1)
    expect(error).toContain(message)
  })
  test('the CRDs are ours unless KEDA\'s group is asked for', async () => {
    const kindsIn = (text: string): readonly string[] => [...text.matchAll(/^ {2}name: (.*)$/gm)].map(([, name = '']) => name)
    expect(kindsIn((await typed('crds')).out)).toContain('triggers.tidegate.dev')
    expect(kindsIn((await typed('crds --group keda.sh')).out)).toEqual(['scaledobjects', 'scaledjobs', 'triggerauthentications', 'clustertriggerauthentications'].map(kind => `${kind}.keda.sh`))
  })

  test('the schema narrows metadata by the type of the trigger', async () => {
    const schema = JSON.parse((await typed('schema')).out) as { allOf: unknown[] }
    expect(schema.allOf).toHaveLength(5)
    expect(JSON.stringify(schema)).toContain('"if":{"properties":{"type":{"const":"nats-jetstream"}},"required":["type"]}')
  })
})
