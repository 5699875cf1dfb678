-- SPDX-License-Identifier: MIT
-- rbac, step 2: users, roles and memberships get the columns that a resource has. What a role permits and which roles a
-- membership carries become columns of their rows; field permissions; nobody takes the last owner from an organization.
--
-- Functions that must see every row, whoever writes, run as their owner, who is not bound by row-level security. Where
-- that owner is bound by it, row_security = off makes them fail rather than see less.

-- Each at most once, and none of them NULL.
CREATE FUNCTION rbac.is_set(items anyarray) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_position(items, NULL) IS NULL
           AND cardinality(items) = (SELECT count(DISTINCT item) FROM unnest(items) item)
$$;

-- A whole name; in a system role also a pattern, so that these roles follow the plugins that are enabled. A custom role
-- never widens by itself.
CREATE FUNCTION rbac.are_permissions(names text[], is_system boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(bool_and(length(name) <= 200
                             AND (name ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$'
                                  OR is_system AND name ~ '^(\*|([a-z][a-z0-9_]*|\*)\.[a-z0-9_]*\*)$')), true)
    FROM unnest(names) name
$$;

-- --- users ---

ALTER TABLE rbac.app_user
    ALTER COLUMN id SET DEFAULT alees.new_id(),
    ADD COLUMN first_name    text    NOT NULL DEFAULT '' CHECK (length(first_name) <= 150),
    ADD COLUMN last_name     text    NOT NULL DEFAULT '' CHECK (length(last_name) <= 150),
    ADD COLUMN job_title     text    NOT NULL DEFAULT '' CHECK (length(job_title) <= 150),
    ADD COLUMN phone_number  text    NOT NULL DEFAULT '' CHECK (length(phone_number) <= 50),
    ADD COLUMN language      text    NOT NULL DEFAULT 'en' CHECK (length(language) <= 35),
    ADD COLUMN timezone      text    NOT NULL DEFAULT 'UTC' CHECK (length(timezone) <= 64),
    ADD COLUMN custom_fields jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN scope_ids     uuid[]  NOT NULL DEFAULT '{}', -- who sees it: itself, and where it is a member
    ADD COLUMN created_by    uuid,
    ADD COLUMN updated_by    uuid,
    ADD COLUMN version       integer NOT NULL DEFAULT 1;
CREATE INDEX app_user_scope ON rbac.app_user USING gin (scope_ids);

-- --- roles ---

ALTER TABLE rbac.role
    ALTER COLUMN id SET DEFAULT alees.new_id(),
    ADD COLUMN permissions text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN created_by  uuid,
    ADD COLUMN updated_by  uuid,
    ADD COLUMN version     integer NOT NULL DEFAULT 1,
    ADD UNIQUE (organization_id, id);
UPDATE rbac.role r SET permissions = ARRAY(SELECT p.permission FROM rbac.role_permission p WHERE p.role_id = r.id
                                           ORDER BY p.permission);
DROP TABLE rbac.role_permission;
ALTER TABLE rbac.role
    DROP COLUMN is_system,
    ADD CHECK (cardinality(permissions) <= 1000),
    ADD CHECK (rbac.is_set(permissions)),
    ADD CHECK (rbac.are_permissions(permissions, organization_id IS NULL));

-- --- memberships ---

ALTER TABLE rbac.membership
    ALTER COLUMN id SET DEFAULT alees.new_id(),
    ADD COLUMN role_ids   uuid[]  NOT NULL DEFAULT '{}',
    ADD COLUMN created_by uuid,
    ADD COLUMN updated_by uuid,
    ADD COLUMN version    integer NOT NULL DEFAULT 1;
UPDATE rbac.membership m SET role_ids = ARRAY(SELECT h.role_id FROM rbac.membership_role h
                                              WHERE h.membership_id = m.id ORDER BY h.role_id);
ALTER TABLE rbac.membership
    ADD CHECK (cardinality(role_ids) <= 50),
    ADD CHECK (rbac.is_set(role_ids));

-- The members of an organization, and the superusers, by pages in the order of their ids.
DROP INDEX rbac.membership_organization;
CREATE INDEX membership_organization ON rbac.membership (organization_id, user_id);
CREATE INDEX membership_page ON rbac.membership (organization_id, id);
CREATE INDEX app_user_superuser ON rbac.app_user (id) WHERE is_superuser;

-- membership_role is role_ids, row by row, for the sake of its foreign key: a role that is held is not deleted. Nobody
-- else writes it: without a policy for writing, the roles of the server cannot.
ALTER TABLE rbac.membership_role ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_only ON rbac.membership_role FOR SELECT USING (true);

CREATE FUNCTION rbac.put_membership_roles() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    DELETE FROM rbac.membership_role h WHERE h.membership_id = NEW.id AND h.role_id <> ALL (NEW.role_ids);
    INSERT INTO rbac.membership_role (membership_id, role_id) SELECT NEW.id, unnest(NEW.role_ids)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER put_membership_roles AFTER INSERT OR UPDATE OF role_ids ON rbac.membership
    FOR EACH ROW EXECUTE FUNCTION rbac.put_membership_roles();

ALTER FUNCTION rbac.check_membership_role() SECURITY DEFINER SET row_security = off;

-- --- field permissions ---

-- A role without a row for a resource permits all of its fields; with one, those that are listed.
CREATE TABLE rbac.field_permission (
    id              uuid        NOT NULL DEFAULT alees.new_id() PRIMARY KEY,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    organization_id uuid REFERENCES rbac.organization (id) ON DELETE CASCADE,
    role_id         uuid        NOT NULL REFERENCES rbac.role (id) ON DELETE CASCADE,
    resource        text        NOT NULL CHECK (resource ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$' AND length(resource) <= 200),
    read_fields     text[]      NOT NULL DEFAULT '{}' CHECK (cardinality(read_fields) <= 200 AND rbac.is_set(read_fields)),
    create_fields   text[]      NOT NULL DEFAULT '{}' CHECK (cardinality(create_fields) <= 200 AND rbac.is_set(create_fields)),
    update_fields   text[]      NOT NULL DEFAULT '{}' CHECK (cardinality(update_fields) <= 200 AND rbac.is_set(update_fields)),
    UNIQUE (role_id, resource),
    FOREIGN KEY (organization_id, role_id) REFERENCES rbac.role (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX field_permission_organization ON rbac.field_permission (organization_id, id);

-- It belongs where its role does.
CREATE FUNCTION rbac.check_field_permission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rbac.role r
                   WHERE r.id = NEW.role_id AND r.organization_id IS NOT DISTINCT FROM NEW.organization_id) THEN
        RAISE EXCEPTION 'the role belongs to another organization' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_field_permission BEFORE INSERT OR UPDATE OF organization_id, role_id ON rbac.field_permission
    FOR EACH ROW EXECUTE FUNCTION rbac.check_field_permission();

-- --- who sees a user ---

-- Whatever is written into scope_ids, this is what stays there. An update of it waits for its turn on the row and only
-- then looks, so that of two memberships made at once none is missed.
CREATE FUNCTION rbac.put_scope() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    NEW.scope_ids := NEW.id || ARRAY(SELECT m.organization_id FROM rbac.membership m
                                     WHERE m.user_id = NEW.id AND m.organization_id IS NOT NULL ORDER BY 1);
    RETURN NEW;
END $$;
CREATE TRIGGER put_scope BEFORE INSERT OR UPDATE OF scope_ids ON rbac.app_user
    FOR EACH ROW EXECUTE FUNCTION rbac.put_scope();

CREATE FUNCTION rbac.touch_scope() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    UPDATE rbac.app_user u SET scope_ids = '{}' WHERE u.id = coalesce(NEW.user_id, OLD.user_id);
    RETURN NULL;
END $$;
CREATE TRIGGER touch_scope AFTER INSERT OR DELETE ON rbac.membership
    FOR EACH ROW EXECUTE FUNCTION rbac.touch_scope();

UPDATE rbac.app_user SET scope_ids = '{}';

-- --- the last owner ---

-- An owner whose rights have no end: an active user with an active membership that has begun, is not limited in time and
-- carries a role with is_owner. No statement takes the last one from an organization that had one; an organization goes
-- with its owners. SQLSTATE AL001 is the server's answer last_owner.
CREATE FUNCTION rbac.is_lasting(is_active boolean, valid_from timestamptz, valid_until timestamptz, role_ids uuid[])
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 AND coalesce($2 <= now(), true) AND $3 IS NULL
           AND EXISTS (SELECT 1 FROM rbac.role r WHERE r.id = ANY ($4) AND r.is_owner)
$$;

-- Two who come at once wait for each other at the organization, in the order of the ids, and then see what the other did.
CREATE FUNCTION rbac.keep_owners(organizations uuid[], except_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    IF organizations IS NULL THEN
        RETURN;
    END IF;
    PERFORM 1 FROM rbac.organization o WHERE o.id = ANY (organizations) ORDER BY o.id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM rbac.organization o WHERE o.id = ANY (organizations) AND NOT EXISTS (
                   SELECT 1 FROM rbac.membership m JOIN rbac.app_user u ON u.id = m.user_id
                   WHERE m.organization_id = o.id AND u.is_active AND u.id IS DISTINCT FROM except_user
                   AND rbac.is_lasting(m.is_active, m.valid_from, m.valid_until, m.role_ids))) THEN
        RAISE EXCEPTION 'an organization would be left without an owner' USING ERRCODE = 'AL001';
    END IF;
END $$;

CREATE FUNCTION rbac.keep_owners_of_memberships() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
    lost uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT m.organization_id) INTO lost FROM old_rows m JOIN rbac.app_user u ON u.id = m.user_id
        WHERE u.is_active AND rbac.is_lasting(m.is_active, m.valid_from, m.valid_until, m.role_ids);
    ELSE
        SELECT array_agg(DISTINCT m.organization_id) INTO lost FROM old_rows m JOIN new_rows n ON n.id = m.id
        JOIN rbac.app_user u ON u.id = m.user_id
        WHERE u.is_active AND rbac.is_lasting(m.is_active, m.valid_from, m.valid_until, m.role_ids)
        AND NOT rbac.is_lasting(n.is_active, n.valid_from, n.valid_until, n.role_ids);
    END IF;
    PERFORM rbac.keep_owners(lost, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_owners_delete AFTER DELETE ON rbac.membership REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rbac.keep_owners_of_memberships();
CREATE TRIGGER keep_owners_update AFTER UPDATE ON rbac.membership
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rbac.keep_owners_of_memberships();

-- Before the memberships go with their user, who is the one that no longer counts. Whoever makes them an owner somewhere
-- meanwhile waits, and then sees that they do not count.
CREATE FUNCTION rbac.keep_owners_of_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    PERFORM 1 FROM rbac.organization o WHERE o.id IN (SELECT m.organization_id FROM rbac.membership m
                                                      WHERE m.user_id = OLD.id) ORDER BY o.id FOR NO KEY UPDATE;
    PERFORM rbac.keep_owners((SELECT array_agg(m.organization_id) FROM rbac.membership m WHERE m.user_id = OLD.id
                              AND rbac.is_lasting(m.is_active, m.valid_from, m.valid_until, m.role_ids)), OLD.id);
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER keep_owners_delete BEFORE DELETE ON rbac.app_user FOR EACH ROW WHEN (OLD.is_active)
    EXECUTE FUNCTION rbac.keep_owners_of_user();
CREATE TRIGGER keep_owners_update AFTER UPDATE ON rbac.app_user FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION rbac.keep_owners_of_user();

CREATE FUNCTION rbac.keep_owners_of_role() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
BEGIN
    PERFORM rbac.keep_owners((SELECT array_agg(DISTINCT m.organization_id) FROM rbac.membership m
                              JOIN rbac.membership_role h ON h.membership_id = m.id
                              JOIN rbac.app_user u ON u.id = m.user_id
                              WHERE h.role_id = OLD.id AND u.is_active AND m.is_active AND m.valid_until IS NULL
                              AND coalesce(m.valid_from <= now(), true)), NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER keep_owners_update AFTER UPDATE ON rbac.role FOR EACH ROW WHEN (OLD.is_owner AND NOT NEW.is_owner)
    EXECUTE FUNCTION rbac.keep_owners_of_role();

-- --- hints, as in step 1 ---

DO $$
DECLARE
    t record;
    e record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('app_user', 'u:', 'id, username, is_active, is_superuser, scope_ids', 'id'),
        ('membership', 'u:', 'id, user_id, role_ids, is_active, inherit, valid_from, valid_until', 'user_id'),
        ('membership_role', NULL, NULL, NULL),
        ('role', 'r:', 'id, organization_id, name, is_owner, permissions', ''''''),
        ('field_permission', 'r:', 'id, role_id, resource, read_fields, create_fields, update_fields', ''''''))
        AS v (name, prefix, columns, hint)
    LOOP
        FOR e IN SELECT * FROM (VALUES ('INSERT', 'NEW TABLE AS new_rows'), ('DELETE', 'OLD TABLE AS old_rows'),
            ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')) AS v (event, tables)
        LOOP
            EXECUTE format('DROP TRIGGER IF EXISTS hint_%s ON rbac.%I', lower(e.event), t.name);
            CONTINUE WHEN t.prefix IS NULL;
            EXECUTE format('CREATE TRIGGER hint_%s AFTER %s ON rbac.%I REFERENCING %s
                            FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint(%L, %L, %L)',
                           lower(e.event), e.event, t.name, e.tables, t.prefix, t.columns, t.hint);
        END LOOP;
        EXECUTE format('DROP TRIGGER IF EXISTS hint_truncate ON rbac.%I', t.name);
        CONTINUE WHEN t.prefix IS NULL;
        EXECUTE format('CREATE TRIGGER hint_truncate AFTER TRUNCATE ON rbac.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint_flush()', t.name);
    END LOOP;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA rbac FROM PUBLIC;
