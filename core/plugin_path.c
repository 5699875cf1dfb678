/* SPDX-License-Identifier: MIT
 * plugin_path.c - the paths of resources and routes: what is one? */
#include <string.h>

#include "plugin_private.h"
#include "router.h"

enum {
    LONGEST_NAME = 63,
    BASE_SEGMENTS = 2 /* /api/v1 in front of every path */
};

/* The length of a segment, from behind its slash; *ret_is_parameter for {name}. 0: not a segment. */
static size_t segment(const char *p, bool *ret_is_parameter) {
    static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strspn(p, inside);
    *ret_is_parameter = *p == '{';
    if (*p == '{') {
        char name[LONGEST_NAME + 1];
        length = strcspn(p + 1, "}/");
        if (p[1 + length] != '}' || length >= sizeof name) {
            return 0;
        }
        memcpy(name, p + 1, length);
        name[length] = '\0';
        return plugin_is_name(name, LONGEST_NAME) ? length + 2 : 0;
    }
    return *p == '-' || *p == '_' ? 0 : length;
}

const char *plugin_path_fault(const char *path, bool may_have_parameters) {
    uint32_t segments = BASE_SEGMENTS, parameters = 0;
    const char *p = path;
    if (plugin_is_blank(path) || *path != '/') {
        return "is no path: it begins with /";
    }
    while (*p == '/') {
        bool is_parameter;
        size_t length = segment(p + 1, &is_parameter);
        if (length == 0 || (p[1 + length] != '/' && p[1 + length] != '\0')) {
            return "is no path: segments of lower-case letters, digits and -, or {name}, without a slash at the end";
        }
        if (is_parameter && !may_have_parameters) {
            return "has a parameter, which the path of a resource cannot have";
        }
        for (const char *q = path; is_parameter && q < p; q++) {
            if (strncmp(q, p, length + 1) == 0 && (q[length + 1] == '/')) {
                return "has the same parameter twice";
            }
        }
        segments++;
        parameters += is_parameter;
        p += 1 + length;
    }
    return segments > ROUTER_MAX_SEGMENTS || parameters > ROUTER_MAX_PARAMETERS
               ? "is too long, or has too many parameters"
               : NULL;
}

bool plugin_path_has(const char *path, const char *name) {
    size_t length = strlen(name);
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        if (strncmp(p + 1, name, length) == 0 && p[1 + length] == '}') {
            return true;
        }
    }
    return false;
}
