-- SPDX-License-Identifier: MIT
-- contact, step 1: the people that an organization deals with.
-- Row-level security, policies and grants are made by the host from the declarations in plugin.c.

CREATE TABLE contact.contact (
    organization_id        uuid        NOT NULL,
    id                     uuid        NOT NULL DEFAULT alees.new_id(),
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    created_by             uuid,
    updated_by             uuid,
    version                integer     NOT NULL DEFAULT 1,
    first_name             text        NOT NULL,
    last_name              text        NOT NULL DEFAULT '',
    title                  text        NOT NULL DEFAULT '',
    organization_name      text        NOT NULL DEFAULT '',
    linked_organization_id uuid,
    contact_type           text        NOT NULL DEFAULT 'PRIMARY',
    status                 text        NOT NULL DEFAULT 'active',
    source                 text        NOT NULL DEFAULT '',
    notes                  text        NOT NULL DEFAULT '',
    tags                   text[]      NOT NULL DEFAULT '{}',
    custom_fields          jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    FOREIGN KEY (organization_id) REFERENCES rbac.organization (id),
    -- A link, not a hold: another tenant's contact must not stop an organization from being deleted.
    FOREIGN KEY (linked_organization_id) REFERENCES rbac.organization (id) ON DELETE SET NULL,
    CHECK (contact_type IN ('PRIMARY', 'BILLING', 'SHIPPING', 'SUPPORT', 'SALES', 'OTHER')),
    CHECK (status IN ('active', 'inactive', 'do_not_contact'))
);

-- Lists are read organization by organization: each index begins with it and ends with the id that breaks ties.
CREATE INDEX ON contact.contact (organization_id, last_name, id);
CREATE INDEX ON contact.contact (organization_id, first_name, id);
CREATE INDEX ON contact.contact (organization_id, created_at, id);
CREATE INDEX ON contact.contact (linked_organization_id);
