-- SPDX-License-Identifier: MIT
-- alees, step 2: what was answered to requests with an Idempotency-Key, so that the same request is not carried out twice.
-- Of the key there is a hash; the fingerprint of the request is a code under the key itself, which is nowhere in here, so
-- that no password can be found out from it.

CREATE TABLE alees.idempotency (
    user_id       uuid        NOT NULL,
    api_key       uuid        NOT NULL, -- zero: in person
    route         text        NOT NULL,
    key           text        NOT NULL,
    fingerprint   text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    status        integer     NOT NULL,
    content_type  text,
    headers       text        NOT NULL,
    body          text,                 -- NULL: not kept
    organizations uuid[]      NOT NULL, -- in which the caller must hold the permission to see it again
    is_everywhere boolean     NOT NULL, -- or in all of them
    is_viewed     boolean     NOT NULL, -- and the one to view
    PRIMARY KEY (user_id, api_key, route, key)
);
CREATE INDEX idempotency_time ON alees.idempotency (created_at);
