-- Types are TEXT, BIGINT, BLOB and DOUBLE PRECISION only; times are milliseconds since 1970 UTC,
-- flags are 0 or 1. `INTEGER PRIMARY KEY AUTOINCREMENT` numbers rows in the order of their commit.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL
);

-- Accepted deliveries. The payload holds credentials for answering: it is forgotten when settled.
CREATE TABLE inbox (
  inbox_n INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id TEXT NOT NULL UNIQUE,
  platform TEXT NOT NULL,
  payload TEXT,
  received_at BIGINT NOT NULL,
  settled_at BIGINT
);
CREATE INDEX inbox_open ON inbox (inbox_n) WHERE settled_at IS NULL;
CREATE INDEX inbox_settled ON inbox (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE delivery_key (
  source TEXT NOT NULL,
  dedup_key TEXT NOT NULL,
  delivery_id TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (source, dedup_key)
) WITHOUT ROWID;
CREATE INDEX delivery_key_seen ON delivery_key (seen_at);

-- A place where messages go, in order. A row with own_thread = 1 belongs to one task; the id of
-- the first message there becomes its thread.
CREATE TABLE conversation (
  conversation_id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  channel TEXT NOT NULL,
  thread TEXT,
  own_thread BIGINT NOT NULL,
  next_seq BIGINT NOT NULL DEFAULT 0,
  -- Posts and edits are limited apart: a card that changes must not hold up an answer.
  pace_until BIGINT NOT NULL DEFAULT 0,
  edit_pace_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX conversation_place ON conversation (platform, workspace, channel, thread);

-- The hot row: small, so that a move writes little. Texts are in task_text and plan.
CREATE TABLE task (
  task_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  conversation_id BIGINT REFERENCES conversation (conversation_id),
  asker_platform TEXT,
  asker_id TEXT,
  state TEXT NOT NULL,
  state_at BIGINT NOT NULL,
  request_id TEXT,
  stop_by TEXT,
  reason TEXT,
  detail TEXT,
  version BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  attempt_fence BIGINT NOT NULL DEFAULT 0,
  attempt_no BIGINT NOT NULL DEFAULT 0,
  lost_count BIGINT NOT NULL DEFAULT 0,
  plan_no BIGINT NOT NULL DEFAULT 1,
  plan_hash TEXT,
  executor TEXT,
  subject TEXT,
  project TEXT,
  priority BIGINT NOT NULL DEFAULT 0,
  run_at BIGINT NOT NULL,
  deadline_at BIGINT,
  lease_holder TEXT,
  lease_until BIGINT,
  cancel_asked_at BIGINT,
  created_at BIGINT NOT NULL,
  queued_at BIGINT,
  started_at BIGINT,
  completed_at BIGINT
);
CREATE INDEX task_created ON task (created_at, task_id);
CREATE INDEX task_planning ON task (state_at) WHERE state = 'planning';
CREATE INDEX task_queue ON task (executor, priority, queued_at, task_id) WHERE state = 'queued';
CREATE INDEX task_leased ON task (lease_until) WHERE state IN ('running', 'paused', 'cancelling');
CREATE INDEX task_history ON task (kind, subject, completed_at) WHERE state = 'completed';

CREATE TABLE task_text (
  task_id TEXT NOT NULL PRIMARY KEY REFERENCES task (task_id),
  description TEXT NOT NULL,
  wishes TEXT NOT NULL,
  result TEXT
);

-- Immutable but for the feedback that asked for the next plan.
CREATE TABLE plan (
  task_id TEXT NOT NULL REFERENCES task (task_id),
  plan_no BIGINT NOT NULL,
  plan_hash TEXT NOT NULL,
  body TEXT NOT NULL,
  feedback TEXT,
  PRIMARY KEY (task_id, plan_no)
);

-- need = 0: a grant let the plan through.
CREATE TABLE approval_request (
  request_id TEXT NOT NULL PRIMARY KEY,
  task_id TEXT NOT NULL,
  plan_no BIGINT NOT NULL,
  plan_hash TEXT NOT NULL,
  need BIGINT NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decided_at BIGINT,
  UNIQUE (task_id, plan_no),
  FOREIGN KEY (task_id, plan_no) REFERENCES plan (task_id, plan_no)
);
CREATE UNIQUE INDEX approval_request_open ON approval_request (task_id) WHERE state = 'open';
CREATE INDEX approval_request_expiry ON approval_request (expires_at) WHERE state = 'open';

CREATE TABLE approval_vote (
  request_id TEXT NOT NULL REFERENCES approval_request (request_id),
  user_id TEXT NOT NULL,
  decision TEXT NOT NULL,
  voted_at BIGINT NOT NULL,
  PRIMARY KEY (request_id, user_id)
);

CREATE TABLE attempt (
  task_id TEXT NOT NULL REFERENCES task (task_id),
  fence BIGINT NOT NULL,
  attempt_no BIGINT NOT NULL,
  plan_hash TEXT NOT NULL,
  executor TEXT NOT NULL,
  holder TEXT NOT NULL,
  isolation TEXT,
  session TEXT,
  step TEXT,
  leased_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  outcome TEXT,
  tokens BIGINT NOT NULL DEFAULT 0,
  usd DOUBLE PRECISION NOT NULL DEFAULT 0,
  seconds DOUBLE PRECISION NOT NULL DEFAULT 0,
  log_bytes BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (task_id, fence)
);
CREATE UNIQUE INDEX attempt_unfinished ON attempt (task_id) WHERE finished_at IS NULL;

CREATE TABLE action (
  token TEXT NOT NULL PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES task (task_id),
  plan_no BIGINT NOT NULL,
  verb TEXT NOT NULL,
  UNIQUE (task_id, plan_no, verb)
);

-- thread is '' where there is none, so that it can be part of the key.
CREATE TABLE question (
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  channel TEXT NOT NULL,
  thread TEXT NOT NULL,
  user_id TEXT NOT NULL,
  task_id TEXT NOT NULL,
  plan_no BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (platform, workspace, channel, thread, user_id)
);

-- A message of ours that is edited later.
CREATE TABLE message (
  message_key TEXT NOT NULL PRIMARY KEY,
  task_id TEXT,
  conversation_id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  remote_id TEXT NOT NULL
);
CREATE INDEX message_task ON message (task_id);

CREATE TABLE outbox (
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id BIGINT NOT NULL REFERENCES conversation (conversation_id),
  seq BIGINT NOT NULL,
  task_id TEXT,
  message_key TEXT,
  notice TEXT NOT NULL,
  whisper_platform TEXT,
  whisper_to TEXT,
  whisper_handle TEXT,
  state TEXT NOT NULL,
  unsure BIGINT NOT NULL DEFAULT 0,
  attempt BIGINT NOT NULL DEFAULT 0,
  next_at BIGINT NOT NULL,
  marker TEXT NOT NULL UNIQUE,
  error TEXT,
  queued_at BIGINT NOT NULL,
  settled_at BIGINT,
  UNIQUE (conversation_id, seq)
);
CREATE INDEX outbox_open ON outbox (conversation_id, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'pending';
-- At most one pending revision of a card.
CREATE UNIQUE INDEX outbox_card ON outbox (message_key) WHERE state = 'pending' AND message_key IS NOT NULL;

CREATE TABLE platform_block (
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  blocked_until BIGINT NOT NULL,
  PRIMARY KEY (platform, workspace)
);

-- task_n numbers the events of one task from 1, without gaps.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  task_id TEXT,
  task_n BIGINT,
  actor TEXT,
  data TEXT NOT NULL
);
CREATE UNIQUE INDEX event_task ON event (task_id, task_n) WHERE task_id IS NOT NULL;

CREATE TABLE audit (
  entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  why TEXT,
  task_id TEXT
);

CREATE TABLE app_user (
  user_id TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL,
  kind TEXT NOT NULL,
  met_at BIGINT NOT NULL
);

CREATE TABLE identity (
  platform TEXT NOT NULL,
  account TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES app_user (user_id),
  name TEXT,
  met_at BIGINT NOT NULL,
  -- 1: became known by a claim code, and is known without the configuration.
  claimed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (platform, account)
);
CREATE INDEX identity_user ON identity (user_id);

CREATE TABLE stranger (
  platform TEXT NOT NULL,
  account TEXT NOT NULL,
  refused_at BIGINT NOT NULL,
  PRIMARY KEY (platform, account)
);

CREATE TABLE claim (
  code_hash TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE idempotency (
  user_id TEXT NOT NULL,
  client_key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  task_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (user_id, client_key)
);
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE log_chunk (
  task_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  off BIGINT NOT NULL,
  len BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (task_id, fence, off)
);

CREATE TABLE page_message (
  page_message_id TEXT NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL,
  channel TEXT NOT NULL,
  thread TEXT,
  author TEXT,
  only_for TEXT,
  body TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE UNIQUE INDEX page_message_seq ON page_message (seq);
CREATE INDEX page_message_channel ON page_message (channel, seq);
