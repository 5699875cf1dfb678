-- SPDX-License-Identifier: MIT
-- contact, step 2: e-mail addresses, telephone numbers and addresses, which are parts of a contact and go with it.
-- At most one of each kind is a contact's primary one: who makes one so unmakes the other first, and the indexes see to it.

CREATE TABLE contact.email_address (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL DEFAULT alees.new_id(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    contact_id      uuid        NOT NULL,
    email           text        NOT NULL,
    -- Two that differ in case are one. A column, for policies keep an index on lower(email) from being used.
    email_key       text        NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
    type            text        NOT NULL DEFAULT 'work',
    is_primary      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id) ON DELETE CASCADE,
    CHECK (email LIKE '_%@_%'),
    CHECK (type IN ('work', 'home', 'billing', 'other'))
);
CREATE INDEX ON contact.email_address (organization_id, contact_id);
CREATE UNIQUE INDEX email_address_primary ON contact.email_address (organization_id, contact_id) WHERE is_primary;
CREATE INDEX ON contact.email_address (organization_id, email_key);

CREATE TABLE contact.phone_number (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL DEFAULT alees.new_id(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    contact_id      uuid        NOT NULL,
    number          text        NOT NULL,
    type            text        NOT NULL DEFAULT 'mobile',
    is_primary      boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id) ON DELETE CASCADE,
    CHECK (number ~ '^\+[1-9][0-9]+$'),
    CHECK (type IN ('mobile', 'work', 'home', 'fax', 'other'))
);
CREATE INDEX ON contact.phone_number (organization_id, contact_id);
CREATE UNIQUE INDEX phone_number_primary ON contact.phone_number (organization_id, contact_id) WHERE is_primary;
CREATE INDEX ON contact.phone_number (organization_id, number);

CREATE TABLE contact.address (
    organization_id  uuid        NOT NULL,
    id               uuid        NOT NULL DEFAULT alees.new_id(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    created_by       uuid,
    updated_by       uuid,
    version          integer     NOT NULL DEFAULT 1,
    contact_id       uuid        NOT NULL,
    street_address_1 text        NOT NULL DEFAULT '',
    street_address_2 text        NOT NULL DEFAULT '',
    city             text        NOT NULL DEFAULT '',
    state_province   text        NOT NULL DEFAULT '',
    postal_code      text        NOT NULL DEFAULT '',
    country          text,
    latitude         numeric,
    longitude        numeric,
    type             text        NOT NULL DEFAULT 'billing',
    is_primary       boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id) ON DELETE CASCADE,
    CHECK (country ~ '^[A-Z]{2}$'),
    CHECK (latitude BETWEEN -90 AND 90),
    CHECK (longitude BETWEEN -180 AND 180),
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (type IN ('billing', 'shipping', 'visiting', 'home', 'other'))
);
CREATE INDEX ON contact.address (organization_id, contact_id);
CREATE UNIQUE INDEX address_primary ON contact.address (organization_id, contact_id) WHERE is_primary;
