import { defineConfig } from 'vitest/config'

// "unit" needs nothing but Node; "integration" needs the servers of test/servers and the built dist.
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 60_000, // generous: nothing here is timed, and a busy machine is no failure
          include: ['test/{core,spec,api,runtime,manifest,function,telemetry,vectors,docs,local,cli,ui,kube-unit}/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{contract,brokers,scenario,kube,deploy}/**/*.test.ts'],
          testTimeout: 120_000,
          maxConcurrency: 16, // scenarios of one control plane wait far more than they work
          hookTimeout: 300_000,
          globalSetup: ['test/servers/global-setup.ts'],
        },
      },
    ],
  },
})
