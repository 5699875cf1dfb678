-- SPDX-License-Identifier: MIT
-- product, step 2: rules that hold whoever writes.

-- A category has the type of its parent, a product one of type PRODUCT: the keys carry the type, so that neither end can
-- change it under the other.
--
-- So far the type of a category could change under what was in it. A tree in which there are products is one of type
-- PRODUCT; any other has the type of its root. Below one parent a name is unique within its type: where two would be the same
-- now, the one that changes says what it was.
WITH RECURSIVE tree AS (
    SELECT organization_id, id, parent_id, name, category_type AS old_type, id AS root_id, category_type AS root_type
    FROM product.category WHERE parent_id IS NULL
    UNION ALL
    SELECT c.organization_id, c.id, c.parent_id, c.name, c.category_type, t.root_id, t.root_type
    FROM tree t JOIN product.category c ON c.organization_id = t.organization_id AND c.parent_id = t.id
), kept AS (
    SELECT DISTINCT t.organization_id, t.root_id
    FROM tree t JOIN product.product p ON p.organization_id = t.organization_id AND p.category_id = t.id
), typed AS (
    SELECT t.*, CASE WHEN k.root_id IS NULL THEN t.root_type ELSE 'PRODUCT' END AS new_type
    FROM tree t LEFT JOIN kept k ON k.organization_id = t.organization_id AND k.root_id = t.root_id
), named AS (
    SELECT *, count(*) OVER (PARTITION BY organization_id, parent_id, name, new_type) > 1 AS has_namesake FROM typed
)
UPDATE product.category c
SET category_type = n.new_type, version = version + 1, updated_at = now(),
    name = CASE WHEN n.has_namesake THEN left(n.name, 240) || ' (' || n.old_type || ')' ELSE n.name END
FROM named n
WHERE c.organization_id = n.organization_id AND c.id = n.id AND n.old_type <> n.new_type;

ALTER TABLE product.category ADD UNIQUE (organization_id, id, category_type);
ALTER TABLE product.category DROP CONSTRAINT category_organization_id_parent_id_fkey;
ALTER TABLE product.category ADD CONSTRAINT category_parent_fkey FOREIGN KEY (organization_id, parent_id, category_type)
    REFERENCES product.category (organization_id, id, category_type);

ALTER TABLE product.product ADD category_type text GENERATED ALWAYS AS ('PRODUCT') STORED;
ALTER TABLE product.product DROP CONSTRAINT product_organization_id_category_id_fkey;
ALTER TABLE product.product ADD CONSTRAINT product_category_fkey FOREIGN KEY (organization_id, category_id, category_type)
    REFERENCES product.category (organization_id, id, category_type);

-- A product's life goes one step at a time. SQLSTATE AL003 is the server's 409 with this code, field and text. A trigger
-- and no hook: so each write stays one statement, for thousands of rows as for one, and only a forbidden step costs.
CREATE FUNCTION product.refuse_transition() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    next_status text := CASE OLD.status WHEN 'draft' THEN 'active' WHEN 'active' THEN 'discontinued'
        WHEN 'discontinued' THEN 'end_of_life' END;
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'AL003', CONSTRAINT = 'invalid_transition', COLUMN = 'status',
        MESSAGE = CASE WHEN next_status IS NULL THEN 'The status is end_of_life and stays so.'
            ELSE format('The status is %s; it can only become %s.', OLD.status, next_status) END;
END
$$;

CREATE TRIGGER refuse_transition BEFORE UPDATE OF status ON product.product FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN
        (('draft', 'active'), ('active', 'discontinued'), ('discontinued', 'end_of_life')))
    EXECUTE FUNCTION product.refuse_transition();
