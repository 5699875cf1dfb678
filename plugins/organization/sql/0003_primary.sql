-- SPDX-License-Identifier: MIT
-- organization, step 3: the contact and the address of an organization. They belong to another plugin, which need not be
-- there: no foreign key holds them.

ALTER TABLE organization.organization
    ADD COLUMN primary_contact_id uuid,
    ADD COLUMN primary_address_id uuid;
