/* SPDX-License-Identifier: MIT
 * plugin_check.c - what a declaration may say: step 6 of the handshake. A fault does not end the search: an author
 * sees all of them at once. Resources and routes are in plugin_rows.c, the text of statements in plugin_sql.c. */
#include <stdarg.h>
#include <string.h>

#include "jx.h"
#include "plugin_private.h"
#include "str.h"

enum {
    LONGEST_PLUGIN = 40, /* "alees_plugin_<name>_all" is a PostgreSQL name of at most 63 bytes */
    LONGEST_NAME = 63,
    MOST_SCHEMAS = 64
};

void plugin_fault(struct plugin_report *report, const char *format, ...) {
    va_list args;
    fprintf(report->errors, "%s: ", report->file);
    if (report->name) {
        fprintf(report->errors, "plugin %s: ", report->name);
    }
    va_start(args, format);
    (void)vfprintf(report->errors, format, args);
    va_end(args);
    fputc('\n', report->errors);
    report->faults++;
}

bool plugin_is_name(const char *name, size_t longest) {
    size_t i = 0;
    if (!name || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    while ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '_') {
        i++;
    }
    return name[i] == '\0' && i <= longest;
}

bool plugin_is_permission(const char *name) {
    char first[LONGEST_NAME + 1];
    const char *dot = name ? strchr(name, '.') : NULL;
    if (!dot || (size_t)(dot - name) > LONGEST_NAME) {
        return false;
    }
    memcpy(first, name, (size_t)(dot - name));
    first[dot - name] = '\0';
    return plugin_is_name(first, LONGEST_NAME) && plugin_is_name(dot + 1, 2 * LONGEST_NAME);
}

bool plugin_is_blank(const char *text) {
    return !text || text[0] == '\0';
}

const char *plugin_json_fault(struct arena *arena, const char *text) {
    struct problem problem;
    alees_json *value;
    if (!text) {
        return NULL;
    }
    problem_init(&problem, arena);
    if (jx_parse(arena, &problem, (alees_str){text, strlen(text)}, &value) == ALEES_OK) {
        return NULL;
    }
    return problem.detail.ptr ? problem.detail.ptr : "is not JSON";
}

/* Does the const char * at the start of an item stand in an earlier item too? */
static bool is_double(const void *items, uint32_t place, size_t stride) {
    const char *name, *earlier;
    const uint8_t *bytes = items;
    memcpy(&name, bytes + place * stride, sizeof name);
    for (uint32_t i = 0; i < place; i++) {
        memcpy(&earlier, bytes + i * stride, sizeof earlier);
        if (earlier && strcmp(name, earlier) == 0) {
            return true;
        }
    }
    return false;
}

/* The names of a list: well-formed and each only once. */
static bool check_name(struct plugin_report *report, const char *what, const void *items, uint32_t place,
                       size_t stride) {
    const char *name;
    memcpy(&name, (const uint8_t *)items + place * stride, sizeof name);
    if (!plugin_is_name(name, LONGEST_NAME)) {
        plugin_fault(report, "%s %u: \"%s\" is no name: lower-case letters, digits and _, a letter first, at most %d",
                     what, place + 1, name ? name : "", LONGEST_NAME);
        return false;
    }
    if (is_double(items, place, stride)) {
        plugin_fault(report, "%s %s is declared twice", what, name);
    }
    return true;
}

static void check_plugin(const struct alees_self *plugin, struct plugin_report *report) {
    static const char *const reserved[] = {"alees", "public", "information_schema", "core", "server",
                                           "audit", "custom"};
    const struct alees_plugin *d = &plugin->decl;
    if (!plugin_is_name(d->name, LONGEST_PLUGIN)) {
        plugin_fault(report,
                     "\"%s\" is no name for a plugin: lower-case letters, digits and _, a letter first, at most %d",
                     d->name ? d->name : "", LONGEST_PLUGIN);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(reserved) && !plugin->is_built_in; i++) {
        if (strcmp(d->name, reserved[i]) == 0) {
            plugin_fault(report, "the name %s is reserved: choose another one", d->name);
        }
    }
    if (strncmp(d->name, "pg_", 3) == 0) {
        plugin_fault(report, "names that begin with pg_ belong to PostgreSQL: choose another one");
    }
    if (plugin_is_blank(d->version) || plugin_is_blank(d->summary)) {
        plugin_fault(report, "has no version or no summary: give both");
    }
}

