-- SPDX-License-Identifier: MIT
-- GET {path}/{id}/history: what happened to one row, for those who see the row and need not be auditors. An entry says
-- itself who they are: the viewers of its organization or, of a row that is in none, those of scope_ids. Entries from
-- before this step have no scope_ids: where the row is in no organization, they are for superusers.

ALTER TABLE audit.entry
    ADD COLUMN scope_ids uuid[], -- the users and organizations that the row belonged to; {}: everybody; NULL: nobody else
    ADD COLUMN owner_id  uuid;   -- of a part: the row that it is a part of

-- own, several: the column with the row's user, or with its users and organizations, or nothing. shared: 'shared' if rows
-- of no organization are everybody's.
CREATE FUNCTION audit.scope_of(r jsonb, organization text, own text, several text, shared text) RETURNS uuid[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN own <> '' THEN ARRAY[(r ->> own)::uuid]
                WHEN several <> '' THEN nullif(translate(r ->> several, '[]" ', '{}')::uuid[], '{}')
                WHEN shared = 'shared' AND (r ->> organization) IS NULL THEN '{}'::uuid[] END
$$;

-- As it was, with these arguments behind the others: the column with the users and organizations of a row of several, or
-- nothing; 'shared' or nothing; the column with the owner of a part, or nothing; 'soft' if a row is deleted by its column
-- deleted_at, or nothing.
CREATE OR REPLACE FUNCTION audit.record() RETURNS trigger
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
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail,
                                 scope_ids, owner_id)
        SELECT (r.new ->> TG_ARGV[1])::uuid, coalesce(who, (r.new ->> TG_ARGV[2])::uuid), key, request, 'create',
               TG_ARGV[0], (r.new ->> 'id')::uuid,
               coalesce((SELECT jsonb_object_agg(f.name, jsonb_build_object('before', NULL, 'after',
                                CASE WHEN f.col = ANY (secrets) THEN '"***"' ELSE r.new -> f.col END))
                         FROM jsonb_each_text(fields) f(col, name) WHERE r.new -> f.col <> 'null'), '{}'),
               note, audit.scope_of(r.new, TG_ARGV[1], TG_ARGV[2], TG_ARGV[5], TG_ARGV[6]), (r.new ->> TG_ARGV[7])::uuid
        FROM (SELECT to_jsonb(n) AS new FROM new_rows n OFFSET 0) r;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail,
                                 scope_ids, owner_id)
        SELECT (r.new ->> TG_ARGV[1])::uuid, coalesce(who, (r.new ->> TG_ARGV[2])::uuid), key, request, a.action,
               TG_ARGV[0], (r.new ->> 'id')::uuid, coalesce(c.changes, '{}'),
               note, audit.scope_of(r.new, TG_ARGV[1], TG_ARGV[2], TG_ARGV[5], TG_ARGV[6]), (r.new ->> TG_ARGV[7])::uuid
        FROM (SELECT to_jsonb(o) AS old, to_jsonb(n) AS new FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) r
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.name, jsonb_build_object(
                       'before', CASE WHEN f.col = ANY (secrets) AND r.old -> f.col <> 'null' THEN '"***"'
                                      ELSE r.old -> f.col END,
                       'after', CASE WHEN f.col = ANY (secrets) AND r.new -> f.col <> 'null' THEN '"***"'
                                     ELSE r.new -> f.col END)) AS changes
            FROM jsonb_each_text(fields) f(col, name) WHERE r.new -> f.col <> r.old -> f.col) c
        CROSS JOIN LATERAL (
            SELECT CASE WHEN TG_ARGV[8] = 'soft' AND r.old ->> 'deleted_at' IS NULL
                             AND r.new ->> 'deleted_at' IS NOT NULL THEN 'delete'
                        WHEN TG_ARGV[8] = 'soft' AND r.old ->> 'deleted_at' IS NOT NULL
                             AND r.new ->> 'deleted_at' IS NULL THEN 'restore'
                        ELSE 'update' END AS action) a
        WHERE c.changes IS NOT NULL OR a.action <> 'update';
    ELSE
        INSERT INTO audit.entry (organization_id, user_id, key_id, request_id, action, resource, object_id, changes, detail,
                                 scope_ids, owner_id)
        SELECT (r.old ->> TG_ARGV[1])::uuid, coalesce(who, (r.old ->> TG_ARGV[2])::uuid), key, request, 'delete',
               TG_ARGV[0], (r.old ->> 'id')::uuid,
               coalesce((SELECT jsonb_object_agg(f.name, jsonb_build_object('before',
                                CASE WHEN f.col = ANY (secrets) THEN '"***"' ELSE r.old -> f.col END, 'after', NULL))
                         FROM jsonb_each_text(fields) f(col, name) WHERE r.old -> f.col <> 'null'), '{}'),
               note, audit.scope_of(r.old, TG_ARGV[1], TG_ARGV[2], TG_ARGV[5], TG_ARGV[6]), (r.old ->> TG_ARGV[7])::uuid
        FROM (SELECT to_jsonb(o) AS old FROM old_rows o OFFSET 0) r;
    END IF;
    RETURN NULL;
