{{- define "job-processor.name" -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" .Release.Name) }}
{{- fail (printf "release name %s: begin with a letter, and use letters, digits and hyphens: the Service is named after it" .Release.Name) }}
{{- end }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) }}
{{- /* Names of objects have up to 63 characters, and endings are added. */}}
{{- $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "job-processor.labels" -}}
{{ include "job-processor.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "job-processor.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "job-processor.secret" -}}
{{- if .Values.secrets.existing }}{{ .Values.secrets.existing }}{{ else }}{{ include "job-processor.name" . }}{{ end }}
{{- end }}

{{- define "job-processor.hosts" -}}
{{- $name := include "job-processor.name" . }}
{{- $inside := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) }}
{{- join "," (compact (concat (list "localhost" .Values.host (urlParse .Values.publicUrl).hostname) $inside .Values.allowedHosts) | uniq) }}
{{- end }}

{{- /* The path under which the page and the callbacks are reached, without a slash at the end. */}}
{{- define "job-processor.base" -}}
{{- (urlParse .Values.publicUrl).path | trimSuffix "/" }}
{{- end }}

{{- define "job-processor.publicUrl" -}}
{{- if .Values.publicUrl }}{{ .Values.publicUrl }}{{ else if .Values.host }}https://{{ .Values.host }}{{ else }}http://{{ include "job-processor.name" . }}.{{ .Release.Namespace }}:3000{{ end }}
{{- end }}

{{- /* The pod of the API or of a worker; `part` says which. */}}
{{- define "job-processor.pod" -}}
{{- $name := include "job-processor.name" .root }}
metadata:
  labels:
    {{- include "job-processor.labels" . | nindent 4 }}
  annotations:
    # A changed flow or setting restarts the pods.
    checksum/config: {{ include (print .root.Template.BasePath "/config.yaml") .root | sha256sum }}
    {{- with .root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .drain 15 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . | quote }}
    {{- end }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "job-processor.selector" . | nindent 10 }}
  containers:
    - name: {{ .part }}
      image: {{ printf "%s:%s" (required "image.repository: give one, such as ghcr.io/you/job-processor-backend" .root.Values.image.repository) (.root.Values.image.tag | default (printf "v%s" .root.Chart.AppVersion)) | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .part }}]
      envFrom:
        - configMapRef: { name: {{ $name }}-settings }
        {{- with .root.Values.flows.environmentSecret }}
        - secretRef: { name: {{ . | quote }} }
        {{- end }}
      env:
        - { name: DRAIN_SECONDS, value: {{ .drain | quote }} }
        - name: WORKER_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
      {{- if eq .part "api" }}
      ports: [{ name: http, containerPort: 3000 }]
      # The API refuses names that are not in ALLOWED_HOSTS, and probes come by address.
      startupProbe:
        httpGet: { path: /health/live, port: http, httpHeaders: [{ name: Host, value: localhost }] }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /health/live, port: http, httpHeaders: [{ name: Host, value: localhost }] }
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: http, httpHeaders: [{ name: Host, value: localhost }] }
        periodSeconds: 5
        timeoutSeconds: 5
      lifecycle:
        # Requests still arrive while the endpoints are taken out of the Service.
        preStop: { sleep: { seconds: 5 } }
      {{- else }}
      ports: [{ name: metrics, containerPort: 9464 }]
      # No probes: a dead worker is restarted, and a hanging one loses its leases to the others.
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: secrets, mountPath: /run/job-processor, readOnly: true }
        - { name: flows, mountPath: /etc/job-processor, readOnly: true }
        - { name: scratch, mountPath: /tmp, subPath: tmp }
        - { name: scratch, mountPath: /data, subPath: data }
  volumes:
    - name: secrets
      secret: { secretName: {{ include "job-processor.secret" .root | quote }}, defaultMode: 288 }
    - name: flows
      configMap: { name: {{ $name }}-flows }
    - name: scratch
      emptyDir: { sizeLimit: 128Mi }
{{- end }}
