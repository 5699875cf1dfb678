/* SPDX-License-Identifier: MIT
 * statements.c - the SQL of this plugin. Nothing else is ever sent. */
#include "rbac.h"

/* The columns are those of load.c: a row for each role of each membership, at least one. */
#define USER_COLUMNS(expires) \
    "SELECT u.id, u.username, u.is_active, u.is_superuser, " expires ", m.id, m.organization_id, m.is_active, " \
    "m.inherit, (date_part('epoch', m.valid_from) * 1000000)::bigint, " \
    "(date_part('epoch', m.valid_until) * 1000000)::bigint, h.role_id "
#define USER_MEMBERSHIPS \
    "LEFT JOIN rbac.membership m ON m.user_id = u.id LEFT JOIN LATERAL unnest(m.role_ids) h (role_id) ON true "
#define ROLE_COLUMNS \
    "SELECT r.id, r.organization_id, r.name, p.permission, r.is_owner FROM rbac.role r " \
    "LEFT JOIN LATERAL unnest(r.permissions) p (permission) ON true "
#define FIELD_COLUMNS "SELECT role_id, resource, read_fields, create_fields, update_fields FROM rbac.field_permission "
#define HELD_ROLES /* of a user, and others */ \
    "SELECT unnest(m.role_ids) FROM rbac.membership m WHERE m.user_id = $1::uuid UNION SELECT unnest($2::uuid[])"
#define ORGANIZATION_COLUMNS \
    "SELECT id, parent_id, is_active, name, (date_part('epoch', valid_from) * 1000000)::bigint, " \
    "(date_part('epoch', valid_until) * 1000000)::bigint "
/* UNION, not UNION ALL: a circle in the tree, which should not be, ends. */
#define ABOVE(ids) \
    "above AS (SELECT id, parent_id, is_active, name, valid_from, valid_until FROM rbac.organization " \
    "WHERE id = ANY (" ids ") UNION " \
    "SELECT o.id, o.parent_id, o.is_active, o.name, o.valid_from, o.valid_until FROM rbac.organization o " \
    "JOIN above a ON o.id = a.parent_id)"
/* As the server writes a moment and the columns of every resource. */
#define SHOW(moment) "to_char(" moment " AT TIME ZONE 'UTC', " ISO ")"
#define STANDARD(t) \
    "'created_at', " SHOW(t ".created_at") ", 'updated_at', " SHOW(t ".updated_at") ", " \
                                                                                    "'created_by', " t \
                                                                                    ".created_by, 'updated_by', " t \
                                                                                    ".updated_by"
#define ISO "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'"
/* None may depend on what the caller may see: they are what finds that out, or are run for whoever may already. */
#define EVERYWHERE ALEES_STATEMENT_EVERYWHERE
#define ALONE (ALEES_STATEMENT_ALONE | ALEES_STATEMENT_EVERYWHERE)

/* See struct alees_demo; number: a column. */
#define DEMO_ID(kind, row) \
    "format('0193" kind "-%s-7000-8000-%s', lpad(to_hex(number), 4, '0'), lpad(to_hex(" row "), 12, '0'))::uuid"

