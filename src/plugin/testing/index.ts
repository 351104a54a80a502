// Conformance suites as values, for our plugins and for third parties alike. Imported as `tidegate/plugin/testing`.
export * from './capacity.js'
export * from './connector-harness.js'
export * from './connector-suite.js'
export * from './expect.js'
export * from './kit.js'
export * from './scaler-suite.js'
