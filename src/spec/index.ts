// How anything describes itself: one declaration gives typed configuration, lint, JSON Schema and the reference page.
export * from './field.js'
export * from './problem.js'
export * from './secret.js'
export * from './document.js'
export * from './config-spec.js'
export * from './json-schema.js'
export * from './crd.js'
export * from './reference.js'
