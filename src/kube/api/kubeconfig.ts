/** Of client-node, the only part that is used: a bundle leaves out the rest, four megabytes of API models, when nobody asks for the whole. */
export { KubeConfig } from '@kubernetes/client-node'
