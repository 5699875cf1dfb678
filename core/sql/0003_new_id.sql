-- SPDX-License-Identifier: MIT
-- alees, step 3: ids that SQL makes rise within a millisecond, too, so that what happened to a row one thing after the other
-- is told in that order. The twelve bits behind the version are the fraction of the millisecond, as RFC 9562 allows
-- (method 3); the clock is read once.

CREATE OR REPLACE FUNCTION alees.new_id() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$
    SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0')
                    PLACING '7' FROM 13 FOR 0)
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid
$$;
