{{- define "leadmodel.warnings" -}}
{{- if not .Values.crds.keep }}
WARNING: crds.keep is false: `helm uninstall` deletes the definition, and with it every LeadModel and what serves it.
{{- end }}
{{- if lt (include "leadmodel.replicas" . | int) 2 }}
WARNING: one pod: while it is gone nothing is decided, so drift is not answered. Set replicaCount to 2.
{{- end }}
{{- $replicas := include "leadmodel.replicas" . | int }}
{{- $least := .Values.podDisruptionBudget.minAvailable | toString }}
{{- /* A share is rounded up, as Kubernetes does. */}}
{{- $share := div (add (mul (trimSuffix "%" $least | int) $replicas) 99) 100}}
{{- $all := and $least (ge (hasSuffix "%" $least | ternary $share (int64 $least)) (int64 $replicas)) }}
{{- if and .Values.podDisruptionBudget.enabled (or $all (has (.Values.podDisruptionBudget.maxUnavailable | toString) (list "0" "0%"))) }}
WARNING: podDisruptionBudget lets no pod go: a drain of its node waits until somebody deletes the pod.
{{- end }}
{{- if or (not .Values.podSecurityContext.runAsNonRoot) .Values.securityContext.allowPrivilegeEscalation .Values.securityContext.privileged }}
WARNING: the operator's pods no longer meet the Pod Security standard restricted.
{{- end }}
{{- if not .Values.rbac.create }}
WARNING: rbac.create is false: without roles of your own the operator can read and write nothing.
{{- end }}
{{- if eq .Values.scrape "off" }}
WARNING: scrape is off: drift is not measured, and no model is rolled back because of it.
{{- end }}
{{- if and .Values.webhook.url (hasPrefix "http://" .Values.webhook.url) }}
WARNING: webhook.url is not https: anybody on the way can read what was decided.
{{- end }}
{{- if or .Values.argocd.customizations .Values.argocd.notifications }}
WARNING: argocd.* writes Argo CD's own ConfigMaps into this release. See docs/argocd.md.
{{- end }}
{{- range $old, $new := dict "images" "image, predictor.image, training.image, privacy.image" "imagePullPolicy" "image.pullPolicy" "replicas" "replicaCount" "namespaces" "watchNamespaces" "networkPolicies" "networkPolicy" }}
{{- if get $.Values $old }}
NOTE: the value {{ $old }} is now {{ $new }}; the old name works until chart 1.0.
{{- end }}
{{- end }}
{{- end }}
