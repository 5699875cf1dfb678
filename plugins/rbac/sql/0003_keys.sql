-- SPDX-License-Identifier: MIT
-- API keys, tokens as a resource, invitations.

-- What a key may do at most: these permissions, by whole names, in these organizations (NULL: in all of its user's). It
-- never may what its user may not. The key itself is known to its holder alone.
CREATE TABLE rbac.api_key (
    id            uuid PRIMARY KEY,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    created_by    uuid,
    updated_by    uuid,
    version       integer NOT NULL DEFAULT 1,
    user_id       uuid NOT NULL REFERENCES rbac.app_user (id) ON DELETE CASCADE,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix        text NOT NULL CHECK (prefix LIKE 'alees\_key\_______'), -- and six characters more
    hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    permissions   text[] NOT NULL CHECK (cardinality(permissions) > 0),
    organizations uuid[] CHECK (cardinality(organizations) > 0),
    expires_at    timestamptz CHECK (isfinite(expires_at)),
    last_used_at  timestamptz -- to the hour
);
CREATE INDEX api_key_user ON rbac.api_key (user_id, id);

-- A token has an id, so that its user can end it without knowing it.
ALTER TABLE rbac.token
    DROP CONSTRAINT token_pkey,
    ADD COLUMN id         uuid NOT NULL DEFAULT alees.new_id(),
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN created_by uuid,
    ADD COLUMN updated_by uuid,
    ADD COLUMN version    integer NOT NULL DEFAULT 1,
    ADD PRIMARY KEY (id),
    ADD UNIQUE (hash);
DROP INDEX rbac.token_user;
CREATE INDEX token_user ON rbac.token (user_id, id);

-- A membership that waits for the person with this address. The token is known to whoever received it alone.
CREATE TABLE rbac.invitation (
    id              uuid NOT NULL,
    organization_id uuid NOT NULL REFERENCES rbac.organization (id) ON DELETE CASCADE,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid NOT NULL, -- who invites; must still be allowed to when it is accepted
    updated_by      uuid,
    version         integer NOT NULL DEFAULT 1,
    email           text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    role_ids        uuid[] NOT NULL CHECK (cardinality(role_ids) > 0),
    inherit         boolean NOT NULL DEFAULT false,
    hash            bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    key_id          uuid, -- the API key that it was made with: must be there still
    expires_at      timestamptz NOT NULL CHECK (isfinite(expires_at)),
    accepted_at     timestamptz,
    accepted_by     uuid REFERENCES rbac.app_user (id) ON DELETE SET NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (id)
);
CREATE INDEX invitation_accepted_by ON rbac.invitation (accepted_by) WHERE accepted_by IS NOT NULL;

-- A key is remembered as a token is, and forgotten by the same hint. Nobody remembers one that did not exist, and its name
-- and its last use matter to nobody.
CREATE TRIGGER hint_update AFTER UPDATE ON rbac.api_key REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint('t:', 'hash, user_id, permissions, organizations, expires_at',
                                                  'left(encode(hash, ''hex''), 32)');
CREATE TRIGGER hint_delete AFTER DELETE ON rbac.api_key REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint('t:', 'hash', 'left(encode(hash, ''hex''), 32)');
CREATE TRIGGER hint_truncate AFTER TRUNCATE ON rbac.api_key
    FOR EACH STATEMENT EXECUTE FUNCTION rbac.hint_flush();