/* "owner.name/1" */
static bool is_service_id(const char *id) {
    const char *p = id;
    if (!p || *p < 'a' || *p > 'z') {
        return false;
    }
    p += strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_.-");
    return *p == '/' && p[1] >= '1' && p[1] <= '9' && p[1 + strspn(p + 1, "0123456789")] == '\0' &&
           strchr(id, '.') != NULL;
}

static void check_services(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->need_count; i++) {
        const struct alees_need *need = &plugin->needs[i];
        if (!is_service_id(need->service)) {
            plugin_fault(report, "need %u: \"%s\" is no service id such as alees.db/1", i + 1,
                         need->service ? need->service : "");
        } else if ((need->flags & ~(uint32_t)ALEES_NEED_OPTIONAL) != 0) {
            plugin_fault(report, "need %s: flags 0x%x are unknown to this server", need->service, need->flags);
        } else if (is_double(plugin->needs, i, sizeof *plugin->needs)) {
            plugin_fault(report, "need %s is declared twice", need->service);
        }
    }
    for (uint32_t i = 0; i < plugin->offer_count; i++) {
        if (!is_service_id(plugin->offers[i])) {
            plugin_fault(report, "offer %u: \"%s\" is no service id such as example.stock/1", i + 1,
                         plugin->offers[i] ? plugin->offers[i] : "");
        } else if (is_double(plugin->offers, i, sizeof *plugin->offers)) {
            plugin_fault(report, "offers %s twice", plugin->offers[i]);
        }
    }
    if (plugin->offer_count > 0 && !plugin->decl.offer) {
        plugin_fault(report, "offers services but has no function `offer`");
    }
}

static void check_settings(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->setting_count; i++) {
        const struct alees_setting *s = &plugin->settings[i];
        bool is_known =
            s->type == ALEES_TEXT || s->type == ALEES_INTEGER || s->type == ALEES_BOOLEAN || s->type == ALEES_CHOICE;
        if (!check_name(report, "setting", plugin->settings, i, sizeof *s)) {
            continue;
        }
        if (strcmp(s->name, "module") == 0) {
            plugin_fault(report, "setting module is the server's own key: choose another name");
        }
        if (!is_known || s->flags != 0) {
            plugin_fault(report, "setting %s: type %u and flags 0x%x are not TEXT, INTEGER, BOOLEAN or CHOICE and 0",
                         s->name, s->type, s->flags);
        }
        if ((s->type == ALEES_CHOICE) != !plugin_is_blank(s->choices)) {
            plugin_fault(report, "setting %s: choices belong to ALEES_CHOICE, and only there", s->name);
        }
        if (s->min > s->max) {
            plugin_fault(report, "setting %s: min %lld is more than max %lld", s->name, (long long)s->min,
                         (long long)s->max);
        }
        if (plugin_is_blank(s->description)) {
            plugin_fault(report, "setting %s has no description", s->name);
        }
    }
}

/* Its own permissions, by their whole names; those of resources come by themselves. */
static void check_permissions(const struct alees_self *plugin, struct plugin_report *report) {
    size_t length = strlen(plugin->decl.name);
    for (uint32_t i = 0; i < plugin->permission_count; i++) {
        const struct alees_permission *p = &plugin->permissions[i];
        if (!plugin_is_permission(p->name)) {
            plugin_fault(report, "permission %u: \"%s\" is no permission such as %s.close_order", i + 1,
                         p->name ? p->name : "", plugin->decl.name);
            continue;
        }
        if (strncmp(p->name, plugin->decl.name, length) != 0 || p->name[length] != '.') {
            plugin_fault(report, "permission %s belongs to another plugin: its name must begin with %s.", p->name,
                         plugin->decl.name);
        }
        if (is_double(plugin->permissions, i, sizeof *p)) {
            plugin_fault(report, "permission %s is declared twice", p->name);
        }
        if (plugin_is_blank(p->description)) {
            plugin_fault(report, "permission %s has no description", p->name);
        }
    }
}

static bool offers_rbac(const struct alees_self *plugin) {
    for (uint32_t i = 0; i < plugin->offer_count; i++) {
        if (strcmp(plugin->offers[i], ALEES_RBAC_V1) == 0) {
            return true;
        }
    }
    return false;
}

