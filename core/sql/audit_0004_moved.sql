-- SPDX-License-Identifier: MIT
-- A row that goes to another organization: until now one entry under the new one told both ends. Now each has its own,
-- with its side of it: move_out in the old one, what the row was there; move_in in the new one, what it is. Neither tells
-- of the other.

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
        SELECT (e.told ->> TG_ARGV[1])::uuid, coalesce(who, (e.told ->> TG_ARGV[2])::uuid), key, request, e.action,
               TG_ARGV[0], (e.told ->> 'id')::uuid, coalesce(c.changes, '{}'),
               note, audit.scope_of(e.told, TG_ARGV[1], TG_ARGV[2], TG_ARGV[5], TG_ARGV[6]), (e.told ->> TG_ARGV[7])::uuid
        FROM (SELECT to_jsonb(o) AS old, to_jsonb(n) AS new FROM new_rows n JOIN old_rows o USING (id) OFFSET 0) r
        CROSS JOIN LATERAL (SELECT r.old ->> TG_ARGV[1] IS DISTINCT FROM r.new ->> TG_ARGV[1] AS is_moved) m
        CROSS JOIN LATERAL (
            SELECT CASE WHEN TG_ARGV[8] = 'soft' AND r.old ->> 'deleted_at' IS NULL
                             AND r.new ->> 'deleted_at' IS NOT NULL THEN 'delete'
                        WHEN TG_ARGV[8] = 'soft' AND r.old ->> 'deleted_at' IS NOT NULL
                             AND r.new ->> 'deleted_at' IS NULL THEN 'restore'
                        ELSE 'update' END AS action, r.old, r.new, r.new AS told WHERE NOT m.is_moved
            UNION ALL SELECT 'move_out', r.old, '{}', r.old WHERE m.is_moved
            UNION ALL SELECT 'move_in', '{}', r.new, r.new WHERE m.is_moved) e
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.name, jsonb_build_object(
                       'before', CASE WHEN f.col = ANY (secrets) AND e.old -> f.col <> 'null' THEN '"***"'
                                      ELSE e.old -> f.col END,
                       'after', CASE WHEN f.col = ANY (secrets) AND e.new -> f.col <> 'null' THEN '"***"'
                                     ELSE e.new -> f.col END)) AS changes
            FROM jsonb_each_text(fields) f(col, name)
            WHERE coalesce(e.new -> f.col, 'null') <> coalesce(e.old -> f.col, 'null')) c
        WHERE c.changes IS NOT NULL OR e.action <> 'update';
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
