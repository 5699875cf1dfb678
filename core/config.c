/* SPDX-License-Identifier: MIT
 * config.c - reads the configuration: files in order, then the environment; the table of settings is in settings.h. */
#include "config_impl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define X(id, section, key, type, unit, min, max, choices, fallback, description) \
    {section, key, SETTINGS_##type, unit, min, max, choices, fallback, description},
const struct settings_row settings_rows[SETTINGS] = {SETTINGS_TABLE(X)};
#undef X

enum { MAX_MEMORY = 16 << 20, MAX_NAME = 30, MAX_SECTIONS = 16 };

extern char **environ;

/* Where the reader stands. inih splits lines; sections are followed here, because inih tells neither the line of a key
 * nor that a section has none. */
struct reader {
    struct config *config;
    struct config_report *report;
    FILE *stream;
    struct config_place place;
    bool is_awaiting; /* this line should become a key and a value */
    enum { SECTION_NONE, SECTION_SERVER, SECTION_PLUGIN, SECTION_BAD } kind;
    const char *section;
    uint32_t plugin; /* place of the plugin's section */
};

/* items with room for one more; NULL without memory. A list doubles when its length is a power of two. */
static void *grown(struct arena *arena, void *items, uint32_t count, size_t size) {
    if (count > 0 && (count & (count - 1)) != 0) {
        return items;
    }
    void *copy = arena_alloc_array(arena, size, count ? (size_t)count * 2 : 1);
    if (copy && count) {
        memcpy(copy, items, count * size);
    }
    return copy;
}

static const char *copied(struct arena *arena, const char *text) {
    return arena_dup(arena, text, strlen(text));
}

static struct config_rule rule_of(const struct settings_row *row) {
    bool may_be_empty = row->fallback[0] == '\0'; /* as it is by default */
    struct config_rule rule = {row->type, may_be_empty, row->min, row->max, row->choices, row->unit};
    return rule;
}

static uint32_t list_sections(const char *sections[MAX_SECTIONS]) {
    uint32_t count = 0;
    for (uint32_t id = 0; id < SETTINGS; id++) {
        if (count == 0 || strcmp(sections[count - 1], settings_rows[id].section) != 0) {
            ASSERT(count < MAX_SECTIONS - 1);
            sections[count++] = settings_rows[id].section;
        }
    }
    return count;
}

/* Is a key that one, or, of a secret, that one with _file behind it? */
static bool is_row(const struct settings_row *row, const char *section, const char *key, bool *ret_is_file) {
    size_t length = strlen(row->key);
    if (strcmp(row->section, section) != 0 || strncmp(row->key, key, length) != 0) {
        return false;
    }
    *ret_is_file = row->type == SETTINGS_SECRET && strcmp(key + length, "_file") == 0;
    return *ret_is_file || key[length] == '\0';
}

static void set_twice(struct config_report *report, struct config_place place, const char *name,
                      struct config_place first) {
    if (first.line > 0) {
        config_fault(report, place, name, "set twice; the first is %s:%d", first.file, first.line);
    } else {
        config_fault(report, place, name, "set twice, also by another variable");
    }
}

static void unknown_key(struct config_report *report, struct config_place place, const char *name, const char *section,
                        const char *key) {
    const char *keys[SETTINGS];
    char hint[128], known[1024] = "";
    size_t count = 0, used = 0;
    for (uint32_t id = 0; id < SETTINGS; id++) {
        if (strcmp(settings_rows[id].section, section) == 0) {
            keys[count++] = settings_rows[id].key;
            used += (size_t)snprintf(known + used, sizeof known - used, " %s", settings_rows[id].key);
            ASSERT(used < sizeof known);
        }
    }
    config_fault(report, place, name, "unknown key; [%s] has%s%s", section, known,
                 config_hint(key, keys, count, sizeof keys[0], hint, sizeof hint));
}

/* One setting of the server. name: as the user wrote it, for messages. */
static void set_server(struct config *c, struct config_report *report, struct config_place place, const char *name,
                       const char *section, const char *key, const char *value) {
    uint32_t id = 0;
    bool is_file = false;
    while (id < SETTINGS && !is_row(&settings_rows[id], section, key, &is_file)) {
        id++;
    }
    if (id == SETTINGS) {
        unknown_key(report, place, name, section, key);
        return;
    }
    struct config_place before = c->places[id];
    if (before.file && (place.line > 0 || before.line == 0)) {
        set_twice(report, place, name, before);
        return;
    }
    c->places[id] = place;
    const char *text = value;
    if (is_file) {
        const char *folder = value[0] == '/' ? "" : c->folder;
        const char *path = arena_printf(c->arena, "%s%s", folder, value).ptr;
        text = path ? config_read_secret(c->arena, report, place, name, path) : NULL;
    }
    struct config_rule rule = rule_of(&settings_rows[id]);
    if (text && config_check(report, place, name, &rule, text, &c->numbers[id])) {
        c->values[id] = copied(c->arena, text);
    }
}

/* One line of a plugin's section. The plugin's own settings are checked later, by config_plugin_settings. */
static void set_plugin(struct config *c, struct config_report *report, struct config_place place, const char *name,
                       struct config_plugin *plugin, const char *key, const char *value) {
    const char *text = copied(c->arena, value);
    struct config_pair *pair = NULL;
    for (uint32_t i = 0; i < plugin->pair_count; i++) {
        if (strcmp(plugin->pairs[i].key, key) == 0) {
            pair = &plugin->pairs[i];
        }
    }
    if (pair && place.line > 0) {
        set_twice(report, place, name, (struct config_place){pair->file, pair->line});
        return;
    }
    if (!pair) {
        struct config_pair *pairs = grown(c->arena, plugin->pairs, plugin->pair_count, sizeof *pairs);
        if (!pairs) {
            return;
        }
        plugin->pairs = pairs;
        pair = &pairs[plugin->pair_count++];
        pair->key = copied(c->arena, key);
    }
    pair->value = text;
    pair->file = place.file;
    pair->line = place.line;
}

static bool is_plugin_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length <= MAX_NAME && name[length] == '\0' && islower((unsigned char)name[0]);
}

