import { Command, CommanderError, Option } from 'commander'
import type { CrdGroup } from '../api/index.js'
import { errorCode, errorMessage, TidegateError } from '../core/errors.js'
import { names } from '../core/names.js'
import { didYouMean } from '../spec/problem.js'
import type { DoctorOptions, ExitCode, OperatorOptions, Output, RunOptions } from './command.js'
import { helpEpilogue, helpProlog } from './help.js'
import { version } from './version.js'

const commandNames = ['run', 'operator', 'lint', 'kinds', 'scalers', 'connectors', 'schema', 'crds', 'doctor']

/** Runs one command line. Never rejects: what went wrong is written, and is the exit code. */
export async function runCommand (words: readonly string[], output: Output): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = programWith(output, code => { exitCode = code })
  try {
    const [first] = words
    if (first === undefined) { output.out(`${program.helpInformation()}\n${helpEpilogue}`); return 0 }
    if (!first.startsWith('-') && first !== 'help' && !commandNames.includes(first)) throw unknownCommand(first)
    await program.parseAsync([...words], { from: 'user' })
    return exitCode
  } catch (error) {
    return reportFailure(error, output)
  }
}

function unknownCommand (name: string): TidegateError {
  return new TidegateError('TG_USAGE', `no command "${name}"`, { hint: `${didYouMean(name, commandNames) ?? ''} (tidegate --help)`.trim() })
}

function reportFailure (error: unknown, output: Output): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const hint = error instanceof TidegateError && error.hint !== undefined ? `; ${error.hint}` : ''
  const code = errorCode(error, 'TG_INTERNAL')
  output.error(`error ${code} ${errorMessage(error)}${hint}`)
  if (code === 'TG_INTERNAL' && error instanceof Error && error.stack !== undefined) output.error(error.stack)
  return code === 'TG_USAGE' ? 2 : 1
}

function programWith (output: Output, setExitCode: (code: ExitCode) => void): Command {
  const program = new Command('tidegate')
    .description(helpProlog)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .exitOverride()
    .configureOutput({
      writeOut: text => output.out(text.trimEnd()),
      writeErr: text => output.error(text.trimEnd()),
      outputError: (text, write) => write(`error TG_USAGE ${text.replace(/^error: /, '').trimEnd()}; see \`tidegate --help\`\n`),
    })
    .addHelpText('after', `\n${helpEpilogue}`)
  addRun(program, output, setExitCode)
  addOperator(program, output, setExitCode)
  addLint(program, output, setExitCode)
  addReference(program, output, setExitCode)
  addDoctor(program, output, setExitCode)
  return program
}

const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value]

function addRun (program: Command, output: Output, setExitCode: (code: ExitCode) => void): void {
  program.command('run')
    .description('run manifests on this machine: replicas are local processes, Services are local ports')
    .requiredOption('-f, --filename <path>', 'manifest, or folder of manifests; may be given several times', collect)
    .option('-R, --recursive', 'folders below a folder too', false)
    .option('--port <number>', 'port of /healthz, /readyz, /metrics and /status; a free one unless given', portNumber)
    .option('--host <address>', 'address that this port is opened on; beyond this machine /status wants the bearer token in TIDEGATE_TOKEN', '127.0.0.1')
    .option('--state-dir <folder>', 'where state is kept; below $XDG_STATE_HOME unless given')
    .option('--fresh', 'forget the state of earlier runs', false)
    .option('--strict', 'refuse kinds and fields that are not run on one machine', false)
    .option('--record <file>', 'append every decision, with all that it was made from, as lines of JSON')
    .option('--filepath-auth-root-path <folder>', 'where filePath of a ClusterTriggerAuthentication begins; not allowed unless given')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--no-tui', 'write log lines though this is a terminal')
    .addHelpText('after', '\nExamples:\n  tidegate run -f examples/thumbnails/k8s\n  tidegate run -f k8s/ -f secrets.yaml --port 9090\n\nCtrl-C stops receiving, waits for what is in flight, and ends the replicas.')
    .action(async (options: RunOptions) => { setExitCode(await (await import('./commands/run.js')).run(options, output)) })
}

