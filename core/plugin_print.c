/* SPDX-License-Identifier: MIT
 * plugin_print.c - plugins for people (`alees plugins`) and for tools (--json, `alees plugin check`): everything a
 * plugin declares, read from its data alone. */
#include <string.h>

#include "plugin_private.h"
#include "str.h"

#define MEMORY ((size_t)64 * 1024 * 1024)

static void key(struct str *s, const char *name) {
    if (s->len > 0 && s->ptr[s->len - 1] != '{' && s->ptr[s->len - 1] != '[') {
        str_putc(s, ',');
    }
    if (name) {
        str_printf(s, "\"%s\":", name);
    }
}

static void text(struct str *s, const char *name, const char *value) {
    key(s, name);
    str_json(s, (alees_str){value, value ? strlen(value) : 0});
}

static void number(struct str *s, const char *name, int64_t value) {
    key(s, name);
    str_i64(s, value);
}

static void open_list(struct str *s, const char *name) {
    key(s, name);
    str_putc(s, '[');
}

static void open_item(struct str *s) {
    key(s, NULL);
    str_putc(s, '{');
}

/* --- names of numbers ---------------------------------------------------------------------------------------------
 * */

static const char *type_name(uint32_t type) {
    static const char *const names[] = {"?",    "text",   "boolean",   "integer", "decimal", "date",       "timestamp",
                                        "uuid", "choice", "reference", "json",    "tags",    "references", "parts"};
    return names[type < ARRAY_LEN(names) ? type : 0];
}

static const char *scope_name(uint32_t scope) {
    static const char *const names[] = {"?", "organization", "global", "self", "own", "several"};
    return names[scope < ARRAY_LEN(names) ? scope : 0];
}

/* The names of the bits that are set, as a list; the lowest bit first. */
static void flags(struct str *s, uint32_t value, const char *const *names, size_t count) {
    open_list(s, "flags");
    for (size_t i = 0; i < count; i++) {
        if ((value >> i & 1) != 0) {
            text(s, NULL, names[i]);
        }
    }
    str_putc(s, ']');
}

static const char *const field_flags[] = {"required", "read_only", "write_once", "write_only", "unique",   "filter",
                                          "sort",     "search",    "nullable",   "in_path",    "in_query", "substring",
                                          "computed", "single",    "custom",     "weak"};
static const char *const resource_flags[] = {"no_create", "no_change", "no_delete",  "optional",
                                             "shared",    "read_only", "soft_delete"};
static const char *const route_flags[] = {"public", "read", "login"};

/* --- the lists ----------------------------------------------------------------------------------------------------
 * */