static void open_plugin(struct reader *r, const char *name) {
    struct config *c = r->config;
    r->kind = SECTION_BAD;
    if (!is_plugin_name(name)) {
        config_fault(r->report, r->place, r->section,
                     "a plugin's name is at most %d of a-z, 0-9 and _, and begins with a letter", MAX_NAME);
        return;
    }
    for (uint32_t i = 0; i < c->plugin_count; i++) {
        if (strcmp(c->plugins[i].name, name) == 0) {
            config_fault(r->report, r->place, r->section, "given twice; the first is %s:%d", c->plugins[i].file,
                         c->plugins[i].line);
            return;
        }
    }
    struct config_plugin *plugins = grown(c->arena, c->plugins, c->plugin_count, sizeof *plugins);
    if (!plugins) {
        return;
    }
    c->plugins = plugins;
    r->plugin = c->plugin_count++;
    plugins[r->plugin] = (struct config_plugin){copied(c->arena, name), NULL, r->place.file, r->place.line, NULL, 0};
    r->kind = SECTION_PLUGIN;
}

static void open_section(struct reader *r, char *name) {
    const char *sections[MAX_SECTIONS] = {NULL};
    char hint[128], known[256] = "";
    size_t used = 0;
    uint32_t count = list_sections(sections);
    r->section = copied(r->config->arena, name);
    if (!r->section) {
        return;
    }
    if (strncmp(name, "plugin ", 7) == 0) {
        open_plugin(r, name + 7 + strspn(name + 7, " \t"));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(sections[i], name) == 0) {
            r->kind = SECTION_SERVER;
            return;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s, ", sections[i]);
        ASSERT(used < sizeof known);
    }
    r->kind = SECTION_BAD;
    sections[count] = "plugin NAME";
    config_fault(r->report, r->place, r->section, "unknown section; there are %splugin NAME%s", known,
                 config_hint(name, sections, count + 1, sizeof sections[0], hint, sizeof hint));
}

static void bad_line(struct reader *r) {
    config_fault(r->report, r->place, NULL, "must be `key = value`, `[section]`, or a comment that begins with # or ;");
}

/* Looks at a line before inih does: sections are ours. */
static void look_at(struct reader *r, char *line) {
    char *start = line + strspn(line, " \t\r\n");
    if (start[0] == '[') {
        char *end = strchr(start, ']');
        if (!end || end[1 + strspn(end + 1, " \t\r\n")] != '\0') {
            bad_line(r);
            r->kind = SECTION_BAD;
        } else {
            *end = '\0';
            open_section(r, start + 1);
        }
        line[0] = '\0';
    } else {
        r->is_awaiting = start[0] != '\0' && start[0] != '#' && start[0] != ';';
    }
}

