-- By then the program runs, or the lease returns; later it ends, whatever its heartbeats say.
-- Both are of no more use once the attempt has ended.
ALTER TABLE attempt ADD COLUMN start_by BIGINT;
ALTER TABLE attempt ADD COLUMN deadline_at BIGINT;
CREATE INDEX attempt_unstarted ON attempt (start_by)
  WHERE started_at IS NULL AND finished_at IS NULL;
CREATE INDEX attempt_deadline ON attempt (deadline_at) WHERE finished_at IS NULL;
