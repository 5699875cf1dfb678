-- SPDX-License-Identifier: MIT
-- Users and their tokens; roles and what they permit; memberships; the tree of organizations as far as rights need it.
-- The schema exists already. All of it belongs to alees_owner.

CREATE TABLE rbac.app_user (
    id            uuid PRIMARY KEY,
    username      text NOT NULL UNIQUE
                  CHECK (length(username) BETWEEN 1 AND 150 AND username = btrim(username)
                         AND username !~ '[[:cntrl:]]'),
    email         text CHECK (length(email) BETWEEN 3 AND 254),
    password_hash text CHECK (password_hash LIKE '$argon2id$%'), -- NULL: cannot log in
    is_active     boolean NOT NULL DEFAULT true,
    is_superuser  boolean NOT NULL DEFAULT false,
    is_demo       boolean NOT NULL DEFAULT false,
    last_login    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- The hash of a token; the token itself is known to its holder alone.
CREATE TABLE rbac.token (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    user_id    uuid NOT NULL REFERENCES rbac.app_user (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (isfinite(expires_at))
);
CREATE INDEX token_user ON rbac.token (user_id);

-- A projection of the tree, written by rbac.put_organization and rbac.remove_organization only.
CREATE TABLE rbac.organization (
    id        uuid PRIMARY KEY,
    parent_id uuid REFERENCES rbac.organization (id) DEFERRABLE INITIALLY DEFERRED,
    is_active boolean NOT NULL,
    name      text NOT NULL,
    CHECK (parent_id <> id)
);
CREATE INDEX organization_parent ON rbac.organization (parent_id);

CREATE TABLE rbac.role (
    id              uuid PRIMARY KEY,
    organization_id uuid REFERENCES rbac.organization (id) ON DELETE CASCADE, -- NULL: a system role
    is_system       boolean GENERATED ALWAYS AS (organization_id IS NULL) STORED,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND name = btrim(name)),
    description     text NOT NULL DEFAULT '' CHECK (length(description) <= 1000),
    is_owner        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (organization_id, name),
    UNIQUE (id, is_system),
    CHECK (organization_id IS NULL OR NOT is_owner)
);

-- A whole name; in a system role also a pattern, so that these roles follow the plugins that are enabled. A custom role
-- never widens by itself.
CREATE TABLE rbac.role_permission (
    role_id    uuid NOT NULL,
    is_system  boolean NOT NULL DEFAULT false,
    permission text NOT NULL CHECK (length(permission) <= 200),
    PRIMARY KEY (role_id, permission),
    FOREIGN KEY (role_id, is_system) REFERENCES rbac.role (id, is_system) ON DELETE CASCADE,
    CHECK (permission ~ '^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$'
           OR (is_system AND permission ~ '^(\*|([a-z][a-z0-9_]*|\*)\.[a-z0-9_]*\*)$'))
);

CREATE TABLE rbac.membership (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES rbac.app_user (id) ON DELETE CASCADE,
    organization_id uuid REFERENCES rbac.organization (id) ON DELETE CASCADE, -- NULL: global resources
    is_active       boolean NOT NULL DEFAULT true,
    inherit         boolean NOT NULL DEFAULT false, -- also in the organizations below
    valid_from      timestamptz CHECK (isfinite(valid_from)),
    valid_until     timestamptz CHECK (isfinite(valid_until)),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (user_id, organization_id),
    CHECK (valid_from < valid_until),
    CHECK (organization_id IS NOT NULL OR NOT inherit)
);
CREATE INDEX membership_organization ON rbac.membership (organization_id);

CREATE TABLE rbac.membership_role (
    membership_id uuid NOT NULL REFERENCES rbac.membership (id) ON DELETE CASCADE,
    role_id       uuid NOT NULL REFERENCES rbac.role (id), -- a role that is held is not deleted
    PRIMARY KEY (membership_id, role_id)
);
CREATE INDEX membership_role_role ON rbac.membership_role (role_id);

-- A role of one organization is held in that organization only. Neither side may move afterwards.
CREATE FUNCTION rbac.check_membership_role() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rbac.membership m JOIN rbac.role r ON r.id = NEW.role_id
                   WHERE m.id = NEW.membership_id
                     AND (r.organization_id IS NULL OR r.organization_id = m.organization_id)) THEN
        RAISE EXCEPTION 'the role belongs to another organization' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_membership_role BEFORE INSERT OR UPDATE ON rbac.membership_role
    FOR EACH ROW EXECUTE FUNCTION rbac.check_membership_role();

CREATE FUNCTION rbac.check_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% cannot move to another organization', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER check_stays BEFORE UPDATE ON rbac.membership FOR EACH ROW
    WHEN (OLD.organization_id IS DISTINCT FROM NEW.organization_id OR OLD.user_id <> NEW.user_id)
    EXECUTE FUNCTION rbac.check_stays();
CREATE TRIGGER check_stays BEFORE UPDATE ON rbac.role FOR EACH ROW
    WHEN (OLD.organization_id IS DISTINCT FROM NEW.organization_id)
    EXECUTE FUNCTION rbac.check_stays();

