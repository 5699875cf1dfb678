-- SPDX-License-Identifier: MIT
-- organization, step 1: the kinds of organizations, the tree of organizations, and its projection for plugins/rbac.
-- Row-level security, policies and grants are made by the host from the declarations in plugin.c.

CREATE TABLE organization.organization_type (
    id          uuid        NOT NULL DEFAULT alees.new_id(),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    created_by  uuid,
    updated_by  uuid,
    version     integer     NOT NULL DEFAULT 1,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    PRIMARY KEY (id),
    UNIQUE (name)
);

INSERT INTO organization.organization_type (name, description) VALUES
    ('Company',    'A legal entity'),
    ('Division',   'A large part of a company with its own results'),
    ('Department', 'A part of a company or division with one function'),
    ('Team',       'A group of people who work together'),
    ('Branch',     'A place of business of a company'),
    ('Customer',   'An organization that buys from us'),
    ('Supplier',   'An organization that we buy from'),
    ('Partner',    'An organization that we work with');

-- The time zones of the IANA that PostgreSQL knows. Its own view reads hundreds of files each time it is asked.
CREATE TABLE organization.timezone (
    name text PRIMARY KEY
);

INSERT INTO organization.timezone (name)
    SELECT name FROM pg_catalog.pg_timezone_names WHERE name !~ '^(posix|right)/|^(posixrules|localtime|Factory)$';

-- The table of a SELF-scoped resource: a row's own id is its scope.
CREATE TABLE organization.organization (
    id                   uuid        NOT NULL DEFAULT alees.new_id(),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    created_by           uuid,
    updated_by           uuid,
    version              integer     NOT NULL DEFAULT 1,
    name                 text        NOT NULL,
    code                 text        NOT NULL,
    organization_type_id uuid        NOT NULL,
    status               text        NOT NULL DEFAULT 'active',
    parent_id            uuid,
    effective_date       date,
    end_date             date,
    timezone             text        NOT NULL DEFAULT 'UTC',
    currency             text,
    language             text        NOT NULL DEFAULT 'en',
    tags                 text[]      NOT NULL DEFAULT '{}',
    metadata             jsonb       NOT NULL DEFAULT '{}',
    custom_fields        jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (id),
    UNIQUE (code),
    FOREIGN KEY (organization_type_id) REFERENCES organization.organization_type (id),
    FOREIGN KEY (timezone) REFERENCES organization.timezone (name),
    FOREIGN KEY (parent_id) REFERENCES organization.organization (id),
    -- A longer cycle cannot arise: the parent is written once, on create, when nothing can be below the new row yet.
    CHECK (parent_id <> id),
    CHECK (status IN ('active', 'inactive', 'archived')),
    CHECK (currency ~ '^[A-Z]{3}$'),
    CHECK (end_date >= effective_date)
);

CREATE INDEX ON organization.organization (name, id);
CREATE INDEX ON organization.organization (parent_id);
CREATE INDEX ON organization.organization (organization_type_id);

-- plugins/rbac decides by the tree, so it is told of every change in the same transaction. The function runs as its
-- owner, because the role of this plugin may not touch the schema rbac.
CREATE FUNCTION organization.tell_rbac() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM rbac.remove_organization(OLD.id);
    ELSE
        PERFORM rbac.put_organization(NEW.id, NEW.parent_id, NEW.status = 'active', NEW.name);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_rbac
    AFTER INSERT OR DELETE OR UPDATE OF name, status, parent_id ON organization.organization
    FOR EACH ROW EXECUTE FUNCTION organization.tell_rbac();
