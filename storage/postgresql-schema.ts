/**
 * The tables and functions that the PostgreSQL store owns.
 *
 * One row, the head, is locked by every commit, so commits form one order: each is checked against all before it, and
 * the change feed has no gaps. Functions carry a number: nodes of several versions may work on one database.
 */

/** Names the store's objects: quoted, with the schema in front where the configuration gives one. */
export interface Names {
  readonly schema: string | undefined
  readonly entries: string
  readonly commits: string
  readonly head: string
  readonly requests: string
  /** Which migrations were made. */
  readonly schemas: string
  readonly listing: string
  readonly commit: string
  /** The channel of the hint that something was committed. */
  readonly channel: string
}

const TABLE = /^(?:([A-Za-z_][A-Za-z0-9_]{0,62})\.)?([A-Za-z_][A-Za-z0-9_]{0,39})$/

export function namesOf(table: string): Names {
  const [, schema, name] = TABLE.exec(table) ?? []
  if (name === undefined) {
    throw new Error(`The table "${table}" must be a plain name of at most 40 letters, digits and underscores`)
  }
  const named = (suffix: string) => `${schema === undefined ? "" : `"${schema}".`}"${name}_${suffix}"`
  return {
    schema,
    entries: named("entries"),
    commits: named("commits"),
    head: named("head"),
    requests: named("requests"),
    schemas: named("schema"),
    listing: named("listing_1"),
    commit: named("commit_1"),
    channel: `"${table}_committed"`,
  }
}

/** Everything that is missing. It is run in one transaction, under a lock. */
export const schemaSql = (names: Names): string =>
  [
    names.schema === undefined ? "" : `CREATE SCHEMA IF NOT EXISTS "${names.schema}";`,
    tablesSql(names),
    listingSql(names),
    commitSql(names),
  ].join("\n")

/** Values are ciphertext: EXTERNAL spares PostgreSQL the attempt to compress them. */
const tablesSql = ({ entries, commits, head, requests }: Names): string => `
CREATE TABLE IF NOT EXISTS ${entries} (
  key text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, value bytea NOT NULL);
ALTER TABLE ${entries} ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS ${commits} (version bigint PRIMARY KEY, keys text[] NOT NULL, puts boolean[] NOT NULL);
CREATE TABLE IF NOT EXISTS ${head} (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL)
  WITH (fillfactor = 10);
INSERT INTO ${head} (version) VALUES (0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS ${requests} (
  id uuid PRIMARY KEY, outcomes bigint[] NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
`

/** The names of a listing, as `names.ts` makes them: a folder costs one look-up, whatever it holds. */
const listingSql = ({ entries, listing }: Names): string => `
CREATE OR REPLACE FUNCTION ${listing}(p_listing text, p_prefix text, p_after text, p_before text, p_limit bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $body$
DECLARE
  place text COLLATE "C" := p_prefix || coalesce(p_after, '');
  past text COLLATE "C" := left(p_prefix, -1) || '0';
  found_key text COLLATE "C";
  name text COLLATE "C";
  slash int;
  shown bigint := 0;
BEGIN
  WHILE place IS NOT NULL LOOP
    FOR found_key IN
      SELECT e.key FROM ${entries} e
      WHERE e.key >= place AND (p_prefix = '' OR e.key < past) ORDER BY e.key LIMIT p_limit - shown + 1
    LOOP
      name := substr(found_key, length(p_prefix) + 1);
      slash := CASE WHEN p_listing = 'list' THEN position('/' IN name) ELSE 0 END;
      IF slash > 0 THEN name := left(name, slash); END IF;
      IF name >= p_before THEN RETURN; END IF;
      IF p_after IS NULL OR name > p_after THEN
        RETURN NEXT name;
        shown := shown + 1;
        IF shown = p_limit THEN RETURN; END IF;
      END IF;
      IF slash > 0 THEN EXIT; END IF;
    END LOOP;
    place := CASE WHEN slash > 0 THEN p_prefix || left(name, -1) || '0' END;
    slash := 0;
  END LOOP;
END $body$;
`

