/* SPDX-License-Identifier: MIT
 * shop.h - two small plugins made by hand, in a database of their own, for tests of what lies below the resources.
 *
 * shop.item is scoped, shop.kind is global, shop.note is a table that nobody declared; bank.account is scoped, too. */
#ifndef SHOP_H
#define SHOP_H

#include "pg.h"

#include "app.h"
#include "ctx.h"
#include "migrate.h"
#include "resource.h"

#define SHOP_ORG_A "00000000-0000-7000-8000-00000000000a"
#define SHOP_ORG_B "00000000-0000-7000-8000-00000000000b"
#define SHOP_ONLY_A "{" SHOP_ORG_A "}"
#define SHOP_ONLY_B "{" SHOP_ORG_B "}"
#define SHOP_BOTH "{" SHOP_ORG_A "," SHOP_ORG_B "}"
enum { SHOP_ROWS_A = 30, SHOP_ROWS_B = 20 };

struct shop {
    struct pg pg;
    struct config *config;
    struct alees_self shop, bank;
    struct alees_self *items[2];
    struct plugins plugins;
    struct resource item, kind, account;
    struct resource *resources[3];
    struct resource_field fields[3][16];
    struct catalogue catalogue;
    struct alees_migration shop_steps[4], bank_steps[1];
    struct app app;
    char *text; /* what was printed */
    size_t text_size;
};

/* The declarations, and a database of that name without anything in it. */
void shop_new(struct shop *s, const char *name, const char *more_config);
void shop_migrated(struct shop *s); /* then bootstrap, migrate, and rows for both organizations */
void shop_opened(struct shop *s);   /* then the store, and app.store */
void shop_free(struct shop *s);

/* Each gives the result and leaves what was printed, errors too, in s->text. */
alees_rc shop_bootstrap(struct shop *s);
alees_rc shop_migrate(struct shop *s, enum migrate_mode mode);
alees_rc shop_verify(struct shop *s);
alees_rc shop_open_store(struct shop *s);
bool shop_printed(const struct shop *s, const char *part);

/* A ctx with an arena of its own; shop_ctx_end frees both. Any thread. */
alees_ctx *shop_ctx(struct shop *s);
void shop_ctx_end(alees_ctx *ctx);

/* Registers and runs one statement of plugin with the scope "{...}" (NULL: as a superuser). */
alees_rc shop_run(alees_ctx *ctx, struct alees_self *plugin, const char *organizations, const char *sql,
                  const char *const *params, uint32_t count, alees_rows **ret_rows);
/* The same without parameters, for one number. */
int64_t shop_number(alees_ctx *ctx, struct alees_self *plugin, const char *organizations, const char *sql);
struct store_scope shop_scope(struct alees_self *plugin, const char *organizations);

#endif
