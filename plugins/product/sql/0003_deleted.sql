-- SPDX-License-Identifier: MIT
-- product, step 3: a product that is deleted is marked, and can be brought back. Its SKU is free meanwhile.

ALTER TABLE product.product
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_by uuid,
    DROP CONSTRAINT product_organization_id_sku_key;
CREATE UNIQUE INDEX product_sku ON product.product (organization_id, sku) WHERE deleted_at IS NULL;

-- Lists are of products that are not deleted, and so are their indexes; those for an order `alees migrate` makes itself.
DROP INDEX product.product_organization_id_name_id_idx;
DROP INDEX product.product_organization_id_created_at_id_idx;
DROP INDEX product.product_organization_id_status_id_idx;
CREATE INDEX ON product.product (organization_id, status, id) WHERE deleted_at IS NULL;
