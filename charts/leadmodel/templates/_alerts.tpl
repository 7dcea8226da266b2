{{- /* One alert of files/alerts.yaml with the limits of this site, as JSON. (list $ rule) */}}
{{- define "leadmodel.alert" -}}
{{- $ := index . 0 -}}
{{- $rule := deepCopy (index . 1) -}}
{{- $override := get $.Values.prometheusRule.overrides $rule.alert | default dict -}}
{{- if hasKey $override "threshold" -}}
  {{- if not (regexMatch "(>|<|>=|<=) [0-9.]+$" (trim $rule.expr)) -}}
    {{- fail (printf "prometheusRule.overrides.%s.threshold: this alert has no threshold" $rule.alert) -}}
  {{- end -}}
  {{- $_ := set $rule "expr" (regexReplaceAll "[0-9.]+$" (trim $rule.expr) (include "leadmodel.number" $override.threshold)) -}}
{{- end -}}
{{- with $override.for }}{{ $_ := set $rule "for" . }}{{ end -}}
{{- with $override.severity }}{{ $_ := set $rule.labels "severity" . }}{{ end -}}
{{- $_ := set $rule "labels" (merge (dict) $rule.labels ($.Values.prometheusRule.additionalRuleLabels | default dict)) -}}
{{- with $.Values.prometheusRule.runbookUrl -}}
  {{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" .) $rule.alert) -}}
{{- end -}}
{{- toJson $rule -}}
{{- end }}

{{- /* Without an exponent, which Prometheus takes but people do not. */}}
{{- define "leadmodel.number" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ regexReplaceAll "[.]0*$|([.][0-9]*[1-9])0+$" (printf "%.6f" (float64 .)) "${1}" }}{{ end -}}
{{- end }}
