/* SPDX-License-Identifier: MIT
 * admin.c - `alees user`. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "rbac.h"

/* --- passwords --- */

static alees_rc read_line(struct rbac *r, alees_ctx *ctx, FILE *from, alees_str *ret_line) {
    enum { ROOM = RBAC_MOST_PASSWORD + 3 }; /* with a line end, and one byte to see that it is too long */
    char *line = r->host->alloc(ctx, ROOM);
    if (!line) {
        return ALEES_E_NOMEM;
    }
    if (!fgets(line, ROOM, from)) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "no_password", "No password was given.");
    }
    line[strcspn(line, "\r\n")] = '\0';
    *ret_line = alees_text(line);
    return ALEES_OK;
}

/* On a terminal, without echo; the terminal is as before afterwards. */
static alees_rc ask(struct rbac *r, alees_ctx *ctx, const char *prompt, alees_str *ret_line) {
    struct termios before, silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return ALEES_E_INTERNAL;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    alees_rc rc = read_line(r, ctx, stdin, ret_line);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return rc;
}

static alees_rc ask_twice(struct rbac *r, alees_ctx *ctx, alees_str *ret_password) {
    alees_str again;
    alees_rc rc = ask(r, ctx, "Password: ", ret_password);
    if (rc == ALEES_OK) {
        rc = ask(r, ctx, "The same again: ", &again);
    }
    if (rc == ALEES_OK && !alees_equal(*ret_password, again)) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "not_the_same", "The two passwords are not the same.");
    }
    return rc;
}

static alees_rc read_password(struct rbac *r, alees_ctx *ctx, const char *file, alees_str *ret_password) {
    alees_str password = {NULL, 0};
    alees_rc rc;
    if (file) {
        FILE *from = fopen(file, "r");
        if (!from) {
            return rbac_fail(r, ctx, ALEES_E_INVALID, "no_password", "The password file cannot be read.");
        }
        rc = read_line(r, ctx, from, &password);
        (void)fclose(from);
    } else {
        rc = isatty(STDIN_FILENO) ? ask_twice(r, ctx, &password) : read_line(r, ctx, stdin, &password);
    }
    if (rc == ALEES_OK && (password.len < RBAC_LEAST_PASSWORD || password.len > RBAC_MOST_PASSWORD)) {
        return rbac_fail(r, ctx, ALEES_E_INVALID, "bad_password", "A password must have 8 to 1024 bytes.");
    }
    *ret_password = password;
    return rc;
}

/* --- alees user --- */

struct options {
    const char *name, *email, *password_file;
    bool is_superuser;
};

/* ALEES_E_MALFORMED makes the host print the usage. */
static alees_rc parse(int argc, char **argv, struct options *ret_options) {
    struct options o = {0};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--superuser") == 0) {
            o.is_superuser = true;
        } else if (strcmp(argv[i], "--email") == 0 && i + 1 < argc) {
            o.email = argv[++i];
        } else if (strcmp(argv[i], "--password-file") == 0 && i + 1 < argc) {
            o.password_file = argv[++i];
        } else if (argv[i][0] == '-' || o.name) {
            return ALEES_E_MALFORMED;
        } else {
            o.name = argv[i];
        }
    }
    *ret_options = o;
    return ALEES_OK;
}

alees_rc rbac_add_user(struct rbac *r, alees_ctx *ctx, alees_str username, alees_str email, alees_str password,
                       const char *is_superuser, const char *is_demo) {
    const alees_id id = r->host->new_id();
    alees_rows *rows;
    alees_str hash = alees_text(NULL);
    alees_rc rc = r->cred->hash_password(ctx, password, &hash);
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str params[] = {rbac_id_text(r, ctx, &id), username,           email, hash,
                                alees_text(is_superuser),  alees_text(is_demo)};
    rc = rbac_run(r, ctx, RBAC_USER_ADD, params, 6, &rows);
    if (rc == ALEES_OK && r->db->changed(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_CONFLICT, "user_exists",
                         "There is a user of that name already. `alees user passwd NAME` gives a new password.");
    }
    return rc;
}

