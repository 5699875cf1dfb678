-- SPDX-License-Identifier: MIT
-- What ?search= finds. Not a step: made by `alees bootstrap` and, where that has not been run since, by `alees migrate`, and
-- never replaced, because indexes hold what it gave. Another way to cut texts into words would be functions of other names.

-- Their functions are nobody's to call: indexes do not ask.
CREATE SCHEMA IF NOT EXISTS alees_extension AUTHORIZATION alees_owner;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA alees_extension;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA alees_extension;

-- The words of some texts, in lower case. What separates words is the same wherever they stand: "HB-003" is hb and 003,
-- not a number below zero; "ann@example.com" is three words. Without positions, of which nothing asks. No more than
-- 100,000 characters: whatever they are, the words then fit into a tsvector, which cannot take a megabyte, and no row is
-- refused for being long. The cost says that this is not to be worked out row by row where an index has it.
-- plpgsql, because a function that is written out within its caller is as leakproof as what it calls.
CREATE FUNCTION alees.search_document(VARIADIC texts text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 100000
AS $$
BEGIN
    RETURN pg_catalog.strip(pg_catalog.to_tsvector('pg_catalog.simple', pg_catalog.translate(
        pg_catalog.left(pg_catalog.array_to_string(texts, ' '), 100000),
        E'!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', '                                ')));
END
$$;

-- Each of the words as the beginning of a word. NULL, which finds nothing, where there is none.
CREATE FUNCTION alees.search_query(words text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN (SELECT pg_catalog.string_agg('''' || word || ''':*', ' & ')
            FROM pg_catalog.unnest(pg_catalog.tsvector_to_array(alees.search_document(words))) word)::pg_catalog.tsquery;
END
$$;

ALTER FUNCTION alees.search_document(text[]) OWNER TO alees_owner;
ALTER FUNCTION alees.search_query(text) OWNER TO alees_owner;
