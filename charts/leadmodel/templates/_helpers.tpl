{{- define "leadmodel.name" -}}{{ .Values.nameOverride | default "leadmodel-operator" | trunc 63 | trimSuffix "-" }}{{- end }}

{{- define "leadmodel.fullname" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- if and .Values.service.enabled (not (regexMatch "^[a-z][-a-z0-9]*$" $name)) }}
{{- fail (printf "fullnameOverride: no Service may be called %s: begin with a letter, and use letters, digits and -" $name) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "leadmodel.namespace" -}}{{ .Values.namespaceOverride | default .Release.Namespace }}{{- end }}

{{- define "leadmodel.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "leadmodel.fullname" .) }}
{{- else -}}
{{ required "serviceAccount.name: name the account that exists, or set serviceAccount.create to true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "leadmodel.selectorLabels" -}}
app.kubernetes.io/name: {{ include "leadmodel.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- /* Of pods too: without the chart's version, so that a new chart of the same operator starts no pod anew. Each label once: the
chart's own first, for objects are selected by them, then `more`, then commonLabels. (list $ more) */}}
{{- define "leadmodel.podLabels" -}}
{{- $ := index . 0 -}}
{{- $own := include "leadmodel.selectorLabels" $ | fromYaml -}}
{{- $own := merge $own (dict "app.kubernetes.io/component" "operator" "app.kubernetes.io/part-of" "leadmodel") -}}
{{- $own := merge $own (dict "app.kubernetes.io/version" $.Chart.AppVersion "app.kubernetes.io/managed-by" $.Release.Service) -}}
{{- toYaml (merge $own (index . 1 | default dict) ($.Values.commonLabels | default dict)) }}
{{- end }}

{{- /* `more` first: others select a monitor, a rule or a dashboard by it, the chart selects none. (list $ more) */}}
{{- define "leadmodel.labels" -}}
{{- $ := index . 0 -}}
{{- $chart := printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $own := include "leadmodel.podLabels" (list $ dict) | fromYaml -}}
{{- toYaml (merge (dict) (index . 1 | default dict) (dict "helm.sh/chart" $chart) $own) }}
{{- end }}

{{- /* name, namespace and labels, at the indentation of `metadata:`. (list $ suffix [namespace [labels]]) */}}
{{- define "leadmodel.metadata" -}}
{{- $ := index . 0 -}}
name: {{ include "leadmodel.fullname" $ }}{{ index . 1 }}
namespace: {{ if gt (len .) 2 }}{{ index . 2 | default (include "leadmodel.namespace" $) }}{{ else }}{{ include "leadmodel.namespace" $ }}{{ end }}
labels:
  {{- include "leadmodel.labels" (list $ (gt (len .) 3 | ternary (last .) dict)) | nindent 2 }}
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

{{- /* Milliseconds of a duration such as 1m30s. */}}
{{- define "leadmodel.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 }}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | atoi) (get $units (regexFind "[a-z]+" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- /* Prometheus refuses its whole configuration where a scrape may last longer than the time between two. */}}
{{- define "leadmodel.checkScrapes" -}}
{{- $place := first . }}
{{- with last . }}
{{- if and .scrapeTimeout (gt (include "leadmodel.milliseconds" .scrapeTimeout | int64) (include "leadmodel.milliseconds" .interval | int64)) }}
{{- fail (printf "%s.scrapeTimeout: %s is longer than the interval, %s; shorten one or lengthen the other" $place .scrapeTimeout .interval) }}
{{- end }}
{{- end }}
{{- end }}