static void fields(struct str *s, const char *name, const alees_list *list) {
    const struct alees_field *items = list->items;
    open_list(s, name);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct alees_field *f = &items[i];
        open_item(s);
        text(s, "name", f->name);
        text(s, "type", type_name(f->type));
        flags(s, f->flags, field_flags, ARRAY_LEN(field_flags));
        if (f->min != 0 || f->max != 0) {
            number(s, "min", f->min);
            number(s, "max", f->max);
        }
        if (f->choices) {
            text(s, "choices", f->choices);
        }
        if (f->reference) {
            text(s, "reference", f->reference);
        }
        text(s, "description", f->description);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

static void resources(struct str *s, const struct alees_self *p) {
    open_list(s, "resources");
    for (uint32_t i = 0; i < p->resource_count; i++) {
        const struct alees_resource *r = &p->resources[i];
        open_item(s);
        text(s, "name", r->name);
        text(s, "path", r->path);
        text(s, "table", r->table);
        text(s, "scope", scope_name(r->scope));
        flags(s, r->flags, resource_flags, ARRAY_LEN(resource_flags));
        text(s, "order", r->order);
        if (r->owner) {
            text(s, "owner", r->owner);
        }
        text(s, "description", r->description);
        fields(s, "fields", &r->fields);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

static void routes(struct str *s, const struct alees_self *p) {
    open_list(s, "routes");
    for (uint32_t i = 0; i < p->route_count; i++) {
        const struct alees_route *r = &p->routes[i];
        open_item(s);
        text(s, "method", plugin_method(r->method));
        text(s, "path", r->path);
        flags(s, r->flags, route_flags, ARRAY_LEN(route_flags));
        text(s, "permission", r->permission);
        text(s, "object", r->object);
        text(s, "summary", r->summary);
        fields(s, "parameters", &r->parameters);
        fields(s, "body", &r->body);
        fields(s, "response", &r->response);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

static void services(struct str *s, const struct alees_self *p) {
    open_list(s, "needs");
    for (uint32_t i = 0; i < p->need_count; i++) {
        open_item(s);
        text(s, "service", p->needs[i].service);
        number(s, "min_size", p->needs[i].min_size);
        key(s, "optional");
        str_puts(s, (p->needs[i].flags & ALEES_NEED_OPTIONAL) != 0 ? "true" : "false");
        str_putc(s, '}');
    }
    str_putc(s, ']');
    open_list(s, "offers");
    for (uint32_t i = 0; i < p->offer_count; i++) {
        text(s, NULL, p->offers[i]);
    }
    str_putc(s, ']');
}

static void settings(struct str *s, const struct alees_self *p) {
    open_list(s, "settings");
    for (uint32_t i = 0; i < p->setting_count; i++) {
        open_item(s);
        text(s, "name", p->settings[i].name);
        text(s, "type", type_name(p->settings[i].type));
        text(s, "fallback", p->settings[i].fallback);
        text(s, "description", p->settings[i].description);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

static void statements(struct str *s, const struct alees_self *p) {
    open_list(s, "statements");
    for (uint32_t i = 0; i < p->statement_count; i++) {
        open_item(s);
        text(s, "name", p->statements[i].name);
        number(s, "nparams", p->statements[i].nparams);
        str_putc(s, '}');
    }
    str_putc(s, ']');
    open_list(s, "migrations");
    for (uint32_t i = 0; i < p->migration_count; i++) {
        open_item(s);
        number(s, "version", p->migrations[i].version);
        text(s, "name", p->migrations[i].name);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

/* A list of which two texts matter: the name in front, and the one at this offset. */
static void pairs(struct str *s, const char *list, const void *items, uint32_t count, size_t stride, const char *other,
                  size_t second) {
    open_list(s, list);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *item = (const uint8_t *)items + i * stride;
        const char *name, *value;
        memcpy(&name, item, sizeof name);
        memcpy(&value, item + second, sizeof value);
        open_item(s);
        text(s, "name", name);
        text(s, other, value);
        str_putc(s, '}');
    }
    str_putc(s, ']');
}

static void one(struct str *s, const struct alees_self *p) {
    open_item(s);
    text(s, "name", p->decl.name);
    text(s, "version", p->decl.version);
    text(s, "summary", p->decl.summary);
    text(s, "module", p->config->module);
    number(s, "abi_minor", p->decl.abi_minor);
    number(s, "min_minor", p->decl.min_minor);
    services(s, p);
    settings(s, p);
    pairs(s, "permissions", p->permissions, p->permission_count, sizeof *p->permissions, "description",
          offsetof(struct alees_permission, description));
    resources(s, p);
    routes(s, p);
    statements(s, p);
    pairs(s, "commands", p->commands, p->command_count, sizeof *p->commands, "usage",
          offsetof(struct alees_command, usage));
    pairs(s, "metrics", p->metrics, p->metric_count, sizeof *p->metrics, "help", offsetof(struct alees_metric, help));
    pairs(s, "errors", p->errors, p->error_count, sizeof *p->errors, "title", offsetof(struct alees_error, title));
    str_putc(s, '}');
}

/* --- printing -----------------------------------------------------------------------------------------------------
 * */

static void finish(struct str *s, FILE *out) {
    alees_str whole = str_done(s);
    if (whole.ptr) {
        fprintf(out, "%.*s\n", STR_FMT(whole));
    } else {
        fprintf(out, "out of memory\n");
    }
}

void plugin_print_one(const struct alees_self *plugin, FILE *out) {
    struct arena *arena = arena_new(MEMORY);
    struct str s;
    if (!arena) {
        return;
    }
    str_init(&s, arena, 4096);
    one(&s, plugin);
    finish(&s, out);
    arena_free(arena);
}

static void print_json(const struct plugins *plugins, FILE *out) {
    struct arena *arena = arena_new(MEMORY);
    struct str s;
    if (!arena) {
        return;
    }
    str_init(&s, arena, 16384);
    str_putc(&s, '[');
    for (uint32_t i = 0; i < plugins->count; i++) {
        one(&s, plugins->items[i]);
    }
    str_putc(&s, ']');
    finish(&s, out);
    arena_free(arena);
}

void plugin_print(const struct plugins *plugins, bool json, FILE *out) {
    if (json) {
        print_json(plugins, out);
        return;
    }
    for (uint32_t i = 0; i < plugins->count; i++) {
        const struct alees_self *p = plugins->items[i];
        fprintf(out, "%-16s %-8s %s\n", p->decl.name, p->decl.version, p->decl.summary);
        fprintf(out, "%-16s %s, ABI 1.%u, %u resources, %u routes of its own\n", "", p->config->module,
                p->decl.abi_minor, p->resource_count, p->route_count);
        for (uint32_t j = 0; j < p->need_count; j++) {
            fprintf(out, "%-16s needs %s%s\n", "", p->needs[j].service,
                    (p->needs[j].flags & ALEES_NEED_OPTIONAL) != 0 ? " (optional)" : "");
        }
        for (uint32_t j = 0; j < p->offer_count; j++) {
            fprintf(out, "%-16s offers %s\n", "", p->offers[j]);
        }
    }
}
