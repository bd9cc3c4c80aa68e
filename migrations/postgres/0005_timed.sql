-- Work of our own that happens by the clock: a run belongs to whoever moves last_at on.
CREATE TABLE timer (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  last_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- Whoever may decide is reminded once.
ALTER TABLE approval_request ADD COLUMN reminded_at BIGINT;

-- The output is gone, the attempt is still told of.
ALTER TABLE attempt ADD COLUMN log_dropped_at BIGINT;
CREATE INDEX attempt_logged ON attempt (finished_at)
  WHERE log_dropped_at IS NULL AND finished_at IS NOT NULL;

-- A task that was removed after its time, whose many small rows and files are still to go.
CREATE TABLE leftover (
  task_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  files_gone BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX task_ended ON task (completed_at)
  WHERE state IN ('completed', 'failed', 'cancelled', 'expired');
CREATE INDEX outbox_task ON outbox (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX outbox_loose ON outbox (settled_at)
  WHERE task_id IS NULL AND settled_at IS NOT NULL;
CREATE INDEX page_message_thread ON page_message (thread) WHERE thread IS NOT NULL;
CREATE INDEX page_message_at ON page_message (at);
CREATE INDEX message_remote ON message (remote_id);
