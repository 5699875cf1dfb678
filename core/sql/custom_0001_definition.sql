-- SPDX-License-Identifier: MIT
-- Which values the custom fields of rows may have: in one organization, or (NULL) in all of them.

CREATE TABLE custom.custom_field_definition (
    id              uuid        PRIMARY KEY DEFAULT alees.new_id(),
    organization_id uuid        REFERENCES rbac.organization (id) ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    resource        text        NOT NULL,
    key             text        NOT NULL CHECK (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    label           text        NOT NULL,
    type            text        NOT NULL,
    required        boolean     NOT NULL DEFAULT false,
    choices         text[]      NOT NULL DEFAULT '{}',
    min             bigint,
    max             bigint,
    reference       text,
    description     text        NOT NULL DEFAULT '',
    is_active       boolean     NOT NULL DEFAULT true,
    UNIQUE (organization_id, resource, key),
    CHECK (type IN ('text', 'integer', 'decimal', 'boolean', 'date', 'choice', 'reference')),
    CHECK ((type = 'choice') = (cardinality(choices) > 0)),
    CHECK ((type = 'reference') = (reference IS NOT NULL))
);
CREATE UNIQUE INDEX ON custom.custom_field_definition (resource, key) WHERE organization_id IS NULL;
