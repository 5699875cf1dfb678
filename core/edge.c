/* SPDX-License-Identifier: MIT
 * edge.c - see edge.h. */
#include "edge.h"

#include <arpa/inet.h>
#include <string.h>

#include "str.h"

enum { MOST = 64 }; /* origins, or proxies */

struct network {
    unsigned char address[16]; /* of IPv4: ::ffff:a.b.c.d */
    unsigned bits;
};

struct networks {
    struct network items[MOST];
    uint32_t count;
};

struct edge {
    alees_str origins[MOST];
    uint32_t origin_count;
    bool is_any_origin;
    struct networks proxies, readers;
};

/* The next of several words with blanks between them; empty: no more. */
static alees_str next_word(const char **at) {
    *at += strspn(*at, " \t");
    alees_str word = {*at, strcspn(*at, " \t")};
    *at += word.len;
    return word;
}

static bool parse_address(alees_str text, struct network *ret_network) {
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct network n = {.bits = 128};
    char copy[64];
    if (text.len == 0 || text.len >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, n.address + sizeof mapped) == 1) {
        memcpy(n.address, mapped, sizeof mapped);
    } else if (inet_pton(AF_INET6, copy, n.address) != 1) {
        return false;
    }
    *ret_network = n;
    return true;
}

/* "10.0.0.0/8", or an address alone. */
static bool parse_network(alees_str text, struct network *ret_network) {
    const char *slash = memchr(text.ptr, '/', text.len);
    int64_t bits = 0;
    if (!slash) {
        return parse_address(text, ret_network);
    }
    alees_str address = {text.ptr, (size_t)(slash - text.ptr)}, size = {slash + 1, text.len - address.len - 1};
    bool is_ipv4 = !memchr(address.ptr, ':', address.len);
    if (!parse_address(address, ret_network) || !str_parse_i64(size, &bits) || bits < 0 ||
        bits > (is_ipv4 ? 32 : 128)) {
        return false;
    }
    ret_network->bits = (unsigned)bits + (is_ipv4 ? 96 : 0);
    return true;
}

/* As browsers send it: scheme, host and port, nothing behind. */
static bool is_origin(alees_str text) {
    size_t scheme = str_starts(text, "https://") ? 8 : str_starts(text, "http://") ? 7 : 0;
    for (size_t i = scheme; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || !strchr("-._:[]", c))) {
            return false;
        }
    }
    return scheme > 0 && text.len > scheme;
}

static alees_rc refuse(FILE *errors, const char *setting, alees_str word, const char *what) {
    fprintf(errors, "http.%s: %.*s is not %s\n", setting, STR_FMT(word), what);
    return ALEES_E_INVALID;
}

static alees_rc read_origins(struct edge *e, const char *text, FILE *errors) {
    for (alees_str word; (word = next_word(&text)).len > 0;) {
        bool is_any = str_equal(word, "*");
        if (!is_any && !is_origin(word)) {
            return refuse(errors, "cors_origins", word,
                          "an origin such as https://app.example.com, in small letters and without a path, nor *");
        }
        if (e->origin_count == MOST) {
            return refuse(errors, "cors_origins", word, "among the first 64: list fewer");
        }
        e->is_any_origin = e->is_any_origin || is_any;
        e->origins[e->origin_count++] = word;
    }
    return ALEES_OK;
}

static alees_rc read_networks(struct networks *list, const char *setting, const char *text, FILE *errors) {
    for (alees_str word; (word = next_word(&text)).len > 0;) {
        if (list->count == MOST) {
            return refuse(errors, setting, word, "among the first 64: list fewer");
        }
        if (!parse_network(word, &list->items[list->count])) {
            return refuse(errors, setting, word, "an address, or a network such as 10.0.0.0/8");
        }
        list->count++;
    }
    return ALEES_OK;
}

alees_rc edge_new(struct arena *arena, const struct config *c, FILE *errors, struct edge **ret_edge) {
    struct edge *e = ARENA_NEW(arena, struct edge);
    if (!e) {
        return ALEES_E_NOMEM;
    }
    alees_rc rc = read_origins(e, config_text(c, SETTING_CORS_ORIGINS), errors);
    if (rc == ALEES_OK) {
        rc = read_networks(&e->proxies, "trusted_proxies", config_text(c, SETTING_TRUSTED_PROXIES), errors);
    }
    if (rc == ALEES_OK) {
        rc = read_networks(&e->readers, "metrics_from", config_text(c, SETTING_METRICS_FROM), errors);
    }
    if (rc == ALEES_OK) {
        *ret_edge = e;
    }
    return rc;
}

bool edge_has_origins(const struct edge *e) {
    return e->origin_count > 0;
}

alees_str edge_allowed_origin(const struct edge *e, alees_str origin) {
    if (e->is_any_origin) {
        return STR_LIT("*");
    }
    for (uint32_t i = 0; i < e->origin_count; i++) {
        if (origin.ptr && origin.len == e->origins[i].len && memcmp(origin.ptr, e->origins[i].ptr, origin.len) == 0) {
            return e->origins[i];
        }
    }
    return (alees_str){NULL, 0};
}

bool edge_varies(const struct edge *e) {
    return e->origin_count > 0 && !e->is_any_origin;
}

static bool is_inside(const struct network *n, const unsigned char address[16]) {
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->address, address, whole) != 0) {
        return false;
    }
    return rest == 0 || ((n->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static bool is_among(const struct networks *list, const struct network *address) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_inside(&list->items[i], address->address)) {
            return true;
        }
    }
    return false;
}

/* Takes the last of "a, b" off the list. */
static alees_str last_of(alees_str *list) {
    size_t start = list->len;
    while (start > 0 && list->ptr[start - 1] != ',') {
        start--;
    }
    alees_str word = {list->ptr + start, list->len - start};
    list->len = start > 0 ? start - 1 : 0;
    while (word.len && (word.ptr[0] == ' ' || word.ptr[0] == '\t')) {
        word.ptr++;
        word.len--;
    }
    while (word.len && (word.ptr[word.len - 1] == ' ' || word.ptr[word.len - 1] == '\t')) {
        word.len--;
    }
    return word;
}

bool edge_has_proxies(const struct edge *e) {
    return e->proxies.count > 0;
}

alees_str edge_client(const struct edge *e, alees_str peer, alees_str list) {
    struct network address;
    if (!parse_address(peer, &address)) {
        return peer;
    }
    while (list.len > 0 && is_among(&e->proxies, &address)) {
        alees_str before = last_of(&list);
        if (!parse_address(before, &address)) {
            break;
        }
        peer = before;
    }
    return peer;
}

bool edge_may_read_metrics(const struct edge *e, alees_str address) {
    struct network n;
    return e->readers.count == 0 || (parse_address(address, &n) && is_among(&e->readers, &n));
}
