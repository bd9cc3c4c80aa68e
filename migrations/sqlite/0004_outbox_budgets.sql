-- How fast each platform may be called, and whose turn it is.
--
-- A platform's limits come from its adapter; what was spent of them is here, so that a restart
-- does not begin with full buckets.

-- A token bucket of a budget. workspace '' is the whole platform; place '' the whole workspace,
-- else a channel or the number of a conversation. `full_at` is when all `burst` tokens are there
-- again: with `every_ms` it says how many there are at any time. `acts` is written ',post,file,'.
CREATE TABLE send_bucket (
  bucket_id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  place TEXT NOT NULL,
  name TEXT NOT NULL,
  acts TEXT NOT NULL,
  every_ms BIGINT NOT NULL,
  burst BIGINT NOT NULL,
  full_at BIGINT NOT NULL,
  -- The last token: its time and number.
  spent_at BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  UNIQUE (platform, workspace, place, name)
);
CREATE INDEX send_bucket_full ON send_bucket (full_at);

-- The tokens of the last minutes, one by one: what the bucket's rate is checked against.
CREATE TABLE send_spent (
  bucket_id BIGINT NOT NULL,
  n BIGINT NOT NULL,
  spent_at BIGINT NOT NULL,
  outbox_id BIGINT NOT NULL,
  PRIMARY KEY (bucket_id, n)
);
CREATE INDEX send_spent_at ON send_spent (spent_at);

-- What a platform told us not to call before. '' is any workspace, any channel, any act.
CREATE TABLE send_block (
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  channel TEXT NOT NULL,
  act TEXT NOT NULL,
  blocked_until BIGINT NOT NULL,
  PRIMARY KEY (platform, workspace, channel, act)
);
INSERT INTO send_block (platform, workspace, channel, act, blocked_until)
  SELECT platform, workspace, '', '', blocked_until FROM platform_block;
DROP TABLE platform_block;

-- Few rows: what waits for the same tokens of a platform or workspace.
CREATE TABLE send_gate (
  gate_id INTEGER PRIMARY KEY AUTOINCREMENT,
  platform TEXT NOT NULL,
  workspace TEXT NOT NULL,
  act TEXT NOT NULL,
  UNIQUE (platform, workspace, act)
);

-- What waits for the same channel. Nothing of it can go before `wake_at`; null when nothing waits.
-- `open_at` is when the channel allows the next one, as far as it is known.
CREATE TABLE send_lane (
  lane_id INTEGER PRIMARY KEY AUTOINCREMENT,
  gate_id BIGINT NOT NULL REFERENCES send_gate (gate_id),
  channel TEXT NOT NULL,
  open_at BIGINT NOT NULL DEFAULT 0,
  wake_at BIGINT,
  UNIQUE (gate_id, channel)
);
CREATE INDEX send_lane_wake ON send_lane (gate_id, wake_at, lane_id) WHERE wake_at IS NOT NULL;

-- The first open message of each conversation, unless it is being sent, has a lane and a time.
ALTER TABLE outbox ADD COLUMN carries_file BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN lane_id BIGINT;
ALTER TABLE outbox ADD COLUMN due_at BIGINT;
CREATE INDEX outbox_head ON outbox (lane_id, due_at, outbox_id) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX outbox_seat ON outbox (conversation_id) WHERE due_at IS NOT NULL;
DROP INDEX outbox_due;
CREATE INDEX outbox_sending ON outbox (outbox_id) WHERE state = 'sending';

UPDATE outbox SET carries_file = 1 WHERE notice LIKE '{"v":"file"%'
  OR notice LIKE '{"v":"answer_file"%' OR notice LIKE '{"v":"details"%';
UPDATE outbox SET due_at = next_at WHERE state = 'pending' AND NOT EXISTS (SELECT 1 FROM outbox e
  WHERE e.conversation_id = outbox.conversation_id AND e.seq < outbox.seq
    AND e.state IN ('pending', 'sending'));
INSERT INTO send_gate (platform, workspace, act)
  SELECT DISTINCT c.platform, c.workspace,
    CASE WHEN o.whisper_to IS NOT NULL THEN 'whisper' WHEN o.carries_file = 1 THEN 'file'
      WHEN m.remote_id IS NOT NULL THEN 'edit' ELSE 'post' END
  FROM outbox o JOIN conversation c ON c.conversation_id = o.conversation_id
  LEFT JOIN message m ON m.message_key = o.message_key
  WHERE o.due_at IS NOT NULL;
INSERT INTO send_lane (gate_id, channel)
  SELECT DISTINCT g.gate_id, c.channel
  FROM outbox o JOIN conversation c ON c.conversation_id = o.conversation_id
  LEFT JOIN message m ON m.message_key = o.message_key
  JOIN send_gate g ON g.platform = c.platform AND g.workspace = c.workspace AND g.act =
    CASE WHEN o.whisper_to IS NOT NULL THEN 'whisper' WHEN o.carries_file = 1 THEN 'file'
      WHEN m.remote_id IS NOT NULL THEN 'edit' ELSE 'post' END
  WHERE o.due_at IS NOT NULL;
UPDATE outbox SET lane_id = (SELECT l.lane_id FROM conversation c
    JOIN send_gate g ON g.platform = c.platform AND g.workspace = c.workspace AND g.act =
      CASE WHEN outbox.whisper_to IS NOT NULL THEN 'whisper'
        WHEN outbox.carries_file = 1 THEN 'file'
        WHEN EXISTS (SELECT 1 FROM message m WHERE m.message_key = outbox.message_key) THEN 'edit'
        ELSE 'post' END
    JOIN send_lane l ON l.gate_id = g.gate_id AND l.channel = c.channel
    WHERE c.conversation_id = outbox.conversation_id)
  WHERE due_at IS NOT NULL;
UPDATE send_lane SET wake_at =
  (SELECT min(o.due_at) FROM outbox o WHERE o.lane_id = send_lane.lane_id AND o.due_at IS NOT NULL);

-- The pace of a conversation is one of the budgets.
ALTER TABLE conversation DROP COLUMN pace_until;
ALTER TABLE conversation DROP COLUMN edit_pace_until;