static alees_rc add(struct rbac *r, alees_ctx *ctx, const struct options *o) {
    alees_str password = alees_text(NULL);
    alees_rc rc = read_password(r, ctx, o->password_file, &password);
    if (rc == ALEES_OK) {
        rc = rbac_add_user(r, ctx, alees_text(o->name), alees_text(o->email), password,
                           o->is_superuser ? "true" : "false", "false");
    }
    if (rc == ALEES_OK) {
        printf("user %s added%s\n", o->name, o->is_superuser ? ", a superuser" : "");
    }
    return rc;
}

static alees_rc change(struct rbac *r, alees_ctx *ctx, enum rbac_statement statement, const alees_str *params,
                       uint32_t count, const char *done) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, statement, params, count, &rows);
    if (rc == ALEES_OK && r->db->count(rows) == 0) {
        return rbac_fail(r, ctx, ALEES_E_NOT_FOUND, "unknown_user", "There is no user of that name.");
    }
    if (rc == ALEES_OK) {
        printf("user %s %s\n", params[0].ptr, done);
    }
    return rc;
}

static alees_rc passwd(struct rbac *r, alees_ctx *ctx, const struct options *o) {
    alees_str password = alees_text(NULL), hash = password;
    alees_rc rc = read_password(r, ctx, o->password_file, &password);
    if (rc == ALEES_OK) {
        rc = r->cred->hash_password(ctx, password, &hash);
    }
    if (rc != ALEES_OK) {
        return rc;
    }
    const alees_str params[] = {alees_text(o->name), hash};
    return change(r, ctx, RBAC_USER_PASSWORD, params, 2, "has a new password and is logged out everywhere");
}

static const char *cell(const struct rbac *r, const alees_rows *rows, uint32_t row, uint32_t column) {
    alees_str text = r->db->text(rows, row, column);
    return text.ptr ? text.ptr : "-";
}

static alees_rc list(struct rbac *r, alees_ctx *ctx) {
    alees_rows *rows;
    alees_rc rc = rbac_run(r, ctx, RBAC_USER_LIST, NULL, 0, &rows);
    if (rc != ALEES_OK) {
        return rc;
    }
    printf("%-24s %-28s %-7s %-10s %-5s %s\n", "NAME", "EMAIL", "ACTIVE", "SUPERUSER", "DEMO", "LAST LOGIN (UTC)");
    for (uint32_t i = 0; i < r->db->count(rows); i++) {
        const char *flags[3];
        for (uint32_t j = 0; j < 3; j++) {
            flags[j] = cell(r, rows, i, 2 + j)[0] == 't' ? "yes" : "no";
        }
        printf("%-24s %-28s %-7s %-10s %-5s %s\n", cell(r, rows, i, 0), cell(r, rows, i, 1), flags[0], flags[1],
               flags[2], cell(r, rows, i, 5));
    }
    return ALEES_OK;
}

alees_rc rbac_command_user(void *state, alees_ctx *ctx, int argc, char **argv) {
    struct rbac *r = state;
    struct options o;
    const char *verb = argc > 1 ? argv[1] : "";
    alees_rc rc = parse(argc, argv, &o);
    if (rc != ALEES_OK) {
        return rc;
    }
    if (strcmp(verb, "add") == 0 && o.name) {
        return add(r, ctx, &o);
    }
    if (o.is_superuser || o.email) { /* of add alone */
        return ALEES_E_MALFORMED;
    }
    if (strcmp(verb, "passwd") == 0 && o.name) {
        return passwd(r, ctx, &o);
    }
    if (strcmp(verb, "deactivate") == 0 && o.name && !o.password_file) {
        const alees_str name = alees_text(o.name);
        return change(r, ctx, RBAC_USER_DEACTIVATE, &name, 1, "is switched off and logged out everywhere");
    }
    if (strcmp(verb, "list") == 0 && !o.name && !o.password_file) {
        return list(r, ctx);
    }
    return ALEES_E_MALFORMED;
}
