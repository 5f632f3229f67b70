/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors with text. Runs everywhere above the host layer; allocates with xmalloc (a text lost is worse than an abort). */
#include <config.h>

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static int store(struct err **err, int code, char *msg)
{
	int positive = code < 0 ? -code : code;

	if (!err) {
		free(msg);
	} else {
		err_free(*err);
		*err = xmalloc(sizeof(**err));
		(*err)->code = positive;
		(*err)->msg = msg;
	}
	return positive ? -positive : -EINVAL;
}

int err_set(struct err **err, int code, const char *fmt, ...)
{
	va_list ap;
	char *text, *whole;
	int positive = code < 0 ? -code : code;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (positive == 0)
		return store(err, 0, text);
	whole = xasprintf("%s: %s", text, strerror(positive));
	free(text);
	return store(err, positive, whole);
}

int err_text(struct err **err, int code, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return store(err, code, text);
}

int err_wrap(struct err **err, const char *fmt, ...)
{
	va_list ap;
	char *text, *whole;

	if (!err || !*err)
		return -EINVAL;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	whole = xasprintf("%s: %s", text, (*err)->msg);
	free(text);
	free((*err)->msg);
	(*err)->msg = whole;
	return (*err)->code ? -(*err)->code : -EINVAL;
}

const char *err_msg(const struct err *err)
{
	return err ? err->msg : "unknown error";
}

int err_code(const struct err *err)
{
	return err ? err->code : 0;
}

void err_free(struct err *err)
{
	if (!err)
		return;
	free(err->msg);
	free(err);
}