/**
 * Commits a group: members 1 to n, each with what it read and what it writes. Returns a version for each member, or 0
 * where something it read has changed. Members must not depend on each other. A group that was committed already (its
 * answer was lost) is not committed again: its first answer is returned.
 */
const commitSql = ({ entries, commits, head, requests, listing, commit, channel }: Names): string => `
CREATE OR REPLACE FUNCTION ${commit}(
  p_request uuid, p_members int,
  p_read_member int[], p_read_key text[], p_read_version bigint[], p_lists jsonb,
  p_write_member int[], p_write_key text[], p_write_start int[], p_write_length int[], p_values bytea,
  p_remembered bigint)
RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  newest bigint;
  before bigint;
  refused int[];
  outcome bigint[];
BEGIN
  -- Each statement below must see what the holder of the lock before us has committed.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'a commit needs the isolation level read committed';
  END IF;
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  SELECT h.version INTO STRICT before FROM ${head} h FOR UPDATE;
  SELECT r.outcomes INTO outcome FROM ${requests} r WHERE r.id = p_request;
  IF FOUND THEN RETURN outcome; END IF;

  SELECT coalesce(array_agg(DISTINCT changed.member), '{}') INTO refused FROM (
    SELECT r.member FROM unnest(p_read_member, p_read_key, p_read_version) AS r(member, key, version)
    LEFT JOIN ${entries} e ON e.key = r.key COLLATE "C"
    WHERE coalesce(e.version, 0) <> r.version
    UNION ALL
    SELECT l.member FROM jsonb_to_recordset(p_lists) AS l(
      member int, listing text, prefix text, after text, before text, "limit" bigint, digest text)
    WHERE l.digest <> (
      SELECT encode(sha256(coalesce(
        string_agg(convert_to(n.name, 'UTF8') || '\\x00'::bytea, ''::bytea ORDER BY n.at), ''::bytea)), 'hex')
      FROM ${listing}(l.listing, l.prefix, l.after, l.before, l."limit") WITH ORDINALITY AS n(name, at))
  ) AS changed;

  SELECT array_agg(CASE WHEN m.member = ANY (refused) THEN 0 ELSE before + m.nth END ORDER BY m.member), before + max(m.nth)
  INTO outcome, newest FROM (
    SELECT member, count(*) FILTER (WHERE member <> ALL (refused)) OVER (ORDER BY member) AS nth
    FROM generate_series(1, p_members) AS member) AS m;

  WITH written AS (
    SELECT DISTINCT ON (w.key COLLATE "C") w.key, outcome[w.member] AS version, w.length,
      substring(p_values FROM w.start FOR w.length) AS value
    FROM unnest(p_write_member, p_write_key, p_write_start, p_write_length) AS w(member, key, start, length)
    WHERE outcome[w.member] > 0 ORDER BY w.key COLLATE "C", w.member DESC
  ), removed AS (
    DELETE FROM ${entries} e USING written w WHERE e.key = w.key COLLATE "C" AND w.length IS NULL
  )
  INSERT INTO ${entries} AS e (key, version, value)
  SELECT w.key, w.version, w.value FROM written w WHERE w.length IS NOT NULL
  ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value;

  INSERT INTO ${commits} (version, keys, puts)
  SELECT outcome[w.member], array_agg(w.key ORDER BY w.at), array_agg(w.length IS NOT NULL ORDER BY w.at)
  FROM unnest(p_write_member, p_write_key, p_write_length) WITH ORDINALITY AS w(member, key, length, at)
  WHERE outcome[w.member] > 0 GROUP BY w.member;
  INSERT INTO ${requests} (id, outcomes) VALUES (p_request, outcome);

  IF newest > before THEN
    UPDATE ${head} SET version = newest;
    IF newest / 256 > before / 256 THEN
      DELETE FROM ${commits} WHERE version <= newest - p_remembered;
      DELETE FROM ${requests} WHERE at < clock_timestamp() - interval '1 hour';
    END IF;
    -- A hint only: readers of the feed poll as well.
    PERFORM pg_notify('${channel.slice(1, -1)}', newest::text);
  END IF;
  RETURN outcome;
END $body$;
`
