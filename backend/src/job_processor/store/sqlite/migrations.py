"""The migrations of the file, in their order. A released one is never edited; the next one is added."""

# Texts live beside the jobs table, so that a change of state never rewrites a long prompt.
# `ready`: 1 PENDING and due, 0 PENDING with a future run_at, NULL otherwise. It keeps future jobs out of
# the index that claims read, whatever their priority.
_VERSION_1 = """
CREATE TABLE jobs (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  flow TEXT NOT NULL,
  priority INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  ready INTEGER,
  rev INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lease_token TEXT,
  lease_until INTEGER,
  execution_id TEXT,
  due_at INTEGER,
  deadline INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER,
  record BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_seq ON jobs(seq);
CREATE INDEX jobs_ready ON jobs(flow, priority DESC, run_at, id) WHERE ready = 1;
CREATE INDEX jobs_future ON jobs(flow, run_at) WHERE ready = 0;
CREATE INDEX jobs_due ON jobs(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_in_flight ON jobs(flow) WHERE lease_token IS NOT NULL;
CREATE INDEX jobs_execution ON jobs(execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX jobs_finished ON jobs(finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_state ON jobs(state, id);
CREATE INDEX jobs_flow ON jobs(flow, id);
CREATE TABLE prompts (n INTEGER PRIMARY KEY, prompt TEXT NOT NULL) STRICT;
CREATE TABLE results (n INTEGER PRIMARY KEY, result TEXT NOT NULL) STRICT;
CREATE TABLE tags (tag TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (tag, n)) STRICT, WITHOUT ROWID;
CREATE TABLE keys (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX keys_job ON keys(n);
CREATE TABLE lanes (flow TEXT PRIMARY KEY, rev INTEGER NOT NULL, lane BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE workers (id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL, worker BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

# `content` is a BLOB, because a result may contain a NUL, at which SQLite's text functions stop.
_VERSION_2 = """
CREATE TABLE callbacks (
  id TEXT PRIMARY KEY,
  mark TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  said TEXT NOT NULL,
  job_id TEXT,
  attempt INTEGER,
  execution_id TEXT,
  retryable INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;
CREATE INDEX callbacks_job ON callbacks(job_id, id);
CREATE INDEX callbacks_execution ON callbacks(execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX callbacks_verdict ON callbacks(verdict, id);
CREATE INDEX callbacks_last ON callbacks(last_at);
"""

# `body`: the bytes of a callback that could not be read; `flow`: the flow whose execution a report names.
# `heard_at`: WAITING only; when the processor last answered about the attempt. NULL in rows of older versions.
_VERSION_3 = """
ALTER TABLE callbacks ADD COLUMN body BLOB;
ALTER TABLE callbacks ADD COLUMN body_cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN content_type TEXT;
ALTER TABLE callbacks ADD COLUMN flow TEXT;
ALTER TABLE jobs ADD COLUMN heard_at INTEGER;
CREATE INDEX jobs_awaited ON jobs(flow, due_at, heard_at) WHERE state = 'WAITING';
-- By tag and id: a page of one tag is read newest first along the index, and no further than it needs.
CREATE TABLE job_tags (tag TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tag, id)) STRICT, WITHOUT ROWID;
INSERT INTO job_tags (tag, id) SELECT t.tag, j.id FROM tags t JOIN jobs j ON j.n = t.n ORDER BY t.tag, j.id;
DROP TABLE tags;
"""

# `job_flow`: of a callback's job, so that keys limited to flows can be shown theirs.
_VERSION_4 = """
ALTER TABLE callbacks ADD COLUMN job_flow TEXT;
UPDATE callbacks SET job_flow = (SELECT flow FROM jobs WHERE jobs.id = callbacks.job_id) WHERE job_id IS NOT NULL;
CREATE INDEX callbacks_flow ON callbacks(job_flow, id);
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  ended_at INTEGER,
  last_used_at INTEGER,
  key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  whose TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  session BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_whose ON sessions(whose, created_at);
CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  act TEXT NOT NULL,
  outcome TEXT NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  entry BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_act ON audit(act, id);
CREATE INDEX audit_who ON audit(who, id);
CREATE INDEX audit_what ON audit(what, id);
"""

# `waiting_of`: the owner of a PENDING job. Nobody owns the jobs of older versions.
_VERSION_5 = """
ALTER TABLE jobs ADD COLUMN waiting_of TEXT;
CREATE INDEX jobs_waiting_of ON jobs(waiting_of) WHERE waiting_of IS NOT NULL;
"""

# `next_at`: NULL once a delivery is settled. `leased`: a process is sending it, until `next_at`.
_WEBHOOKS = """
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  endpoint BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL,
  flow TEXT NOT NULL,
  job_id TEXT,
  endpoint_id TEXT,
  next_at INTEGER,
  settled_at INTEGER,
  leased INTEGER,
  delivery BLOB NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_lane ON deliveries(lane, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_next ON deliveries(next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries(leased) WHERE leased IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries(settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX deliveries_job ON deliveries(job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX deliveries_endpoint ON deliveries(endpoint_id, id) WHERE endpoint_id IS NOT NULL;
CREATE INDEX deliveries_state ON deliveries(state, id);
CREATE INDEX deliveries_flow ON deliveries(flow, id);
"""

_BULK_ACTIONS = """
CREATE TABLE bulk_actions (
  id TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  ended_at INTEGER,
  action BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_actions_open ON bulk_actions(id) WHERE ended_at IS NULL;
CREATE INDEX bulk_actions_ended ON bulk_actions(ended_at) WHERE ended_at IS NOT NULL;
"""

# Batches. `refused`: the lines that became no job, beside the record because they may be many. Jobs of a batch are not
# in the index of the pruner: they are kept as long as their batch.
_BATCHES = """
ALTER TABLE jobs ADD COLUMN batch_id TEXT;
CREATE INDEX jobs_batch ON jobs(batch_id, state, finished_at) WHERE batch_id IS NOT NULL;
DROP INDEX jobs_finished;
CREATE INDEX jobs_prunable ON jobs(finished_at) WHERE finished_at IS NOT NULL AND batch_id IS NULL;
CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  key TEXT UNIQUE,
  fingerprint TEXT,
  flows TEXT NOT NULL,
  cancelled_at INTEGER,
  ended_at INTEGER,
  prune_at INTEGER,
  batch BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_open ON batches(id) WHERE ended_at IS NULL;
CREATE INDEX batches_prunable ON batches(prune_at) WHERE prune_at IS NOT NULL;
CREATE TABLE refused_lines (id TEXT PRIMARY KEY, lines BLOB NOT NULL) STRICT;
"""

# `identity`: which file the search index (`search.db`) belongs to. `gone`: deleted jobs that are still in that index.
_SEARCH = """
INSERT OR REPLACE INTO facts (name, value) VALUES ('identity', random());
CREATE TABLE gone (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, id TEXT NOT NULL) STRICT;
"""

_BULK_KEYS = """
ALTER TABLE bulk_actions ADD COLUMN key TEXT;
CREATE UNIQUE INDEX bulk_actions_key ON bulk_actions(key) WHERE key IS NOT NULL;
"""

# What happened to jobs over time. `id`: span, start and flow (`core.series.row_id`). `series_new`: not rolled up yet.
_SERIES = """
CREATE TABLE series_new (
  at INTEGER NOT NULL,
  flow TEXT NOT NULL,
  tally BLOB NOT NULL,
  PRIMARY KEY (at, flow)
) STRICT, WITHOUT ROWID;
CREATE TABLE series (id TEXT PRIMARY KEY, tally BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""

# `key_hash`: the place of the job's key in the order of turns (core.fairness). Jobs of older versions have none: 0.
_TURNS = """
ALTER TABLE jobs ADD COLUMN key_hash INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_ready;
CREATE INDEX jobs_turns ON jobs(flow, priority DESC, key_hash, run_at, id) WHERE ready = 1;
"""

# `key_rates`: when the token bucket of a key is full again (core.key_limits); only those that are not full.
_KEY_LIMITS = """
DROP INDEX jobs_in_flight;
CREATE INDEX jobs_in_flight ON jobs(flow, key_hash) WHERE lease_token IS NOT NULL;
CREATE TABLE key_rates (
  flow TEXT NOT NULL,
  key_hash INTEGER NOT NULL,
  full_at INTEGER NOT NULL,
  PRIMARY KEY (flow, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_rates_full ON key_rates(flow, full_at);
"""

# `place`: of a job that is to be claimed next, in the ring of its flow and priority (`ring`). `key_hash` at the end of
# the index: the keys at their limit are passed over within it. `given`: the position at which a key got its place;
# below 0 when nothing waited for it the last time somebody looked.
_PLACES = """
ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET place = key_hash WHERE ready = 1 AND key_hash != 0;
DROP INDEX jobs_turns;
CREATE INDEX jobs_turns ON jobs(flow, priority DESC, place, run_at, id, key_hash) WHERE ready = 1;
CREATE TABLE places (
  flow TEXT NOT NULL,
  priority INTEGER NOT NULL,
  key_hash INTEGER NOT NULL,
  place INTEGER NOT NULL,
  given INTEGER NOT NULL,
  PRIMARY KEY (flow, priority, key_hash)
) STRICT, WITHOUT ROWID;
INSERT INTO places SELECT DISTINCT flow, priority, key_hash, place, 1 FROM jobs WHERE ready = 1 AND place != 0;
"""

# `cost_micros`: of all attempts of a job, in micros. Beside what a batch is counted by, so that its sum reads no job.
_COSTS = """
ALTER TABLE jobs ADD COLUMN cost_micros INTEGER;
DROP INDEX jobs_batch;
CREATE INDEX jobs_batch ON jobs(batch_id, state, finished_at, cost_micros) WHERE batch_id IS NOT NULL;
"""

# `via`: the flow whose processor has a job that fell back (core.fallback). Jobs in flight are found by the flow whose
# processor has them.
_FALLBACK = """
ALTER TABLE jobs ADD COLUMN via TEXT;
CREATE INDEX jobs_via ON jobs(flow, via) WHERE via IS NOT NULL;
DROP INDEX jobs_in_flight;
CREATE INDEX jobs_in_flight ON jobs(coalesce(via, flow), key_hash) WHERE lease_token IS NOT NULL;
DROP INDEX jobs_awaited;
CREATE INDEX jobs_awaited ON jobs(coalesce(via, flow), due_at, heard_at) WHERE state = 'WAITING';
"""

# `jobs_retried`: searches for jobs with several attempts, of which there may be none.
# `jobs_ahead`: the jobs whose ids are of a later time than they were created or ended, because a clock was set back:
# mostly none. The ids of all others are bounded by those times exactly.
_FINDING = """
CREATE INDEX jobs_retried ON jobs(id, attempt) WHERE attempt > 1;
CREATE INDEX jobs_ahead ON jobs(id)
  WHERE substr(id, 1, 12) > printf('%012x', min(created_at, ifnull(finished_at, created_at)));
"""

# The owners of waiting jobs are counted in memory (`job_counts`), once from the column `waiting_of` at each start.
_WAITING = """
DROP INDEX jobs_waiting_of;
"""

# `jobs_ended_in_batch`: beside `jobs_prunable`, so that every job that has ended is found by the time of its end.
_ENDED = """
CREATE INDEX jobs_ended_in_batch ON jobs(finished_at) WHERE finished_at IS NOT NULL AND batch_id IS NOT NULL;
"""

# `counted_key`: the `key_hash` of a job in flight whose flow limits what a key has in flight; NULL: not counted by key.
# With the hash of every job, the jobs of a claim stood at random places of the index, each in a page of its own.
_COUNTED_KEYS = """
ALTER TABLE jobs ADD COLUMN counted_key INTEGER;
DROP INDEX jobs_in_flight;
CREATE INDEX jobs_in_flight ON jobs(coalesce(via, flow), counted_key) WHERE lease_token IS NOT NULL;
"""

VERSIONS = (
    *(_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5),
    *(_BULK_ACTIONS, _BATCHES, _WEBHOOKS, _SEARCH, _BULK_KEYS, _SERIES, _TURNS, _KEY_LIMITS, _PLACES, _COSTS),
    *(_FALLBACK, _FINDING, _WAITING, _ENDED, _COUNTED_KEYS),
)
