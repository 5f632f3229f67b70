/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In place of tar.c when there is no libarchive. */
#include <config.h>

#include "layer/layer.h"

#include <errno.h>

int layer_write(struct cow *cow, const struct cow_changes *c, const struct layer_params *params,
		struct cow_fault *fault)
{
	(void)cow;
	(void)c;
	(void)params;
	fault->op = "this program was built without libarchive:";
	return -ENOTSUP;
}
