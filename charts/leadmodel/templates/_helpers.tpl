{{- define "leadmodel.name" -}}{{ .Values.nameOverride | default "leadmodel-operator" | trunc 63 | trimSuffix "-" }}{{- end }}

{{- define "leadmodel.fullname" -}}{{ .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}

{{- define "leadmodel.namespace" -}}{{ .Values.namespaceOverride | default .Release.Namespace }}{{- end }}

{{- define "leadmodel.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "leadmodel.fullname" .) }}
{{- else -}}
{{ required "serviceAccount.name: name the account that exists, or set serviceAccount.create to true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "leadmodel.selectorLabels" -}}
app.kubernetes.io/name: {{ include "leadmodel.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Of pods too: without the chart's version, so that a new chart of the same operator starts no pod anew. */}}
{{- define "leadmodel.podLabels" -}}
{{- with .Values.commonLabels }}{{ toYaml . }}
{{ end -}}
{{ include "leadmodel.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: leadmodel
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "leadmodel.labels" -}}
{{ include "leadmodel.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* name, namespace and labels, at the indentation of `metadata:`. (list $ suffix [namespace]) */}}
{{- define "leadmodel.metadata" -}}
{{- $ := index . 0 -}}
name: {{ include "leadmodel.fullname" $ }}{{ index . 1 }}
namespace: {{ if gt (len .) 2 }}{{ index . 2 | default (include "leadmodel.namespace" $) }}{{ else }}{{ include "leadmodel.namespace" $ }}{{ end }}
labels:
  {{- include "leadmodel.labels" $ | nindent 2 }}
{{- end }}

{{- /* A reference: the old whole one, else registry, repository, and digest or tag. (dict "root" $ "image" … "old" name) */}}
{{- define "leadmodel.image" -}}
{{- $old := get (.root.Values.images | default dict) .old -}}
{{- if $old -}}
{{ $old }}
{{- else -}}
{{- with .root.Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "leadmodel.operatorImage" -}}{{ include "leadmodel.image" (dict "root" . "image" .Values.image "old" "operator") }}{{- end }}

{{- define "leadmodel.pullPolicy" -}}{{ .Values.imagePullPolicy | default .Values.image.pullPolicy }}{{- end }}

{{- define "leadmodel.replicas" -}}{{ .Values.replicas | default .Values.replicaCount }}{{- end }}

{{- /* As JSON, for a template can only give text. */}}
{{- define "leadmodel.watchNamespaces" -}}{{ .Values.namespaces | default .Values.watchNamespaces | uniq | toJson }}{{- end }}

{{- define "leadmodel.subjects" -}}
- kind: ServiceAccount
  name: {{ include "leadmodel.serviceAccountName" . }}
  namespace: {{ include "leadmodel.namespace" . }}
{{- end }}
