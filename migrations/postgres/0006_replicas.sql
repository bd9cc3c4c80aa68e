-- Several servers on one database. Where there is one, these tables stay empty.

-- A server, once for each data directory. `server_at` is the database's clock at the moment at
-- which the server's own time was `seen_at`.
CREATE TABLE replica (
  replica_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  life TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  server_at BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Who does what for all of them, until when. It saves work; what must not happen twice is decided by
-- the rows that it is about.
CREATE TABLE leader (
  work TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  holder TEXT COLLATE "C" NOT NULL,
  epoch BIGINT NOT NULL,
  until_at BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Who is sending it: in doubt when somebody else takes over.
ALTER TABLE outbox ADD COLUMN sender TEXT COLLATE "C";

-- Values that all servers share, such as the key of the page's sessions.
CREATE TABLE shared_value (
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

-- Result files, where they are not on the disk of the only server.
CREATE TABLE result_chunk (
  task_id TEXT COLLATE "C" NOT NULL,
  fence BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  off BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (task_id, fence, path, off)
);
