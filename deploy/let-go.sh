#!/bin/sh
# Before Tidegate is uninstalled: ends the operator, and takes its finalizer off every ScaledObject, which could never be deleted without it.
# Needs kubectl, with rights of an administrator. Counts stay as they are. The argument is the operator's namespace, tidegate unless given.
set -eu
finalizer=tidegate.dev/restore-replicas

kubectl --namespace "${1:-tidegate}" scale deployment tidegate --replicas=0
kubectl --namespace "${1:-tidegate}" wait --for=delete pod --selector=app.kubernetes.io/name=tidegate --timeout=120s

for kind in scaledobjects.tidegate.dev scaledobjects.keda.sh; do
  kubectl get customresourcedefinition "$kind" --output=name >/dev/null 2>&1 || continue
  kubectl get "$kind" --all-namespaces --output=go-template='{{range .items}}{{$m := .metadata}}{{range $i, $f := $m.finalizers}}{{if eq $f "'"$finalizer"'"}}{{$m.namespace}} {{$m.name}} {{$i}}{{"\n"}}{{end}}{{end}}{{end}}' |
    while read -r namespace name at; do
      kubectl --namespace "$namespace" patch "$kind" "$name" --type=json \
        --patch="[{\"op\": \"test\", \"path\": \"/metadata/finalizers/$at\", \"value\": \"$finalizer\"}, {\"op\": \"remove\", \"path\": \"/metadata/finalizers/$at\"}]" </dev/null
    done
done