END
$$;

-- What happened to one row: at most so many entries, the latest first, behind the one whose id is start; is_backward: those
-- before it, the earliest first. owner: of a part; else NULL. Two locks, as on a table. The host's are places (NULL:
-- everywhere) with is_shared (and what is everybody's), is_owned (but not what is in no organization) and is_gone (only if
-- the row has been deleted). This function's own is the setting that row-level security reads, too: the trail's policy asks
-- the same of auditors. Refused attempts, which have no changes, are for those alone.
CREATE FUNCTION audit.history(kind text, object uuid, owner uuid, places uuid[], is_shared boolean, is_owned boolean,
                              is_gone boolean, start uuid, is_backward boolean, most integer)
RETURNS TABLE (id uuid, created_at timestamptz, action text, user_id uuid, key_id uuid, request_id text,
               organization_id uuid, scope_ids uuid[], changes jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_all CONSTANT boolean := current_setting('role') = 'alees_plugin_audit_all'; -- whose policies are true
    mine   CONSTANT uuid[] := nullif(current_setting('alees.organizations', true), '');
BEGIN
    IF is_gone AND (SELECT e.action FROM audit.entry e WHERE e.object_id = object AND e.resource = kind
                    AND e.changes IS NOT NULL ORDER BY e.id DESC LIMIT 1) IS DISTINCT FROM 'delete' THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('
        SELECT e.id, e.created_at, e.action, e.user_id, e.key_id, e.request_id, e.organization_id, e.scope_ids, e.changes
        FROM audit.entry e
        WHERE e.object_id = $1 AND e.resource = $2 AND e.changes IS NOT NULL AND ($3 IS NULL OR e.owner_id = $3)
          AND ($4 IS NULL OR e.organization_id = ANY ($4) OR e.scope_ids && $4 OR ($5 AND e.scope_ids = ''{}''))
          AND (NOT $6 OR e.organization_id IS NOT NULL)
          AND ($7 OR e.organization_id = ANY ($8) OR e.scope_ids && $8 OR ($8 IS NOT NULL AND e.scope_ids = ''{}''))
          AND ($9 IS NULL OR e.id %1$s $9)
        ORDER BY e.id %2$s LIMIT $10', CASE WHEN is_backward THEN '>' ELSE '<' END,
        CASE WHEN is_backward THEN 'ASC' ELSE 'DESC' END)
        USING object, kind, owner, places, is_shared, is_owned, is_all, mine, start, most;
END
$$;

REVOKE ALL ON FUNCTION audit.history(text, uuid, uuid, uuid[], boolean, boolean, boolean, uuid, boolean, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.history(text, uuid, uuid, uuid[], boolean, boolean, boolean, uuid, boolean, integer)
    TO alees_plugin_audit, alees_plugin_audit_all;
