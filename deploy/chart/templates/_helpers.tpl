{{/* A file of deploy/manifests or deploy/components as it stands, in the release's namespace. */}}
{{- define "tidegate.manifest" -}}
{{ index . 0 | replace "namespace: tidegate" (printf "namespace: %s" (index . 1)) | replace "namespaces: [tidegate]" (printf "namespaces: [%s]" (index . 1)) | replace "serviceaccount:tidegate:" (printf "serviceaccount:%s:" (index . 1)) }}
{{- end -}}

{{/* CRDs stay when the release goes: with them would go every object of their kinds. */}}
{{- define "tidegate.crds" -}}
{{ regexReplaceAll "(?m)^metadata:$" . "metadata:\n  annotations:\n    helm.sh/resource-policy: keep" }}
{{- end -}}

{{/* A role of the whole cluster, bound in one namespace: [name of the binding, name of the role, namespace, the release's namespace]. */}}
{{- define "tidegate.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ index . 0 }}
  namespace: {{ index . 2 }}
  labels:
    app.kubernetes.io/name: tidegate
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {{ index . 1 }}
subjects:
  - kind: ServiceAccount
    name: tidegate
    namespace: {{ index . 3 }}
{{- end -}}
