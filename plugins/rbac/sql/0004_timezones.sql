-- SPDX-License-Identifier: MIT
-- The time zones of the IANA that PostgreSQL knows, for profiles. Its own view reads hundreds of files each time it is asked.

CREATE TABLE rbac.timezone (
    name text PRIMARY KEY
);

INSERT INTO rbac.timezone (name)
    SELECT name FROM pg_catalog.pg_timezone_names WHERE name !~ '^(posix|right)/|^(posixrules|localtime|Factory)$';