/* The reader of inih: fgets that counts lines and refuses those that do not fit. */
static char *read_line(char *line, int size, void *stream) {
    struct reader *r = stream;
    if (r->is_awaiting) {
        bad_line(r);
        r->is_awaiting = false;
    }
    if (!fgets(line, size, r->stream)) {
        return NULL;
    }
    r->place.line++;
    if (r->place.line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0) {
        memmove(line, line + 3, strlen(line + 3) + 1);
    }
    if (!strchr(line, '\n') && !feof(r->stream)) {
        int c = 0;
        config_fault(r->report, r->place, NULL, "must be a line of at most %d bytes without NUL", size - 2);
        while ((c = getc(r->stream)) != '\n' && c != EOF) {
        }
        line[0] = '\0';
        return line;
    }
    look_at(r, line);
    return line;
}

/* The handler of inih: a key and its value. */
static int take_pair(void *data, const char *section, const char *key, const char *value) {
    struct reader *r = data;
    (void)section;
    r->is_awaiting = false;
    if (arena_is_exhausted(r->config->arena)) {
        return 1; /* said once, by config_load */
    }
    if (!key[0]) {
        bad_line(r);
    } else if (r->kind == SECTION_NONE) {
        config_fault(r->report, r->place, key, "must stand in a section, such as [server]");
    } else if (r->kind == SECTION_SERVER) {
        set_server(r->config, r->report, r->place, key, r->section, key, value);
    } else if (r->kind == SECTION_PLUGIN) {
        set_plugin(r->config, r->report, r->place, key, &r->config->plugins[r->plugin], key, value);
    }
    return 1;
}

static void read_file(struct config *c, struct config_report *report, const char *path) {
    struct reader r = {c, report, NULL, {path, 0}, false, SECTION_NONE, "", 0};
    r.stream = fopen(path, "re");
    if (!r.stream) {
        config_fault(report, r.place, NULL, "cannot be read: %s", strerror(errno));
        return;
    }
    /* A value may hold "; " (a password), and a long one must not be cut. */
    ini_allow_inline_comments = false;
    ini_allow_multiline = false;
    ini_use_stack = false;
    ini_max_line = CONFIG_MAX_LINE;
    ini_initial_alloc = CONFIG_MAX_LINE;
    int rc = ini_parse_stream(read_line, &r, take_pair, &r); /* faults of form are counted by read_line */
    if (rc == -2 || ferror(r.stream)) {
        config_fault(report, r.place, NULL, "cannot be read to its end");
    }
    (void)fclose(r.stream);
}

