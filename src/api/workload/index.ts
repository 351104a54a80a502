export { isWorkload, readWorkload, type ConfigMap, type Deployment, type Secret, type Service, type Workload } from './read-workload.js'
export type { DeploymentSpec, ServiceSpec } from './kinds.js'
export type { Container, PodTemplate, Probe } from './pod.js'
