import { describe, it } from 'vitest'
import { scenarioFiles } from './shared/format.js'
import { LocalWorld } from './shared/local-world.js'
import { play } from './shared/play.js'

// The same files are played in a cluster by test/kube/shared.test.ts; test/scenario/shared/README.md says what is not, and why.
describe('on one machine', () => {
  for (const file of scenarioFiles()) it(file.title, () => play(file, new LocalWorld()))
})
