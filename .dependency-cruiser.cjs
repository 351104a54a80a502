// Who may import whom. Floors, bottom up: core, spec, api and plugin, registry and brokers,
// runtime, scalers, connectors, adapters, cli. Each rule's comment is written to the person who broke it.
const only = (name, comment, from, allowed, extra = {}) =>
  ({ name, comment, severity: 'error', from: { path: from }, to: { pathNot: allowed, ...extra } })
const npm = '^node_modules/'
const node = { dependencyTypesNot: ['core'] } // `node`: node: modules are fine here
const pkg = name => `^node_modules/${name}/`

module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'A circle hides which of the two is the lower one.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolves', comment: 'An import must lead somewhere.', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('core-is-pure', 'core decides; it reaches nothing.', '^src/core/', ['^src/core/']),
    only('spec-knows-core', 'Declarations describe; zod checks the leaves.', '^src/spec/', ['^src/(spec|core)/', pkg('zod')]),
    only('api-knows-spec', 'Kinds are data.', '^src/api/', ['^src/(api|spec|core)/']),
    only('plugin-surface', 'All that a plugin author may see; croner stands behind schedule.ts.', '^src/plugin/(?!testing/)',
      ['^src/plugin/(?!testing/)', '^src/(spec|core)/', pkg('croner')]),
    only('plugin-testing', 'Conformance suites for plugin authors.', '^src/plugin/testing/', ['^src/(plugin|spec|core)/'], node),
    only('brokers-speak-protocols', 'One way to reach each broker.', '^src/brokers/', ['^src/(brokers|plugin)/', npm], node),
    only('scalers-see-the-surface', 'A scaler is a plugin; a large one has a folder of its own beside its file.',
      '^scalers/(?!index)([^/.]+)', ['^src/(plugin|brokers)/', '^scalers/$1/', npm], node),
    only('connectors-see-the-surface', 'A connector is a plugin; a large one has a folder of its own beside its file.',
      '^connectors/(?!index)([^/.]+)', ['^src/(plugin|brokers)/', '^connectors/$1/', npm], node),
    only('registry-is-a-value', 'The registry holds definitions and knows no loop.', '^src/registry/', ['^src/(registry|plugin|api|spec|core)/']),
    only('runtime-knows-ports', 'Loops: no Kubernetes, no HTTP, no node:.', '^src/runtime/',
      ['^src/(runtime|registry|plugin|api|spec|core)/', pkg('lru-cache')]),
    only('adapters-meet-in-cli', 'Each adapter implements a port and knows no other adapter.',
      '^src/(kube|local|function|telemetry|manifest|ui)/',
      ['^src/runtime/ports[.]ts$', '^src/(api|spec|core)/', '^src/$1/', npm], node),
    { name: 'only-cli-knows-builtins', comment: 'The list of plugins is wired in cli.', severity: 'error',
      from: { pathNot: '^(src/cli|scalers|connectors|test|tools|bench)/' }, to: { path: '^(scalers|connectors)/' } },
    { name: 'nobody-imports-cli', comment: 'cli is the roof.', severity: 'error',
      from: { pathNot: '^(src/cli|test|tools|bench)/' }, to: { path: '^src/cli/' } },
    { name: 'product-never-imports-test', comment: 'Tests see the product, never the other way round.', severity: 'error',
      from: { path: '^(src|scalers|connectors)/(?!plugin/testing/)' }, to: { path: '^(test|bench|src/plugin/testing)/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