function addOperator (program: Command, output: Output, setExitCode: (code: ExitCode) => void): void {
  program.command('operator')
    .description('scale and deliver in a Kubernetes cluster, from inside it or from outside')
    .option('--kubeconfig <file>', 'how to reach the cluster; as kubectl finds it unless given, in a pod by its ServiceAccount')
    .option('--namespace <names>', 'look at objects of these namespaces only (a,b); at all unless given')
    .option('--lease-namespace <name>', 'where the lease is by which several operators agree on one; in a pod its namespace unless given')
    .option('--cluster-object-namespace <name>', 'where ClusterTriggerAuthentications find their Secrets; that of the lease unless given')
    .option('--restrict-secrets', 'read Secrets of the own namespace only, for every TriggerAuthentication', false)
    .option('--filepath-auth-root-path <folder>', 'where filePath of a ClusterTriggerAuthentication begins; not allowed unless given')
    .option('--shadow', 'decide and report, write nothing; needs no lease', false)
    .addOption(new Option('--keda <mode>', 'coexist: what KEDA touched is left to it unless claimed; replace: KEDA is uninstalled, and all of it is taken over').choices(['coexist', 'replace']).default('coexist'))
    .option('--config <file>', 'tidegate.yaml with defaults; a mounted ConfigMap')
    .option('--keda-metrics', 'metrics under KEDA\'s names too, for dashboards that were made for it', false)
    .option('--webhook', 'serve an admission webhook that refuses what `tidegate lint` calls an error', false)
    .option('--webhook-port <number>', 'port that it is opened on, by the address of --host; 0 takes a free one', portNumber, 9443)
    .option('--webhook-name <name>', 'name of its Service, of the Secret with its certificate, and of its ValidatingWebhookConfiguration', 'tidegate-webhook')
    .option('--port <number>', 'port of /healthz, /readyz, /metrics and /status; 0 takes a free one', portNumber, 8080)
    .option('--host <address>', 'address that this port is opened on; beyond this machine /status wants the bearer token in TIDEGATE_TOKEN', '127.0.0.1')
    .option('--record <file>', 'append every decision, with all that it was made from, as lines of JSON')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText('after', '\nExamples:\n  tidegate operator --kubeconfig ~/.kube/config --shadow\n  tidegate operator --namespace orders --lease-namespace tidegate')
    .action(async (options: OperatorOptions) => { setExitCode(await (await import('./commands/operator.js')).operator(options, output)) })
}

function addLint (program: Command, output: Output, setExitCode: (code: ExitCode) => void): void {
  program.command('lint')
    .description('check manifests without a cluster, a broker or a secret')
    .argument('[paths...]', 'manifests, or folders of manifests')
    .option('-f, --filename <path>', 'the same, as kubectl writes it', collect)
    .option('-R, --recursive', 'folders below a folder too', false)
    .addHelpText('after', '\nExit code: 0 no errors (warnings may be there), 1 errors, 2 the command line is wrong.\n\nExample:\n  tidegate lint k8s/\n  k8s/orders.yaml:14:9 error TG_CONFIG_UNKNOWN_FIELD spec.triggers[0].metadata.queueLenght: no such field for "azure-queue"; did you mean queueLength?')
    .action(async (paths: readonly string[], options: { readonly filename?: readonly string[], readonly recursive: boolean }) => {
      const all = [...paths, ...options.filename ?? []]
      if (all.length === 0) throw new TidegateError('TG_USAGE', 'lint needs a manifest or a folder', { hint: 'for example: tidegate lint k8s/' })
      setExitCode(await (await import('./commands/lint.js')).lint(all, { recursive: options.recursive }, output))
    })
}

