-- Several servers on one database. Where there is one, these tables stay empty.

-- A server, once for each data directory. `server_at` is the database's clock at the moment at
-- which the server's own time was `seen_at`.
CREATE TABLE replica (
  replica_id TEXT NOT NULL PRIMARY KEY,
  life TEXT NOT NULL,
  name TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  server_at BIGINT NOT NULL
);

-- Who does what for all of them, until when. It saves work; what must not happen twice is decided by
-- the rows that it is about.
CREATE TABLE leader (
  work TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);

-- Who is sending it: in doubt when somebody else takes over.
ALTER TABLE outbox ADD COLUMN sender TEXT;

-- Values that all servers share, such as the key of the page's sessions.
CREATE TABLE shared_value (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- Result files, where they are not on the disk of the only server.
CREATE TABLE result_chunk (
  task_id TEXT NOT NULL,
  fence BIGINT NOT NULL,
  path TEXT NOT NULL,
  off BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (task_id, fence, path, off)
);
