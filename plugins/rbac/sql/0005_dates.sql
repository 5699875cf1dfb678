-- SPDX-License-Identifier: MIT
-- An organization has its time, as a membership has. Whoever tells of one without it means always.

ALTER TABLE rbac.organization
    ADD COLUMN valid_from  timestamptz CHECK (isfinite(valid_from)),
    ADD COLUMN valid_until timestamptz CHECK (isfinite(valid_until));

DROP FUNCTION rbac.put_organization(uuid, uuid, boolean, text);
CREATE FUNCTION rbac.put_organization(id uuid, parent uuid, is_active boolean, name text,
    valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO rbac.organization AS o (id, parent_id, is_active, name, valid_from, valid_until)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE
    SET parent_id = $2, is_active = $3, name = $4, valid_from = $5, valid_until = $6
    WHERE (o.parent_id, o.is_active, o.name, o.valid_from, o.valid_until) IS DISTINCT FROM ($2, $3, $4, $5, $6)
$$;
REVOKE EXECUTE ON FUNCTION rbac.put_organization(uuid, uuid, boolean, text, timestamptz, timestamptz) FROM PUBLIC;

DROP TRIGGER hint_update ON rbac.organization;
CREATE TRIGGER hint_update AFTER UPDATE ON rbac.organization
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION rbac.hint('o:', 'id, parent_id, is_active, name, valid_from, valid_until', '''''');
