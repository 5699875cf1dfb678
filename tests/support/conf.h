/* SPDX-License-Identifier: MIT
 * conf.h - configuration files of a test, in a folder of their own, without the environment of whoever runs it. */
#ifndef CONF_H
#define CONF_H

#include "test.h"

#include "config.h"

int conf_setup(void **state);    /* of a group */
int conf_teardown(void **state); /* fails when a file was left */

void conf_put(const char *name, const char *text); /* writes a file of the folder */
void conf_forget(const char *name);
const char *conf_folder(void);
/* What was printed for errors by the last load, the folder's name taken out. */
const char *conf_errors(void);
void conf_set_errors(const char *text);

alees_rc conf_load_from(const char *name, struct config **ret_config);
struct config *conf_load(const char *text); /* as alees.conf; must succeed without a word */

#endif
