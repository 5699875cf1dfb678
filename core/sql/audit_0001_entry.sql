-- SPDX-License-Identifier: MIT
-- The audit trail: one row for each row of a declared table that was created, changed or deleted, and for attempts that
-- were refused. Nobody but the functions below writes it: the server's roles may only read.

CREATE TABLE audit.entry (
    id              uuid        PRIMARY KEY DEFAULT alees.new_id(),
    organization_id uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    user_id         uuid,
    key_id          uuid,
    request_id      text,
    action          text        NOT NULL,
    resource        text,
    object_id       uuid,
    changes         jsonb,
    detail          text
);
CREATE INDEX entry_organization ON audit.entry (organization_id, id);
CREATE INDEX entry_object ON audit.entry (object_id, id);
-- Rows come in the order of time, so a few words for each block range find those of a day.
CREATE INDEX entry_time ON audit.entry USING brin (created_at) WITH (autosummarize = on);

-- The trigger that `alees migrate` puts on each declared table, for each statement: with its rows in one table, 10,000 of
-- them take half the time of 10,000 calls. Arguments: the resource's whole name; the column that holds the row's
-- organization, or nothing; the column that holds the row's user, or nothing; {column: field}; the columns of secrets.
-- alees.actor is "user|key|request", set by the server beside the role; without a request it was somebody with a
-- connection of their own.
CREATE FUNCTION audit.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    actor   CONSTANT text[] := string_to_array(nullif(current_setting('alees.actor', true), ''), '|');
    who     CONSTANT uuid := nullif(actor[1], '');
    key     CONSTANT uuid := nullif(actor[2], '');
    request CONSTANT text := nullif(actor[3], '');
    note    CONSTANT text := CASE WHEN request IS NULL THEN 'database session of ' || session_user END;
    fields  CONSTANT jsonb := TG_ARGV[3];
    secrets CONSTANT text[] := TG_ARGV[4];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail)
        SELECT (r.new ->> TG_ARGV[1])::uuid, coalesce(who, (r.new ->> TG_ARGV[2])::uuid), key, request, 'create',
               TG_ARGV[0], (r.new ->> 'id')::uuid,
               coalesce((SELECT jsonb_object_agg(f.name, jsonb_build_object('before', NULL, 'after',
                                CASE WHEN f.col = ANY (secrets) THEN '"***"' ELSE r.new -> f.col END))
                         FROM jsonb_each_text(fields) f(col, name) WHERE r.new -> f.col <> 'null'), '{}'),
               note
        FROM (SELECT to_jsonb(n) AS new FROM new_rows n OFFSET 0) r;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail)
        SELECT (r.new ->> TG_ARGV[1])::uuid, coalesce(who, (r.new ->> TG_ARGV[2])::uuid), key, request, 'update',
               TG_ARGV[0], (r.new ->> 'id')::uuid, c.changes, note
        FROM (SELECT to_jsonb(o) AS old, to_jsonb(n) AS new FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) r
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.name, jsonb_build_object(
                       'before', CASE WHEN f.col = ANY (secrets) AND r.old -> f.col <> 'null' THEN '"***"'
                                      ELSE r.old -> f.col END,
                       'after', CASE WHEN f.col = ANY (secrets) AND r.new -> f.col <> 'null' THEN '"***"'
                                     ELSE r.new -> f.col END)) AS changes
            FROM jsonb_each_text(fields) f(col, name) WHERE r.new -> f.col <> r.old -> f.col) c
        WHERE c.changes IS NOT NULL;
    ELSE
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail)
        SELECT (r.old ->> TG_ARGV[1])::uuid, coalesce(who, (r.old ->> TG_ARGV[2])::uuid), key, request, 'delete',
               TG_ARGV[0], (r.old ->> 'id')::uuid,
               coalesce((SELECT jsonb_object_agg(f.name, jsonb_build_object('before',
                                CASE WHEN f.col = ANY (secrets) THEN '"***"' ELSE r.old -> f.col END, 'after', NULL))
                         FROM jsonb_each_text(fields) f(col, name) WHERE r.old -> f.col <> 'null'), '{}'),
               note
        FROM (SELECT to_jsonb(o) AS old FROM old_rows o OFFSET 0) r;
    END IF;
    RETURN NULL;
END
$$;

-- What leaves no row behind: an attempt that was refused.
CREATE FUNCTION audit.note(action text, user_id uuid, key_id uuid, request_id text, organization_id uuid, resource text,
                           object_id uuid, detail text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO audit.entry (action, user_id, key_id, request_id, organization_id, resource, object_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, left($8, 1000))
$$;

-- Deletes the oldest entries, at most so many, and says so in the trail. How many it were.
CREATE FUNCTION audit.prune(days integer, most integer, request_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    IF days IS NULL OR days < 1 THEN
        RAISE EXCEPTION 'entries younger than a day are kept' USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM audit.entry WHERE id IN (
        SELECT e.id FROM audit.entry e WHERE e.created_at < now() - make_interval(days => days) ORDER BY e.id LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        INSERT INTO audit.entry (action, request_id, detail)
        VALUES ('prune', request_id, format('%s entries older than %s days', gone, days));
    END IF;
    RETURN gone;
END
$$;

-- `alees migrate` grants nothing on functions that run as their owner.
REVOKE ALL ON FUNCTION audit.record(), audit.note(text, uuid, uuid, text, uuid, text, uuid, text),
    audit.prune(integer, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.note(text, uuid, uuid, text, uuid, text, uuid, text)
    TO alees_plugin_audit, alees_plugin_audit_all;
GRANT EXECUTE ON FUNCTION audit.prune(integer, integer, text) TO alees_plugin_audit_all;