static void check_statements(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->statement_count; i++) {
        const struct alees_statement *s = &plugin->statements[i];
        const char *fault;
        if (!check_name(report, "statement", plugin->statements, i, sizeof *s)) {
            continue;
        }
        if ((s->flags & ~(uint32_t)(ALEES_STATEMENT_ALONE | ALEES_STATEMENT_EVERYWHERE)) != 0) {
            plugin_fault(report, "statement %s: flags 0x%x are unknown to this server", s->name, s->flags);
        }
        if ((s->flags & ALEES_STATEMENT_EVERYWHERE) != 0 && !offers_rbac(plugin)) {
            plugin_fault(report, "statement %s sees every organization: only the plugin that offers %s may have such",
                         s->name, ALEES_RBAC_V1);
        }
        fault = plugin_is_blank(s->sql) ? "has no text" : plugin_sql_fault(arena, s->sql, s->nparams);
        if (fault) {
            plugin_fault(report, "statement %s %s", s->name, fault);
        }
    }
}

static void check_migrations(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->migration_count; i++) {
        const struct alees_migration *m = &plugin->migrations[i];
        if (m->version != i + 1) {
            plugin_fault(report, "migration %u of the list has version %u: they rise by one, from 1", i + 1,
                         m->version);
        }
        if (plugin_is_blank(m->name) || plugin_is_blank(m->sql) || m->flags != 0) {
            plugin_fault(report, "migration %u has no name, no text, or flags that are not 0", i + 1);
        }
    }
    if (plugin->resource_count > 0 && plugin->migration_count == 0) {
        plugin_fault(report, "declares resources but no migration that creates their tables");
    }
}

static void check_commands(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->command_count; i++) {
        const struct alees_command *c = &plugin->commands[i];
        if (check_name(report, "command", plugin->commands, i, sizeof *c) &&
            (plugin_is_blank(c->usage) || plugin_is_blank(c->summary) || !c->run)) {
            plugin_fault(report, "command %s has no usage, no summary or no function `run`", c->name);
        }
    }
}

static void check_metrics(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->metric_count; i++) {
        const struct alees_metric *m = &plugin->metrics[i];
        if (check_name(report, "metric", plugin->metrics, i, sizeof *m) && plugin_is_blank(m->help)) {
            plugin_fault(report, "metric %s has no help", m->name);
        }
    }
}

/* What `fail`, `refuse` and triggers can be answered with: that of a result code. */
static bool is_status(uint32_t status) {
    static const uint32_t statuses[] = {400, 401, 403, 404, 409, 422, 429, 500, 501, 503};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i] == status) {
            return true;
        }
    }
    return false;
}

static void check_errors(const struct alees_self *plugin, struct plugin_report *report) {
    for (uint32_t i = 0; i < plugin->error_count; i++) {
        const struct alees_error *e = &plugin->errors[i];
        if (!check_name(report, "error", plugin->errors, i, sizeof *e)) {
            continue;
        }
        if (!is_status(e->status) || (e->flags & ~(uint32_t)ALEES_ERROR_FIELD) != 0) {
            plugin_fault(report,
                         "error %s: status %u and flags 0x%x are not that of a result code, ALEES_E_*, and 0 or "
                         "ALEES_ERROR_FIELD",
                         e->code, e->status, e->flags);
        }
        if (plugin_is_blank(e->title) || plugin_is_blank(e->help)) {
            plugin_fault(report, "error %s has no title or no help", e->code);
        }
    }
}

void plugin_check(struct arena *arena, const struct alees_self *plugin, struct plugin_report *report) {
    check_plugin(plugin, report);
    if (!plugin_is_name(plugin->decl.name, LONGEST_PLUGIN)) {
        return; /* without a good name every other line would be wrong as well */
    }
    check_services(plugin, report);
    check_settings(plugin, report);
    check_permissions(plugin, report);
    plugin_check_resources(arena, plugin, report);
    plugin_check_routes(arena, plugin, report);
    check_statements(arena, plugin, report);
    check_migrations(plugin, report);
    check_commands(plugin, report);
    check_metrics(plugin, report);
    check_errors(plugin, report);
}

void plugin_check_schemas(const struct alees_self *plugin, const char *const *schemas, uint32_t count,
                          struct plugin_report *report) {
    const char *allowed[MOST_SCHEMAS] = {plugin->decl.name, "pg_catalog", "alees"};
    uint32_t allowed_count = 3;
    for (uint32_t i = 0; i < count && allowed_count < MOST_SCHEMAS; i++) {
        allowed[allowed_count++] = schemas[i];
    }
    for (uint32_t i = 0; i < plugin->statement_count; i++) {
        alees_str foreign = plugin_sql_foreign(plugin->statements[i].sql, allowed, allowed_count);
        if (foreign.ptr) {
            plugin_fault(report,
                         "statement %s names the schema %.*s, which is not its own: declare a need on a service of "
                         "that plugin, or qualify the name with %s",
                         plugin->statements[i].name, STR_FMT(foreign), plugin->decl.name);
        }
    }
}
