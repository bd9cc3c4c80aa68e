-- What waits is asked for by platform: the deliveries of one that cannot be acted on yet must not
-- be read over and over while those of another are looked for.
CREATE INDEX inbox_waiting ON inbox (platform, inbox_n) WHERE settled_at IS NULL;
DROP INDEX inbox_open;
