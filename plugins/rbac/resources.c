/* SPDX-License-Identifier: MIT
 * resources.c - what this plugin serves as resources. */
#include "fields.h"
#include "fields_key.h"
#include "rbac.h"

const struct alees_resource rbac_resources[RBAC_RESOURCES] = {
    {.name = "user",
     .path = "/users",
     .table = "rbac.app_user",
     .scope = ALEES_SCOPE_SEVERAL,
     .order = "username",
     .description =
         "People and programs with an account. One sees oneself and, with rbac.view_user, the members of the "
         "organization. One's own profile is one's own to change; another's account is changed by those who "
         "hold rbac.change_user, and all that this user may do, wherever the user is a member.",
     .fields = ALEES_LIST(user_fields),
     .validate = rbac_check_user,
     .before_write = rbac_write_user},
    {.name = "role",
     .path = "/roles",
     .table = "rbac.role",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED,
     .order = "name",
     .description = "Names for what members may do: of one organization, which are held there only, and of none, which "
                    "everybody sees and only superusers change. A role that is held is not deleted.",
     .fields = ALEES_LIST(role_fields),
     .before_write = rbac_write_role},
    {.name = "organization_membership",
     .path = "/organization-memberships",
     .table = "rbac.membership",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL,
     .description =
         "Who belongs to which organization, and with which roles. One without an organization is about what "
         "belongs to none, such as units of measure.",
     .fields = ALEES_LIST(membership_fields),
     .before_write = rbac_write_membership},
    {.name = "field_permission",
     .path = "/field-permissions",
     .table = "rbac.field_permission",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_OPTIONAL | ALEES_RESOURCE_SHARED,
     .description =
         "Which fields of a resource a role leaves to its holders. A role without one for a resource permits "
         "all of its fields, with one exactly those that are listed.",
     .fields = ALEES_LIST(field_permission_fields),
     .before_write = rbac_write_field_permission},
    {.name = "api_key",
     .label = "API key",
     .labels = "API keys",
     .path = "/api-keys",
     .table = "rbac.api_key",
     .scope = ALEES_SCOPE_OWN,
     .flags = ALEES_RESOURCE_NO_CREATE,
     .description =
         "Keys for programs. A key may do what it was made for and its user may do, both at the moment it is "
         "used; it never acts as a superuser, and never on API keys, tokens and passwords.",
     .fields = ALEES_LIST(key_fields),
     .before_write = rbac_before_key},
    {.name = "token",
     .path = "/auth/tokens",
     .table = "rbac.token",
     .scope = ALEES_SCOPE_OWN,
     .flags = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE,
     .order = "-created_at",
     .description = "Logins. Deleting one logs out whoever has it; those that are over go with the next login.",
     .fields = ALEES_LIST(token_fields),
     .before_write = rbac_before_token},
    {.name = "invitation",
     .path = "/invitations",
     .table = "rbac.invitation",
     .scope = ALEES_SCOPE_ORGANIZATION,
     .flags = ALEES_RESOURCE_NO_CREATE | ALEES_RESOURCE_NO_CHANGE,
     .order = "-created_at",
     .description = "Memberships that wait for somebody with an address. Deleting one takes it back.",
     .fields = ALEES_LIST(invitation_fields)},
};
