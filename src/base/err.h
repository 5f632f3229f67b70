/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors with text, for plan, container, init and cli (libraries below carry only -errno).
 * A chain of contexts is kept as one text: err_wrap(err, "mount %s", dst) turns "No such file or directory"
 * into "mount /proc: No such file or directory".
 */
#ifndef SANDLOCK_BASE_ERR_H
#define SANDLOCK_BASE_ERR_H

#include "base/compiler.h"

struct err {
	int code;  /* errno, positive; 0 = no errno belongs to it */
	char *msg; /* whole text, without a final newline */
};

/*
 * Sets *err (if err is not NULL; an earlier error is replaced) to "<text>: <strerror(code)>" and returns -code.
 * code may be given as errno or -errno. code 0: the text alone, returns -EINVAL.
 */
int err_set(struct err **err, int code, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* As err_set, but the text alone is shown; code only travels along. */
int err_text(struct err **err, int code, const char *fmt, ...) ATTR_PRINTF(3, 4);
/* Puts "<text>: " before the message of *err; returns -code of *err, so `return err_wrap(...)` works. */
int err_wrap(struct err **err, const char *fmt, ...) ATTR_PRINTF(2, 3);
const char *err_msg(const struct err *err); /* never NULL; borrowed */
int err_code(const struct err *err);	    /* positive errno or 0 */
void err_free(struct err *err);

static inline void err_cleanup_fn(struct err **err)
{
	err_free(*err);
}
#define cleanup_err ATTR_CLEANUP(err_cleanup_fn)

#endif
