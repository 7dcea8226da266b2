{{- define "leadmodel.podSpec" -}}
serviceAccountName: {{ include "leadmodel.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- if not (kindIs "invalid" .Values.hostUsers) }}
hostUsers: {{ .Values.hostUsers }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml . | nindent 4 }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels: {{- include "leadmodel.selectorLabels" $ | nindent 8 }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
containers:
  - {{- include "leadmodel.container" . | nindent 4 }}
  {{- with .Values.extraContainers }}{{ toYaml . | nindent 2 }}{{ end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: {{ .Values.tmp.sizeLimit }}}
  {{- if .Values.webhook.secretName }}
  - name: webhook
    secret: {secretName: {{ .Values.webhook.secretName }}, defaultMode: 0444}
  {{- end }}
  {{- with .Values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{- define "leadmodel.container" -}}
name: operator
image: {{ include "leadmodel.operatorImage" . | quote }}
imagePullPolicy: {{ include "leadmodel.pullPolicy" . }}
command: [leadmodel-operator]
args:
  {{- include "leadmodel.args" . | nindent 2 }}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: http, containerPort: 8080}
{{- with .Values.startupProbe }}
startupProbe: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.livenessProbe }}
livenessProbe: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.readinessProbe }}
readinessProbe: {{- toYaml . | nindent 2 }}
{{- end }}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- if .Values.webhook.secretName }}
  - {name: webhook, mountPath: /etc/leadmodel/webhook, readOnly: true}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{- define "leadmodel.args" -}}
- --predictor-image={{ include "leadmodel.image" (dict "root" . "image" .Values.predictor.image "old" "predictor") }}
- --training-image={{ include "leadmodel.image" (dict "root" . "image" .Values.training.image "old" "training") }}
- --privacy-image={{ include "leadmodel.image" (dict "root" . "image" .Values.privacy.image "old" "privacy") }}
- --followup-image={{ include "leadmodel.image" (dict "root" . "image" .Values.followup.image "old" "followup") }}
- --scrape={{ .Values.scrape }}
- --lease-namespace={{ include "leadmodel.namespace" . }}
- --lease-name={{ .Values.leaderElection.leaseName | default (include "leadmodel.fullname" .) }}
{{- if ne .Values.logLevel "info" }}
- --log-level={{ .Values.logLevel }}
{{- end }}
{{- if ne .Values.logFormat "json" }}
- --log-format={{ .Values.logFormat }}
{{- end }}
{{- range include "leadmodel.watchNamespaces" . | fromJsonArray }}
- --namespace={{ . }}
{{- end }}
{{- include "leadmodel.webhookArgs" . }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "leadmodel.webhookArgs" -}}
{{- if and .Values.webhook.url .Values.webhook.urlKey }}
{{- fail "webhook: set url or urlKey, not both" }}
{{- end }}
{{- if and (or .Values.webhook.urlKey .Values.webhook.signingKey) (not .Values.webhook.secretName) }}
{{- fail "webhook.secretName: name the Secret that holds urlKey and signingKey" }}
{{- end }}
{{- if and (or .Values.webhook.secretName .Values.webhook.reasons) (not (or .Values.webhook.url .Values.webhook.urlKey)) }}
{{- fail "webhook: set url, or urlKey with secretName; without an address nothing is sent" }}
{{- end }}
{{- with .Values.webhook.url }}
- {{ printf "--webhook-url=%s" . | quote }}
{{- end }}
{{- with .Values.webhook.urlKey }}
- --webhook-url-file=/etc/leadmodel/webhook/{{ . }}
{{- end }}
{{- with .Values.webhook.signingKey }}
- --webhook-key-file=/etc/leadmodel/webhook/{{ . }}
{{- end }}
{{- range .Values.webhook.reasons }}
- --webhook-reason={{ . }}
{{- end }}
{{- end }}
