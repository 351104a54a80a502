import { join } from 'node:path'

/** Where a control plane keeps its things and where it listens. */
export interface Place { readonly folder: string, readonly etcdPort: number, readonly peerPort: number, readonly apiPort: number }

const flags = (values: Readonly<Record<string, string | number | boolean>>): readonly string[] => Object.entries(values).map(([name, value]) => `--${name}=${value}`)

export const etcdUrl = ({ etcdPort }: Place): string => `http://127.0.0.1:${etcdPort}`
export const auditFile = ({ folder }: Place): string => join(folder, 'audit.log')

export function etcdFlags (place: Place): readonly string[] {
  const peer = `http://127.0.0.1:${place.peerPort}`
  return flags({
    'data-dir': join(place.folder, 'etcd'), 'listen-client-urls': etcdUrl(place), 'advertise-client-urls': etcdUrl(place),
    'listen-peer-urls': peer, 'initial-advertise-peer-urls': peer, 'initial-cluster': `default=${peer}`,
    'unsafe-no-fsync': true, 'log-level': 'warn',
  })
}

/**
 * `endpoint-reconciler-type=none`: a loopback address may not be written to the `kubernetes` Endpoints. TaintNodesByCondition would give a new
 * node a taint that only the node lifecycle controller, which is not run, takes off.
 */
export function apiServerFlags (place: Place): readonly string[] {
  const file = (name: string): string => join(place.folder, name)
  return flags({
    'etcd-servers': etcdUrl(place), 'bind-address': '127.0.0.1', 'secure-port': place.apiPort, 'advertise-address': '127.0.0.1', 'endpoint-reconciler-type': 'none',
    'service-cluster-ip-range': '10.0.0.0/24', 'allow-privileged': true, 'authorization-mode': 'RBAC', 'disable-admission-plugins': 'TaintNodesByCondition',
    'cert-dir': place.folder, 'tls-cert-file': file('apiserver.crt'), 'tls-private-key-file': file('apiserver.key'), 'client-ca-file': file('ca.crt'),
    'service-account-issuer': 'https://kubernetes.default.svc', 'service-account-key-file': file('sa.pub'), 'service-account-signing-key-file': file('sa.key'),
    'requestheader-client-ca-file': file('front-proxy-ca.crt'), 'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-username-headers': 'X-Remote-User', 'requestheader-group-headers': 'X-Remote-Group', 'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': file('front-proxy-client.crt'), 'proxy-client-key-file': file('front-proxy-client.key'),
    'audit-policy-file': file('audit-policy.yaml'), 'audit-log-path': auditFile(place), 'audit-log-maxsize': 2000, 'event-ttl': '10m',
  })
}

/** Only what tests need runs; not the node lifecycle controller, to which the fake kubelet's nodes would look dead. */
const controllers = [
  'deployment', 'replicaset', 'statefulset', 'endpointslice', 'horizontal-pod-autoscaler', 'garbage-collector', 'namespace', 'serviceaccount',
  'serviceaccount-token', 'root-ca-certificate-publisher', 'disruption', 'job', 'cronjob', 'pod-garbage-collector', 'clusterrole-aggregation',
].map(name => `${name}-controller`)

export function controllerManagerFlags (place: Place): readonly string[] {
  const config = join(place.folder, 'controller-manager.conf')
  return flags({
    kubeconfig: config, 'authentication-kubeconfig': config, 'authorization-kubeconfig': config, 'bind-address': '127.0.0.1', 'secure-port': 0,
    'leader-elect': false, 'root-ca-file': join(place.folder, 'ca.crt'), 'service-account-private-key-file': join(place.folder, 'sa.key'), 'use-service-account-credentials': true,
    'horizontal-pod-autoscaler-sync-period': '1s', 'horizontal-pod-autoscaler-downscale-stabilization': '5s',
    'concurrent-deployment-syncs': 20, 'kube-api-qps': 200, 'kube-api-burst': 400, controllers: controllers.join(','),
  })
}
