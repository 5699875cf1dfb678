-- SPDX-License-Identifier: MIT
-- contact, step 4: a contact that goes to another organization takes its parts along.

ALTER TABLE contact.email_address
    DROP CONSTRAINT email_address_organization_id_contact_id_fkey,
    ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE contact.phone_number
    DROP CONSTRAINT phone_number_organization_id_contact_id_fkey,
    ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE contact.address
    DROP CONSTRAINT address_organization_id_contact_id_fkey,
    ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact.contact (organization_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE;
