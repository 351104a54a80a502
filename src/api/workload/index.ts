export { isWorkload, readWorkload, type ConfigMap, type Deployment, type Secret, type Service, type Workload } from './read-workload.js'
export { readJobSpec } from './job.js'
export type { Container, Probe } from './pod.js'
