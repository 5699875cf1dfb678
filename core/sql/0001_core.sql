-- SPDX-License-Identifier: MIT
-- alees, step 1: what the server itself keeps. The schema exists already; all of it belongs to alees_owner.

CREATE TABLE alees.migration (
    plugin     text        NOT NULL,
    version    integer     NOT NULL CHECK (version > 0),
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plugin, version)
);

-- 32 random bytes that all servers on this database share: cursors are authenticated with them.
CREATE TABLE alees.secret (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    bytes   bytea   NOT NULL CHECK (length(bytes) = 32)
);
INSERT INTO alees.secret (bytes)
    SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 8);

-- The policies of declared resources: as `alees migrate` wrote them, and as PostgreSQL printed them right afterwards. At
-- start they are compared with the declarations and with what is there.
CREATE TABLE alees.policy (
    schema_name text NOT NULL,
    table_name  text NOT NULL,
    policy_name text NOT NULL,
    declared    text NOT NULL,
    printed     text NOT NULL,
    PRIMARY KEY (schema_name, table_name, policy_name)
);

-- A UUIDv7 (RFC 9562), for rows that SQL makes: milliseconds since 1970 in front, the version put over that of a v4.
CREATE FUNCTION alees.new_id() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$
    SELECT encode(set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
$$;
