-- SPDX-License-Identifier: MIT
-- contact, step 3: a contact that is deleted is marked, and can be brought back with its parts.

ALTER TABLE contact.contact
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN deleted_by uuid;

-- Lists are of contacts that are not deleted, and so are their indexes: `alees migrate` makes them.
DROP INDEX contact.contact_organization_id_last_name_id_idx;
DROP INDEX contact.contact_organization_id_first_name_id_idx;
DROP INDEX contact.contact_organization_id_created_at_id_idx;