-- The tree, as plugins/organization tells it from its own triggers. Nobody else may call these.
CREATE FUNCTION rbac.put_organization(id uuid, parent uuid, is_active boolean, name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO rbac.organization AS o (id, parent_id, is_active, name) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET parent_id = $2, is_active = $3, name = $4
    WHERE (o.parent_id, o.is_active, o.name) IS DISTINCT FROM ($2, $3, $4)
$$;
CREATE FUNCTION rbac.remove_organization(id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM rbac.organization o WHERE o.id = $1
$$;

-- Hints on the channel alees_rbac for the caches of every server: 'u:<user>', 't:<first half of a token's hash>', 'r:'
-- (the roles), 'o:' (the tree), 'flush' (everything; also past a hundred). A hint says what to read again and nothing
-- else: anybody may send one. Arguments of the triggers: prefix, the columns that matter, what to tell of each row.
CREATE FUNCTION rbac.hint() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    source text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT %1$s FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT %1$s FROM old_rows'
        ELSE '(SELECT %1$s FROM old_rows EXCEPT SELECT %1$s FROM new_rows) UNION ALL '
             '(SELECT %1$s FROM new_rows EXCEPT SELECT %1$s FROM old_rows)' END;
    hints text[];
BEGIN
    EXECUTE format('SELECT array_agg(hint) FROM (SELECT DISTINCT (%2$s)::text AS hint FROM (' || source || ') changed
                    LIMIT 101) hints WHERE hint IS NOT NULL', TG_ARGV[1], TG_ARGV[2]) INTO hints;
    IF cardinality(hints) > 100 THEN
        PERFORM pg_notify('alees_rbac', 'flush');
    ELSE
        PERFORM pg_notify('alees_rbac', TG_ARGV[0] || hint) FROM unnest(hints) hint;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION rbac.hint_flush() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('alees_rbac', 'flush');
    RETURN NULL;
END $$;

DO $$
DECLARE
    t record;
    e record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('app_user', 'u:', 'id, username, is_active, is_superuser', 'id'),
        ('token', 't:', 'hash, user_id, expires_at', 'left(encode(hash, ''hex''), 32)'),
        ('membership', 'u:', 'id, user_id, is_active, inherit, valid_from, valid_until', 'user_id'),
        ('membership_role', 'u:', 'membership_id, role_id',
         'SELECT m.user_id FROM rbac.membership m WHERE m.id = membership_id'),
        ('role', 'r:', 'id, organization_id, name, is_owner', ''''''),
        ('role_permission', 'r:', 'role_id, permission', ''''''),
        ('organization', 'o:', 'id, parent_id, is_active, name', '''''')) AS v (name, prefix, columns, hint)
    LOOP
        FOR e IN SELECT * FROM (VALUES ('INSERT', 'NEW TABLE AS new_rows'), ('DELETE', 'OLD TABLE AS old_rows'),
            ('UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows')) AS v (event, tables)
        LOOP
            -- Nobody remembers a token that did not exist: a login tells nothing.
            CONTINUE WHEN t.name = 'token' AND e.event = 'INSERT';
            EXECUTE format('CREATE TRIGGER hint_%s AFTER %s ON rbac.%I REFERENCING %s
                            FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint(%L, %L, %L)',
                           lower(e.event), e.event, t.name, e.tables, t.prefix, t.columns, t.hint);
        END LOOP;
        EXECUTE format('CREATE TRIGGER hint_truncate AFTER TRUNCATE ON rbac.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint_flush()', t.name);
    END LOOP;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA rbac FROM PUBLIC;

-- A leading star stands for every plugin but rbac: rights over rights are given by '*' or by an own line only.
INSERT INTO rbac.role (id, organization_id, name, description, is_owner) VALUES
    ('00000000-0000-7000-8000-000000000001', NULL, 'owner', 'Everything in the organization.', true),
    ('00000000-0000-7000-8000-000000000002', NULL, 'manager', 'Sees, adds, changes and deletes.', false),
    ('00000000-0000-7000-8000-000000000003', NULL, 'editor', 'Sees, adds and changes.', false),
    ('00000000-0000-7000-8000-000000000004', NULL, 'viewer', 'Sees.', false);
INSERT INTO rbac.role_permission (role_id, is_system, permission) VALUES
    ('00000000-0000-7000-8000-000000000001', true, '*'),
    ('00000000-0000-7000-8000-000000000002', true, '*.view_*'),
    ('00000000-0000-7000-8000-000000000002', true, '*.add_*'),
    ('00000000-0000-7000-8000-000000000002', true, '*.change_*'),
    ('00000000-0000-7000-8000-000000000002', true, '*.delete_*'),
    ('00000000-0000-7000-8000-000000000002', true, 'rbac.view_*'),
    ('00000000-0000-7000-8000-000000000003', true, '*.view_*'),
    ('00000000-0000-7000-8000-000000000003', true, '*.add_*'),
    ('00000000-0000-7000-8000-000000000003', true, '*.change_*'),
    ('00000000-0000-7000-8000-000000000004', true, '*.view_*');