static int is_conf(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static void read_plugin_files(struct config *c, struct config_report *report) {
    struct dirent **entries = NULL;
    const char *folder = arena_printf(c->arena, "%splugins.d", c->folder).ptr;
    if (!folder) {
        return;
    }
    int count = scandir(folder, &entries, is_conf, alphasort);
    if (count < 0 && errno != ENOENT) {
        struct config_place place = {folder, 0};
        config_fault(report, place, NULL, "cannot be read: %s", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        const char *path = arena_printf(c->arena, "%s/%s", folder, entries[i]->d_name).ptr;
        if (path) {
            read_file(c, report, path);
        }
        free(entries[i]);
    }
    free(entries);
}

/* Does text begin with word and an underline? The rest, or NULL. */
static const char *after(const char *text, const char *word) {
    size_t length = strlen(word);
    return strncmp(text, word, length) == 0 && text[length] == '_' ? text + length + 1 : NULL;
}

static void take_plugin_variable(struct config *c, struct config_report *report, const char *variable, const char *name,
                                 const char *value) {
    struct config_place place = {"environment", 0};
    struct config_plugin *plugin = NULL;
    for (uint32_t i = 0; i < c->plugin_count; i++) { /* the longest name: product_extra before product */
        if (after(name, c->plugins[i].name) && (!plugin || strlen(c->plugins[i].name) > strlen(plugin->name))) {
            plugin = &c->plugins[i];
        }
    }
    if (plugin) {
        set_plugin(c, report, place, variable, plugin, after(name, plugin->name), value);
    } else {
        config_fault(report, place, variable, "must name a plugin that has a section: ALEES_PLUGIN_<NAME>_<KEY>");
    }
}

/* ALEES_<SECTION>_<KEY>=value. Variables of other sections are somebody else's (container managers make such). */
static void take_variable(struct config *c, struct config_report *report, const char *pair) {
    const char *sections[MAX_SECTIONS] = {NULL};
    char variable[128] = "", lower[128] = "";
    struct config_place place = {"environment", 0};
    size_t length = strcspn(pair, "=");
    if (strncmp(pair, "ALEES_", 6) != 0 || length >= sizeof variable || pair[length] != '=') {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        variable[i] = pair[i];
        lower[i] = (char)tolower((unsigned char)pair[i]);
    }
    const char *name = lower + 6, *value = pair + length + 1;
    if (after(name, "plugin")) {
        take_plugin_variable(c, report, variable, after(name, "plugin"), value);
        return;
    }
    uint32_t count = list_sections(sections);
    for (uint32_t i = 0; i < count; i++) {
        const char *key = after(name, sections[i]);
        if (key) {
            set_server(c, report, place, variable, sections[i], key, value);
        }
    }
}

/* A section's pair `module` becomes the path of the plugin's file. */
static void find_modules(struct config *c, const char *module_dir) {
    for (uint32_t i = 0; i < c->plugin_count; i++) {
        struct config_plugin *plugin = &c->plugins[i];
        const char *module = NULL;
        uint32_t kept = 0;
        for (uint32_t j = 0; j < plugin->pair_count; j++) {
            if (strcmp(plugin->pairs[j].key, "module") == 0) {
                module = plugin->pairs[j].value;
            } else {
                plugin->pairs[kept++] = plugin->pairs[j];
            }
        }
        plugin->pair_count = kept;
        if (!module || !module[0]) {
            module = arena_printf(c->arena, "%s.so", plugin->name).ptr;
        }
        if (module && module[0] != '/') {
            module = arena_printf(c->arena, "%s/%s", module_dir ? module_dir : ALEES_PLUGIN_DIR, module).ptr;
        }
        plugin->module = module;
    }
}

static void fill_defaults(struct config *c, struct config_report *report) {
    for (uint32_t id = 0; id < SETTINGS; id++) {
        if (!c->places[id].file) {
            struct config_place place = {"settings.h", (int)id};
            struct config_rule rule = rule_of(&settings_rows[id]);
            c->values[id] = settings_rows[id].fallback;
            ASSERT(config_check(report, place, settings_rows[id].key, &rule, c->values[id], &c->numbers[id]));
        }
    }
    int64_t most = c->numbers[SETTING_MAX_PAGE_SIZE];
    if (report->count == 0 && c->numbers[SETTING_PAGE_SIZE] > most) {
        enum settings_id id = c->places[SETTING_PAGE_SIZE].file ? SETTING_PAGE_SIZE : SETTING_MAX_PAGE_SIZE;
        config_fault(report, c->places[id], settings_rows[id].key,
                     "page_size must not be more than max_page_size: %" PRId64 " and %" PRId64,
                     c->numbers[SETTING_PAGE_SIZE], most);
    }
}

alees_rc config_load(const char *path, const char *module_dir, FILE *errors, struct config **ret_config) {
    struct config_report report = {errors, 0};
    struct arena *arena = arena_new(MAX_MEMORY);
    struct config *c = arena ? ARENA_NEW(arena, struct config) : NULL;
    if (!c) {
        arena_free(arena);
        return ALEES_E_NOMEM;
    }
    const char *slash = strrchr(path, '/');
    c->arena = arena;
    c->folder = slash ? arena_dup(arena, path, (size_t)(slash - path) + 1) : "";
    path = copied(arena, path);
    if (c->folder && path) {
        read_file(c, &report, path);
        read_plugin_files(c, &report);
        for (char **variable = environ; variable && *variable && !arena_is_exhausted(arena); variable++) {
            take_variable(c, &report, *variable);
        }
    }
    if (!arena_is_exhausted(arena)) {
        find_modules(c, module_dir);
        fill_defaults(c, &report);
    }
    alees_rc rc = arena_is_exhausted(arena) ? ALEES_E_NOMEM : report.count > 0 ? ALEES_E_INVALID : ALEES_OK;
    if (rc == ALEES_E_NOMEM) {
        struct config_place place = {path ? path : "configuration", 0};
        config_fault(&report, place, NULL, "too large: all files together take more than %d bytes", MAX_MEMORY);
    }
    if (rc) {
        arena_free(arena);
        return rc;
    }
    *ret_config = c;
    return ALEES_OK;
}
