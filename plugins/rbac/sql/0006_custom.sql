-- SPDX-License-Identifier: MIT
-- Definitions of custom fields are changed by those who lead an organization, and seen by all in it: a leading star no
-- longer stands for that plugin.

UPDATE rbac.role SET permissions = array_append(permissions, 'custom.*')
WHERE organization_id IS NULL AND name = 'manager';
UPDATE rbac.role SET permissions = array_append(permissions, 'custom.view_*')
WHERE organization_id IS NULL AND name IN ('editor', 'viewer');