function addReference (program: Command, output: Output, setExitCode: (code: ExitCode) => void): void {
  program.command('kinds')
    .description('list the kinds and tidegate.yaml, or show every field of one')
    .argument('[kind]', 'for example Trigger')
    .option('--markdown', 'as Markdown', false)
    .action(async (kind: string | undefined, { markdown }: { readonly markdown: boolean }) => {
      setExitCode(await (await import('./commands/kinds.js')).kinds(kind, markdown ? 'markdown' : 'terminal', output))
    })
  program.command('scalers')
    .description('list the scalers (KEDA trigger types), or show the reference page of one')
    .argument('[type]', 'for example azure-queue')
    .option('--markdown', 'as Markdown', false)
    .action(async (type: string | undefined, { markdown }: { readonly markdown: boolean }) => {
      setExitCode(await (await import('./commands/scalers.js')).scalers(type, markdown ? 'markdown' : 'terminal', output))
    })
  program.command('connectors')
    .description('list the connectors (keys of a Trigger\'s source), or show the reference page of one')
    .argument('[type]', 'for example natsJetstream')
    .option('--markdown', 'as Markdown', false)
    .action(async (type: string | undefined, { markdown }: { readonly markdown: boolean }) => {
      setExitCode(await (await import('./commands/connectors.js')).connectors(type, markdown ? 'markdown' : 'terminal', output))
    })
  program.command('schema')
    .description('print the JSON Schema of all kinds, for completion and checks in an editor')
    .action(async () => { setExitCode(await (await import('./commands/schema.js')).schema(output)) })
  program.command('crds')
    .description('print the CustomResourceDefinitions, as YAML')
    .addOption(new Option('--group <group>', `API group; ${names.kedaGroup} only where KEDA is not installed`).choices([names.group, names.kedaGroup]).default(names.group))
    .addHelpText('after', '\nExample:\n  tidegate crds | kubectl apply --server-side -f -')
    .action(async ({ group }: { readonly group: CrdGroup }) => { setExitCode(await (await import('./commands/crds.js')).crds(group, output)) })
}

function addDoctor (program: Command, output: Output, setExitCode: (code: ExitCode) => void): void {
  program.command('doctor')
    .description('find out what works in a cluster, or on this machine, and what to do about the rest; changes nothing')
    .option('-f, --filename <path>', 'look at this machine and at manifests that are to run on it, not at a cluster', collect, [])
    .option('-R, --recursive', 'folders below a folder too', false)
    .option('--kubeconfig <file>', 'how to reach the cluster; as kubectl finds it unless given, in a pod by its ServiceAccount')
    .option('--service-account <namespace/name>', 'look at the rights of this account, not at our own')
    .option('--namespace <names>', 'as the operator has it')
    .option('--lease-namespace <name>', 'as the operator has it; that of --service-account unless given')
    .addOption(new Option('--keda <mode>', 'as the operator has it').choices(['coexist', 'replace']).default('coexist'))
    .option('--cluster-object-namespace <name>', 'as the operator has it')
    .option('--restrict-secrets', 'as the operator has it', false)
    .option('--filepath-auth-root-path <folder>', 'as the operator has it')
    .option('--config <file>', 'as the operator has it')
    .option('--print-rbac', 'print the Roles that what is installed needs beside deploy/manifests: Secrets and service accounts by their names, other kinds that are scaled', false)
    .addOption(new Option('-o, --output <format>', 'how facts are written').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code: 0 no problems (warnings may be there), 1 problems, 2 the command line is wrong.\n\nExamples:\n  tidegate doctor --service-account tidegate/tidegate\n  tidegate doctor --print-rbac | kubectl apply -f -\n  tidegate doctor -f k8s/')
    .action(async (options: DoctorOptions) => { setExitCode(await (await import('./commands/doctor.js')).doctor(options, output)) })
}

function portNumber (text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new TidegateError('TG_USAGE', `--port ${text} is not a port`, { hint: 'give 0 to 65535' })
  return port
}