const struct alees_statement rbac_statements[RBAC_STATEMENTS] = {
    [RBAC_LOAD_BY_TOKEN] =
        {"load_by_token",
         USER_COLUMNS("(date_part('epoch', t.expires_at) * 1000000)::bigint") "FROM rbac.token t JOIN rbac.app_user u "
                                                                              "ON u.id = t.user_id " USER_MEMBERSHIPS
                                                                              "WHERE t.hash = decode($1, 'hex') AND "
                                                                              "t.expires_at > now() ORDER BY m.id",
         1, ALONE},
    [RBAC_LOAD_BY_ID] = {"load_by_id",
                         USER_COLUMNS("NULL::bigint") "FROM rbac.app_user u " USER_MEMBERSHIPS
                                                      "WHERE u.id = $1::uuid ORDER BY m.id",
                         1, ALONE},
    [RBAC_LOAD_BY_NAME] = {"load_by_name",
                           USER_COLUMNS("NULL::bigint") "FROM rbac.app_user u " USER_MEMBERSHIPS
                                                        "WHERE u.username = $1 ORDER BY m.id",
                           1, ALONE},
    [RBAC_LOAD_ROLES] = {"load_roles", ROLE_COLUMNS "ORDER BY r.id", 0, ALONE},
    [RBAC_LOAD_FIELDS] = {"load_fields", FIELD_COLUMNS, 0, ALONE},
    [RBAC_LOAD_ORGANIZATIONS] = {"load_organizations", ORGANIZATION_COLUMNS "FROM rbac.organization", 0, ALONE},
    [RBAC_FRESH_LOCK] = {"fresh_lock",
                         "SELECT id FROM rbac.organization WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
                         1, EVERYWHERE},
    [RBAC_FRESH_LOCK_HELD] =
        {"fresh_lock_held", /* user, organizations, roles */
         "WITH RECURSIVE " ABOVE(
             "$2::uuid[]") ", m AS (SELECT m.role_ids FROM rbac.membership m WHERE m.user_id = $1::uuid "
                           "AND (m.organization_id IS NULL OR m.organization_id IN (SELECT id FROM above)) ORDER BY "
                           "m.id FOR "
                           "SHARE SKIP LOCKED), "
                           "h AS (SELECT r.id FROM rbac.role r WHERE r.id = ANY ($3::uuid[]) "
                           "OR r.id IN (SELECT unnest(m.role_ids) FROM m) ORDER BY r.id FOR SHARE SKIP LOCKED) SELECT "
                           "count(*) "
                           "FROM h",
         3, EVERYWHERE},
    [RBAC_FRESH_USER] = {"fresh_user",
                         USER_COLUMNS("NULL::bigint") "FROM rbac.app_user u " USER_MEMBERSHIPS
                                                      "WHERE u.id = $1::uuid ORDER BY m.id",
                         1, EVERYWHERE},
    [RBAC_FRESH_ORGANIZATIONS] = {"fresh_organizations", /* those, and what is above them */
                                  "WITH RECURSIVE " ABOVE("$1::uuid[]") " " ORGANIZATION_COLUMNS "FROM above", 1,
                                  EVERYWHERE},
    [RBAC_FRESH_ROLES] = {"fresh_roles", ROLE_COLUMNS "WHERE r.id IN (" HELD_ROLES ") ORDER BY r.id", 2, EVERYWHERE},
    [RBAC_FRESH_FIELDS] = {"fresh_fields", FIELD_COLUMNS "WHERE role_id IN (" HELD_ROLES ")", 2, EVERYWHERE},
    [RBAC_WHO_CAN] =
        {"who_can", /* organization, user before the first, how many, superusers too: each part a page of an index */
         "WITH RECURSIVE " ABOVE(
             "ARRAY[$1::uuid]") ", page AS (SELECT coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') AS "
                                "start), "
                                "c AS ((SELECT x.user_id FROM above a CROSS JOIN LATERAL (SELECT m.user_id FROM "
                                "rbac.membership m "
                                "WHERE m.organization_id = a.id AND (m.inherit OR a.id = $1::uuid) "
                                "AND m.user_id > (SELECT start FROM page) ORDER BY m.user_id LIMIT $3::integer) x) "
                                "UNION "
                                "(SELECT m.user_id FROM rbac.membership m WHERE $1::uuid IS NULL AND m.organization_id "
                                "IS NULL "
                                "AND m.user_id > (SELECT start FROM page) ORDER BY m.user_id LIMIT $3::integer) UNION "
                                "(SELECT u.id FROM rbac.app_user u WHERE $4::boolean AND u.is_superuser "
                                "AND u.id > (SELECT start FROM page) ORDER BY u.id LIMIT $3::integer)) "
                                "SELECT user_id FROM c ORDER BY user_id LIMIT $3::integer",
         4, ALONE},
    [RBAC_LOGIN_USER] = {"login_user",
                         "SELECT id, password_hash, is_active, is_superuser FROM rbac.app_user WHERE username = $1", 1,
                         ALONE},
    [RBAC_LOGIN] = {"login", /* user, token, hours, the hash that was verified */
                    "WITH u AS (UPDATE rbac.app_user SET last_login = now(), version = version + 1 "
                    "WHERE id = $1::uuid AND is_active AND password_hash = $4 RETURNING id), "
                    "d AS (DELETE FROM rbac.token WHERE user_id = $1::uuid AND expires_at <= now()) "
                    "INSERT INTO rbac.token AS t (hash, user_id, expires_at, created_by, updated_by) "
                    "SELECT decode($2, 'hex'), u.id, now() + make_interval(hours => $3::integer), u.id, u.id FROM u "
                    "RETURNING to_char(t.expires_at AT TIME ZONE 'UTC', " ISO ")",
                    4, EVERYWHERE},
    [RBAC_LOGOUT] = {"logout", "DELETE FROM rbac.token WHERE hash = decode($1, 'hex')", 1, EVERYWHERE},
    [RBAC_ACCOUNT] = {"account",
                      "SELECT password_hash, email, to_char(last_login AT TIME ZONE 'UTC', " ISO "), first_name, "
                      "last_name, job_title, phone_number, language, timezone "
                      "FROM rbac.app_user WHERE id = $1::uuid AND is_active",
                      1, ALONE},
    [RBAC_TIMEZONE] = {"timezone", "SELECT 1 FROM rbac.timezone WHERE name = $1", 1, 0},
    [RBAC_PASSWORD] =
        {"password", /* user, new hash, old hash: the tokens that ended */
         "WITH u AS (UPDATE rbac.app_user SET password_hash = $2, updated_at = now(), version = version + 1 "
         "WHERE id = $1::uuid AND password_hash = $3 RETURNING id), "
         "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id RETURNING t.hash) "
         "SELECT encode(d.hash, 'hex') FROM u LEFT JOIN d ON true",
         3, EVERYWHERE},
    [RBAC_USER_ADD] = {"user_add", /* id, name, email, hash, superuser, demo */
                       "INSERT INTO rbac.app_user (id, username, email, password_hash, is_superuser, is_demo) "
                       "VALUES ($1::uuid, $2, $3, $4, $5::boolean, $6::boolean) ON CONFLICT (username) DO NOTHING",
                       6, EVERYWHERE},
    [RBAC_USER_PASSWORD] =
        {"user_password",
         "WITH u AS (UPDATE rbac.app_user SET password_hash = $2, updated_at = now(), version = version + 1 "
         "WHERE username = $1 RETURNING id), "
         "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id) "
         "SELECT id FROM u",
         2, EVERYWHERE},
    [RBAC_USER_DEACTIVATE] =
        {"user_deactivate",
         "WITH u AS (UPDATE rbac.app_user SET is_active = false, updated_at = now(), version = version + 1 "
         "WHERE username = $1 RETURNING id), "
         "d AS (DELETE FROM rbac.token t USING u WHERE t.user_id = u.id) "
         "SELECT id FROM u",
         1, EVERYWHERE},
    [RBAC_USER_LIST] = {"user_list",
                        "SELECT username, email, is_active, is_superuser, is_demo, "
                        "to_char(last_login AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') "
                        "FROM rbac.app_user ORDER BY username",
                        0, EVERYWHERE},
    [RBAC_GRANT] = {"grant_role", /* user name, organization, role name, inherit, id of a new membership */
                    "WITH u AS (SELECT id FROM rbac.app_user WHERE username = $1), "
                    "r AS (SELECT id FROM rbac.role WHERE name = $3 "
                    "AND (organization_id IS NULL OR organization_id = $2::uuid) "
                    "ORDER BY organization_id NULLS FIRST LIMIT 1), "
                    "m AS (INSERT INTO rbac.membership AS o (id, user_id, organization_id, inherit, role_ids) "
                    "SELECT $5::uuid, u.id, $2::uuid, $4::boolean, ARRAY[r.id] FROM u, r "
                    "ON CONFLICT (user_id, organization_id) DO UPDATE SET is_active = true, "
                    "inherit = o.inherit OR excluded.inherit, role_ids = CASE WHEN o.role_ids @> excluded.role_ids "
                    "THEN o.role_ids ELSE o.role_ids || excluded.role_ids END, updated_at = now(), "
                    "version = o.version + 1) "
                    "SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM r)",
                    5, EVERYWHERE},
    [RBAC_MEMBER_REMOVE] = {"member_remove",
                            "DELETE FROM rbac.membership m USING rbac.app_user u WHERE m.user_id = u.id "
                            "AND u.username = $1 AND m.organization_id IS NOT DISTINCT FROM $2::uuid",
                            2, EVERYWHERE},
    [RBAC_FIND_ORGANIZATION] = {"find_organization", /* by id or whole name */
                                "SELECT id FROM rbac.organization WHERE id::text = lower($1) OR name = $1 "
                                "ORDER BY id::text <> lower($1) LIMIT 2",
                                1, EVERYWHERE},
    [RBAC_DEMO_STATE] = {"demo_state",
                         "SELECT count(*) FILTER (WHERE is_demo), count(*) FILTER (WHERE NOT is_demo) "
                         "FROM rbac.app_user",
                         0, EVERYWHERE},
    [RBAC_DEMO_USERS] =
        {"demo_users", /* twenty of the number $1, with the password of the others */
         "INSERT INTO rbac.app_user (id, username, email, first_name, last_name, password_hash, is_demo) "
         "SELECT " DEMO_ID("0002",
                           "n") ", name, name || '@demo.example', 'User', k::text, "
                                "(SELECT password_hash FROM rbac.app_user WHERE username = 'admin' AND is_demo), true "
                                "FROM (SELECT $1::int AS number, k, ($1::int - 1) * 20 + k AS n, 'user-' || "
                                "lpad((($1::int - 1) * 20 + k)::text, 6, '0') AS name FROM generate_series(1, 20) k) s "
                                "ON CONFLICT DO NOTHING",
         1, EVERYWHERE},
    [RBAC_DEMO_MEMBERS] =
        {"demo_members", /* of the organization $1, number $2: an owner, two managers, editors, viewers */
         "INSERT INTO rbac.membership (id, user_id, organization_id, inherit, role_ids) "
         "SELECT " DEMO_ID("0006", "n") ", " DEMO_ID(
             "0002",
             "n") ", $1::uuid, k = 1, "
                  "ARRAY[('00000000-0000-7000-8000-00000000000' || "
                  "CASE WHEN k = 1 THEN 1 WHEN k < 4 THEN 2 WHEN k < 10 THEN 3 ELSE 4 END)::uuid] "
                  "FROM (SELECT $2::int AS number, k, ($2::int - 1) * 20 + k AS n FROM generate_series(1, 20) k) s "
                  "ON CONFLICT DO NOTHING",
         2, EVERYWHERE},
    [RBAC_USER_SCOPES] = {"user_scopes", /* the user itself, and where it is a member; it cannot go meanwhile */
                          "SELECT scope_ids FROM rbac.app_user WHERE id = $1::uuid FOR KEY SHARE", 1, EVERYWHERE},
    [RBAC_END_TOKENS] = {"end_tokens", /* the first halves of their hashes */
                         "DELETE FROM rbac.token WHERE user_id = $1::uuid "
                         "RETURNING encode(substring(hash FOR 16), 'hex')::uuid",
                         1, EVERYWHERE},
    [RBAC_ROLE_IS_BELOW] = {"role_is_below", /* is it carried by a membership that is inherited? */
                            "SELECT EXISTS (SELECT 1 FROM rbac.membership_role h JOIN rbac.membership m "
                            "ON m.id = h.membership_id WHERE h.role_id = $1::uuid AND m.inherit)",
                            1, EVERYWHERE},
    [RBAC_MICROSECONDS] = {"microseconds", /* of four times */
                           "SELECT (extract(epoch FROM $1::timestamptz) * 1000000)::bigint, "
                           "(extract(epoch FROM $2::timestamptz) * 1000000)::bigint, "
                           "(extract(epoch FROM $3::timestamptz) * 1000000)::bigint, "
                           "(extract(epoch FROM $4::timestamptz) * 1000000)::bigint",
                           4, EVERYWHERE},
    [RBAC_LOAD_BY_KEY] = {"load_by_key", /* as load_by_token, and of the key: see load.c */
                          USER_COLUMNS("coalesce((date_part('epoch', k.expires_at) * 1000000)::bigint, "
                                       "9223372036854775807)") ", k.id, k.permissions, k.organizations, "
                                                               "(date_part('epoch', k.last_used_at) * 1000000)::bigint "
                                                               "FROM rbac.api_key k JOIN rbac.app_user u "
                                                               "ON u.id = k.user_id " USER_MEMBERSHIPS
                                                               "WHERE k.hash = decode($1, 'hex') "
                                                               "AND coalesce(k.expires_at > now(), true) ORDER BY m.id",
                          1, ALONE},
    [RBAC_KEY_USED] = {"key_used",
                       "UPDATE rbac.api_key SET last_used_at = now() WHERE id = $1::uuid "
                       "AND coalesce(last_used_at <= now() - interval '1 h', true)",
                       1, ALONE},
    [RBAC_KEY_LOCK] = {"key_lock", /* user, expiry */
                       "SELECT coalesce($2::timestamptz > now(), true) FROM rbac.app_user "
                       "WHERE id = $1::uuid AND is_active FOR NO KEY UPDATE",
                       2, EVERYWHERE},
    [RBAC_KEY_ADD] = {"key_add", /* id, user, name, prefix, hash, permissions, organizations, expiry, most */
                      "INSERT INTO rbac.api_key AS k (id, user_id, name, prefix, hash, permissions, organizations, "
                      "expires_at, created_by, updated_by) SELECT $1::uuid, $2::uuid, $3, $4, decode($5, 'hex'), "
                      "$6::text[], $7::uuid[], $8::timestamptz, $2::uuid, $2::uuid "
                      "WHERE (SELECT count(*) FROM rbac.api_key o WHERE o.user_id = $2::uuid) < $9::bigint "
                      "RETURNING json_build_object('id', k.id, " STANDARD(
                          "k") ", 'user', k.user_id, 'name', k.name, "
                               "'prefix', k.prefix, 'permissions', k.permissions, 'organizations', k.organizations, "
                               "'expires_at', " SHOW("k.expires_at") ", 'last_used_at', NULL)",
                      9, EVERYWHERE},
    [RBAC_KEY_HASH] = {"key_hash", "SELECT encode(hash, 'hex') FROM rbac.api_key WHERE id = $1::uuid", 1, EVERYWHERE},
    [RBAC_TOKEN_HASH] = {"token_hash", "SELECT encode(hash, 'hex') FROM rbac.token WHERE id = $1::uuid", 1, EVERYWHERE},
    [RBAC_INVITATION_ADD] =
        {"invitation_add", /* id, organization, address, roles, inherit, hash, key, expiry, by whom */
         "INSERT INTO rbac.invitation AS i (id, organization_id, email, role_ids, inherit, hash, key_id, expires_at, "
         "created_by, updated_by) SELECT $1::uuid, $2::uuid, $3, $4::uuid[], $5::boolean, decode($6, 'hex'), $7::uuid, "
         "e.at, $9::uuid, $9::uuid FROM (SELECT coalesce($8::timestamptz, now() + interval '7 days') AS at) e "
         "WHERE e.at > now() AND e.at <= now() + interval '30 days' "
         "RETURNING json_build_object('id', i.id, 'organization', i.organization_id, " STANDARD(
             "i") ", "
                  "'email', i.email, 'roles', i.role_ids, 'inherit', i.inherit, 'expires_at', " SHOW(
                      "i.expires_at") ", "
                                      "'accepted_at', NULL, 'accepted_by', NULL)",
         9, EVERYWHERE},
    [RBAC_INVITATION_FIND] = {"invitation_find",
                              "SELECT email FROM rbac.invitation WHERE hash = decode($1, 'hex') "
                              "AND accepted_at IS NULL AND expires_at > now()",
                              1, ALONE},
    [RBAC_INVITATION_LOCK] =
        {"invitation_lock",
         "SELECT i.id, i.organization_id, i.email, i.role_ids, i.inherit, i.created_by, i.key_id IS NULL OR EXISTS "
         "(SELECT 1 FROM rbac.api_key k WHERE k.id = i.key_id AND coalesce(k.expires_at > now(), true)) "
         "FROM rbac.invitation i WHERE i.hash = decode($1, 'hex') AND i.accepted_at IS NULL AND i.expires_at > now() "
         "FOR UPDATE OF i",
         1, EVERYWHERE},
    [RBAC_GUEST_ADD] = {"guest_add", /* id, name, address, hash, first and last name */
                        "INSERT INTO rbac.app_user (id, username, email, password_hash, first_name, last_name, "
                        "created_by, updated_by) VALUES ($1::uuid, $2, $3, $4, coalesce($5, ''), coalesce($6, ''), "
                        "$1::uuid, $1::uuid) ON CONFLICT (username) DO NOTHING",
                        6, EVERYWHERE},
    [RBAC_GUEST_LOCK] = {"guest_lock",
                         "SELECT username, email FROM rbac.app_user WHERE id = $1::uuid AND is_active "
                         "FOR NO KEY UPDATE",
                         1, EVERYWHERE},
    [RBAC_GUEST_MEMBERSHIP] = {"guest_membership", /* user, organization */
                               "SELECT is_active AND coalesce(valid_from <= now(), true) "
                               "AND coalesce(valid_until > now(), true), inherit, role_ids FROM rbac.membership "
                               "WHERE user_id = $1::uuid AND organization_id = $2::uuid FOR NO KEY UPDATE",
                               2, EVERYWHERE},
    [RBAC_INVITATION_ACCEPT] =
        {"invitation_accept", /* invitation, user, id of a new membership: the membership's */
         "WITH i AS (UPDATE rbac.invitation SET accepted_at = now(), accepted_by = $2::uuid, updated_at = now(), "
         "updated_by = $2::uuid, version = version + 1 WHERE id = $1::uuid "
         "RETURNING organization_id, role_ids, inherit, created_by) "
         "INSERT INTO rbac.membership AS m (id, user_id, organization_id, role_ids, inherit, created_by, updated_by) "
         "SELECT $3::uuid, $2::uuid, organization_id, role_ids, inherit, created_by, created_by FROM i "
         "ON CONFLICT (user_id, organization_id) DO UPDATE SET inherit = m.inherit OR excluded.inherit, "
         "role_ids = ARRAY(SELECT unnest(m.role_ids) UNION SELECT unnest(excluded.role_ids) ORDER BY 1), "
         "updated_at = now(), updated_by = excluded.updated_by, version = m.version + 1 RETURNING m.id",
         3, EVERYWHERE},
};
