// The kinds as data: KEDA's and ours, read with their defaults and rules. Nothing here acts.
export { kinds, isResource, notRunnable, readResource, type Resource } from './resource.js'
export { documentOf, type Kind, type KindDeclaration } from './kind.js'
export type { Metadata } from './metadata.js'
export { triggerKey, type AuthenticationRef, type ScaleTrigger } from './scale-trigger.js'
export { scaledObjectKind, type ScaledObject, type ScaledObjectSpec } from './scaled-object.js'
export { scaledJobKind, type ScaledJob, type ScaledJobSpec } from './scaled-job.js'
export {
  clusterTriggerAuthenticationKind, triggerAuthenticationKind,
  type ClusterTriggerAuthentication, type PodIdentity, type TriggerAuthentication, type TriggerAuthenticationSpec,
} from './trigger-authentication.js'
export { deadLetterOf, sourceOf, triggerKind, type Keyed, type Trigger, type TriggerSpec } from './trigger.js'
export type { TriggerFunction } from './trigger-function.js'
export { componentsOf, type Component } from './components.js'
export { isConfig, readConfig, type TidegateConfig } from './config-file.js'
export { isKedaScaler } from './keda-scalers.js'
export * from './conditions.js'
export { matchesSelector, parseSelector, type Selector } from './label-selector.js'
export { scalingAnnotations, type ScalingAnnotations } from './annotations.js'
export { scalePolicyOf, triggerScalePolicyOf } from './scale-policy.js'
export { breakerPolicyOf, deliveryPolicyOf, type SourceTraits } from './delivery-policy.js'
export * from './workload/index.js'
