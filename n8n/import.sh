#!/bin/sh
# Put the Job Processor's workflows and credentials into an n8n, with n8n's own command line.
#
#   n8n must be stopped, and `n8n` and `node` on the PATH. In the n8n container both are.
#
#   N8N_TOKEN       what the Job Processor sends as x-n8n-token           (required)
#   WEBHOOK_SECRET  what n8n sends back as x-webhook-secret               (required)
#   PUBLIC_URL      where n8n reaches the Job Processor, without a path   (required)
#   N8N_FLOW        any flow of this n8n, when the Job Processor hands jobs to several n8n   (optional)
#   CALLBACK_HOSTS  the hosts that may be sent the secret    (default: the host of PUBLIC_URL)
#   N8N_IMPORT      missing: only what n8n does not have yet, so that edits survive   (default)
#                   always:  overwrite the workflows
#
# The credentials are written every time: that is how a secret is rotated.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
: "${N8N_TOKEN:?set N8N_TOKEN}" "${WEBHOOK_SECRET:?set WEBHOOK_SECRET}" "${PUBLIC_URL:?set PUBLIC_URL}"
export N8N_TOKEN WEBHOOK_SECRET PUBLIC_URL CALLBACK_HOSTS="${CALLBACK_HOSTS:-}" N8N_FLOW="${N8N_FLOW:-}"

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/workflows"

# Render with node, not sed: secrets and addresses must arrive as JSON, whatever they contain.
node - "$here" "$work" <<'JS'
const fs = require('node:fs');
const path = require('node:path');
const [here, work] = process.argv.slice(2);
const { N8N_TOKEN, WEBHOOK_SECRET, PUBLIC_URL, CALLBACK_HOSTS, N8N_FLOW } = process.env;

const base = new URL(PUBLIC_URL);
const header = (id, name, data) => ({ id, name, type: 'httpHeaderAuth', data });
fs.writeFileSync(path.join(work, 'credentials.json'), JSON.stringify([
  header('jpInboundToken01', 'Job Processor inbound token',
    { name: 'x-n8n-token', value: N8N_TOKEN }),
  // The callback address comes with the payload, so the secret is bound to our host.
  header('jpWebhookSecret1', 'Job Processor callback secret', {
    name: 'x-webhook-secret',
    value: WEBHOOK_SECRET,
    allowedHttpRequestDomains: 'domains',
    allowedDomains: CALLBACK_HOSTS || base.hostname,
  }),
]));

const load = (file) => JSON.parse(fs.readFileSync(path.join(here, file), 'utf8'));
const save = (file, workflow) =>
  fs.writeFileSync(path.join(work, 'workflows', file), JSON.stringify(workflow));
const errors = load('job-processor-error.json');
const report = errors.nodes.find((node) => node.name === 'Report crash');
// Two n8n count their executions alike: a flow says whose this one is.
const whose = N8N_FLOW ? `?flow=${encodeURIComponent(N8N_FLOW)}` : '';
report.parameters.url = PUBLIC_URL.replace(/\/+$/, '') + '/webhook/callback' + whose;
save('job-processor-error.json', errors);
save('job-processor.json', load('job-processor.json'));
JS

n8n import:credentials --input="$work/credentials.json"
rm -f "$work/credentials.json"

# The error workflow first: the main one names it. An import leaves a workflow unpublished.
for pair in jpErrorWf0000001:job-processor-error.json jpMain0000000001:job-processor.json; do
  id=${pair%%:*} file=${pair#*:}
  if [ "${N8N_IMPORT:-missing}" != always ] &&
    n8n export:workflow --id="$id" --output="$work/have.json" >/dev/null 2>&1; then
    echo "kept workflow $id (N8N_IMPORT=always overwrites it)"
    continue
  fi
  n8n import:workflow --input="$work/workflows/$file"
  n8n publish:workflow --id="$id"
done
