-- SPDX-License-Identifier: MIT
-- organization, step 2: a parent can change, so cycles could arise. This trigger refuses them whoever writes.
--
-- It runs after each row was told to rbac (triggers of one event fire in the order of their names: tell_rbac, then
-- verify_tree), so that it walks over the tree as the whole statement leaves it, also when that moves several rows; the
-- table itself is behind row-level security even for its owner. Two moves that cross cannot both pass: whoever comes
-- second waits for the lock, and then sees what the first has committed. That holds where each statement sees what is
-- committed, which is PostgreSQL's default; under REPEATABLE READ a move is refused, and SERIALIZABLE finds it by itself.
-- A new row cannot close a circle with one that another transaction writes, because nobody else can point at it yet.

CREATE FUNCTION organization.verify_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    above uuid := NEW.parent_id;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF current_setting('transaction_isolation') = 'repeatable read' THEN
            RAISE EXCEPTION 'an organization cannot be moved under REPEATABLE READ'
                USING ERRCODE = 'feature_not_supported';
        END IF;
        PERFORM pg_advisory_xact_lock(4711202611220001);
    END IF;
    -- Cycles that were there before would not end: UNION stops at a row that came already.
    IF EXISTS (WITH RECURSIVE chain AS (
                   SELECT above AS id
                   UNION
                   SELECT o.parent_id FROM chain c JOIN rbac.organization o ON o.id = c.id
                   WHERE o.parent_id IS NOT NULL)
               SELECT 1 FROM chain WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'an organization cannot be below itself' USING ERRCODE = 'AL002';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER verify_tree
    AFTER INSERT OR UPDATE OF parent_id ON organization.organization
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION organization.verify_tree();
