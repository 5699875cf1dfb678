-- SPDX-License-Identifier: MIT
-- Applied once by `alees migrate`, in a transaction, in the schema that is named like the plugin. Never change it after a
-- release: write 0002_....sql instead; `alees migrate` refuses a step whose text has changed.
--
-- Row-level security, its policies and the rights of the plugin's database role are not your business: the host makes
-- them from the declaration in warehouse.c.

CREATE TABLE warehouse.warehouse (
    -- These the host expects in every table of an organization's rows, and fills in itself.
    organization_id uuid        NOT NULL REFERENCES rbac.organization (id),
    id              uuid        NOT NULL DEFAULT alees.new_id(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    -- One column for each declared field; NOT NULL if it is sorted by or not declared ALEES_NULLABLE.
    name            text        NOT NULL,
    code            text        NOT NULL,
    capacity        integer     NOT NULL DEFAULT 0 CHECK (capacity >= 0),
    is_open         boolean     NOT NULL DEFAULT true,
    opened_on       date,
    closing_reason  text        NOT NULL DEFAULT '',
    -- The keys the host expects; a table that references this one does so by (organization_id, warehouse_id), and then
    -- PostgreSQL itself refuses a reference into another organization.
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    -- ALEES_UNIQUE means: within the organization.
    UNIQUE (organization_id, code)
);

-- One index for each field that large lists are sorted by: the organization first, the id last to break ties.
CREATE INDEX ON warehouse.warehouse (organization_id, name, id);
