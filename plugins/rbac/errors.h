/* SPDX-License-Identifier: MIT
 *
 * errors.h - what logins, accounts, keys, roles, memberships and invitations are refused for. */
#ifndef RBAC_ERRORS_H
#define RBAC_ERRORS_H

#include "alees/abi.h"

static const struct alees_error errors[] = {
    {"too_many_attempts", 429, 0, "Too many wrong passwords",
     "There were too many wrong passwords for the account from this address, or from this address in all. Wait "
     "as many seconds as Retry-After says; the right password is not looked at before."},
    {"wrong_password", 422, 0, "Not the present password",
     "current_password is not the password of the account. Send the right one."},
    {"bad_password", 422, 0, "Not a possible password", "A password has 8 to 1024 bytes."},
    {"password_changed", 409, 0, "The password has just changed",
     "The password was changed from elsewhere while this request ran. Log in again."},
    {"own_password", 422, ALEES_ERROR_FIELD, "Not the way to change one's own password",
     "One's own password is changed by POST /api/v1/auth/password, which asks for the present one."},
    {"grant_exceeds_own", 403, 0, "Nobody gives what they do not hold",
     "The change would give rights that you do not hold yourself in that organization or below it; errors "
     "names them. Leave them out, or ask somebody who holds them."},
    {"own_rights", 403, 0, "Nobody widens their own rights",
     "The change would give rights to yourself. Ask somebody else who may; you may only reduce your own."},
    {"owners_only", 403, 0, "For owners only",
     "Only an owner of the organization, logged in and in person, may change what is an owner's."},
    {"superusers_only", 403, 0, "For superusers only", "Only a superuser, logged in and in person, may do this."},
    {"not_held", 422, ALEES_ERROR_FIELD, "A right that you do not hold",
     "You do not hold this right where you want to give it. Leave it out."},
    {"unknown_permission", 422, 0, "Not a permission",
     "There is no permission of that name. GET /api/v1/permissions lists them all."},
    {"unknown_resource", 422, ALEES_ERROR_FIELD, "Not a resource",
     "A resource is named by plugin and name, such as product.product."},
    {"no_organization", 422, 0, "No organization", "organizations names one at least. null stands for all of yours."},
    {"bad_organization", 422, 0, "Not a list of organizations", "organizations is a list of ids of organizations."},
    {"organization_required", 422, 0, "Which organization?",
     "You may do this in several organizations, or in none. organization must say which one is meant."},
    {"bad_expiry", 422, 0, "Not a possible end",
     "expires_at is ahead of now; that of an invitation by 30 days at most."},
    {"too_many_api_keys", 409, 0, "As many API keys as a user may have",
     "Delete a key that is not used any more, then make the new one."},
    {"no_role", 422, 0, "No role", "roles names one role at least."},
    {"bad_email", 422, 0, "Not an e-mail address", "email is an address such as ann@example.com."},
    {"bad_username", 422, 0, "Not a possible user name",
     "username does not begin or end with a space and holds no characters that cannot be seen."},
    {"username_taken", 409, 0, "The user name is taken", "There is a user of that name. Choose another one."},
    {"already_logged_in", 422, 0, "Logged in already",
     "An invitation is accepted with a token, or with a new user name and password, never with both."},
    {"membership_inactive", 409, 0, "The membership is switched off",
     "You are a member already, but the membership is inactive or out of its time. An invitation does not "
     "change that: ask who manages the organization."},
    {"invitation_no_longer_valid", 403, 0, "The invitation is no longer valid",
     "Whoever invited you may not give these roles any more. Ask for a new invitation."},
    {"invitation_for_other_address", 403, 0, "The invitation is for another address",
     "The invitation was made for another e-mail address than that of your account."},
    {"unknown_timezone", 422, ALEES_ERROR_FIELD, "Not a time zone",
     "timezone is a name of the IANA, such as Europe/Berlin."},
    {"unknown_language", 422, ALEES_ERROR_FIELD, "Not a language", "language is a BCP 47 tag, such as de or de-DE."},
    {"invalid_phone_number", 422, ALEES_ERROR_FIELD, "Not a telephone number",
     "phone_number is made of digits, with spaces and + ( ) - . / between them."},
};

#endif
